//! What is asked, and what is answered? A request and a reply without HTTP around them, so that answers are pure.

use axum::http::StatusCode;
use bytes::Bytes;
use freshd_core::Timestamp;
use serde_json::Value;

/// A request as an answering function sees it.
pub(crate) struct Ask<'a> {
    pub(crate) now: Timestamp,
    /// The instant whose lists are shown: earlier than `now` where a cache is stale.
    pub(crate) as_of: Timestamp,
    /// Lists are to be shown empty.
    pub(crate) empty: bool,
    /// The platform's credential is refused.
    pub(crate) refused: bool,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) range: Option<&'a str>,
    pub(crate) cookie: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl Ask<'_> {
    /// A query parameter, decoded.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A numeric query parameter.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.param(name).and_then(|text| text.parse().ok())
    }

    /// The body as JSON; `Null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }
}

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// The account it was about.
    pub(crate) account: Option<usize>,
}

/// `application/json`.
pub(crate) const JSON: &str = "application/json; charset=utf-8";
/// `text/html`.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

impl Reply {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).expect("statuses are literals");
        Self { status, content_type, headers: Vec::new(), body: body.into(), account: None }
    }

    /// 200 with JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, JSON, value.to_string())
    }

    /// 200 with JSON written by hand: lists of many items are built as text, which costs a tenth of a tree.
    pub(crate) fn raw_json(text: String) -> Self {
        Self::new(200, JSON, text)
    }

    /// A status with a small HTML page.
    pub(crate) fn page(status: u16, title: &str, text: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body><h1>{title}</h1>{text}</body></html>\n"
        );
        Self::new(status, HTML, body)
    }

    pub(crate) fn about(mut self, account: usize) -> Self {
        self.account = Some(account);
        self
    }

    pub(crate) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}

/// Splits and decodes a query string.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
