//! What does a sheet say that came back filled in? Rows with an answer, found by their headings.

use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::word::{Finding, same_person};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::{Answer, Field, Wrong, wrong};
use super::written;
use crate::cli::exec::confirm::person;
use crate::cli::request::SentFile;
use crate::config::problem::Problem;
use crate::ledger::table::{Book, Line, letter};
use crate::report::patrol::{COLUMNS, Column};

/// The header is looked for in so many rows.
const HEADER_ROWS: usize = 10;

/// A sheet that came back.
pub(crate) struct Read {
    /// Rows with an answer.
    pub filled: Vec<Filled>,
    /// Rows without.
    pub blank: usize,
    /// Rows that say something and give no answer.
    pub problems: Vec<Problem>,
}

/// One row with an answer.
pub(crate) struct Filled {
    /// 1-based, as the spreadsheet program shows it.
    pub row: usize,
    /// The sheet's name.
    sheet: String,
    /// 账号编号.
    pub id: AccountId,
    /// 账号名称.
    pub name: String,
    cells: Cells,
}

/// Where each column stands, and what the row says there.
#[derive(Clone)]
struct Cells {
    places: Vec<(Column, usize)>,
    texts: Vec<(Column, String)>,
}

impl Cells {
    fn text(&self, column: Column) -> &str {
        self.texts.iter().find(|(held, _)| *held == column).map_or("", |(_, text)| text.as_str())
    }

    /// `J 最新发布时间`.
    fn place(&self, column: Column) -> String {
        let heading = COLUMNS.iter().find(|(held, ..)| *held == column).map_or("", |it| it.1);
        let place = self.places.iter().find(|(held, _)| *held == column);
        place.map_or(heading.to_owned(), |(_, at)| format!("{} {heading}", letter(*at)))
    }
}

/// Reads the first sheet that has the headings.
///
/// # Errors
/// No sheet has them.
pub(crate) fn read(book: &Book) -> Result<Read, Problem> {
    for sheet in &book.sheets {
        let heads = sheet.rows.iter().take(HEADER_ROWS).enumerate();
        let Some((nth, places)) = heads.filter_map(|(nth, row)| Some((nth, header(row)?))).next()
        else {
            continue;
        };
        let mut out = Read { filled: Vec::new(), blank: 0, problems: Vec::new() };
        for line in &sheet.rows[nth + 1..] {
            out.take(&book.file, &sheet.name, &places, line);
        }
        return Ok(out);
    }
    let what = "没有找到核查单的表头(至少要有“结果”和“账号编号”两列)";
    Err(Problem::in_file(&book.file, what, "用 freshd patrol export 导出的表填写,不要改表头"))
}

/// The file names in the column 截图文件名, each once.
pub(crate) fn pictures(book: &Book) -> Vec<String> {
    let Ok(read) = read(book) else { return Vec::new() };
    let named = read.filled.iter().map(|filled| filled.cells.text(Column::Picture).to_owned());
    let mut names: Vec<String> = named.filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    names
}

fn header(row: &Line) -> Option<Vec<(Column, usize)>> {
    let heading = |text: &str| text.split_whitespace().collect::<String>();
    let places: Vec<_> = row
        .cells
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            let text = heading(&cell.text);
            COLUMNS.iter().find(|(_, title, _)| *title == text).map(|(column, ..)| (*column, at))
        })
        .collect();
    let has = |wanted| places.iter().any(|(column, _)| *column == wanted);
    (has(Column::Found) && has(Column::Id)).then_some(places)
}

impl Read {
    fn take(&mut self, file: &str, sheet: &str, places: &[(Column, usize)], line: &Line) {
        let texts = places.iter().map(|(column, at)| (*column, line.text(*at).to_owned()));
        let cells = Cells { places: places.to_vec(), texts: texts.collect() };
        let id = cells.text(Column::Id);
        let answered = [Column::Published, Column::Link, Column::SeenAt, Column::Picture];
        if cells.text(Column::Found).is_empty() {
            if answered.iter().any(|column| !cells.text(*column).is_empty()) {
                let (place, help) = (cells.place(Column::Found), "从四个结果里选一个");
                let what = "填了别的列,但没有选结果";
                self.problems
                    .push(Problem::in_cell(file, sheet, line.no, &place, None, what, help));
            } else if !id.is_empty() {
                self.blank += 1;
            }
            return;
        }
        self.filled.push(Filled {
            row: line.no,
            sheet: sheet.to_owned(),
            id: AccountId::new(id),
            name: cells.text(Column::Name).to_owned(),
            cells,
        });
    }
}

