//! Are the sums right whatever is written, and is a difference noticed?

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::store::engine::suite;
use crate::store::memory_engine::MemoryEngine;

fn promise() -> (tempfile::TempDir, Promise) {
    let dir = tempfile::tempdir().unwrap();
    let promise = Promise::open(dir.path()).unwrap();
    (dir, promise)
}

fn over<E: Engine>(below: E) -> Tallied<E> {
    let Ok(tallied) = Tallied::over(below, promise().1) else { panic!("refused") };
    tallied
}

fn batch(writes: &[(u8, u8, Option<u8>)]) -> Batch {
    let mut batch = Batch::default();
    for (kind, key, value) in writes {
        match value {
            Some(value) => batch.put([*kind, *key], vec![*value; usize::from(*value)]),
            None => batch.delete([*kind, *key]),
        }
    }
    batch
}

#[test]
fn tallied_engines_pass_the_suite() {
    suite::run(Arc::new(over(MemoryEngine::default())));
}

proptest! {
    #[test]
    fn the_running_tally_is_that_of_what_is_there(
        batches in prop::collection::vec(
            prop::collection::vec((b'a'..b'd', 0..6_u8, prop::option::of(0..9_u8)), 0..6), 0..20)
    ) {
        let tallied = over(MemoryEngine::default());
        for writes in &batches {
            tallied.commit(batch(writes)).unwrap();
        }
        prop_assert!(compare(&tallied.below, batches.len() as u64).is_ok());
        let found = count(&tallied.below, &Tally::default()).unwrap();
        let kept = tallied.lock().kinds.iter().filter(|(_, sum)| sum.records > 0).count();
        prop_assert_eq!(found.kinds.len(), kept);
    }
}

#[test]
fn a_record_that_is_gone_old_or_altered_is_named() {
    for harm in [vec![(b'a', 1, None)], vec![(b'a', 1, Some(3))], vec![(b'a', 9, Some(1))]] {
        let tallied = over(MemoryEngine::default());
        tallied.commit(batch(&[(b'a', 1, Some(2)), (b's', 1, Some(2))])).unwrap();
        // Past the tally, as damage comes.
        tallied.below.commit(batch(&harm)).unwrap();
        let Err(Why::Missing(missing)) = compare(&tallied.below, 1) else { panic!("{harm:?}") };
        assert_eq!(missing.kinds.iter().map(|kind| kind.0).collect::<Vec<_>>(), [b'a']);
        assert!(missing.to_string().contains("台账账号"), "{missing}");
    }
}

#[test]
fn a_tally_reads_back_and_its_form_is_fixed() {
    let sum = Sum { records: 2, hashes: hash(b"key", b"the value of it") };
    let tally = Tally { generation: 7, kinds: BTreeMap::from([(b'a', sum)]) };
    assert_eq!(Tally::decode(&tally.encode()).unwrap(), tally);
    assert!(Tally::decode(&tally.encode()[..12]).is_err());
    assert_eq!(sum.hashes, 13_821_259_696_390_631_256, "stored hashes must not change");
}

#[test]
fn a_promise_outlives_a_torn_write_and_never_falls() {
    let dir = tempfile::tempdir().unwrap();
    let promise = Promise::open(dir.path()).unwrap();
    for generation in [3, 4, 2] {
        promise.raise(generation).unwrap();
    }
    assert_eq!(Promise::open(dir.path()).unwrap().promised(), 4);
    let path = dir.path().join(super::super::promise::FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(Promise::open(dir.path()).unwrap().promised(), 3, "the other slot");
}

#[test]
fn a_file_of_promises_that_was_deleted_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let tally = Tally { generation: 7, ..Tally::default() };
    let promise = Promise::open(dir.path()).unwrap();
    assert!(!is_promise_lost(&Tally::default(), &promise), "a new store");
    assert!(is_promise_lost(&tally, &promise));
    promise.raise(7).unwrap();
    let path = dir.path().join(super::super::promise::FILE);
    assert!(!is_promise_lost(&tally, &Promise::open(dir.path()).unwrap()));
    std::fs::remove_file(path).unwrap();
    assert!(is_promise_lost(&tally, &Promise::open(dir.path()).unwrap()));
}
