//! How do observations cross a gap 网闸? One signed file: a head, one observation a line, a signature over all of it.
//!
//! **Invariant:** nothing of a bundle is looked at before its signature holds; whoever has the key could have made it,
//! nobody else.

use freshd_connectors::wire::WireObservation;
use freshd_core::Timestamp;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub mod targets;

/// The version that this file writes and reads.
pub const VERSION: u32 = 1;
/// Shortest text of a key, characters: one that can be guessed signs nothing.
pub const KEY_CHARS_MIN: usize = 20;
/// Largest bundle, bytes: it travels in a request, base64.
pub const BUNDLE_BYTES_MAX: usize = 40 << 20;
/// Digits of the key's id.
const KEY_ID_DIGITS: usize = 16;

/// A shared key.
pub struct Key {
    key: hmac::Key,
    id: String,
}

impl Key {
    /// From the text of a key file; `None` if it is too short.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.chars().count() >= KEY_CHARS_MIN).then(|| {
            let hash = Sha256::digest(format!("freshd bundle key id\n{text}"));
            let id = hex(&hash)[..KEY_ID_DIGITS].to_owned();
            Self { key: hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()), id }
        })
    }

    /// What names the key without giving it away.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub v: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Which key signs it.
    pub key_id: String,
    /// How many observations follow.
    pub count: usize,
    /// Grows from bundle to bundle of one maker.
    pub sequence: i64,
}

/// One observation on its way out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The account's id.
    pub account: String,
    /// `connector:target`.
    pub source: String,
    /// When it was asked.
    pub at: Timestamp,
    /// Did the poll bring nothing but the fault that the observation holds?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// What it brought.
    pub observation: WireObservation,
}

/// One line as it came in; its observation is still to be checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Line {
    /// The account's id.
    pub account: String,
    /// `connector:target`.
    pub source: String,
    /// When it was asked.
    pub at: Timestamp,
    /// Did the poll bring nothing but a fault?
    #[serde(default)]
    pub failed: bool,
    /// `observation/1`.
    pub observation: Value,
}

/// Why a bundle is not taken, and what to do; Chinese.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line, where it is about one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

/// The bytes of a bundle. The same observations make the same bundle.
pub fn write(key: &Key, made_at: Timestamp, items: &[Item]) -> Vec<u8> {
    let head = Head {
        v: VERSION,
        made_at,
        key_id: key.id.clone(),
        count: items.len(),
        sequence: made_at.timestamp_millis(),
    };
    let plain = |value: serde_json::Result<String>| value.expect("plain data is always JSON");
    let mut text = plain(serde_json::to_string(&head)) + "\n";
    for item in items {
        text.push_str(&plain(serde_json::to_string(item)));
        text.push('\n');
    }
    let signature = hex(hmac::sign(&key.key, text.as_bytes()).as_ref());
    text.push_str(&json!({ "signature": signature }).to_string());
    text.push('\n');
    text.into_bytes()
}

/// Is this file meant to be a bundle?
pub fn is_bundle(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head: Option<Value> = serde_json::from_slice(first).ok();
    head.is_some_and(|head| head.get("key_id").is_some() && head.get("sequence").is_some())
}

/// Reads a bundle whose signature holds.
///
/// # Errors
/// Cut off, signed by somebody else or not at all, changed on the way, of another version, or miscounted.
pub fn open(bytes: &[u8], key: &Key) -> Result<(Head, Vec<Line>), Refusal> {
    const AGAIN: &str = "重新传一次;仍不行就在外网侧重新采集";
    let refuse = |what: &str, help| Refusal { line: None, what: what.to_owned(), help };
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let end = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (signed, last) = body.split_at(end);
    let signature = serde_json::from_slice::<Value>(last).ok();
    let signature = signature.as_ref().and_then(|line| line.get("signature")?.as_str());
    let Some(signature) = signature.and_then(unhex) else {
        return Err(refuse("末行没有签名,文件不完整", AGAIN));
    };
    if hmac::verify(&key.key, signed, &signature).is_err() {
        let what = "签名不符:内容被改动过,或两边的密钥不同";
        return Err(refuse(what, "核对两边 [collect] key_file 是否同一密钥,再重新传一次"));
    }
    let text = std::str::from_utf8(signed).map_err(|_| refuse("不是 UTF-8", AGAIN))?;
    let mut lines = text.lines().enumerate();
    let head: Option<Head> = lines.next().and_then(|(_, line)| serde_json::from_str(line).ok());
    let head = head.filter(|head| head.v == VERSION);
    let head = head.ok_or_else(|| refuse("首行不是这一版的格式", "两边用同一版本的程序"))?;
    let mut items = Vec::new();
    for (at, line) in lines {
        let item = serde_json::from_str(line).map_err(|_| Refusal {
            line: Some(at + 1),
            what: "不是一条观察".to_owned(),
            help: "两边用同一版本的程序",
        })?;
        items.push(item);
    }
    if items.len() != head.count {
        let what = format!("首行说有 {} 条,实有 {} 条", head.count, items.len());
        return Err(Refusal { line: None, what, help: AGAIN });
    }
    Ok((head, items))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

#[cfg(test)]
mod tests;
