//! Does quarantine stay bounded, whatever the names of what is moved there?

use super::*;

#[test]
fn snapshots_in_quarantine_are_the_newest_few_and_the_log_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..12 {
        fs::write(dir.path().join(format!("snap.{number:04}")), b"x").unwrap();
        fs::write(dir.path().join("db"), b"x").unwrap();
        set_aside(dir.path(), |name| name.starts_with("snap.") || name == "db").unwrap();
    }
    let names = fs::read_dir(dir.path().join(QUARANTINE)).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let (snapshots, logs): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.starts_with("snap."));
    assert_eq!(snapshots.len(), QUARANTINE_SNAPSHOTS_MAX, "{snapshots:?}");
    assert!(snapshots.contains(&"snap.0011.0".to_owned()), "the newest: {snapshots:?}");
    assert_eq!(logs.len(), 12, "{logs:?}");
}
