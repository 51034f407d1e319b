//! May a letter leave now, and if not, when? The sending hours `send_between` and working days.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Timelike};
use chrono_tz::Tz;
use freshd_core::Timestamp;
use freshd_core::calendar::Calendar;

use crate::config::SendHours;

/// How many days ahead an opening is looked for: longer than any break.
const AHEAD_DAYS: u64 = 60;

/// When letters leave.
#[derive(Clone, Debug)]
pub struct SendWindow {
    /// Hours of the day; both minutes belong to them.
    pub hours: SendHours,
    /// Only on working days.
    pub working_days_only: bool,
    /// The zone of the hours.
    pub zone: Tz,
    /// Which days are worked.
    pub calendar: Arc<Calendar>,
}

impl SendWindow {
    /// Is it open at this instant?
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.with_timezone(&self.zone);
        let time = local.time();
        let minute = NaiveTime::from_hms_opt(time.hour(), time.minute(), 0);
        let minute = minute.expect("hour and minute of a time make a time");
        self.is_day(local.date_naive()) && self.hours.from <= minute && minute <= self.hours.until
    }

    /// The first instant from `at` on at which it is open.
    pub fn opens(&self, at: Timestamp) -> Timestamp {
        if self.is_open(at) {
            return at;
        }
        let today = at.with_timezone(&self.zone).date_naive();
        let days = (0..AHEAD_DAYS).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.filter(|day| self.is_day(*day))
            .filter_map(|day| {
                self.zone.from_local_datetime(&day.and_time(self.hours.from)).earliest()
            })
            .map(|opening: DateTime<Tz>| opening.to_utc())
            .find(|opening| *opening > at)
            .unwrap_or(at)
    }

    /// When a letter may leave: at once if its deadline would pass before the next opening.
    pub fn when(&self, at: Timestamp, late_after: Option<Timestamp>) -> Timestamp {
        let opens = self.opens(at);
        let too_late = late_after.is_some_and(|deadline| at < deadline && deadline <= opens);
        if too_late { at } else { opens }
    }

    /// The start of the next day in its zone: daily counts begin again.
    pub fn next_day(&self, at: Timestamp) -> Timestamp {
        let today = self.day(at);
        let next = today.succ_opt().unwrap_or(today).and_time(NaiveTime::MIN);
        self.zone.from_local_datetime(&next).earliest().map_or(at, |next| next.to_utc())
    }

    /// The day in its zone.
    pub fn day(&self, at: Timestamp) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn is_day(&self, day: NaiveDate) -> bool {
        !self.working_days_only || self.calendar.working_or_weekday(day).0
    }
}

#[cfg(test)]
mod tests;
