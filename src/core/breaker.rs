//! Who has to wait when many fail alike? Pauses per platform and credential, and promotion of account faults.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fault::{Fault, FaultKind, Retry};
use crate::id::AccountId;
use crate::schedule::{capped_wish, wish_after};

mod alike;

pub use alike::{Alike, Belief};

/// Different accounts that must fail, with no success between, before their platform or credential is paused.
pub const TRIP_ACCOUNTS: usize = 3;
/// Different accounts with the same account-scope fault within [`PROMOTE_WINDOW_H`] that may make it a platform fault,
/// if they are half of all that answered.
pub const PROMOTE_ACCOUNTS: usize = 5;
/// The window of promotion, hours.
pub const PROMOTE_WINDOW_H: i64 = 48;
/// First pause; doubles with each further trip up to [`PAUSE_MAX_MIN`].
pub const PAUSE_MIN: i64 = 5;
/// Longest pause that is our own idea, minutes.
pub const PAUSE_MAX_MIN: i64 = 60;

/// A set of accounts that waits together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// All accounts of a connector.
    Connector(String),
    /// The accounts on one credential of a connector.
    Credential(String, String),
}

#[derive(Clone, Debug, Default)]
struct Standing {
    failed: BTreeSet<AccountId>,
    since: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    /// The part of it that the server asked for.
    wished_until: Option<Timestamp>,
    trips: u32,
    last: Option<Fault>,
    seen: Option<Timestamp>,
}

/// A pause in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// Who waits.
    pub group: Group,
    /// Until when.
    pub until: Timestamp,
    /// Since when it has been failing.
    pub since: Timestamp,
    /// The newest fault.
    pub fault: Fault,
    /// Accounts that failed since the last success.
    pub accounts: usize,
}

/// A group that has failed with no success since.
#[derive(Clone, Debug, PartialEq)]
pub struct Failing {
    /// Which.
    pub group: Group,
    /// Since when.
    pub since: Timestamp,
    /// Until when it waits or waited; `None` = it has not been paused yet.
    pub paused_until: Option<Timestamp>,
    /// The newest fault.
    pub fault: Fault,
    /// When that was.
    pub seen: Timestamp,
    /// Accounts that failed since the last success.
    pub accounts: usize,
}

/// A server's wish that stands: it outlives the process that heard it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Who waits.
    pub group: Group,
    /// Until when.
    pub until: Timestamp,
    /// Since when it has been failing.
    pub since: Timestamp,
    /// What the server said.
    pub fault: Fault,
}

/// Which groups wait, and which account faults are really the platform's.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    groups: BTreeMap<Group, Standing>,
    alike: BTreeMap<String, Alike>,
}

impl Breaker {
    /// An answer came: the group works. It may have been asked for before the server said how long to wait, so
    /// that wish stands.
    pub fn success(&mut self, group: &Group) {
        let Some(held) = self.groups.remove(group) else { return };
        if let Some(until) = held.wished_until {
            let wished = Standing {
                since: held.since,
                paused_until: Some(until),
                wished_until: Some(until),
                last: held.last,
                ..Standing::default()
            };
            self.groups.insert(group.clone(), wished);
        }
    }

    /// A fault came. An explicit wish of the server stops the group at once; any other stops it after
    /// [`TRIP_ACCOUNTS`] different accounts with no success between.
    pub fn fault(&mut self, group: &Group, account: &AccountId, fault: &Fault, now: Timestamp) {
        let standing = self.groups.entry(group.clone()).or_default();
        if standing.failed.is_empty() {
            // A wish that outlived a success, or its process, says nothing of how long it fails now.
            standing.since = Some(now);
        }
        standing.failed.insert(account.clone());
        standing.last = Some(fault.clone());
        standing.seen = standing.seen.max(Some(now));
        let wish = match (fault.kind, fault.retry) {
            (FaultKind::RateLimited, Retry::After(seconds)) => Some(wish_after(now, seconds).0),
            (FaultKind::RateLimited, Retry::At(at)) => Some(capped_wish(now, at).0),
            _ => None,
        };
        if let Some(until) = wish {
            standing.paused_until = standing.paused_until.max(Some(until));
            standing.wished_until = standing.wished_until.max(Some(until));
        } else if standing.failed.len() >= TRIP_ACCOUNTS
            && standing.paused_until.is_none_or(|until| until <= now)
        {
            let minutes = (PAUSE_MIN << standing.trips.min(6)).min(PAUSE_MAX_MIN);
            standing.trips += 1;
            standing.paused_until = Some(now + TimeDelta::minutes(minutes));
        }
    }

