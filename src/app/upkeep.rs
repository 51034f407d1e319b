//! What must be tidied, measured and told now and then? Retention, gauges, the clock's mark, the disk, lasting faults.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::schedule::spread;
use freshd_core::state::AccountState;
use serde::{Deserialize, Serialize};

use super::{App, notices};
use crate::notify::META_RELAY_FAILING_SINCE;
use crate::poll::Tick;
use crate::store::{EvidenceId, Index, Pruned, Retention, StoreError};

/// The store is pruned once in this time.
const PRUNE_EVERY: TimeDelta = TimeDelta::hours(1);
/// Sizes and letters are counted once in this time.
const COUNT_EVERY: TimeDelta = TimeDelta::minutes(10);
/// WeChat is asked who has authorised us, where nothing else has asked today, once in this time.
const TEND_EVERY: TimeDelta = TimeDelta::hours(1);
/// Evidence that accounts refer to is marked as kept once in this time: evidence is kept 30 days at least.
const KEEP_EVERY: TimeDelta = TimeDelta::days(7);
/// Accounts whose evidence is marked in one tick.
const KEEP_SLICE: usize = 500;
/// Link checks that no menu has asked for are kept this long, days.
const LINKS_DAYS: u32 = 60;
/// No link waits longer for its next look: a site's wish is kept for seven days.
const LINKS_DUE_DAYS_MAX: i64 = 8;
/// For as long as nobody knows what is still referred to: evidence stays.
const FOREVER_DAYS: u32 = 36_500;
/// Nobody is polled later than this: the longest wish of a server and a day.
const POLL_DAYS_MAX: i64 = freshd_core::schedule::WISH_MAX_DAYS + 2;
/// No reminder is further away than this: the longest window with time to spare.
const NOTICE_DAYS_MAX: i64 = 400;
/// `Keeping`: how far the marking has come.
const META_KEEPING: &str = "upkeep.evidence";
/// A further slice is due so soon.
const SOON: TimeDelta = TimeDelta::seconds(1);

/// The walk that marks evidence as kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Keeping {
    /// When the walk under way began.
    began: Option<Timestamp>,
    /// The last account it has marked.
    behind: Option<AccountId>,
    /// When the last whole walk began.
    whole: Option<Timestamp>,
}

/// The upkeep loop.
pub struct Upkeep {
    app: App,
    pruned_at: Option<Timestamp>,
    counted_at: Option<Timestamp>,
    tended_at: Option<Timestamp>,
}

impl Upkeep {
    /// Over an app; everything is due at once.
    pub fn new(app: App) -> Self {
        Self { app, pruned_at: None, counted_at: None, tended_at: None }
    }

    /// One round. What takes long runs beside the loops.
    pub async fn tick(&mut self, now: Timestamp) -> anyhow::Result<Tick> {
        let app = self.app.clone();
        app.health.measure_disk(&app.config().store.path, now);
        if app.health.clock_fault().is_some() {
            // By a wrong clock everything would be old, or nothing.
            return Ok(Tick::default());
        }
        app.health.remember(app.store(), now)?;
        let (prune, count) =
            (is_due(self.pruned_at, PRUNE_EVERY, now), is_due(self.counted_at, COUNT_EVERY, now));
        if is_due(self.tended_at, TEND_EVERY, now) {
            self.tended_at = Some(now);
            app.tend_authorisations().await?;
        }
        let (did, more) =
            tokio::task::spawn_blocking(move || round(&app, prune, count, now)).await??;
        if prune && !more {
            self.pruned_at = Some(now);
        }
        if count {
            self.counted_at = Some(now);
        }
        Ok(Tick { did, next_wake: more.then_some(now + SOON) })
    }
}

fn is_due(last: Option<Timestamp>, every: TimeDelta, now: Timestamp) -> bool {
    last.is_none_or(|last| last > now || now - last >= every)
}

fn round(app: &App, prune: bool, count: bool, now: Timestamp) -> anyhow::Result<(usize, bool)> {
    let survey = app.survey(now)?;
    let mut did = notices::tick(app, &survey.gathered, now)?;
    if count {
        count_all(app)?;
    }
    let mut more = bring_forward(app, now)? | keep_evidence(app, now)?;
    if prune {
        let pruned = tidy(app, now)?;
        did += pruned.journal + pruned.evidence + pruned.letters + pruned.links;
        more |= pruned.more;
    }
    Ok((did, more))
}

