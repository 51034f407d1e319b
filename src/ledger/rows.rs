//! Which rows are accounts? Header, totals and signatures are passed over, and duplicates are named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::problem::Problem;

use super::handle;
use super::header::{self, Column, Header, folded, half_width};
use super::row::{self, Context, Row, Rules};
use super::table::{Book, Line, Sheet};
use super::unknown::Unknown;

/// What all the files say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Every account's row, in order.
    pub rows: Vec<Row>,
    /// What is wrong with files, sheets and headers; rows hold their own.
    pub problems: Vec<Problem>,
    /// What was passed over, and other things worth knowing.
    pub notices: Vec<Problem>,
    /// The columns of each sheet that are not known.
    pub unknown: Vec<Unknown>,
    /// The headings of each sheet that was read: file, sheet, texts.
    pub headings: Vec<(String, String, Vec<String>)>,
}

impl Parsed {
    /// Every problem: of files and of rows.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.rows.iter().flat_map(|row| &row.problems))
    }

    /// Every notice: of files and of rows.
    pub fn all_notices(&self) -> impl Iterator<Item = &Problem> {
        self.notices.iter().chain(self.rows.iter().flat_map(|row| &row.notices))
    }
}

/// Reads the rows of every file; duplicates are looked for across all of them.
pub fn parse(books: &[Book], rules: &Rules<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    for book in books {
        let before = parsed.headings.len();
        for sheet in &book.sheets {
            read_sheet(&book.file, sheet, rules, &mut parsed);
        }
        if parsed.headings.len() == before {
            parsed.problems.push(Problem::in_file(
                &book.file,
                "前十行里找不到表头",
                "表头至少要有 账号名称、平台、主办单位 三列",
            ));
        }
    }
    duplicates(&mut parsed.rows);
    parsed
}

fn read_sheet(file: &str, sheet: &Sheet, rules: &Rules<'_>, parsed: &mut Parsed) {
    let note = |what: &str| Problem::in_file(file, format!("工作表「{}」{what}", sheet.name), "");
    if sheet.rows.is_empty() {
        return;
    }
    let Some(header) = header::find(file, sheet) else {
        parsed.notices.push(note("没有表头,没有读取"));
        return;
    };
    if sheet.hidden {
        parsed.notices.push(note("是隐藏的,没有读取"));
        return;
    }
    let platform =
        header.place(Column::Platform).map_or_else(|| handle::platform_in(&sheet.name), |_| None);
    if let Some(platform) = platform {
        let title = handle::platform_title(platform);
        parsed.notices.push(note(&format!("没有平台列,按表名都算作{title}")));
    }
    let mut problems = header::missing(file, sheet, &header, platform.is_some());
    problems.extend(header.problems.iter().cloned());
    let importable = problems.is_empty();
    parsed.problems.extend(problems);
    parsed.notices.extend(header.notices.iter().cloned());
    parsed.unknown.extend(Unknown::of(file, &sheet.name, &header));
    let headings = &sheet.rows[header.at];
    let texts = headings.cells.iter().map(|cell| cell.text.replace('\n', "")).collect();
    parsed.headings.push((file.to_owned(), sheet.name.clone(), texts));
    let mut columns: BTreeSet<Column> = header.known.iter().map(|(column, _)| *column).collect();
    if platform.is_some() {
        columns.insert(Column::Platform);
    }
    let columns = Arc::new(columns);
    let context = Context {
        file,
        sheet: &sheet.name,
        header: &header,
        headings,
        columns: &columns,
        platform,
        importable,
        rules,
    };
    for line in &sheet.rows[header.at + 1..] {
        match passed_over(&header, headings, line) {
            Some(why) => {
                let first = line.cells.iter().find(|cell| !cell.is_empty());
                let value = first.map(|cell| cell.text.as_str());
                let at = Problem::in_cell(file, &sheet.name, line.no, "", value, why, "");
                parsed.notices.push(at);
            }
            None => parsed.rows.push(row::read(&context, line)),
        }
    }
}

