//! What do the outcomes of a poll change? Turns them into a new state, journal lines and evidence, purely.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::breaker::{Belief, Breaker, PROMOTE_WINDOW_H};
use freshd_core::fault::Fault;
use freshd_core::history::{EvidenceRef, Look, Seen, SourceProof, Voucher};
use freshd_core::id::AccountId;
use freshd_core::observation::{Evidence, Observation};
use freshd_core::reminder::decide_unless_quiet;
use freshd_core::rulebook::Policy;
use freshd_core::schedule::{Ask, Intervals, next_poll};
use freshd_core::state::{AccountState, Standing};
use freshd_core::verdict::{Judgement, Outcome, judge};
use serde_json::{Value, json};

use super::run::SourceOutcome;
use crate::store::EvidenceId;

mod faults;
pub mod kept;

use faults::{finding_of, note_breaker, note_faults, settle_scope};

/// A memo longer than this is not kept, bytes.
pub const MEMO_BYTES_MAX: usize = 4096;

/// What applying brought about, for one commit.
#[derive(Debug)]
pub struct Applied {
    /// The state after it.
    pub state: AccountState,
    /// What the account comes to now.
    pub judgement: Judgement,
    /// Journal lines: new posts, changed rulings, faults that began or ended.
    pub journal: Vec<Value>,
    /// Bytes to keep: `(hash, body)`.
    pub evidence: Vec<(String, String)>,
    /// Was it said that the account has ended? Then what the breaker knows of ends has changed.
    pub ended: bool,
    /// Accounts of which the same was believed before it was known to be said of too many, with the connector.
    pub withdrawn: Vec<(String, AccountId)>,
}

/// Under which rules and intervals outcomes are applied.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The rulebook's thresholds in force.
    pub policy: Policy,
    /// How often accounts are polled.
    pub intervals: Intervals,
}

/// Applies the outcomes of one poll to an account's state.
pub fn apply(
    account: &Account,
    before: AccountState,
    mut outcomes: Vec<SourceOutcome>,
    breaker: &mut Breaker,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    apply_again(account, before, &mut outcomes, breaker, terms, now)
}

/// As [`apply`], for one who may have to do it once more: the outcomes stay, with their scope settled.
pub fn apply_again(
    account: &Account,
    before: AccountState,
    outcomes: &mut [SourceOutcome],
    breaker: &mut Breaker,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    let mut work = Work::begin(before, now);
    for outcome in outcomes {
        let belief = settle_scope(account, outcome, breaker);
        work.note_belief(&outcome.source.connector, belief);
        note_breaker(account, outcome, breaker);
        work.note_source(outcome);
        let finding;
        let observation = match &outcome.result {
            Ok(observation) => observation,
            Err(fault) => {
                finding = finding_of(fault, outcome);
                &finding
            }
        };
        work.absorb(&Taken {
            account,
            source: &outcome.source.to_string(),
            at: outcome.at,
            channels: &outcome.channels,
            observation,
            voucher: None,
            policy: &terms.policy,
        });
    }
    work.finish(account, terms, now)
}

/// Applies one observation that did not come from a poll: a person's word, a push, a proof.
pub fn apply_word(
    account: &Account,
    before: AccountState,
    source: &str,
    observation: &Observation,
    voucher: Option<Voucher<'_>>,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    let mut work = Work::begin(before, now);
    work.absorb(&Taken {
        account,
        source,
        at: now,
        channels: &[],
        observation,
        voucher,
        policy: &terms.policy,
    });
    work.finish(account, terms, now)
}

/// Applies an observation that another system made at `at` and brought here: a source like any other, not polled.
pub fn apply_push(
    account: &Account,
    before: AccountState,
    source: &str,
    at: Timestamp,
    observation: &Observation,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    let mut work = Work::begin(before, now);
    let policy = &terms.policy;
    work.absorb(&Taken { account, source, at, channels: &[], observation, voucher: None, policy });
    work.finish(account, terms, now)
}

/// Judges again and moves the due times, with nothing new seen (after an import, a link check, a policy change).
pub fn reconsider(
    account: &Account,
    before: AccountState,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    Work::begin(before, now).finish(account, terms, now)
}

/// Withdraws what was believed of the account lately: the platform says the same of too many.
pub fn withdraw(
    account: &Account,
    before: AccountState,
    connector: &str,
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    let mut work = Work::begin(before, now);
    let own = account.sources.iter().filter(|source| source.connector == connector);
    let own: Vec<String> = own.map(ToString::to_string).collect();
    work.state.history.withdraw(&own, now - TimeDelta::hours(PROMOTE_WINDOW_H));
    let at = freshd_core::civil::rfc3339(now);
    work.journal.push(json!({"event": "withdrawn", "at": at, "source": connector}));
    work.finish(account, terms, now)
}

