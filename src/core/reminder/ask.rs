//! Must its owner be asked for evidence? 请核实更新情况, for accounts that only hits, a person's word or nothing speak for.

use chrono::TimeDelta;

use super::{Audience, Decision, Episode, Reason, Tell, Told, Topic, look_again};
use crate::Timestamp;
use crate::rulebook::{Policy, Rule};
use crate::verdict::{EvidenceClass, Judgement, Outcome};

/// An account is asked about when it has been open for so many days: polls get their chance first.
pub const EVIDENCE_AFTER_DAYS: i64 = 2;
/// After both questions and the word to the supervising unit the owner is asked again this rarely, days.
pub const EVIDENCE_LATER_DAYS: i64 = 30;

/// The stage at which the supervising unit is told: two questions were not answered.
const TO_SUPERVISOR: usize = 2;

/// Owner, owner again, supervising unit, then the owner now and then; never two questions within
/// [`Policy::evidence_again_days`], answered or not.
pub(super) fn questions(
    judgement: &Judgement,
    episodes: &[Episode],
    policy: &Policy,
    decision: &mut Decision,
) {
    let again = TimeDelta::days(i64::from(policy.evidence_again_days));
    if again.is_zero() {
        return;
    }
    let now = judgement.now;
    let of = |topic: Topic| episodes.iter().find(move |episode| episode.topic == topic);
    let recent = |episode: &&Episode| asked_at(episode).is_some_and(|at| now < at + again);
    let answered = of(Topic::Answered).filter(recent);
    decision.episodes.extend(answered.cloned());
    let open = of(Topic::Question);
    if !is_open(judgement) {
        if let Some(episode) = open.filter(recent) {
            let told = episode.told.last().copied().into_iter().collect();
            decision.episodes.retain(|episode| episode.topic != Topic::Answered);
            decision.episodes.push(Episode { topic: Topic::Answered, told, ..episode.clone() });
        }
        return;
    }
    let mut episode = open.cloned().unwrap_or_else(|| Episode {
        topic: Topic::Question,
        rule: Rule::ContentStale,
        mark: now,
        told: Vec::new(),
    });
    let due = due(&episode, answered.and_then(asked_at), again);
    if now < due {
        look_again(decision, due);
    } else {
        let count = episode.told.len();
        let stage = u32::try_from(count).unwrap_or(u32::MAX);
        let reason = Reason::EvidenceRequest;
        episode.told.push(Told { reason, stage, at: now });
        let audience = if count == TO_SUPERVISOR { Audience::Supervisor } else { Audience::Owner };
        let (rule, mark) = (episode.rule, episode.mark);
        decision.tell.push(Tell { rule, mark, reason, stage, audience });
        look_again(decision, self::due(&episode, None, again));
    }
    decision.episodes.push(episode);
}

/// Is it open whether it was updated, so that only an answer helps (or something that only its owner can mend)?
fn is_open(judgement: &Judgement) -> bool {
    let open = judgement.verdict == Some(Outcome::Undetermined)
        && judgement
            .ruling(Rule::ContentStale)
            .is_some_and(|ruling| ruling.outcome == Outcome::Undetermined);
    open && (judgement.evidence_class != EvidenceClass::Auto || judgement.owner_can_mend)
}

fn asked_at(episode: &Episode) -> Option<Timestamp> {
    episode.told.last().map(|told| told.at)
}

fn due(episode: &Episode, answered: Option<Timestamp>, again: TimeDelta) -> Timestamp {
    let (count, last) = (episode.told.len(), asked_at(episode).unwrap_or(episode.mark));
    match count {
        0 => {
            let due = last + TimeDelta::days(EVIDENCE_AFTER_DAYS);
            answered.map_or(due, |at| due.max(at + again))
        }
        _ if count <= TO_SUPERVISOR => last + again,
        _ => last + again.max(TimeDelta::days(EVIDENCE_LATER_DAYS)),
    }
}
