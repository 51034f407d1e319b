//! Is every form read as the range that it means, and nothing else read at all?

use proptest::prelude::*;

use super::parse;
use crate::Timestamp;

/// Sunday 2026-11-22 10:30:00 in Beijing.
const SEEN: &str = "2026-11-22T10:30:00+08:00";

fn at(text: &str) -> Timestamp {
    let text = if text.contains('+') || text.ends_with('Z') {
        text.to_owned()
    } else {
        format!("{text}+08:00")
    };
    chrono::DateTime::parse_from_rfc3339(&text).unwrap().to_utc()
}

/// `text` read at [`SEEN`] must be exactly this range (Beijing time).
fn check(text: &str, earliest: &str, latest: &str) {
    check_seen(text, SEEN, earliest, latest);
}

fn check_seen(text: &str, seen: &str, earliest: &str, latest: &str) {
    let published = parse(text, at(seen)).unwrap_or_else(|| panic!("{text:?} is not read"));
    let shown = (
        crate::civil::rfc3339(published.earliest.unwrap()),
        crate::civil::rfc3339(published.latest),
    );
    let wanted = (crate::civil::rfc3339(at(earliest)), crate::civil::rfc3339(at(latest)));
    assert_eq!(shown, wanted, "{text:?}");
}

fn check_at(text: &str, instant: &str) {
    check(text, instant, instant);
}

fn check_none(text: &str) {
    assert_eq!(parse(text, at(SEEN)), None, "{text:?}");
}

#[test]
fn to_the_second() {
    let ten = "2026-11-22T10:00:00";
    for text in [
        "Sun, 22 Nov 2026 10:00:00 +0800",
        "Sun, 22 Nov 2026 10:00:00 +08:00",
        "Sun, 22 Nov 2026 02:00:00 GMT",
        "Sun, 22 Nov 2026 02:00:00 Z",
        "Sun, 22 Nov 2026 02:00:00 -0000",
        "Sun, 22 Nov 2026 10:00:00 CST",
        "Sun, 22 Nov 2026 10:00:00 GMT+8",
        "Sun, 22 Nov 2026 10:00:00 GMT+0800",
        "Sun, 22 Nov 2026 10:00:00 GMT+08:00",
        "Sun, 22 Nov 2026 10:00:00 UTC+8",
        "Sun, 22 Nov 2026 10:00:00 Asia/Shanghai",
        "Sun, 22 Nov 2026 10:00:00",
        "Mon, 22 Nov 2026 10:00:00 +0800",
        "22 Nov 2026 10:00:00 +0800",
        "Sunday, 22 November 2026 10:00:00 +0800",
        "22-Nov-2026 10:00:00",
        "星期日, 22 Nov 2026 10:00:00 +0800",
        "Sun Nov 22 10:00:00 +0800 2026",
        "Sun Nov 22 10:00:00 CST 2026",
        "Sun Nov 22 2026 10:00:00 GMT+0800 (中国标准时间)",
        "Nov 22, 2026 10:00:00 AM",
        "Sat, 21 Nov 2026 21:00:00 EST",
        "2026-11-22T10:00:00+08:00",
        "2026-11-22T10:00:00+0800",
        "2026-11-22T10:00:00.000+08",
        "2026-11-22T02:00:00Z",
        "2026-11-22t02:00:00.123456z",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00",
        "2026-11-22 10:00:00.0",
        "2026-11-22 10:00:00 +0800",
        "2026-11-22 10:00:00+08:00",
        "2026-11-22 10:00:00 +0800 CST",
        "2026-11-22-10:00:00",
        "2026-11-22  10:00:00 北京时间",
        "2026/11/22 10:00:00",
        "2026.11.22 10:00:00",
        "2026/11-22 10:00:00",
        "2026年11月22日 10:00:00",
        "2026年11月22日10时00分00秒",
        "2026年11月22日 星期日 10:00:00",
        "2026-11-22(周日)10:00:00",
        "2026-11-22 上午10:00:00",
        "２０２６-１１-２２　１０：００：００",
        "11-22 10:00:00",
        "11月22日10:00:00",
        "今天 10:00:00",
        "1795312800",
        "1795312800000",
        "1795312800.5",
        "20261122100000",
        " 2026-11-22 10:00:00\n",
    ] {
        check_at(text, ten);
    }
}

