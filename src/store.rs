//! What is remembered, and when is a promise durable? The store: records of every kind over one
//! ordered engine.
//!
//! Three rules. (1) What belongs together is one [`Change`], committed as one batch: after a crash
//! it is there whole or not at all. (2) A commit is not yet a promise: only after
//! [`Store::barrier`] may the outside be told. (3) A reader who walks while others write sees each
//! record whole, but not one instant of all of them; whoever changes what he has read reads it
//! *through* the change ([`Store::update`]), which runs again on a conflict.
//!
//! **Invariant:** sled is named in `sled_engine.rs` only, `unsafe` stands in `fdatasync.rs` only,
//! and nothing here knows what a ruling is.

pub mod accounts;
pub mod audit;
pub mod backup;
pub mod buffered;
mod change;
pub mod check;
mod codec;
mod directory;
pub mod engine;
pub mod error;
pub mod evidence;
mod fdatasync;
mod group;
pub mod import;
pub mod inbox;
pub mod journal;
mod keys;
pub mod links;
pub mod memory_engine;
pub mod meta;
mod opening;
pub mod outbox;
pub mod owner;
mod pack;
mod promise;
pub mod prune;
pub mod restore;
pub mod sled_engine;
mod snapshot;
mod spare;
pub mod states;
pub mod tally;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;

pub use self::audit::Audit;
pub use self::change::{Change, Known};
pub use self::error::{ACCEPT_LOSS, Holder, Missing, StoreError};
pub use self::evidence::{EVIDENCE_BYTES_MAX, EvidenceId};
pub use self::fdatasync::syncs;
pub use self::import::LedgerChange;
pub use self::inbox::{DeadAddress, DeadHow, Received, ReceivedOutcome};
pub use self::links::StoredLink;
pub use self::outbox::{Attachment, Letter, LetterBody, LetterState};
pub use self::prune::{Pruned, Retention};
pub use self::states::{Due, Index};

use self::buffered::Buffered;
use self::engine::{Batch, Engine, Order};
use self::group::Group;
use self::memory_engine::MemoryEngine;
use self::snapshot::Snapshots;

/// Schema version of the stored forms. Raised when an older program would misread what is written.
pub const SCHEMA: u64 = 1;
/// A change that conflicts is made again at most so many times.
const UPDATE_TRIES: u32 = 32;

/// How a store on disk is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Pages kept in memory, bytes.
    pub cache_bytes: u64,
    /// Go on with what is left of a damaged store, after copying it to `quarantine/`.
    pub accept_loss: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache_bytes: sled_engine::CACHE_BYTES_DEFAULT, accept_loss: false }
    }
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Arc<dyn Engine>,
    writer: Mutex<()>,
    snapshots: Snapshots,
    group: Group,
    /// Letters by state, once somebody has asked.
    letters: Mutex<Option<BTreeMap<LetterState, u64>>>,
}

/// What a walk came across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Records visited.
    pub seen: u64,
    /// Records that cannot be understood; each has been logged.
    pub damaged: u64,
}

impl Scanned {
    /// Counts and logs a damaged record; any other error ends the walk.
    fn damaged(&mut self, error: StoreError) -> Result<bool, StoreError> {
        match error {
            StoreError::Damaged { .. } => {
                self.damaged += 1;
                tracing::error!(%error, "unreadable record in the store");
                Ok(true)
            }
            other => Err(other),
        }
    }
}

