//! Does the deadline come so near that somebody must be reminded 预警, at which threshold, and did nobody react?

use chrono::TimeDelta;

use super::{Audience, Decision, Episode, Reason, Tell, Told, current, look_again};
use crate::rulebook::Policy;
use crate::verdict::{EvidenceClass, Judgement, Ruling};

/// Who is written to is reminded in the same letter of what would be due within so long, hours.
pub const GATHER_H: i64 = 24;
/// An owner who did not publish for so long after a reminder was silent: hours.
pub const SILENT_AFTER_H: i64 = 24;
/// The stage at which the supervising unit hears before the deadline that reminders had no effect.
pub const UNANSWERED: u32 = 0;

/// `ahead`: what would be due within so long is due now; only of accounts that are at risk already, hence never at the
/// first threshold.
pub(super) fn remind(
    judgement: &Judgement,
    ruling: &Ruling,
    held: Option<&Episode>,
    (policy, ahead): (&Policy, TimeDelta),
    decision: &mut Decision,
) -> Option<Episode> {
    let now = judgement.now;
    let deadline = judgement.forecast?.deadline;
    let days_left = deadline - now;
    let mut thresholds = policy.remind_days_left.clone();
    thresholds.sort_unstable();
    let first = thresholds.last();
    let reached = thresholds.iter().find(|days| {
        let early = if Some(*days) == first { TimeDelta::zero() } else { ahead };
        days_left <= TimeDelta::days(i64::from(**days)) + early
    });
    let next = thresholds
        .iter()
        .rev()
        .map(|days| deadline - TimeDelta::days(i64::from(*days)))
        .find(|at| *at > now)
        .unwrap_or(deadline);
    look_again(decision, next.max(now + TimeDelta::minutes(1)));
    let stage = *reached?;
    let mut episode = current(judgement, ruling, held);
    let unanswered = thresholds.first() == Some(&stage)
        && days_left <= TimeDelta::days(i64::from(stage))
        && is_unanswered(&episode, judgement);
    let mut tell = |episode: &mut Episode, stage, audience| {
        let reason = Reason::Reminder;
        episode.told.push(Told { reason, stage, at: now });
        decision.tell.push(Tell { rule: ruling.rule, mark: episode.mark, reason, stage, audience });
    };
    let told = episode.told.iter().any(|t| t.reason == Reason::Reminder && t.stage <= stage);
    if !told {
        tell(&mut episode, stage, Audience::Owner);
    }
    if unanswered {
        tell(&mut episode, UNANSWERED, Audience::Supervisor);
    }
    Some(episode)
}

/// Was its owner reminded, nothing seen for long enough since by a machine that would have seen it, and does the supervising
/// unit not know?
fn is_unanswered(episode: &Episode, judgement: &Judgement) -> bool {
    let mut reminders = episode.told.iter().filter(|told| told.reason == Reason::Reminder);
    let long_ago = |told: &Told| {
        let looked = judgement.proven_until;
        looked.is_some_and(|until| until - told.at >= TimeDelta::hours(SILENT_AFTER_H))
    };
    judgement.evidence_class == EvidenceClass::Auto
        && reminders.clone().next().is_some_and(long_ago)
        && !reminders.any(|told| told.stage == UNANSWERED)
}