struct Taken<'a> {
    account: &'a Account,
    source: &'a str,
    at: Timestamp,
    channels: &'a [freshd_core::id::Channel],
    observation: &'a Observation,
    voucher: Option<Voucher<'a>>,
    policy: &'a Policy,
}

struct Work {
    state: AccountState,
    journal: Vec<Value>,
    evidence: Vec<(String, String)>,
    ended: bool,
    withdrawn: Vec<(String, AccountId)>,
}

impl Work {
    fn note_belief(&mut self, connector: &str, belief: Option<Belief>) {
        self.ended |= belief.is_some();
        if let Some(Belief::Platform(others)) = belief {
            self.withdrawn.extend(others.into_iter().map(|id| (connector.to_owned(), id)));
        }
    }

    /// Begins with what was known, save what a wrong clock has noted as of later than now.
    fn begin(before: AccountState, now: Timestamp) -> Self {
        let mut work = Self {
            state: before,
            journal: Vec::new(),
            evidence: Vec::new(),
            ended: false,
            withdrawn: Vec::new(),
        };
        if work.state.forget_after(now) {
            let at = freshd_core::civil::rfc3339(now);
            work.journal.push(json!({"event": "clock", "at": at, "forgot": "noted as of later"}));
        }
        work
    }

    /// How the source is doing; journals a fault's begin and end.
    fn note_source(&mut self, outcome: &SourceOutcome) {
        let source = outcome.source.to_string();
        let held = self.state.sources.entry(source.clone()).or_default();
        let faults = match &outcome.result {
            Ok(observation) => observation.faults.clone(),
            Err(fault) => vec![fault.clone()],
        };
        let kinds = |faults: &[Fault]| faults.iter().map(|f| (f.scope, f.kind)).collect::<Vec<_>>();
        if kinds(&held.faults) != kinds(&faults) {
            let at = freshd_core::civil::rfc3339(outcome.at);
            let line = json!({"event": "faults", "at": at, "source": source, "faults": faults});
            self.journal.push(line);
        }
        note_faults(held, faults, outcome);
    }

    /// Absorbs what was seen. The bytes are kept only if they add a post, change a ruling or renew what backs one.
    fn absorb(&mut self, taken: &Taken<'_>) {
        let observation = taken.observation;
        let fresh: Vec<_> =
            observation.sightings.iter().filter(|s| !self.holds(taken.source, &s.key)).collect();
        let look = Look {
            source: taken.source,
            at: taken.at,
            channels: taken.channels,
            observation,
            evidence: None,
            voucher: taken.voucher,
        };
        // Absorbed without bytes first, for whether they are kept depends on what that changes.
        self.state.history.absorb(&look);
        let gained: Vec<_> =
            fresh.into_iter().filter(|s| self.holds(taken.source, &s.key)).collect();
        let keep = !observation.evidence.is_empty()
            && (!gained.is_empty() || taken.voucher.is_some() || self.changes_ruling(taken));
        if keep {
            let kept: Vec<_> =
                observation.evidence.iter().map(|e| keep_bytes(e, &mut self.evidence)).collect();
            self.state.history.back(&look, &kept);
        }
        if !gained.is_empty() {
            let posts: Vec<_> = gained
                .iter()
                .map(|s| json!({"key": s.key, "published": s.published, "title": s.title, "url": s.url}))
                .collect();
            let at = freshd_core::civil::rfc3339(taken.at);
            let line =
                json!({"event": "observed", "at": at, "source": taken.source, "posts": posts});
            self.journal.push(line);
        }
    }

    fn holds(&self, source: &str, key: &str) -> bool {
        self.state.history.sightings.iter().any(|s| s.source == source && s.sighting.key == key)
    }

    /// Does what was just absorbed change a ruling, or prove something that nothing backs yet?
    fn changes_ruling(&self, taken: &Taken<'_>) -> bool {
        let unbacked = |proof: &SourceProof| proof.evidence.is_none();
        let history = &self.state.history;
        if history.proofs.get(taken.source).is_some_and(unbacked)
            || history.lacks_backing(taken.source, taken.observation, taken.at)
            || history.last_update(taken.at).is_some_and(|seen| self.would_back(seen, taken))
        {
            return true;
        }
        let judged = judge(taken.account, &self.state, taken.policy, taken.at);
        // A fail that stands speaks of ever later instants: what backs it must not stay behind by more than a day.
        let proof = self.state.history.proofs.get(taken.source);
        let read = proof.and_then(|proof| proof.evidence.as_ref()).map(|evidence| evidence.at);
        let old = read.is_some_and(|at| taken.at - at >= TimeDelta::days(1));
        if old && judged.vetoes().next().is_some() {
            return true;
        }
        self.state.standing.as_ref().is_none_or(|held| held.outcomes != outcomes(&judged))
    }

