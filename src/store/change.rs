//! What is changed together? A change gathers records, due times, evidence and letters; the store
//! commits it as one batch, whole or not at all.
//!
//! What is read *through* a change is checked again when it is committed: if somebody else changed
//! it meanwhile the commit is a [`StoreError::Conflict`] and
//! [`Store::update`](super::Store::update) runs the change again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::accounts;
use super::codec;
use super::engine::{Batch, Engine};
use super::error::StoreError;
use super::evidence::{self, EvidenceId, Kept};
use super::keys::Key;
use super::outbox::{self, Letter, LetterState};
use super::states::{self, DueChange};

/// A record as it was read, with its stored form: a change that needs it later only compares, and does not read
/// all of it again. The default was never read.
#[derive(Clone, Debug)]
pub struct Known<T> {
    /// The record; `None` if there is none, or it was taken out.
    pub value: Option<T>,
    stored: Option<Vec<u8>>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { value: None, stored: None }
    }
}

impl<T> Known<T> {
    /// What a change has pending is stored nowhere.
    pub(super) fn pending(value: Option<T>) -> Self {
        Self { value, stored: None }
    }
}

impl<T: DeserializeOwned> Known<T> {
    /// Reads it.
    pub(super) fn read(
        engine: &dyn Engine,
        kind: &'static str,
        key: &[u8],
    ) -> Result<Self, StoreError> {
        let Some(stored) = engine.get(key)? else { return Ok(Self::default()) };
        let Some(record) = codec::whole(engine, key, &stored)? else { return Ok(Self::default()) };
        let value = codec::decode(kind, key, &record)?;
        Ok(Self { value: Some(value), stored: Some(stored) })
    }
}

/// Everything for one commit.
pub struct Change {
    pub(super) engine: Arc<dyn Engine>,
    /// Records by key; `None` removes.
    records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Values that were read and must still be so.
    reads: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(super) dues: BTreeMap<AccountId, DueChange>,
    pub(super) evidence: BTreeMap<EvidenceId, Kept>,
    pub(super) letters: BTreeMap<String, Option<Letter>>,
    pub(super) accounts: BTreeMap<AccountId, Option<Account>>,
    position: u16,
}

