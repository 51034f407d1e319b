//! The official plan of 2026 gives these days.

use super::*;

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The spring of 2026, by hand.
fn calendar() -> Calendar {
    let run = |name: &str, first: &str, last: &str| {
        d(first)
            .iter_days()
            .take_while(|day| *day <= d(last))
            .map(|day| (day, name.to_owned()))
            .collect::<Vec<_>>()
    };
    let off = [
        run("元旦", "2026-01-01", "2026-01-03"),
        run("春节", "2026-02-15", "2026-02-23"),
        run("劳动节", "2026-05-01", "2026-05-05"),
        run("中秋", "2026-09-25", "2026-09-27"),
        run("国庆节", "2026-10-01", "2026-10-07"),
    ]
    .concat();
    let makeup =
        ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"].map(d);
    Calendar::from_parts([2026], off, makeup)
}

#[test]
fn a_reply_is_due_n_working_days_after_receipt() {
    for (from, n, due) in [
        ("2026-02-11", 5, "2026-02-25"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-14", 5, "2026-02-28"),
        ("2026-04-29", 5, "2026-05-09"),
        ("2026-09-18", 5, "2026-09-24"),
        ("2026-09-24", 5, "2026-10-09"),
        ("2026-09-30", 5, "2026-10-13"),
        ("2026-02-11", 3, "2026-02-14"),
        ("2026-02-13", 15, "2026-03-12"),
        ("2026-03-04", 0, "2026-03-04"),
    ] {
        let got = calendar().add_working_days(d(from), n);
        assert_eq!(got, Counted { day: d(due), certain: true }, "{from} + {n}");
    }
}

#[test]
fn make_up_saturdays_are_worked_and_holidays_are_not() {
    let calendar = calendar();
    assert_eq!(calendar.is_working_day(d("2026-02-14")), Some(true));
    assert_eq!(calendar.is_working_day(d("2026-02-16")), Some(false));
    assert_eq!(calendar.is_working_day(d("2026-03-07")), Some(false));
    assert_eq!(calendar.is_working_day(d("2026-03-09")), Some(true));
    assert_eq!(calendar.holiday(d("2026-02-16")), Some("春节"));
}

#[test]
fn an_uncovered_year_is_never_called_known() {
    let calendar = calendar();
    assert_eq!(calendar.is_working_day(d("2027-02-08")), None);
    let next = calendar.next_working_day(d("2026-12-31"));
    assert_eq!(next, Counted { day: d("2027-01-04"), certain: false });
    assert!(calendar.next_working_day(d("2026-12-30")).certain);
    assert_eq!(calendar.working_or_weekday(d("2027-10-01")), (false, false));
}

#[test]
fn the_inspection_day_is_the_last_working_day_of_the_quarter() {
    let calendar = calendar();
    for (quarter, day) in
        [(1, "2026-03-31"), (2, "2026-06-30"), (3, "2026-09-30"), (4, "2026-12-31")]
    {
        let got = calendar.last_working_day_of_quarter(2026, quarter);
        assert_eq!(got, Counted { day: d(day), certain: true }, "Q{quarter}");
    }
    let guessed = calendar.last_working_day_of_quarter(2027, 2);
    assert_eq!(guessed, Counted { day: d("2027-06-30"), certain: false });
}

#[test]
fn a_break_runs_from_the_first_day_off_to_the_eve_of_work() {
    let calendar = calendar();
    let spring = calendar.break_after(d("2026-02-14")).unwrap();
    assert_eq!((spring.first, spring.last), (d("2026-02-15"), d("2026-02-23")));
    assert_eq!((spring.next_working, spring.name.as_deref()), (d("2026-02-24"), Some("春节")));
    assert!(spring.certain);
    assert_eq!(calendar.break_after(d("2026-02-13")), None);
    let weekend = calendar.break_after(d("2026-03-06")).unwrap();
    assert_eq!((weekend.last, weekend.name), (d("2026-03-08"), None));
    assert!(!calendar.break_after(d("2026-12-31")).unwrap().certain);
}

#[test]
fn the_next_holiday_is_found_from_afar() {
    let calendar = calendar();
    let next = calendar.next_holiday(d("2026-01-20"), 40).unwrap();
    assert_eq!(next.first, d("2026-02-15"));
    assert_eq!(calendar.next_holiday(d("2026-01-20"), 10), None);
    let may = calendar.next_holiday(d("2026-02-18"), 90).unwrap();
    assert_eq!(may.name.as_deref(), Some("劳动节"));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let calendar = calendar();
    assert_eq!(calendar.next_working_day(NaiveDate::MAX).day, NaiveDate::MAX);
    assert_eq!(calendar.break_after(NaiveDate::MAX), None);
    calendar.last_working_day_of_quarter(i32::MAX - 1, 9);
}
