//! Does gathering change nothing that anybody can see, and is it passed on when it should?

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::store::engine::suite;
use crate::store::memory_engine::MemoryEngine;
use crate::store::sled_engine::{CACHE_BYTES_DEFAULT, SledEngine};

#[test]
fn buffered_engines_pass_the_suite() {
    suite::run(Arc::new(Buffered::over(MemoryEngine::default()).unwrap()));
    let dir = tempfile::tempdir().unwrap();
    let sled = SledEngine::open(dir.path(), CACHE_BYTES_DEFAULT).unwrap();
    suite::run(Arc::new(Buffered::over(sled).unwrap()));
}

/// Counts what reaches it, and refuses it on demand.
#[derive(Clone, Default)]
struct Below(Arc<(MemoryEngine, AtomicUsize, AtomicBool)>);

impl Engine for Below {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.0.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.0.0.scan(from, to, order, visit)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.0.2.load(Ordering::SeqCst) {
            return Err(StoreError::DiskFull);
        }
        self.0.1.fetch_add(1, Ordering::SeqCst);
        self.0.0.commit(batch)
    }

    fn barrier(&self) -> Result<(), StoreError> {
        self.0.0.barrier()
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.0.0.size_on_disk()
    }
}

fn put(engine: &dyn Engine, key: &[u8], bytes: usize) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    batch.put(key, vec![1; bytes]);
    engine.commit(batch)
}

#[test]
fn a_barrier_passes_on_and_so_does_closing() {
    let below = Below::default();
    let engine = Buffered::over(below.clone()).unwrap();
    put(&engine, b"a", 1).unwrap();
    put(&engine, b"b", 1).unwrap();
    engine.barrier().unwrap();
    assert!(below.get(b"a").unwrap().is_some() && below.get(b"b").unwrap().is_some());
    put(&engine, b"c", 1).unwrap();
    drop(engine);
    assert!(below.get(b"c").unwrap().is_some());
}

#[test]
fn what_gathers_is_bounded_and_commits_are_fewer_below() {
    let below = Below::default();
    let engine = Buffered::over(below.clone()).unwrap();
    for n in 0..1000_u32 {
        put(&engine, &n.to_be_bytes(), 2000).unwrap();
        assert!(engine.shared.lock().bytes < GATHERED_BYTES_MAX + 3000);
    }
    engine.barrier().unwrap();
    let commits = below.0.1.load(Ordering::SeqCst);
    assert!((4..=20).contains(&commits), "{commits} batches for 1000 commits");
}

#[test]
fn unpromised_commits_are_passed_on_without_a_barrier() {
    let below = Below::default();
    let engine = Buffered::over(below.clone()).unwrap();
    put(&engine, b"a", 1).unwrap();
    while below.get(b"a").unwrap().is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn a_full_disk_is_an_error_of_the_barrier_and_nothing_is_forgotten() {
    let below = Below::default();
    let engine = Buffered::over(below.clone()).unwrap();
    below.0.2.store(true, Ordering::SeqCst);
    put(&engine, b"a", GATHERED_BYTES_MAX / 20).unwrap();
    assert!(matches!(engine.barrier(), Err(StoreError::DiskFull)));
    for n in 0..19_u8 {
        put(&engine, &[b'm', n], GATHERED_BYTES_MAX / 20).unwrap();
    }
    assert!(matches!(put(&engine, b"late", 1), Err(StoreError::DiskFull)), "memory is bounded");
    assert_eq!(engine.get(b"late").unwrap(), None, "a refused commit has not happened");
    below.0.2.store(false, Ordering::SeqCst);
    engine.barrier().unwrap();
    assert!(below.get(b"a").unwrap().is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Put(u16, u8),
    Delete(u16),
    Barrier,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..400_u16, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        4 => (0..400_u16).prop_map(Step::Delete),
        1 => Just(Step::Barrier),
    ]
}

fn walk(engine: &dyn Engine, from: u16, to: u16, order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    };
    engine.scan(&from.to_be_bytes(), &to.to_be_bytes(), order, &mut visit).unwrap();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_buffered_engine_looks_like_a_plain_one(
        steps in proptest::collection::vec(step(), 0..600), from in 0..400_u16, to in 0..400_u16,
    ) {
        let plain = MemoryEngine::default();
        let buffered = Buffered::over(MemoryEngine::default()).unwrap();
        for step in steps {
            let mut batch = Batch::default();
            match step {
                Step::Put(key, value) => batch.put(key.to_be_bytes(), [value]),
                Step::Delete(key) => batch.delete(key.to_be_bytes()),
                Step::Barrier => buffered.barrier().unwrap(),
            }
            plain.commit(batch.clone()).unwrap();
            buffered.commit(batch).unwrap();
        }
        for order in [Order::Ascending, Order::Descending] {
            prop_assert_eq!(walk(&plain, from, to, order), walk(&buffered, from, to, order));
            prop_assert_eq!(walk(&plain, 0, 500, order), walk(&buffered, 0, 500, order));
        }
        for key in 0..400_u16 {
            let key = key.to_be_bytes();
            prop_assert_eq!(plain.get(&key).unwrap(), buffered.get(&key).unwrap());
        }
    }
}
