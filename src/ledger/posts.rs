//! What did others see? A table of posts (CSV, XLSX, JSONL) becomes rows, each with its account's words and its time.
//!
//! Nothing here knows the ledger: whose a row is, [`whose`] says; what comes of it all, [`plan`].

use freshd_core::Timestamp;

use crate::config::problem::Problem;

use super::table::{self, Sheet};

mod columns;
mod lines;
pub mod plan;
mod row;
pub mod span;
pub mod whose;

pub use row::{Row, Time};

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posts {
    /// Every row that speaks of an account, or should.
    pub rows: Vec<Row>,
    /// What is wrong with the file, its sheets and headers; rows hold their own.
    pub problems: Vec<Problem>,
    /// What was passed over.
    pub notices: Vec<Problem>,
    /// Headers of columns that are not used.
    pub unknown_columns: Vec<String>,
    /// Sheets that were not read, with what stands in their cells.
    pub unread: Vec<(String, Vec<String>)>,
}

impl Posts {
    /// Every problem: of the file and of its rows.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.rows.iter().flat_map(|row| &row.problems))
    }
}

/// Reads a file at `now`, whatever its name ends in.
pub fn read(file: &str, bytes: &[u8], now: Timestamp) -> Posts {
    let mut posts = Posts::default();
    if lines::is_jsonl(bytes) {
        let read = lines::sheet(file, bytes);
        posts.rows.extend(read.broken.into_iter().map(|(no, wrong)| Row::broken(file, no, wrong)));
        if !read.sheet.rows.is_empty() {
            read_sheet(file, &read.sheet, true, now, &mut posts);
        }
        return posts;
    }
    match table::read(file, bytes) {
        Ok(book) => {
            let sheets = book.sheets.iter().filter(|sheet| !sheet.rows.is_empty());
            let read = sheets.filter(|sheet| read_sheet(file, sheet, false, now, &mut posts));
            if read.count() == 0 && posts.problems.is_empty() {
                let help = "表头要有 账号名称(或账号标识)、平台、发布时间,还可以有 标题、链接";
                posts.problems.push(Problem::in_file(file, "前十行里找不到表头", help));
            }
        }
        Err(problem) => posts.problems.push(problem),
    }
    posts
}

/// Reads a sheet; was it one with posts?
fn read_sheet(
    file: &str,
    sheet: &Sheet,
    is_lines: bool,
    now: Timestamp,
    posts: &mut Posts,
) -> bool {
    let note = |what: &str| Problem::in_file(file, format!("工作表「{}」{what}", sheet.name), "");
    let header = columns::find(file, sheet, is_lines);
    let why = match &header {
        None => "没有表头,没有读取",
        Some(_) if sheet.hidden => "是隐藏的,没有读取",
        Some(_) => "",
    };
    let Some(header) = header.filter(|_| why.is_empty()) else {
        posts.notices.push(note(why));
        let cells = sheet.rows.iter().flat_map(|line| &line.cells).map(|cell| cell.text.clone());
        posts.unread.push((sheet.name.clone(), cells.collect()));
        return false;
    };
    posts.problems.extend(header.problems.iter().cloned());
    for (_, title) in &header.extra {
        if !posts.unknown_columns.contains(title) {
            posts.unknown_columns.push(title.clone());
        }
    }
    let platform = super::handle::platform_in(&sheet.name);
    let platform = platform.filter(|_| header.place(columns::Column::Platform).is_none());
    if let Some(platform) = platform {
        let title = super::handle::platform_title(platform);
        posts.notices.push(note(&format!("没有平台列,按表名都算作{title}")));
    }
    let context = row::Context { file, sheet, header: &header, platform, is_lines, now };
    for line in &sheet.rows[header.at + 1..] {
        match columns::passed_over(&header, &sheet.rows[header.at], line) {
            Some(why) => {
                let first = line.cells.iter().find(|cell| !cell.is_empty());
                let value = first.map(|cell| cell.text.as_str());
                let at = Problem::in_cell(file, &sheet.name, line.no, "", value, why, "");
                posts.notices.push(at);
            }
            None => posts.rows.push(row::read(&context, line)),
        }
    }
    true
}

#[cfg(test)]
mod tests;
