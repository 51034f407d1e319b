//! Which small faults of feeds are mended before they are read? Prolog, `<rss>` without a version,
//! stray `&`.

use std::borrow::Cow;

use super::outline::{Kind, Outline, Tags};

/// The text from its first element on, so that neither a stray blank nor an encoding that is no
/// longer true (the text is decoded already) reaches the parser.
pub(super) fn without_prolog(text: &str) -> &str {
    let mut text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    while text.starts_with("<?") {
        match text.find("?>") {
            Some(end) => text = text[end + 2..].trim_start(),
            None => break,
        }
    }
    text
}

/// The text without XML declarations after its prolog, and whether there were any: they are an error
/// (documents run together), the text is decoded already, and the parser must not meet them.
pub(super) fn without_declarations(text: &str) -> (Cow<'_, str>, bool) {
    if !text.contains("<?xml") {
        return (Cow::Borrowed(text), false);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    // Also within comments and CDATA, for a parser that sees those otherwise than we do.
    while let Some(at) = rest.find("<?xml") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    out.push_str(rest);
    (Cow::Owned(out), true)
}

/// `<rss>` without a version, or with one that does not exist (`2.1`), becomes `<rss
/// version="2.0">`: the parser refuses the others, and all of them are read alike.
pub(super) fn rss_version(text: &str) -> String {
    let Some(root) =
        Tags::new(text).next().filter(|tag| tag.name == "rss" && tag.kind == Kind::Open)
    else {
        return text.to_owned();
    };
    let tag = &text[root.start..root.end];
    let mut attributes = tag["<rss".len()..tag.len() - 1].to_owned();
    if let Some(at) = attributes.find(" version=").or_else(|| attributes.find("\tversion=")) {
        let value = at + " version=".len();
        let quote = attributes[value..].chars().next().unwrap_or('"');
        let end = attributes[value..].get(1..).and_then(|rest| rest.find(quote));
        match end {
            Some(length) => attributes.replace_range(at..value + length + 2, ""),
            None => return text.to_owned(),
        }
    }
    format!("{}<rss version=\"2.0\"{attributes}>{}", &text[..root.start], &text[root.end..])
}

/// Bytes that mending may add; a document that needs more is not mended.
const STRAY_BYTES_MAX: usize = 64 << 10;

/// Every `&` that begins no reference becomes `&amp;`; CDATA and comments stay as they are.
pub(super) fn stray_ampersands(text: &str) -> String {
    let limit = text.len() + STRAY_BYTES_MAX;
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let verbatim = [("<![CDATA[", "]]>"), ("<!--", "-->")]
            .iter()
            .find(|(open, _)| rest.starts_with(open))
            .map(|(_, close)| rest.find(close).map_or(rest.len(), |at| at + close.len()));
        let length = verbatim.unwrap_or(1);
        if out.len() + rest.len() > limit {
            return text.to_owned();
        }
        if rest.starts_with('&') && !begins_reference(rest) {
            out.push_str("&amp;");
        } else {
            out.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// `&name;`, `&#38;` or `&#x26;`, at most 12 characters long.
fn begins_reference(text: &str) -> bool {
    let Some(end) = text.bytes().take(14).position(|byte| byte == b';') else {
        return false;
    };
    let name = &text[1..end];
    match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        },
        None => {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

/// A document made of the head of the text, these items, and the closing tags that it needs.
pub(super) fn rebuilt(text: &str, outline: &Outline<'_>, items: &[(usize, usize)]) -> String {
    let head = outline.items.first().map_or(text.len(), |(start, _)| *start);
    let mut out = text[..head].to_owned();
    for (start, end) in items {
        out.push_str(&text[*start..*end]);
    }
    for name in outline.around.iter().rev() {
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    out
}
