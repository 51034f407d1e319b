//! Is silence proven, freshness certain, or neither? The heart of 内容不更新.

use chrono::TimeDelta;

use super::oldest_as_of;
use crate::Timestamp;
use crate::account::Account;
use crate::coverage::{Span, Spans};
use crate::history::{History, SIGHTINGS_BY_LATEST, Seen};
use crate::id::Channel;

/// The answer to "was anything published in the window?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// A post certainly lies in the window that ends now; its earliest possible time.
    Fresh(Timestamp),
    /// Silence is proven for the window that ends at this instant 数据截至.
    Silent(Timestamp),
    /// Neither.
    Unknown,
}

/// 监测时间点前2周内无更新: freshness is certain when a post's earliest time lies in `(now - window, now]`; silence is
/// proven as of the latest instant at most 48 h ago for which the window is wholly covered and no post can lie
/// in it.
pub fn content_stale(
    sightings: &[Seen],
    joined: &Spans,
    window: TimeDelta,
    now: Timestamp,
) -> Stale {
    let certain = sightings.iter().filter_map(|seen| seen.sighting.published.earliest);
    if let Some(newest) = certain.filter(|at| *at > now - window && *at <= now).max() {
        return Stale::Fresh(newest);
    }
    silent_for(sightings, joined, window, now).map_or(Stale::Unknown, Stale::Silent)
}

/// The latest instant `as_of` in `[now - 48 h, now]` such that `(as_of - window, as_of]` is wholly covered and no
/// sighting can lie in it.
pub fn silent_for(
    sightings: &[Seen],
    joined: &Spans,
    window: TimeDelta,
    now: Timestamp,
) -> Option<Timestamp> {
    let oldest = oldest_as_of(now);
    let kept_whole_from = kept_whole_from(sightings);
    joined.as_slice().iter().rev().find_map(|span| {
        // Spans are half-open: the last instant covered lies just before `until`.
        let mut as_of = now.min(span.until - TimeDelta::seconds(1));
        loop {
            let since = as_of - window;
            if as_of < oldest || since < span.since || kept_whole_from.is_some_and(|at| since < at)
            {
                return None;
            }
            match earliest_blocker(sightings, since, as_of) {
                None => return Some(as_of),
                // Before that post was published there may have been silence.
                Some(Some(earliest)) => as_of = earliest - TimeDelta::seconds(1),
                Some(None) => return None,
            }
        }
    })
}

/// Only the newest posts are kept: before the oldest of those there may have been others. `None` = all are kept.
fn kept_whole_from(sightings: &[Seen]) -> Option<Timestamp> {
    let mut latest: Vec<_> = sightings.iter().map(|seen| seen.sighting.published.latest).collect();
    latest.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    latest.get(SIGHTINGS_BY_LATEST - 1).copied()
}

/// A sighting that can lie in `(since, as_of]`: the smallest `earliest` among them (`None` = no lower bound).
fn earliest_blocker(
    sightings: &[Seen],
    since: Timestamp,
    as_of: Timestamp,
) -> Option<Option<Timestamp>> {
    sightings
        .iter()
        .map(|seen| seen.sighting.published)
        .filter(|at| at.latest > since && at.earliest.is_none_or(|earliest| earliest <= as_of))
        .map(|at| at.earliest)
        .min()
}

/// What is not covered of the window that ends now, per counting channel: why a verdict is undetermined.
pub fn gaps(
    account: &Account,
    history: &History,
    window: TimeDelta,
    now: Timestamp,
) -> Vec<(Channel, Vec<Span>)> {
    let coverage = history.coverage();
    super::counting_channels(account, history)
        .into_iter()
        .map(|channel| {
            let spans = coverage.on(&channel);
            let holes = holes(&spans, now - window, now);
            (channel, holes)
        })
        .filter(|(_, holes)| !holes.is_empty())
        .collect()
}

fn holes(spans: &Spans, since: Timestamp, until: Timestamp) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = since;
    for span in spans.as_slice() {
        if span.until <= from {
            continue;
        }
        if span.since >= until {
            break;
        }
        out.extend(Span::new(from, span.since));
        from = span.until;
    }
    out.extend(Span::new(from, until));
    out
}
