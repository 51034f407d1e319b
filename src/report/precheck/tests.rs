//! The precheck counts right, words problems as notices do, and its workbook opens again.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use freshd_core::civil;
use freshd_core::verdict::judge;
use serde_json::json;

use super::*;
use crate::report::samples::{Sample, account, now, policy, province, sample};

/// The weeks of November and December 2026, without holidays.
fn calendar() -> Calendar {
    Calendar::from_parts([2026], [], [])
}

fn of(rows: &[Sample]) -> Precheck {
    build(rows, Some("2026Q4"), now(), &calendar(), &policy())
}

fn book(precheck: &Precheck) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(precheck.xlsx().unwrap())).unwrap()
}

#[test]
fn counts_and_rates_are_of_the_rows() {
    let precheck = of(&province());
    let scope = serde_json::to_value(precheck.scope).unwrap();
    let wanted = json!({
        "running": 5, "checked": 5, "verified": 4, "passed": 2, "undetermined": 1, "failed": 2,
        "pass_rate": 50.0, "pass_rate_low": 40.0, "pass_rate_high": 60.0,
    });
    assert_eq!(scope, wanted);
    let unit = serde_json::to_value(&precheck.by_reporting_unit[0]).unwrap();
    assert_eq!((&unit["name"], &unit["failed"]), (&json!("茂名市"), &json!(2)));
    assert_eq!(precheck.by_platform[0].name, "weibo");
    assert_eq!(precheck.exit(), 1);
}

#[test]
fn rates_keep_two_decimals_and_nothing_has_no_rate() {
    assert_eq!(percent(2, 3), Some(66.67));
    assert_eq!(percent(0, 0), None);
    let all_open = of(&[sample(account("9", "甲"), None, 0)]);
    assert_eq!(all_open.scope.pass_rate, None);
    assert_eq!(all_open.scope.pass_rate_low, Some(0.0));
    assert_eq!(all_open.scope.pass_rate_high, Some(100.0));
    assert_eq!(all_open.exit(), 3);
    assert!(all_open.summary().contains("待核实 1 个"), "{}", all_open.summary());
    assert_eq!(of(&[]).scope.pass_rate_low, None);
    assert_eq!(of(&[sample(account("1", "甲"), Some(1.0), 30)]).exit(), 0);
}

#[test]
fn accounts_that_are_not_judged_are_left_out() {
    let mut gone = account("8", "已注销的");
    gone.lifecycle = freshd_core::account::Lifecycle::Deregistered;
    assert_eq!(of(&[sample(gone, Some(200.0), 100)]).scope.checked, 0);
}

#[test]
fn problems_are_worded_as_notices_word_them() {
    let precheck = of(&province());
    let told: Vec<_> =
        precheck.problems.iter().map(|row| (row.who.id.as_str(), row.problem.as_str())).collect();
    assert_eq!(told, [("weibo:3", "监测时间点前2周内无更新"), ("weibo:4", "超过三个月未更新")]);
    let first = serde_json::to_value(&precheck.problems[0]).unwrap();
    assert_eq!(first["no"], 1);
    assert_eq!(first["rule"], "content-stale");
    assert_eq!(first["days"], 19, "whole days up to the data's end, a second before the check");
    assert_eq!(first["last_update"], "2026-11-02T10:00:00+08:00");
    assert_eq!(first["rectification_deadline"], "2026-12-06T10:00:00+08:00");
    assert_eq!(first["evidence"][0]["id"], "abc123");
}

#[test]
fn three_months_are_told_only_where_they_are_proven() {
    let old_post_short_data = sample(account("6", "甲"), Some(200.0), 20);
    assert_eq!(of(&[old_post_short_data]).problems[0].problem, "监测时间点前2周内无更新");
}

#[test]
fn other_windows_are_worded_too() {
    for (days, wanted) in [(7, "监测时间点前1周内无更新"), (10, "监测时间点前10天内无更新")]
    {
        let mut policy = policy();
        policy.window = chrono::TimeDelta::days(days);
        let (account, state, _) = sample(account("6", "甲"), Some(40.0), 45);
        let judgement = judge(&account, &state, &policy, now());
        let rows = [(account, state, judgement)];
        let precheck = build(&rows, None, now(), &calendar(), &policy);
        assert_eq!(precheck.problems[0].problem, wanted);
    }
}

#[test]
fn last_quarters_circular_is_found_by_rule_or_words() {
    let named = |entries: &[&str], quarter: Option<&str>| {
        let mut account = account("6", "甲");
        account.last_circular = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let rows = [sample(account, Some(40.0), 30)];
        build(&rows, quarter, now(), &calendar(), &policy()).problems[0].also_last_quarter
    };
    for quarter in [Some("2026Q4"), None] {
        assert!(named(&["2026Q3:content-stale"], quarter));
        assert!(named(&["2026Q2:content-stale", "2026Q3:content-stale"], quarter));
        assert!(!named(&["2026Q2:content-stale"], quarter));
        assert!(!named(&["2026Q3:interaction-poor"], quarter));
    }
    assert!(named(&["2025Q4:content-stale"], Some("2026Q1")));
    assert!(named(&["因长期不更新被通报"], None) && named(&["被通报"], None));
    assert!(!named(&["互动功能不可用"], None));
    assert!(!named(&["未通报"], None) && !named(&["无"], None) && !named(&[], None));
}

