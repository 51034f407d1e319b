//! What does one row say? Its cells become an account, and everything wrong with it is told at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use freshd_connectors::TargetProblem;
use freshd_core::account::{Account, Source};
use freshd_core::id::AccountId;

use crate::config::problem::Problem;

use super::fields::{self, Wrong};
use super::handle;
use super::header::{Column, Header};
use super::table::{CellKind, Line, letter};

mod strange;

/// Longest content of a cell, characters.
pub const FIELD_CHARS_MAX: usize = 500;
/// Longest list of menus or sources, in characters.
pub const LIST_CHARS_MAX: usize = 4000;

/// What the ledger asks of the rest of the program.
pub struct Rules<'a> {
    /// Can this source be polled? The registry's `admit`.
    pub admit: &'a dyn Fn(&Source) -> Result<(), TargetProblem>,
    /// The sources that a platform and an identifier suffice for.
    pub default_sources: &'a dyn Fn(&str, &str) -> Vec<Source>,
}

/// One row as understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The file.
    pub file: String,
    /// The sheet; empty for a CSV.
    pub sheet: String,
    /// 1-based row.
    pub row_no: usize,
    /// The row as read, cell by cell.
    pub cells: Vec<String>,
    /// The account. Without a handle its id is empty until [`super::plan`] gives it a number.
    pub account: Account,
    /// The columns that its sheet has: what is not among them is left as it was.
    pub columns: Arc<BTreeSet<Column>>,
    /// Were its sources written, or did they follow from platform and handle?
    pub sources_written: bool,
    /// Was 通报对象 written, or did it follow from 地区 or 主管单位?
    pub unit_written: bool,
    /// Another row with one of its identifiers.
    pub duplicate_of: Option<String>,
    /// Another row of the same name, platform and sponsor, where a handle is missing.
    pub similar_to: Option<String>,
    /// Has its sheet a header with which a row can be imported? What is wrong with it is told once, not by row.
    pub importable: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notices: Vec<Problem>,
}

impl Row {
    /// Something wrong with the row as a whole.
    pub fn problem(&self, column: &str, what: impl Into<String>, help: &str) -> Problem {
        Problem::in_cell(&self.file, &self.sheet, self.row_no, column, None, what, help)
    }

    /// Where it stands, for people: 工作表「微信」第 5 行.
    pub fn place(&self) -> String {
        let row = self.row_no;
        if self.sheet.is_empty() {
            format!("第 {row} 行")
        } else {
            format!("工作表「{}」第 {row} 行", self.sheet)
        }
    }

    /// Every identifier of the row: the handle's parts and the aliases.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        let handle = self.account.handle.split(' ').filter(|part| !part.is_empty());
        handle.chain(self.account.aliases.iter().map(String::as_str))
    }
}

/// Where a row stands.
pub(super) struct Context<'a> {
    pub(super) file: &'a str,
    pub(super) sheet: &'a str,
    pub(super) header: &'a Header,
    pub(super) headings: &'a Line,
    pub(super) columns: &'a Arc<BTreeSet<Column>>,
    /// The platform that the sheet's name gives, where it has no such column.
    pub(super) platform: Option<&'static str>,
    pub(super) importable: bool,
    pub(super) rules: &'a Rules<'a>,
}

/// Reads a row.
pub(super) fn read(context: &Context<'_>, line: &Line) -> Row {
    let mut reader = Reader { context, line, problems: Vec::new(), notices: Vec::new() };
    let mut account = reader.words();
    reader.required(&account);
    reader.strange(&account);
    reader.garbled();
    let tokens = reader.identify(&mut account);
    let sources_written = reader.polled(&mut account, &tokens);
    let unit_written = reader.is_written(Column::ReportingUnit);
    let (problems, notices) = (reader.problems, reader.notices);
    Row {
        file: context.file.to_owned(),
        sheet: context.sheet.to_owned(),
        row_no: line.no,
        cells: line.cells.iter().map(|cell| cell.text.clone()).collect(),
        account,
        columns: Arc::clone(context.columns),
        sources_written,
        unit_written,
        importable: context.importable,
        duplicate_of: None,
        similar_to: None,
        problems,
        notices,
    }
}

struct Reader<'a> {
    context: &'a Context<'a>,
    line: &'a Line,
    problems: Vec<Problem>,
    notices: Vec<Problem>,
}

