//! What is sent back to the unit? Its own rows, with a column that says what is wrong with each.

use rust_xlsxwriter::{Color, Format, Workbook, XlsxError};

use crate::config::problem::{Place, Problem, is_invisible};

use super::row::Row;
use super::rows::Parsed;
use super::table::COLUMNS_MAX;

/// The heading of the added column.
pub const REASONS: &str = "问题说明";
/// The heading of the column that says where the row stood.
pub const PLACE: &str = "原位置";
/// The longest text that a cell of an XLSX holds, in characters.
const CELL_CHARS_MAX: usize = 32_000;
/// The longest sheet name.
const NAME_CHARS_MAX: usize = 31;

/// Writes the rows as read, sheet by sheet, with 问题说明 first. Cells are strings only: nothing starts a formula.
///
/// # Errors
/// The workbook cannot be written.
pub fn workbook(parsed: &Parsed) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, red) = (Format::new().set_bold(), Format::new().set_font_color(Color::Red));
    let mut names: Vec<String> = Vec::new();
    for (file, sheet, headings) in &parsed.headings {
        let name = sheet_name(sheet, &names);
        names.push(name.to_lowercase());
        let page = book.add_worksheet();
        page.set_name(&name)?;
        page.set_column_width(0, 50)?.set_column_width(1, 20)?;
        page.write_string_with_format(0, 0, REASONS, &bold)?;
        page.write_string_with_format(0, 1, PLACE, &bold)?;
        for (column, text) in (2..).zip(headings.iter().take(COLUMNS_MAX)) {
            page.write_string_with_format(0, column, bounded(text), &bold)?;
        }
        let rows = parsed.rows.iter().filter(|row| row.file == *file && row.sheet == *sheet);
        for (at, row) in (1..).zip(rows) {
            page.write_string_with_format(at, 0, bounded(&reasons(row)), &red)?;
            page.write_string(at, 1, bounded(&format!("{} {}", row.file, row.place())))?;
            for (column, text) in (2..).zip(row.cells.iter().take(COLUMNS_MAX)) {
                page.write_string(at, column, bounded(text))?;
            }
        }
        page.set_freeze_panes(1, 0)?;
    }
    let page = book.add_worksheet();
    page.set_name(sheet_name("文件问题", &names))?;
    page.set_column_width(0, 80)?;
    page.write_string_with_format(0, 0, REASONS, &bold)?;
    for (at, problem) in (1..).zip(&parsed.problems) {
        page.write_string(at, 0, bounded(&problem.to_string()))?;
    }
    book.save_to_buffer()
}

/// What is wrong with a row, one reason a line.
pub fn reasons(row: &Row) -> String {
    let reason = |problem: &Problem| {
        let place = match &*problem.place {
            Place::Cell { column, .. } if !column.is_empty() => {
                format!("{column}:")
            }
            _ => String::new(),
        };
        format!("{place}{}", problem.reason())
    };
    row.problems.iter().map(reason).collect::<Vec<_>>().join("\n")
}

fn bounded(text: &str) -> String {
    // Control characters are no XML; a bounded cell is no refused file.
    let seen = |c: &char| (!c.is_control() || *c == '\n') && !is_invisible(*c);
    text.chars().filter(seen).take(CELL_CHARS_MAX).collect()
}

fn sheet_name(wanted: &str, taken: &[String]) -> String {
    let kept = |c: &char| !c.is_control() && !"[]:*?/\\'".contains(*c);
    let plain: String = wanted.chars().filter(kept).take(NAME_CHARS_MAX - 4).collect();
    let plain = if plain.trim().is_empty() { "台账".to_owned() } else { plain };
    let numbered = (2..).map(|n: u32| format!("{plain} {n}"));
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|name| !taken.contains(&name.to_lowercase()))
        .expect("the numbers do not end")
}

#[cfg(test)]
mod tests;
