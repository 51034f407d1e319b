//! Would the account lapse in a long break, and has it been told so? 节前提醒.

use super::{Audience, Decision, Episode, Reason, Tell, Told, Topic, look_again};
use crate::calendar::Break;
use crate::civil;
use crate::rulebook::{Policy, Rule};
use crate::verdict::{Judgement, Outcome};

/// Does it pass now, and no longer when work begins again after this break, unless it publishes?
pub fn lapses_before_work(judgement: &Judgement, found: &Break) -> bool {
    passes(judgement) && judgement.forecast.is_some_and(|it| it.deadline < found.work_begins())
}

fn passes(judgement: &Judgement) -> bool {
    let ruling = judgement.ruling(Rule::ContentStale);
    ruling.is_some_and(|ruling| matches!(ruling.outcome, Outcome::Pass | Outcome::AtRisk))
}

/// One letter a break and account, from [`Policy::pre_holiday_days`] working days before it.
pub(super) fn before_breaks(
    judgement: &Judgement,
    episodes: &[Episode],
    policy: &Policy,
    decision: &mut Decision,
) {
    let (now, calendar) = (judgement.now, &policy.calendar);
    let days = policy.pre_holiday_days;
    let past = |episode: &&Episode| now - episode.mark < chrono::TimeDelta::days(60);
    let kept = episodes.iter().filter(|episode| episode.topic == Topic::Break).filter(past);
    decision.episodes.extend(kept.cloned());
    let (Some(outlook), today) = (judgement.forecast, civil::day(now)) else { return };
    if days == 0 || !passes(judgement) {
        return;
    }
    // Past its deadline it passes no more, unless a post comes, and then it is decided anew.
    let until = civil::day(outlook.deadline);
    let Some((from, found)) = calendar.long_break_seen_from(today, until, days) else { return };
    let mark = civil::start_of(found.first);
    let told = |episode: &Episode| episode.topic == Topic::Break && episode.mark == mark;
    if !lapses_before_work(judgement, &found) || decision.episodes.iter().any(told) {
        return;
    }
    if from > today {
        look_again(decision, civil::start_of(from));
        return;
    }
    let told = vec![Told { reason: Reason::PreHoliday, stage: 0, at: now }];
    let rule = Rule::ContentStale;
    decision.episodes.push(Episode { topic: Topic::Break, rule, mark, told });
    let (reason, audience) = (Reason::PreHoliday, Audience::Owner);
    decision.tell.push(Tell { rule, mark, reason, stage: 0, audience });
}
