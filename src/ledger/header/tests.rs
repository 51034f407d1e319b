//! Headers as offices write them.

use super::*;
use crate::ledger::samples::parsed;
use crate::ledger::table::{Cell, Line};

fn sheet(rows: &[&[&str]]) -> Sheet {
    let line = |(at, row): (usize, &&[&str])| Line {
        no: at + 1,
        cells: row.iter().map(Cell::text).collect(),
    };
    Sheet { rows: rows.iter().enumerate().map(line).collect(), ..Sheet::default() }
}

#[test]
fn every_alias_of_the_contract_is_known() {
    for (text, column) in [
        ("新媒体名称", Column::Name),
        (" 账 号 名 称 * ", Column::Name),
        ("新媒体类型", Column::Platform),
        ("平台类型", Column::Platform),
        ("账号标识(AppID/UID 等)", Column::Handle),
        ("开办单位", Column::Sponsor),
        ("责任单位", Column::Sponsor),
        ("考核单位", Column::ReportingUnit),
        ("联系邮箱", Column::Email),
        ("联系电话(手机)", Column::Phone),
        ("主管邮箱", Column::SupervisorEmail),
        ("互动方式", Column::Interaction),
        ("上次通报", Column::LastCircular),
        ("reporting_unit", Column::ReportingUnit),
        ("Officer_Email", Column::OfficerEmail),
        ("previous_handle", Column::PreviousHandle),
        ("\u{ff30}\u{ff2c}\u{ff21}\u{ff34}\u{ff26}\u{ff2f}\u{ff32}\u{ff2d}", Column::Platform),
        ("备\n注", Column::Note),
    ] {
        assert_eq!(Column::named(text).map(|it| it.0), Some(column), "{text}");
    }
    assert_eq!(Column::named("粉丝数"), None);
    for (column, key, names) in COLUMNS {
        assert_eq!(Column::named(key).map(|it| it.0), Some(column));
        for name in names {
            assert_eq!(Column::named(name).map(|it| it.0), Some(column), "{name}");
        }
    }
}

#[test]
fn the_header_is_the_richest_of_the_first_ten_rows() {
    let titled = sheet(&[
        &["某市政务新媒体台账"],
        &["填报单位:某市政府办", "", "日期:2026-09-01"],
        &["序号", "账号名称", "平台", "主办单位", "粉丝数"],
        &["1", "甲", "微博", "某局", "10"],
    ]);
    let header = find("a.csv", &titled).unwrap();
    assert_eq!(header.at, 2);
    assert_eq!(header.place(Column::Sponsor), Some(3));
    assert_eq!(header.extra, [(4, "粉丝数".to_owned())]);
    let mut late = vec![&["说明"][..]; 10];
    late.push(&["账号名称", "平台", "主办单位"]);
    assert_eq!(find("a.csv", &sheet(&late)), None);
}

#[test]
fn two_columns_of_one_meaning_are_told_apart_or_refused() {
    let twice = parsed("账号名称,平台,主办单位,主办单位\n甲,微博,局,处\n");
    assert!(twice.problems[0].what.contains("与 C 列重复"), "{:?}", twice.problems);
    let kin = parsed("账号名称,平台,主办单位,责任单位\n甲,微博,局,处\n");
    assert!(kin.problems.is_empty());
    assert_eq!(kin.rows[0].account.sponsor, "局");
    assert_eq!(kin.rows[0].account.extra["责任单位"], "处");
    assert!(kin.notices[0].what.contains("按附加信息保留"));
}

#[test]
fn missing_columns_are_told_once_with_the_names_to_use() {
    let lacking = parsed("账号名称,联系人,备注\n甲,张三,\n乙,李四,\n");
    let told: Vec<&str> = lacking.problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(told, ["缺少「平台」列", "缺少「主办单位」列"]);
    assert!(lacking.rows.iter().all(|row| row.problems.is_empty()));
    let nothing = parsed("甲,张三\n乙,李四\n");
    assert!(nothing.problems[0].what.contains("找不到表头"));
}
