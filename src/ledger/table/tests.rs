//! Tables in every encoding, made here byte by byte.

use super::*;
use crate::ledger::samples::{self, Build};

const CSV: &str = "账号名称,平台,账号标识\n茂名发布,微信公众号,gh_0123456789ab\n\n\"两\n行\",微博,123\n末行,微博,4";

fn grid(book: &Book) -> Vec<(usize, Vec<String>)> {
    let texts = |line: &Line| line.cells.iter().map(|cell| cell.text.clone()).collect();
    book.sheets[0].rows.iter().map(|line| (line.no, texts(line))).collect()
}

fn expected() -> Vec<(usize, Vec<String>)> {
    [
        (1, ["账号名称", "平台", "账号标识"]),
        (2, ["茂名发布", "微信公众号", "gh_0123456789ab"]),
        (4, ["两\n行", "微博", "123"]),
        (5, ["末行", "微博", "4"]),
    ]
    .map(|(no, row)| (no, row.map(str::to_owned).to_vec()))
    .to_vec()
}

#[test]
fn a_csv_is_read_in_every_encoding_and_with_every_delimiter() {
    for delimiter in [",", ";", "\t"] {
        for breaks in ["\n", "\r\n", "\r"] {
            let text = CSV.replace(',', delimiter).replace('\n', breaks);
            for (name, bytes) in samples::encodings(&text) {
                let book = read("a.csv", &bytes).unwrap();
                assert_eq!(grid(&book), expected(), "{name} {delimiter:?} {breaks:?}");
            }
        }
    }
}

#[test]
fn excel_says_its_delimiter_in_the_first_line() {
    let book = read("a.csv", format!("sep=;\n{}", CSV.replace(',', ";")).as_bytes()).unwrap();
    assert_eq!(grid(&book)[0].0, 2);
    assert_eq!(grid(&book)[0].1, ["账号名称", "平台", "账号标识"]);
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    let mut cut = samples::encodings(CSV).remove(0).1;
    cut.push(0xff);
    for (bytes, word) in [
        (b"".to_vec(), "空文件"),
        (b" \r\n ".to_vec(), "空文件"),
        (b"\xef\xbb\xbf".to_vec(), "空文件"),
        (b"<html><table></table></html>".to_vec(), "网页"),
        (b"<?xml version=\"1.0\"?><Workbook/>".to_vec(), "网页或 XML"),
        (b"a\0\0b,c\0\0\n".to_vec(), "不是文本"),
        (cut, "编码不完整"),
        (b"PK\x03\x04 broken".to_vec(), "损坏"),
        (vec![b'a'; FILE_BYTES_MAX + 1], "过大"),
        (vec![b','; 300].into_iter().chain(*b"x\n").collect(), "上限"),
    ] {
        let told = read("坏.csv", &bytes).unwrap_err();
        assert!(told.what.contains(word), "{told} should say {word}");
        assert!(!told.help.is_empty());
    }
}

#[test]
fn a_workbook_is_read_sheet_by_sheet_with_merged_cells_filled() {
    let mut build = Build::new();
    build.sheet("微信").row(&["政务新媒体台账"]).row(&["名称", "单位", "号"]);
    build.row(&["甲", "茂名市政府", "1"]).row(&["乙", "", "2"]).row(&["丙", "", "3"]);
    build.merge(0, 0, 0, 2, "政务新媒体台账").merge(2, 1, 4, 1, "茂名市政府");
    build.sheet("空表");
    build.sheet("微博").number(3, 2, 1_234_567_890.0);
    let book = read("台账.xlsx", &build.bytes()).unwrap();
    let names: Vec<&str> = book.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, ["微信", "空表", "微博"]);
    let wechat = &book.sheets[0].rows;
    assert_eq!((wechat[4].no, wechat[4].text(1)), (5, "茂名市政府"));
    assert!(wechat[4].cells[1].filled && !wechat[2].cells[1].filled);
    assert_eq!(wechat[0].text(2), "政务新媒体台账");
    let weibo = &book.sheets[2].rows;
    assert_eq!((weibo[0].no, weibo[0].text(2)), (4, "1234567890"));
    assert_eq!(weibo[0].cells[2].kind, CellKind::Whole);
}

#[test]
fn numbers_and_dates_become_the_text_that_people_see() {
    let mut build = Build::new();
    build.sheet("数").number(0, 0, 1.5).number(0, 1, 12_345_678_901_234_567.0);
    build.number(0, 2, 13_800_000_000.0).date(0, 3, 2026, 9, 30).formula(0, 4, "=1+1", "2");
    let book = read("数.xlsx", &build.bytes()).unwrap();
    let cells = &book.sheets[0].rows[0].cells;
    let kinds: Vec<CellKind> = cells.iter().map(|cell| cell.kind).collect();
    assert_eq!(kinds[..3], [CellKind::Inexact, CellKind::Inexact, CellKind::Whole]);
    assert_eq!(cells[2].text, "13800000000");
    assert_eq!(cells[3].text, "2026-09-30");
    assert_eq!(cells[4].text, "2");
}

#[test]
fn a_lone_cell_in_the_corner_costs_nothing_and_a_wide_sheet_is_refused() {
    let mut build = Build::new();
    build.sheet("远").number(1_048_575, 3, 7.0);
    let book = read("远.xlsx", &build.bytes()).unwrap();
    assert_eq!(book.sheets[0].rows[0].no, 1_048_576);
    let mut build = Build::new();
    build.sheet("宽").number(0, 16_383, 7.0);
    assert!(read("宽.xlsx", &build.bytes()).unwrap_err().what.contains("256 列"));
}

#[test]
fn columns_are_lettered_like_a_spreadsheet() {
    for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ")] {
        assert_eq!(letter(column), name);
    }
}

#[test]
fn a_stray_zero_byte_and_an_open_quote_are_told_with_their_row() {
    let told = |text: &[u8]| read("a.csv", text).unwrap_err().to_string();
    let zero = "账号名称,平台,主办单位\n甲,微博,局\n乙\0,微博,局\n";
    let gbk = encoding_rs::GBK.encode(zero).0.into_owned();
    for text in [zero.as_bytes(), &gbk] {
        let told = told(text);
        assert!(told.contains("第 3 行") && told.contains("空字符"), "{told}");
    }
    let open = "账号名称,平台\n\"甲\"\"一\n二\",微博\n\"乙,微博\n丙,微博\n";
    let told = told(open.as_bytes());
    assert!(told.contains("第 3 行") && told.contains("引号没有配对"), "{told}");
    let fine = "账号名称,平台\n甲\"乙,微博\n\"丙\",\"\"\n";
    assert_eq!(read("a.csv", fine.as_bytes()).unwrap().sheets[0].rows.len(), 3);
}