    /// Is this post without bytes, and did the look see it as it stands? (A sharper date came without new posts.)
    fn would_back(&self, seen: &Seen, taken: &Taken<'_>) -> bool {
        let told = &taken.observation.sightings;
        seen.evidence.is_none()
            && seen.source == taken.source
            && told
                .iter()
                .any(|s| s.key == seen.sighting.key && s.published == seen.sighting.published)
    }

    /// Judges, journals changes, and sets every due time.
    fn finish(mut self, account: &Account, terms: &Terms, now: Timestamp) -> Applied {
        let judgement = judge(account, &self.state, &terms.policy, now);
        self.note_standing(&judgement);
        let (told, quiet) = (&self.state.episodes, self.state.quiet_until);
        let decision =
            decide_unless_quiet(&judgement, told, &terms.policy, quiet, TimeDelta::zero());
        // A question that came up keeps its date over polls; what is to be told is remembered with its letter.
        if decision.tell.is_empty() {
            self.state.next_notice = decision.next_look;
            self.state.episodes = decision.episodes;
        } else {
            self.state.next_notice = Some(now);
        }
        self.state.next_poll = account
            .lifecycle
            .is_judged()
            .then(|| account_next_poll(account, &self.state, &judgement, terms, now))
            .flatten();
        let Work { state, journal, evidence, ended, withdrawn } = self;
        Applied { state, judgement, journal, evidence, ended, withdrawn }
    }

    fn note_standing(&mut self, judgement: &Judgement) {
        let now = outcomes(judgement);
        let held = self.state.standing.as_ref();
        for ruling in &judgement.rulings {
            let before = held.and_then(|standing| {
                standing.outcomes.iter().find(|(rule, _)| *rule == ruling.rule).map(|(_, o)| *o)
            });
            if before != Some(ruling.outcome) {
                self.journal.push(json!({
                    "event": "ruling",
                    "at": freshd_core::civil::rfc3339(judgement.now),
                    "rule": ruling.rule,
                    "from": before,
                    "to": ruling.outcome,
                    "reason": ruling.reason,
                }));
            }
        }
        let since = match held {
            Some(standing) if standing.verdict == judgement.verdict => standing.since,
            _ => judgement.now,
        };
        self.state.standing = Some(Standing { verdict: judgement.verdict, outcomes: now, since });
    }
}

fn outcomes(judgement: &Judgement) -> Vec<(freshd_core::rulebook::Rule, Outcome)> {
    judgement.rulings.iter().map(|ruling| (ruling.rule, ruling.outcome)).collect()
}

fn keep_bytes(evidence: &Evidence, kept: &mut Vec<(String, String)>) -> EvidenceRef {
    let id = EvidenceId::of(evidence.body.as_bytes()).to_string();
    if !evidence.body.is_empty() && !kept.iter().any(|(held, _)| *held == id) {
        kept.push((id.clone(), evidence.body.clone()));
    }
    let id = if evidence.body.is_empty() { String::new() } else { id };
    EvidenceRef { at: evidence.at, id, url: evidence.url.clone() }
}

fn account_next_poll(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    terms: &Terms,
    now: Timestamp,
) -> Option<Timestamp> {
    let polled = account.sources.iter().filter(|source| source.connector != "manual");
    let ask = Ask {
        id: &account.id,
        now,
        verdict: judgement.verdict,
        deadline: None,
        failures: 0,
        hint: None,
        again: None,
        confirm: state.history.states.unconfirmed(now, |said| said.is_bad()),
        not_before: None,
        risk: terms.policy.risk(),
    };
    let next = polled.map(|source| {
        let held = state.sources.get(&source.to_string());
        let Some(held) = held else { return now };
        let deadline = judgement.forecast.map(|forecast| forecast.deadline);
        let (failures, hint, not_before) = (held.failures, held.hint, held.not_before);
        let again = held.blind.iter().map(|blind| blind.again).filter(|at| *at > now).min();
        let ask = Ask { deadline, failures, hint, again, not_before, ..ask };
        next_poll(&ask, &terms.intervals)
    });
    // Without a source there is nobody to ask, and yet a self-reported menu has links to check.
    let menu = (!account.menu.is_empty()).then(|| next_poll(&ask, &terms.intervals));
    // A look that was promised to the owner is kept.
    let promised = state.quiet_until.filter(|at| *at > now);
    next.chain(promised).min().or(menu)
}

#[cfg(test)]
mod tests;
