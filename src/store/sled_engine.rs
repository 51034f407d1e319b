//! How are the bytes kept by sled 0.34.7? The only file that names it, with five safeguards against
//! what it does not do by itself: set half-written snapshots aside, really sync, keep values small,
//! sync its files after opening, bound its cache.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::directory::{self, Hold};
use super::engine::{Batch, Engine, Order, Visit};
use super::error::StoreError;
use super::fdatasync::syncs;
use super::spare::Spare;

#[cfg(test)]
mod tests;

/// Size of a segment, bytes; fixed when the store is made. A leaf of sixteen capped values fits a
/// quarter of it.
const SEGMENT_BYTES: usize = 4 << 20;
/// Cache when nothing is said, bytes. sled's own default is 1 GiB.
pub const CACHE_BYTES_DEFAULT: u64 = 32 << 20;
/// Unpromised data reaches the disk at the latest after so many milliseconds.
const FLUSH_EVERY_MS: u64 = 1000;
/// A thread of ours that still lets go of a store just closed is given so many turns.
const RELEASE_TURNS: u32 = 100_000;

/// A sled store in a directory.
pub struct SledEngine {
    db: sled::Db,
    writer: Mutex<()>,
    opening: Opening,
    // Last, so that the store is closed before others may take it.
    _hold: Hold,
}

/// What opening had to do.
#[derive(Debug, Default)]
pub struct Opening {
    /// Files that were moved out of the way.
    pub set_aside: Vec<PathBuf>,
    /// Files and directories that were synced afterwards.
    pub synced: Vec<PathBuf>,
}

impl SledEngine {
    /// Opens or makes the store in `dir`, holding at most `cache_bytes` of pages in memory. What
    /// sled cannot read of its log it has dropped then, silently.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        Self::open_revocable(dir, cache_bytes).map(|(engine, _)| engine)
    }

    /// As [`SledEngine::open`], with what it takes to undo it ([`undo`]). An opening that fails
    /// for damage has been undone.
    pub(super) fn open_revocable(
        dir: &Path,
        cache_bytes: u64,
    ) -> Result<(Self, Option<Spare>), StoreError> {
        directory::create(dir)?;
        let hold = directory::hold(dir)?;
        wait_for_release(dir)?;
        let spare = Spare::make(dir)?;
        match Self::open_held(dir, cache_bytes, hold) {
            Ok(engine) => Ok((engine, spare)),
            Err(error) => {
                if matches!(error, StoreError::Corrupt { .. }) {
                    undo(dir, spare)?;
                }
                Err(error)
            }
        }
    }

    fn open_held(dir: &Path, cache_bytes: u64, hold: Hold) -> Result<Self, StoreError> {
        // A kill while sled opens leaves a snapshot that it takes for a whole one ever after.
        let set_aside = directory::set_aside(dir, |name| name.ends_with(".generating"))?;
        let mut opening = Opening { set_aside, synced: Vec::new() };
        // A kill during the very first opening leaves a torn `conf` before there is any data.
        if std::fs::metadata(dir.join("db")).map_or(0, |db| db.len()) == 0 {
            opening.set_aside.extend(directory::set_aside(dir, |name| name == "conf")?);
        }
        let db = match open_caught(dir, cache_bytes) {
            Err(Refusal::Corrupt(detail)) => {
                let dir_text = dir.display();
                tracing::error!(dir = %dir_text, detail, "store corrupt; setting snapshots aside");
                let snapshots = directory::set_aside(dir, |name| name.starts_with("snap."))?;
                opening.set_aside.extend(snapshots);
                wait_for_release(dir)?;
                open_caught(dir, cache_bytes)
            }
            other => other,
        }
        .map_err(|refusal| refusal.into_error(dir))?;
        for path in &opening.set_aside {
            tracing::warn!(file = %path.display(), "set aside before opening the store");
        }
        opening.synced = directory::sync_all(dir)?;
        Ok(Self { db, writer: Mutex::new(()), opening, _hold: hold })
    }

    /// What opening had to do.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }
}

/// Leaves the directory as it was before an opening. The engine must have been dropped.
pub(super) fn undo(dir: &Path, spare: Option<Spare>) -> Result<(), StoreError> {
    let _hold = directory::hold(dir)?;
    wait_for_release(dir)?;
    Ok(spare.map_or(Ok(()), Spare::put_back)?)
}

/// The settings of every store.
fn config(dir: &Path, cache_bytes: u64) -> sled::Config {
    sled::Config::new()
        .path(dir)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
}

/// Waits for threads of this process that still hold the file of a store just closed. Other
/// processes cannot: they would hold the store as such.
fn wait_for_release(dir: &Path) -> Result<(), StoreError> {
    for _ in 0..RELEASE_TURNS {
        if !directory::is_locked(&dir.join("db"))? {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err(StoreError::Held { path: dir.to_owned(), by: None })
}

enum Refusal {
    Corrupt(String),
    Other(StoreError),
}

impl Refusal {
    fn into_error(self, dir: &Path) -> StoreError {
        match self {
            Self::Corrupt(detail) => StoreError::Corrupt { path: dir.to_owned(), detail },
            Self::Other(error) => error,
        }
    }
}

/// Opens; a panic inside sled (its answer to some torn files) is a refusal like any other.
fn open_caught(dir: &Path, cache_bytes: u64) -> Result<sled::Db, Refusal> {
    match catch_unwind(AssertUnwindSafe(|| config(dir, cache_bytes).open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(error @ (sled::Error::Corruption { .. } | sled::Error::ReportableBug(_)))) => {
            Err(Refusal::Corrupt(error.to_string()))
        }
        Ok(Err(error)) => Err(Refusal::Other(error.into())),
        Err(_) => Err(Refusal::Corrupt("数据文件结构异常".to_owned())),
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            other => Self::Engine(other.to_string()),
        }
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get(key)?.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let mut range = self.db.range(from..to);
        while let Some(entry) = match order {
            Order::Ascending => range.next(),
            Order::Descending => range.next_back(),
        } {
            let (key, value) = entry?;
            if let ControlFlow::Break(()) = visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check_sizes()?;
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, expected) in batch.expectations() {
            if self.db.get(key)?.as_deref() != expected {
                return Err(StoreError::Conflict { key: key.to_vec() });
            }
        }
        let mut writes = sled::Batch::default();
        for (key, value) in batch.into_writes() {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        Ok(self.db.apply_batch(writes)?)
    }

    fn barrier(&self) -> Result<(), StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the barrier itself, with the sync made real"
        )]
        let bytes = self.db.flush()?;
        // Were the call not replaced (another linker, another platform's sled), every promise would
        // be hollow. Whether it is is settled when the program is linked, so one counted sync of the
        // process proves it; the sync that made these bytes stable may have begun before this call.
        if cfg!(target_os = "linux") && bytes > 0 && syncs() == 0 {
            return Err(StoreError::NotDurable);
        }
        Ok(())
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.db.size_on_disk()?)
    }
}
