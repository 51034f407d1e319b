//! Which characters do these bytes mean? BOM, HTTP charset, the document's own word, then
//! detection.

use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use regex::bytes::Regex;

/// A document must declare its encoding this early.
const DECLARATION_BYTES: usize = 1024;

/// The first byte of a UTF-8 sequence of three bytes or more is at least this.
const THREE_BYTES: u8 = 0xe0;

/// The body as text; bytes that mean nothing become U+FFFD. `gb2312` is read as its superset
/// GB18030, as every browser does, and a declaration that the bytes plainly contradict is not
/// believed.
pub fn decode(body: &[u8], content_type: Option<&str>) -> String {
    if let Some((encoding, bom)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[bom..]).0.into_owned();
    }
    if body.is_ascii() && !body.contains(&0) {
        return String::from_utf8_lossy(body).into_owned();
    }
    let by_http = content_type.and_then(charset);
    let wide = by_http.filter(|held| *held == UTF_16LE || *held == UTF_16BE);
    if let Some(wide) = wide.filter(|_| body.contains(&0)) {
        return wide.decode_without_bom_handling(body).0.into_owned();
    }
    // Most answers: what reads as UTF-8 without an error and with long sequences is nothing else.
    if let Ok(text) = std::str::from_utf8(body)
        && body.iter().any(|byte| *byte >= THREE_BYTES)
    {
        return text.to_owned();
    }
    // A header that says Latin-1 is a web server's default, not a statement about a Chinese page.
    let by_http = by_http.filter(|held| *held != WINDOWS_1252);
    let declared = by_http.or_else(|| declared(body)).filter(|held| *held != UTF_8);
    let encoding = match utf8(body) {
        Utf8::Plain => UTF_8,
        Utf8::Perhaps => declared.unwrap_or(UTF_8),
        Utf8::No => declared.unwrap_or_else(|| detect(body)),
    };
    encoding.decode_without_bom_handling(body).0.into_owned()
}

/// The encoding named in a `Content-Type`.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let lower = content_type.to_ascii_lowercase();
    let (_, value) = lower.split_once("charset")?;
    let value = value.trim_start().strip_prefix('=')?;
    let label = value.split(';').next()?.trim().trim_matches(['"', '\'']);
    Encoding::for_label(label.as_bytes())
}

/// The encoding that the document itself names: `<?xml encoding=…?>`, `<meta charset=…>` in both
/// forms.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?ix-u) <\?xml [^>]{0,200}? encoding \s*=\s* ["']? ([a-z0-9_:.-]+)
                | <meta [^>]{0,300}? charset \s*=\s* ["']? \s* ([a-z0-9_:.-]+)"#,
        )
        .expect("a literal expression compiles")
    });
    let start = &body[..body.len().min(DECLARATION_BYTES)];
    let found = DECLARATION.captures(start)?;
    let label = found.get(1).or_else(|| found.get(2))?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // What could be read as ASCII to find the word is not UTF-16, whatever the word says.
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    (!wide && encoding != WINDOWS_1252).then_some(encoding)
}

/// How well the bytes read as UTF-8.
enum Utf8 {
    /// Sequences of three bytes or more, and hardly any error: nothing else looks like that.
    Plain,
    /// No error, but so few and short sequences that it may be chance.
    Perhaps,
    No,
}

fn utf8(body: &[u8]) -> Utf8 {
    let (mut long, mut broken) = (0usize, 0usize);
    for chunk in body.utf8_chunks() {
        long += chunk.valid().chars().filter(|c| c.len_utf8() >= 3).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    match (long, broken) {
        (1.., 0) => Utf8::Plain,
        (0, 0) => Utf8::Perhaps,
        // A body that was cut or has a few broken bytes is still UTF-8; GBK gives an error every
        // other character.
        _ if long >= broken * 8 => Utf8::Plain,
        _ => Utf8::No,
    }
}

fn detect(body: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(body, true);
    detector.guess(Some(b"cn"), Utf8Detection::Allow)
}

#[cfg(test)]
mod tests;
