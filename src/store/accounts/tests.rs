//! Is every account found by each of its names, and by none that it no longer has?

use crate::store::keys::kind;
use crate::store::tests::{account, id, keys_of};
use crate::store::{Due, Store, codec};

fn put(store: &Store, name: &str, aliases: &[&str]) {
    let mut change = store.change();
    change.put_account(&account(name, aliases));
    store.commit(change).unwrap();
}

#[test]
fn aliases_find_in_any_case_and_follow_the_account() {
    let store = Store::open_memory();
    let long = format!("https://mp.weixin.qq.com/s?{}", "x".repeat(900));
    put(&store, "a", &["GH_1a", "茂名发布", &long, " "]);
    put(&store, "b", &["gh_1A2", "茂名发布"]);
    assert_eq!(store.find("weibo:a").unwrap(), [id("a")]);
    assert_eq!(store.find(" gh_1A ").unwrap(), [id("a")], "not the one that begins like it");
    assert_eq!(store.find("茂名发布").unwrap(), [id("a"), id("b")], "names are not unique");
    assert_eq!(store.find(&long).unwrap(), [id("a")]);
    assert!(store.find("").unwrap().is_empty());
    put(&store, "a", &["新名"]);
    assert!(store.find("gh_1a").unwrap().is_empty());
    assert_eq!(store.find("茂名发布").unwrap(), [id("b")]);
    assert_eq!(store.find("新名").unwrap(), [id("a")]);
    assert_eq!(keys_of(&store, kind::ALIAS), 3);
}

#[test]
fn a_deleted_account_leaves_only_its_journal() {
    let store = Store::open_memory();
    put(&store, "a", &["alias"]);
    let now = crate::store::tests::minute(0);
    let mut change = store.change();
    let due = Due { poll: Some(now), notify: Some(now) };
    change.put_state(&id("a"), &"s".repeat(100_000), due).unwrap();
    change.journal(&id("a"), now, &1).unwrap();
    store.commit(change).unwrap();
    let mut change = store.change();
    change.set_poll_due(&id("a"), Some(now));
    change.delete_account(&id("a"));
    store.commit(change).unwrap();
    for kind in [kind::ACCOUNT, kind::ALIAS, kind::STATE, kind::DUE, kind::PART] {
        assert_eq!(keys_of(&store, kind), 0, "{}", kind as char);
    }
    assert_eq!(keys_of(&store, kind::POLL_DUE) + keys_of(&store, kind::NOTIFY_DUE), 0);
    assert_eq!(store.last_events::<u8>(&id("a"), 9).unwrap().len(), 1);
}

#[test]
fn accounts_are_walked_in_order() {
    let store = Store::open_memory();
    ["b", "ba", "a"].iter().for_each(|name| put(&store, name, &[]));
    let mut seen = Vec::new();
    store
        .for_each_account(|account| {
            seen.push(account.id);
            Ok(true)
        })
        .unwrap();
    assert_eq!(seen, [id("a"), id("b"), id("ba")]);
    assert_eq!(store.count_accounts().unwrap(), 3);
    assert_eq!(store.account(&id("ba")).unwrap(), Some(account("ba", &[])));
}

#[test]
fn golden_bytes_of_an_account() {
    let bytes = codec::encode(&account("a", &["x"])).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let begin = "\u{1}{\"id\":\"weibo:a\",\"aliases\":[\"x\"],\"name\":\"a发布\",\"platform\":\"\"";
    assert!(text.starts_with(begin), "{text}");
    let old = b"\x01{\"id\":\"weibo:a\",\"name\":\"n\",\"later_field\":1}";
    let read: freshd_core::account::Account = codec::decode("account", b"k", old).unwrap();
    assert_eq!(
        (read.id, read.name.as_str()),
        (id("a"), "n"),
        "missing and unknown fields are fine"
    );
}
