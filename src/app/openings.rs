//! How many links may one login or letter have opened? Beyond that they wait, so that nobody uses up for all others what a
//! site lets us ask.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;

/// Links of one letter in an hour.
pub(super) const PER_LETTER: usize = 30;
/// Links of one token in an hour: more than a team looks at in a day.
pub(super) const PER_TOKEN: usize = 600;
/// Letters and tokens remembered at once.
const HELD_MAX: usize = 4096;

/// What was opened within the hour, by whom; lost with the process.
#[derive(Debug, Default)]
pub(crate) struct Openings(Mutex<BTreeMap<String, VecDeque<Timestamp>>>);

impl Openings {
    /// Takes a turn. The error says in Chinese that there is none.
    pub(super) fn turn(&self, who: &str, most: usize, now: Timestamp) -> Result<(), String> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Timestamp| *at <= now && now - *at < TimeDelta::hours(1);
        if held.len() >= HELD_MAX && !held.contains_key(who) {
            held.retain(|_, times| times.back().is_some_and(recent));
        }
        let full = held.len() >= HELD_MAX && !held.contains_key(who);
        let times = held.entry(who.to_owned()).or_default();
        times.retain(recent);
        if full || times.len() >= most {
            if times.is_empty() {
                held.remove(who);
            }
            return Err(format!("一小时内最多打开 {most} 个链接,已经用完;请过一小时再提交"));
        }
        times.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
