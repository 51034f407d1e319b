//! What did the newest looks at one question answer, and do two of them confirm each other?

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Looks kept per question (state of the account, one download source, one interaction sign).
pub const LOOKS_MAX: usize = 12;
/// Two looks that confirm each other lie at least this far apart.
pub const CONFIRM_APART_MIN: i64 = 60;

/// The newest answers to one question, each with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Looks<T>(Vec<(Timestamp, T)>);

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + Ord> Looks<T> {
    /// Adds a look; keeps the newest [`LOOKS_MAX`].
    pub fn add(&mut self, at: Timestamp, answer: T) {
        let look = (at, answer);
        if let Err(place) = self.0.binary_search(&look) {
            self.0.insert(place, look);
            if self.0.len() > LOOKS_MAX {
                self.0.remove(0);
            }
        }
    }

    /// The newest look made by `now`: who judges of the past does not know what came after.
    pub fn newest(&self, now: Timestamp) -> Option<&(Timestamp, T)> {
        self.made_by(now).next_back()
    }

    /// Looks made by `now`, oldest first.
    fn made_by(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &(Timestamp, T)> {
        self.0.iter().filter(move |(at, _)| *at <= now)
    }

    /// Withdraws looks since then that gave this answer.
    pub fn withdraw(&mut self, since: Timestamp, wrong: impl Fn(&T) -> bool) {
        self.0.retain(|(at, answer)| *at < since || !wrong(answer));
    }

    /// Forgets looks later than `latest`; were there any?
    pub fn forget_after(&mut self, latest: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|(at, _)| *at <= latest);
        self.0.len() < before
    }

    /// All looks kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(Timestamp, T)> {
        self.0.iter()
    }

    /// The newest look made by `now`, if it says `wanted` and an older one at least [`CONFIRM_APART_MIN`] minutes before
    /// agrees with no dissent between.
    pub fn confirmed(&self, now: Timestamp, wanted: impl Fn(&T) -> bool) -> Option<Timestamp> {
        let (newest, answer) = self.newest(now)?;
        if !wanted(answer) {
            return None;
        }
        let run = self.made_by(now).rev().take_while(|(_, held)| wanted(held));
        let first = run.last().map_or(*newest, |(at, _)| *at);
        (*newest - first >= TimeDelta::minutes(CONFIRM_APART_MIN)).then_some(*newest)
    }

    /// From when on a second look would confirm `wanted`, which the newest look made by `now` says and no older one yet.
    pub fn unconfirmed(&self, now: Timestamp, wanted: impl Fn(&T) -> bool) -> Option<Timestamp> {
        let waits = self.newest(now).is_some_and(|(_, answer)| wanted(answer))
            && self.confirmed(now, &wanted).is_none();
        let first = self.made_by(now).rev().take_while(|(_, held)| wanted(held)).last();
        first.filter(|_| waits).map(|(at, _)| *at + TimeDelta::minutes(CONFIRM_APART_MIN))
    }
}
