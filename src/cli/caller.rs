//! Who gives a command? The system user behind it, looked up in one way with and without the daemon.
//!
//! **Invariant:** the kernel says who it is and the user database how they are called; the environment is not asked,
//! for whoever types a command also sets that.

use std::fmt;
use std::fs;

/// Where system users are listed, `name:password:uid:…` a line.
const USERS: &str = "/etc/passwd";

/// A system user who gave a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's number; `None` where the program itself acts.
    pub uid: Option<u32>,
    /// The login name, or `uid:NUMBER` for a user that the system does not list.
    pub name: String,
}

impl Caller {
    /// The user with this number.
    pub fn of_uid(uid: u32) -> Self {
        let users = fs::read(USERS).unwrap_or_default();
        let name = login_name(&String::from_utf8_lossy(&users), uid);
        Self { uid: Some(uid), name: name.unwrap_or_else(|| format!("uid:{uid}")) }
    }

    /// The real user of this process.
    pub fn this_process() -> Self {
        Self::of_uid(real_uid("self").unwrap_or(u32::MAX))
    }
}

impl From<&str> for Caller {
    fn from(name: &str) -> Self {
        Self { uid: None, name: name.to_owned() }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uid {
            Some(uid) => write!(f, "{}(uid {uid})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Is this process a child of root's, so that what its arguments say of who asked is root's word?
pub(super) fn is_childs_of_root() -> bool {
    real_uid(&std::os::unix::process::parent_id().to_string()) == Some(0)
}

/// The real user of a process, as the kernel tells it (`Uid:` of `/proc/PID/status`: real, effective, saved, file
/// system).
fn real_uid(process: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn login_name(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (!name.is_empty() && number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests;
