//! Does the store keep together what belongs together, and say no to what it does not understand?

use chrono::{DateTime, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde_json::{Value, json};

use super::*;

/// 2026-11-22 10:00 in Beijing, so many minutes later.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(crate) fn id(name: &str) -> AccountId {
    AccountId::of("weibo", name)
}

pub(crate) fn account(name: &str, aliases: &[&str]) -> Account {
    Account {
        id: id(name),
        aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        name: format!("{name}发布"),
        ..Account::default()
    }
}

/// Tells a writer on another thread to end, also when the test fails meanwhile.
pub(crate) struct Stops<'a>(pub(crate) &'a std::sync::atomic::AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// How many keys of this kind there are.
pub(crate) fn keys_of(store: &Store, kind: u8) -> usize {
    let (from, to) = keys::span(kind);
    let mut count = 0;
    store
        .each(&from, &to, Order::Ascending, |_, _| {
            count += 1;
            Ok(true)
        })
        .unwrap();
    count
}

/// The engine of a store that another store may be put over: a restart.
pub(crate) fn restart(store: &Store) -> Store {
    Store::over(Arc::clone(&store.0.engine)).unwrap()
}

pub(crate) fn overwrite(store: &Store, key: Vec<u8>, value: &[u8]) {
    let mut batch = Batch::default();
    batch.put(key, value);
    store.commit_batch(batch).unwrap();
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let store = Store::open_memory();
    store.set_meta(meta::SCHEMA, &(SCHEMA + 1)).unwrap();
    let refused = Store::over(Arc::clone(&store.0.engine)).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 2, ours: 1 }), "{refused}");
    assert_eq!(store.meta(meta::SCHEMA).unwrap(), Some(SCHEMA + 1));
}

#[test]
fn a_change_is_committed_whole() {
    let store = Store::open_memory();
    let mut change = store.change();
    change.put_state(&id("a"), &json!({"n": 1}), Due::default()).unwrap();
    change.journal(&id("a"), minute(0), &json!("applied")).unwrap();
    change.evidence(b"page", minute(0)).unwrap();
    assert_eq!(store.state::<Value>(&id("a")).unwrap(), None, "nothing before the commit");
    store.commit(change).unwrap();
    assert_eq!(store.state::<Value>(&id("a")).unwrap(), Some(json!({"n": 1})));

    let mut too_large = store.change();
    too_large.put_state(&id("b"), &json!(1), Due::default()).unwrap();
    too_large.put_state(&AccountId::new("x".repeat(2000)), &json!(1), Due::default()).unwrap();
    assert!(matches!(store.commit(too_large), Err(StoreError::TooLarge { what: "key", .. })));
    assert_eq!(store.state::<Value>(&id("b")).unwrap(), None, "nothing of a refused change");
}

#[test]
fn concurrent_updates_lose_nothing_and_unchecked_reads_conflict() {
    let store = Store::open_memory();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    // More than two writers may need more than the tries of one update.
                    while store.update(count_up).is_err_and(|error| error.is_conflict()) {}
                }
            });
        }
    });
    assert_eq!(store.state::<u64>(&id("a")).unwrap(), Some(400));

    let mut late = store.change();
    late.state::<u64>(&id("a")).unwrap();
    late.put_state(&id("a"), &7_u64, Due::default()).unwrap();
    store.update(count_up).unwrap();
    assert!(store.commit(late).unwrap_err().is_conflict());
    assert_eq!(store.state::<u64>(&id("a")).unwrap(), Some(401));
}

fn count_up(change: &mut Change) -> Result<(), StoreError> {
    let count = change.state::<u64>(&id("a"))?.unwrap_or(0);
    change.put_state(&id("a"), &(count + 1), Due::default())?;
    assert_eq!(change.state::<u64>(&id("a"))?, Some(count + 1), "a change reads its own writes");
    Ok(())
}

#[test]
fn an_update_hands_on_the_error_of_its_maker() {
    let store = Store::open_memory();
    let refused: Result<(), StoreError> =
        store.update(|_| Err(StoreError::Engine("the caller's".into())));
    assert!(matches!(refused, Err(StoreError::Engine(_))));
}

#[tokio::test]
async fn many_barriers_at_once_all_return() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    store.set_meta("test.a", &1).unwrap();
    let all = futures::future::join_all((0..50).map(|_| store.barrier())).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(store.size_on_disk().unwrap() > 0);
}

