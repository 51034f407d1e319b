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
    assert_eq!(calendar.years().collect::<Vec<_>>(), (2020..=2026).collect::<Vec<_>>());
}

/// Working days by two public packages (`tests/calendar_check.py`): days less weekends and holidays plus make-up days.
#[test]
fn each_year_has_as_many_working_days_as_its_plan() {
    let calendar = parse_calendar_toml(SHIPPED).unwrap();
    let counts = [249, 250, 249, 249, 251, 248, 248];
    for (year, expected) in (2020..).zip(counts) {
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

#[test]
fn a_drop_in_file_adds_a_year_and_a_wrong_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calendar.toml");
    let shown = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let november = freshd_core::civil::start_of(d("2026-11-23"));
    let built_in = beside(&file, shown).unwrap();
    // 45 days ahead lies 7 January: a window that reaches into 2027 is told of.
    assert_eq!(gap(&built_in, november), Some(2027));
    assert_eq!(gap(&built_in, november - chrono::TimeDelta::days(20)), None);
    assert!(gap_text(2027).contains("calendar.d/2027.toml"));
    std::fs::create_dir(folder.path().join("calendar.d")).unwrap();
    let drop = folder.path().join("calendar.d/2027.toml");
    let year = "[[year]]\nyear = 2027\noff = [{ name = \"元旦\", from = \"2027-01-01\", to = \"2027-01-03\" }]\n";
    std::fs::write(&drop, format!("{year}working = [\"2027-01-09\"]\n")).unwrap();
    let added = beside(&file, shown).unwrap();
    assert_eq!(added.years().collect::<Vec<_>>(), (2020..=2027).collect::<Vec<_>>());
    assert_eq!(added.is_working_day(d("2027-01-09")), Some(true));
    assert_eq!(added.is_working_day(d("2026-02-14")), Some(true));
    assert_eq!(gap(&added, november), None);
    // The same year again takes the place of the built-in one.
    let changed = year.replace("2027", "2026");
    std::fs::write(&drop, changed).unwrap();
    assert_eq!(beside(&file, shown).unwrap().is_working_day(d("2026-02-16")), Some(true));
    std::fs::write(&drop, "[[year]]\nyear = 2027\n").unwrap();
    let problems = beside(&file, shown).unwrap_err();
    assert!(format!("{problems:?}").contains("2027.toml"), "{problems:?}");
}
