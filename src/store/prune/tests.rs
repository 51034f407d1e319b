//! Does retention remove what is old, all of it, and nothing else?

use super::*;
use crate::store::evidence::EvidenceId;
use crate::store::outbox::LetterState;
use crate::store::outbox::tests::{add, letter};
use crate::store::tests::{id, keys_of, minute};

const DAY: i64 = 24 * 60;
const RETENTION: Retention =
    Retention { journal_days: 10, evidence_days: 10, letters_days: 10, links_days: 10 };

/// Calls until there is no more, at most so often; returns the totals.
fn prune_all(store: &Store, now: Timestamp) -> (Pruned, u32) {
    let mut total = Pruned::default();
    for call in 1..100 {
        let one = store.prune(now, &RETENTION).unwrap();
        total.journal += one.journal;
        total.evidence += one.evidence;
        total.letters += one.letters;
        total.links += one.links;
        if !one.more {
            return (total, call);
        }
    }
    panic!("retention never ends");
}

#[test]
fn old_events_go_and_young_ones_stay_in_every_account() {
    let store = Store::open_memory();
    for account in 0..50 {
        let mut change = store.change();
        for day in 0..100 {
            let name = format!("n{account}");
            change.journal(&id(&name), minute(day * DAY), &day).unwrap();
        }
        store.commit(change).unwrap();
    }
    let (pruned, calls) = prune_all(&store, minute(60 * DAY));
    assert_eq!(pruned.journal, 50 * 50);
    assert!(calls > 1, "in slices");
    for account in 0..50 {
        let left = store.last_events::<i64>(&id(&format!("n{account}")), 999).unwrap();
        assert_eq!((left.len(), left.last().unwrap().1), (50, 50));
    }
    assert_eq!(prune_all(&store, minute(60 * DAY)).0, Pruned::default());
}

#[test]
fn evidence_lives_from_its_last_reference() {
    let store = Store::open_memory();
    let mut change = store.change();
    let old = change.evidence(&[1; 90_000], minute(0)).unwrap();
    let referred = change.evidence(b"referred to again", minute(0)).unwrap();
    store.commit(change).unwrap();
    let mut change = store.change();
    change.keep_evidence(referred, minute(5 * DAY));
    change.keep_evidence(EvidenceId::of(b"unknown"), minute(5 * DAY));
    store.commit(change).unwrap();
    assert_eq!(prune_all(&store, minute(11 * DAY)).0.evidence, 1);
    assert_eq!(store.evidence(old).unwrap(), None);
    assert!(store.evidence(referred).unwrap().is_some());
    assert_eq!(prune_all(&store, minute(16 * DAY)).0.evidence, 1);
    let kinds = [kind::EVIDENCE, kind::EVIDENCE_BYTES, kind::EVIDENCE_TIME];
    assert_eq!(kinds.map(|kind| keys_of(&store, kind)), [0; 3]);
}

#[test]
fn a_letter_that_waits_is_kept_however_old() {
    let store = Store::open_memory();
    for (name, state) in [("a", LetterState::Held), ("b", LetterState::Accepted)] {
        let mut written = letter(name, 0);
        written.state = state;
        add(&store, &written);
    }
    let mut young = letter("c", 5 * DAY);
    young.state = LetterState::Refused;
    add(&store, &young);
    assert_eq!(prune_all(&store, minute(11 * DAY)).0.letters, 1);
    assert!(store.letter("a").unwrap().is_some() && store.letter("c").unwrap().is_some());
    assert!(store.letter("b").unwrap().is_none() && store.letter_body("b").unwrap().is_none());
}

#[test]
fn links_that_no_menu_holds_are_forgotten() {
    let store = Store::open_memory();
    let mut change = store.change();
    for n in 0..5000_i64 {
        let needed_at = minute(if n % 2 == 0 { 0 } else { 5 * DAY });
        let url = format!("https://www.maoming.gov.cn/{n}");
        change
            .put_link(&StoredLink { url, check: None, host_gone_since: None, needed_at })
            .unwrap();
    }
    store.commit(change).unwrap();
    let (pruned, calls) = prune_all(&store, minute(11 * DAY));
    assert_eq!((pruned.links, keys_of(&store, kind::LINK)), (2500, 2500));
    assert!(calls > 1);
    assert!(store.link("https://www.maoming.gov.cn/1").unwrap().is_some());
}