#[test]
fn what_was_stored_on_disk_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let mut change = store.change();
    let large = "中".repeat(50_000);
    let due = Due { poll: Some(minute(5)), notify: None };
    change.put_state(&id("a"), &large, due).unwrap();
    change.put_account(&account("a", &["Alias"]));
    store.commit(change).unwrap();
    store.barrier_blocking().unwrap();
    drop(store);
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    assert_eq!(store.state::<String>(&id("a")).unwrap(), Some(large));
    assert_eq!(store.due_of(&id("a")).unwrap(), due);
    assert_eq!(store.find("ALIAS").unwrap(), [id("a")]);
}

#[test]
fn the_journal_is_newest_first_in_order_within_a_change_and_per_account() {
    let store = Store::open_memory();
    for at in [minute(2), minute(1), minute(3)] {
        let mut change = store.change();
        for n in 0..3 {
            change.journal(&id("a"), at, &json!([at, n])).unwrap();
        }
        change.journal(&id("ab"), at, &json!("other")).unwrap();
        store.commit(change).unwrap();
    }
    let events = store.last_events::<Value>(&id("a"), 5).unwrap();
    let numbers: Vec<_> = events.iter().map(|(at, event)| (*at, event[1].clone())).collect();
    let expected = [(3, 2), (3, 1), (3, 0), (2, 2), (2, 1)];
    assert_eq!(numbers, expected.map(|(at, n)| (minute(at), json!(n))));
    let mut before = Vec::new();
    let scanned = store
        .journal::<Value>(&id("a"), Some(minute(2)), |at, _| {
            before.push(at);
            Ok(true)
        })
        .unwrap();
    assert_eq!((before, scanned.seen), (vec![minute(1); 3], 3));
}

#[test]
fn a_damaged_record_is_counted_and_does_not_hide_the_others() {
    let store = Store::open_memory();
    for name in ["a", "b", "c"] {
        let mut change = store.change();
        change.put_state(&id(name), &json!(name), Due::default()).unwrap();
        store.commit(change).unwrap();
    }
    overwrite(&store, keys::of_account(keys::kind::STATE, &id("b")), b"\x01{");
    let mut seen = Vec::new();
    let scanned = store
        .for_each_state::<Value>(|id, _| {
            seen.push(id);
            Ok(true)
        })
        .unwrap();
    assert_eq!(scanned, Scanned { seen: 2, damaged: 1 });
    assert_eq!(seen, [id("a"), id("c")]);
    assert!(matches!(store.state::<Value>(&id("b")), Err(StoreError::Damaged { .. })));
}

#[test]
fn the_audit_trail_keeps_every_entry_newest_first() {
    let store = Store::open_memory();
    for n in [1, 3, 2] {
        let mut change = store.change();
        let entry = Audit {
            at: minute(n),
            who: "张三".into(),
            what: "confirm".into(),
            on: "weibo:a".into(),
            detail: n.to_string(),
        };
        change.audit(&entry).unwrap();
        store.commit(change).unwrap();
    }
    let mut details = Vec::new();
    store
        .audit(|entry| {
            details.push(entry.detail);
            Ok(details.len() < 2)
        })
        .unwrap();
    assert_eq!(details, ["3", "2"]);
}

#[test]
fn links_are_kept_by_address() {
    let store = Store::open_memory();
    let link = StoredLink {
        url: "https://www.maoming.gov.cn/zwfw?a=1".into(),
        check: None,
        host_gone_since: Some(minute(1)),
        needed_at: minute(2),
    };
    let mut change = store.change();
    change.put_link(&link).unwrap();
    assert_eq!(change.link(&link.url).unwrap().as_ref(), Some(&link));
    store.commit(change).unwrap();
    assert_eq!(store.link(&link.url).unwrap().as_ref(), Some(&link));
    assert_eq!(store.link("https://www.maoming.gov.cn/zwfw").unwrap(), None);
    assert_eq!(store.for_each_link(|found| Ok(found == link)).unwrap().seen, 1);
}

#[test]
fn golden_bytes_of_links_and_audit() {
    let link = StoredLink {
        url: "https://a.cn".into(),
        check: None,
        host_gone_since: None,
        needed_at: minute(0),
    };
    let bytes = codec::encode(&link).unwrap();
    let expected = "\u{1}{\"url\":\"https://a.cn\",\"needed_at\":\"2026-11-22T02:00:00Z\"}";
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    let audit = Audit {
        at: minute(0),
        who: "w".into(),
        what: "import".into(),
        on: String::new(),
        detail: String::new(),
    };
    let expected = "\u{1}{\"at\":\"2026-11-22T02:00:00Z\",\"who\":\"w\",\"what\":\"import\"}";
    assert_eq!(String::from_utf8(codec::encode(&audit).unwrap()).unwrap(), expected);
}
