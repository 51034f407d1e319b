//! Who must be told what, and why now? Reminder decisions 预警、提醒、提请督促 with a reason, never repeated within
//! their interval.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::circular::rectify_by;
use crate::history::Seen;
use crate::rulebook::{Policy, Rule};
use crate::verdict::{Judgement, Outcome, Ruling};

mod ask;
mod eve;
mod quiet;
mod remind;

pub use ask::{EVIDENCE_AFTER_DAYS, EVIDENCE_LATER_DAYS};
pub use eve::lapses_before_work;
pub use quiet::{QUIET_MAX_H, decide_unless_quiet};
pub use remind::{GATHER_H, SILENT_AFTER_H, UNANSWERED};

/// A standing overdue is told again after this many days.
pub const OVERDUE_AGAIN_DAYS: i64 = 7;
/// After it was told so often, it is told again only every [`OVERDUE_LATER_DAYS`]: its owner and supervisor know.
pub const OVERDUE_OFTEN: u32 = 4;
/// How rarely an overdue is told that has stood for weeks, days.
pub const OVERDUE_LATER_DAYS: i64 = 28;

/// Why a letter is written, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// 已超期: a veto rule fails.
    Overdue,
    /// 预警: the deadline comes nearer.
    Reminder,
    /// 提请主管单位督促.
    Escalation,
    /// 已整改: a fail that was told is over.
    Rectified,
    /// 节前提醒.
    PreHoliday,
    /// 自查.
    Precheck,
    /// 请核实更新情况.
    EvidenceRequest,
    /// To the operators.
    Operator,
}

impl Reason {
    /// The key in headers and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Rectified => "rectified",
            Self::PreHoliday => "pre-holiday",
            Self::Precheck => "precheck",
            Self::EvidenceRequest => "evidence-request",
            Self::Operator => "operator",
        }
    }
}

/// Who a letter goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The account's contacts; its officer where there is none.
    Owner,
    /// 主管单位.
    Supervisor,
}

/// What an episode is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A rule that fails or is about to.
    #[default]
    Problem,
    /// A long break before which it was written 节前提醒; the mark is the break's beginning.
    Break,
    /// What was asked 请核实更新情况; the mark is when the question came up.
    Question,
    /// The last question was answered: kept so that the next one keeps its distance.
    Answered,
}

impl Topic {
    fn is_default(&self) -> bool {
        *self == Self::Problem
    }
}

/// One problem 问题记录 of one account, from its first sign to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// What it is about.
    #[serde(default, skip_serializing_if = "Topic::is_default")]
    pub topic: Topic,
    /// Which rule.
    pub rule: Rule,
    /// What it is about: the last update's time for 内容不更新, else when it began. A new post begins a new episode.
    pub mark: Timestamp,
    /// What was told, oldest first.
    pub told: Vec<Told>,
}

/// One thing that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Why.
    pub reason: Reason,
    /// Reminder: the threshold in days, or [`UNANSWERED`]; overdue: how many times before.
    pub stage: u32,
    /// When it was decided.
    pub at: Timestamp,
}

/// One thing to tell now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Which rule.
    pub rule: Rule,
    /// The episode's mark.
    pub mark: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Reminder: the threshold in days, or [`UNANSWERED`]; overdue: how many times before.
    pub stage: u32,
    /// To whom.
    pub audience: Audience,
}

/// How something decided stands while its letter has not left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It is still so.
    Holds,
    /// Its proof has grown old and nothing refutes it: true as of the letter's data, not to be written anew.
    Aged,
    /// It is no longer so.
    Over,
}

impl Tell {
    /// Is it still so, where it was decided at `decided` and not sent yet? What was seen since may have settled it.
    pub fn stand(&self, judgement: &Judgement, decided: Timestamp) -> Stand {
        let ruling = judgement.ruling(self.rule);
        let Some(outcome) = ruling.map(|ruling| ruling.outcome) else { return Stand::Over };
        let passes = matches!(outcome, Outcome::Pass | Outcome::AtRisk);
        let last = judgement.last_update.as_ref();
        let holds = match self.reason {
            Reason::Overdue | Reason::Escalation if outcome == Outcome::Undetermined => {
                return Stand::Aged;
            }
            Reason::Overdue | Reason::Escalation => outcome == Outcome::Fail,
            Reason::Rectified => passes,
            Reason::Reminder => outcome == Outcome::AtRisk && last.map(mark_of) == Some(self.mark),
            Reason::PreHoliday => passes && last.is_none_or(|seen| seen.first_seen <= decided),
            Reason::EvidenceRequest => outcome == Outcome::Undetermined,
            Reason::Precheck | Reason::Operator => false,
        };
        if holds { Stand::Holds } else { Stand::Over }
    }
}

/// What to tell, what to remember, and when to look again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Things to tell now.
    pub tell: Vec<Tell>,
    /// The episodes after it.
    pub episodes: Vec<Episode>,
    /// When this decision may change by the mere passing of time.
    pub next_look: Option<Timestamp>,
}

/// Decides what to tell of one account. Pure; never tells the same (rule, episode, reason, stage) twice.
pub fn decide(judgement: &Judgement, episodes: &[Episode], policy: &Policy) -> Decision {
    decide_ahead(judgement, episodes, policy, TimeDelta::zero())
}

