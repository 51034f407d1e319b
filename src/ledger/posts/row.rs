//! What does one row say? An account's words, a time, a title and a link; what is wrong is told with its cell.

use chrono::TimeDelta;
use freshd_core::observation::Published;
use freshd_core::{Timestamp, timetext};
use url::Url;

use super::columns::{Column, Header};
use crate::config::problem::{Place, Problem};
use crate::ledger::table::{CellKind, Line, Sheet, letter};
use crate::ledger::{fields, handle};

/// Longest name, platform, identifier or unit, characters.
const WORD_CHARS_MAX: usize = 300;
/// Longest link, characters.
const LINK_CHARS_MAX: usize = 4000;
/// A title is cut to so many characters: microblogs give the whole text.
const TITLE_CHARS_MAX: usize = 200;

/// When a row says that something was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// Nothing: the account published nothing that would be listed.
    None,
    /// Then.
    At(Published),
    /// It is wrong; the row's problems say how.
    Wrong,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file as the person named it.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// 账号名称.
    pub name: String,
    /// 平台 by its canonical name, or as written.
    pub platform: String,
    /// 账号标识 as written.
    pub handle: String,
    /// 主办单位.
    pub sponsor: String,
    /// 标题.
    pub title: String,
    /// 链接.
    pub url: Option<String>,
    /// 发布时间.
    pub time: Time,
    /// What is wrong with the row itself.
    pub problems: Vec<Problem>,
    /// The cell of each column that [`Row::problem`] can name.
    cells: Vec<(Column, String)>,
}

impl Row {
    /// A row of which nothing could be read.
    pub(super) fn broken(file: &str, no: usize, wrong: Problem) -> Self {
        Self {
            file: file.to_owned(),
            place: Place::Line { line: Some(no), key: String::new() },
            name: String::new(),
            platform: String::new(),
            handle: String::new(),
            sponsor: String::new(),
            title: String::new(),
            url: None,
            time: Time::Wrong,
            problems: vec![wrong],
            cells: Vec::new(),
        }
    }

    /// A problem in the cell of 账号标识 or 账号名称, whichever the row has.
    pub(super) fn whose_problem(
        &self,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        let (column, value) = match self.handle.is_empty() {
            true => (Column::Name, &self.name),
            false => (Column::Handle, &self.handle),
        };
        self.problem(column, Some(value), what, help)
    }

    /// A problem in the cell of 主办单位.
    pub(super) fn sponsor_problem(&self, what: impl Into<String>, help: &str) -> Problem {
        self.problem(Column::Sponsor, Some(&self.sponsor), what, help)
    }

    /// A problem in the cell of 发布时间.
    pub(super) fn time_problem(&self, what: impl Into<String>, help: &str) -> Problem {
        self.problem(Column::Published, None, what, help)
    }

    fn problem(
        &self,
        column: Column,
        value: Option<&str>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        let known = self.cells.iter().find(|(held, _)| *held == column);
        let at = known.map_or(column.title(), |(_, at)| at.as_str());
        let mut problem = match &self.place {
            Place::Cell { sheet, row, .. } => {
                Problem::in_cell(&self.file, sheet, *row, at, None, what, help)
            }
            Place::Line { line, .. } => Problem::at_line(&self.file, *line, at, what, help),
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            problem = problem.with_value(value);
        }
        problem
    }
}

/// Where a row stands.
pub(super) struct Context<'a> {
    pub(super) file: &'a str,
    pub(super) sheet: &'a Sheet,
    pub(super) header: &'a Header,
    /// The platform that the sheet's name gives, where it has no such column.
    pub(super) platform: Option<&'static str>,
    pub(super) is_lines: bool,
    pub(super) now: Timestamp,
}

/// Reads a row.
pub(super) fn read(context: &Context<'_>, line: &Line) -> Row {
    let headings = &context.sheet.rows[context.header.at];
    let place = match context.is_lines {
        true => Place::Line { line: Some(line.no), key: String::new() },
        false => {
            let sheet = context.sheet.name.clone();
            Place::Cell { sheet, row: line.no, column: String::new() }
        }
    };
    let mut row = Row { place, ..Row::broken(context.file, line.no, blank(context.file)) };
    row.problems.clear();
    let columns = [
        Column::Name,
        Column::Handle,
        Column::Platform,
        Column::Published,
        Column::Title,
        Column::Link,
        Column::Sponsor,
    ];
    for column in columns {
        let Some(at) = context.header.place(column) else { continue };
        let named = match context.is_lines {
            true => headings.text(at).to_owned(),
            false => format!("{} {}", letter(at), headings.text(at).replace('\n', "")),
        };
        row.cells.push((column, named));
    }
    let mut reader = Reader { context, line, row };
    reader.words();
    reader.row
}

fn blank(file: &str) -> Problem {
    Problem::in_file(file, "", "")
}

struct Reader<'a> {
    context: &'a Context<'a>,
    line: &'a Line,
    row: Row,
}

