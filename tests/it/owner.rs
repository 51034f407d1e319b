//! Does a command of root work as the store's owner, with files that only root can read and write?

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A user that is nobody here.
const NOBODY: u32 = 65_534;
const LEDGER: &str = "账号名称,平台,账号标识,主办单位\n平安茂名,新浪微博,1234567890,茂名市公安局\n";

struct Place {
    dir: tempfile::TempDir,
    config: PathBuf,
}

/// A configuration that anybody may read, a store, and a directory that only its maker may enter.
fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), 0o755);
    let (store, config) = (dir.path().join("store"), dir.path().join("freshd.toml"));
    std::fs::create_dir(&store).unwrap();
    std::fs::create_dir(dir.path().join("own")).unwrap();
    open(&dir.path().join("own"), 0o700);
    let text = format!("[store]\npath = \"{}\"\n", store.display());
    std::fs::write(&config, text).unwrap();
    open(&config, 0o644);
    std::fs::write(dir.path().join("own/ledger.csv"), LEDGER).unwrap();
    Place { dir, config }
}

fn open(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn freshd(place: &Place, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_freshd"))
        .arg("--config")
        .arg(&place.config)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{out}\n{err}", output.status)
}

#[test]
fn a_request_on_standard_input_is_carried_out() {
    let place = place();
    let request = r#"{"command":"mail-outbox","json":true}"#;
    let done = freshd(&place, &["carry-out"], request);
    assert!(done.status.success(), "{}", told(&done));
    let answer: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answer["exit"], 0);
    assert!(answer["stdout"].as_str().unwrap().contains("\"letters\": []"), "{answer}");
    let wrong = freshd(&place, &["carry-out"], "nonsense");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.stdout.is_empty(), "{}", told(&wrong));
}

#[test]
fn root_works_as_the_owner_with_files_that_only_root_can_reach() {
    let place = place();
    let (store, own) = (place.dir.path().join("store"), place.dir.path().join("own"));
    if std::fs::metadata(&own).unwrap().uid() == 0 {
        chown(&store, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let owner = std::fs::metadata(&store).unwrap().uid();
    let ledger = own.join("ledger.csv");
    let done = freshd(&place, &["import", ledger.to_str().unwrap()], "");
    assert!(done.status.success(), "{}", told(&done));
    let out = own.join("accounts.csv");
    let args = ["export", "accounts", "--format", "csv", "-o", out.to_str().unwrap()];
    let done = freshd(&place, &args, "");
    assert!(done.status.success(), "{}", told(&done));
    assert!(std::fs::read_to_string(&out).unwrap().contains("平安茂名"));
    let made: Vec<_> = std::fs::read_dir(&store).unwrap().map(|held| held.unwrap()).collect();
    assert!(!made.is_empty());
    for held in made {
        assert_eq!(held.metadata().unwrap().uid(), owner, "{}", held.path().display());
    }
}
