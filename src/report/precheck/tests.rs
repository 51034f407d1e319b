//! The precheck counts right, words problems as notices do, and its workbook opens again.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use freshd_core::civil;
use freshd_core::verdict::judge;
use serde_json::json;

use super::*;
use crate::report::book;
use crate::report::samples::{Sample, account, now, policy, province, sample};

/// The weeks of November and December 2026, without holidays.
fn calendar() -> Calendar {
    Calendar::from_parts([2026], [], [])
}

fn of(rows: &[Sample]) -> Precheck {
    build(rows, Some("2026Q4"), now(), &calendar(), &policy())
}

fn opened(precheck: &Precheck) -> Xlsx<Cursor<Vec<u8>>> {
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
    let (yes, no) = (Some(true), Some(false));
    for quarter in [Some("2026Q4"), None] {
        assert_eq!(named(&["2026Q3:content-stale"], quarter), yes);
        assert_eq!(named(&["2026Q2:content-stale", "2026Q3:content-stale"], quarter), yes);
        assert_eq!(named(&["2026Q2:content-stale"], quarter), no);
        assert_eq!(named(&["2026Q3:interaction-poor"], quarter), no);
    }
    assert_eq!(named(&["2025Q4:content-stale"], Some("2026Q1")), yes);
    assert_eq!((named(&["因长期不更新被通报"], None), named(&["被通报"], None)), (yes, yes));
    assert_eq!(named(&["互动功能不可用"], None), no);
    assert_eq!((named(&["未通报"], None), named(&["无"], None)), (no, no));
    assert_eq!(named(&[], None), None, "the ledger does not say");
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

/// As of now, of an instant so many days later.
fn ahead(rows: &[Sample], days: i64) -> Precheck {
    let at = now() + chrono::TimeDelta::days(days);
    let (calendar, policy) = (calendar(), policy());
    let mut builder = Builder::new(Some("2026Q4"), at, &calendar, &policy).made_at(now());
    for (account, state, _) in rows {
        builder.add(account, state, &judge(account, state, &policy, at));
    }
    builder.finish()
}

#[test]
fn of_an_instant_ahead_nothing_fails_and_only_what_will_hold_passes() {
    let precheck = ahead(&province(), 7);
    let names = |rows: &[RiskRow]| rows.iter().map(|r| r.who.name.clone()).collect::<Vec<_>>();
    let json = serde_json::to_value(&precheck).unwrap();
    assert_eq!(json["ahead"], true);
    assert_eq!(
        (&json["at"], &json["made_at"]),
        (&json!("2026-11-29T10:00:00+08:00"), &json!("2026-11-22T10:00:00+08:00"),)
    );
    let scope = precheck.scope;
    assert_eq!((scope.passed, scope.failed, scope.undetermined), (1, 0, 4));
    assert_eq!((scope.pass_rate_low, scope.pass_rate_high), (Some(20.0), Some(100.0)));
    assert_eq!((precheck.must_publish, precheck.exit()), (1, 3));
    assert!(precheck.problems.is_empty());
    assert_eq!(names(&precheck.at_risk), ["茂名交警"]);
    let due = &precheck.at_risk[0];
    assert_eq!((due.post_from, due.post_by.unwrap().to_string()), (None, "2026-11-28".to_owned()));
    assert_eq!(due.days_left, 0.5, "days from today");
    let reasons: Vec<&str> = precheck.undetermined.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons.iter().filter(|it| it.starts_with("现在疑似不达标:")).count(), 2);
    assert!(reasons.iter().any(|it| it.contains("现在待核实:还没有取得任何数据")), "{reasons:?}");
    for form in [precheck.text(), precheck.table(false), precheck.html()] {
        assert!(form.contains("检查时点 2026-11-29 10:00 尚未到来"), "{form}");
        assert!(form.contains("截至 2026-11-22 10:00 的现有证据") && !form.contains("100.00%"));
        assert!(!form.contains("48小时") && !form.contains("只能证"), "{form}");
    }

    let far = ahead(&province(), 39);
    assert_eq!((far.scope.passed, far.must_publish), (0, 2));
    let due = far.at_risk.iter().find(|row| row.who.name == "平安茂名").unwrap();
    assert_eq!(due.post_from.unwrap().to_string(), "2026-12-18", "earlier does not count then");
    assert_eq!(due.post_by.unwrap().to_string(), "2026-12-30");
    assert!(far.text().contains("请在2026-12-18至2026-12-30之间(含首尾)再发布"));
    let past = of(&province());
    assert!(!past.ahead && !past.text().contains("尚未到来"));
}

