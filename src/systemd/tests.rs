//! Is the watchdog petted only while every loop makes progress, and is systemd told in its own words?

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use chrono::DateTime;

use super::*;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

#[test]
fn one_stuck_loop_is_enough() {
    let asleep = Pulse::Asleep { next_wake: at(3600) };
    let working = Pulse::Working { since: at(0) };
    assert_eq!(stuck([("poll", asleep), ("notify", working)], at(10)), None);
    assert_eq!(stuck([("poll", asleep), ("notify", working)], at(301)), Some("notify"));
    assert_eq!(stuck([("poll", asleep)], at(3600 + 60)), None);
    assert_eq!(stuck([("poll", asleep)], at(3600 + 61)), Some("poll"));
    assert_eq!(stuck([("poll", Pulse::Ended)], at(1 << 30)), None);
    assert_eq!(stuck([], at(0)), None);
}

/// The name of the variable that makes [`speaks_to_systemd`] the child of itself.
const CHILD: &str = "FRESHD_TEST_NOTIFY_CHILD";

#[test]
fn speaks_to_systemd() {
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(watchdog_interval(), Some(Duration::from_secs(15)));
        reloading();
        ready("300 个账号\n第二行");
        watchdog();
        stopping();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "systemd::tests::speaks_to_systemd"])
        .env(CHILD, "1")
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "30000000")
        .env_remove("WATCHDOG_PID")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    socket.set_nonblocking(true).unwrap();
    let mut told = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = socket.recv(&mut buffer) {
        told.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].starts_with("RELOADING=1\nMONOTONIC_USEC="), "{told:?}");
    assert_eq!(told[1].trim_end(), "READY=1\nSTATUS=300 个账号 第二行");
    assert_eq!(told[2].trim_end(), "WATCHDOG=1");
    assert!(told[3].starts_with("STOPPING=1"), "{told:?}");
}
