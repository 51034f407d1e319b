//! What do we know of an account, and when is it due? Its state, and the indexes of due times.
//!
//! The due times are a small record of their own (`01`, poll, notify; eight sortable bytes each,
//! zeros for none), so that a claim moves them without touching the state, and so that an index can
//! never hold two entries of an account.

use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::{Change, Expansion, Known};
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, Reader, from_sortable, kind, of_account, sortable, span, timed};
use super::{Scanned, Store, codec};

/// First byte of a record of due times.
const DUE_VERSION: u8 = 1;

/// The indexes of due accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// When to poll next.
    Poll,
    /// When to decide about a letter next.
    Notify,
    /// When to look at the links of its menu next.
    Links,
}

impl Index {
    fn kind(self) -> u8 {
        match self {
            Self::Poll => kind::POLL_DUE,
            Self::Notify => kind::NOTIFY_DUE,
            Self::Links => kind::LINKS_DUE,
        }
    }
}

/// When an account is due; `None` = not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// For a poll.
    pub poll: Option<Timestamp>,
    /// For a decision about a letter.
    pub notify: Option<Timestamp>,
}

/// Which due times are to be changed: the outer `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DueChange {
    poll: Option<Option<Timestamp>>,
    notify: Option<Option<Timestamp>>,
    links: Option<Option<Timestamp>>,
}

impl DueChange {
    /// Due for nothing any more.
    pub(super) fn clear() -> Self {
        Self { poll: Some(None), notify: Some(None), links: Some(None) }
    }
}

impl Change {
    /// Sets an account's state and both its due times.
    pub fn put_state<S: Serialize>(
        &mut self,
        id: &AccountId,
        state: &S,
        due: Due,
    ) -> Result<(), StoreError> {
        self.set_poll_due(id, due.poll);
        self.set_notify_due(id, due.notify);
        self.put(of_account(kind::STATE, id), state)
    }

    /// Sets an account's state and when a letter about it is decided next; a poll's claim stays as it is.
    pub fn put_state_told<S: Serialize>(
        &mut self,
        id: &AccountId,
        state: &S,
        notify: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.set_notify_due(id, notify);
        self.put(of_account(kind::STATE, id), state)
    }

    /// Reads an account's state; the commit conflicts if it changes meanwhile.
    pub fn state<S: DeserializeOwned>(&mut self, id: &AccountId) -> Result<Option<S>, StoreError> {
        self.read("state", &of_account(kind::STATE, id))
    }

    /// As [`Change::state`], reading again only what has changed.
    pub fn refresh_state<S: DeserializeOwned>(
        &mut self,
        id: &AccountId,
        known: &mut Known<S>,
    ) -> Result<(), StoreError> {
        self.refresh("state", &of_account(kind::STATE, id), known)
    }

    /// Reads when the account is due in the store; the commit conflicts if that changes meanwhile.
    pub fn due_of(&mut self, id: &AccountId) -> Result<Due, StoreError> {
        let key = of_account(kind::DUE, id);
        read_due(&key, self.value(&key)?.as_deref())
    }

    /// Sets when the account is polled next; `None` = not at all.
    pub fn set_poll_due(&mut self, id: &AccountId, at: Option<Timestamp>) {
        self.dues.entry(id.clone()).or_default().poll = Some(at);
    }

    /// Sets when a letter about the account is decided next; `None` = not at all.
    pub fn set_notify_due(&mut self, id: &AccountId, at: Option<Timestamp>) {
        self.dues.entry(id.clone()).or_default().notify = Some(at);
    }

    /// Reads when the account's links are looked at next; the commit conflicts if that changes meanwhile.
    pub fn links_due_of(&mut self, id: &AccountId) -> Result<Option<Timestamp>, StoreError> {
        let key = of_account(kind::LINKS_TURN, id);
        read_turn(&key, self.value(&key)?.as_deref())
    }

    /// Sets when the account's links are looked at next; `None` = not at all.
    pub fn set_links_due(&mut self, id: &AccountId, at: Option<Timestamp>) {
        self.dues.entry(id.clone()).or_default().links = Some(at);
    }
}

