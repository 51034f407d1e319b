//! Is this a working day in China? Public holidays, make-up working days 调休, and counting with them.
//!
//! The State Council publishes each year's plan in the autumn before it, so a year can be *uncovered*: then
//! nothing here pretends to know, and every count that leaned on a guess says so ([`Counted::certain`]).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

use crate::{Timestamp, civil};

/// Days off at fixed dates by 全国年节及纪念日放假办法: off in every year, whatever the plan says.
const FIXED: [(u32, u32, &str); 6] = [
    (1, 1, "元旦"),
    (5, 1, "劳动节"),
    (5, 2, "劳动节"),
    (10, 1, "国庆节"),
    (10, 2, "国庆节"),
    (10, 3, "国庆节"),
];
/// A break with a holiday in it is a long one from so many days on: longer than any weekend.
pub const LONG_BREAK_DAYS: i64 = 3;
/// Work begins at this Beijing hour: what lapses before it on a working day lapses with nobody at work.
pub const WORK_BEGINS_H: i64 = 9;

/// The longest run of days that is walked: no break is longer than a month.
const WALK_DAYS: u64 = 400;

/// Working days of the years whose plan is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeSet<i32>,
    off: BTreeMap<NaiveDate, String>,
    makeup: BTreeSet<NaiveDate>,
}

/// A day that was reached by counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The day.
    pub day: NaiveDate,
    /// False if a day of an uncovered year was taken by its weekday: say it loudly.
    pub certain: bool,
}

/// A run of days on which nobody works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// First day off.
    pub first: NaiveDate,
    /// Last day off.
    pub last: NaiveDate,
    /// The day work begins again.
    pub next_working: NaiveDate,
    /// The holiday in it, e.g. 春节; none for an ordinary weekend.
    pub name: Option<String>,
    /// False if it reaches into an uncovered year.
    pub certain: bool,
}

impl Calendar {
    /// From the years whose plan is known, the days off with their names, and the make-up working days.
    pub fn from_parts(
        years: impl IntoIterator<Item = i32>,
        off: impl IntoIterator<Item = (NaiveDate, String)>,
        makeup: impl IntoIterator<Item = NaiveDate>,
    ) -> Self {
        Self {
            years: years.into_iter().collect(),
            off: off.into_iter().collect(),
            makeup: makeup.into_iter().collect(),
        }
    }

