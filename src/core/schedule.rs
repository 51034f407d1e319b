//! When is an account polled next? Urgent near a deadline, slow when fresh, never before a server's wish.

use chrono::TimeDelta;

use crate::Timestamp;
use crate::id::{AccountId, stable_hash};
use crate::verdict::Outcome;

/// How often, by how pressing it is. All in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// The deadline is far: more than twice the largest reminder threshold away.
    pub fresh_min: i64,
    /// The deadline comes nearer.
    pub near_min: i64,
    /// At risk.
    pub urgent_min: i64,
    /// Failing or undetermined since [`SETTLED_DAYS`] at most: until it is mended or proven.
    pub open_min: i64,
    /// Failing or undetermined for longer, or without a post that is known.
    pub settled_min: i64,
    /// First wait after a fault; doubles with each further one.
    pub backoff_min: i64,
    /// Longest wait after faults, and while nothing at all is known.
    pub ceiling_min: i64,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            fresh_min: 44 * 60,
            near_min: 24 * 60,
            urgent_min: 8 * 60,
            open_min: 6 * 60,
            settled_min: 12 * 60,
            backoff_min: 15,
            ceiling_min: 24 * 60,
        }
    }
}

/// So long after its deadline an account that does not pass is looked at often: then it is proven, or mended.
pub const SETTLED_DAYS: i64 = 3;
/// The last look before a warning is so long before it, minutes: nobody is warned of what was mended yesterday.
const BEFORE_WARNING_MIN: i64 = 90;

/// A second look that is to confirm a finding comes within so long after it may.
const SECOND_LOOK: TimeDelta = TimeDelta::minutes(20);

/// A server's wish longer than this is capped here and told to the operator.
pub const WISH_MAX_DAYS: i64 = 7;

/// What the next poll of one source depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The account: spreads it.
    pub id: &'a AccountId,
    /// Now.
    pub now: Timestamp,
    /// Its verdict now.
    pub verdict: Option<Outcome>,
    /// When it stops passing, if known.
    pub deadline: Option<Timestamp>,
    /// Faults of this source in a row.
    pub failures: u32,
    /// Nothing new can be known before this (the connector's hint).
    pub hint: Option<Timestamp>,
    /// From when on something can be seen that cannot be seen yet: yesterday's figures, at half past eight.
    pub again: Option<Timestamp>,
    /// A finding waits for a second look, which counts from then on: gone, frozen.
    pub confirm: Option<Timestamp>,
    /// A server's wish, never shortened.
    pub not_before: Option<Timestamp>,
    /// The largest reminder threshold.
    pub risk: TimeDelta,
}

/// `max(not_before, hint, min(policy, ceiling))`, spread by the account's hash. A look goes where it learns most: right
/// after figures come out, right before a warning, right at the deadline.
pub fn next_poll(ask: &Ask<'_>, intervals: &Intervals) -> Timestamp {
    let policy = interval(ask, intervals);
    let mut next = ask.now + policy + spread(ask.id, ask.failures, policy / 8);
    let latest = ask.now + policy + policy / 8;
    let fits = |at: &Timestamp| *at - ask.now >= policy / 6 && *at <= latest;
    if let Some(at) = appointment(ask, latest).filter(|at| ask.failures == 0 && fits(at)) {
        // Figures come every day: the last ones within the time are as good as those of tomorrow.
        next = if ask.again.is_some() && at > next { at } else { next.min(at) };
    }
    if let Some(deadline) = ask.deadline.filter(|at| ask.failures == 0 && *at > ask.now) {
        // A look right at the deadline proves the lapse, or the late post, at once.
        let at_deadline = deadline + self_spread(ask.id);
        next = next.min(at_deadline.max(ask.now + TimeDelta::minutes(intervals.backoff_min)));
    }
    if let Some(hint) = ask.hint.filter(|hint| *hint > ask.now) {
        next = next.max(hint + self_spread(ask.id));
    }
    if let Some(confirm) = ask.confirm {
        next = next.min(confirm.max(ask.now) + spread(ask.id, ask.failures, SECOND_LOOK));
    }
    next.max(ask.not_before.unwrap_or(next))
}

/// When a look is worth more than at any other time: once figures are out, else shortly before a warning.
fn appointment(ask: &Ask<'_>, latest: Timestamp) -> Option<Timestamp> {
    if let Some(again) = ask.again {
        let first = again + self_spread(ask.id);
        return Some(first + TimeDelta::days((latest - first).num_days().max(0)));
    }
    let warned = ask.deadline.filter(|_| ask.verdict == Some(Outcome::Pass))? - ask.risk;
    Some(warned - TimeDelta::minutes(BEFORE_WARNING_MIN) + self_spread(ask.id))
}

fn interval(ask: &Ask<'_>, intervals: &Intervals) -> TimeDelta {
    let minutes = TimeDelta::minutes;
    let calm = match ask.verdict {
        Some(Outcome::Fail | Outcome::Undetermined) => match ask.deadline {
            Some(deadline) if (ask.now - deadline).abs() <= TimeDelta::days(SETTLED_DAYS) => {
                minutes(intervals.open_min)
            }
            None if ask.verdict == Some(Outcome::Undetermined) => minutes(intervals.ceiling_min),
            _ => minutes(intervals.settled_min),
        },
        Some(Outcome::AtRisk) => minutes(intervals.urgent_min),
        Some(Outcome::Pass) => match ask.deadline {
            Some(deadline) if deadline - ask.now <= ask.risk * 2 => minutes(intervals.near_min),
            _ => minutes(intervals.fresh_min),
        },
        None => minutes(intervals.ceiling_min),
    };
    if ask.failures == 0 {
        return calm;
    }
    let doublings = (ask.failures - 1).min(10);
    minutes(intervals.backoff_min << doublings)
        .min(calm.max(minutes(intervals.open_min)))
        .min(minutes(intervals.ceiling_min))
}

/// A share of `range`, the same for the same account and attempt.
pub fn spread(id: &AccountId, attempt: u32, range: TimeDelta) -> TimeDelta {
    let range_s = range.num_seconds().max(0).unsigned_abs();
    if range_s == 0 {
        return TimeDelta::zero();
    }
    let hash = stable_hash(&[id.as_str().as_bytes(), &attempt.to_le_bytes()]);
    TimeDelta::seconds(i64::try_from(hash % range_s).unwrap_or(0))
}

/// Half an hour over which accounts with the same appointed time (08:30 statistics) are spread.
fn self_spread(id: &AccountId) -> TimeDelta {
    TimeDelta::minutes(1) + spread(id, 0, TimeDelta::minutes(29))
}

/// A server's wish "not for so many seconds" as an instant, capped like [`capped_wish`].
pub fn wish_after(now: Timestamp, seconds: u64) -> (Timestamp, bool) {
    let most = TimeDelta::days(WISH_MAX_DAYS);
    // A header may say any number; added as it stands it would leave the calendar.
    match i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds) {
        Some(span) if span <= most => (now + span, false),
        _ => (now + most, true),
    }
}

/// A server's wish as an instant, capped at [`WISH_MAX_DAYS`]; the flag says that it was capped.
pub fn capped_wish(now: Timestamp, wish: Timestamp) -> (Timestamp, bool) {
    let latest = now + TimeDelta::days(WISH_MAX_DAYS);
    if wish > latest { (latest, true) } else { (wish, false) }
}

#[cfg(test)]
mod tests;
