//! What does a text table say? CSV in UTF-8, GBK/GB18030 or UTF-16, split by comma, semicolon or tab.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::config::problem::Problem;

use super::table::{CELLS_MAX, COLUMNS_MAX, Cell, Line, ROWS_MAX, Sheet, too_many};

/// One zero byte in so many bytes is an accident; a text with more is none.
const STRAY_ZERO_BYTES_MIN: usize = 16;
/// How many lines are looked at to find the delimiter.
const SNIFF_LINES: usize = 20;

/// Reads a CSV.
///
/// # Errors
/// It is empty, of an unknown encoding, no text at all, or too large.
pub(super) fn sheet(file: &str, bytes: &[u8]) -> Result<Sheet, Problem> {
    let text = decode(file, bytes)?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n") + "\n";
    refuse_markup(file, &text)?;
    let (delimiter, body, skipped) = match text.split_once('\n') {
        Some((first, rest)) if first.trim().starts_with("sep=") => {
            (first.trim().as_bytes().get(4).copied().unwrap_or(b','), rest, 1)
        }
        _ => (sniff(&text), text.as_str(), 0),
    };
    if let Some(row) = unclosed(body, delimiter) {
        let what = "引号没有配对,从这里到文件末尾都被当成了一个单元格";
        let help = "在这一行补上或删去多余的英文双引号;单元格里的双引号要写成两个";
        return Err(Problem::in_cell(file, "", row + skipped, "", None, what, help));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body.as_bytes());
    let mut sheet = Sheet::default();
    let (mut inner_breaks, mut cells) = (0, 0);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|_| unreadable(file))? {
        // The row that a spreadsheet program shows: the line where the record ends, less every break inside quoted
        // cells so far. (The reader passes over blank lines but counts them.)
        inner_breaks += record.iter().map(|field| field.matches('\n').count()).sum::<usize>();
        let end = usize::try_from(reader.position().line()).unwrap_or(usize::MAX);
        let no = (end + skipped).saturating_sub(1 + inner_breaks);
        let row: Vec<Cell> = record.iter().map(Cell::text).collect();
        if row.iter().all(Cell::is_empty) {
            continue;
        }
        cells += row.len();
        let used = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        if used > COLUMNS_MAX || cells > CELLS_MAX || sheet.rows.len() >= ROWS_MAX {
            return Err(too_many(file));
        }
        sheet.rows.push(Line { no, cells: row.into_iter().take(used).collect() });
    }
    Ok(sheet)
}

/// The row in which a quote opens that nothing closes, as a spreadsheet program counts rows.
fn unclosed(body: &str, delimiter: u8) -> Option<usize> {
    let (mut row, mut quoted, mut at_start) = (1, false, true);
    let mut bytes = body.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // Twice within quotes it is a character.
            b'"' if quoted && bytes.peek() == Some(&b'"') => drop(bytes.next()),
            b'"' if quoted => quoted = false,
            b'"' if at_start => quoted = true,
            b'\n' if !quoted => row += 1,
            _ => {}
        }
        at_start = !quoted && (byte == delimiter || byte == b'\n');
    }
    quoted.then_some(row)
}

fn unreadable(file: &str) -> Problem {
    Problem::in_file(file, "不是能读懂的 CSV", "用表格软件打开后另存为 XLSX 或 CSV")
}

/// The text of a file: byte order mark, then UTF-16 by its zero bytes, then strict UTF-8, then strict GB18030
/// (which holds GBK and GB2312).
fn decode(file: &str, bytes: &[u8]) -> Result<String, Problem> {
    let (encoding, body) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None => (guess(bytes), bytes),
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::in_file(file, "是空文件", "检查是否选错了文件"));
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    match text {
        Some(text) if !text.contains('\0') => Ok(text.into_owned()),
        Some(text) if text.matches('\0').count() * STRAY_ZERO_BYTES_MIN <= text.len() => {
            let line = text.split('\0').next().map_or(1, |before| before.lines().count().max(1));
            let what = "有空字符(NUL),文件可能在传输中损坏";
            let help = "删去这个字符,或用表格软件打开后另存为 XLSX";
            Err(Problem::in_cell(file, "", line, "", None, what, help))
        }
        Some(_) => Err(Problem::in_file(
            file,
            "不是文本,也不是 XLSX",
            "用表格软件打开后另存为 XLSX,或 UTF-8 编码的 CSV",
        )),
        None => Err(Problem::in_file(
            file,
            format!("文字编码不完整:像 {},但有解不开的字节", encoding.name()),
            "用表格软件打开后另存为 XLSX,或 UTF-8 编码的 CSV",
        )),
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // Separators and line ends are ASCII, so UTF-16 has its zero bytes mostly on one side (开 is U+5F00), and one
    // beside nearly every separator; a zero byte that strayed into another text has not.
    let (wide, other) = if odd > even { (UTF_16LE, 1) } else { (UTF_16BE, 0) };
    let separates = |byte: &u8| b",;\t\r\n".contains(byte);
    let all = head.iter().filter(|byte| separates(byte)).count();
    let beside = head.as_chunks::<2>().0.iter();
    let beside = beside.filter(|unit| unit[other] == 0 && separates(&unit[1 - other])).count();
    if even.max(odd) > even.min(odd) * 2 && beside * 2 >= all {
        wide
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        GB18030
    }
}

/// The delimiter that occurs most outside quotes in the first lines; a comma if none does.
fn sniff(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b'\t', 0), (b';', 0)];
    let mut quoted = false;
    for byte in text.lines().take(SNIFF_LINES).flat_map(|line| line.bytes().chain([b'\n'])) {
        if byte == b'"' {
            quoted = !quoted;
        }
        for (delimiter, count) in &mut counts {
            *count += usize::from(!quoted && byte == *delimiter);
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(b',', |(delimiter, _)| *delimiter)
}

/// Offices' systems export web pages and XML under the name of a spreadsheet.
fn refuse_markup(file: &str, text: &str) -> Result<(), Problem> {
    let head: String = text.trim_start().chars().take(200).collect::<String>().to_lowercase();
    let markup = ["<!doctype", "<html", "<table", "<?xml", "<head", "<meta"];
    if markup.iter().any(|tag| head.starts_with(tag)) {
        return Err(Problem::in_file(
            file,
            "内容是网页或 XML,不是表格文件",
            "用表格软件打开后另存为 XLSX",
        ));
    }
    Ok(())
}