#[test]
fn days_that_end_and_odd_clocks() {
    check_at("Sun, 22 Nov 2026 00:00:00 +0800", "2026-11-22T00:00:00");
    check_at("Sat, 21 Nov 2026 24:00:00 +0800", "2026-11-22T00:00:00");
    check_at("2026-11-21 24:00:00", "2026-11-22T00:00:00");
    check_at("2025-12-31 24:00:00", "2026-01-01T00:00:00");
    check_at("2026-11-21 23:59:60", "2026-11-21T23:59:59");
    check_at("2026-11-21 下午3:05:06", "2026-11-21T15:05:06");
    check_at("2026-11-21 晚上12:00:00", "2026-11-22T00:00:00");
    check_at("2026-11-21 12:00:00 AM", "2026-11-21T00:00:00");
    check_at("2026-11-21 12:30:00 PM", "2026-11-21T12:30:00");
    check_at("2024-02-29 00:00:01", "2024-02-29T00:00:01");
}

#[test]
fn to_the_minute() {
    for text in [
        "2026-11-22 10:00",
        "2026年11月22日 10:00",
        "2026年11月22日10:00",
        "2026年11月22日10点00分",
        "2026/11/22 10:00",
        "2026-11-22T10:00+08:00",
        "Sun, 22 Nov 2026 10:00 +0800",
        "11-22 10:00",
        "11月22日 10:00",
        "今天10:00",
        "今天 10:00",
    ] {
        check(text, "2026-11-22T10:00:00", "2026-11-22T10:00:59");
    }
    check("昨天 16:05", "2026-11-21T16:05:00", "2026-11-21T16:05:59");
    check("昨日16:05", "2026-11-21T16:05:00", "2026-11-21T16:05:59");
    check("昨天下午4:05", "2026-11-21T16:05:00", "2026-11-21T16:05:59");
    check("前天 00:00", "2026-11-20T00:00:00", "2026-11-20T00:00:59");
    check("昨晚 20:15", "2026-11-21T20:15:00", "2026-11-21T20:15:59");
    check("昨晚八点半", "2026-11-21T20:30:00", "2026-11-21T20:30:59");
    check("昨天晚上1:30", "2026-11-22T01:30:00", "2026-11-22T01:30:59");
    check("周三 10:00", "2026-11-18T10:00:00", "2026-11-18T10:00:59");
    check("星期一 09:00", "2026-11-16T09:00:00", "2026-11-16T09:00:59");
    check("上周三 10:00", "2026-11-11T10:00:00", "2026-11-11T10:00:59");
    check("06月17日 18:12", "2026-06-17T18:12:00", "2026-06-17T18:12:59");
}

#[test]
fn to_the_day_or_hour() {
    for text in
        ["2026-11-20", "2026/11/20", "2026.11.20", "2026年11月20日", "2026年11月20号", "2026-11/20"]
    {
        check(text, "2026-11-20T00:00:00", "2026-11-20T23:59:59");
    }
    for text in ["11-20", "11月20日", "11/20", "前天", "20261120", "20 Nov 2026", "周五", "星期五"]
    {
        check(text, "2026-11-20T00:00:00", "2026-11-20T23:59:59");
    }
    check("2026年1月2日", "2026-01-02T00:00:00", "2026-01-02T23:59:59");
    check("昨天", "2026-11-21T00:00:00", "2026-11-21T23:59:59");
    check("大前天", "2026-11-19T00:00:00", "2026-11-19T23:59:59");
    check("昨晚8点", "2026-11-21T20:00:00", "2026-11-21T20:59:59");
    check("昨晚", "2026-11-21T17:00:00", "2026-11-22T05:59:59");
    // Today's weekday may be today or a week ago.
    check("周日", "2026-11-15T00:00:00", SEEN);
    check("周日 11:00", "2026-11-15T11:00:00", "2026-11-15T11:00:59");
    check("周日 10:00", "2026-11-15T10:00:00", "2026-11-22T10:00:59");
}

#[test]
fn nothing_seen_is_later_than_the_look() {
    check("2026-11-22", "2026-11-22T00:00:00", SEEN);
    check("11-22", "2026-11-22T00:00:00", SEEN);
    check("今天", "2026-11-22T00:00:00", SEEN);
    check("2026-11-22 10:30", SEEN, SEEN);
    // A date in the future stays what it is: the caller decides.
    check("2026-11-23", "2026-11-23T00:00:00", "2026-11-23T00:00:00");
    check_at("2026-12-01 10:00:00", "2026-12-01T10:00:00");
}

