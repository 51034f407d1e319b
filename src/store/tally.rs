//! Is everything still there that was written? Every batch carries a tally of all records, and what
//! a barrier has promised is written down beside the store; opening compares both with what it finds.
//!
//! The engine below repairs a damaged log by dropping what it cannot read, wherever that is, and
//! says nothing. The tally (a count and a sum of hashes for each kind) is part of each batch, so a
//! record that is missing, old or altered makes the sums differ; the generation in the file of
//! promises, never ahead of what is durable, shows a log that merely ends too early.
//!
//! **Invariant:** nothing is repaired here, and nothing here knows what the records mean.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::{Batch, Engine, Order, Visit};
use super::error::{Missing, StoreError};
use super::keys::kind;
use super::promise::Promise;

/// Key of the tally.
pub(super) const KEY: &[u8] = &[kind::TALLY];
/// First byte of a tally.
const VERSION: u8 = 1;
/// Kinds of more records than this are compared by no opening, only counted on: reading them would take it seconds and
/// hundreds of megabytes. A log that ends too early is noticed all the same.
pub const COMPARED_MAX: u64 = 50_000;

/// How many records of one kind there are, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    records: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_add(1);
        self.hashes = self.hashes.wrapping_add(hash(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_sub(1);
        self.hashes = self.hashes.wrapping_sub(hash(key, value));
    }
}

/// All sums after some batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Batches written so far.
    generation: u64,
    kinds: BTreeMap<u8, Sum>,
}

impl Tally {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.generation.to_be_bytes());
        for (kind, sum) in &self.kinds {
            bytes.push(*kind);
            bytes.extend(sum.records.to_be_bytes());
            bytes.extend(sum.hashes.to_be_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes);
        let read = || {
            let (&VERSION, rest) = bytes.split_first()? else { return None };
            let (generation, rest) = rest.split_at_checked(8)?;
            let mut tally = Self { generation: number(generation)?, ..Self::default() };
            for sum in rest.chunks(17) {
                let (&kind, rest) = sum.split_first()?;
                let (records, hashes) = rest.split_at_checked(8)?;
                let sum = Sum { records: number(records)?, hashes: number(hashes)? };
                tally.kinds.insert(kind, sum);
            }
            Some(tally)
        };
        read().ok_or_else(|| StoreError::damaged("tally", KEY, "清点记录的格式不对"))
    }

    fn sum(&self, kind: u8) -> Sum {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }
}

/// Multiplies and folds eight bytes at a time: against damage, not against malice.
fn hash(key: &[u8], value: &[u8]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64 ^ key.len() as u64;
    for chunk in key.chunks(8).chain(value.chunks(8)) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mixed = u128::from(hash ^ u64::from_le_bytes(word)) * 0xa076_1d64_78bd_642f;
        hash = (mixed as u64 ^ (mixed >> 64) as u64).wrapping_add(chunk.len() as u64);
    }
    hash
}

/// Counts records on a walk, to be compared with what was counted when they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Count(BTreeMap<u8, Sum>);

impl Count {
    /// One more record.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0.entry(key.first().copied().unwrap_or_default()).or_default().add(key, value);
    }

    /// How many there were of each kind.
    pub(super) fn records(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().map(|(kind, sum)| (*kind, sum.records))
    }

    /// What differs from the stored tally, if anything.
    pub(super) fn against(&self, stored: &[u8]) -> Result<Option<Missing>, StoreError> {
        let written = Tally::decode(stored)?;
        let found = Tally { generation: written.generation, kinds: self.0.clone() };
        Ok(Some(missing(&written, &found)).filter(|missing| !missing.kinds.is_empty()))
    }
}

/// An engine that keeps the tally of another.
pub struct Tallied<E> {
    below: E,
    tally: Mutex<Tally>,
    promise: Promise,
}

/// What comparing found, with the engine handed back so that it can be closed in order.
pub struct Refused<E> {
    /// The engine, unchanged.
    pub below: E,
    /// What is missing, or why it cannot be read.
    pub why: Why,
}

/// Why a store is not taken up.
pub enum Why {
    /// Less, or other, than was written.
    Missing(Missing),
    /// It cannot be read at all.
    Unreadable(StoreError),
}

impl<E: Engine> Tallied<E> {
    /// Compares what is there with what was written and promised, then goes on counting. A store
    /// without a tally is taken as it is, if nothing was promised of it.
    pub fn over(below: E, promise: Promise) -> Result<Self, Refused<E>> {
        match compare(&below, promise.promised()) {
            Ok(tally) => {
                if is_promise_lost(&tally, &promise) {
                    tracing::warn!(
                        file = super::promise::FILE,
                        generation = tally.generation,
                        "the file of promises is missing or empty; it is made anew. A loss at the end of the \
                         log before this opening would not have been noticed"
                    );
                }
                Self::from(below, promise, tally)
            }
            Err(why) => Err(Refused { below, why }),
        }
    }

