//! Do keys sort as they should, and can nothing in a text break out of its place?

use chrono::DateTime;
use freshd_core::id::AccountId;
use proptest::prelude::*;

use super::*;

#[test]
fn stored_form_of_keys() {
    let at = DateTime::from_timestamp_millis(1_790_000_000_123).unwrap();
    let key = timed(kind::POLL_DUE, at, "weibo:1");
    assert_eq!(key, b"d\x80\x00\x01\xa0\xc4Pl{weibo:1\x00\x01", "{}", key.escape_ascii());
    assert_eq!(of_account(kind::STATE, &AccountId::new("app:x")), b"sapp:x\x00\x01");
}

#[test]
fn a_long_text_becomes_its_hash() {
    let long = Key::of(b'l').any_text(&"网".repeat(500)).done();
    assert_eq!(long.len(), 1 + "sha256:".len() + 64 + 2);
    assert_ne!(long, Key::of(b'l').any_text(&"网".repeat(501)).done());
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![Just('\0'), Just('\u{1}'), any::<char>()], 0..12)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn texts_and_times_come_back(a in text(), b in text(), millis in -1_i64 << 40..1 << 44) {
        let at = DateTime::from_timestamp_millis(millis).unwrap();
        let key = Key::of(b'z').text(&a).time(at).text(&b).bytes(b"\xff\x00").done();
        let mut reader = Reader::behind_kind(&key);
        prop_assert_eq!(reader.text(), Some(a));
        prop_assert_eq!(reader.time(), Some(at));
        prop_assert_eq!(reader.text(), Some(b));
        prop_assert_eq!(reader.rest(), b"\xff\x00");
    }

    #[test]
    fn no_text_is_found_under_another(a in text(), b in text()) {
        prop_assume!(a != b);
        let (from, to) = under(&Key::of(b'z').text(&a).done());
        let other = Key::of(b'z').text(&b).bytes(b"tail").done();
        prop_assert!(!(from <= other && other < to));
    }

    #[test]
    fn times_sort(a in any::<i32>(), b in any::<i32>()) {
        let at = |s: i32| DateTime::from_timestamp(i64::from(s), 0).unwrap();
        prop_assert_eq!(a.cmp(&b), sortable(at(a)).cmp(&sortable(at(b))));
    }

    #[test]
    fn hostile_keys_do_not_panic(key in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut reader = Reader::behind_kind(&key);
        let _ = (reader.text(), reader.time(), reader.text(), reader.rest());
    }
}

#[test]
fn no_two_kinds_share_a_prefix() {
    let source = include_str!("../keys.rs");
    let mut prefixes: Vec<&str> =
        source.split("u8 = b'").skip(1).filter_map(|rest| rest.get(..1)).collect();
    let count = prefixes.len();
    prefixes.sort_unstable();
    prefixes.dedup();
    assert!(count > 20 && prefixes.len() == count, "{prefixes:?}");
}
