//! When may a connector be asked again without being rude? Slots per minute, counted in the clock's own time.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use freshd_connectors::Courtesy;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;

/// Hands out slots so that no connector starts more polls in any minute than its courtesy allows.
#[derive(Debug, Default)]
pub struct Slots {
    limits: BTreeMap<String, Courtesy>,
    /// Starts and slots kept, by connector.
    started: BTreeMap<String, Vec<Timestamp>>,
    reserved: HashMap<AccountId, Timestamp>,
}

impl Slots {
    /// With the limits of each connector (0 = none).
    pub fn new(limits: BTreeMap<String, Courtesy>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Other limits from now on; what was started counts against them.
    pub fn set_limits(&mut self, limits: BTreeMap<String, Courtesy>) {
        self.limits = limits;
    }

    /// Another limit of one connector from now on: it said so itself.
    pub fn set_limit(&mut self, connector: &str, limit: Courtesy) {
        if self.limits.get(connector) != Some(&limit) {
            self.limits.insert(connector.to_owned(), limit);
        }
    }

    /// May this account's poll start now? Otherwise the slot that is kept for it.
    pub fn claim<'a>(
        &mut self,
        account: &AccountId,
        connectors: impl Iterator<Item = &'a str> + Clone,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        if let Some(slot) = self.reserved.get(account).copied() {
            if slot > now {
                return Err(slot);
            }
            self.reserved.remove(account);
            self.give_back(connectors.clone(), slot);
            if connectors.clone().all(|name| self.fits(name, now)) {
                self.take(connectors, now);
                return Ok(());
            }
        }
        let slot = connectors.clone().map(|name| self.next_slot(name, now)).max().unwrap_or(now);
        self.take(connectors, slot);
        if slot > now {
            self.reserved.insert(account.clone(), slot);
            return Err(slot);
        }
        Ok(())
    }

    fn take<'a>(&mut self, connectors: impl Iterator<Item = &'a str>, slot: Timestamp) {
        for name in connectors {
            if self.limits.get(name).is_some_and(|limit| limit.per_minute > 0) {
                self.started.entry(name.to_owned()).or_default().push(slot);
            }
        }
    }

    /// Does a start now keep every minute that it lies in within the limit?
    fn fits(&self, connector: &str, now: Timestamp) -> bool {
        let per_minute = self.limits.get(connector).map_or(0, |limit| limit.per_minute as usize);
        let Some(started) = self.started.get(connector).filter(|_| per_minute > 0) else {
            return true;
        };
        let minute = TimeDelta::minutes(1);
        let near = started.iter().filter(|at| **at > now - minute && **at < now + minute);
        let near: Vec<Timestamp> = near.copied().collect();
        let begins = near.iter().copied().filter(|at| *at <= now).chain([now]);
        let within = |begin: Timestamp| {
            near.iter().filter(|at| **at >= begin && **at < begin + minute).count()
        };
        begins.map(within).max().unwrap_or(0) < per_minute
    }

    /// A slot whose time has come is asked for once more: when a loop comes late, after a pause of the machine, the
    /// slots of many minutes have come at once.
    fn give_back<'a>(&mut self, connectors: impl Iterator<Item = &'a str>, slot: Timestamp) {
        for name in connectors {
            if let Some(started) = self.started.get_mut(name)
                && let Some(at) = started.iter().position(|held| *held == slot)
            {
                started.remove(at);
            }
        }
    }

    /// The first instant at which one more poll keeps every minute within the limit.
    fn next_slot(&mut self, connector: &str, now: Timestamp) -> Timestamp {
        let per_minute = self.limits.get(connector).map_or(0, |limit| limit.per_minute as usize);
        let Some(started) = self.started.get_mut(connector).filter(|_| per_minute > 0) else {
            return now;
        };
        started.sort_unstable();
        let old = started.partition_point(|at| *at <= now - TimeDelta::minutes(1));
        started.drain(..old);
        match started.len().checked_sub(per_minute) {
            None => now,
            Some(index) => {
                // At most `per_minute` lie after this one: a minute later there is room.
                let after = started[index] + TimeDelta::minutes(1);
                after.max(started.last().copied().unwrap_or(now).min(after)).max(now)
            }
        }
    }
}

#[cfg(test)]
mod tests;
