//! Who is due, who is asked, and what becomes of the answers? The poll loop, one tick at a time.
//!
//! **Invariant:** nothing here writes letters; `poll` and `notify` meet only in the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::TimeDelta;
use freshd_connectors::Courtesy;
use freshd_core::Timestamp;
use freshd_core::account::{Account, Source};
use freshd_core::breaker::{Breaker, Failing, Group, Pause};
use freshd_core::id::AccountId;
use freshd_core::link::LinkTerms;
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::Outcome;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Change, Due, Index, Known, Store, StoreError, meta};
use crate::telemetry::Metrics;

pub mod apply;
pub mod courtesy;
pub mod env;
pub mod links;
mod meet;
pub mod now;
pub mod run;
pub mod take;

use apply::{Applied, Terms, apply_again};
use courtesy::Slots;
pub use env::{Parts, PollEnv};
use run::{Errand, Means, SourceOutcome, ask};

/// Accounts looked at in one claim.
const CLAIM_MAX: usize = 512;
/// Accounts are claimed when this share of the polls in flight has ended.
const REFILL_SHARE: usize = 8;
/// A claim that is not settled is due again after the budget and this, minutes.
const LEASE_MIN: i64 = 3;
/// After so long a tick claims no more and ends with what is in flight, so that whoever watches the loop sees it turn.
const TICK_SPAN: TimeDelta = TimeDelta::seconds(30);
/// Evidence that was read so long ago is marked as kept with each poll, days; it is kept for more than twice as long.
const KEPT_AFTER_DAYS: i64 = 14;
/// Applied polls between two barriers (group commit).
const BARRIER_EVERY: usize = 256;

fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a tick did and when it wants to be called again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Units of work done.
    pub did: usize,
    /// When the next work is due; `None` = when somebody wakes the loop.
    pub next_wake: Option<Timestamp>,
}

/// The poll loop.
pub struct Poller {
    env: PollEnv,
    stop: CancellationToken,
}

struct Job {
    account: AccountId,
    held: Held,
    errands: Vec<Errand>,
}

/// The account and its state as they were when the poll was claimed.
#[derive(Default)]
struct Held {
    account: Known<Account>,
    state: Known<AccountState>,
}

impl Poller {
    /// A loop that stops claiming once `stop` is cancelled.
    pub fn new(env: PollEnv, stop: CancellationToken) -> Self {
        Self { env, stop }
    }

    /// Polls what is due, refilling as polls end, until nothing is due or in flight; after 30 s of the clock
    /// it refills no more, and wants to be called again at once. (A clock that stands still polls all that is due.)
    pub async fn tick(&self) -> Result<Tick, StoreError> {
        let parts = self.env.parts();
        self.env.meet_if_due(&parts).await?;
        let enough = self.env.clock.now() + TICK_SPAN;
        let mut flying = FuturesUnordered::new();
        let mut did = 0;
        let refill = (parts.at_once / REFILL_SHARE).max(1);
        // One barrier at a time, under way while polls go on.
        let (mut barrier, mut unsynced) = (None, 0);
        loop {
            // A few at a time share one look at the index and one commit.
            while !self.stop.is_cancelled() && parts.at_once - flying.len() >= refill {
                let now = self.env.clock.now();
                if now >= enough {
                    break;
                }
                let jobs = self.claim(now, parts.at_once - flying.len(), &parts)?;
                if jobs.is_empty() {
                    break;
                }
                for job in jobs {
                    flying.push(fly(Arc::clone(&parts), job, now, false));
                }
            }
            let ended = tokio::select! {
                ended = flying.next() => ended,
                synced = async { barrier.as_mut().expect("checked").await }, if barrier.is_some() => {
                    barrier = None;
                    synced?;
                    continue;
                }
            };
            let Some((account, held, outcomes)) = ended else { break };
            self.settle(&account, held, outcomes, &parts)?;
            did += 1;
            unsynced += 1;
            if unsynced >= BARRIER_EVERY && barrier.is_none() {
                self.env.keep_resting()?;
                barrier = Some(Box::pin(self.env.store.barrier()));
                unsynced = 0;
            }
        }
        if did > 0 {
            self.env.keep_resting()?;
            self.env.store.barrier().await?;
        }
        Ok(Tick { did, next_wake: self.env.store.next_due(Index::Poll)? })
    }