/// [`decide`], where what will be reminded of within `ahead` is reminded of now: its recipient is written to anyway.
fn decide_ahead(
    judgement: &Judgement,
    episodes: &[Episode],
    policy: &Policy,
    ahead: TimeDelta,
) -> Decision {
    let mut decision = Decision::default();
    if judgement.verdict.is_none() {
        return decision;
    }
    let problems = || episodes.iter().filter(|episode| episode.topic == Topic::Problem);
    for ruling in judgement.rulings.iter().filter(|ruling| ruling.rule.is_veto()) {
        let held = problems().find(|episode| episode.rule == ruling.rule);
        let kept = decide_rule(judgement, ruling, held, (policy, ahead), &mut decision);
        decision.episodes.extend(kept);
    }
    eve::before_breaks(judgement, episodes, policy, &mut decision);
    ask::questions(judgement, episodes, policy, &mut decision);
    decision
}

fn decide_rule(
    judgement: &Judgement,
    ruling: &Ruling,
    held: Option<&Episode>,
    (policy, ahead): (&Policy, TimeDelta),
    decision: &mut Decision,
) -> Option<Episode> {
    let now = judgement.now;
    match ruling.outcome {
        Outcome::Undetermined => held.cloned(),
        Outcome::Fail => {
            let mut episode = current(judgement, ruling, held);
            let named = judgement.named.contains(&ruling.rule);
            tell_overdue(&mut episode, now, named, policy, decision);
            Some(episode)
        }
        Outcome::Pass | Outcome::AtRisk => {
            if let Some(episode) = held.filter(|episode| was_overdue(episode)) {
                decision.tell.extend(alarmed(episode).map(|audience| Tell {
                    rule: ruling.rule,
                    mark: episode.mark,
                    reason: Reason::Rectified,
                    stage: 0,
                    audience,
                }));
            }
            if ruling.rule == Rule::ContentStale {
                let held = held.filter(|episode| !was_overdue(episode));
                remind::remind(judgement, ruling, held, (policy, ahead), decision)
            } else {
                None
            }
        }
    }
}

/// What an episode of 内容不更新 is marked by: the last update.
fn mark_of(seen: &Seen) -> Timestamp {
    let at = seen.sighting.published;
    at.earliest.unwrap_or(at.latest)
}

fn was_overdue(episode: &Episode) -> bool {
    episode.told.iter().any(|told| told.reason == Reason::Overdue)
}

/// Everybody who was told that it fails.
fn alarmed(episode: &Episode) -> impl Iterator<Item = Audience> + use<> {
    let escalated = episode.told.iter().any(|told| told.reason == Reason::Escalation);
    [Audience::Owner].into_iter().chain(escalated.then_some(Audience::Supervisor))
}

/// The episode that the ruling belongs to: the held one while its mark stands, else a new one.
fn current(judgement: &Judgement, ruling: &Ruling, held: Option<&Episode>) -> Episode {
    let last = judgement.last_update.as_ref();
    let mark = match (ruling.rule, last, held) {
        (Rule::ContentStale, Some(seen), _) => mark_of(seen),
        (_, _, Some(episode)) => episode.mark,
        _ => ruling.as_of,
    };
    match held {
        Some(episode) if episode.mark == mark => episode.clone(),
        // Still failing: the same story under a better known date.
        Some(episode) if was_overdue(episode) && ruling.outcome == Outcome::Fail => episode.clone(),
        _ => Episode { topic: Topic::Problem, rule: ruling.rule, mark, told: Vec::new() },
    }
}

/// `named`: the last quarter's circular named the account for this rule: then the supervising unit hears of it at the end
/// of the time for rectification 整改期限 at the latest, at once where that is over.
fn tell_overdue(
    episode: &mut Episode,
    now: Timestamp,
    named: bool,
    policy: &Policy,
    decision: &mut Decision,
) {
    let overdue = || episode.told.iter().filter(|told| told.reason == Reason::Overdue);
    let (first, last) = (overdue().next().copied(), overdue().next_back().copied());
    let times = u32::try_from(overdue().count()).unwrap_or(u32::MAX);
    let after = |times| if times < OVERDUE_OFTEN { OVERDUE_AGAIN_DAYS } else { OVERDUE_LATER_DAYS };
    let again = TimeDelta::days(after(times));
    let mut push = |reason, stage, audience| {
        episode.told.push(Told { reason, stage, at: now });
        decision.tell.push(Tell {
            rule: episode.rule,
            mark: episode.mark,
            reason,
            stage,
            audience,
        });
    };
    if last.is_none_or(|told| now - told.at >= again) {
        push(Reason::Overdue, times, Audience::Owner);
        look_again(decision, now + TimeDelta::days(after(times + 1)));
    } else if let Some(told) = last {
        look_again(decision, told.at + again);
    }
    if episode.told.iter().any(|told| told.reason == Reason::Escalation) {
        return;
    }
    let first = first.map_or(now, |told| told.at);
    let mut due = first + TimeDelta::days(i64::from(policy.escalate_after_days));
    if named {
        due = due.min(rectify_by(now).max(first));
    }
    if now < due {
        look_again(decision, due);
        return;
    }
    episode.told.push(Told { reason: Reason::Escalation, stage: 0, at: now });
    decision.tell.push(Tell {
        rule: episode.rule,
        mark: episode.mark,
        reason: Reason::Escalation,
        stage: 0,
        audience: Audience::Supervisor,
    });
}

fn look_again(decision: &mut Decision, at: Timestamp) {
    decision.next_look = Some(decision.next_look.map_or(at, |held| held.min(at)));
}

#[cfg(test)]
mod tests;