/// Due times that no rule gives come of a clock that was wrong: nobody may wait for them. Is there more to do at once?
fn bring_forward(app: &App, now: Timestamp) -> Result<bool, StoreError> {
    let (store, mut more) = (app.store(), false);
    let most = [
        (Index::Poll, POLL_DAYS_MAX),
        (Index::Notify, NOTICE_DAYS_MAX),
        (Index::Links, LINKS_DUE_DAYS_MAX),
    ];
    for (index, days) in most {
        let far = store.due_beyond(index, now + TimeDelta::days(days), KEEP_SLICE)?;
        more |= far.len() == KEEP_SLICE;
        if far.is_empty() {
            continue;
        }
        tracing::warn!(
            accounts = far.len(),
            index = match index {
                Index::Poll => "poll",
                Index::Notify => "notify",
                Index::Links => "links",
            },
            "due at a time no rule gives: brought forward"
        );
        let mut change = store.change();
        for id in &far {
            let soon = Some(now + spread(id, 0, TimeDelta::hours(1)));
            match index {
                Index::Poll => change.set_poll_due(id, soon),
                Index::Notify => change.set_notify_due(id, soon),
                Index::Links => change.set_links_due(id, soon),
            }
        }
        store.commit(change)?;
    }
    Ok(more)
}

/// Sets the gauges of the store. None of them needs a walk, but for the first count of the letters.
pub(super) fn count_all(app: &App) -> Result<(), StoreError> {
    let metrics = &app.env.metrics;
    metrics.store_bytes(app.store().size_on_disk()?);
    let relay: Option<Timestamp> = app.store().meta(META_RELAY_FAILING_SINCE)?;
    metrics.mail_failing_since(relay);
    let counts: Vec<(&str, u64)> = app
        .store()
        .letter_counts()?
        .into_iter()
        .map(|(state, count)| (state.key(), count))
        .collect();
    metrics.letters(&counts);
    Ok(())
}

/// Removes what has been kept long enough. Evidence only after a whole walk has marked what is still referred to.
fn tidy(app: &App, now: Timestamp) -> Result<Pruned, StoreError> {
    let config = app.config();
    let keeping: Keeping = app.store().meta(META_KEEPING)?.unwrap_or_default();
    let known = keeping.whole.is_some_and(|at| at <= now && now - at < KEEP_EVERY * 2);
    let retention = Retention {
        journal_days: config.retention.journal_days,
        evidence_days: if known { config.retention.evidence_days } else { FOREVER_DAYS },
        letters_days: config.retention.letters_days,
        links_days: LINKS_DAYS,
    };
    app.store().prune(now, &retention)
}

/// Marks one slice of the evidence that accounts refer to; is there more to do at once?
fn keep_evidence(app: &App, now: Timestamp) -> Result<bool, StoreError> {
    let store = app.store();
    let mut keeping: Keeping = store.meta(META_KEEPING)?.unwrap_or_default();
    let began = match keeping.began {
        Some(began) => began,
        None if is_due(keeping.whole, KEEP_EVERY, now) => now,
        None => return Ok(false),
    };
    let mut change = store.change();
    let (mut seen, mut behind) = (0, None);
    store.for_each_state_after(keeping.behind.as_ref(), |id, state: AccountState| {
        for kept in references(&state) {
            change.keep_evidence(kept, now);
        }
        behind = Some(id);
        seen += 1;
        Ok(seen < KEEP_SLICE)
    })?;
    let more = seen == KEEP_SLICE;
    keeping = if more {
        Keeping { began: Some(began), behind, ..keeping }
    } else {
        Keeping { began: None, behind: None, whole: Some(began) }
    };
    change.put_meta(META_KEEPING, &keeping)?;
    store.commit(change)?;
    Ok(more)
}

/// The evidence that a ruling of this account may name.
fn references(state: &AccountState) -> impl Iterator<Item = EvidenceId> + '_ {
    state.cited().filter_map(|(_, id)| id.parse().ok())
}

#[cfg(test)]
mod tests;