/// How a name is mended that the configuration does not have.
pub(crate) const TO_MEND: &str = "核对姓名;确是核查人的,先写进配置 [patrol] people 再导入";

/// May this person say what they saw? Where nobody is named in the configuration, everybody.
pub(crate) fn is_among(people: &[String], name: &str) -> bool {
    people.is_empty() || people.iter().any(|held| same_person(held, name))
}

/// Whom the configuration does not have, and whom it has.
pub(crate) fn stranger(people: &[String], name: &str) -> String {
    let shown = person::shown(name);
    format!("没有核查人“{shown}”;配置 [patrol] people 里有 {}", people.join("、"))
}

impl Filled {
    /// What is wrong, with the cell.
    pub(crate) fn problem(&self, file: &str, wrong: Wrong) -> Problem {
        let column = match wrong.field {
            Field::Found => Column::Found,
            Field::Published => Column::Published,
            Field::Link => Column::Link,
            Field::Person => Column::Person,
            Field::SeenAt => Column::SeenAt,
            Field::Picture => Column::Picture,
            Field::Note => Column::Note,
            Field::Id => Column::Id,
        };
        let text = self.cells.text(column);
        let value = (!text.is_empty()).then_some(text);
        let place = self.cells.place(column);
        Problem::in_cell(file, &self.sheet, self.row, &place, value, wrong.what, wrong.help)
    }

    /// The answer as written; every mistake of reading it at once.
    pub(crate) fn answer(
        &self,
        by: Option<&str>,
        files: &[SentFile],
        people: &[String],
        now: Timestamp,
    ) -> Result<Answer, Vec<Wrong>> {
        let text = |column| self.cells.text(column);
        let mut problems = Vec::new();
        let found = Finding::read(text(Column::Found));
        if found.is_none() {
            let all = Finding::ALL.map(Finding::chinese).join("、");
            problems.push(wrong(Field::Found, "没有这种结果", format!("写 {all} 之一")));
        }
        let example = "写成 2026-11-22 10:05";
        let mut time = |column, field: Field| {
            let (text, read) = (text(column), written(text(column), now));
            if !text.is_empty() && read.is_none() {
                problems.push(wrong(field, "看不懂这个时间", example));
            }
            read
        };
        let published = time(Column::Published, Field::Published);
        let seen = time(Column::SeenAt, Field::SeenAt);
        if text(Column::SeenAt).is_empty() {
            problems.push(wrong(Field::SeenAt, "没有写查看时间", example));
        }
        let picture = self.picture(files).map_err(|it| problems.push(it)).ok().flatten();
        let own = text(Column::Person);
        let who = if own.is_empty() { by.unwrap_or_default() } else { own };
        if !who.is_empty() && !is_among(people, who) {
            problems.push(wrong(Field::Person, stranger(people, who), TO_MEND));
        }
        match (found, seen) {
            (Some(found), Some(seen)) if problems.is_empty() => Ok(Answer {
                found,
                person: who.to_owned(),
                link: Some(text(Column::Link).to_owned()).filter(|link| !link.is_empty()),
                published,
                since: None,
                seen,
                note: text(Column::Note).to_owned(),
                picture,
            }),
            _ => Err(problems),
        }
    }

    fn picture(&self, files: &[SentFile]) -> Result<Option<(String, Vec<u8>)>, Wrong> {
        let name = self.cells.text(Column::Picture);
        if name.is_empty() {
            return Ok(None);
        }
        let Some(file) = files.iter().find(|file| file.name == name) else {
            let help = "用 --files 指出截图所在的目录,文件名不带路径";
            return Err(wrong(Field::Picture, "没有收到这个文件", help));
        };
        if let Some(why) = &file.unread {
            let what = format!("读不到这个文件:{why}");
            return Err(wrong(Field::Picture, what, "检查 --files 的目录和文件名"));
        }
        let bytes = STANDARD.decode(&file.base64);
        let bytes = bytes.map_err(|_| wrong(Field::Picture, "文件没有送完整", "再导入一次"))?;
        Ok(Some((name.to_owned(), bytes)))
    }
}

#[cfg(test)]
mod tests;
