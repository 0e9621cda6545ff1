//! Whom the admin socket knows: users and groups read from `/etc`, without NSS (a static binary has none).

use std::fs;

/// The group whose members may administer.
pub const GROUP: &str = "relais";

/// Which local users are administrators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalAdmins {
    own: Option<u32>,
    group: Option<u32>,
    members: Vec<u32>,
}

impl LocalAdmins {
    /// Root, this process's own user, and the members of the group `relais` as `/etc/group` and `/etc/passwd`
    /// say now.
    pub fn of_this_machine() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let own = rustix::process::geteuid().as_raw();
        Self::from_files(own, &read("/etc/group"), &read("/etc/passwd"))
    }

    fn from_files(own: u32, groups: &str, users: &str) -> Self {
        let mut admins = Self { own: Some(own), ..Self::default() };
        let Some((gid, members)) = group(groups, GROUP) else { return admins };
        admins.group = Some(gid);
        admins.members = users.lines().filter_map(|line| user(line, gid, &members)).collect();
        admins
    }

    /// Whether that user is an administrator.
    pub fn admits(&self, uid: u32, gid: u32) -> bool {
        uid == 0 || self.own == Some(uid) || self.group == Some(gid) || self.members.contains(&uid)
    }

    /// The group's number, where it exists.
    pub fn group(&self) -> Option<u32> {
        self.group
    }
}

/// `name:password:gid:member,member` (group(5)).
fn group<'f>(file: &'f str, name: &str) -> Option<(u32, Vec<&'f str>)> {
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let gid = fields.nth(1)?.trim().parse().ok()?;
        let members = fields.next().unwrap_or_default().split(',').map(str::trim);
        Some((gid, members.filter(|member| !member.is_empty()).collect()))
    })
}

/// `name:password:uid:gid:…` (passwd(5)): the uid of a member, by list or by primary group.
fn user(line: &str, group: u32, members: &[&str]) -> Option<u32> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid: u32 = fields.next()?.parse().ok()?;
    (gid == group || members.contains(&name)).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &str = "root:x:0:\nrelaisx:x:7:mallory\nrelais:x:990: alice,bob\n";
    const USERS: &str = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n\
                         carol:x:1002:990::/:/bin/sh\nmallory:x:1003:1003::/:/bin/sh\nbroken\n";

    #[test]
    fn members_are_admitted_and_others_are_not() {
        let admins = LocalAdmins::from_files(500, GROUPS, USERS);
        assert_eq!(admins.group(), Some(990));
        for (uid, gid) in [(0, 0), (500, 500), (1000, 1000), (1001, 1001), (1002, 5), (4242, 990)] {
            assert!(admins.admits(uid, gid), "{uid} {gid}");
        }
        for (uid, gid) in [(1003, 1003), (1004, 7)] {
            assert!(!admins.admits(uid, gid), "{uid} {gid}");
        }
    }

    #[test]
    fn without_the_group_only_root_and_the_service() {
        let admins = LocalAdmins::from_files(500, "root:x:0:\n", USERS);
        assert!(admins.admits(500, 1) && admins.admits(0, 1) && !admins.admits(1000, 1000));
        assert!(!LocalAdmins::default().admits(500, 500));
    }
}
