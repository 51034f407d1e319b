//! Which characters are these bytes of a feed? Valid UTF-8 wins over any declaration; GBK over a
//! false one.

/// The document as text.
///
/// Feeds contradict themselves: UTF-8 that is declared `gb2312` (a proxy transcoded it), GBK that
/// is declared `utf-8` or not at all. Chinese text in GBK is hardly ever valid UTF-8, so validity
/// decides first; a declaration only counts if the bytes agree with it.
pub(super) fn decode(body: &[u8], content_type: Option<&str>) -> String {
    let plain = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match std::str::from_utf8(plain) {
        Ok(text) => return text.to_owned(),
        // Cut in the middle of a character.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            return String::from_utf8_lossy(&plain[..error.valid_up_to()]).into_owned();
        }
        Err(_) => {}
    }
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(body) {
        return encoding.decode(body).0.into_owned();
    }
    let labels = [header_charset(content_type), declared(body), Some("gb18030".to_owned())];
    for label in labels.into_iter().flatten() {
        if let Some(encoding) = encoding_rs::Encoding::for_label(label.as_bytes())
            && encoding != encoding_rs::UTF_8
        {
            let (text, _, broken) = encoding.decode(body);
            if !broken {
                return text.into_owned();
            }
        }
    }
    crate::charset::decode(body, content_type)
}

/// `charset=` of a `Content-Type`.
fn header_charset(content_type: Option<&str>) -> Option<String> {
    let lower = content_type?.to_ascii_lowercase();
    let label = lower.split("charset=").nth(1)?;
    Some(label.split(';').next()?.trim().trim_matches(['"', '\'']).to_owned())
}

/// The encoding named in the XML declaration.
fn declared(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(256)]).to_ascii_lowercase();
    let declaration = head.split("<?xml").nth(1)?.split("?>").next()?;
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// Does the document name a further page of itself (RFC 5005 `rel="next"`, JSON Feed `next_url`)?
pub(super) fn names_next_page(text: &str) -> bool {
    let named = |sign: &str| text.contains(sign);
    named("rel=\"next\"") || named("rel='next'") || named("\"next_url\"")
}
