//! What must a store engine be able to do? The seam behind which sled, memory and later PostgreSQL
//! stand.
//!
//! **Invariant:** nothing here knows what the bytes mean. Every engine passes the same `suite`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::error::StoreError;

#[cfg(test)]
pub(crate) mod suite;

/// Longest key, bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// Longest value, bytes: sixteen of them (a leaf) stay under a quarter of a 4 MiB segment, beyond
/// which sled would write files of their own that it never syncs.
pub const VALUE_BYTES_MAX: usize = 32 * 1024;

/// In which order a scan walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Called with each key and value of a scan; may call the engine itself; `Break` ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Ordered bytes with atomic batches.
pub trait Engine: Send + Sync + 'static {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits the keys in `[from, to)`. Not a snapshot: a batch committed meanwhile may be seen in
    /// the part not yet walked.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;

    /// Applies the whole batch or nothing of it, also across a crash, provided that every
    /// expectation holds; otherwise [`StoreError::Conflict`]. Durable only after a later
    /// [`Engine::barrier`].
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Returns when everything committed before the call is on the disk.
    fn barrier(&self) -> Result<(), StoreError>;

    /// Bytes that the store takes on disk.
    fn size_on_disk(&self) -> Result<u64, StoreError>;

    /// Takes what is there for all there is, where the engine counts what is written.
    fn recount(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What is to be changed at once, and what must still hold for that.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    expect: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// Puts and (`None`) deletes, expecting nothing.
    pub fn of_writes(writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Self {
        Self { writes, expect: BTreeMap::new() }
    }

    /// Sets a key; the last word on a key counts.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.insert(key.into(), Some(value.into()));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.writes.insert(key.into(), None);
    }

    /// Commits only if the key still has this value (`None`: is still absent). The first
    /// expectation of a key stands: it is the oldest read.
    pub fn expect(&mut self, key: impl Into<Vec<u8>>, value: Option<Vec<u8>>) {
        self.expect.entry(key.into()).or_insert(value);
    }

    /// As [`Batch::into_writes`], to look at.
    pub fn writes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.writes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// Puts and deletes, in key order; `None` deletes.
    pub fn into_writes(self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        self.writes
    }

    /// What must still hold.
    pub fn expectations(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.expect.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// How many keys it writes.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Does it write nothing?
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Refuses keys and values over the caps; called by every engine before anything is written.
    pub fn check_sizes(&self) -> Result<(), StoreError> {
        for (key, value) in &self.writes {
            refuse_over("key", key.len(), KEY_BYTES_MAX)?;
            refuse_over("value", value.as_ref().map_or(0, Vec::len), VALUE_BYTES_MAX)?;
        }
        Ok(())
    }
}

/// [`StoreError::TooLarge`] if `bytes` is over `max`.
pub(crate) fn refuse_over(what: &'static str, bytes: usize, max: usize) -> Result<(), StoreError> {
    if bytes > max { Err(StoreError::TooLarge { what, bytes, max }) } else { Ok(()) }
}
