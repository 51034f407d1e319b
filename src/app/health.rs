//! Is the machine fit for work? The clock against what it showed before, and the room left on the disk.
//!
//! Both are faults of Local scope: everything waits that could do harm. A wrong clock mails every owner and claims
//! coverage that nobody saw, so polls and letters wait; a full disk stops polls and leaves the last room to letters.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::rfc3339;

use crate::store::meta::LAST_SEEN_CLOCK;
use crate::store::{Store, StoreError};

/// The clock may stand so far before the highest time ever seen.
pub const BACK_MAX: TimeDelta = TimeDelta::minutes(5);
/// The clock may move on so far between two looks, which are seconds apart.
pub const AHEAD_MAX: TimeDelta = TimeDelta::hours(24);
/// A clock that stands back and runs on steadily for so long is believed: the higher time was the wrong one.
pub const BACK_BELIEVED_AFTER: TimeDelta = TimeDelta::hours(24);
/// Below so many free bytes nothing is claimed for polling any more.
pub const FREE_BYTES_MIN: u64 = 64 << 20;
/// The highest time is written down once in this time.
const WRITE_EVERY: TimeDelta = TimeDelta::minutes(2);

/// What the clock does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// It stands before a time that was seen already.
    Back {
        /// The highest time ever seen.
        highest: Timestamp,
        /// Since when, by this clock.
        since: Timestamp,
    },
    /// It went ahead by more than [`AHEAD_MAX`] between two looks.
    Ahead {
        /// The last time that was believed.
        from: Timestamp,
    },
}

impl ClockFault {
    /// In words, for operators.
    pub fn words(self) -> String {
        match self {
            Self::Back { highest, .. } => format!(
                "系统时钟早于曾经到过的时间({}),采集和发信已暂停,请检查对时;时钟恢复后自动继续",
                rfc3339(highest)
            ),
            Self::Ahead { from } => format!(
                "系统时钟从 {} 突然前跳一天以上,采集和发信已暂停,请检查对时;时钟恢复后自动继续,若现在的时间属实,\
                 请重启守护程序",
                rfc3339(from)
            ),
        }
    }
}

/// Looks at the clock at every tick of every loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockWatch {
    highest: Option<Timestamp>,
    last: Option<Timestamp>,
    fault: Option<ClockFault>,
}

impl ClockWatch {
    /// Knows the highest time that was written down.
    pub fn new(highest: Option<Timestamp>) -> Self {
        Self { highest, ..Self::default() }
    }

    /// What is wrong with the clock now, if anything.
    pub fn look(&mut self, now: Timestamp) -> Option<ClockFault> {
        let fault = self.judge(now);
        self.last = Some(now);
        if fault.is_none() {
            self.highest = self.highest.max(Some(now));
        }
        self.fault = fault;
        fault
    }

    fn judge(&mut self, now: Timestamp) -> Option<ClockFault> {
        if let Some(ClockFault::Ahead { from }) = self.fault
            && now - from > AHEAD_MAX
        {
            return self.fault;
        }
        if let Some(last) = self.last
            && self.fault.is_none()
            && now - last > AHEAD_MAX
        {
            return Some(ClockFault::Ahead { from: last });
        }
        let highest = self.highest.filter(|highest| *highest - now > BACK_MAX)?;
        let since = match self.fault {
            // It went back once more: the steady run begins anew.
            Some(ClockFault::Back { since, .. }) if since <= now => since,
            _ => now,
        };
        if now - since >= BACK_BELIEVED_AFTER {
            self.highest = Some(now);
            return None;
        }
        Some(ClockFault::Back { highest, since })
    }
}

/// What of the machine is watched. Shared by the loops, the pages and the commands.
#[derive(Debug, Default)]
pub struct Health(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    watch: ClockWatch,
    written: Option<Timestamp>,
    free_bytes: Option<u64>,
    low_since: Option<Timestamp>,
}

impl Health {
    /// Takes up the highest time of an earlier run. Before any loop starts.
    pub fn recall(&self, store: &Store) -> Result<(), StoreError> {
        self.held().watch = ClockWatch::new(store.meta(LAST_SEEN_CLOCK)?);
        Ok(())
    }

    /// Looks at the clock; logs when it becomes wrong and when it is right again.
    pub fn look(&self, now: Timestamp) -> Option<ClockFault> {
        let mut held = self.held();
        let before = held.watch.fault;
        let fault = held.watch.look(now);
        match (before, fault) {
            (None, Some(fault)) => {
                tracing::error!(scope = "local", now = rfc3339(now), "{}", fault.words());
            }
            (Some(_), None) => tracing::warn!(now = rfc3339(now), "the clock is plausible again"),
            _ => {}
        }
        fault
    }

    /// What was wrong with the clock at the last look.
    pub fn clock_fault(&self) -> Option<ClockFault> {
        self.held().watch.fault
    }

    /// Writes the highest time down, now and then.
    pub fn remember(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let mut held = self.held();
        let recent = held.written.is_some_and(|at| at <= now && now - at < WRITE_EVERY);
        let Some(highest) = held.watch.highest.filter(|_| !recent && held.watch.fault.is_none())
        else {
            return Ok(());
        };
        store.set_meta(LAST_SEEN_CLOCK, &highest)?;
        held.written = Some(now);
        Ok(())
    }

    /// Measures the room left in a directory; what cannot be measured is no fault.
    pub fn measure_disk(&self, dir: &Path, now: Timestamp) {
        self.note_free(fs2::available_space(dir).ok(), now);
    }

    /// So many bytes are free.
    pub fn note_free(&self, bytes: Option<u64>, now: Timestamp) {
        let mut held = self.held();
        let was_full = is_low(held.free_bytes);
        held.free_bytes = bytes;
        held.low_since = is_low(bytes).then(|| held.low_since.unwrap_or(now));
        match (was_full, is_low(bytes)) {
            (false, true) => tracing::error!(
                scope = "local",
                free_bytes = bytes,
                "the disk of the store is nearly full; polling stops, letters go on"
            ),
            (true, false) => tracing::warn!(free_bytes = bytes, "there is room on the disk again"),
            _ => {}
        }
    }

    /// Since when there has been too little room to go on polling; `None` while there is enough.
    pub fn disk_low_since(&self) -> Option<Timestamp> {
        self.held().low_since
    }

    /// Everything that is wrong, in words; `Ok` when nothing is.
    pub fn check(&self) -> Result<(), String> {
        let held = self.held();
        let mut wrong = Vec::new();
        if let Some(fault) = held.watch.fault {
            wrong.push(fault.words());
        }
        if let Some(free) = held.free_bytes.filter(|_| is_low(held.free_bytes)) {
            let (free, least) = (free >> 20, FREE_BYTES_MIN >> 20);
            wrong.push(format!(
                "degraded:存储所在的磁盘只剩 {free} MiB(少于 {least} MiB),已停止采集,信件照发"
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join(";")) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_low(bytes: Option<u64>) -> bool {
    bytes.is_some_and(|bytes| bytes < FREE_BYTES_MIN)
}

#[cfg(test)]
mod tests;
