//! How have an account's own services done this quarter, and how old is the app's version? What its probes counted and
//! what the stores date, for people and programs. Advice: nothing here is a verdict.

use freshd_core::Timestamp;
use freshd_core::release::{self, STAGNANT_DAYS};
use freshd_core::state::AccountState;
use freshd_core::uptime::{Outage, Quarter, Tally};
use serde::Serialize;

use crate::report::words::source_chinese;
use crate::zone::rfc3339;

/// The looks of one quarter at one address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TallyView {
    /// `2026Q4`, of Beijing's calendar.
    pub quarter: String,
    /// Looks in all.
    pub looks: u32,
    /// Looks that found it up.
    pub up: u32,
    /// Looks that found it down: it said so, or did not answer while others did.
    pub down: u32,
    /// Looks that could not tell; not in the rate.
    pub unknown: u32,
    /// `up / (up + down)`, per cent, two decimals; `None` where no look could tell.
    pub rate: Option<f64>,
    /// The longest run of looks that found it down.
    pub longest_outage: Option<OutageView>,
    /// All of it in words.
    pub text: String,
}

/// Looks in a row that found it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutageView {
    /// The first of them, RFC 3339.
    pub since: String,
    /// The last of them, RFC 3339.
    pub until: String,
    /// How many.
    pub looks: u32,
}

/// One address of the account's own: a probe, or the package of an app.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UptimeView {
    /// `connector:target`.
    pub source: String,
    /// The quarter asked for; `None` = no look in it.
    pub current: Option<TallyView>,
    /// The quarter before it.
    pub previous: Option<TallyView>,
}

/// The version that the stores offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseView {
    /// As the store writes it.
    pub version: String,
    /// When it came out, RFC 3339.
    pub released_at: String,
    /// Which store says so: `connector:target`.
    pub source: String,
    /// How old it is, days.
    pub age_days: i64,
    /// Is it older than a year 版本停滞?
    pub stagnant: bool,
    /// The advice, Chinese; `None` where there is none to give.
    pub advice: Option<String>,
}

impl From<&Outage> for OutageView {
    fn from(outage: &Outage) -> Self {
        let (since, until) = (rfc3339(outage.since), rfc3339(outage.until));
        Self { since, until, looks: outage.looks }
    }
}

impl From<&Tally> for TallyView {
    fn from(tally: &Tally) -> Self {
        Self {
            quarter: tally.quarter.to_string(),
            looks: tally.looks(),
            up: tally.up,
            down: tally.down,
            unknown: tally.unknown,
            rate: tally.rate(),
            longest_outage: tally.longest.as_ref().map(OutageView::from),
            text: tally.chinese(),
        }
    }
}

/// What the probes of an account counted in the quarter of an instant and in the one before; empty where it has none.
pub fn uptimes(state: &AccountState, at: Timestamp) -> Vec<UptimeView> {
    let quarter = Quarter::of(at);
    let counted = state.sources.iter().filter_map(|(source, held)| {
        let uptime = held.uptime.as_ref()?;
        let tally = |quarter| uptime.tally(quarter).map(TallyView::from);
        let (current, previous) = (tally(quarter), tally(quarter.before()));
        (current.is_some() || previous.is_some()).then(|| UptimeView {
            source: source.clone(),
            current,
            previous,
        })
    });
    counted.collect()
}

/// The newest version that a store dates; `None` where none does.
pub fn release_view(state: &AccountState, now: Timestamp) -> Option<ReleaseView> {
    let (source, newest) = release::newest(&state.history.releases, now)?;
    let (age_days, stagnant) = (release::age_days(newest, now), release::is_stagnant(newest, now));
    let advice = stagnant.then(|| {
        format!(
            "{}的{},已 {age_days} 天没有新版本(超过 {STAGNANT_DAYS} 天):建议核实是否仍在维护;仅供参考,不影响判定",
            source_chinese(source),
            release::chinese(newest)
        )
    });
    Some(ReleaseView {
        version: newest.version.clone(),
        released_at: rfc3339(newest.at),
        source: source.to_owned(),
        age_days,
        stagnant,
        advice,
    })
}

/// Lines for people: each address with its quarters, then the version.
pub fn services_lines(state: &AccountState, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for uptime in uptimes(state, now) {
        let told = [&uptime.current, &uptime.previous].into_iter().flatten();
        lines.extend(told.map(|tally| format!("{}:{}", uptime.source, tally.text)));
    }
    if let Some(view) = release_view(state, now) {
        let plain = || {
            let newest = release::newest(&state.history.releases, now);
            let (source, newest) = newest.expect("a view was made of it");
            format!(
                "{}的{},距今 {} 天",
                source_chinese(source),
                release::chinese(newest),
                view.age_days
            )
        };
        lines.push(view.advice.clone().unwrap_or_else(plain));
    }
    lines
}

#[cfg(test)]
mod tests;
