//! Can this file show what a person saw? A picture, a PDF or a text, told by its first bytes and not by its name.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

/// So much of a text is looked at, bytes.
const TEXT_LOOKED_AT: usize = 64 << 10;

/// How pictures and PDF begin: what stands at which byte.
const BEGINNINGS: [(usize, &[u8]); 10] = [
    (0, b"\x89PNG"),
    (0, b"\xff\xd8\xff"),
    (0, b"GIF8"),
    (8, b"WEBP"),
    (0, b"BM"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    // HEIC and AVIF, which telephones make.
    (4, b"ftyphe"),
    (4, b"ftypmif1"),
    (4, b"ftypavif"),
];

/// Refuses, in words, what shows nothing.
pub(crate) fn admit(name: &str, bytes: &[u8]) -> Result<(), String> {
    let known =
        BEGINNINGS.iter().any(|(at, mark)| bytes.get(*at..).is_some_and(|b| b.starts_with(mark)));
    // A PDF may have a few bytes before its mark (ISO 32000, implementation note 13).
    let pdf = bytes[..bytes.len().min(1024)].windows(5).any(|held| held == b"%PDF-");
    if bytes.is_empty() {
        return Err(format!("{name} 是空文件,不能作为核查的依据;请附截图、PDF 或文本"));
    }
    if known || pdf || is_text(bytes) {
        return Ok(());
    }
    Err(format!("{name} 不是图片、PDF 或文本(按文件开头的字节判断);请附截图、PDF 或文本"))
}

/// Largest picture of a patrol, bytes: with its note it fits a piece of evidence.
pub(crate) const PICTURE_BYTES_MAX: usize = 5 << 20;

/// Refuses, in words, what is no picture of a screen: PNG, JPEG or WebP, by its first bytes.
pub(crate) fn admit_picture(name: &str, bytes: &[u8]) -> Result<(), String> {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let known = bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff");
    if bytes.len() > PICTURE_BYTES_MAX {
        let mib = PICTURE_BYTES_MAX >> 20;
        return Err(format!("{name} 超过 {mib} MiB;请缩小或裁剪后再附"));
    }
    if known || webp {
        return Ok(());
    }
    Err(format!("{name} 不是图片(按文件开头的字节判断);截图须是 PNG、JPEG 或 WebP"))
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
