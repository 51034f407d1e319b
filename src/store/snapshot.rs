//! How is the whole store read as of one instant while others go on writing? A walk in slices; what is about to be
//! changed in the part not yet walked is kept as it was.
//!
//! **Invariant:** every write comes through [`Store::commit_in_turn`], in the writer's turn.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Store;
use super::engine::{Batch, Order};
use super::error::StoreError;
use super::tally;

#[cfg(test)]
mod tests;

/// Records that one slice holds at most; writers wait for so long.
const SLICE_RECORDS_MAX: usize = 512;
/// A slice ends when it holds so many bytes.
const SLICE_BYTES_MAX: usize = 1 << 20;
/// When so much has been kept for a walk, writers wait until it has moved on, bytes.
const BEFORE_BYTES_MAX: usize = 32 << 20;
/// Behind every key.
const END: &[u8] = &[0xff];

/// Keys with their values, in order.
pub(super) type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The walks under way.
#[derive(Default)]
pub(super) struct Snapshots {
    under_way: Mutex<UnderWay>,
    moved: Condvar,
}

#[derive(Default)]
struct UnderWay {
    last: u64,
    walks: BTreeMap<u64, Walk>,
}

/// How far a walk has come, and what has been changed since in front of it.
struct Walk {
    next: Vec<u8>,
    before: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Snapshots {
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(key: &[u8], value: Option<&Vec<u8>>) -> usize {
    key.len() + value.map_or(0, Vec::len)
}

impl Store {
    /// The writer's turn; waits while a walk has more kept for it than it may.
    pub(super) fn turn_to_write(&self) -> MutexGuard<'_, ()> {
        let snapshots = &self.0.snapshots;
        let is_full = |held: &mut UnderWay| {
            held.walks.values().any(|walk: &Walk| walk.bytes > BEFORE_BYTES_MAX)
        };
        drop(
            snapshots
                .moved
                .wait_while(snapshots.lock(), is_full)
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits a batch; the caller has the writer's turn.
    pub(super) fn commit_in_turn(&self, batch: Batch) -> Result<(), StoreError> {
        let mut held = self.0.snapshots.lock();
        for walk in held.walks.values_mut() {
            for (key, _) in batch.writes().filter(|(key, _)| *key >= walk.next.as_slice()) {
                if !walk.before.contains_key(key) {
                    let value = self.engine().get(key)?;
                    walk.bytes += size(key, value.as_ref());
                    walk.before.insert(key.to_vec(), value);
                }
            }
        }
        drop(held);
        self.engine().commit(batch)
    }

    /// The store as of now, for one walk from its first key to its last. The tally is that of this instant.
    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let _writer = self.turn_to_write();
        self.engine().barrier()?;
        let tally = self.engine().get(tally::KEY)?;
        let mut held = self.0.snapshots.lock();
        held.last += 1;
        let id = held.last;
        let walk = Walk { next: Vec::new(), before: BTreeMap::new(), bytes: 0 };
        held.walks.insert(id, walk);
        drop(held);
        Ok(Snapshot { store: self.clone(), id, tally, ended: false })
    }
}

/// A walk; writers are free of it when it is dropped.
pub(super) struct Snapshot {
    store: Store,
    id: u64,
    /// The tally as it was stored at the snapshot's instant, if the engine keeps one.
    pub(super) tally: Option<Vec<u8>>,
    ended: bool,
}

impl Snapshot {
    /// The next records; `None` at the end. The tally is not among them.
    pub(super) fn slice(&mut self) -> Result<Option<Entries>, StoreError> {
        while !self.ended {
            let slice = self.cut()?;
            if !slice.is_empty() {
                return Ok(Some(slice));
            }
        }
        Ok(None)
    }

    fn cut(&mut self) -> Result<Entries, StoreError> {
        let inner = &self.store.0;
        let _writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = inner.snapshots.lock();
        let walk = held.walks.get_mut(&self.id).expect("a walk is there until it is dropped");
        let (mut slice, mut bytes, mut last) = (Entries::new(), 0, None);
        inner.engine.scan(&walk.next, END, Order::Ascending, &mut |key, value| {
            slice.insert(key.to_vec(), value.to_vec());
            bytes += key.len() + value.len();
            if slice.len() < SLICE_RECORDS_MAX && bytes < SLICE_BYTES_MAX {
                return Ok(ControlFlow::Continue(()));
            }
            last = Some(key.to_vec());
            Ok(ControlFlow::Break(()))
        })?;
        self.ended = last.is_none();
        let next = last.map_or_else(
            || END.to_vec(),
            |mut last| {
                last.push(0);
                last
            },
        );
        let ahead = walk.before.split_off(&next);
        for (key, value) in std::mem::replace(&mut walk.before, ahead) {
            walk.bytes -= size(&key, value.as_ref());
            match value {
                Some(value) => slice.insert(key, value),
                None => slice.remove(&key),
            };
        }
        walk.next = next;
        slice.remove(tally::KEY);
        drop(held);
        inner.snapshots.moved.notify_all();
        Ok(slice)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.store.0.snapshots.lock().walks.remove(&self.id);
        self.store.0.snapshots.moved.notify_all();
    }
}
