//! Is each account due once, in order, and never twice because of a crash or a bad record?

use proptest::prelude::*;

use super::*;
use crate::store::tests::{id, keys_of, minute};

fn set(store: &Store, name: &str, poll: Option<i64>, notify: Option<i64>) {
    let mut change = store.change();
    let due = Due { poll: poll.map(minute), notify: notify.map(minute) };
    change.put_state(&id(name), &name, due).unwrap();
    store.commit(change).unwrap();
}

#[test]
fn the_longest_due_come_first_and_now_is_due() {
    let store = Store::open_memory();
    set(&store, "a", Some(3), Some(1));
    set(&store, "b", Some(1), None);
    set(&store, "c", Some(2), Some(0));
    let due = |now, limit| {
        let due = store.due(Index::Poll, minute(now), limit).unwrap();
        due.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    assert_eq!(due(2, 9), [id("b"), id("c")]);
    assert_eq!(due(9, 2), [id("b"), id("c")]);
    assert!(due(0, 9).is_empty() && due(9, 0).is_empty());
    assert_eq!(store.next_due(Index::Poll).unwrap(), Some(minute(1)));
    assert_eq!(store.due(Index::Notify, minute(0), 9).unwrap(), [(minute(0), id("c"))]);
    set(&store, "c", None, None);
    assert_eq!(store.next_due(Index::Notify).unwrap(), Some(minute(1)));
}

#[test]
fn a_claim_moves_the_due_time_and_not_the_state() {
    let store = Store::open_memory();
    set(&store, "a", Some(0), Some(5));
    let claimed = store.claim_due(Index::Poll, minute(1), minute(10), 9).unwrap();
    assert_eq!(claimed, [id("a")]);
    assert!(store.claim_due(Index::Poll, minute(1), minute(10), 9).unwrap().is_empty());
    let due = Due { poll: Some(minute(10)), notify: Some(minute(5)) };
    assert_eq!(store.due_of(&id("a")).unwrap(), due);
    assert_eq!(store.state::<String>(&id("a")).unwrap().as_deref(), Some("a"));
}

#[test]
fn two_claimers_never_share_an_account() {
    let store = Store::open_memory();
    (0..300).for_each(|n| set(&store, &n.to_string(), Some(n), None));
    let claim = || {
        let mut mine = Vec::new();
        loop {
            match store.claim_due(Index::Poll, minute(400), minute(500), 7) {
                Ok(claimed) if claimed.is_empty() => return mine,
                Ok(claimed) => mine.extend(claimed),
                Err(error) => assert!(error.is_conflict()),
            }
        }
    };
    let mut all = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(claim), scope.spawn(claim));
        [a.join().unwrap(), b.join().unwrap()].concat()
    });
    assert_eq!(all.len(), 300);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 300);
}

#[test]
fn golden_bytes_of_due_times() {
    let written = write_due(Due { poll: Some(minute(0)), notify: None });
    assert_eq!(
        written,
        b"\x01\x80\0\x01\xa2\0\xfbQ\0\0\0\0\0\0\0\0\0",
        "{}",
        written.escape_ascii()
    );
    assert!(read_due(b"k", Some(b"\x02")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever is set in whatever order, the indexes hold exactly what the accounts say.
    #[test]
    fn indexes_agree_with_the_accounts(
        sets in proptest::collection::vec(
            (0..6_u8, prop::option::of(0..5_i64), prop::option::of(0..5_i64)), 0..40)
    ) {
        let store = Store::open_memory();
        let mut model = std::collections::BTreeMap::new();
        for (n, poll, notify) in sets {
            set(&store, &n.to_string(), poll, notify);
            model.insert(n, (poll, notify));
        }
        let mut polls: Vec<_> = model
            .iter()
            .filter_map(|(n, (poll, _))| poll.map(|at| (minute(at), id(&n.to_string()))))
            .collect();
        polls.sort();
        prop_assert_eq!(store.due(Index::Poll, minute(99), 99).unwrap(), polls);
        let notifies = model.values().filter(|(_, notify)| notify.is_some()).count();
        prop_assert_eq!(keys_of(&store, kind::NOTIFY_DUE), notifies);
    }
}
