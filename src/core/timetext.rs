//! When does this text say? Every form of date that Chinese platforms and feeds write, as a range.
//!
//! The forms are those of the platforms' lists and feeds: RFC 3339 and 2822, RubyDate, naive
//! Beijing time with any separator, Chinese dates, dates without a year or a clock, unix seconds
//! and milliseconds, and relative text ("3小时前", "昨天 16:00"). A form that is not understood is
//! `None`: never "now", never a guess.

mod absolute;
mod relative;
mod scan;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::Timestamp;
use crate::civil;
use crate::observation::Published;
use scan::Cursor;

/// Texts longer than this many bytes are not dates.
const TEXT_BYTES_MAX: usize = 128;

/// A date may lie this many seconds after the look and still be of this year: clocks differ.
const SKEW_S: i64 = 600;

/// Dates before 1992 are placeholders (`0001-01-01`, `1970-01-01`), not publications; Beijing's
/// clock has had no daylight saving since then.
const YEAR_MIN: i32 = 1992;

/// When `text`, read at `seen_at`, says that something was published; `earliest` is always known.
///
/// No zone means Beijing time, and so does `CST`. A date without a clock is the whole Beijing day;
/// a clock without seconds is the whole minute. A date without a year is the latest that is not in
/// the future. What was seen cannot have been published later, so `latest` never passes `seen_at`
/// unless `earliest` does (a date in the future is returned as it is written; the caller decides).
/// `None`: empty, nonsense, impossible (31 Feb) or a placeholder.
pub fn parse(text: &str, seen_at: Timestamp) -> Option<Published> {
    if text.len() > TEXT_BYTES_MAX || !(YEAR_MIN..9000).contains(&chrono::Datelike::year(&seen_at))
    {
        return None;
    }
    let plain = scan::normalise(text);
    let plain = plain.trim();
    if plain.is_empty() {
        return None;
    }
    let (earliest, latest) = absolute::numeric(plain)
        .or_else(|| absolute::calendar(plain, seen_at))
        .or_else(|| absolute::english(plain))
        .or_else(|| relative::ago(plain, seen_at))
        .or_else(|| relative::day_word(plain, seen_at))
        .or_else(|| relative::weekday(plain, seen_at))?;
    if chrono::Datelike::year(&earliest) < YEAR_MIN {
        return None;
    }
    let latest = latest.min(seen_at.max(earliest));
    Some(Published::between(earliest, latest))
}

/// Both ends of a range, inclusive.
type Range = (Timestamp, Timestamp);

/// How exactly a clock was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    Hour,
    Minute,
    Second,
}

/// A time of day; `hour` is at most 24, and 24 only at 24:00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    grain: Grain,
}

impl Clock {
    /// Checks the fields: at most 24:00:00, and a leap second counts as the one before.
    fn new(hour: u32, minute: u32, second: u32, grain: Grain) -> Option<Self> {
        let midnight = hour == 24 && minute == 0 && second == 0;
        ((hour < 24 || midnight) && minute < 60 && second <= 60).then_some(Self {
            hour,
            minute,
            second: second.min(59),
            grain,
        })
    }

    /// The range that this clock means on a day, in a zone (`None` = Beijing).
    fn on(self, day: NaiveDate, zone: Option<FixedOffset>) -> Option<Range> {
        let seconds = i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        let wall = day.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::seconds(seconds))?;
        let earliest = instant(wall, zone)?;
        let length = match self.grain {
            Grain::Hour => 3599,
            Grain::Minute => 59,
            Grain::Second => 0,
        };
        Some((earliest, earliest.checked_add_signed(TimeDelta::seconds(length))?))
    }
}

/// A wall time in a zone (`None` = Beijing) as an instant.
fn instant(wall: NaiveDateTime, zone: Option<FixedOffset>) -> Option<Timestamp> {
    let offset = zone.unwrap_or_else(civil::beijing);
    let utc = wall.checked_sub_offset(offset)?;
    Some(DateTime::<Utc>::from_naive_utc_and_offset(utc, Utc))
}

/// The whole Beijing day.
fn whole_day(day: NaiveDate) -> Option<Range> {
    let earliest = instant(day.and_hms_opt(0, 0, 0)?, None)?;
    Some((earliest, earliest.checked_add_signed(TimeDelta::seconds(86_399))?))
}

/// What a day with what follows it means: the whole day when nothing follows, else the clock and
/// its zone.
fn day_and_clock(day: NaiveDate, cursor: &mut Cursor<'_>) -> Option<Range> {
    cursor.skip_weekday();
    if cursor.done() {
        return whole_day(day);
    }
    let clock = cursor.clock()?;
    let zone = cursor.zone()?;
    cursor.done().then_some(())?;
    clock.on(day, zone)
}

#[cfg(test)]
mod tests;
