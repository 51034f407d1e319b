//! How often was an interface of an account asked today, and may it be asked once more? Counted per Beijing day,
//! before the call, so that a call that was cut off counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Keep, VaultError};

/// The counts of one account and day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Quota {
    /// The Beijing day; the platform is taken to begin its count there.
    day: Option<NaiveDate>,
    /// Calls of each interface.
    used: BTreeMap<String, u32>,
    /// What the platform itself said that the day allows, where it was asked.
    limits: BTreeMap<String, u32>,
    /// Interfaces that are used up, by the platform's word (45009) or by its figures.
    spent: BTreeSet<String>,
}

/// May the interface be asked?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Yes, and the call is counted.
    Yes,
    /// So many calls are as many as a new account has; ask the platform before going on.
    Reached(u32),
    /// It is used up today.
    Spent,
}

impl Quota {
    fn on(self, day: NaiveDate) -> Self {
        if self.day == Some(day) { self } else { Self { day: Some(day), ..Self::default() } }
    }

    /// Counts a call, if it may be made. `per_day` is the documented allowance of a new account.
    fn take(&mut self, path: &str, per_day: Option<u32>) -> Allowance {
        if self.spent.contains(path) {
            return Allowance::Spent;
        }
        let limit = self.limits.get(path).copied().or(per_day);
        let used = self.used.entry(path.to_owned()).or_default();
        if limit.is_some_and(|limit| *used >= limit) {
            return Allowance::Reached(*used);
        }
        *used = used.saturating_add(1);
        Allowance::Yes
    }

    /// The platform's own figures: what remains is counted from what we have used.
    fn learn(&mut self, path: &str, remain: u32) {
        let used = self.used.get(path).copied().unwrap_or_default();
        if remain == 0 {
            self.spent.insert(path.to_owned());
        } else {
            self.limits.insert(path.to_owned(), used.saturating_add(remain));
        }
    }
}

impl Keep {
    fn counted<T>(
        &self,
        appid: &str,
        day: NaiveDate,
        change: impl FnOnce(&mut Quota) -> T,
    ) -> Result<T, VaultError> {
        let name = format!("wechat.quota.{appid}");
        let held: Quota = self.load(&name)?.unwrap_or_default();
        let mut quota = held.clone().on(day);
        let told = change(&mut quota);
        if quota != held {
            self.put(&name, &quota)?;
        }
        Ok(told)
    }

    /// Counts a call of an interface, if it may be made.
    pub(crate) fn take(
        &self,
        appid: &str,
        path: &str,
        per_day: Option<u32>,
        day: NaiveDate,
    ) -> Result<Allowance, VaultError> {
        self.counted(appid, day, |quota| quota.take(path, per_day))
    }

    /// The platform said how many calls remain today.
    pub(crate) fn learn(
        &self,
        appid: &str,
        path: &str,
        remain: u32,
        day: NaiveDate,
    ) -> Result<(), VaultError> {
        self.counted(appid, day, |quota| quota.learn(path, remain))
    }
}
