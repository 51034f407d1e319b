//! May this letter leave now? So many in a minute, and so many to one domain.

use std::collections::{HashMap, VecDeque};

use chrono::TimeDelta;
use freshd_core::Timestamp;

/// Letters that left within the last minute, in all and by domain of the recipient. Kept by the process: a restart begins anew.
#[derive(Debug, Default)]
pub(super) struct Ceiling {
    all: Line,
    domains: HashMap<String, Line>,
}

/// Letters in a minute; 0 = any number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In all.
    pub(super) all: u32,
    /// To one domain.
    pub(super) domain: u32,
}

#[derive(Debug, Default)]
struct Line {
    left: VecDeque<Timestamp>,
    /// The last place that was given to a letter which had to wait.
    given: Option<Timestamp>,
}

impl Ceiling {
    /// Lets a letter leave at `now`, and counts it; or says when its turn is. Turns lie apart as the ceiling wants, so a thousand that wait
    /// do not all come back at once.
    pub(super) fn ask(
        &mut self,
        domain: &str,
        now: Timestamp,
        limits: Limits,
    ) -> Result<(), Timestamp> {
        self.domains.retain(|_, line| !line.is_over(now));
        let line = self.domains.entry(domain.to_lowercase()).or_default();
        line.turn(now, limits.domain)?;
        self.all.turn(now, limits.all)?;
        line.left.push_back(now);
        self.all.left.push_back(now);
        Ok(())
    }
}

impl Line {
    fn turn(&mut self, now: Timestamp, limit: u32) -> Result<(), Timestamp> {
        let minute = TimeDelta::minutes(1);
        // A clock that went back leaves entries ahead of it: they do not count.
        self.left.retain(|at| *at > now - minute && *at <= now);
        let limit = i64::from(limit);
        if limit == 0 || (self.left.len() as i64) < limit {
            return Ok(());
        }
        let opens = self.left.front().map_or(now, |oldest| *oldest + minute);
        let apart = TimeDelta::milliseconds(60_000 / limit);
        let place = self.given.map_or(opens, |last| opens.max(last + apart));
        let place = place.min(opens + TimeDelta::hours(1));
        self.given = Some(place);
        Err(place)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let minute = TimeDelta::minutes(1);
        let quiet = self.left.back().is_none_or(|at| *at + minute < now);
        quiet && self.given.is_none_or(|at| at < now)
    }
}

#[cfg(test)]
mod tests;
