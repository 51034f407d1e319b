//! Was this text decoded with the wrong encoding somewhere before it came here? Signs that no real name bears.

use encoding_rs::{GBK, WINDOWS_1252};

/// What UTF-8, replaced and read as GBK, leaves behind, and what uninitialised memory looks like.
const TYPICAL: [&str; 3] = ["锟斤", "烫烫烫", "屯屯屯"];
/// So many Chinese characters must come out whole before a text that reads as Chinese is taken for a wrong reading.
const CHINESE_MIN: usize = 4;

/// What is wrong with the text, in words; `None` where nothing shows.
pub(super) fn sign(text: &str) -> Option<String> {
    if text.contains('\u{fffd}') {
        return Some("含有转码时丢失的字".to_owned());
    }
    if TYPICAL.iter().any(|typical| text.contains(typical)) {
        return Some("是乱码(编码转换出错留下的字)".to_owned());
    }
    let meant = latin(text).or_else(|| chinese(text))?;
    Some(format!("是乱码,原文可能是“{meant}”"))
}

/// UTF-8 that was read as Latin-1 or Windows-1252.
fn latin(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut bytes = Vec::new();
    for c in text.chars() {
        let mut held = [0; 4];
        let (one, _, unknown) = WINDOWS_1252.encode(c.encode_utf8(&mut held));
        if unknown {
            bytes.push(u8::try_from(u32::from(c)).ok()?);
        } else {
            bytes.extend_from_slice(&one);
        }
    }
    String::from_utf8(bytes).ok()
}

/// UTF-8 that was read as GBK.
fn chinese(text: &str) -> Option<String> {
    let (bytes, _, unknown) = GBK.encode(text);
    let meant = std::str::from_utf8(&bytes).ok().filter(|_| !unknown)?;
    let all = meant.chars().all(|c| c.is_ascii() || matches!(c, '\u{4e00}'..='\u{9fff}'));
    let count = meant.chars().filter(|c| !c.is_ascii()).count();
    (all && count >= CHINESE_MIN).then(|| meant.to_owned())
}

#[cfg(test)]
mod tests;
