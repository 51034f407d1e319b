//! Which calendar date is written? Unix numbers, dates in digits with any separator, and English
//! dates.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta};

use super::scan::Cursor;
use super::{Clock, Range, SKEW_S, day_and_clock, whole_day};
use crate::Timestamp;
use crate::civil;

/// Unix seconds (9–10 digits) or milliseconds (12–13), or a compact date (`20261122`,
/// `20261122100000`).
pub(super) fn numeric(text: &str) -> Option<Range> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(digits) || !all_digits(fraction) {
        return None;
    }
    let number = digits.parse::<i64>().ok()?;
    let at = match digits.len() {
        8 => return whole_day(compact_day(digits)?),
        9 | 10 => DateTime::from_timestamp(number, 0)?,
        12 | 13 => DateTime::from_timestamp_millis(number)?,
        14 => {
            let part = |from: usize| digits[from..from + 2].parse::<u32>().ok();
            let clock = Clock::new(part(8)?, part(10)?, part(12)?, super::Grain::Second)?;
            return clock.on(compact_day(&digits[..8])?, None);
        }
        _ => return None,
    };
    Some((at, at))
}

fn compact_day(digits: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?;
    (1992..2100).contains(&day.year()).then_some(day)
}

/// `2026-11-22`, `2026/11/22`, `2026.11.22`, `2026-11/22`, `2026年11月22日`, or without the year, with
/// or without a clock behind it.
pub(super) fn calendar(text: &str, seen_at: Timestamp) -> Option<Range> {
    let mut cursor = Cursor::new(text);
    cursor.skip_weekday();
    if let Some(year) = cursor.digits(4, 4) {
        cursor.spaces();
        cursor.eat_any(&["-", "/", ".", "年"])?;
        cursor.spaces();
        let month = cursor.digits(1, 2)?;
        cursor.spaces();
        cursor.eat_any(&["-", "/", ".", "月"])?;
        cursor.spaces();
        let day = cursor.digits(1, 2)?;
        cursor.spaces();
        let _ = cursor.eat_any(&["日", "号"]);
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        return day_and_clock(date, &mut cursor);
    }
    let month = cursor.digits(1, 2)?;
    cursor.spaces();
    cursor.eat_any(&["-", "/", "月"])?;
    cursor.spaces();
    let day = cursor.digits(1, 2)?;
    let _ = cursor.eat_any(&["日", "号"]);
    latest_year(month, day, cursor, seen_at)
}

/// The latest year in which this date is not in the future. 29 February may be up to eight years
/// back.
fn latest_year(month: u32, day: u32, cursor: Cursor<'_>, seen_at: Timestamp) -> Option<Range> {
    let this_year = civil::day(seen_at).year();
    let limit = seen_at.checked_add_signed(TimeDelta::seconds(SKEW_S))?;
    (0..=8).find_map(|back| {
        let date = NaiveDate::from_ymd_opt(this_year + 1 - back, month, day)?;
        let range = day_and_clock(date, &mut cursor.clone())?;
        (range.0 <= limit).then_some(range)
    })
}

/// The pieces of an English date, in whatever order they stand.
#[derive(Default)]
struct English {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    clock: Option<Clock>,
    zone: Option<FixedOffset>,
}

/// `Sun, 22 Nov 2026 10:00:00 +0800` (RFC 2822), `Sun Nov 22 10:00:00 +0800 2026` (RubyDate, Java),
/// `Nov 22, 2026`.
pub(super) fn english(text: &str) -> Option<Range> {
    let mut cursor = Cursor::new(text);
    let mut found = English::default();
    cursor.skip_weekday();
    while !cursor.done() {
        cursor.spaces();
        found.piece(&mut cursor)?;
        while cursor.eat(",") {
            cursor.spaces();
        }
    }
    let year = i32::try_from(found.year?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, found.month?, found.day?)?;
    match found.clock {
        Some(clock) => clock.on(date, found.zone),
        None if found.zone.is_none() => whole_day(date),
        None => None,
    }
}

impl English {
    /// Reads one piece; each may stand once.
    fn piece(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let here = *cursor;
        if cursor.peek()?.is_ascii_digit() {
            let mut ahead = *cursor;
            if ahead.digits(1, 2).is_some() && ahead.peek() == Some(':') {
                return set(&mut self.clock, cursor.clock()?);
            }
            if let Some(year) = cursor.digits(4, 4) {
                return set(&mut self.year, year);
            }
            set(&mut self.day, cursor.digits(1, 2)?)?;
            let _ = cursor.eat("-");
            return Some(());
        }
        if let Some(word) = cursor.word() {
            if weekday(word) {
                cursor.eat(".");
                return Some(());
            }
            if let Some(month) = month(word) {
                let _ = cursor.eat(".") || cursor.eat("-");
                return set(&mut self.month, month);
            }
        }
        *cursor = here;
        self.clock?;
        let zone = cursor.zone()?;
        set(&mut self.zone, zone?)
    }
}

fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.is_none().then(|| *place = Some(value))
}

/// An English weekday, short or long; it adds nothing and is often wrong.
fn weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.to_ascii_lowercase();
    word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(&word))
}

/// An English month, short or long, 1–12.
fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    if word == "sept" {
        return Some(9);
    }
    let at = MONTHS
        .iter()
        .position(|month| *month == word || (word.len() == 3 && month.starts_with(&word)))?;
    u32::try_from(at + 1).ok()
}
