//! The admin socket's ceremony: probe, unlink what is stale, bind, mode, group; removed when the service stops.

use super::server::Listener;
use rustix::fs::Gid;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The admin socket could not be made. One line, for people.
#[derive(Debug, thiserror::Error)]
pub enum AdminSocketError {
    /// Somebody answers there.
    #[error("another relais is running: it answers on {}; stop it first, or give this one its own admin socket and \
        data directory", path.display())]
    Running {
        /// Where.
        path: PathBuf,
    },
    /// A file that is no socket stands there: not ours to delete.
    #[error("{} is not a socket; move it away or change the admin socket's path", path.display())]
    NotASocket {
        /// Where.
        path: PathBuf,
    },
    /// Anything else.
    #[error("can't make the admin socket {}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Keeps the socket's file; removes it when dropped, unless another instance has put its own there since.
#[derive(Debug)]
pub struct AdminSocket {
    path: PathBuf,
    inode: (u64, u64),
}

/// Binds the admin socket: mode 0660, of that group where one is given (see `LocalAdmins::group`).
pub fn bind(path: &Path, group: Option<u32>) -> Result<(Listener, AdminSocket), AdminSocketError> {
    let failed = |source| AdminSocketError::Io { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(AdminSocketError::NotASocket { path: path.to_owned() });
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => return Err(AdminSocketError::Running { path: path.to_owned() }),
            // Nobody listens: left over by an instance that was killed.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        },
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Between bind and chmod others may connect; the peer's credentials are checked at each request anyway.
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed)?;
    if let Some(group) = group
        && let Err(error) = rustix::fs::chown(path, None, Some(Gid::from_raw(group)))
    {
        // Only a member may give a file to a group; its members are then let in by sudo alone.
        tracing::warn!(socket = %path.display(), %error, "can't give the admin socket to the group relais");
    }
    let made = fs::symlink_metadata(path).map_err(failed)?;
    let socket = AdminSocket { path: path.to_owned(), inode: (made.dev(), made.ino()) };
    Ok((Listener::Unix(listener), socket))
}

impl AdminSocket {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "can't remove the admin socket");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn made_with_its_mode_and_removed_when_dropped() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("run/admin.sock");
        let (_listener, socket) = bind(&path, Some(rustix::process::getegid().as_raw())).expect("bound");
        let made = fs::metadata(&path).expect("made");
        assert_eq!(made.mode() & 0o777, 0o660);
        assert_eq!(made.gid(), rustix::process::getegid().as_raw());
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_second_instance_is_told_and_a_stale_socket_is_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("admin.sock");
        let (listener, first) = bind(&path, None).expect("bound");
        let error = bind(&path, None).expect_err("running");
        assert!(error.to_string().starts_with("another relais is running"), "{error}");
        std::mem::forget(first);
        drop(listener);
        assert!(path.exists(), "left over");
        let (_listener, _socket) = bind(&path, None).expect("bound anew");
    }

    #[tokio::test]
    async fn neither_foreign_files_nor_a_successors_socket_are_removed() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("admin.sock");
        fs::write(&path, "precious").expect("written");
        assert!(matches!(bind(&path, None), Err(AdminSocketError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).expect("kept"), "precious");
        fs::remove_file(&path).expect("removed");
        let (_listener, first) = bind(&path, None).expect("bound");
        fs::rename(&path, folder.path().join("old")).expect("moved");
        let (_listener, second) = bind(&path, None).expect("bound");
        drop(first);
        assert!(path.exists());
        drop(second);
    }
}