impl Store {
    /// An account's state.
    pub fn state<S: DeserializeOwned>(&self, id: &AccountId) -> Result<Option<S>, StoreError> {
        codec::read(self.engine(), "state", &of_account(kind::STATE, id))
    }

    /// An account's state, for a later [`Change::refresh_state`].
    pub fn known_state<S: DeserializeOwned>(&self, id: &AccountId) -> Result<Known<S>, StoreError> {
        Known::read(self.engine(), "state", &of_account(kind::STATE, id))
    }

    /// Visits every state in the order of ids; `false` ends the walk. States that cannot be read
    /// are logged and counted, and do not end it.
    pub fn for_each_state<S: DeserializeOwned>(
        &self,
        visit: impl FnMut(AccountId, S) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        self.for_each_state_after(None, visit)
    }

    /// The same, beginning behind an account: a long walk in slices.
    pub fn for_each_state_after<S: DeserializeOwned>(
        &self,
        after: Option<&AccountId>,
        mut visit: impl FnMut(AccountId, S) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        let (mut from, to) = span(kind::STATE);
        if let Some(after) = after {
            from = of_account(kind::STATE, after);
            from.push(0);
        }
        self.for_each_record("state", (from, to), Order::Ascending, |key, state| {
            let id = Reader::behind_kind(key).text();
            visit(AccountId::new(id.ok_or_else(|| key_is_cut(key))?), state)
        })
    }

    /// When the account is due.
    pub fn due_of(&self, id: &AccountId) -> Result<Due, StoreError> {
        let key = of_account(kind::DUE, id);
        read_due(&key, self.engine().get(&key)?.as_deref())
    }

    /// Accounts due at `now`, longest due first, at most `limit`.
    pub fn due(
        &self,
        index: Index,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, AccountId)>, StoreError> {
        let (from, _) = span(index.kind());
        // Everything at `now` itself is due, too.
        let to = Key::of(index.kind()).time(now + chrono::TimeDelta::milliseconds(1)).done();
        let mut found = Vec::new();
        if limit > 0 {
            self.each(&from, &to, Order::Ascending, |key, _| {
                found.push(read_timed(key)?);
                Ok(found.len() < limit)
            })?;
        }
        Ok(found)
    }

    /// Accounts due later than `after`, the furthest first, at most `limit`.
    pub fn due_beyond(
        &self,
        index: Index,
        after: Timestamp,
        limit: usize,
    ) -> Result<Vec<AccountId>, StoreError> {
        let (_, to) = span(index.kind());
        let from = Key::of(index.kind()).time(after + chrono::TimeDelta::milliseconds(1)).done();
        let mut found = Vec::new();
        if limit > 0 {
            self.each(&from, &to, Order::Descending, |key, _| {
                found.push(read_timed(key)?.1);
                Ok(found.len() < limit)
            })?;
        }
        Ok(found)
    }

    /// When the next account is due, which may be in the past.
    pub fn next_due(&self, index: Index) -> Result<Option<Timestamp>, StoreError> {
        let (from, to) = span(index.kind());
        let mut next = None;
        self.each(&from, &to, Order::Ascending, |key, _| {
            next = Some(read_timed(key)?.0);
            Ok(false)
        })?;
        Ok(next)
    }

    /// Claims up to `limit` due accounts: moves each one's due time to `until` before it is worked
    /// on, so that a crash or a bad record cannot bring it up again at once. Durable with the next
    /// barrier; a claim that is lost is only made again.
    pub fn claim_due(
        &self,
        index: Index,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.update(|change| {
            let mut claimed = Vec::new();
            for (_, id) in self.due(index, now, limit)? {
                let at = match index {
                    Index::Poll => change.due_of(&id)?.poll,
                    Index::Notify => change.due_of(&id)?.notify,
                    Index::Links => change.links_due_of(&id)?,
                };
                if at.is_none_or(|at| at > now) {
                    continue;
                }
                match index {
                    Index::Poll => change.set_poll_due(&id, Some(until)),
                    Index::Notify => change.set_notify_due(&id, Some(until)),
                    Index::Links => change.set_links_due(&id, Some(until)),
                }
                claimed.push(id);
            }
            Ok(claimed)
        })
    }
}

