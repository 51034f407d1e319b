//! How old is the version of an app that the stores offer? Advice only: an old version is no finding, and a new one is
//! no content.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, civil};

/// A newest version older than this is called stagnant: a year, in which systems and rules of the stores move on.
pub const STAGNANT_DAYS: i64 = 365;

/// The version that a store offers now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Release {
    /// As the store writes it; empty where it does not say.
    #[serde(default)]
    pub version: String,
    /// When this version came out, by the store's own field.
    pub at: Timestamp,
}

/// The newest of the versions that the stores date, by the looks made by `now`: the source and its release.
pub fn newest(
    releases: &BTreeMap<String, (Timestamp, Release)>,
    now: Timestamp,
) -> Option<(&str, &Release)> {
    let seen = releases.iter().filter(|(_, (at, release))| *at <= now && release.at <= now);
    let newest = seen.max_by_key(|(_, (_, release))| release.at);
    newest.map(|(source, (_, release))| (source.as_str(), release))
}

/// How many days old it is.
pub fn age_days(release: &Release, now: Timestamp) -> i64 {
    (now - release.at).num_days()
}

/// Is it stagnant?
pub fn is_stagnant(release: &Release, now: Timestamp) -> bool {
    now - release.at > TimeDelta::days(STAGNANT_DAYS)
}

/// `版本 2.1.0,2024-03-01 发布`.
pub fn chinese(release: &Release) -> String {
    let version = if release.version.is_empty() { "未标明" } else { &release.version };
    format!("版本 {version},{} 发布", civil::day(release.at))
}

#[cfg(test)]
mod tests;
