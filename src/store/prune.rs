//! What has been kept long enough? Retention, in slices: no call holds the store up.

use freshd_core::Timestamp;

use super::engine::{Batch, Order};
use super::error::StoreError;
use super::keys::{Key, Reader, kind, span, under};
use super::links::StoredLink;
use super::{Store, codec, evidence, outbox};

/// At most so many keys of each kind are looked at in one call (and, for journals, so many
/// accounts).
const SLICE: usize = 2000;

/// How long things are kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events in the journals.
    pub journal_days: u32,
    /// Evidence, from the last reference to it.
    pub evidence_days: u32,
    /// Letters that are final, from their writing.
    pub letters_days: u32,
    /// Checks of addresses, from the last menu that held them.
    pub links_days: u32,
}

/// What one call removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events.
    pub journal: usize,
    /// Pieces of evidence.
    pub evidence: usize,
    /// Letters.
    pub letters: usize,
    /// Checks of addresses.
    pub links: usize,
    /// The slices did not reach the end: call again soon.
    pub more: bool,
}

/// Where a walk through a kind was left.
const JOURNAL_CURSOR: &str = "prune.journal";
const LETTERS_CURSOR: &str = "prune.letters";
const LINKS_CURSOR: &str = "prune.links";

impl Store {
    /// Removes one slice of what has been kept long enough at `now`.
    pub fn prune(&self, now: Timestamp, retention: &Retention) -> Result<Pruned, StoreError> {
        let before = |days: u32| now - chrono::TimeDelta::days(i64::from(days));
        let mut pruned = Pruned::default();
        self.prune_journal(before(retention.journal_days), &mut pruned)?;
        self.prune_evidence(before(retention.evidence_days), &mut pruned)?;
        self.prune_letters(before(retention.letters_days), &mut pruned)?;
        self.prune_links(before(retention.links_days), &mut pruned)?;
        pruned.more |= self.prune_received(before(retention.letters_days), SLICE)? == SLICE;
        Ok(pruned)
    }

    /// Goes from account to account: within each, old events come first.
    fn prune_journal(&self, before: Timestamp, pruned: &mut Pruned) -> Result<(), StoreError> {
        let (from, to) = span(kind::JOURNAL);
        let mut from = self.cursor(JOURNAL_CURSOR)?.unwrap_or(from);
        let mut change = self.change();
        let (mut accounts, mut removed) = (0, 0);
        let finished = loop {
            if accounts >= SLICE || removed >= SLICE {
                break false;
            }
            let mut first = None;
            self.each(&from, &to, Order::Ascending, |key, _| {
                first = Some(key.to_vec());
                Ok(false)
            })?;
            let Some(first) = first else { break true };
            accounts += 1;
            let id = Reader::behind_kind(&first).text();
            let id = id.ok_or_else(|| StoreError::damaged("journal", &first, "键不完整"))?;
            let account = Key::of(kind::JOURNAL).text(&id);
            from = under(&account.clone().done()).1;
            self.each(&first, &account.time(before).done(), Order::Ascending, |key, _| {
                change.remove(key.to_vec());
                removed += 1;
                if removed < SLICE {
                    return Ok(true);
                }
                from = key.to_vec();
                Ok(false)
            })?;
        };
        pruned.journal = removed;
        pruned.more |= !finished;
        self.keep_cursor(&mut change, JOURNAL_CURSOR, (!finished).then_some(from))?;
        self.commit(change)
    }

    fn prune_evidence(&self, before: Timestamp, pruned: &mut Pruned) -> Result<(), StoreError> {
        let (from, _) = span(kind::EVIDENCE_TIME);
        let to = Key::of(kind::EVIDENCE_TIME).time(before).done();
        let mut old = Vec::new();
        self.each(&from, &to, Order::Ascending, |key, _| {
            let entry = evidence::read_time_key(key);
            old.push(entry.ok_or_else(|| StoreError::damaged("evidence", key, "键不完整"))?);
            Ok(old.len() < SLICE)
        })?;
        // One piece at a time: each may have many chunks, and a new reference to one must not hold
        // up the rest.
        for (at, id) in &old {
            let mut batch = Batch::default();
            evidence::remove(self, &mut batch, *at, *id)?;
            match self.commit_batch(batch) {
                Ok(()) => pruned.evidence += 1,
                Err(error) if error.is_conflict() => pruned.more = true,
                Err(error) => return Err(error),
            }
        }
        pruned.more |= old.len() == SLICE;
        Ok(())
    }

    fn prune_letters(&self, before: Timestamp, pruned: &mut Pruned) -> Result<(), StoreError> {
        let from = self.cursor(LETTERS_CURSOR)?.unwrap_or(span(kind::LETTER_TIME).0);
        let to = Key::of(kind::LETTER_TIME).time(before).done();
        let (mut looked, mut last, mut removed) = (0, None, 0);
        let mut change = self.change();
        self.each(&from, &to, Order::Ascending, |key, _| {
            let (_, id) = outbox::read_index(key)?;
            if change.letter(&id)?.is_some_and(|letter| letter.state.is_final()) {
                change.delete_letter(&id);
                removed += 1;
            }
            looked += 1;
            last = Some(key.to_vec());
            Ok(looked < SLICE)
        })?;
        let cursor = last.filter(|_| looked == SLICE);
        pruned.more |= cursor.is_some();
        self.keep_cursor(&mut change, LETTERS_CURSOR, cursor)?;
        pruned.letters = removed;
        self.commit(change)
    }

    fn prune_links(&self, before: Timestamp, pruned: &mut Pruned) -> Result<(), StoreError> {
        let (from, to) = span(kind::LINK);
        let from = self.cursor(LINKS_CURSOR)?.unwrap_or(from);
        let (mut looked, mut last, mut removed) = (0, None, 0);
        let mut change = self.change();
        self.each(&from, &to, Order::Ascending, |key, value| {
            let old = |link: &StoredLink| link.needed_at < before;
            let seen = codec::whole(self.engine(), key, value)?;
            let seen = seen.map(|record| codec::decode("link", key, &record)).transpose()?;
            if seen.is_some_and(|link| old(&link))
                && change.read::<StoredLink>("link", key)?.is_some_and(|link| old(&link))
            {
                change.remove(key.to_vec());
                removed += 1;
            }
            looked += 1;
            last = Some(key.to_vec());
            Ok(looked < SLICE)
        })?;
        let cursor = last.filter(|_| looked == SLICE);
        pruned.more |= cursor.is_some();
        self.keep_cursor(&mut change, LINKS_CURSOR, cursor)?;
        pruned.links = removed;
        self.commit(change)
    }

    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.meta(name)
    }

    fn keep_cursor(
        &self,
        change: &mut super::Change,
        name: &str,
        cursor: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        match cursor {
            Some(cursor) => change.put_meta(name, &cursor),
            None if self.cursor(name)?.is_some() => {
                change.delete_meta(name);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
