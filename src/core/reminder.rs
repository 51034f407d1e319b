//! Who must be told what, and why now? Reminder decisions 预警、提醒、提请督促 with a reason, never repeated within
//! their interval.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::circular::rectify_by;
use crate::rulebook::{Policy, Rule};
use crate::verdict::{Judgement, Outcome, Ruling};

mod ask;
mod eve;
mod quiet;

pub use ask::{EVIDENCE_AFTER_DAYS, EVIDENCE_LATER_DAYS};
pub use eve::lapses_before_work;
pub use quiet::{QUIET_MAX_H, decide_unless_quiet};

/// A standing overdue is told again after this many days.
pub const OVERDUE_AGAIN_DAYS: i64 = 7;

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
    /// Reminder: the threshold in days; overdue: how many times before.
    pub stage: u32,
    /// When it was decided.
    pub at: Timestamp,
}

/// One thing to tell now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// Which rule.
    pub rule: Rule,
    /// The episode's mark.
    pub mark: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Reminder: the threshold in days; overdue: how many times before.
    pub stage: u32,
    /// To whom.
    pub audience: Audience,
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
    let mut decision = Decision::default();
    if judgement.verdict.is_none() {
        return decision;
    }
    let problems = || episodes.iter().filter(|episode| episode.topic == Topic::Problem);
    for ruling in judgement.rulings.iter().filter(|ruling| ruling.rule.is_veto()) {
        let held = problems().find(|episode| episode.rule == ruling.rule);
        let kept = decide_rule(judgement, ruling, held, policy, &mut decision);
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
    policy: &Policy,
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
                remind(judgement, ruling, held.filter(|e| !was_overdue(e)), policy, decision)
            } else {
                None
            }
        }
    }
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
    let last = judgement.last_update.as_ref().map(|seen| seen.sighting.published);
    let mark = match (ruling.rule, last, held) {
        (Rule::ContentStale, Some(at), _) => at.earliest.unwrap_or(at.latest),
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

fn remind(
    judgement: &Judgement,
    ruling: &Ruling,
    held: Option<&Episode>,
    policy: &Policy,
    decision: &mut Decision,
) -> Option<Episode> {
    let now = judgement.now;
    let deadline = judgement.forecast?.deadline;
    let days_left = deadline - now;
    let mut thresholds = policy.remind_days_left.clone();
    thresholds.sort_unstable();
    let reached =
        thresholds.iter().copied().find(|days| days_left <= TimeDelta::days(i64::from(*days)));
    let next = thresholds
        .iter()
        .rev()
        .map(|days| deadline - TimeDelta::days(i64::from(*days)))
        .find(|at| *at > now)
        .unwrap_or(deadline);
    look_again(decision, next.max(now + TimeDelta::minutes(1)));
    let stage = reached?;
    let mut episode = current(judgement, ruling, held);
    let told = episode.told.iter().any(|t| t.reason == Reason::Reminder && t.stage <= stage);
    if !told {
        episode.told.push(Told { reason: Reason::Reminder, stage, at: now });
        decision.tell.push(Tell {
            rule: ruling.rule,
            mark: episode.mark,
            reason: Reason::Reminder,
            stage,
            audience: Audience::Owner,
        });
    }
    Some(episode)
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
    let again = TimeDelta::days(OVERDUE_AGAIN_DAYS);
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
        look_again(decision, now + again);
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
