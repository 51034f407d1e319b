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
        let from =
            Key::of(kind::LETTER_QUEUE).time(now + chrono::TimeDelta::milliseconds(1)).done();
        let mut ids = Vec::new();
        self.each(&from, &to, Order::Ascending, |index, _| {
            ids.push(read_index(index)?.1);
            Ok(true)
        })?;
        let mut waiting = Vec::new();
        for id in ids {
            let letter = self.letter(&id)?;
            waiting.extend(letter.filter(Letter::waits).map(|it| (it.to.to_lowercase(), it.id)));
        }
        Ok(waiting)
    }

    /// Letters that have waited and are due at `now`, not tried yet.
    pub fn waited_letters(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let (from, _) = span(kind::LETTER_QUEUE);
        let to = Key::of(kind::LETTER_QUEUE).time(now + chrono::TimeDelta::milliseconds(1)).done();
        let mut ids = Vec::new();
        self.each(&from, &to, Order::Ascending, |index, _| {
            ids.push(read_index(index)?.1);
            Ok(true)
        })?;
        let mut waited = Vec::new();
        for id in ids {
            let waits = self.letter(&id)?.is_some_and(|letter| letter.waits());
            waited.extend(waits.then_some(id));
        }
        Ok(waited)
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
