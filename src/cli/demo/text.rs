//! How does a small table look on a terminal? Columns padded by display width, where a Chinese character takes two.

use unicode_width::UnicodeWidthStr as _;

/// The rows under the first one, columns two blanks apart; the first column starts the line, others stand on the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n));
        cells.map(|cell| cell.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (n, cell) in row.iter().enumerate() {
            let blank = " ".repeat(widths[n].saturating_sub(cell.width()));
            let cell = if n == 0 { format!("  {cell}{blank}") } else { format!("  {blank}{cell}") };
            text.push_str(&cell);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}