    /// Claims up to `room` accounts that may be asked now; those that must wait get their true time.
    fn claim(&self, now: Timestamp, room: usize, parts: &Parts) -> Result<Vec<Job>, StoreError> {
        let mut jobs = Vec::new();
        // No more is looked at than there is room for; only if all of those must wait, more behind them.
        let mut look = room.clamp(1, CLAIM_MAX);
        loop {
            let due = self.env.store.due(Index::Poll, now, look)?;
            let mut change = self.env.store.change();
            for (_, id) in &due {
                if jobs.len() >= room {
                    break;
                }
                let at = match self.plan(id, now, parts)? {
                    Plan::Drop => None,
                    Plan::Wait(until) => Some(until),
                    Plan::Ask(held, errands) => {
                        jobs.push(Job { account: id.clone(), held: *held, errands });
                        let budget = TimeDelta::from_std(parts.means.budget).unwrap_or_default();
                        Some(now + budget + TimeDelta::minutes(LEASE_MIN))
                    }
                };
                change.set_poll_due(id, at);
            }
            self.env.store.commit(change)?;
            if !jobs.is_empty() || due.len() < look {
                return Ok(jobs);
            }
            look = CLAIM_MAX.min(look * 2);
        }
    }

    fn plan(&self, id: &AccountId, now: Timestamp, parts: &Parts) -> Result<Plan, StoreError> {
        let known = self.env.store.known_account(id)?;
        let Some(account) = known.value.as_ref().filter(|held| held.lifecycle.is_judged()) else {
            return Ok(Plan::Drop);
        };
        let state = self.env.store.known_state::<AccountState>(id)?;
        let fresh = state.value.as_ref().is_some_and(|held| wants_fresh(held, &parts.terms, now));
        let mut wait: Option<Timestamp> = None;
        let mut errands = Vec::new();
        for source in account.sources.iter().filter(|source| source.connector != "manual") {
            let key = source.to_string();
            let held = state.value.as_ref().and_then(|state| state.sources.get(&key));
            let own = held.and_then(|held| held.not_before.max(held.hint));
            let paused = self.paused_until(source, parts, now);
            match own.max(paused).filter(|until| *until > now) {
                Some(until) => wait = Some(wait.map_or(until, |held| held.min(until))),
                None => errands.push(Errand {
                    source: source.clone(),
                    memo: held.and_then(|held| held.memo.clone()),
                    fresh,
                }),
            }
        }
        if errands.is_empty() {
            return Ok(match wait {
                Some(until) => Plan::Wait(until),
                // Nobody to ask; its self-reported menu is looked at.
                None if !account.menu.is_empty() => {
                    Plan::Ask(Box::new(Held { account: known, state }), errands)
                }
                None => Plan::Drop,
            });
        }
        let names: Vec<String> = errands.iter().map(|e| e.source.connector.clone()).collect();
        Ok(match locked(&self.env.slots).claim(id, names.iter().map(String::as_str), now) {
            Ok(()) => Plan::Ask(Box::new(Held { account: known, state }), errands),
            Err(slot) => Plan::Wait(slot),
        })
    }

    fn paused_until(&self, source: &Source, parts: &Parts, now: Timestamp) -> Option<Timestamp> {
        let breaker = locked(&self.env.breaker);
        let groups = groups_of(source, parts);
        groups.iter().filter_map(|group| breaker.paused_until(group, now)).max()
    }

    /// Until when the platform itself, asked for another account, wants to be left alone.
    fn wished_until(&self, source: &Source, parts: &Parts, now: Timestamp) -> Option<Timestamp> {
        let breaker = locked(&self.env.breaker);
        let groups = groups_of(source, parts);
        groups.iter().filter_map(|group| breaker.wished_until(group, now)).max()
    }

    /// Applies what a poll brought, in one transaction.
    fn settle(
        &self,
        id: &AccountId,
        mut held: Held,
        mut outcomes: Vec<SourceOutcome>,
        parts: &Parts,
    ) -> Result<(), StoreError> {
        let now = self.env.clock.now();
        for outcome in &outcomes {
            count(&self.env.metrics, outcome, now);
        }
        if outcomes.iter().any(reached_a_platform) {
            *locked(&self.env.reached) = Some(now);
        }
        let (mut ended, mut withdrawn) = (false, Vec::new());
        let breaker = &mut *locked(&self.env.breaker);
        self.env.store.update(|change| {
            change.refresh_account(id, &mut held.account)?;
            let Some(account) = &held.account.value else { return Ok::<_, StoreError>(()) };
            change.refresh_state(id, &mut held.state)?;
            let before = held.state.value.take().unwrap_or_default();
            let applied = apply_again(account, before, &mut outcomes, breaker, &parts.terms, now);
            write(change, account, &applied, now)?;
            links::set_turn(change, id, &applied, &parts.links, now)?;
            if outcomes.iter().any(SourceOutcome::is_rate_limited) {
                change.put_meta(meta::WISHES, &breaker.wishes(now))?;
            }
            // A second try finds its outcomes settled already.
            ended |= applied.ended;
            withdrawn.extend(applied.withdrawn.iter().cloned());
            if ended {
                change.put_meta(meta::ALIKE, breaker.alike())?;
            }
            Ok(())
        })?;
        self.withdraw(&withdrawn, parts, now)
    }
}

