//! What did a person write wrong, where, and how is it mended? The one shape of every such message.

use std::fmt;

use serde::Serialize;

/// Something wrong in what a person wrote: a configuration or a ledger. All of a file's problems are told at once, and
/// nothing changes while there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as the person named it.
    pub file: String,
    /// Where in the file.
    #[serde(flatten)]
    pub place: Place,
    /// What stands there, cut to [`VALUE_CHARS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong, Chinese.
    pub what: String,
    /// How to mend it, Chinese; may be empty.
    pub help: String,
}

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// A cell of a table.
    Cell {
        /// The sheet's name; empty for a CSV.
        sheet: String,
        /// 1-based row, as the spreadsheet program shows it.
        row: usize,
        /// Column letter, and the header where known: `C 账号标识`. Empty = the whole row.
        column: String,
    },
    /// A line of a text file.
    Line {
        /// 1-based line, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
        /// The key's path, e.g. `mail.server`; empty = the whole line or file.
        key: String,
    },
}

/// How much of a wrong value is shown, in characters.
pub const VALUE_CHARS: usize = 60;

impl Problem {
    /// In a cell of a table. `column` is a letter and perhaps its header (`C 账号标识`); empty for a whole row.
    pub fn in_cell(
        file: &str,
        sheet: &str,
        row: usize,
        column: &str,
        value: Option<&str>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let place = Place::Cell { sheet: sheet.to_owned(), row, column: column.to_owned() };
        let value = value.map(shown);
        Self { file: file.to_owned(), place, value, what: what.into(), help: help.into() }
    }

    /// At a line or a key of a text file.
    pub fn at_line(
        file: &str,
        line: Option<usize>,
        key: &str,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let place = Place::Line { line, key: key.to_owned() };
        Self { file: file.to_owned(), place, value: None, what: what.into(), help: help.into() }
    }

    /// About the file as a whole.
    pub fn in_file(file: &str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::at_line(file, None, "", what, help)
    }

    /// The same with the wrong value shown.
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(shown(value));
        self
    }

    /// What and help only: for a column that stands beside the row itself.
    pub fn reason(&self) -> String {
        let mut text = self.what.clone();
        if let Some(value) = &self.value {
            text = format!("«{value}» {text}");
        }
        if self.help.is_empty() { text } else { format!("{text};{}", self.help) }
    }
}

/// One line that is safe on a terminal and in a log: no control characters, of bounded length.
fn shown(value: &str) -> String {
    let plain = |c: char| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c };
    let mut text: String = value.chars().take(VALUE_CHARS).map(plain).collect();
    if value.chars().nth(VALUE_CHARS).is_some() {
        text.push('…');
    }
    text
}

/// Characters that hide or reorder text: bidi controls, zero-width characters, the byte order mark.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell { sheet, row, column } => {
                if !sheet.is_empty() {
                    write!(f, "工作表「{}」", shown(sheet))?;
                }
                write!(f, "第 {row} 行")?;
                if !column.is_empty() {
                    write!(f, " {} 列", shown(column))?;
                }
                Ok(())
            }
            Self::Line { line, key } => {
                if let Some(line) = line {
                    write!(f, "第 {line} 行")?;
                }
                if !key.is_empty() {
                    let gap = if line.is_some() { " " } else { "" };
                    write!(f, "{gap}{key}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        f.write_str(&self.file)?;
        if !place.is_empty() {
            write!(f, ":{place}")?;
        }
        if let Some(value) = &self.value {
            write!(f, " 值 «{value}»")?;
        }
        write!(f, " {}", self.what)?;
        if !self.help.is_empty() {
            write!(f, ";{}", self.help)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
