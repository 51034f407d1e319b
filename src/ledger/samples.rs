//! What would an office send? Tables in bytes, for the tests beside.

use encoding_rs::GBK;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

/// The text in every encoding that offices use.
pub(super) fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let with = |bom: &[u8], body: Vec<u8>| [bom, &body].concat();
    vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8 BOM", with(&[0xef, 0xbb, 0xbf], text.as_bytes().to_vec())),
        ("GBK", GBK.encode(text).0.into_owned()),
        ("UTF-16LE BOM", with(&[0xff, 0xfe], wide(u16::to_le_bytes))),
        ("UTF-16BE BOM", with(&[0xfe, 0xff], wide(u16::to_be_bytes))),
        ("UTF-16LE", wide(u16::to_le_bytes)),
        ("UTF-16BE", wide(u16::to_be_bytes)),
    ]
}

/// Builds a workbook; rows follow each other in the last sheet.
pub(super) struct Build {
    book: Workbook,
    sheets: Vec<String>,
    next_row: u32,
}

impl Build {
    pub(super) fn new() -> Self {
        Self { book: Workbook::new(), sheets: Vec::new(), next_row: 0 }
    }

    pub(super) fn sheet(&mut self, name: &str) -> &mut Self {
        self.book.add_worksheet().set_name(name).unwrap();
        self.sheets.push(name.to_owned());
        self.next_row = 0;
        self
    }

    fn last(&mut self) -> &mut rust_xlsxwriter::Worksheet {
        self.book.worksheet_from_index(self.sheets.len() - 1).unwrap()
    }

    pub(super) fn hide(&mut self) -> &mut Self {
        self.last().set_hidden(true);
        self
    }

    pub(super) fn row(&mut self, cells: &[&str]) -> &mut Self {
        let row = self.next_row;
        for (column, text) in cells.iter().enumerate() {
            if !text.is_empty() {
                self.last().write_string(row, u16::try_from(column).unwrap(), *text).unwrap();
            }
        }
        self.next_row += 1;
        self
    }

    pub(super) fn number(&mut self, row: u32, column: u16, value: f64) -> &mut Self {
        self.last().write_number(row, column, value).unwrap();
        self
    }

    pub(super) fn date(&mut self, row: u32, column: u16, y: u16, m: u8, d: u8) -> &mut Self {
        let format = Format::new().set_num_format("yyyy/m/d");
        let date = ExcelDateTime::from_ymd(y, m, d).unwrap();
        self.last().write_datetime_with_format(row, column, date, &format).unwrap();
        self
    }

    pub(super) fn formula(&mut self, row: u32, column: u16, text: &str, result: &str) -> &mut Self {
        let formula = Formula::new(text).set_result(result);
        self.last().write_formula(row, column, formula).unwrap();
        self
    }

    pub(super) fn merge(&mut self, r1: u32, c1: u16, r2: u32, c2: u16, text: &str) -> &mut Self {
        self.last().merge_range(r1, c1, r2, c2, text, &Format::new()).unwrap();
        self
    }

    pub(super) fn bytes(&mut self) -> Vec<u8> {
        self.book.save_to_buffer().unwrap()
    }
}
