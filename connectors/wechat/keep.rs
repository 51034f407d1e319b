//! What must the WeChat connector not forget, and what do all its polls share? Durable records behind a small trait,
//! and the tokens that are held meanwhile.
//!
//! **Invariant:** a record is handed to the vault before anything that depends on it is used: a refresh token that
//! was lost needs a new authorisation by the account's owner.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod quota;
mod records;

pub(crate) use quota::Allowance;
pub(crate) use records::{Authorizer, Granted, Ticket};

/// Why a record could not be read or written; English, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("durable record: {0}")]
pub struct VaultError(pub String);

/// Durable records by name, each a JSON text. The daemon's store is one; [`MemoryVault`] another.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// The record of that name, if there is one.
    fn load(&self, name: &str) -> Result<Option<String>, VaultError>;
    /// Puts a record in the place of the one of that name. Seen by every later `load`; durable only after
    /// [`Vault::durable`].
    fn put(&self, name: &str, record: &str) -> Result<(), VaultError>;
    /// The names of all records that begin so, sorted.
    fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError>;
    /// Returns when everything put so far would survive a crash.
    async fn durable(&self) -> Result<(), VaultError>;
}

/// Records that are forgotten with the process: for tests, and for commands that have no store.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Vault for MemoryVault {
    fn load(&self, name: &str) -> Result<Option<String>, VaultError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn put(&self, name: &str, record: &str) -> Result<(), VaultError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(name.to_owned(), record.to_owned());
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    async fn durable(&self) -> Result<(), VaultError> {
        Ok(())
    }
}

/// A token and the end of its life.
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) ends: Timestamp,
    /// The authorisation that it belongs to: a newer one makes it useless.
    pub(crate) made_for: Option<Timestamp>,
}

/// A place for one token; whoever holds the lock refreshes, the others wait for the result.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// What all polls of WeChat accounts share: one for the whole process, also over a reload of the configuration.
pub struct Keep {
    vault: Arc<dyn Vault>,
    slots: Mutex<HashMap<String, Slot>>,
    /// One at a time reads the list of authorisations.
    pub(crate) roster: tokio::sync::Mutex<()>,
    /// When what visitors of our pages bring about was asked for, within the last hour.
    asks: Mutex<BTreeMap<&'static str, VecDeque<Timestamp>>>,
}

impl Keep {
    /// Over these durable records.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self {
            vault,
            slots: Mutex::default(),
            roster: tokio::sync::Mutex::default(),
            asks: Mutex::default(),
        }
    }

    /// With records that are forgotten with the process.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemoryVault::default()))
    }

    /// The place of a token.
    pub(crate) fn slot(&self, name: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(name.to_owned()).or_default().clone()
    }

    /// Drops a token that the platform called stale, unless another poll has already replaced it.
    pub(crate) async fn forget(&self, name: &str, stale: &str) {
        let slot = self.slot(name);
        let mut held = slot.lock().await;
        if held.as_ref().is_some_and(|token| token.value == stale) {
            *held = None;
        }
    }

    /// May it be asked for once more within an hour? Then it is counted.
    pub(crate) fn may_ask(&self, what: &'static str, now: Timestamp, per_hour: usize) -> bool {
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asks.entry(what).or_default();
        times.retain(|at| *at <= now && now - *at < TimeDelta::hours(1));
        let may = times.len() < per_hour;
        if may {
            times.push_back(now);
        }
        may
    }

    /// The names of all records that begin so.
    pub(crate) fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        self.vault.names(prefix)
    }

    /// A record; one that cannot be understood is an error, never an absent one.
    pub(crate) fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, VaultError> {
        let Some(text) = self.vault.load(name)? else { return Ok(None) };
        let read = serde_json::from_str(&text);
        // The error's own words may quote the record, which holds secrets.
        read.map(Some).map_err(|_| VaultError(format!("{name} is not understood")))
    }

    /// Puts a record; not durable yet.
    pub(crate) fn put<T: Serialize>(&self, name: &str, record: &T) -> Result<(), VaultError> {
        let text = serde_json::to_string(record).expect("records have only JSON-able parts");
        self.vault.put(name, &text)
    }

    /// Puts a record and returns when it is durable.
    pub(crate) async fn save<T: Serialize>(
        &self,
        name: &str,
        record: &T,
    ) -> Result<(), VaultError> {
        self.put(name, record)?;
        self.vault.durable().await
    }
}

/// Our own records cannot be had: nothing of the platform.
pub(crate) fn vault_fault(error: &VaultError) -> Fault {
    let detail = format!("无法读写授权记录,暂不采集({error})");
    Fault::new(FaultScope::Local, FaultKind::Unavailable, detail)
}

#[cfg(test)]
mod tests;