#[test]
fn what_lapses_before_work_begins_is_reminded() {
    let friday = now() - chrono::TimeDelta::days(2) + chrono::TimeDelta::hours(6);
    let rows: Vec<Sample> = [("1", 0.5), ("2", 2.6), ("3", 2.8)]
        .into_iter()
        .map(|(handle, left)| {
            let shift = (now() - friday).num_seconds() as f64 / 86_400.0;
            let (account, state, _) = sample(account(handle, handle), Some(14.0 + shift - left), 1);
            let judgement = judge(&account, &state, &policy(), friday);
            (account, state, judgement)
        })
        .collect();
    let precheck = build(&rows, None, friday, &calendar(), &policy());
    let named: Vec<_> =
        precheck.lapses_before_next_working_day.iter().map(|r| r.who.name.as_str()).collect();
    assert_eq!(civil::minute_text(friday), "2026-11-20 16:00");
    assert_eq!(precheck.next_working_day.to_string(), "2026-11-23");
    assert_eq!(named, ["1", "2"], "Saturday 04:00 and Monday 06:24, not Monday 11:12");
    assert!(precheck.calendar_certain);
    let unknown = build(&rows, None, friday, &Calendar::default(), &policy());
    assert!(!unknown.calendar_certain && unknown.text().contains("仅按星期推算"));
}

#[test]
fn an_open_account_says_why_and_what_lifts_it() {
    let precheck = of(&province());
    let open = &precheck.undetermined[0];
    assert!(open.reason.contains("还没有取得任何数据"), "{}", open.reason);
    assert!(open.how.contains("补账号标识"), "{}", open.how);
}

#[test]
fn the_workbook_opens_again_with_its_five_sheets() {
    let mut book = book(&of(&province()));
    let names = ["检查情况", "突出问题名单", "预警名单", "无法判定名单", "节前提醒"];
    assert_eq!(book.sheet_names(), names);
    for name in names {
        assert!(book.worksheet_formula(name).unwrap().used_cells().next().is_none(), "{name}");
    }
    let overview = book.worksheet_range("检查情况").unwrap();
    assert_eq!(overview.get_value((0, 8)), Some(&Data::String("合格率(%)".to_owned())));
    assert_eq!(overview.get_value((1, 2)), Some(&Data::Float(5.0)));
    assert_eq!(overview.get_value((1, 8)), Some(&Data::Float(50.0)));
    let problems = book.worksheet_range("突出问题名单").unwrap();
    assert_eq!(problems.height(), 3);
    let formula = Data::String("=HYPERLINK(\"http://x\")".to_owned());
    assert_eq!(problems.get_value((1, 1)), Some(&formula), "kept as a string");
    assert_eq!(problems.get_value((1, 11)), Some(&Data::String("否".to_owned())));
}

#[test]
fn an_empty_precheck_has_all_forms() {
    let empty = of(&[]);
    assert_eq!(book(&empty).sheet_names().len(), 5);
    assert!(empty.text().contains("没有可检查的账号"));
    assert!(empty.html().contains("没有可检查的账号"));
}

#[test]
fn csv_neutralises_formulas_and_text_has_no_rate_alone() {
    let precheck = of(&province());
    let bytes = precheck.csv();
    assert!(bytes.starts_with(b"\xef\xbb\xbf"));
    let text = String::from_utf8(bytes[3..].to_vec()).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][0], "突出问题名单");
    assert_eq!(&rows[0][2], "'=HYPERLINK(\"http://x\")");
    let lists: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(lists.len(), 4, "{lists:?}");
    for form in [precheck.text(), precheck.table(false), precheck.html()] {
        assert!(form.contains("待核实 1 个") && form.contains("40.00%~60.00%"), "{form}");
    }
}

#[test]
fn the_page_escapes_names() {
    let page = of(&province()).html();
    assert!(
        page.contains("茂名&lt;b&gt;消防&lt;&#x2f;b&gt;") && !page.contains("<b>消防"),
        "{page}"
    );
    assert!(!page.contains("<script"));
}

#[test]
fn no_contact_is_in_any_form() {
    let precheck = of(&province());
    let json = serde_json::to_string(&precheck).unwrap();
    for form in [json, precheck.text(), precheck.table(true), precheck.html()] {
        for contact in ["张三丰", "13800138000", "zhang@example.gov.cn"] {
            assert!(!form.contains(contact), "{contact}");
        }
    }
}
