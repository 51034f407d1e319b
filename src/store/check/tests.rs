//! Is a whole store called whole, and is each kind of damage found, mended and found no more?

use freshd_core::account::Account;
use serde_json::Value;

use super::*;
use crate::store::evidence::EvidenceId;
use crate::store::inbox::{Received, ReceivedOutcome};
use crate::store::keys::{Key, kind, of_account, span, timed};
use crate::store::outbox::tests::letter;
use crate::store::states::{Due, Index};
use crate::store::tests::{Stops, account, id, minute, overwrite};
use crate::store::{Audit, LetterBody, StoreOptions, StoredLink, evidence, outbox};

/// A store with something of every kind that has another side.
fn full(store: &Store) -> EvidenceId {
    let mut change = store.change();
    change.put_account(&account("a", &["gh_1", "甲"]));
    change.put_account(&account("b", &[]));
    let due = Due { poll: Some(minute(5)), notify: Some(minute(6)) };
    change.put_state(&id("a"), &json!({"n": 1}), due).unwrap();
    let noise: String =
        (0..9000_u64).map(|n| format!("{:x}", n.wrapping_mul(n ^ 0x9e37))).collect();
    change.put_state(&id("b"), &json!({ "n": noise }), Due::default()).unwrap();
    change.set_links_due(&id("a"), Some(minute(7)));
    change.journal(&id("a"), minute(1), &json!("looked")).unwrap();
    let evidence = change.evidence(noise.as_bytes(), minute(1)).unwrap();
    change.new_letter(&letter("q", 2), &LetterBody::default()).unwrap();
    let url = "https://a.gov.test/1".to_owned();
    let link = StoredLink { url, check: None, host_gone_since: None, needed_at: minute(1) };
    change.put_link(&link).unwrap();
    let entry = |what: &str| Audit {
        at: minute(1),
        who: "tester".to_owned(),
        what: what.to_owned(),
        on: String::new(),
        detail: String::new(),
    };
    change.audit(&entry("import")).unwrap();
    let mail = Received {
        id: "m".to_owned(),
        at: minute(2),
        sent: None,
        from: "a@example.gov.test".to_owned(),
        subject: String::new(),
        letter: None,
        accounts: Vec::new(),
        outcome: ReceivedOutcome::Reply,
        told: String::new(),
        text: String::new(),
    };
    change.put_received(&mail).unwrap();
    store.commit(change).unwrap();
    evidence
}

fn check(store: &Store) -> Checked {
    store.check::<Value>(None).unwrap()
}

fn remove(store: &Store, key: Vec<u8>) {
    let mut batch = Batch::default();
    batch.delete(key);
    store.commit_batch(batch).unwrap();
}

/// The only problem there is.
#[track_caller]
fn only(store: &Store) -> Problem {
    let checked = check(store);
    assert_eq!(checked.problems.len(), 1, "{checked:#?}");
    checked.problems.into_iter().next().unwrap()
}

#[track_caller]
fn mended(store: &Store, dir: &Path) -> Checked {
    let now = minute(100);
    let checked = store.check::<Value>(Some(Repair { dir, now })).unwrap();
    assert!(checked.is_whole() && checked.found > 0, "{checked:#?}");
    let after = check(store);
    assert!(after.is_whole() && after.found == 0, "{after:#?}");
    checked
}

#[test]
fn a_whole_store_is_whole_and_its_records_are_counted() {
    let store = Store::open_memory();
    full(&store);
    let checked = check(&store);
    assert_eq!(checked.problems, []);
    assert!(checked.is_whole());
    assert_eq!((checked.records["account"], checked.records["alias"]), (2, 2));
    assert!(checked.records["part"] > 1 && checked.records["evidence_bytes"] > 0);
}

#[test]
fn an_entry_of_an_index_without_its_record_is_found_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let entries = [
        timed(kind::POLL_DUE, minute(1), id("ghost").as_str()),
        timed(kind::NOTIFY_DUE, minute(1), id("a").as_str()),
        timed(kind::LINKS_DUE, minute(1), id("a").as_str()),
        timed(kind::LETTER_QUEUE, minute(1), "q"),
        timed(kind::LETTER_TIME, minute(1), "none"),
        timed(kind::RECEIVED_TIME, minute(1), "m"),
        evidence::time_key(EvidenceId::of(b"none"), minute(1)),
        Key::of(kind::ALIAS).text("other").text(id("a").as_str()).done(),
        Key::of(kind::POLL_DUE).bytes(b"cut").done(),
    ];
    for entry in entries {
        let store = Store::open_memory();
        full(&store);
        overwrite(&store, entry.clone(), b"");
        let problem = only(&store);
        assert_eq!(problem.kind, keys::name(entry[0]));
        assert_eq!(problem.mended, None);
        let checked = mended(&store, dir.path());
        assert!(checked.problems[0].mended.as_ref().unwrap().contains("删去"), "{checked:?}");
        assert_eq!(store.engine().get(&entry).unwrap(), None);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "an index is derived");
}

