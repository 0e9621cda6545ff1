//! The directories relais needs: made where they are missing, and proven writable before anything starts.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory that relais can't use.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It does not exist and can't be made.
    #[error("can't make {}: {source}. Make it yourself, or set {key} to a place this user may write", path.display())]
    Make {
        /// The directory.
        path: PathBuf,
        /// The configuration key that names it.
        key: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It exists, and no file can be made in it.
    #[error("can't write to {}: {source}. Give it to the user that runs relais, or set {key} to another place", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// The configuration key that names it.
        key: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes `path` with its parents, where it is missing, for its owner and group alone, and writes to it.
pub fn prepare(path: &Path, key: &'static str) -> Result<(), DirectoryError> {
    let made = DirBuilder::new().recursive(true).mode(0o750).create(path);
    made.map_err(|source| DirectoryError::Make { path: path.to_owned(), key, source })?;
    try_write(path).map_err(|source| DirectoryError::Write { path: path.to_owned(), key, source })
}

/// Whether a file can be made in `path`. Permissions alone don't tell: file systems are mounted
/// read-only, quotas run out, and root may write nearly anywhere.
pub fn try_write(path: &Path) -> io::Result<()> {
    let probe = path.join(format!(".relais-write-test-{}", std::process::id()));
    fs::write(&probe, b"x")?;
    fs::remove_file(&probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn makes_parents_and_keeps_strangers_out() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("a/b");
        prepare(&path, "data_dir").expect("made");
        prepare(&path, "data_dir").expect("is there");
        let mode = fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o007, 0, "{mode:o}");
        assert_eq!(fs::read_dir(&path).expect("list").count(), 0);
    }

    #[test]
    fn says_which_directory_and_which_key() {
        let dir = tempfile::tempdir().expect("directory");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("write");
        let error = prepare(&file.join("x"), "data_dir").expect_err("a file is in the way").to_string();
        assert!(error.contains("/file/x: ") && error.contains("data_dir"), "{error}");
        // /proc is read-only in this sense for everyone, root included.
        let error = prepare(Path::new("/proc"), "run_dir").expect_err("not writable").to_string();
        assert!(error.starts_with("can't write to /proc: "), "{error}");
    }
}
