//! What is sent back can be opened, and nothing in it is a formula.

use super::*;
use crate::ledger::samples::{Build, rules, with};
use crate::ledger::table::read;
use crate::ledger::{handle, rows};

#[test]
fn the_rows_come_back_with_their_reasons() {
    let parsed = with(
        "账号名称,平台,账号标识,主办单位,备注",
        &["甲,微博,1.23E+09,,=1+1", "乙,微博,1234567890,局,@SUM(A1)"],
    );
    let bytes = workbook(&parsed).unwrap();
    let book = read("退回.xlsx", &bytes).unwrap();
    let page = &book.sheets[0].rows;
    let row = |at: usize| page[at].cells.iter().map(|it| it.text.as_str()).collect::<Vec<_>>();
    assert_eq!(row(0), ["问题说明", "原位置", "账号名称", "平台", "账号标识", "主办单位", "备注"]);
    assert!(
        row(1)[0].contains("C 账号标识:«1.23E+09» 被表格软件")
            && row(1)[0].contains("主办单位是空的")
    );
    assert_eq!(row(1)[1..], ["台账.csv 第 2 行", "甲", "微博", "1.23E+09", "", "=1+1"]);
    assert_eq!(row(2)[0], "");
    assert_eq!(row(2)[6], "@SUM(A1)");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("<f>"), "no cell is a formula");
}

#[test]
fn what_is_sent_back_can_be_mended_and_imported() {
    let mut build = Build::new();
    build.sheet("微信[a]".replace(['[', ']'], "").as_str());
    build.row(&["账号名称", "平台", "账号标识", "主办单位"]).row(&["甲", "微博", "茂名", "局"]);
    build.sheet("二").row(&["账号名称", "平台", "主办单位"]).row(&["乙", "抖音", "局"]);
    let parsed = rows::parse(&[read("a.xlsx", &build.bytes()).unwrap()], &rules());
    let bytes = workbook(&parsed).unwrap();
    let again = rows::parse(&[read("b.xlsx", &bytes).unwrap()], &rules());
    let names: Vec<&str> = again.rows.iter().map(|row| row.account.name.as_str()).collect();
    assert_eq!(names, ["甲", "乙"]);
    assert!(again.rows[1].account.extra.is_empty(), "our own two columns add nothing");
    assert_eq!(handle::platform_title(&again.rows[0].account.platform), "微博");
}

#[test]
fn hostile_sheet_names_are_made_fit() {
    let taken = ["台账".to_owned()];
    assert_eq!(sheet_name("[]:*?/\\", &taken), "台账 2");
    assert_eq!(sheet_name("", &[]), "台账");
    assert!(sheet_name(&"长".repeat(99), &[]).chars().count() <= NAME_CHARS_MAX);
}
