//! What is exported reads back, wherever people put their columns, and every mistake is told with its cell.

use super::*;
use crate::ledger::table::{self, Cell, Sheet};
use crate::report::patrol::{LoadView, PatrolRow, PatrolView, workbook};
use crate::report::samples::now;
use freshd_core::patrol::{Load, Standing};

fn view() -> PatrolView {
    let row = |no: usize, name: &str| PatrolRow {
        no,
        id: format!("douyin:{no}"),
        name: name.to_owned(),
        platform: "抖音".to_owned(),
        place: "=1+1".to_owned(),
        link: None,
        sponsor: "教育局".to_owned(),
        person: Some("张三".to_owned()),
        why: "never_looked",
        reason: "从未核查".to_owned(),
        lapsed: None,
        last_update: Some("2026-11-01T09:30:00+08:00".to_owned()),
        last_title: String::new(),
        deadline: None,
        due: None,
        picture_needed: false,
    };
    PatrolView {
        day: "2026-11-22".to_owned(),
        as_of: String::new(),
        people: vec!["张三".to_owned()],
        daily: 60,
        load: LoadView::from(Load::of(
            Standing { open: 2, ..Standing::default() },
            chrono::TimeDelta::days(14),
            40,
        )),
        none_days: 16,
        tasks: vec![row(1, "甲"), row(2, "=乙")],
        beyond: 0,
        not_found: Vec::new(),
    }
}

/// A sheet with these rows under the headings, in the order of the headings.
fn filled(rows: &[[&str; 9]]) -> Book {
    let heads = [
        "账号编号",
        "核查人",
        "结 果",
        "备注",
        "查看时间",
        "最新发布时间",
        "文章链接",
        "截图文件名",
        "说明",
    ];
    let line =
        |no: usize, texts: &[&str]| Line { no, cells: texts.iter().map(Cell::text).collect() };
    let mut lines = vec![line(1, &["十一月核查单"]), line(2, &heads)];
    lines.extend(rows.iter().enumerate().map(|(nth, row)| line(nth + 3, row)));
    let sheet = Sheet { name: "核查单".to_owned(), hidden: false, rows: lines };
    Book { file: "表.xlsx".to_owned(), sheets: vec![Sheet::default(), sheet] }
}

#[test]
fn an_exported_sheet_reads_back_blank() {
    let bytes = workbook(&view()).unwrap();
    let book = table::read("核查单.xlsx", &bytes).unwrap();
    let names: Vec<&str> = book.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, ["核查单", "填表说明"]);
    let texts: Vec<String> =
        book.sheets[0].rows[2].cells.iter().map(|cell| cell.text.clone()).collect();
    assert_eq!(&texts[..6], ["2", "=乙", "抖音", "=1+1", "教育局", "2026-11-01 09:30"]);
    assert_eq!((texts[11].as_str(), texts[15].as_str()), ("张三", "douyin:2"));
    let read = read(&book).unwrap();
    assert!(read.filled.is_empty() && read.problems.is_empty());
    assert_eq!(read.blank, 2);
}

#[test]
fn columns_are_found_wherever_they_stand() {
    let row = ["douyin:1", "李四", "未见更新", "", "2026-11-22 09:00", "", "", "a.png", "看过"];
    let book = filled(&[row]);
    assert_eq!(pictures(&book), ["a.png"]);
    let read = read(&book).unwrap();
    let mut picture =
        SentFile { name: "a.png".to_owned(), base64: String::new(), unread: None, modified: None };
    let answer = read.filled[0].answer(None, std::slice::from_ref(&picture), &[], now()).unwrap();
    assert_eq!((answer.found, answer.person.as_str()), (Finding::NothingSince, "李四"));
    assert_eq!(answer.picture, Some(("a.png".to_owned(), Vec::new())));
    picture.unread = Some("没有这个文件".to_owned());
    let wrong = read.filled[0].answer(None, &[picture], &[], now()).unwrap_err();
    let problem = read.filled[0].problem("表.xlsx", wrong[0].clone()).to_string();
    assert!(problem.contains("H 截图文件名") && problem.contains("没有这个文件"), "{problem}");
}

#[test]
fn every_mistake_of_a_row_is_told_at_once() {
    let book = filled(&[
        ["douyin:1", "", "好像有", "", "昨儿", "去年", "", "b.png", ""],
        ["douyin:2", "", "", "", "2026-11-22 09:00", "", "", "", ""],
        ["douyin:3", "", "", "", "", "", "", "", ""],
    ]);
    let read = read(&book).unwrap();
    assert_eq!((read.filled.len(), read.blank, read.problems.len()), (1, 1, 1));
    let fields: Vec<Field> = read.filled[0]
        .answer(None, &[], &[], now())
        .unwrap_err()
        .iter()
        .map(|it| it.field)
        .collect();
    assert_eq!(fields, [Field::Found, Field::Published, Field::SeenAt, Field::Picture]);
    let other = Book { sheets: vec![Sheet::default()], ..book };
    assert!(super::read(&other).is_err_and(|problem| problem.to_string().contains("表头")));
}
