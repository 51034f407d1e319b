//! How do the pieces of a target come into an address, a header or a body? Templates with `{name}`.

use std::collections::BTreeMap;

/// The values of the pieces by name.
pub(crate) type Pieces = BTreeMap<String, String>;

/// Text with `{name}` (encoded where it goes into an address) and `{+name}` (as it is).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Piece { name: String, raw: bool },
}

impl Template {
    /// Reads a template; the error says in Chinese what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            if rest[open..].starts_with('}') {
                return Err("有多余的 }".to_owned());
            }
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            let Some((inside, after)) = rest[open + 1..].split_once('}') else {
                return Err("有 { 没有配对的 }".to_owned());
            };
            let raw = inside.starts_with('+');
            let name = inside.trim_start_matches('+');
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(format!("{{{inside}}} 不是一个名称"));
            }
            parts.push(Part::Piece { name: name.to_owned(), raw });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The names that it uses.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Piece { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text before the first piece.
    pub(crate) fn literal_start(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Does it begin with a piece that is put in as it is?
    pub(crate) fn starts_raw(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Piece { raw: true, .. }))
    }

    /// Filled in as part of an address: what is no letter, digit or `-._~` of a piece is encoded.
    pub(crate) fn in_url(&self, pieces: &Pieces) -> String {
        self.filled(pieces, encoded)
    }

    /// Filled in as plain text.
    pub(crate) fn plain(&self, pieces: &Pieces) -> String {
        self.filled(pieces, str::to_owned)
    }

    fn filled(&self, pieces: &Pieces, write: fn(&str) -> String) -> String {
        let value = |name: &str| pieces.get(name).map_or("", String::as_str);
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Piece { name, raw: true } => value(name).to_owned(),
            Part::Piece { name, raw: false } => write(value(name)),
        };
        self.parts.iter().map(part).collect()
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
