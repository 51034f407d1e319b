//! How do rows become a file for a spreadsheet? Workbooks and CSV in which nothing starts a formula.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};
use serde_json::Value;

use super::words::{neutral, visible};

/// The longest text that a cell of an XLSX holds is 32,767 characters.
const CELL_CHARS_MAX: usize = 32_000;
/// Rows per sheet, below the format's 1,048,576; what is more goes on with the next sheet.
const SHEET_ROWS_MAX: usize = 1_000_000;
/// Largest whole number that a spreadsheet keeps exactly.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text or whole numbers.
    Plain,
    /// Numbers that are shown with two decimals.
    Decimal,
}

/// One column of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetColumn {
    /// Its heading.
    pub title: String,
    /// Its width in characters of the default font.
    pub width: u32,
    /// How numbers are shown.
    pub kind: Kind,
}

impl SheetColumn {
    /// A column of that heading and width.
    pub fn new(title: &str, width: u32) -> Self {
        Self { title: title.to_owned(), width, kind: Kind::Plain }
    }

    /// A column of numbers with two decimals.
    pub fn decimal(title: &str, width: u32) -> Self {
        Self { kind: Kind::Decimal, ..Self::new(title, width) }
    }
}

/// One sheet: its name (at most 31 characters, none of `[]:*?/\`), columns, and rows of strings, numbers, booleans
/// (是, 否) and nulls (empty).
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The name on its tab.
    pub name: String,
    /// Its columns.
    pub columns: Vec<SheetColumn>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}

/// An XLSX workbook of these sheets. Strings are string cells, numbers are numbers, nothing is a formula; the
/// header row stays in sight.
///
/// # Errors
/// A name that is no sheet name, or the workbook cannot be written.
pub fn workbook(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for sheet in sheets {
        let parts = sheet.rows.chunks(SHEET_ROWS_MAX);
        let parts: Vec<_> = if sheet.rows.is_empty() { vec![&[][..]] } else { parts.collect() };
        for (nth, rows) in parts.iter().enumerate() {
            let page = book.add_worksheet_with_low_memory()?;
            let name = &sheet.name;
            page.set_name(if nth == 0 { name.clone() } else { format!("{name} {}", nth + 1) })?;
            fill(page, &sheet.columns, rows)?;
        }
    }
    book.save_to_buffer()
}

fn fill(
    page: &mut Worksheet,
    columns: &[SheetColumn],
    rows: &[Vec<Value>],
) -> Result<(), XlsxError> {
    let header = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00DC_E6F1))
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap();
    let decimal = Format::new().set_num_format("0.00");
    let plain = Format::new().set_align(FormatAlign::Top);
    for (at, column) in (0..).zip(columns) {
        page.set_column_width(at, column.width)?;
    }
    page.set_freeze_panes(1, 0)?;
    for (at, column) in (0..).zip(columns) {
        page.write_string_with_format(0, at, bounded(&column.title), &header)?;
    }
    for (line, row) in (1..).zip(rows) {
        for ((at, column), value) in (0..).zip(columns).zip(row) {
            let format = if column.kind == Kind::Decimal { &decimal } else { &plain };
            match value.as_f64().filter(|number| number.abs() <= WHOLE_MAX) {
                Some(number) => page.write_number_with_format(line, at, number, format)?,
                None if value.is_null() => continue,
                None => {
                    page.write_string_with_format(line, at, bounded(&text_of(value)), format)?
                }
            };
        }
    }
    if !rows.is_empty() && !columns.is_empty() {
        let last = u16::try_from(columns.len() - 1).unwrap_or(u16::MAX);
        page.autofilter(0, 0, u32::try_from(rows.len()).unwrap_or(u32::MAX), last)?;
    }
    Ok(())
}

fn bounded(text: &str) -> String {
    // Control characters are no XML; a bounded cell is no refused file.
    visible(text).chars().take(CELL_CHARS_MAX).collect()
}

/// A value as a cell reads: 是 and 否 for booleans, nothing for null, JSON for lists and objects.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "是".to_owned(),
        Value::Bool(false) => "否".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// CSV in UTF-8 with a byte order mark (spreadsheets need it), CRLF; text that begins like a formula gets an
/// apostrophe before it, numbers stay numbers.
pub fn csv<'a>(
    columns: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = &'a Vec<Value>>,
) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let fits = "a buffer takes everything";
    out.write_record(columns.into_iter().map(neutral)).expect(fits);
    for row in rows {
        let cell = |value: &Value| {
            if value.is_number() { value.to_string() } else { neutral(&visible(&text_of(value))) }
        };
        out.write_record(row.iter().map(cell)).expect(fits);
    }
    out.into_inner().expect(fits)
}
