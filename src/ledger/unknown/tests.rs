//! What is not known is said, with a hint only where one can help.

use super::*;
use crate::ledger::samples::with;

fn said(header: &str) -> Vec<String> {
    lines(&with(header, &["甲,微博,局,1,2,3,4"]).unknown)
}

#[test]
fn unknown_columns_are_named_and_near_ones_asked_for() {
    assert!(said("账号名称,平台,主办单位,账号标识,序号,备注").is_empty());
    let told = said("账号名称,平台,主办单位,ID,电子邮件地址,粉丝数,联系电活");
    assert_eq!(told.len(), 1);
    for part in [
        "没有认出的列(原样保留):ID",
        "ID(是不是“账号标识”?",
        "电子邮件地址(是不是“电子邮箱”?",
        "粉丝数、",
        "联系电活(是不是“联系电话”?",
    ] {
        assert!(told[0].contains(part), "{part} in {told:?}");
    }
    let names = said("微信名称,平台,主办单位,责任单位名,联系人");
    assert!(names[0].contains("微信名称(是不是“账号名称”?"), "{names:?}");
    assert!(!names[0].contains("责任单位名("), "the sheet has 主办单位 already: {names:?}");
}

#[test]
fn what_is_not_known_is_kept_with_the_account() {
    let parsed = with("账号名称,平台,主办单位,ID,粉丝数,粉丝数", &["甲,微博,局,7,100,200"]);
    let extra = &parsed.rows[0].account.extra;
    let kept: Vec<_> =
        extra.iter().map(|(title, value)| (title.as_str(), value.as_str())).collect();
    assert_eq!(kept, [("ID", "7"), ("粉丝数", "100"), ("粉丝数(F 列)", "200")]);
}

#[test]
fn our_own_export_and_returned_workbook_add_no_columns() {
    let export = "系统id,账号名称,平台,主办单位,证据类别,判定,最近更新,粉丝数";
    let parsed = with(export, &["weibo:1,甲,微博,局,自动可判,达标,2026-11-01,5"]);
    assert_eq!(parsed.rows[0].account.extra.keys().collect::<Vec<_>>(), ["粉丝数"]);
    assert!(parsed.notices.iter().any(|it| it.what.contains("由系统得出,没有读取")));
    let returned = with("问题说明,原位置,账号名称,平台,主办单位", &["缺,第 2 行,甲,微博,局"]);
    assert!(returned.rows[0].account.extra.is_empty() && returned.unknown.is_empty());
    let theirs = with("账号名称,平台,主办单位,判定", &["甲,微博,局,合格"]);
    assert_eq!(theirs.rows[0].account.extra["判定"], "合格", "their own column is kept");
}
