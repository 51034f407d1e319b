//! Are names that were decoded wrongly known as such, and real ones left alone?

use super::*;
use crate::ledger::samples::with;

#[test]
fn wrong_readings_are_known_and_real_names_pass() {
    let latin: String = "茂名发布".bytes().map(char::from).collect();
    let windows = WINDOWS_1252.decode("茂名发布".as_bytes()).0.into_owned();
    let gbk = GBK.decode("茂名发布".as_bytes()).0.into_owned();
    for text in ["茂名\u{fffd}\u{fffd}发布", "锟斤拷锟斤拷", &latin, &windows, &gbk] {
        assert!(sign(text).is_some(), "{text}");
    }
    for read in [&latin, &windows, &gbk] {
        assert!(sign(read).unwrap().contains("茂名发布"), "{read}");
    }
    for text in ["茂名发布", "Café", "ABC", "", "联通", "深圳市南山区政务服务中心", "ÀÉ 发布"]
    {
        assert_eq!(sign(text), None, "{text}");
    }
}

#[test]
fn a_garbled_name_is_refused_with_its_cell() {
    let parsed = with("账号名称,平台,主办单位", &["锟斤拷发布,微博,局"]);
    let told = parsed.rows[0].problems[0].to_string();
    assert!(told.contains("A 账号名称") && told.contains("乱码"), "{told}");
}
