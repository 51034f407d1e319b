//! One line each, and the keys that other programs read.

use super::*;

#[test]
fn a_cell_is_told_with_sheet_row_column_and_value() {
    let problem = Problem::in_cell(
        "台账.xlsx",
        "微信",
        7,
        "C 账号标识",
        Some("1.23E+09"),
        "被表格软件改成了科学计数",
        "把该列设为文本后重新填写",
    );
    assert_eq!(
        problem.to_string(),
        "台账.xlsx:工作表「微信」第 7 行 C 账号标识 列 值 «1.23E+09» 被表格软件改成了科学计数;把该列设为文本后重新填写"
    );
    let json = serde_json::to_value(&problem).unwrap();
    assert_eq!(json["sheet"], "微信");
    assert_eq!(json["row"], 7);
    assert_eq!(json["column"], "C 账号标识");
    assert_eq!(json["value"], "1.23E+09");
}

#[test]
fn a_line_is_told_with_its_key() {
    let problem =
        Problem::at_line("freshd.toml", Some(3), "mail.server", "不认识", "写成 smtps://…");
    assert_eq!(problem.to_string(), "freshd.toml:第 3 行 mail.server 不认识;写成 smtps://…");
    let json = serde_json::to_value(&problem).unwrap();
    assert_eq!((json["line"].as_u64(), json["key"].as_str()), (Some(3), Some("mail.server")));
    assert_eq!(Problem::in_file("a.csv", "是空文件", "").to_string(), "a.csv 是空文件");
}

#[test]
fn a_hostile_value_stays_one_short_line() {
    let value = format!("a\n\u{1b}]0;x\u{202e}{}", "长".repeat(100));
    let text = Problem::in_file("a.csv", "不对", "").with_value(&value).to_string();
    assert!(!text.chars().any(|c| c.is_control() || is_invisible(c)), "{text}");
    assert!(text.chars().count() < 90, "{text}");
}
