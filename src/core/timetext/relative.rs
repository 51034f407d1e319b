//! How long ago is that? Relative Chinese text, read against the instant at which it was seen.
//!
//! The ranges hold for every way in which platforms make such text: cutting down (3 h 59 min is
//! "3小时前"), rounding (2 h 30 min is "3小时前") and counting calendar days.

use chrono::{Datelike, Days, NaiveDate, TimeDelta};

use super::scan::{Cursor, Period};
use super::{Range, SKEW_S, day_and_clock, whole_day};
use crate::Timestamp;
use crate::civil;

/// "刚刚" is said of at most this many seconds.
const JUST_NOW_S: i64 = 600;

/// How long a unit is at least and at most, seconds.
#[derive(Clone, Copy)]
struct Unit {
    shortest: i64,
    longest: i64,
    calendar_day: bool,
}

const fn unit(seconds: i64) -> Unit {
    Unit { shortest: seconds, longest: seconds, calendar_day: false }
}

/// Spellings of units, longer ones first.
const UNITS: [(&str, Unit); 17] = [
    ("秒钟", unit(1)),
    ("秒", unit(1)),
    ("分钟", unit(60)),
    ("分", unit(60)),
    ("个小时", unit(3600)),
    ("小时", unit(3600)),
    ("个钟头", unit(3600)),
    ("天", Unit { shortest: 86_400, longest: 86_400, calendar_day: true }),
    ("日", Unit { shortest: 86_400, longest: 86_400, calendar_day: true }),
    ("个星期", unit(7 * 86_400)),
    ("星期", unit(7 * 86_400)),
    ("个礼拜", unit(7 * 86_400)),
    ("礼拜", unit(7 * 86_400)),
    ("周", unit(7 * 86_400)),
    ("个月", Unit { shortest: 28 * 86_400, longest: 31 * 86_400, calendar_day: false }),
    ("月", Unit { shortest: 28 * 86_400, longest: 31 * 86_400, calendar_day: false }),
    ("年", Unit { shortest: 365 * 86_400, longest: 366 * 86_400, calendar_day: false }),
];

/// How many: at least and at most, in halves (so that 半 is a number).
type Halves = (i64, i64);

/// `刚刚`, `N秒前` … `N年前`, `半小时前`, `几天前`, `1小时30分钟前`.
pub(super) fn ago(text: &str, seen_at: Timestamp) -> Option<Range> {
    let mut cursor = Cursor::new(text);
    if cursor.eat_any(&["刚刚", "刚才", "方才"]).is_some() {
        let _ = cursor.eat("发布") || cursor.eat("更新");
        return cursor.done().then_some((before(seen_at, JUST_NOW_S)?, seen_at));
    }
    let _ = cursor.eat_any(&["大约", "约"]);
    let (mut fewest, mut most) = (0_i64, 0_i64);
    let mut last = None;
    loop {
        cursor.spaces();
        let (few, many) = count(&mut cursor)?;
        cursor.spaces();
        let (_, unit) = UNITS.iter().find(|(name, _)| cursor.eat(name))?;
        let half = i64::from(cursor.eat("半"));
        fewest += (few + half) * unit.shortest / 2;
        most += (many + half) * unit.longest / 2;
        cursor.spaces();
        let first = last.is_none();
        last = Some((*unit, few, many, first));
        if cursor.eat_any(&["之前", "以前", "前"]).is_some() {
            break;
        }
    }
    let _ = cursor.eat("发布") || cursor.eat("更新");
    cursor.done().then_some(())?;
    let (unit, few, many, alone) = last?;
    // Half of what was named: 半小时 is as exact as a half hour, 3小时 as an hour.
    let grain = if many == 1 { unit.longest / 2 } else { unit.longest };
    let earliest = before(seen_at, most + grain)?;
    let mut latest = before(seen_at, (fewest - grain / 2).max(0))?;
    if unit.calendar_day && alone && few == many && few >= 2 {
        let days = Days::new(u64::try_from(few / 2).ok()?);
        latest = latest.max(whole_day(civil::day(seen_at).checked_sub_days(days)?)?.1);
    }
    Some((earliest, latest))
}

