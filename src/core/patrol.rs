//! Who must be looked at by a person today, in which order and why? 人工核查单.
//!
//! An account that no machine can judge is looked at when a look decides something: not while a known post lets it pass,
//! not while a "nothing since" that counts still speaks, and at the latest once a round. The same inputs give the same list.

use chrono::{NaiveDate, TimeDelta};

use crate::Timestamp;
use crate::account::Account;
use crate::coverage::Span;
use crate::id::{AccountId, stable_hash};
use crate::rulebook::{AS_OF_AGE_MAX_H, Policy, Rule};
use crate::state::AccountState;
use crate::verdict::{EvidenceClass, Judgement, Outcome};
use crate::word::same_person;

mod assign;

pub use assign::{Plan, Task, Team, plan};

/// A look is due so many days before the deadline that a known post gives: a weekend and a day.
pub const LEAD_DAYS: i64 = 3;
/// An inspection is near within so many days.
pub const INSPECTION_NEAR_DAYS: i64 = 7;
/// After a "nothing since" that counts, a rectification would show within so many days.
pub const RECTIFIED_WITHIN_DAYS: i64 = 7;
/// So much younger than it must be is a proof of silence at an inspection, hours: it is no use if it lapses that morning.
const ROOM_H: i64 = 12;
/// Somebody else looks for an account that one person could not find after so many hours.
pub const NOT_FOUND_AGAIN_H: i64 = 20;

/// Why a look is wanted, most deciding first within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Undetermined, and an inspection is near.
    Inspection,
    /// The deadline that the last known post gives comes near.
    DeadlineNears,
    /// That deadline has passed, and nothing is known of what came after.
    DeadlinePassed,
    /// A "nothing since" that counted has aged: has it been put right?
    ProofAged,
    /// One person saw nothing since; a second one decides.
    SecondPerson,
    /// One person's word was not joined in time.
    WordLapsed,
    /// One person could not find the account; somebody else looks for it.
    NotFound,
    /// Nobody has looked yet.
    NeverLooked,
}

impl Why {
    /// The key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Inspection => "inspection",
            Self::DeadlineNears => "deadline_nears",
            Self::DeadlinePassed => "deadline_passed",
            Self::ProofAged => "proof_aged",
            Self::SecondPerson => "second_person",
            Self::WordLapsed => "word_lapsed",
            Self::NotFound => "not_found",
            Self::NeverLooked => "never_looked",
        }
    }

    /// Why, for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Inspection => "检查临近,仍待核实",
            Self::DeadlineNears => "截止日临近,没有更新的佐证",
            Self::DeadlinePassed => "截止日已过,之后的情况不清楚",
            Self::ProofAged => "上次核查未见更新,看是否已整改",
            Self::SecondPerson => "已有一人未见更新,需另一人核查",
            Self::WordLapsed => "上次只有一人核查,已过48小时,需重看",
            Self::NotFound => "有人搜不到账号,请另一人再找",
            Self::NeverLooked => "从未核查,没有任何佐证",
        }
    }

    /// The place in the order: inspection, deadlines and aged proofs, second persons, never looked at.
    fn rank(self) -> u8 {
        match self {
            Self::Inspection => 0,
            Self::DeadlineNears | Self::DeadlinePassed | Self::ProofAged => 1,
            Self::SecondPerson | Self::WordLapsed | Self::NotFound => 2,
            Self::NeverLooked => 3,
        }
    }
}

/// Under which terms looks fall due.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The update window; also the length of a round in which each unproven account comes up.
    pub window: TimeDelta,
    /// The next inspection instant, if one is known.
    pub inspection: Option<Timestamp>,
}

impl Terms {
    /// Of a policy.
    pub fn of(policy: &Policy, inspection: Option<Timestamp>) -> Self {
        Self { window: policy.window, inspection }
    }

    fn near(&self, now: Timestamp) -> Option<Timestamp> {
        self.inspection.filter(|at| *at > now && *at - now <= TimeDelta::days(INSPECTION_NEAR_DAYS))
    }
}

/// One unproven account: when it is to be looked at next, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The account.
    pub id: AccountId,
    /// Why.
    pub why: Why,
    /// From when on a look decides something; the far past where nobody ever looked.
    pub due: Timestamp,
    /// What runs out, and when: the order within a rank.
    pub runs_out: Timestamp,
    /// Who may not make the next look, for it would be the same person's second.
    pub not_by: Vec<String>,
    /// How many persons could not find it of late.
    pub missed_by: usize,
    /// What the account comes to now.
    pub verdict: Outcome,
    /// Until when silence was proven that no longer counts: the proof is older than 48 h, and no post is known since.
    pub lapsed: Option<Timestamp>,
}