#[test]
fn without_a_year_it_is_the_latest_that_is_past() {
    check_at("11-23 10:00:00", "2025-11-23T10:00:00");
    check("12-31", "2025-12-31T00:00:00", "2025-12-31T23:59:59");
    check("11-22 10:45", "2025-11-22T10:45:00", "2025-11-22T10:45:59");
    check("11-22 10:38", "2026-11-22T10:38:00", "2026-11-22T10:38:00");
    check("02-29", "2024-02-29T00:00:00", "2024-02-29T23:59:59");
    let new_year = "2026-01-01T00:05:00";
    check_seen("12-31", new_year, "2025-12-31T00:00:00", "2025-12-31T23:59:59");
    check_seen("01-01", new_year, "2026-01-01T00:00:00", new_year);
    check_seen("昨天 23:50", new_year, "2025-12-31T23:50:00", "2025-12-31T23:50:59");
    // A clock that runs ahead by minutes does not put a post into last year.
    check_seen("01-01", "2025-12-31T23:58:00", "2026-01-01T00:00:00", "2026-01-01T00:00:00");
}

#[test]
fn relative_text_is_as_exact_as_its_unit() {
    check("刚刚", "2026-11-22T10:20:00", SEEN);
    check("剛剛", "2026-11-22T10:20:00", SEEN);
    check("30秒前", "2026-11-22T10:29:29", "2026-11-22T10:29:30");
    check("5分钟前", "2026-11-22T10:24:00", "2026-11-22T10:25:30");
    check("五分鐘前", "2026-11-22T10:24:00", "2026-11-22T10:25:30");
    check("3小时前", "2026-11-22T06:30:00", "2026-11-22T08:00:00");
    check("3 个小时前", "2026-11-22T06:30:00", "2026-11-22T08:00:00");
    check("半小时前", "2026-11-22T09:30:00", "2026-11-22T10:15:00");
    check("1小时30分钟前", "2026-11-22T08:59:00", "2026-11-22T09:00:30");
    check("1天前", "2026-11-20T10:30:00", "2026-11-21T23:59:59");
    check("3天前", "2026-11-18T10:30:00", "2026-11-19T23:59:59");
    check("十二天前", "2026-11-09T10:30:00", "2026-11-10T23:59:59");
    check("两周前", "2026-11-01T10:30:00", "2026-11-11T22:30:00");
    check("1个月前", "2026-09-21T10:30:00", "2026-11-09T22:30:00");
    check("2年前", "2023-11-20T10:30:00", "2025-05-24T10:30:00");
    check("几天前", "2026-11-12T10:30:00", "2026-11-20T22:30:00");
    // Late in the evening a calendar day reaches further than a rounded one.
    check_seen("3天前", "2026-11-22T01:00:00", "2026-11-18T01:00:00", "2026-11-19T23:59:59");
}

#[test]
fn nonsense_is_nothing() {
    for text in [
        "",
        " ",
        "\u{3000}",
        "无",
        "未知",
        "发布时间",
        "null",
        "0",
        "00",
        "-1",
        "1",
        "12345",
        "N/A",
        "now",
        "today",
        "Mon, 31 Feb 2026 10:00:00 +0800",
        "2026-02-31",
        "2026-13-01",
        "2026-00-10",
        "2026-11-00",
        "02-30",
        "13-01",
        "2026-11-22 25:00:00",
        "2026-11-22 24:00:01",
        "2026-11-22 10:60",
        "2026-11-22 10",
        "2026-11",
        "2026年11月",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "1970-01-01",
        "123456789",
        "2026-11-22 10:00:00 Mars/Phobos",
        "2026-11-22 10:00:00 +99",
        "2026-11-22 10:00:00 abcdefg",
        "2026-11-22 and more",
        "明天",
        "3天后",
        "前",
        "天前",
        "小时前",
        "周",
        "周八",
        "星期",
        "2026-11-22-11-23",
        "Sun, 22 22 Nov 2026 10:00:00",
        "Sun",
        "Nov",
        "10:00",
        "3.5",
        "1.0.2",
        "99999999999999999999",
        "20261345",
        "2026-11-22T",
        "2026-11-22T10:00:00+",
        "昨",
        "今",
        "十",
        "半",
        "百天前",
        "2026--11--22",
    ] {
        check_none(text);
    }
    check_none(&"9".repeat(1000));
    check_none(&"1小时".repeat(1000));
}

