//! Until when does the account pass if nobody does anything? The forecast: deadline, days left, last safe day.

use chrono::{NaiveDate, TimeDelta};

use crate::{Timestamp, civil};

/// The outlook of content-stale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// `last update's earliest + window`: from then on the account no longer passes.
    pub deadline: Timestamp,
    /// Days until then, negative when past; two decimals are enough for people.
    pub days_left: f64,
}

/// The outlook from the last update's earliest possible time.
pub fn forecast(last_earliest: Timestamp, window: TimeDelta, now: Timestamp) -> Forecast {
    let deadline = last_earliest + window;
    let days_left = (deadline - now).num_seconds() as f64 / 86_400.0;
    Forecast { deadline, days_left }
}

/// The last whole Beijing day on which a post, whenever in the day, still comes in time 请于…(含)前发布.
/// `None` when only hours are left.
pub fn last_safe_day(deadline: Timestamp, now: Timestamp) -> Option<NaiveDate> {
    let day = civil::day(deadline - TimeDelta::seconds(1));
    let whole = civil::start_of(day) + TimeDelta::days(1) <= deadline;
    let safe = if whole { day } else { day.pred_opt()? };
    (safe >= civil::day(now)).then_some(safe)
}

/// When to publish so as to pass at an instant ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostSpan {
    /// The first whole Beijing day of it; `None` where today is in it already.
    pub from: Option<NaiveDate>,
    /// The last whole Beijing day of it; `None` when only hours are left.
    pub by: Option<NaiveDate>,
}

/// The days on which a post counts at the instant `at`: within its window, and not before today.
pub fn post_span(at: Timestamp, window: TimeDelta, now: Timestamp) -> PostSpan {
    let begins = at - window;
    PostSpan {
        from: Some(first_whole_day(begins)).filter(|_| begins > now),
        by: last_safe_day(at, now),
    }
}

/// The first Beijing day that begins at or after an instant.
pub fn first_whole_day(at: Timestamp) -> NaiveDate {
    let day = civil::day(at);
    if civil::start_of(day) == at { day } else { day.succ_opt().unwrap_or(day) }
}
