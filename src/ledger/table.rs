//! What stands in the file? Bytes of any kind of table become sheets of text cells.

use crate::config::problem::Problem;

use super::{guard, text, workbook};

/// Largest ledger file, bytes.
pub const FILE_BYTES_MAX: usize = 10 << 20;
/// Most rows with content in one file.
pub const ROWS_MAX: usize = 200_000;
/// Most columns of a sheet.
pub const COLUMNS_MAX: usize = 256;
/// Most cells in one file, merged cells counted as filled.
pub const CELLS_MAX: usize = 4_000_000;

/// What a cell was before it became text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Text, a date, a yes or no.
    #[default]
    Text,
    /// A whole number that the spreadsheet program keeps exactly (at most 15 digits).
    Whole,
    /// A number whose digits may be lost: a fraction, or more than 15 digits.
    Inexact,
    /// A formula's error, e.g. `#N/A`.
    Error,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// As text, trimmed.
    pub text: String,
    /// What it was.
    pub kind: CellKind,
    /// Filled in from the merged cell it belongs to.
    pub filled: bool,
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self { text: trimmed(text.as_ref()), ..Self::default() }
    }

    /// Nothing but space?
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// A row that has content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// 1-based number, as the spreadsheet program shows it.
    pub no: usize,
    /// Cells from column A on.
    pub cells: Vec<Cell>,
}

impl Line {
    /// The cell of a 0-based column; beyond the end it is empty.
    pub fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.text.as_str())
    }
}

/// One sheet; a CSV is one sheet without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its name; empty for a CSV.
    pub name: String,
    /// Hidden by its author?
    pub hidden: bool,
    /// The rows that have content.
    pub rows: Vec<Line>,
}

/// A file as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The file's name as the person gave it.
    pub file: String,
    /// Its sheets.
    pub sheets: Vec<Sheet>,
}

/// Reads a file by what it holds, whatever its name ends in.
///
/// # Errors
/// One [`Problem`]: too large, a bomb, damaged, password-protected, or of a kind that is not read.
pub fn read(file: &str, bytes: &[u8]) -> Result<Book, Problem> {
    if bytes.len() > FILE_BYTES_MAX {
        let what = format!("文件过大({} MiB),上限 10 MiB", bytes.len() >> 20);
        return Err(Problem::in_file(file, what, "只保留台账所在的工作表,或拆成几个文件"));
    }
    let sheets = if bytes.starts_with(b"PK") {
        guard::zip(file, bytes)?;
        workbook::xlsx(file, bytes)?
    } else if bytes.starts_with(&guard::CFB_MAGIC) {
        guard::xls(file, bytes)?;
        workbook::xls(file, bytes)?
    } else {
        vec![text::sheet(file, bytes)?]
    };
    Ok(Book { file: file.to_owned(), sheets })
}

/// `A`, `B`, … `Z`, `AA`, … of a 0-based column.
pub fn letter(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = (left - 1) % 26;
        letters.push(char::from(b'A' + u8::try_from(digit).expect("a digit below 26")));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Without space of any kind at the ends, and with one kind of line break.
pub(super) fn trimmed(text: &str) -> String {
    let edge = |c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}';
    text.trim_matches(edge).replace("\r\n", "\n").replace('\r', "\n")
}

/// A file holds more than anybody's ledger.
pub(super) fn too_many(file: &str) -> Problem {
    let what = format!("表格过大:上限 {ROWS_MAX} 行、{COLUMNS_MAX} 列、{CELLS_MAX} 个单元格");
    Problem::in_file(file, what, "删去多余的行、列和工作表后重新保存")
}

#[cfg(test)]
mod tests;
