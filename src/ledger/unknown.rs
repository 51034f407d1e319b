//! Which columns of a sheet are not known, and what may have been meant by each? They are kept, and said.

use std::fmt;

use serde::Serialize;

use super::header::{Header, near};

/// The columns of one sheet that freshd does not know; their cells are kept with each account as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The file.
    pub file: String,
    /// The sheet; empty for a CSV.
    pub sheet: String,
    /// Its unknown columns, in order.
    pub columns: Vec<UnknownColumn>,
}

/// One column that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownColumn {
    /// Its heading.
    pub title: String,
    /// The known column that may be meant and that the sheet lacks; a question, nothing is done with it.
    pub near: Option<&'static str>,
}

impl Unknown {
    /// Those of a header; `None` where every column is known.
    pub(super) fn of(file: &str, sheet: &str, header: &Header) -> Option<Self> {
        let column =
            |title: &String| UnknownColumn { title: title.clone(), near: near(title, header) };
        let columns: Vec<_> = header.unknown.iter().map(column).collect();
        let (file, sheet) = (file.to_owned(), sheet.to_owned());
        (!columns.is_empty()).then_some(Self { file, sheet, columns })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sheet = if self.sheet.is_empty() {
            String::new()
        } else {
            format!("工作表「{}」", self.sheet)
        };
        let one = |column: &UnknownColumn| match column.near {
            Some(near) => format!("{}(是不是“{near}”?若是,请改表头)", column.title),
            None => column.title.clone(),
        };
        let columns: Vec<_> = self.columns.iter().map(one).collect();
        write!(f, "{}:{sheet}没有认出的列(原样保留):{}", self.file, columns.join("、"))
    }
}

/// One line for each sheet.
pub fn lines(unknown: &[Unknown]) -> Vec<String> {
    unknown.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
