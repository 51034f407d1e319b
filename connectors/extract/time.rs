//! When does this field say that something came out? The time formats of a manifest.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use freshd_core::Timestamp;
use freshd_core::observation::Published;
use freshd_core::timetext;

use crate::listing::SKEW_MIN;

/// Years that a publication can lie in.
const YEARS: std::ops::Range<i32> = 1992..9000;

/// One way of writing a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Seconds since 1970.
    UnixS,
    /// Milliseconds since 1970.
    UnixMs,
    /// Whatever Chinese platforms write, relative text included, as a range.
    Text,
    /// A pattern (`%Y-%m-%d %H:%M:%S`) and how exact it is.
    Pattern(String, Grain),
}

/// How exactly a pattern says the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    /// A day without a clock.
    Day,
    /// To the minute.
    Minute,
    /// To the second.
    Second,
    /// To the second or minute, with its own zone.
    Zoned,
}

impl TimeFormat {
    /// Reads a format's name or pattern; the error says in Chinese what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "unix-s" => Ok(Self::UnixS),
            "unix-ms" => Ok(Self::UnixMs),
            "text" => Ok(Self::Text),
            pattern if pattern.contains('%') => {
                grain(pattern).map(|grain| Self::Pattern(pattern.to_owned(), grain))
            }
            other => Err(format!("不认识的时间格式「{other}」")),
        }
    }

    fn read(&self, text: &str, zone: FixedOffset, now: Timestamp) -> Option<Published> {
        match self {
            Self::UnixS => DateTime::from_timestamp(whole(text)?, 0).map(Published::at),
            Self::UnixMs => DateTime::from_timestamp_millis(whole(text)?).map(Published::at),
            Self::Text => timetext::parse(text, now),
            Self::Pattern(pattern, Grain::Zoned) => {
                let at = DateTime::parse_from_str(text, pattern).ok()?;
                Some(Published::at(at.to_utc()))
            }
            Self::Pattern(pattern, grain) => {
                let (wall, seconds) = match grain {
                    Grain::Day => {
                        let day = NaiveDate::parse_from_str(text, pattern).ok()?;
                        (day.and_hms_opt(0, 0, 0)?, 86_399)
                    }
                    Grain::Minute => (NaiveDateTime::parse_from_str(text, pattern).ok()?, 59),
                    _ => (NaiveDateTime::parse_from_str(text, pattern).ok()?, 0),
                };
                let earliest = wall.and_local_timezone(zone).single()?.to_utc();
                let latest = earliest.checked_add_signed(TimeDelta::seconds(seconds))?;
                Some(Published::between(earliest, latest.min(now.max(earliest))))
            }
        }
    }
}

/// What the first format that understands the text says. In the future, or before there were such
/// platforms, is no time at all: unix seconds read as milliseconds end there, too.
pub(crate) fn published(
    text: &str,
    formats: &[TimeFormat],
    zone: FixedOffset,
    now: Timestamp,
) -> Option<Published> {
    let possible = |published: &Published| {
        published.earliest.is_some_and(|at| {
            YEARS.contains(&at.year()) && at <= now + TimeDelta::minutes(SKEW_MIN)
        })
    };
    formats.iter().filter_map(|format| format.read(text.trim(), zone, now)).find(possible)
}

fn whole(text: &str) -> Option<i64> {
    // `1795312800.0` is how some languages write a whole number.
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse().ok()
}

/// What a pattern can read back of a time that it wrote itself.
fn grain(pattern: &str) -> Result<Grain, String> {
    const SAMPLE: &str = "2026-11-22T09:37:41+09:00";
    if pattern.len() > 60 || StrftimeItems::new(pattern).any(|item| matches!(item, Item::Error)) {
        return Err(format!("时间格式「{pattern}」看不懂"));
    }
    if pattern.contains("%s") {
        return Err("unix 时间写成 unix-s 或 unix-ms".to_owned());
    }
    let sample = DateTime::parse_from_rfc3339(SAMPLE).expect("a literal time parses");
    let written = sample.format(pattern).to_string();
    if DateTime::parse_from_str(&written, pattern).is_ok() {
        return Ok(Grain::Zoned);
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(&written, pattern)
        && at.date() == sample.date_naive()
        && (at.hour(), at.minute()) == (9, 37)
    {
        return Ok(if at.second() == 41 { Grain::Second } else { Grain::Minute });
    }
    let day = NaiveDate::parse_from_str(&written, pattern);
    match day {
        Ok(day) if day == sample.date_naive() => Ok(Grain::Day),
        _ => Err(format!("时间格式「{pattern}」说不全年、月、日(没有年份的写法用 text)")),
    }
}
