//! What leaves can be read back, and no cell is a formula.

use calamine::{Data, Reader, Xlsx};
use serde_json::json;

use super::*;

fn rows() -> Rows {
    let mut rows = Rows::new(["账号名称", "剩余天数", "拟移出", "来源"]);
    rows.push(vec![json!("=cmd|' /C calc'!A0"), json!(-1.5), json!(true), json!(["a", "b"])]);
    rows.push(vec![json!("茂名,\"发布\"\n二"), json!(null), json!(false), json!("-x")]);
    rows
}

#[test]
fn csv_is_neutral_and_reads_back() {
    let bytes = rows().csv();
    assert!(bytes.starts_with(b"\xef\xbb\xbf"));
    let mut reader = csv::Reader::from_reader(&bytes[3..]);
    let read: Vec<Vec<String>> =
        reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(read[0], ["'=cmd|' /C calc'!A0", "-1.5", "是", "[\"a\",\"b\"]"]);
    assert_eq!(read[1], ["茂名,\"发布\"\n二", "", "否", "'-x"]);
}

#[test]
fn xlsx_holds_strings_and_numbers_and_no_formula() {
    let bytes = rows().xlsx().unwrap();
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["数据"]);
    let sheet = book.worksheet_range("数据").unwrap();
    assert_eq!(sheet.get_value((1, 0)), Some(&Data::String("=cmd|' /C calc'!A0".to_owned())));
    assert_eq!(sheet.get_value((1, 1)), Some(&Data::Float(-1.5)));
    assert_eq!(sheet.get_value((2, 1)), Some(&Data::Empty));
    assert!(book.worksheet_formula("数据").unwrap().used_cells().next().is_none());
}

#[test]
fn an_empty_export_has_its_header() {
    let rows = Rows::new(["甲"]);
    assert_eq!(rows.csv(), "\u{feff}甲\r\n".as_bytes());
    assert!(rows.jsonl().is_empty());
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(rows.xlsx().unwrap())).unwrap();
    let sheet = book.worksheet_range("数据").unwrap();
    assert_eq!(sheet.get_value((0, 0)), Some(&Data::String("甲".to_owned())));
}

#[test]
fn json_lines_are_as_they_are() {
    let text = String::from_utf8(rows().jsonl()).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["账号名称"], "=cmd|' /C calc'!A0");
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn nothing_in_a_table_hides_or_turns_text() {
    let mut rows = Rows::new(["title"]);
    rows.push(vec!["标\u{202e}题\u{200b}\x1b[2J".into()]);
    rows.push(vec!["\u{202e}=1+1".into()]);
    let csv = String::from_utf8(rows.csv()).unwrap();
    assert_eq!(csv, "\u{feff}title\r\n标题[2J\r\n'=1+1\r\n");
    assert!(
        String::from_utf8(rows.jsonl()).unwrap().contains('\u{202e}'),
        "programs get it as it is"
    );
}