#[test]
fn a_look_out_of_all_time_reads_nothing() {
    assert_eq!(parse("3天前", Timestamp::MAX_UTC), None);
    assert_eq!(parse("昨天", Timestamp::MIN_UTC), None);
}

proptest! {
    #[test]
    fn never_panics_on_any_text(text in any::<String>(), seen in 700_000_000_i64..4_000_000_000) {
        let seen = chrono::DateTime::from_timestamp(seen, 0).unwrap();
        let _ = parse(&text, seen);
    }

    #[test]
    fn never_panics_on_texts_like_dates(
        text in "[0-9]{0,4}[-/.年 ]?[0-9十半几]{0,3}[-/月天小周个]?[0-9]{0,2}[日T 前时]?(上午|下午|星期三|昨晚|今天|Nov|GMT)?[0-9:点]{0,8}[.+Z-]?[0-9]{0,4}",
        seen in 700_000_000_i64..4_000_000_000,
    ) {
        let seen = chrono::DateTime::from_timestamp(seen, 0).unwrap();
        if let Some(published) = parse(&text, seen) {
            let earliest = published.earliest.unwrap();
            prop_assert!(earliest <= published.latest);
            prop_assert!(published.latest <= seen.max(earliest));
        }
    }

    #[test]
    fn what_is_written_is_read(unix in 700_000_000_i64..4_000_000_000, ahead in 0_i64..100_000_000) {
        let instant = chrono::DateTime::from_timestamp(unix, 0).unwrap();
        let seen = instant + chrono::TimeDelta::seconds(ahead);
        let local = crate::civil::local(instant);
        for form in ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%-m月%-d日 %H:%M:%S", "%a, %d %b %Y %H:%M:%S %z",
            "%a %b %d %H:%M:%S %z %Y", "%Y-%m-%dT%H:%M:%S%:z", "%s", "%s000", "%Y%m%d%H%M%S"]
        {
            let text = local.format(form).to_string();
            prop_assert_eq!(parse(&text, seen), Some(crate::observation::Published::at(instant)), "{}", text);
        }
        let day = parse(&local.format("%Y.%-m.%-d").to_string(), seen).unwrap();
        prop_assert!(day.earliest.unwrap() <= instant && instant <= day.latest);
    }

    #[test]
    fn relative_ranges_hold_the_truth(seen in 1_400_000_000_i64..2_000_000_000, ago in 0_i64..30_000_000) {
        let seen = chrono::DateTime::from_timestamp(seen, 0).unwrap();
        let truth = seen - chrono::TimeDelta::seconds(ago);
        let calendar = (crate::civil::day(seen) - crate::civil::day(truth)).num_days();
        for (unit, name) in [(60, "分钟前"), (3600, "小时前"), (86_400, "天前"), (604_800, "周前")] {
            for count in [ago / unit, (ago + unit / 2) / unit] {
                holds(&format!("{count}{name}"), seen, truth)?;
            }
        }
        holds(&format!("{calendar}天前"), seen, truth)?;
        if calendar < 3 {
            holds(["今天", "昨天", "前天"][usize::try_from(calendar).unwrap()], seen, truth)?;
        }
        holds(&crate::civil::local(truth).format("%m-%d").to_string(), seen, truth)?;
        if calendar < 7 {
            let names = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
            let number = chrono::Datelike::weekday(&crate::civil::day(truth)).num_days_from_monday();
            holds(names[usize::try_from(number).unwrap()], seen, truth)?;
        }
    }
}

/// The range that is read must hold the truth that the text was made of.
fn holds(text: &str, seen: Timestamp, truth: Timestamp) -> Result<(), TestCaseError> {
    let published = parse(text, seen);
    prop_assert!(published.is_some(), "{}", text);
    let published = published.unwrap();
    prop_assert!(published.earliest.unwrap() <= truth, "{} is too late", text);
    prop_assert!(truth <= published.latest, "{} is too early", text);
    Ok(())
}