    /// Until when the group waits, if it does.
    pub fn paused_until(&self, group: &Group, now: Timestamp) -> Option<Timestamp> {
        self.groups.get(group)?.paused_until.filter(|until| *until > now)
    }

    /// Until when the server itself wants the group to wait: holds for a person in a hurry, too.
    pub fn wished_until(&self, group: &Group, now: Timestamp) -> Option<Timestamp> {
        self.groups.get(group)?.wished_until.filter(|until| *until > now)
    }

    /// The servers' wishes in force, to be kept.
    pub fn wishes(&self, now: Timestamp) -> Vec<Wish> {
        let of = |(group, standing): (&Group, &Standing)| {
            Some(Wish {
                group: group.clone(),
                until: standing.wished_until.filter(|until| *until > now)?,
                since: standing.since?,
                fault: standing.last.clone()?,
            })
        };
        self.groups.iter().filter_map(of).collect()
    }

    /// Takes up wishes that an earlier process kept.
    pub fn restore(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            let standing = self.groups.entry(wish.group).or_default();
            standing.since = standing.since.or(Some(wish.since));
            standing.wished_until = standing.wished_until.max(Some(wish.until));
            standing.paused_until = standing.paused_until.max(Some(wish.until));
            standing.last.get_or_insert(wish.fault);
        }
    }

    /// All pauses in force: for the operators.
    pub fn pauses(&self, now: Timestamp) -> Vec<Pause> {
        self.groups
            .iter()
            .filter_map(|(group, standing)| {
                Some(Pause {
                    group: group.clone(),
                    until: standing.paused_until.filter(|until| *until > now)?,
                    since: standing.since?,
                    fault: standing.last.clone()?,
                    accounts: standing.failed.len(),
                })
            })
            .collect()
    }

    /// All that fail with no success since, also between two pauses: for the operators.
    pub fn failing(&self) -> Vec<Failing> {
        self.groups
            .iter()
            .filter(|(_, standing)| !standing.failed.is_empty())
            .filter_map(|(group, standing)| {
                Some(Failing {
                    group: group.clone(),
                    since: standing.since?,
                    paused_until: standing.paused_until,
                    fault: standing.last.clone()?,
                    seen: standing.seen.or(standing.since)?,
                    accounts: standing.failed.len(),
                })
            })
            .collect()
    }

    /// Notes that the account is there, by the platform's own answer. `among`: those it is compared with, a connector's
    /// accounts.
    pub fn answered(&mut self, among: &str, account: &AccountId, now: Timestamp) {
        self.alike.entry(among.to_owned()).or_default().answered(account, now);
    }

    /// Notes that the platform says of an account that it has ended, and says whether to believe it: where it is said of
    /// half of all it is one platform fault, not many findings; a few dead accounts among many are findings.
    pub fn ended(
        &mut self,
        among: &str,
        account: &AccountId,
        kind: FaultKind,
        now: Timestamp,
    ) -> Belief {
        self.alike.entry(among.to_owned()).or_default().ended(account, kind, now)
    }

    /// What was answered lately, to be kept.
    pub fn alike(&self) -> &BTreeMap<String, Alike> {
        &self.alike
    }

    /// Takes up what an earlier process kept.
    pub fn restore_alike(&mut self, alike: BTreeMap<String, Alike>) {
        self.alike = alike;
    }
}

#[cfg(test)]
mod tests;