impl Reader<'_> {
    fn words(&mut self) {
        self.row.name = self.word(Column::Name);
        let platform = self.word(Column::Platform);
        self.row.platform = match (platform.is_empty(), self.context.platform) {
            (true, Some(platform)) => platform.to_owned(),
            (true, None) => String::new(),
            (false, _) => handle::platform_of(&platform),
        };
        self.row.handle = self.identifier();
        self.row.sponsor = self.word(Column::Sponsor);
        let title = self.text(Column::Title, usize::MAX);
        self.row.title = title.chars().take(TITLE_CHARS_MAX).collect();
        self.row.url = self.link();
        self.row.time = self.time();
        if self.row.name.is_empty() && self.row.handle.is_empty() && self.row.problems.is_empty() {
            let help = "补上账号名称或账号标识;原表若是合并单元格,请用 XLSX 而不是 CSV";
            self.tell(Column::Name, None, "没有写是哪个账号", help);
        }
    }

    /// A cell's text, cleaned; one that holds a formula's error, or too much, is told and taken as empty.
    fn text(&mut self, column: Column, most: usize) -> String {
        let Some(cell) = self.context.header.place(column).and_then(|at| self.line.cells.get(at))
        else {
            return String::new();
        };
        let (text, _) = fields::cleaned(&cell.text, false);
        if cell.kind == CellKind::Error {
            self.tell(column, Some(&text), "公式出错,没有内容", "改成文字或留空");
            return String::new();
        }
        let length = text.chars().count();
        if length > most {
            let what = format!("太长({length} 字),上限 {most} 字");
            self.tell(column, Some(&text), what, "删减后重新导入");
            return String::new();
        }
        text
    }

    fn word(&mut self, column: Column) -> String {
        self.text(column, WORD_CHARS_MAX)
    }

    fn kind(&self, column: Column) -> CellKind {
        let cell = self.context.header.place(column).and_then(|at| self.line.cells.get(at));
        cell.map(|cell| cell.kind).unwrap_or_default()
    }

    fn identifier(&mut self) -> String {
        let text = self.word(Column::Handle);
        if self.kind(Column::Handle) == CellKind::Inexact || fields::is_mangled(&text) {
            let what = "被表格软件改成了科学计数或丢了位数,原来的标识已经看不出来";
            self.tell(Column::Handle, Some(&text), what, "把该列设为文本格式,重新填写完整的标识");
            return String::new();
        }
        text
    }

    fn link(&mut self) -> Option<String> {
        let text = self.text(Column::Link, LINK_CHARS_MAX);
        if text.is_empty() || is_nothing(&text) {
            return None;
        }
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            let help = "写成 https:// 开头的完整网址,或留空";
            self.tell(Column::Link, Some(&text), "不是网址", help);
        }
        url.map(|_| text)
    }

    fn time(&mut self) -> Time {
        let before = self.row.problems.len();
        let text = self.text(Column::Published, WORD_CHARS_MAX);
        if self.row.problems.len() > before {
            return Time::Wrong;
        }
        let wrong = if text.is_empty() || is_nothing(&text) {
            let untitled = self.row.title.is_empty() || is_nothing(&self.row.title);
            if untitled && self.row.url.is_none() {
                self.row.title.clear();
                return Time::None;
            }
            Err(("有标题或链接,却没有发布时间", "补上发布时间;没有发布的账号不要写标题和链接"))
        } else if self.kind(Column::Published) == CellKind::Inexact || is_serial(&text) {
            Err(("是表格软件的日期序号,不是日期", "把该列设为日期格式,或写成 2026-11-15 10:00"))
        } else {
            time_of(&text, self.context.now)
        };
        match wrong {
            Ok(published) => Time::At(published),
            Err((what, help)) => {
                self.tell(Column::Published, Some(&text), what, help);
                Time::Wrong
            }
        }
    }

    fn tell(&mut self, column: Column, value: Option<&str>, what: impl Into<String>, help: &str) {
        let problem = self.row.problem(column, value, what, help);
        self.row.problems.push(problem);
    }
}

/// How people write that there is none.
fn is_nothing(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "无",
        "未发布",
        "无发布",
        "没有发布",
        "未更新",
        "无更新",
        "没有更新",
        "未见更新",
        "-",
        "--",
        "—",
        "——",
        "/",
        "none",
    ];
    WORDS.contains(&text.to_lowercase().as_str())
}

/// `45983`: days since 1900, as a spreadsheet program counts, without its format.
fn is_serial(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An instant that is the same whenever it is read: in a file nobody knows what "yesterday" is the day after.
///
/// # Errors
/// What is wrong and how to mend it.
pub(super) fn time_of(
    text: &str,
    now: Timestamp,
) -> Result<Published, (&'static str, &'static str)> {
    const HELP: &str = "写成 2026-11-15 10:00,或只写日期 2026-11-15";
    let Some(published) = timetext::parse(text, now) else {
        return Err(("看不懂这个时间", HELP));
    };
    let later = [500, 1600].map(|days| timetext::parse(text, now + TimeDelta::days(days)));
    if later.iter().any(|at| at.is_none_or(|at| at.earliest != published.earliest)) {
        return Err(("没有写全年月日:文件里的“昨天”“3小时前”和不带年份的日期说不清是哪天", HELP));
    }
    match published.earliest {
        Some(earliest) if earliest > now => Err(("在将来", "核对日期;还没有发布的不要列入")),
        _ => Ok(published),
    }
}