impl Poller {
    /// Takes back what was believed of these accounts before so many others were said to have ended, too.
    fn withdraw(
        &self,
        withdrawn: &[(String, AccountId)],
        parts: &Parts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (connector, id) in withdrawn {
            self.env.store.update(|change| {
                let Some(account) = change.account(id)? else { return Ok::<_, StoreError>(()) };
                let before: AccountState = change.state(id)?.unwrap_or_default();
                let applied = apply::withdraw(&account, before, connector, &parts.terms, now);
                write(change, &account, &applied, now)
            })?;
        }
        Ok(())
    }
}

enum Plan {
    /// Not polled any more.
    Drop,
    /// Not before this instant.
    Wait(Timestamp),
    /// These sources, now.
    Ask(Box<Held>, Vec<Errand>),
}

/// Who waits together with this source.
fn groups_of(source: &Source, parts: &Parts) -> Vec<Group> {
    let credential = parts.means.registry.find(&source.connector).and_then(|connector| {
        connector.credential(&freshd_connectors::Target::new(source.target.clone()))
    });
    let credential = credential.map(|name| Group::Credential(source.connector.clone(), name));
    let connector = Group::Connector(source.connector.clone());
    let local = Group::Connector("*".to_owned());
    [connector, local].into_iter().chain(credential).collect()
}

/// A fail is one poll away: the deadline has passed, so caches are passed by. Once it stands, there is no hurry.
fn wants_fresh(state: &AccountState, terms: &Terms, now: Timestamp) -> bool {
    let last = state.history.last_update(now).and_then(|seen| seen.sighting.published.earliest);
    let fails = |(rule, outcome): &(Rule, Outcome)| {
        *rule == Rule::ContentStale && *outcome == Outcome::Fail
    };
    let stands = state.standing.as_ref().is_some_and(|held| held.outcomes.iter().any(fails));
    !stands && last.is_some_and(|earliest| now - earliest >= terms.policy.window)
}

async fn fly(
    parts: Arc<Parts>,
    job: Job,
    now: Timestamp,
    traced: bool,
) -> (AccountId, Held, Vec<SourceOutcome>) {
    let asked = job.errands.into_iter().map(|errand| ask(&parts.means, errand, now, traced));
    (job.account, job.held, futures::future::join_all(asked).await)
}

/// Puts an applied poll into a change: state, due times, journal and evidence together.
pub fn write(
    change: &mut Change,
    account: &Account,
    applied: &Applied,
    now: Timestamp,
) -> Result<(), StoreError> {
    let due = Due { poll: applied.state.next_poll, notify: applied.state.next_notice };
    change.put_state(&account.id, &applied.state, due)?;
    for (id, body) in &applied.evidence {
        let id = id.parse().expect("evidence is named by the hash of its bytes");
        change.evidence_of(id, body.as_bytes(), now)?;
    }
    // What a ruling may name is not thrown away, however long ago it was read; upkeep does the same for accounts that are
    // not polled.
    let old = |at: Timestamp| now - at >= TimeDelta::days(KEPT_AFTER_DAYS);
    for (_, id) in applied.state.cited().filter(|(at, _)| old(*at)) {
        if let Ok(id) = id.parse() {
            change.keep_evidence(id, now);
        }
    }
    for line in &applied.journal {
        change.journal(&account.id, now, line)?;
    }
    Ok(())
}

/// Platforms that are asked on the internet; a feed or a program of the operator's own may be next door.
const PLATFORMS: [&str; 6] = ["wechat", "weibo", "nanfang", "appstore", "huawei", "tencent"];

/// Does this outcome show that we reach the internet?
fn reached_a_platform(outcome: &SourceOutcome) -> bool {
    PLATFORMS.contains(&outcome.source.connector.as_str())
        && outcome.result.as_ref().is_ok_and(|seen| seen.faults.is_empty())
}

fn count(metrics: &Metrics, outcome: &SourceOutcome, now: Timestamp) {
    let connector = outcome.source.connector.as_str();
    let seconds = (now - outcome.at).num_milliseconds() as f64 / 1000.0;
    let faults = match &outcome.result {
        Ok(observation) => {
            metrics.poll(connector, "ok", seconds);
            observation.faults.as_slice()
        }
        Err(fault) => {
            metrics.poll(connector, "fault", seconds);
            std::slice::from_ref(fault)
        }
    };
    for fault in faults {
        metrics.fault(fault.scope.key(), fault.kind.key());
    }
}

#[cfg(test)]
mod tests;
