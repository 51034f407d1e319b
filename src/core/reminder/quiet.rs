//! Is an owner who says "posted" left in peace until the figures are out? Holds back what is told of 内容不更新, and for no
//! longer than promised.

use chrono::TimeDelta;

use super::{Decision, Episode, Reason, decide_ahead, look_again};
use crate::Timestamp;
use crate::rulebook::{Policy, Rule};
use crate::verdict::Judgement;

/// No promise reaches further than this, hours: one that does was made by a wrong clock.
pub const QUIET_MAX_H: i64 = 48;
/// The notifier looks by itself so long after the promise ends, minutes: the poll of that instant comes first.
const AFTER_POLL_MIN: i64 = 5;

/// [`super::decide`], with what is due within `ahead` beside it, but of 内容不更新 nothing is told before `quiet_until` save that it is over. Rulings do not change, other
/// rules are told as ever, and from that instant on it decides as if nothing had been promised.
pub fn decide_unless_quiet(
    judgement: &Judgement,
    episodes: &[Episode],
    policy: &Policy,
    quiet_until: Option<Timestamp>,
    ahead: TimeDelta,
) -> Decision {
    let mut decision = decide_ahead(judgement, episodes, policy, ahead);
    let now = judgement.now;
    let stands = |until: &Timestamp| *until > now && *until - now <= TimeDelta::hours(QUIET_MAX_H);
    let Some(until) = quiet_until.filter(stands) else { return decision };
    let told = decision.tell.len();
    decision
        .tell
        .retain(|tell| tell.rule != Rule::ContentStale || tell.reason == Reason::Rectified);
    if decision.tell.len() == told {
        return decision;
    }
    // What was not told is not remembered as told.
    for episode in decision.episodes.iter_mut().filter(|held| held.rule == Rule::ContentStale) {
        let before = episodes.iter().find(|held| held.rule == episode.rule);
        let before = before.filter(|held| held.mark == episode.mark);
        episode.told.retain(|told| before.is_some_and(|held| held.told.contains(told)));
    }
    decision.episodes.retain(|episode| {
        !episode.told.is_empty() || episodes.iter().any(|held| held.mark == episode.mark)
    });
    look_again(&mut decision, until + TimeDelta::minutes(AFTER_POLL_MIN));
    decision
}
