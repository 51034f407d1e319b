//! Is the last safe day before a break the right one?

use chrono::{NaiveDate, TimeDelta};
use freshd_core::calendar::Calendar;
use freshd_core::{Timestamp, civil};

use super::*;

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

fn at(month: u32, dom: u32, hour: u32) -> Timestamp {
    civil::instant(day(month, dom).and_hms_opt(hour, 0, 0).unwrap())
}

/// 2026: 春节 15–23 February with 14 and 28 February worked; 国庆节 1–7 October.
fn plan() -> Calendar {
    let spring = (15..=23).map(|dom| (day(2, dom), "春节".to_owned()));
    let national = (1..=7).map(|dom| (day(10, dom), "国庆节".to_owned()));
    Calendar::from_parts([2026], spring.chain(national), [day(2, 14), day(2, 28)])
}

fn check(now: Timestamp, deadline: Timestamp, window: i64, expected: &str) {
    let found = before_break(&plan(), deadline, window, now);
    assert_eq!(found.as_ref().map(advice).unwrap_or_default(), expected);
}

#[test]
fn a_deadline_inside_a_holiday_moves_to_the_last_working_day() {
    let text = "期限落在春节假期(2月15日至2月23日)内,最晚请于2月14日(放假前最后一个工作日)发布";
    check(at(2, 10, 9), at(2, 18, 9), 14, text);
    check(
        at(2, 10, 9),
        at(2, 18, 9),
        7,
        &format!(
            "{text};仅在2月14日发布撑不到节后上班,请另设一次定时发布,时间在2月18日至2月20日之间(含首尾)"
        ),
    );
}

#[test]
fn a_holiday_before_the_deadline_is_told() {
    let text = "期限前有国庆节假期(10月1日至10月7日),建议于9月30日(放假前最后一个工作日)前发布";
    check(at(9, 28, 9), at(10, 11, 9), 14, text);
}

#[test]
fn a_weekend_counts_only_when_the_deadline_falls_into_it() {
    check(
        at(11, 19, 9),
        at(11, 23, 0),
        14,
        "期限落在周末(11月21日至11月22日)内,建议于11月20日(此前最后一个工作日)发布",
    );
    check(at(11, 19, 9), at(11, 25, 9), 14, "");
}

#[test]
fn nothing_is_told_once_the_break_has_begun_or_only_hours_are_left() {
    check(at(2, 16, 9), at(2, 18, 9), 14, "");
    let now = at(11, 20, 9);
    check(now, now + TimeDelta::hours(3), 14, "");
}

#[test]
fn an_uncovered_year_is_said() {
    let empty = Calendar::default();
    let now = at(9, 28, 9);
    let found = before_break(&empty, at(10, 4, 0), 14, now).unwrap();
    assert_eq!(found.safe, day(9, 30));
    assert!(!found.certain && advice(&found).ends_with("(该年放假安排尚未公布,按常规推算)"));
}

/// The spring of 2026 under a 7-day rule: a post on the last working day runs out on 21 February, work begins on the 24th.
#[test]
fn even_the_last_working_day_is_not_enough_before_the_spring_festival_of_2026() {
    let told = |window| {
        let found = eve_of(&plan(), day(2, 15), at(2, 17, 10), window, at(2, 11, 9)).unwrap();
        (found.safe, found.outlasts_window, found.inside, eve_advice(&found, at(2, 17, 10)))
    };
    let (safe, outlasts, inside, words) = told(7);
    assert_eq!((safe, outlasts), (day(2, 14), true));
    assert_eq!(inside, Some((day(2, 18), day(2, 20))));
    assert_eq!(
        words,
        "春节假期2月15日至2月23日,2月24日上班;照目前的发布情况,2月17日 10:00到期,早于节后上班。\
         最晚安全日期:2月14日(放假前最后一个工作日),请于当日(含)前发布;仅在2月14日发布撑不到节后上班,\
         请另设一次定时发布,时间在2月18日至2月20日之间(含首尾)"
    );
    let (safe, outlasts, _, words) = told(14);
    assert_eq!((safe, outlasts), (day(2, 14), false));
    assert!(words.ends_with("请于当日(含)前发布"), "{words}");
    let (_, outlasts, inside, words) = told(3);
    assert_eq!((outlasts, inside), (true, None));
    assert!(words.ends_with("假期内还须安排多次定时发布"), "{words}");
}
