//! What happened to an account, and when? Its journal: observations applied, rulings changed,
//! letters sent, a person's word.

use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, Reader, kind, under};
use super::{Scanned, Store};

impl Change {
    /// Adds an event to the account's journal. Events of one change keep their order.
    pub fn journal<E: Serialize + ?Sized>(
        &mut self,
        id: &AccountId,
        at: Timestamp,
        event: &E,
    ) -> Result<(), StoreError> {
        self.append(Key::of(kind::JOURNAL).text(id.as_str()).time(at), event)
    }
}

impl Store {
    /// Visits the account's events, newest first, beginning with those before `before` (`None`:
    /// with the last); `false` ends the walk. Events that cannot be read are logged and counted,
    /// and do not end it.
    pub fn journal<E: DeserializeOwned>(
        &self,
        id: &AccountId,
        before: Option<Timestamp>,
        mut visit: impl FnMut(Timestamp, E) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        let account = Key::of(kind::JOURNAL).text(id.as_str());
        let (from, end) = under(&account.clone().done());
        let to = before.map_or(end, |before| account.time(before).done());
        self.for_each_record("journal", (from, to), Order::Descending, |key, event| {
            visit(time_of(key)?, event)
        })
    }

    /// The account's last `limit` events, newest first.
    pub fn last_events<E: DeserializeOwned>(
        &self,
        id: &AccountId,
        limit: usize,
    ) -> Result<Vec<(Timestamp, E)>, StoreError> {
        let mut events = Vec::new();
        if limit > 0 {
            self.journal(id, None, |at, event| {
                events.push((at, event));
                Ok(events.len() < limit)
            })?;
        }
        Ok(events)
    }
}

/// When the event of this key happened.
pub(super) fn time_of(key: &[u8]) -> Result<Timestamp, StoreError> {
    let mut reader = Reader::behind_kind(key);
    reader
        .text()
        .and_then(|_| reader.time())
        .ok_or_else(|| StoreError::damaged("journal", key, "键不完整"))
}
