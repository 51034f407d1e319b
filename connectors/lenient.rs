//! How do we read what platforms write loosely? Numbers as text, flags as numbers, a bounded excerpt.

use serde_json::Value;

use crate::http::redact;

/// Bytes of a body kept as evidence.
pub(crate) const EVIDENCE_BYTES_MAX: usize = 16 << 10;

/// A whole number, whether written as a number or as text (`"10006"`).
pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Yes or no, whether written as a boolean, 0/1 or `"0"`/`"1"`.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        other => int(other).map(|number| number != 0),
    }
}

/// Text that is not empty; a number counts as its digits (`"id": 4649031014551911`).
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A name as a platform gives it, on one line: without control characters, and without those that hide or reorder what
/// is beside them.
pub(crate) fn name(value: &Value) -> Option<String> {
    let unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let plain: String = text(value)?
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !unseen(*c))
        .collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

/// At most `bytes_max` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A body as bounded and redacted text, for evidence.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EVIDENCE_BYTES_MAX)];
    redact::text(&String::from_utf8_lossy(head)).into_owned()
}