/// What is to be done about an account by hand; `None` if a machine judges it or nobody does.
pub fn case(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    terms: &Terms,
) -> Option<Case> {
    let stale = judgement.ruling(Rule::ContentStale).map(|ruling| ruling.outcome);
    let verdict = judgement.verdict?;
    let open = verdict == Outcome::Undetermined && stale == Some(Outcome::Undetermined);
    if judgement.evidence_class == EvidenceClass::Auto && !open {
        return None;
    }
    let now = judgement.now;
    let facts = Facts::of(state, judgement);
    let missed = state.words.not_found(now);
    let mut case = facts.case(account, terms, now);
    case.missed_by = missed.len();
    case.verdict = verdict;
    let aged = |until: &Timestamp| open && now - *until > TimeDelta::hours(AS_OF_AGE_MAX_H);
    let whole = facts.silent.filter(|span| span.until - span.since >= terms.window);
    case.lapsed = whole.map(|span| span.until).filter(aged);
    if let Some(last) =
        missed.iter().map(|word| word.at).max().filter(|_| !facts.is_fresh(terms, now))
    {
        // Found by nobody: a second person tries, then it is the operator's to mend the ledger, and a round passes.
        let again =
            if missed.len() < 2 { TimeDelta::hours(NOT_FOUND_AGAIN_H) } else { terms.window };
        case.due = last + again;
        case.runs_out = last + terms.window;
        case.why = Why::NotFound;
        case.not_by = missed.iter().map(|word| word.by.clone()).collect();
    }
    if let Some(inspection) = terms.near(now) {
        case.before(inspection, open, &facts, terms);
    }
    Some(case)
}

impl Case {
    /// An inspection is near: what will not be known by then is looked at before.
    fn before(&mut self, at: Timestamp, open: bool, facts: &Facts, terms: &Terms) {
        let lapses = match facts.hit {
            Some(hit) if hit + terms.window > at => return,
            Some(hit) if !open => hit + terms.window <= at,
            _ => true,
        };
        // A proof of silence must be at most 48 h old at the inspection, and people look once a day.
        let youngest = at - TimeDelta::hours(AS_OF_AGE_MAX_H - ROOM_H);
        if lapses && self.why != Why::SecondPerson && self.missed_by < 2 {
            let told = facts.silent.map(|span| span.until);
            let wanted = told.map_or(at - TimeDelta::days(LEAD_DAYS), |_| youngest);
            if told.is_none_or(|until| until < youngest) {
                self.due = self.due.min(wanted);
            }
        }
        if open && self.missed_by < 2 {
            self.why = Why::Inspection;
        }
    }
}

/// What is known of an account that decides when to look.
struct Facts {
    /// The newest post that is certain.
    hit: Option<Timestamp>,
    /// The newest span of silence that counts, if no post came after it.
    silent: Option<Span>,
    /// The newest word of one person that reaches beyond all that counts.
    beyond: Option<(String, Timestamp)>,
}

impl Facts {
    fn of(state: &AccountState, judgement: &Judgement) -> Self {
        let now = judgement.now;
        let hit = judgement.last_update.as_ref().and_then(|it| it.sighting.published.earliest);
        let later = |at: Timestamp| at <= now && hit.is_none_or(|hit| hit < at);
        let counted = state.history.attested_spans();
        let silent = counted.as_slice().iter().copied().rfind(|span| later(span.until));
        let words = state.history.attested.iter().filter_map(|(name, held)| {
            let until =
                held.bare.as_slice().iter().map(|span| span.until).rfind(|at| later(*at))?;
            silent.is_none_or(|span| span.until < until).then(|| (name.clone(), until))
        });
        let beyond = words.max_by_key(|(_, until)| *until);
        Self { hit, silent, beyond }
    }

    /// Does a known post let it pass?
    fn is_fresh(&self, terms: &Terms, now: Timestamp) -> bool {
        self.hit.is_some_and(|hit| hit + terms.window > now)
    }

