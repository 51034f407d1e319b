//! Do letters leave in their hours, and late ones at once?

use chrono::{NaiveDate, TimeDelta};
use freshd_core::civil;

use super::*;

fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
    let day = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    civil::instant(day.and_hms_opt(hour, minute, 30).unwrap())
}

fn opening(day: u32) -> Timestamp {
    at(day, 8, 30) - TimeDelta::seconds(30)
}

fn window(working_days_only: bool) -> SendWindow {
    let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    SendWindow {
        hours: SendHours { from: time(8, 30), until: time(18, 0) },
        working_days_only,
        zone: chrono_tz::Asia::Shanghai,
        calendar: Arc::new(Calendar::from_parts([2026], [], [])),
    }
}

#[test]
fn letters_wait_for_the_next_opening() {
    // 2026-11-20 is a Friday.
    let cases = [
        (at(20, 8, 29), opening(20), opening(20)),
        (at(20, 8, 30), at(20, 8, 30), at(20, 8, 30)),
        (at(20, 18, 0), at(20, 18, 0), at(20, 18, 0)),
        (at(20, 18, 1), opening(21), opening(23)),
        (at(22, 12, 0), at(22, 12, 0), opening(23)),
    ];
    for (now, any_day, working) in cases {
        assert_eq!(window(false).opens(now), any_day, "{now}");
        assert_eq!(window(true).opens(now), working, "{now}");
    }
}

#[test]
fn a_letter_that_would_come_too_late_goes_at_once() {
    let now = at(20, 20, 0);
    let window = window(true);
    assert_eq!(window.when(now, Some(at(22, 9, 0))), now);
    assert_eq!(window.when(now, Some(at(23, 9, 0))), opening(23));
    assert_eq!(window.when(now, None), opening(23));
    assert_eq!(window.when(now, Some(now - TimeDelta::hours(1))), opening(23), "late already");
}

#[test]
fn the_day_ends_at_local_midnight() {
    assert_eq!(civil::rfc3339(window(true).next_day(at(20, 23, 0))), "2026-11-21T00:00:00+08:00");
}
