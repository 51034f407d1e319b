//! Tests of bundles: what was signed opens, and nothing else.

use freshd_core::civil;

use super::*;

fn at() -> Timestamp {
    civil::start_of(chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
}

fn key() -> Key {
    Key::of("0123456789abcdef0123456789abcdef\n").unwrap()
}

fn bundle() -> Vec<u8> {
    let item = |account: &str| Item {
        account: account.to_owned(),
        source: "weibo:1".to_owned(),
        at: at(),
        failed: false,
        observation: WireObservation::default(),
    };
    write(&key(), at(), &[item("weibo:1"), item("weibo:2")])
}

#[test]
fn what_was_signed_opens() {
    let bytes = bundle();
    assert!(is_bundle(&bytes) && !is_bundle(b"{\"id\": 1}\n"));
    let (head, lines) = open(&bytes, &key()).unwrap();
    assert_eq!((head.count, head.key_id.as_str()), (2, key().id()));
    assert_eq!(lines[1].account, "weibo:2");
    assert!(Key::of("short").is_none());
}

#[test]
fn nothing_else_does() {
    let bytes = bundle();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let refused = |text: String| open(text.as_bytes(), &key()).unwrap_err().what;
    let cut = lines[..3].join("\n") + "\n";
    assert!(refused(cut).contains("没有签名"));
    let reordered = [lines[0], lines[2], lines[1], lines[3]].join("\n");
    assert!(refused(reordered).contains("签名不符"));
    let dropped = [lines[0], lines[1], lines[3]].join("\n");
    assert!(refused(dropped).contains("签名不符"));
    let other = Key::of("another key of enough characters").unwrap();
    assert!(open(&bytes, &other).unwrap_err().what.contains("签名不符"));
    for at in 0..bytes.len() - 1 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(open(&changed, &key()).is_err(), "byte {at}");
    }
}