pub(super) fn read_timed(key: &[u8]) -> Result<(Timestamp, AccountId), StoreError> {
    let mut reader = Reader::behind_kind(key);
    let (at, id) = (reader.time(), reader.text());
    at.zip(id).map(|(at, id)| (at, AccountId::new(id))).ok_or_else(|| key_is_cut(key))
}

fn key_is_cut(key: &[u8]) -> StoreError {
    StoreError::damaged("state", key, "键不完整")
}

fn write_due(due: Due) -> Vec<u8> {
    let bytes = |at: Option<Timestamp>| at.map_or([0; 8], sortable);
    [&[DUE_VERSION][..], &bytes(due.poll), &bytes(due.notify)].concat()
}

pub(super) fn read_due(key: &[u8], value: Option<&[u8]>) -> Result<Due, StoreError> {
    let Some(value) = value else { return Ok(Due::default()) };
    let time = |bytes: &[u8; 8]| if *bytes == [0; 8] { None } else { from_sortable(*bytes) };
    match value.split_first() {
        Some((&DUE_VERSION, times)) if times.len() == 16 => {
            let (poll, rest) = times.split_first_chunk::<8>().expect("sixteen bytes hold eight");
            let notify = rest.first_chunk::<8>().expect("eight are left");
            Ok(Due { poll: time(poll), notify: time(notify) })
        }
        _ => Err(StoreError::damaged("due", key, "格式不符")),
    }
}

/// Writes the due times and moves their entries in the indexes.
pub(super) fn expand_dues(
    work: &mut Expansion<'_>,
    id: &AccountId,
    change: DueChange,
) -> Result<(), StoreError> {
    if let Some(links) = change.links {
        expand_turn(work, id, links)?;
    }
    if change.poll.is_none() && change.notify.is_none() {
        return Ok(());
    }
    let key = of_account(kind::DUE, id);
    let old = read_due(&key, work.present(&key)?.as_deref())?;
    let to_millis = |at: Timestamp| from_sortable(sortable(at)).unwrap_or(at);
    let new = Due {
        poll: change.poll.unwrap_or(old.poll).map(to_millis),
        notify: change.notify.unwrap_or(old.notify).map(to_millis),
    };
    if new == old {
        return Ok(());
    }
    work.moved(|at| timed(kind::POLL_DUE, at, id.as_str()), old.poll, new.poll);
    work.moved(|at| timed(kind::NOTIFY_DUE, at, id.as_str()), old.notify, new.notify);
    if new == Due::default() {
        work.batch.delete(key);
    } else {
        work.batch.put(key, write_due(new));
    }
    Ok(())
}

/// The turn of an account's links is a record of its own: older versions do not know it, and pass it by.
fn expand_turn(
    work: &mut Expansion<'_>,
    id: &AccountId,
    turn: Option<Timestamp>,
) -> Result<(), StoreError> {
    let key = of_account(kind::LINKS_TURN, id);
    let old = read_turn(&key, work.present(&key)?.as_deref())?;
    let new = turn.and_then(|at| from_sortable(sortable(at)));
    if new == old {
        return Ok(());
    }
    work.moved(|at| timed(kind::LINKS_DUE, at, id.as_str()), old, new);
    match new {
        Some(at) => work.batch.put(key, sortable(at)),
        None => work.batch.delete(key),
    }
    Ok(())
}

pub(super) fn read_turn(key: &[u8], value: Option<&[u8]>) -> Result<Option<Timestamp>, StoreError> {
    let Some(value) = value else { return Ok(None) };
    let bytes = <[u8; 8]>::try_from(value);
    let bytes = bytes.map_err(|_| StoreError::damaged("links due", key, "格式不符"))?;
    Ok(from_sortable(bytes))
}

#[cfg(test)]
mod tests;
