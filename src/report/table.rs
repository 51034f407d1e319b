//! How is a table printed so that a person likes to read it? Columns aligned by display width, colour on request.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::plain;

mod status;

pub use status::{note_of, status_table, when_text};

/// How a cell is inked where colour is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// As the terminal writes.
    #[default]
    Plain,
    /// Stands out without a colour.
    Bold,
    /// Stands back.
    Dim,
    /// All is well: green.
    Good,
    /// Look at it: yellow.
    Warn,
    /// It is bad: red.
    Bad,
    /// Nobody knows: magenta.
    Unsure,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("1;31"),
            Self::Unsure => Some("35"),
        }
    }
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it says, one line.
    pub text: String,
    /// How it is inked.
    pub ink: Ink,
}

impl Cell {
    /// An inked cell.
    pub fn inked(text: impl AsRef<str>, ink: Ink) -> Self {
        Self { text: plain(text.as_ref()), ink }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::inked(text, Ink::Plain)
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Numbers stand on the right.
    pub right: bool,
    /// No wider than this, in columns of the terminal (a Chinese character takes two); longer text ends in `…`.
    pub width_max: usize,
}

impl Column {
    /// A column of text.
    pub fn text(title: &str, width_max: usize) -> Self {
        Self { title: title.to_owned(), right: false, width_max }
    }

    /// A column of numbers.
    pub fn number(title: &str, width_max: usize) -> Self {
        Self { title: title.to_owned(), right: true, width_max }
    }
}

/// A table; every row has a cell for each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// One more row; cells that are missing are empty, cells beyond the columns are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut cells: Vec<Cell> = cells.into_iter().collect();
        cells.resize(self.columns.len(), Cell::default());
        self.rows.push(cells);
    }

    /// Has it no row?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Headings, a rule, and the rows, each line with its end; trailing blanks are left out.
    pub fn render(&self, colour: bool) -> String {
        let widths = self.widths();
        let mut out = String::new();
        let titles: Vec<_> =
            self.columns.iter().map(|column| Cell::inked(&column.title, Ink::Bold)).collect();
        self.line(&titles, &widths, colour, &mut out);
        let rule: Vec<_> =
            widths.iter().map(|width| Cell::inked("─".repeat(*width), Ink::Dim)).collect();
        self.line(&rule, &widths, colour, &mut out);
        for row in &self.rows {
            self.line(row, &widths, colour, &mut out);
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |(at, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[at].text.width());
            let widest = cells.max().unwrap_or(0).max(column.title.width());
            widest.min(column.width_max.max(column.title.width()))
        };
        self.columns.iter().enumerate().map(widest).collect()
    }

    fn line(&self, cells: &[Cell], widths: &[usize], colour: bool, out: &mut String) {
        let from = out.len();
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            if at > 0 {
                out.push_str(GAP);
            }
            let text = fit(&cell.text, *width);
            let pad = " ".repeat(width - text.width().min(*width));
            let text = paint(&text, cell.ink, colour);
            if self.columns[at].right {
                out.push_str(&pad);
                out.push_str(&text);
            } else {
                out.push_str(&text);
                out.push_str(&pad);
            }
        }
        let kept = out[from..].trim_end_matches(' ').len();
        out.truncate(from + kept);
        out.push('\n');
    }
}

/// The text with its ink, if colour is wanted.
pub fn paint(text: &str, ink: Ink, colour: bool) -> String {
    match ink.code().filter(|_| colour && !text.is_empty()) {
        Some(code) => format!("\x1b[{code}m{text}\x1b[0m"),
        None => text.to_owned(),
    }
}

/// The text cut to a display width; what is cut ends in `…`.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let room = width.saturating_sub(1);
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    if width == 0 { String::new() } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests;