    /// Is the plan of this day's year known?
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.years.contains(&day.year())
    }

    /// The years whose plan is known, ascending.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// Does the country work on this day? `None` in an uncovered year.
    pub fn is_working_day(&self, day: NaiveDate) -> Option<bool> {
        self.covers(day).then(|| {
            self.makeup.contains(&day) || !(is_weekend(day) || self.off.contains_key(&day))
        })
    }

    /// [`Self::is_working_day`], or in an uncovered year by weekday and the holidays of fixed date; the second value
    /// says whether it is known.
    pub fn working_or_weekday(&self, day: NaiveDate) -> (bool, bool) {
        match self.is_working_day(day) {
            Some(works) => (works, true),
            None => (!is_weekend(day) && fixed(day).is_none(), false),
        }
    }

    /// The holiday that this day off belongs to; in an uncovered year those of fixed date.
    pub fn holiday(&self, day: NaiveDate) -> Option<&str> {
        let known = self.off.get(&day).map(String::as_str);
        known.or_else(|| fixed(day).filter(|_| !self.covers(day)))
    }

    /// This calendar with the years of another added; a year that both know is the other's.
    #[must_use]
    pub fn overlaid(mut self, with: Self) -> Self {
        self.off.retain(|day, _| !with.covers(*day));
        self.makeup.retain(|day| !with.covers(*day));
        self.years.extend(with.years);
        self.off.extend(with.off);
        self.makeup.extend(with.makeup);
        self
    }

    /// The first year that a day from `from` to `until` lies in and whose plan is not known.
    pub fn first_gap(&self, from: NaiveDate, until: NaiveDate) -> Option<i32> {
        (from.year()..=until.year()).find(|year| !self.years.contains(year))
    }

    /// The first working day after `day`.
    pub fn next_working_day(&self, day: NaiveDate) -> Counted {
        self.add_working_days(day, 1)
    }

    /// The `n`th working day after `day`; counting starts the day after (个工作日内). `n` = 0 gives `day`.
    pub fn add_working_days(&self, day: NaiveDate, n: u32) -> Counted {
        let mut at = Counted { day, certain: true };
        for _ in 0..n {
            at = self.step(at, |day| day.succ_opt());
        }
        at
    }

    /// The `n`th working day before `day`. `n` = 0 gives `day`.
    pub fn sub_working_days(&self, day: NaiveDate, n: u32) -> Counted {
        let mut at = Counted { day, certain: true };
        for _ in 0..n {
            at = self.step(at, |day| day.pred_opt());
        }
        at
    }

    /// The last working day of a quarter (1 to 4; others are clamped).
    pub fn last_working_day_of_quarter(&self, year: i32, quarter: u32) -> Counted {
        let quarter = quarter.clamp(1, 4);
        let (next_year, month) = if quarter == 4 { (year + 1, 1) } else { (year, quarter * 3 + 1) };
        let after = NaiveDate::from_ymd_opt(next_year, month, 1).unwrap_or(NaiveDate::MAX);
        self.step(Counted { day: after, certain: true }, |day| day.pred_opt())
    }

    /// The run of days off that starts the day after `day`, weekends included; `None` if the next day is worked.
    pub fn break_after(&self, day: NaiveDate) -> Option<Break> {
        let first = day.succ_opt()?;
        if self.working_or_weekday(first).0 {
            return None;
        }
        let next = self.next_working_day(day);
        let last = next.day.pred_opt()?;
        let mut days = first.iter_days().take_while(|day| *day <= last);
        let name = days.find_map(|day| self.holiday(day)).map(str::to_owned);
        Some(Break { first, last, next_working: next.day, name, certain: next.certain })
    }

    /// The next break with a holiday in it that starts after `day` and within `days` days.
    pub fn next_holiday(&self, day: NaiveDate, days: u64) -> Option<Break> {
        (0..days.min(WALK_DAYS)).find_map(|ahead| {
            let eve = day.checked_add_days(Days::new(ahead))?;
            let worked = self.working_or_weekday(eve).0;
            self.break_after(eve).filter(|it| worked && it.name.is_some())
        })
    }

    /// The break with a holiday in it, of [`LONG_BREAK_DAYS`] or more, that begins after at most `working_days` working days,
    /// today's counted: from
    /// now on letters about it may be written 节前提醒.
    pub fn long_break_ahead(&self, today: NaiveDate, working_days: u32) -> Option<Break> {
        let mut eve = match self.working_or_weekday(today).0 {
            true => today,
            false => self.next_working_day(today).day,
        };
        for _ in 0..working_days {
            match self.break_after(eve) {
                Some(found) if found.is_long() => return Some(found),
                _ => eve = self.next_working_day(eve).day,
            }
        }
        None
    }

    /// The first day from `today` to `until` that sees a long break ahead, with the break.
    pub fn long_break_seen_from(
        &self,
        today: NaiveDate,
        until: NaiveDate,
        working_days: u32,
    ) -> Option<(NaiveDate, Break)> {
        let mut days = today.iter_days().take_while(|day| *day <= until);
        days.find_map(|day| Some((day, self.long_break_ahead(day, working_days)?)))
    }

    fn step(&self, from: Counted, go: impl Fn(NaiveDate) -> Option<NaiveDate>) -> Counted {
        let mut at = from;
        for _ in 0..WALK_DAYS {
            let Some(day) = go(at.day) else { return at };
            let (works, known) = self.working_or_weekday(day);
            at = Counted { day, certain: at.certain && known };
            if works {
                return at;
            }
        }
        at
    }
}

impl Break {
    /// Is it longer than a weekend, with a holiday in it?
    pub fn is_long(&self) -> bool {
        self.name.is_some() && (self.last - self.first).num_days() + 1 >= LONG_BREAK_DAYS
    }

    /// When somebody is at work again.
    pub fn work_begins(&self) -> Timestamp {
        work_begins(self.next_working)
    }
}

/// When work begins on a working day.
pub fn work_begins(day: NaiveDate) -> Timestamp {
    civil::start_of(day) + TimeDelta::hours(WORK_BEGINS_H)
}

fn fixed(day: NaiveDate) -> Option<&'static str> {
    let (month, dom) = (day.month(), day.day());
    FIXED.iter().find(|(m, d, _)| (*m, *d) == (month, dom)).map(|(_, _, name)| *name)
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests;
