//! How does data leave as a file? Rows as CSV, XLSX or JSON lines.

use rust_xlsxwriter::XlsxError;
use serde_json::{Map, Value};

use super::book::{self, Sheet, SheetColumn};

/// Rows with named columns. Each row has one value for each column, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Headings; they are the keys in JSON lines.
    pub columns: Vec<String>,
    /// Values: strings, numbers, booleans, nulls; lists and objects are written as JSON text in tables.
    pub rows: Vec<Vec<Value>>,
}

/// Narrowest and widest column, characters.
const WIDTH: (u32, u32) = (10, 50);
/// Rows that are looked at for the width of a column.
const WIDTH_ROWS: usize = 200;

impl Rows {
    /// No rows yet.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// One more row.
    pub fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// CSV: UTF-8 with a byte order mark, CRLF, formulas neutralised by a leading apostrophe.
    pub fn csv(&self) -> Vec<u8> {
        book::csv(self.columns.iter().map(String::as_str), &self.rows)
    }

    /// A workbook with one sheet (`数据`; more when a sheet is full); strings are string cells only.
    ///
    /// # Errors
    /// The workbook cannot be written.
    pub fn xlsx(self) -> Result<Vec<u8>, XlsxError> {
        book::workbook(&[self.sheet()])
    }

    /// The sheet `数据` of these rows, for a workbook with others.
    pub fn sheet(self) -> Sheet {
        let columns = self.columns.iter().enumerate();
        let columns = columns.map(|(at, title)| SheetColumn::new(title, self.width(at, title)));
        let columns = columns.collect();
        Sheet { name: "数据".to_owned(), columns, rows: self.rows }
    }

    fn width(&self, at: usize, title: &str) -> u32 {
        use unicode_width::UnicodeWidthStr;
        let cells = self.rows.iter().take(WIDTH_ROWS).filter_map(|row| row.get(at));
        let widest = cells.map(|value| book::text_of(value).width()).max().unwrap_or(0);
        u32::try_from(widest.max(title.width()) + 2).unwrap_or(WIDTH.1).clamp(WIDTH.0, WIDTH.1)
    }

    /// The same for people: each column under its name of `titles` (key, title) where it has one, else under its key.
    #[must_use]
    pub fn titled(mut self, titles: &[(&str, &str)]) -> Self {
        for column in &mut self.columns {
            if let Some((_, title)) = titles.iter().find(|(key, _)| key == column) {
                (*title).clone_into(column);
            }
        }
        self
    }

    /// One JSON object a line, keyed by the columns; values as they are, nothing neutralised.
    pub fn jsonl(&self) -> Vec<u8> {
        let mut out = String::new();
        for row in &self.rows {
            let object: Map<_, _> = self.columns.iter().cloned().zip(row.iter().cloned()).collect();
            out.push_str(&Value::Object(object).to_string());
            out.push('\n');
        }
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests;