/// How many of the unit: digits, numerals, 半, or the vague 几 and 数 (two to nine).
fn count(cursor: &mut Cursor<'_>) -> Option<Halves> {
    if cursor.eat("半") {
        return Some((1, 1));
    }
    if cursor.eat("几") || cursor.eat("数") {
        return Some((4, 18));
    }
    let whole = i64::from(cursor.number()?) * 2;
    let half = i64::from(cursor.eat("个半"));
    Some((whole + half, whole + half))
}

fn before(seen_at: Timestamp, seconds: i64) -> Option<Timestamp> {
    seen_at.checked_sub_signed(TimeDelta::try_seconds(seconds)?)
}

/// `今天`, `昨天`, `前天`, `昨晚`, with or without part of the day and clock.
pub(super) fn day_word(text: &str, seen_at: Timestamp) -> Option<Range> {
    let mut cursor = Cursor::new(text);
    let word =
        cursor.eat_any(&["大前天", "今天", "今日", "昨天", "昨日", "前天", "前日", "今", "昨"])?;
    let back = match word {
        "今天" | "今日" | "今" => 0,
        "昨天" | "昨日" | "昨" => 1,
        "大前天" => 3,
        _ => 2,
    };
    let day = civil::day(seen_at).checked_sub_days(Days::new(back))?;
    cursor.spaces();
    let mut ahead = cursor;
    let period = ahead.period().or_else(|| ahead.eat("夜").then_some(Period::Night));
    if period.is_none() && matches!(word, "今" | "昨") {
        return None;
    }
    ahead.spaces();
    if ahead.done() {
        return part_of(day, period);
    }
    if period == Some(Period::Night) {
        return night(day, ahead);
    }
    day_and_clock(day, &mut cursor)
}

/// A day, or its night, which reaches into the next morning.
fn part_of(day: NaiveDate, period: Option<Period>) -> Option<Range> {
    let (earliest, latest) = whole_day(day)?;
    match period {
        Some(Period::Night) => {
            Some((earliest + TimeDelta::hours(17), latest + TimeDelta::hours(6)))
        }
        _ => Some((earliest, latest)),
    }
}

/// `昨晚8点` is 20:00 of yesterday, `昨晚1点` is 01:00 of today.
fn night(day: NaiveDate, mut cursor: Cursor<'_>) -> Option<Range> {
    let mut clock = cursor.clock()?;
    cursor.done().then_some(())?;
    match clock.hour {
        5..12 => clock.hour += 12,
        0..5 => return clock.on(day.succ_opt()?, None),
        12 => {
            clock.hour = 0;
            return clock.on(day.succ_opt()?, None);
        }
        _ => {}
    }
    clock.on(day, None)
}

/// `周三 10:00`, `星期日`, `上周五`: the latest such day. Today's weekday may also mean a week ago.
pub(super) fn weekday(text: &str, seen_at: Timestamp) -> Option<Range> {
    let mut cursor = Cursor::new(text);
    let last_week = cursor.eat("上");
    let _ = !last_week && (cursor.eat("本") || cursor.eat("这"));
    let wanted = cursor.weekday()?;
    let today = civil::day(seen_at);
    let now = today.weekday().num_days_from_monday();
    if last_week {
        let day = today.checked_sub_days(Days::new(u64::from(now + 7 - wanted)))?;
        return day_and_clock(day, &mut cursor);
    }
    let week_ago = today.checked_sub_days(Days::new(7))?;
    if wanted == now {
        let (earliest, latest) = day_and_clock(week_ago, &mut cursor.clone())?;
        let (this_day, until) = day_and_clock(today, &mut cursor)?;
        let limit = seen_at.checked_add_signed(TimeDelta::seconds(SKEW_S))?;
        return Some((earliest, if this_day <= limit { until } else { latest }));
    }
    let back = (now + 7 - wanted) % 7;
    day_and_clock(today.checked_sub_days(Days::new(u64::from(back)))?, &mut cursor)
}