    /// Takes what is there for all there is.
    pub fn accepting(below: E, promise: Promise) -> Result<Self, Refused<E>> {
        let accepted = stored(&below).and_then(|stored| {
            let found = count(&below, &Tally::default())?;
            let written = stored.map_or(0, |stored| stored.generation);
            let tally = Tally { generation: written.max(promise.promised()) + 1, ..found };
            let mut batch = Batch::default();
            batch.put(KEY, tally.encode());
            below.commit(batch)?;
            below.barrier()?;
            Ok(tally)
        });
        match accepted {
            Ok(tally) => Self::from(below, promise, tally),
            Err(error) => Err(Refused { below, why: Why::Unreadable(error) }),
        }
    }

    fn from(below: E, promise: Promise, tally: Tally) -> Result<Self, Refused<E>> {
        match promise.raise(tally.generation) {
            Ok(()) => Ok(Self { below, tally: Mutex::new(tally), promise }),
            Err(error) => Err(Refused { below, why: Why::Unreadable(error) }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every opening promises what it found: a store that has counted and was promised nothing has lost the file.
fn is_promise_lost(tally: &Tally, promise: &Promise) -> bool {
    tally.generation > 0 && promise.promised() == 0
}

/// The tally in the store.
fn stored(below: &impl Engine) -> Result<Option<Tally>, StoreError> {
    below.get(KEY)?.map(|bytes| Tally::decode(&bytes)).transpose()
}

/// The tally of what is there; kinds too large to be compared as `written` says.
fn count(below: &impl Engine, written: &Tally) -> Result<Tally, StoreError> {
    let mut found = Tally { generation: written.generation, ..Tally::default() };
    for kind in (0..u8::MAX).filter(|kind| *kind != KEY[0]) {
        let mut sum = Sum::default();
        if written.sum(kind).records > COMPARED_MAX {
            sum = written.sum(kind);
        } else {
            below.scan(&[kind], &[kind + 1], Order::Ascending, &mut |key, value| {
                sum.add(key, value);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        if sum != Sum::default() {
            found.kinds.insert(kind, sum);
        }
    }
    Ok(found)
}

fn compare(below: &impl Engine, promised: u64) -> Result<Tally, Why> {
    let Some(written) = stored(below).map_err(Why::Unreadable)? else {
        let found = count(below, &Tally::default()).map_err(Why::Unreadable)?;
        return if promised > 0 {
            Err(Why::Missing(Missing { batches: promised, ..missing(&Tally::default(), &found) }))
        } else {
            Ok(found)
        };
    };
    let found = count(below, &written).map_err(Why::Unreadable)?;
    let written = Tally {
        kinds: written.kinds.into_iter().filter(|(_, sum)| *sum != Sum::default()).collect(),
        ..written
    };
    let batches = promised.saturating_sub(written.generation);
    if found.kinds == written.kinds && batches == 0 {
        return Ok(written);
    }
    Err(Why::Missing(Missing { batches, ..missing(&written, &found) }))
}

fn missing(written: &Tally, found: &Tally) -> Missing {
    let mut missing = Missing::default();
    let kinds: std::collections::BTreeSet<&u8> =
        written.kinds.keys().chain(found.kinds.keys()).collect();
    for kind in kinds {
        let (should, is) = (written.sum(*kind), found.sum(*kind));
        if should != is {
            missing.kinds.push((*kind, should.records, is.records));
        }
    }
    missing.accounts = found.sum(kind::ACCOUNT).records;
    missing
}

impl<E: Engine> Engine for Tallied<E> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.below.scan(from, to, order, visit)
    }

    fn commit(&self, mut batch: Batch) -> Result<(), StoreError> {
        let mut tally = self.lock();
        let mut next = tally.clone();
        next.generation += 1;
        for (key, value) in batch.writes() {
            let sum = next.kinds.entry(key.first().copied().unwrap_or_default()).or_default();
            if let Some(old) = self.below.get(key)? {
                sum.take(key, &old);
            }
            if let Some(new) = value {
                sum.add(key, new);
            }
        }
        batch.put(KEY, next.encode());
        self.below.commit(batch)?;
        *tally = next;
        Ok(())
    }

    fn barrier(&self) -> Result<(), StoreError> {
        // Read before: what is committed meanwhile may not be durable yet.
        let generation = self.lock().generation;
        self.below.barrier()?;
        self.promise.raise(generation)
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.below.size_on_disk()
    }

    fn recount(&self) -> Result<(), StoreError> {
        let mut tally = self.lock();
        // Without sums of its own to go by it counts every kind.
        let found = count(&self.below, &Tally::default())?;
        let next = Tally { generation: tally.generation + 1, ..found };
        let mut batch = Batch::default();
        batch.put(KEY, next.encode());
        self.below.commit(batch)?;
        *tally = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