impl Change {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            records: BTreeMap::new(),
            reads: BTreeMap::new(),
            dues: BTreeMap::new(),
            evidence: BTreeMap::new(),
            letters: BTreeMap::new(),
            accounts: BTreeMap::new(),
            position: 0,
        }
    }

    /// Would it change nothing?
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.dues.is_empty()
            && self.evidence.is_empty()
            && self.letters.is_empty()
            && self.accounts.is_empty()
    }

    /// Sets a record.
    pub(super) fn put<T: Serialize + ?Sized>(
        &mut self,
        key: Vec<u8>,
        record: &T,
    ) -> Result<(), StoreError> {
        self.records.insert(key, Some(codec::encode(record)?));
        Ok(())
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.records.insert(key, None);
    }

    /// Reads a record as this change will leave it; what was read must still hold at the commit.
    pub(super) fn read<T: DeserializeOwned>(
        &mut self,
        kind: &'static str,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        if let Some(pending) = self.records.get(key) {
            return pending.as_ref().map(|bytes| codec::decode(kind, key, bytes)).transpose();
        }
        let Some(value) = self.value(key)? else { return Ok(None) };
        let Some(record) = codec::join(&*self.engine, key, value)? else {
            return Err(StoreError::Conflict { key: key.to_vec() });
        };
        codec::decode(kind, key, &record).map(Some)
    }

    /// Makes `known` what [`Change::read`] would give; what was read must still hold at the commit.
    pub(super) fn refresh<T: DeserializeOwned>(
        &mut self,
        kind: &'static str,
        key: &[u8],
        known: &mut Known<T>,
    ) -> Result<(), StoreError> {
        let is_whole = known.value.is_some() && !self.records.contains_key(key);
        if is_whole && self.value(key)? == known.stored {
            return Ok(());
        }
        let value = self.read(kind, key)?;
        *known = match self.records.contains_key(key) {
            true => Known::pending(value),
            false => Known { value, stored: self.reads.get(key).cloned().flatten() },
        };
        Ok(())
    }

    /// The value of a key in the engine, which must still hold at the commit.
    pub(super) fn value(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.engine.get(key)?;
        self.reads.entry(key.to_vec()).or_insert_with(|| value.clone());
        Ok(value)
    }

    /// Commits only if the key is absent.
    pub(super) fn expect_absent(&mut self, key: Vec<u8>) {
        self.reads.entry(key).or_insert(None);
    }

    /// Completes the key of a record that is only ever added: position within the change, then a
    /// hash, so that what happens at one instant keeps its order and the same event is the same
    /// key.
    pub(super) fn append<T: Serialize + ?Sized>(
        &mut self,
        key: Key,
        record: &T,
    ) -> Result<(), StoreError> {
        let bytes = codec::encode(record)?;
        let hash = freshd_core::id::stable_hash(&[&bytes]).to_be_bytes();
        let key = key.bytes(&self.position.to_be_bytes()).bytes(&hash[..4]).done();
        self.position = self.position.saturating_add(1);
        self.records.insert(key, Some(bytes));
        Ok(())
    }

    /// Is a conflict on this key one with what the caller has read (and not one of our own making)?
    pub(super) fn has_read(&self, key: &[u8]) -> bool {
        self.reads.contains_key(key)
    }

    /// The batch, against what the engine holds now, and how letters change their states by it.
    pub(super) fn expand(&self) -> Result<(Batch, Vec<LetterMove>), StoreError> {
        let mut work =
            Expansion { engine: &*self.engine, batch: Batch::default(), letters: Vec::new() };
        for (key, value) in &self.reads {
            work.batch.expect(key.clone(), value.clone());
        }
        let mut gone = BTreeSet::new();
        for (id, account) in &self.accounts {
            accounts::expand(&mut work, id, account.as_ref())?;
            if account.is_none() {
                gone.insert(id);
            }
        }
        for id in &gone {
            states::expand_dues(&mut work, id, DueChange::clear())?;
        }
        for (key, record) in &self.records {
            work.record(key, record.as_deref())?;
        }
        for (id, due) in self.dues.iter().filter(|(id, _)| !gone.contains(id)) {
            states::expand_dues(&mut work, id, *due)?;
        }
        for (id, kept) in &self.evidence {
            evidence::expand(&mut work, id, kept)?;
        }
        for (id, letter) in &self.letters {
            outbox::expand(&mut work, id, letter.as_ref())?;
        }
        Ok((work.batch, work.letters))
    }
}

/// A batch in the making: what depends on the present content of the engine is read here and
/// expected to hold.
pub(super) struct Expansion<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) batch: Batch,
    pub(super) letters: Vec<LetterMove>,
}

/// The state that a letter had, and has then; `None` if there is none.
pub(super) type LetterMove = (Option<LetterState>, Option<LetterState>);

impl Expansion<'_> {
    /// What the engine holds now, which must still hold when the batch is applied.
    pub(super) fn present(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.engine.get(key)?;
        self.batch.expect(key, value.clone());
        Ok(value)
    }

    /// Sets or removes a record of any size.
    pub(super) fn record(&mut self, key: &[u8], record: Option<&[u8]>) -> Result<(), StoreError> {
        let old = self.engine.get(key)?;
        if codec::is_parted(old.as_deref()) {
            self.batch.expect(key, old.clone());
        }
        codec::write(&mut self.batch, key, old.as_deref(), record)
    }

    /// Sets or removes a key of an index.
    pub(super) fn mark(&mut self, key: Vec<u8>, present: bool) {
        if present {
            self.batch.put(key, []);
        } else {
            self.batch.delete(key);
        }
    }

    /// Moves an entry of an index by time.
    pub(super) fn moved(
        &mut self,
        key: impl Fn(Timestamp) -> Vec<u8>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) {
        if let Some(from) = from.filter(|_| from != to) {
            self.mark(key(from), false);
        }
        if let Some(to) = to.filter(|_| from != to) {
            self.mark(key(to), true);
        }
    }
}
