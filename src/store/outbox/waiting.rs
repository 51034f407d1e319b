//! Which letters still wait for sending hours, and which one took them in?

use freshd_core::Timestamp;

use super::{Letter, LetterState, read_index};
use crate::store::Store;
use crate::store::engine::Order;
use crate::store::error::StoreError;
use crate::store::keys::{Key, kind, span};

/// So many times a letter can be taken in by another, and that one again.
const MERGED_MAX: usize = 1000;

impl Letter {
    /// Is it queued and was never tried, so that another letter can still take it in?
    pub fn waits(&self) -> bool {
        self.state == LetterState::Queued && self.attempts == 0 && !self.tells.is_empty()
    }
}

impl Store {
    /// Letters that wait for a time after `now` and were not tried yet: address in small letters and id, the earliest first.
    pub fn waiting_letters(&self, now: Timestamp) -> Result<Vec<(String, String)>, StoreError> {
        let (_, to) = span(kind::LETTER_QUEUE);
        let waiting = self.waiting_in(&after(now), &to)?;
        Ok(waiting.into_iter().map(|letter| (letter.to.to_lowercase(), letter.id)).collect())
    }

    /// Letters that have waited and are due at `now`, not tried yet.
    pub fn waited_letters(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let (from, _) = span(kind::LETTER_QUEUE);
        let waited = self.waiting_in(&from, &after(now))?;
        Ok(waited.into_iter().map(|letter| letter.id).collect())
    }

    fn waiting_in(&self, from: &[u8], to: &[u8]) -> Result<Vec<Letter>, StoreError> {
        let mut ids = Vec::new();
        self.each(from, to, Order::Ascending, |index, _| {
            ids.push(read_index(index)?.1);
            Ok(true)
        })?;
        let letters = ids.iter().map(|id| self.letter(id));
        let waits = |letter: &Result<Option<Letter>, StoreError>| {
            letter.as_ref().map_or(true, |letter| letter.as_ref().is_some_and(Letter::waits))
        };
        letters.filter(waits).filter_map(Result::transpose).collect()
    }

    /// The letter, or the one that took it in.
    pub fn letter_as_sent(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        let mut found = self.letter(id)?;
        // A letter is taken in by a later one; whatever a damaged record says, this comes to an end.
        for _ in 0..MERGED_MAX {
            let into = found.as_ref().and_then(|letter| letter.merged_into.clone());
            let Some(into) = into else { break };
            found = self.letter(&into)?;
        }
        Ok(found)
    }
}

/// The first key of the queue after `now`.
fn after(now: Timestamp) -> Vec<u8> {
    Key::of(kind::LETTER_QUEUE).time(now + chrono::TimeDelta::milliseconds(1)).done()
}