#[test]
fn each_csv_cell_stands_under_its_heading_and_a_deadline_says_what_it_rests_on() {
    let precheck = of(&province());
    let bytes = precheck.csv();
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let headings = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |list: &str, title: &str| {
        let at = headings.iter().position(|heading| heading == title).unwrap();
        rows.iter().find(|row| &row[0] == list).unwrap()[at].to_owned()
    };
    assert_eq!(cell("预警名单", "请于此日(含)前发布"), "请立即发布");
    assert_eq!(cell("预警名单", "指标"), "内容不更新");
    assert_eq!(cell("突出问题名单", "请于此日(含)前发布"), "");
    assert_eq!(cell("突出问题名单", "存在问题或说明"), "监测时间点前2周内无更新");
    assert_eq!(cell("突出问题名单", "是否上季度已通报"), "未填");
    assert!(cell("突出问题名单", "整改期限依据").contains("通报公开之日起2周内"));
    assert!(cell("节前提醒", "下一个工作日").starts_with("2026-11-23"));
    assert!(precheck.text().contains("整改期限:参照年度考核口径"));
    assert!(precheck.text().contains("上季度是否通报未填"));
}

#[test]
fn an_open_account_says_why_and_what_lifts_it() {
    let precheck = of(&province());
    let open = &precheck.undetermined[0];
    assert!(open.reason.contains("还没有取得任何数据"), "{}", open.reason);
    assert!(open.how.contains("来源已登记"), "{}", open.how);
    let mut bare = account("9", "甲");
    bare.sources.clear();
    let without = of(&[sample(bare, None, 0)]);
    assert!(without.undetermined[0].how.contains("补账号标识"));
    let open = |precheck: &Precheck| book::text_of(&precheck.open_sheet().rows[0][6]);
    assert_eq!((open(&precheck).as_str(), open(&without).as_str()), ("尚未取得数据", "无来源"));
}

#[test]
fn the_workbook_opens_again_with_its_five_sheets() {
    let mut book = opened(&of(&province()));
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
    assert_eq!(problems.get_value((1, 11)), Some(&Data::String("未填".to_owned())));
}

#[test]
fn an_empty_precheck_has_all_forms() {
    let empty = of(&[]);
    assert_eq!(opened(&empty).sheet_names().len(), 5);
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

#[test]
fn probes_and_old_versions_are_told_beside_the_five_sheets_and_change_no_rate() {
    use freshd_core::uptime::{Answered, Uptime};
    let mut rows = province();
    let plain = of(&rows);
    assert!(plain.services.is_empty() && !plain.text().contains("探测"));
    let state = &mut rows[0].1;
    let held = state.sources.entry("probe:https://app.example.cn/health".to_owned()).or_default();
    for (hours, said) in [(30, Answered::Up), (20, Answered::Down), (10, Answered::Up)] {
        Uptime::note(&mut held.uptime, now() - TimeDelta::hours(hours), said);
    }
    let old = freshd_core::release::Release {
        version: "1.0".to_owned(),
        at: now() - TimeDelta::days(800),
    };
    state.history.releases.insert("appstore:1234567890".to_owned(), (now(), old));
    let precheck = of(&rows);
    assert_eq!(precheck.scope, plain.scope);
    let row = serde_json::to_value(&precheck.services).unwrap();
    assert_eq!(row[0]["uptime"][0]["current"]["rate"], 66.67);
    assert_eq!(row[0]["release"]["stagnant"], true);
    for form in [precheck.text(), precheck.html(), precheck.table(false)] {
        assert!(form.contains("可用率 66.67%") && form.contains("已 800 天没有新版本"), "{form}");
    }
    assert_eq!(opened(&precheck).sheet_names().len(), 5);
}