impl Store {
    /// Opens or makes the store in a directory. [`StoreError::Lost`] or [`StoreError::Corrupt`] if
    /// not all is there that was written; the directory is left as it was found then.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_through(dir, options, |engine| engine)
    }

    /// The same through an engine that stands before the one on disk, and sees every commit and barrier.
    pub fn open_through(
        dir: &Path,
        options: StoreOptions,
        before: impl FnOnce(Arc<dyn Engine>) -> Arc<dyn Engine>,
    ) -> Result<Self, StoreError> {
        Self::over(before(Arc::new(Buffered::over(opening::open(dir, options)?)?)))
    }

    /// An empty store that lives in memory only.
    pub fn open_memory() -> Self {
        Self::over(Arc::new(MemoryEngine::default()))
            .expect("an empty store in memory always opens")
    }

    /// A store over any engine: refuses one written by a newer version, and marks a new one.
    pub fn over(engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let store = Self(Arc::new(Inner {
            engine,
            writer: Mutex::new(()),
            snapshots: Snapshots::default(),
            group: Group::default(),
            letters: Mutex::default(),
        }));
        match store.meta::<u64>(meta::SCHEMA)? {
            Some(found) if found > SCHEMA => return Err(StoreError::Newer { found, ours: SCHEMA }),
            Some(_) => store.finish_import()?,
            None => {
                store.set_meta(meta::SCHEMA, &SCHEMA)?;
                store.barrier_blocking()?;
            }
        }
        Ok(store)
    }

    /// An empty change.
    pub fn change(&self) -> Change {
        Change::new(Arc::clone(&self.0.engine))
    }

    /// Commits a change as one batch. [`StoreError::Conflict`] if something that was read through
    /// it has changed. Durable only after a later [`Store::barrier`].
    pub fn commit(&self, change: Change) -> Result<(), StoreError> {
        if change.is_empty() {
            return Ok(());
        }
        for _ in 0..UPDATE_TRIES {
            let _writer = self.turn_to_write();
            let (batch, letters) = change.expand()?;
            match self.commit_in_turn(batch) {
                // Another node came between the expansion and the commit: expand again.
                Err(StoreError::Conflict { key }) if !change.has_read(&key) => {}
                Ok(()) => {
                    self.count_letters(&letters);
                    return Ok(());
                }
                failed => return failed,
            }
        }
        Err(StoreError::Conflict { key: Vec::new() })
    }

    /// Makes a change and commits it, again from the start if what it read has changed meanwhile.
    /// Returns what `make` returned when the commit succeeded.
    pub fn update<T, E: From<StoreError>>(
        &self,
        mut make: impl FnMut(&mut Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conflict = StoreError::Conflict { key: Vec::new() };
        for _ in 0..UPDATE_TRIES {
            let mut change = self.change();
            let made = make(&mut change)?;
            match self.commit(change) {
                Ok(()) => return Ok(made),
                Err(error) if error.is_conflict() => conflict = error,
                Err(error) => return Err(error.into()),
            }
        }
        Err(conflict.into())
    }

    /// Returns when everything committed before the call is on the disk. Callers at the same time
    /// share one flush.
    pub async fn barrier(&self) -> Result<(), StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.barrier_blocking())
            .await
            .unwrap_or_else(|error| Err(StoreError::Engine(error.to_string())))
    }

    /// As [`Store::barrier`], for callers outside the runtime.
    pub fn barrier_blocking(&self) -> Result<(), StoreError> {
        self.0.group.wait(|| self.0.engine.barrier())
    }

    /// Bytes that the store takes on disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.0.engine.size_on_disk()
    }

    fn engine(&self) -> &dyn Engine {
        &*self.0.engine
    }

    /// Commits a ready batch.
    fn commit_batch(&self, batch: Batch) -> Result<(), StoreError> {
        let _writer = self.turn_to_write();
        self.commit_in_turn(batch)
    }

    /// Scans with a visitor that says whether to go on.
    fn each(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.engine().scan(from, to, order, &mut |key, value| {
            Ok(if visit(key, value)? { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
    }

    /// Walks records, whole and decoded; those that cannot be understood are logged and counted.
    fn for_each_record<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        (from, to): (Vec<u8>, Vec<u8>),
        order: Order,
        mut visit: impl FnMut(&[u8], T) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        let mut scanned = Scanned::default();
        self.each(&from, &to, order, |key, value| {
            let record = match codec::whole(self.engine(), key, value) {
                Ok(Some(record)) => codec::decode(kind, key, &record),
                Ok(None) => return Ok(true),
                Err(error) => Err(error),
            };
            match record {
                Ok(record) => {
                    scanned.seen += 1;
                    visit(key, record)
                }
                Err(error) => scanned.damaged(error),
            }
        })?;
        Ok(scanned)
    }
}

#[cfg(test)]
pub(crate) mod tests;
