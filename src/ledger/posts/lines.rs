//! What does a JSONL file say? One JSON object a line, as the sheet that its keys and values would make.

use serde_json::Value;

use crate::config::problem::Problem;
use crate::ledger::table::{COLUMNS_MAX, Cell, FILE_BYTES_MAX, Line, ROWS_MAX, Sheet, too_many};

/// The lines that could be read, and those that could not.
pub(super) struct Lines {
    /// The keys as its first row, numbered 0; each object as a row with its line's number.
    pub(super) sheet: Sheet,
    /// Line and what is wrong with it.
    pub(super) broken: Vec<(usize, Problem)>,
}

/// Does it begin as JSON does?
pub(super) fn is_jsonl(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

pub(super) fn sheet(file: &str, bytes: &[u8]) -> Lines {
    let mut read = Lines { sheet: Sheet::default(), broken: Vec::new() };
    if bytes.len() > FILE_BYTES_MAX {
        read.broken.push((0, Problem::in_file(file, "文件过大,上限 10 MiB", "拆成几个文件")));
        return read;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        let wrong = Problem::in_file(file, "JSONL 不是 UTF-8", "用编辑器另存为 UTF-8");
        read.broken.push((0, wrong));
        return read;
    };
    let mut keys: Vec<String> = Vec::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let no = at + 1;
        if line.trim().is_empty() {
            continue;
        }
        match cells(line, &mut keys) {
            Ok(cells) => read.sheet.rows.push(Line { no, cells }),
            Err((key, what)) => {
                let help = "每行一个 JSON 对象,值写成文字或数字,如 {\"账号名称\": \"…\", \"平台\": \"微博\", \"发布时间\": \"2026-11-15 10:00\"}";
                read.broken.push((no, Problem::at_line(file, Some(no), &key, what, help)));
            }
        }
        if keys.len() > COLUMNS_MAX || read.sheet.rows.len() > ROWS_MAX {
            read.broken.push((0, too_many(file)));
            break;
        }
    }
    if !read.sheet.rows.is_empty() {
        let cells = keys.iter().map(Cell::text).collect();
        read.sheet.rows.insert(0, Line { no: 0, cells });
    }
    read
}

/// The values under their keys; new keys are added behind. The error names the key and what is wrong.
fn cells(line: &str, keys: &mut Vec<String>) -> Result<Vec<Cell>, (String, String)> {
    let value: Value =
        serde_json::from_str(line).map_err(|_| (String::new(), "这一行不是 JSON".to_owned()))?;
    let Value::Object(object) = value else {
        return Err((String::new(), "这一行不是 JSON 对象".to_owned()));
    };
    let mut cells = Vec::new();
    for (key, value) in object {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => if yes { "是" } else { "否" }.to_owned(),
            Value::Array(_) | Value::Object(_) => {
                return Err((key, "值是列表或对象,不是文字".to_owned()));
            }
        };
        let place = keys.iter().position(|held| *held == key).unwrap_or_else(|| {
            keys.push(key);
            keys.len() - 1
        });
        if cells.len() <= place {
            cells.resize_with(place + 1, Cell::default);
        }
        cells[place] = Cell::text(text);
    }
    Ok(cells)
}