    fn case(&self, account: &Account, terms: &Terms, now: Timestamp) -> Case {
        let made = |why, due, runs_out, not_by: Vec<String>| Case {
            id: account.id.clone(),
            why,
            due,
            runs_out,
            not_by,
            missed_by: 0,
            verdict: Outcome::Undetermined,
            lapsed: None,
        };
        let lead = TimeDelta::days(LEAD_DAYS);
        if let Some(hit) = self.hit.filter(|_| self.is_fresh(terms, now)) {
            let deadline = hit + terms.window;
            return made(Why::DeadlineNears, deadline - lead, deadline, Vec::new());
        }
        let not_by: Vec<String> = self.beyond.iter().map(|(name, _)| name.clone()).collect();
        // Two words seldom end at one instant: what the later says beyond the earlier asks for nobody yet.
        let again = self.silent.map(|span| after_silence(span, terms));
        match (&self.beyond, again) {
            (Some((_, until)), again) if again.is_none_or(|again| again <= *until) => {
                let lapses = *until + TimeDelta::hours(AS_OF_AGE_MAX_H);
                let why = if lapses > now { Why::SecondPerson } else { Why::WordLapsed };
                return made(why, *until, lapses, not_by);
            }
            (_, Some(again)) => return made(Why::ProofAged, again, again, not_by),
            _ => {}
        }
        match self.hit {
            Some(hit) => {
                let deadline = hit + terms.window;
                made(Why::DeadlinePassed, deadline - lead, deadline, Vec::new())
            }
            None => made(Why::NeverLooked, Timestamp::UNIX_EPOCH, now, Vec::new()),
        }
    }
}

/// When a look decides something after a silence that counts: one too short to decide, when it can be a whole window;
/// else when a rectification would show.
fn after_silence(span: Span, terms: &Terms) -> Timestamp {
    let whole = span.since + terms.window;
    if whole > span.until { whole } else { span.until + TimeDelta::days(RECTIFIED_WITHIN_DAYS) }
}

/// How the accounts stand that only persons can speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// 待核实.
    pub open: usize,
    /// 达标 or 预警: a known post speaks for them for now.
    pub passing: usize,
    /// 疑似不达标: proven.
    pub failing: usize,
}

impl Standing {
    /// Counts one more.
    pub fn add(&mut self, verdict: Outcome) {
        *match verdict {
            Outcome::Undetermined => &mut self.open,
            Outcome::Pass | Outcome::AtRisk => &mut self.passing,
            Outcome::Fail => &mut self.failing,
        } += 1;
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.open + self.passing + self.failing
    }
}

/// How much work the accounts are that only persons can speak of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// How these accounts stand.
    pub standing: Standing,
    /// Days of a round.
    pub round_days: i64,
    /// Looks a day.
    pub per_day: usize,
    /// Hours a day, at so many seconds a look.
    pub hours: f64,
    /// Seconds of one look.
    pub seconds_each: u32,
}

impl Load {
    /// Of so many accounts, once a round each.
    pub fn of(standing: Standing, window: TimeDelta, seconds_each: u32) -> Self {
        let (all, round_days) = (standing.all(), window.num_days().max(1));
        let per_day = (all as f64 / round_days as f64).round() as usize;
        let per_day = per_day.max(usize::from(all > 0));
        let hours = per_day as f64 * f64::from(seconds_each) / 3600.0;
        Self { standing, round_days, per_day, hours, seconds_each }
    }

    /// In one sentence.
    pub fn chinese(&self) -> String {
        let time = match self.hours {
            hours if hours >= 1.0 => format!("{hours:.1} 小时"),
            hours => format!("{:.0} 分钟", (hours * 60.0).ceil()),
        };
        let Standing { open, passing, failing } = self.standing;
        let accounts = if open == self.standing.all() {
            format!("{} 个待核实账号", thousands(open))
        } else {
            let [all, open, passing, failing] =
                [self.standing.all(), open, passing, failing].map(thousands);
            format!(
                "{all} 个账号靠人工核查(待核实 {open} 个,已知有更新 {passing} 个,\
                 疑似不达标 {failing} 个)"
            )
        };
        format!(
            "{accounts},按 {} 天一轮每天约 {} 个,按每个 {} 秒约 {time}",
            self.round_days,
            thousands(self.per_day),
            self.seconds_each,
        )
    }
}

/// `3,000`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The round that a day lies in, counted from 1970.
fn round_of(day: NaiveDate, terms: &Terms) -> i64 {
    let days = day.signed_duration_since(NaiveDate::default()).num_days();
    days.div_euclid(terms.window.num_days().max(1))
}

/// Where an account stands in any order that nothing else decides.
fn place_of(id: &AccountId) -> u64 {
    stable_hash(&[b"patrol", id.as_str().as_bytes()])
}

/// May this person make the next look?
fn may_look(case: &Case, person: &str) -> bool {
    !case.not_by.iter().any(|name| same_person(name, person))
}

#[cfg(test)]
mod tests;
