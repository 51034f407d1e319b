//! Do the bytes win over a wrong declaration, and the declaration over a guess?

use encoding_rs::{GB18030, GBK};

use super::*;

const TEXT: &str = "茂名市人民政府关于公开征求意见的公告";

fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

#[track_caller]
fn check(body: &[u8], content_type: Option<&str>, expected: &str) {
    let text = decode(body, content_type);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn each_source_of_the_encoding_is_heard() {
    check(TEXT.as_bytes(), None, TEXT);
    check(&gbk(TEXT), Some("text/html; charset=GBK"), TEXT);
    check(&gbk(TEXT), Some("text/html;charset=\"gb2312\""), TEXT);
    check(&gbk(&format!("<meta charset=\"gb2312\">{TEXT}")), None, TEXT);
    let old = "<META http-equiv=Content-Type content='text/html; charset=GB2312'>";
    check(&gbk(&format!("{old}{TEXT}")), Some("text/html"), TEXT);
    check(&gbk(&format!("<?xml version='1.0' encoding='GBK'?><a>{TEXT}</a>")), None, TEXT);
    check(&gbk(TEXT), None, TEXT);
    check(&gbk("公告"), None, "公告");
}

#[test]
fn bytes_win_over_a_wrong_word() {
    check(TEXT.as_bytes(), Some("text/html; charset=gb2312"), TEXT);
    check(format!("<meta charset=gbk>{TEXT}").as_bytes(), None, TEXT);
    check(&gbk(&format!("<meta charset=utf-8>{TEXT}")), None, TEXT);
    check(&gbk(TEXT), Some("text/html; charset=utf-8"), TEXT);
    check(&gbk(TEXT), Some("text/html; charset=ISO-8859-1"), TEXT);
    check(&gbk(&format!("<meta charset=gbk>{TEXT}")), Some("text/html; charset=iso-8859-1"), TEXT);
    check(TEXT.as_bytes(), Some("text/html; charset=utf-16"), TEXT);
}

#[test]
fn boms_and_wide_text() {
    check(format!("\u{feff}{TEXT}").as_bytes(), Some("text/html; charset=gbk"), TEXT);
    let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&[&[0xff, 0xfe], &wide[..]].concat(), None, TEXT);
    let wide: Vec<u8> = format!("<p>{TEXT}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&wide, Some("text/html; charset=utf-16le"), TEXT);
}

#[test]
fn four_byte_characters_of_gb18030_survive_a_gb2312_label() {
    let rare = "㙍镇人民政府";
    check(&GB18030.encode(rare).0, Some("text/html; charset=gb2312"), rare);
}

#[test]
fn cut_and_slightly_broken_utf_8_stays_utf_8() {
    let long = TEXT.repeat(20);
    check(&long.as_bytes()[..long.len() - 1], None, TEXT);
    let mut broken = long.into_bytes();
    broken[100] = 0xff;
    check(&broken, None, TEXT);
    assert_eq!(decode(b"", None), "");
    assert_eq!(decode(b"plain", Some("charset")), "plain");
}
