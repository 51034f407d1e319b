//! What does a workbook say? Every sheet of an XLSX as text cells, merged cells filled.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    Data, DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx,
    open_workbook_from_rs,
};

use crate::config::problem::Problem;

use super::table::{
    CELLS_MAX, COLUMNS_MAX, Cell, CellKind, Line, ROWS_MAX, Sheet, TEXT_BYTES_MAX, too_many,
};

mod lost;

/// Numbers of more digits are not kept exactly by spreadsheet programs.
const WHOLE_MAX: f64 = 1e15;

type Rows = BTreeMap<u32, Vec<Cell>>;

/// Reads an XLSX cell by cell, so that a lone cell in the last corner costs nothing.
///
/// # Errors
/// Damaged, or too large.
pub(super) fn xlsx(file: &str, bytes: &[u8]) -> Result<Vec<Sheet>, Problem> {
    guarded(file, || {
        let mut book: Xlsx<_> =
            open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| damaged(file))?;
        let sheets = book.sheets_metadata().to_vec();
        let lost = lost::numbers(bytes);
        let (mut read, mut budget) = (Vec::new(), Budget::new(file));
        for sheet in sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
            let mut rows = Rows::new();
            let mut cells = book.worksheet_cells_reader(&sheet.name).map_err(|_| damaged(file))?;
            while let Some(cell) = cells.next_cell().map_err(|_| damaged(file))? {
                let (row, column) = cell.get_position();
                budget.place(&mut rows, row, column, from_ref(cell.get_value(), &lost))?;
            }
            drop(cells);
            let merged = book.merge_cells_by_sheet_name(&sheet.name).map_err(|_| damaged(file))?;
            fill(&mut rows, &merged, &mut budget)?;
            read.push(finished(&sheet.name, sheet.visible, rows));
        }
        Ok(read)
    })
}

/// A workbook is made by anybody; a panic of its reader is a damaged file, not the end of the daemon.
fn guarded<T>(file: &str, read: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged(file)))
}

fn damaged(file: &str) -> Problem {
    Problem::in_file(file, "表格文件已损坏,读不出来", "用表格软件打开后另存为 XLSX")
}

/// What one file may still place.
struct Budget<'a> {
    file: &'a str,
    rows: usize,
    cells: usize,
    bytes: usize,
}

impl<'a> Budget<'a> {
    fn new(file: &'a str) -> Self {
        Self { file, rows: ROWS_MAX, cells: CELLS_MAX, bytes: TEXT_BYTES_MAX }
    }

    fn place(&mut self, rows: &mut Rows, row: u32, column: u32, cell: Cell) -> Result<(), Problem> {
        if cell.is_empty() {
            return Ok(());
        }
        // A string is stored once in the file and may be shown by a million cells.
        let left = self.bytes.checked_sub(cell.text.len());
        self.bytes = left.ok_or_else(|| too_many(self.file))?;
        let column = column as usize;
        if column >= COLUMNS_MAX {
            return Err(too_many(self.file));
        }
        if !rows.contains_key(&row) {
            self.rows = self.rows.checked_sub(1).ok_or_else(|| too_many(self.file))?;
        }
        let line = rows.entry(row).or_default();
        if line.len() <= column {
            let more = column + 1 - line.len();
            self.cells = self.cells.checked_sub(more).ok_or_else(|| too_many(self.file))?;
            line.resize_with(column + 1, Cell::default);
        }
        line[column] = cell;
        Ok(())
    }
}

/// Fills merged cells down and right, within rows that have content of their own.
fn fill(rows: &mut Rows, merged: &[Dimensions], budget: &mut Budget<'_>) -> Result<(), Problem> {
    let widest = rows.values().map(Vec::len).max().unwrap_or(0);
    for region in merged {
        let Some(value) = rows
            .get(&region.start.0)
            .and_then(|row| row.get(region.start.1 as usize))
            .filter(|cell| !cell.is_empty())
            .map(|cell| Cell { filled: true, ..cell.clone() })
        else {
            continue;
        };
        if region.end.0 < region.start.0 {
            continue;
        }
        let last = (region.end.1 as usize).min(widest.saturating_sub(1));
        let inside: Vec<u32> =
            rows.range(region.start.0..=region.end.0).map(|(row, _)| *row).collect();
        for row in inside {
            for column in region.start.1 as usize..=last {
                let taken =
                    rows.get(&row).and_then(|row| row.get(column)).is_some_and(|c| !c.is_empty());
                // A merged region's own cells count too, or overlapping regions would cost without end.
                budget.cells = budget.cells.checked_sub(1).ok_or_else(|| too_many(budget.file))?;
                if !taken {
                    let column = u32::try_from(column).unwrap_or(u32::MAX);
                    budget.place(rows, row, column, value.clone())?;
                }
            }
        }
    }
    Ok(())
}

fn finished(name: &str, visible: SheetVisible, rows: Rows) -> Sheet {
    let line = |(row, cells): (u32, Vec<Cell>)| Line { no: row as usize + 1, cells };
    Sheet {
        name: name.to_owned(),
        hidden: visible != SheetVisible::Visible,
        rows: rows.into_iter().map(line).collect(),
    }
}

fn from_ref(value: &DataRef<'_>, lost: &BTreeSet<u64>) -> Cell {
    match value {
        DataRef::Float(number) if lost.contains(&number.to_bits()) => {
            Cell { kind: CellKind::Inexact, ..from_number(*number) }
        }
        DataRef::SharedString(text) => Cell::text(text),
        other => from_data(&Data::from(other.clone())),
    }
}

fn from_data(value: &Data) -> Cell {
    match value {
        Data::Empty => Cell::default(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Cell::text(text),
        Data::Int(number) => Cell { kind: CellKind::Whole, ..Cell::text(number.to_string()) },
        Data::Float(number) => from_number(*number),
        Data::Bool(yes) => Cell::text(if *yes { "是" } else { "否" }),
        Data::DateTime(at) => from_date(at),
        Data::Error(error) => Cell { kind: CellKind::Error, ..Cell::text(error.to_string()) },
    }
}

fn from_number(number: f64) -> Cell {
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        Cell { kind: CellKind::Whole, ..Cell::text(format!("{number:.0}")) }
    } else {
        Cell { kind: CellKind::Inexact, ..Cell::text(number.to_string()) }
    }
}

fn from_date(at: &ExcelDateTime) -> Cell {
    if at.is_duration() {
        return from_number(at.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    Cell::text(match (hour, minute, second) {
        (0, 0, 0) => date,
        (_, _, 0) => format!("{date} {hour:02}:{minute:02}"),
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    })
}
