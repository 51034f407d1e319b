//! What does a mail say? A small reader of RFC 5322, 2045 and 2047, as strict as mail programs are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Mail;

/// One part of a message, its headers unfolded but not decoded.
struct Part {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Mail {
    /// Names and values of the headers, unfolded, encoded words decoded, in order.
    pub fn headers(&self) -> Vec<(String, String)> {
        let decoded = |(name, value): (String, String)| (name, decode_words(&value));
        Part::parse(&self.data).headers.into_iter().map(decoded).collect()
    }

    /// The first header of that name (in any case), decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers().into_iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The subject, decoded; empty if there is none.
    pub fn subject(&self) -> String {
        self.header("Subject").unwrap_or_default()
    }

    /// The first `text/plain` part, transfer encoding undone, read as UTF-8.
    pub fn text_body(&self) -> Option<String> {
        Part::parse(&self.data).find("text/plain")
    }

    /// The first `text/html` part, transfer encoding undone, read as UTF-8.
    pub fn html_body(&self) -> Option<String> {
        Part::parse(&self.data).find("text/html")
    }
}

impl Part {
    fn parse(data: &[u8]) -> Self {
        let (head, body) = split_head(data);
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in String::from_utf8_lossy(head).split("\r\n").filter(|line| !line.is_empty()) {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some((_, value))) => value.push_str(line),
                _ => {
                    let (name, value) = line.split_once(':').unwrap_or((line, ""));
                    headers.push((name.to_owned(), value.trim_start().to_owned()));
                }
            }
        }
        Self { headers, body: body.to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn find(&self, wanted: &str) -> Option<String> {
        let content_type = self.header("Content-Type").unwrap_or("text/plain");
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.to_ascii_lowercase().starts_with("multipart/") {
            let boundary = parameter(content_type, "boundary")?;
            let parts = split_parts(&self.body, &boundary);
            return parts.into_iter().find_map(|part| Self::parse(&part).find(wanted));
        }
        kind.eq_ignore_ascii_case(wanted)
            .then(|| String::from_utf8_lossy(&self.decoded()).into_owned())
    }

    fn decoded(&self) -> Vec<u8> {
        let encoding = self.header("Content-Transfer-Encoding").unwrap_or("7bit").trim();
        match encoding.to_ascii_lowercase().as_str() {
            "base64" => {
                let keep = |byte: &u8| !byte.is_ascii_whitespace();
                let text: Vec<u8> = self.body.iter().copied().filter(keep).collect();
                STANDARD.decode(text).unwrap_or_default()
            }
            "quoted-printable" => quoted_printable(&self.body, false),
            _ => self.body.clone(),
        }
    }
}

/// Headers and body, parted by the first empty line.
fn split_head(data: &[u8]) -> (&[u8], &[u8]) {
    if let Some(body) = data.strip_prefix(b"\r\n") {
        return (&[], body);
    }
    match data.windows(4).position(|window| window == b"\r\n\r\n") {
        Some(at) => (&data[..at + 2], &data[at + 4..]),
        None => (data, &[]),
    }
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.trim().split_once('=')?;
        let value = value.trim().trim_matches('"').to_owned();
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The parts between the boundary's lines.
fn split_parts(body: &[u8], boundary: &str) -> Vec<Vec<u8>> {
    let delimiter = format!("--{boundary}");
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut inside = false;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if text == delimiter.as_bytes() {
            parts.push(Vec::new());
            inside = true;
        } else if text.strip_prefix(delimiter.as_bytes()) == Some(b"--") {
            inside = false;
        } else if inside && let Some(part) = parts.last_mut() {
            part.extend_from_slice(line);
        }
    }
    for part in &mut parts {
        // The line end before a boundary belongs to the boundary.
        let kept = part.strip_suffix(b"\r\n").map_or(part.len(), <[u8]>::len);
        part.truncate(kept);
    }
    parts
}

/// Quoted-printable; with `word` the rules of an encoded word, where `_` is a space.
fn quoted_printable(body: &[u8], word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'=' if rest.starts_with(b"\r\n") => rest = &rest[2..],
            b'=' => {
                let pair = rest.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
                match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                    Some(value) => {
                        out.push(value);
                        rest = &rest[2..];
                    }
                    None => out.push(b'='),
                }
            }
            b'_' if word => out.push(b' '),
            byte => out.push(*byte),
        }
    }
    out
}

/// Decodes the encoded words (RFC 2047, UTF-8, B and Q) of a header's value. White space between two of them is
/// dropped. Each word must hold whole characters; a broken one shows U+FFFD.
pub fn decode_words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let between = &rest[..at];
        let Some((text, tail)) = one_word(&rest[at..]) else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            after_word = false;
            continue;
        };
        if !(after_word && between.chars().all(char::is_whitespace)) {
            out.push_str(between);
        }
        out.push_str(&text);
        rest = tail;
        after_word = true;
    }
    out.push_str(rest);
    out
}

/// The encoded word at the start, decoded, and what follows it.
fn one_word(text: &str) -> Option<(String, &str)> {
    let mut fields = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, tail) = (fields.next()?, fields.next()?, fields.next()?);
    let (content, tail) = tail.split_once("?=")?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => quoted_printable(content.as_bytes(), true),
        _ => return None,
    };
    Some((String::from_utf8_lossy(&bytes).into_owned(), tail))
}
