//! Is lychee, where the benchmark of links finds one, asked for the same work? A script stands in for it.

#[path = "../../benches/pipeline/links/lychee.rs"]
mod command;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A program of this name that writes down its arguments and the list, and ends with this status.
fn fake(directory: &Path, name: &str, status: u8) -> PathBuf {
    let program = directory.join(name);
    let script = format!(
        r#"#!/bin/sh
[ "$1" != --help ] || {{ echo '--host-request-interval'; exit; }}
printf '%s\n' "$@" > "$0.args"
for list; do :; done
cat "$list" > "$0.list"
echo 'error: no such option' >&2
exit {status}
"#
    );
    std::fs::write(&program, script).expect("the directory is ours");
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, runs).expect("the file is ours");
    program
}

#[test]
fn it_is_given_the_list_once_with_as_many_in_flight_and_no_second_try() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("links.txt");
    std::fs::write(&list, "http://127.0.0.1:1/a\nhttp://127.0.0.1:2/b").unwrap();
    let program = fake(directory.path(), "lychee", 0);
    assert_eq!(command::run(&program, &list, 64, command::is_paced(&program)), Ok(()));
    let given = std::fs::read_to_string(directory.path().join("lychee.args")).unwrap();
    let given: Vec<&str> = given.lines().collect();
    let pair = |name: &str, value: &str| given.windows(2).any(|two| two == [name, value]);
    assert!(pair("--max-concurrency", "64") && pair("--max-retries", "0"), "{given:?}");
    assert!(pair("--host-request-interval", "0s") && pair("--host-concurrency", "64"));
    assert_eq!(given.last().copied(), list.to_str());
    assert!(!given.contains(&"--exclude-loopback"), "the sites are on loopback");
    let read = std::fs::read_to_string(directory.path().join("lychee.list")).unwrap();
    assert_eq!(read.lines().count(), 2);
}

#[test]
fn it_is_found_by_its_variable_or_on_the_path_and_a_failure_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = OsString::from(directory.path());
    assert_eq!(command::find(None, &path), None, "where there is none, that is said");
    let program = fake(directory.path(), "lychee", 2);
    assert_eq!(command::find(None, &path), Some(program.clone()));
    assert_eq!(command::find(Some("".into()), &path), Some(program.clone()));
    assert_eq!(command::find(Some("/opt/lychee".into()), &path), Some("/opt/lychee".into()));
    let list = directory.path().join("links.txt");
    std::fs::write(&list, "").unwrap();
    let error = command::run(&program, &list, 1, false).unwrap_err();
    assert!(error.contains("no such option"), "{error}");
    let given = std::fs::read_to_string(directory.path().join("lychee.args")).unwrap();
    assert!(!given.contains("--host"), "older versions know no such option");
    assert_eq!(command::VARIABLE, "FRESHD_LYCHEE");
}
