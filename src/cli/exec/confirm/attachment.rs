//! Can this file show what a person saw? A picture or a PDF that is whole, told by its bytes; a text is only more words.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

mod picture;

/// So much of a text is looked at, bytes.
const TEXT_LOOKED_AT: usize = 64 << 10;
/// Endings of names that promise a picture or a PDF.
const PROMISING: [&str; 11] =
    [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".pdf"];

/// What an attachment is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// A picture or a PDF, whole.
    Shows,
    /// It begins like one of this name, and its end or its size is missing: whoever attached it looks again.
    ShowsPerhaps(&'static str),
    /// A text: kept, and no more than words.
    Words,
}

impl Worth {
    /// Does it count as showing what was seen?
    pub(crate) fn is_shown(self) -> bool {
        self != Self::Words
    }
}

/// What is it worth? Told by its bytes.
///
/// # Errors
/// Why it is refused, in words.
pub(crate) fn admit(name: &str, bytes: &[u8]) -> Result<Worth, String> {
    if bytes.is_empty() {
        return Err(format!("{name} 是空文件,不能作为核查的依据;请附截图、PDF 或文本"));
    }
    match picture::kind(bytes) {
        Some(kind) if kind.is_whole(bytes) => return Ok(Worth::Shows),
        Some(kind) => return Ok(Worth::ShowsPerhaps(kind.name())),
        None => {}
    }
    let lower = name.to_lowercase();
    let promises = PROMISING.iter().any(|ending| lower.ends_with(ending));
    if is_text(bytes) && !promises {
        return Ok(Worth::Words);
    }
    let is = if promises { "不是图片或 PDF" } else { "不是图片、PDF 或文本" };
    Err(format!("{name} {is}(按文件内容判断);请附截图、PDF 或文本"))
}

/// Largest picture of a patrol, bytes: with its note it fits a piece of evidence.
pub(crate) const PICTURE_BYTES_MAX: usize = 5 << 20;

/// Refuses, in words, what is no picture of a screen: PNG, JPEG or WebP.
pub(crate) fn admit_picture(name: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > PICTURE_BYTES_MAX {
        let mib = PICTURE_BYTES_MAX >> 20;
        return Err(format!("{name} 超过 {mib} MiB;请缩小或裁剪后再附"));
    }
    match picture::kind(bytes) {
        Some(kind) if kind.is_of_a_screen() && kind.is_whole(bytes) => Ok(()),
        Some(kind) if kind.is_of_a_screen() => {
            Err(format!("{name} 是残缺的 {} 图片,打不开;请重新截图后再附", kind.name()))
        }
        _ => Err(format!("{name} 不是图片(按文件内容判断);截图须是 PNG、JPEG 或 WebP")),
    }
}

/// Words in UTF-8, GB18030 or marked UTF-16, with something to read in them.
fn is_text(bytes: &[u8]) -> bool {
    let part = &bytes[..bytes.len().min(TEXT_LOOKED_AT)];
    let text = match std::str::from_utf8(part) {
        Ok(text) => text.to_owned(),
        // Cut within a character.
        Err(error) if error.error_len().is_none() && part.len() < bytes.len() => {
            String::from_utf8_lossy(&part[..error.valid_up_to()]).into_owned()
        }
        Err(_) => match part {
            [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
            [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
            _ => GB18030.decode_without_bom_handling(part).0.into_owned(),
        },
    };
    let strange =
        |c: char| c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    let whole = part.len() == bytes.len();
    let text = if whole { &text } else { text.trim_end_matches('\u{fffd}') };
    text.chars().any(char::is_alphanumeric) && !text.contains(strange)
}

#[cfg(test)]
mod tests;