#[test]
fn a_record_that_its_index_lacks_is_found_and_entered_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_memory();
    let evidence = full(&store);
    let letter = store.letter("q").unwrap().unwrap();
    for entry in [
        timed(kind::POLL_DUE, minute(5), id("a").as_str()),
        timed(kind::NOTIFY_DUE, minute(6), id("a").as_str()),
        timed(kind::LINKS_DUE, minute(7), id("a").as_str()),
        timed(kind::LETTER_QUEUE, letter.due().unwrap(), "q"),
        timed(kind::LETTER_TIME, letter.created_at, "q"),
        timed(kind::RECEIVED_TIME, minute(2), "m"),
        evidence::time_key(evidence, minute(1)),
        Key::of(kind::ALIAS).text("gh_1").text(id("a").as_str()).done(),
    ] {
        assert!(store.engine().get(&entry).unwrap().is_some(), "{}", keys::name(entry[0]));
        remove(&store, entry.clone());
        only(&store);
        mended(&store, dir.path());
        assert!(store.engine().get(&entry).unwrap().is_some(), "{}", keys::name(entry[0]));
    }
    assert_eq!(store.find("GH_1").unwrap(), [id("a")]);
    assert_eq!(store.next_due(Index::Poll).unwrap(), Some(minute(5)));
}

#[test]
fn what_cannot_be_read_is_set_aside_as_it_is_and_what_hung_on_it_follows() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_memory();
    let evidence = full(&store);
    let bad = b"\x01{\"half";
    overwrite(&store, of_account(kind::ACCOUNT, &id("a")), bad);
    overwrite(&store, of_account(kind::STATE, &id("b")), bad);
    overwrite(&store, outbox::body_key("q"), bad);
    remove(&store, evidence::chunk_key(evidence, 0));
    let checked = check(&store);
    let kinds: Vec<_> = checked.problems.iter().map(|one| one.kind).collect();
    for kind in ["account", "state", "letter_body", "letter", "evidence", "alias"] {
        assert!(kinds.contains(&kind), "{kind} in {checked:#?}");
    }
    assert!(checked.problems.iter().any(|one| one.key == id("a").as_str()));
    let checked = mended(&store, dir.path());
    let kept = std::fs::read_to_string(checked.set_aside.unwrap()).unwrap();
    assert!(kept.lines().count() >= 4, "{kept}");
    let lines = kept.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_account = lines.into_iter().find(|line| line["kind"] == "account").unwrap();
    assert_eq!(of_account["value"], STANDARD.encode(bad));
    assert_eq!(store.letter("q").unwrap().unwrap().state, LetterState::Cancelled);
    assert_eq!(store.letter_counts().unwrap()[&LetterState::Queued], 0);
    assert_eq!(store.account(&id("a")).unwrap(), None::<Account>);
    assert!(store.state::<Value>(&id("a")).unwrap().is_some(), "its history stays");
    assert_eq!(store.due(Index::Poll, minute(101), 9).unwrap().len(), 2, "b is looked at anew");
    let (from, to) = span(kind::EVIDENCE_BYTES);
    store.each(&from, &to, crate::store::engine::Order::Ascending, |_, _| panic!()).unwrap();
}

#[test]
fn what_a_newer_program_wrote_is_told_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_memory();
    overwrite(&store, b"Znew".to_vec(), b"1");
    assert!(only(&store).what.contains("更新版本"));
    let repair = Repair { dir: dir.path(), now: minute(0) };
    let checked = store.check::<Value>(Some(repair)).unwrap();
    assert_eq!((checked.found, checked.mended, checked.is_whole()), (1, 0, false));
    assert!(store.engine().get(b"Znew").unwrap().is_some());
}

#[test]
fn a_tally_that_differs_is_found_and_counted_anew() {
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    let options = StoreOptions::default();
    {
        let store = Store::open(&dir, options).unwrap();
        full(&store);
        let records = check(&store);
        assert!(records.is_whole(), "{records:#?}");
        store.barrier_blocking().unwrap();
        // A batch that names the tally's own key is counted under a kind that no walk meets.
        overwrite(&store, tally::KEY.to_vec(), b"x");
        assert_eq!(only(&store).kind, "tally");
        mended(&store, &dir);
    }
    let store = Store::open(&dir, options).unwrap();
    assert_eq!(store.count_accounts().unwrap(), 2);
}

#[test]
fn others_may_write_all_the_while_and_nothing_is_taken_for_damage() {
    let store = Store::open_memory();
    full(&store);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                n += 1;
                let mut change = store.change();
                change.put_account(&account("a", &[&format!("gh_{n}")]));
                let due = Due { poll: Some(minute(n)), notify: Some(minute(n + 1)) };
                change.put_state(&id("a"), &json!({ "n": n }), due).unwrap();
                change.new_letter(&letter(&format!("q{n}"), n), &LetterBody::default()).unwrap();
                store.commit(change).unwrap();
            }
        });
        let _stops = Stops(&stop);
        for _ in 0..3 {
            assert_eq!(check(&store).problems, []);
        }
    });
}
