//! Are secrets read from their files when needed, and never shown?

use std::collections::BTreeMap;
use std::fs;

use freshd_connectors::SecretSource;

use super::*;

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> SecretFile {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    SecretFile { key: "connectors.x".to_owned(), path }
}

#[test]
fn a_table_gives_a_secret_by_its_key_and_is_read_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let held = file(&dir, "wechat.toml", "wx1 = \"first\"\n");
    let secrets =
        FileSecrets::new(BTreeMap::from([("wechat".to_owned(), held.clone())]), BTreeMap::new());
    assert_eq!(secrets.secret("wechat", "wx1").unwrap().expose(), "first");
    fs::write(&held.path, "wx1 = \"second\"\n").unwrap();
    assert_eq!(secrets.secret("wechat", "wx1").unwrap().expose(), "second");
    let missing = secrets.secret("wechat", "wx2").unwrap_err().0;
    assert!(missing.contains("wx2") && !missing.contains("second"), "{missing}");
    fs::write(&held.path, "wx1 = second\n").unwrap();
    let broken = secrets.secret("wechat", "wx1").unwrap_err().0;
    assert!(!broken.contains("second"), "{broken}");
}

#[test]
fn a_single_secret_is_the_file_without_its_line_end() {
    let dir = tempfile::tempdir().unwrap();
    let held = file(&dir, "token", "t0ken\r\n");
    let key = ("weibo".to_owned(), "token".to_owned());
    let secrets = FileSecrets::new(BTreeMap::new(), BTreeMap::from([(key, held.clone())]));
    assert_eq!(secrets.secret("weibo", "token").unwrap().expose(), "t0ken");
    assert!(secrets.secret("weibo", "cookie").is_err());
    assert!(secrets.mail_password().unwrap().is_none());
    fs::write(&held.path, "\n").unwrap();
    assert!(secrets.secret("weibo", "token").is_err(), "an empty file is no secret");
    fs::remove_file(&held.path).unwrap();
    assert!(secrets.secret("weibo", "token").unwrap_err().0.contains("不存在"));
}
