//! The shipped calendar, and what a wrong one is told.

use chrono::{Datelike, NaiveDate};

use super::*;

const SHIPPED: &str = include_str!("../../../config/calendar.toml");

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_shipped_calendar_counts_like_the_official_plan() {
    let calendar = parse_calendar_toml(SHIPPED).unwrap();
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
    ] {
        let got = calendar.add_working_days(d(from), n);
        assert_eq!((got.day, got.certain), (d(due), true), "{from} + {n}");
    }
    assert_eq!(calendar.years().collect::<Vec<_>>(), [2025, 2026]);
}

/// Official counts of working days: 248 in 2025, 248 in 2026 (365 less weekends and holidays plus make-up days).
#[test]
fn each_year_has_as_many_working_days_as_its_plan() {
    let calendar = parse_calendar_toml(SHIPPED).unwrap();
    for (year, expected) in [(2025, 248), (2026, 248)] {
        let days = d(&format!("{year}-01-01")).iter_days().take_while(|day| day.year() == year);
        let worked = days.filter(|day| calendar.is_working_day(*day) == Some(true)).count();
        assert_eq!(worked, expected, "{year}");
    }
}

#[test]
fn a_wrong_calendar_is_refused_in_words() {
    let year = |body: &str| format!("[[year]]\nyear = 2027\n{body}");
    let off = r#"off = [{ name = "元旦", from = "2027-01-01", to = "2027-01-03" }]"#;
    for (text, word) in [
        (year(""), "没有任何节假日"),
        (year(r#"off = [{ name = "x", from = "2027-01-03", to = "2027-01-01" }]"#), "不是一段假期"),
        (year(r#"off = [{ name = "x", from = "2027-02-30", to = "2027-03-01" }]"#), "不是日期"),
        (year(&format!("{off}\nworking = [\"2026-01-04\"]")), "不在 2027 年"),
        (year(&format!("{off}\nholiday = 1")), "写法不对"),
        (format!("{0}\n{0}", year(off)), "两次"),
    ] {
        let told = parse_calendar_toml(&text).unwrap_err();
        assert!(told.what.contains(word), "{told:?}");
        assert!(told.line.is_some(), "{told:?}");
    }
    let told = parse_calendar_toml(&year(&format!("{off}\nworking = [\n\"2027-02-30\"]")));
    assert_eq!(told.unwrap_err().line, Some(5));
    assert!(parse_calendar_toml(&year(off)).is_ok());
}