impl Reader<'_> {
    /// Everything that one cell decides by itself.
    fn words(&mut self) -> Account {
        let mut account = Account {
            name: self.text(Column::Name),
            sponsor: self.text(Column::Sponsor),
            supervisor: self.text(Column::Supervisor),
            reporting_unit: self.text(Column::ReportingUnit),
            region: self.text(Column::Region),
            contact: self.text(Column::Contact),
            phone: self.text(Column::Phone),
            officer: self.text(Column::Officer),
            interaction: self.text(Column::Interaction),
            note: self.text(Column::Note),
            ..Account::default()
        };
        let platform = self.text(Column::Platform);
        account.platform = match (platform.is_empty(), self.context.platform) {
            (true, Some(platform)) => platform.to_owned(),
            _ => handle::platform_of(&platform),
        };
        account.level = fields::level(&self.text(Column::Level));
        account.email = self.list(Column::Email, fields::emails);
        account.officer_email = self.list(Column::OfficerEmail, fields::emails);
        account.supervisor_email = self.list(Column::SupervisorEmail, fields::emails);
        account.menu = self.list(Column::Menu, fields::menu);
        account.last_circular = self.list(Column::LastCircular, fields::circular);
        account.filing = self.word(Column::Filing, fields::filing);
        account.lifecycle = self.word(Column::Lifecycle, fields::lifecycle);
        if account.reporting_unit.is_empty() {
            account.reporting_unit = fields::default_unit(&account.region, &account.supervisor);
        }
        for (place, title) in &self.context.header.extra {
            let value = self.at(*place, title, true);
            if !value.is_empty() {
                account.extra.insert(title.clone(), value);
            }
        }
        account
    }

    fn required(&mut self, account: &Account) {
        let given = [
            (Column::Name, &account.name),
            (Column::Platform, &account.platform),
            (Column::Sponsor, &account.sponsor),
        ];
        for (column, value) in given {
            // A column that is missing altogether is told once, at the header.
            if value.is_empty() && self.context.header.place(column).is_some() {
                let what = format!("必填的{}是空的", column.title());
                let help = "补上后重新导入;原表若是合并单元格,请用 XLSX 而不是 CSV";
                self.tell(column, None, what, help);
            }
        }
        if account.platform.contains(':') {
            self.tell(Column::Platform, Some(&account.platform), "平台名称里有冒号", "去掉冒号");
        }
    }

    /// Handle, aliases, previous handle and id; returns the identifiers.
    fn identify(&mut self, account: &mut Account) -> Vec<String> {
        let mut tokens: Vec<String> = Vec::new();
        let handle = self.identifiers(&account.platform, Column::Handle, None);
        let mut links: Vec<String> = Vec::new();
        for identifier in handle {
            links.extend(identifier.link);
            push_new(&mut tokens, identifier.text);
        }
        let own = tokens.len();
        let places: Vec<usize> = self
            .context
            .header
            .known
            .iter()
            .filter(|(column, _)| *column == Column::Identifier)
            .map(|(_, place)| *place)
            .collect();
        for place in places {
            for identifier in self.identifiers(&account.platform, Column::Identifier, Some(place)) {
                links.extend(identifier.link);
                push_new(&mut tokens, identifier.text);
            }
        }
        let shown = if own == 0 { 1 } else { own };
        account.handle = tokens.iter().take(shown).cloned().collect::<Vec<_>>().join(" ");
        let mut aliases: Vec<String> = Vec::new();
        for other in tokens.iter().skip(1).cloned().chain(links) {
            push_new(&mut aliases, other);
        }
        account.aliases = aliases;
        account.previous_handle = self
            .identifiers(&account.platform, Column::PreviousHandle, None)
            .into_iter()
            .map(|identifier| identifier.text)
            .collect::<Vec<_>>()
            .join(" ");
        if let Some(first) = tokens.first() {
            account.id = AccountId::of(&account.platform, first);
        }
        tokens
    }

    fn identifiers(
        &mut self,
        platform: &str,
        column: Column,
        place: Option<usize>,
    ) -> Vec<handle::Identifier> {
        let Some(place) = place.or_else(|| self.context.header.place(column)) else {
            return Vec::new();
        };
        let text = self.at(place, column.title(), true);
        if self.is_lost(place, &text) {
            let what = "被表格软件改成了科学计数或丢了位数,原来的标识已经看不出来";
            let help = "把该列设为文本格式,重新填写完整的标识";
            self.tell_at(place, Some(&text), what.to_owned(), help);
            return Vec::new();
        }
        let mut found = Vec::new();
        for token in handle::split(platform, &text) {
            match handle::classify(platform, &token) {
                Ok(identifier) => {
                    if handle::is_near_app_id(&identifier.text)
                        && identifier.kind == handle::Kind::WechatName
                    {
                        let what = "像 AppID,但不全是十六进制数字,按微信号处理".to_owned();
                        self.notices.push(self.problem_at(
                            place,
                            Some(&token),
                            what,
                            "核对是否抄错",
                        ));
                    }
                    found.push(identifier);
                }
                Err(wrong) => self.tell_at(place, Some(&token), wrong.what.to_owned(), wrong.help),
            }
        }
        found
    }

    /// 采集方式 as written, or what platform and identifiers suffice for; the interaction probe is one too. Says
    /// whether it was written.
    fn polled(&mut self, account: &mut Account, tokens: &[String]) -> bool {
        let written = self.list(Column::Sources, fields::sources);
        for source in &written {
            self.admit(Column::Sources, source);
        }
        let is_written = !written.is_empty();
        account.sources = written;
        if !is_written {
            account.sources = default_sources(self.context.rules, &account.platform, tokens);
        }
        if let Some(url) = account.interaction_probe().map(str::trim) {
            let probe = Source::new("probe", url);
            self.admit(Column::Interaction, &probe);
            push_new(&mut account.sources, probe);
        }
        is_written
    }

    fn admit(&mut self, column: Column, source: &Source) {
        if let Err(TargetProblem { what, help }) = (self.context.rules.admit)(source) {
            self.tell(column, Some(&source.to_string()), what, &help);
        }
    }

    fn text(&mut self, column: Column) -> String {
        let Some(place) = self.context.header.place(column) else { return String::new() };
        let text = self.at(place, column.title(), strange::is_list(column));
        if column == Column::Phone && self.is_lost(place, &text) {
            let what = "被表格软件改成了科学计数".to_owned();
            self.tell_at(place, Some(&text), what, "把该列设为文本格式,重新填写");
        }
        text
    }

    fn list<T>(&mut self, column: Column, read: fn(&str) -> (Vec<T>, Vec<Wrong>)) -> Vec<T> {
        let (good, wrong) = read(&self.text(column));
        for Wrong { value, what, help } in wrong {
            self.tell(column, Some(&value), what, &help);
        }
        good
    }

    fn word<T: Default>(&mut self, column: Column, read: fn(&str) -> Result<T, Wrong>) -> T {
        read(&self.text(column)).unwrap_or_else(|Wrong { value, what, help }| {
            self.tell(column, Some(&value), what, &help);
            T::default()
        })
    }

    /// A cell's text, cleaned and of bounded length.
    fn at(&mut self, place: usize, title: &str, keep_breaks: bool) -> String {
        let Some(cell) = self.line.cells.get(place) else { return String::new() };
        let (text, removed) = fields::cleaned(&cell.text, keep_breaks);
        if cell.kind == CellKind::Error {
            self.tell_at(place, Some(&text), "公式出错,没有内容".to_owned(), "改成文字或留空");
            return String::new();
        }
        if removed > 0 {
            let what = format!("去掉了 {removed} 个看不见的字符");
            self.notices.push(self.problem_at(place, None, what, ""));
        }
        let wide = [Column::Menu, Column::Sources].iter().any(|column| column.title() == title);
        let most = if wide { LIST_CHARS_MAX } else { FIELD_CHARS_MAX };
        let length = text.chars().count();
        if length > most {
            let what = format!("太长({length} 字),上限 {most} 字");
            self.tell_at(place, Some(&text), what, "删减后重新导入");
            return String::new();
        }
        text
    }

    fn tell(&mut self, column: Column, value: Option<&str>, what: impl Into<String>, help: &str) {
        let place = self.context.header.place(column).unwrap_or(0);
        self.tell_at(place, value, what.into(), help);
    }

    fn tell_at(&mut self, place: usize, value: Option<&str>, what: String, help: &str) {
        let problem = self.problem_at(place, value, what, help);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn problem_at(&self, place: usize, value: Option<&str>, what: String, help: &str) -> Problem {
        let column = format!("{} {}", letter(place), self.context.headings.text(place));
        let (file, sheet) = (self.context.file, self.context.sheet);
        Problem::in_cell(file, sheet, self.line.no, column.trim(), value, what, help)
    }
}

/// The default sources of every identifier, each once.
pub(super) fn default_sources(rules: &Rules<'_>, platform: &str, tokens: &[String]) -> Vec<Source> {
    let mut sources = Vec::new();
    for token in tokens {
        for source in (rules.default_sources)(platform, token) {
            push_new(&mut sources, source);
        }
    }
    sources
}

/// Adds what is not there yet.
pub(super) fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests;