/// Why a row is no account's, if it is none.
fn passed_over(header: &Header, headings: &Line, line: &Line) -> Option<&'static str> {
    let named = |column| header.place(column).is_some_and(|place| !line.text(place).is_empty());
    let mut texts: Vec<String> = line
        .cells
        .iter()
        .filter(|cell| !cell.is_empty())
        .map(|cell| half_width(&cell.text).split_whitespace().collect())
        .collect();
    texts.dedup();
    if header.is_repeated_by(headings, line) {
        return Some("重复的表头,跳过");
    }
    let whole = named(Column::Name) && named(Column::Sponsor);
    let first = texts.first()?;
    let total = |text: &String| {
        ["合计", "总计", "小计", "共计"].iter().any(|word| {
            text == word
                || text
                    .strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphabetic()))
        })
    };
    if texts.iter().take(3).any(total) && !(whole && named(Column::Platform) && !total(first)) {
        return Some("合计行,跳过");
    }
    if ["示例", "样例", "填写示例", "例"].contains(&folded(first).as_str()) {
        return Some("示例行,跳过");
    }
    // A lone number or a row whose only content came from merged cells.
    let own = line.cells.iter().filter(|cell| !cell.is_empty() && !cell.filled);
    if own.clone().count() <= 1 && own.clone().all(|cell| cell.text.parse::<u32>().is_ok()) {
        return Some("只有序号,跳过");
    }
    let signs = [
        "填表",
        "填报",
        "制表",
        "审核",
        "审批",
        "负责人签字",
        "负责人签名",
        "负责人:",
        "单位负责人",
        "单位盖章",
        "盖章",
        "联系人:",
        "联系电话:",
        "日期:",
        "填写说明",
        "说明:",
        "备注:",
        "注:",
        "签字",
        "经办人",
        "分管领导签",
    ];
    let signed =
        signs.iter().any(|word| first.trim_start_matches(['(', '[', '【']).starts_with(word));
    (signed && !(whole && named(Column::Platform))).then_some("签字或说明行,跳过")
}

/// Names both rows of a pair that claims one account.
fn duplicates(rows: &mut [Row]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut names: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for at in 0..rows.len() {
        let account = &rows[at].account;
        let platform = account.platform.clone();
        let mut mine: Vec<String> = rows[at].identifiers().map(str::to_owned).collect();
        let previous = account.previous_handle.split(' ').filter(|part| !part.is_empty());
        mine.extend(previous.map(str::to_owned));
        mine.sort();
        mine.dedup();
        let mut clashed = false;
        for identifier in mine {
            let first = *seen.entry((platform.clone(), identifier.clone())).or_insert(at);
            if first != at && !clashed {
                clashed = true;
                claim(rows, first, at, &identifier);
            }
        }
        let account = &rows[at].account;
        let key = (account.name.clone(), platform, account.sponsor.clone());
        let first = *names.entry(key).or_insert(at);
        let vague = account.handle.is_empty() || rows[first].account.handle.is_empty();
        if first != at && !clashed && vague && !account.name.is_empty() {
            let place = elsewhere(rows, first, at);
            let what = format!("与{place}的名称、平台、主办单位都相同,可能是同一个账号");
            rows[at].similar_to = Some(place);
            let notice = rows[at].problem("", what, "补上账号标识就能分清");
            rows[at].notices.push(notice);
        }
    }
}

fn claim(rows: &mut [Row], first: usize, second: usize, identifier: &str) {
    for (one, other) in [(first, second), (second, first)] {
        let place = elsewhere(rows, other, one);
        let what = format!("与{place}是同一个账号标识");
        rows[one].duplicate_of = Some(place);
        let problem = rows[one]
            .problem(Column::Handle.title(), what, "删去多余的一行,或更正标识")
            .with_value(identifier);
        if one == second {
            rows[one].problems.push(problem);
        } else {
            rows[one].notices.push(problem);
        }
    }
}

/// Where another row stands, as seen from this one.
pub(super) fn elsewhere(rows: &[Row], other: usize, here: usize) -> String {
    let place = rows[other].place();
    if rows[other].file == rows[here].file {
        place
    } else {
        format!("{} {place}", rows[other].file)
    }
}

#[cfg(test)]
mod tests;
