//! Is this text fit for a header or a line of a letter? Names, subjects and addresses made harmless.

use url::Host;

/// A name in a header or a subject is cut to this many characters.
pub const NAME_CHARS_MAX: usize = 64;
/// A piece of text in a letter's body is cut to this many characters.
pub const LINE_CHARS_MAX: usize = 400;

/// A name fit for a header: no control, bidi or zero-width character and no line break, white space folded, at most
/// [`NAME_CHARS_MAX`] characters. May be empty.
pub fn clean_header_text(text: &str) -> String {
    one_line(text, NAME_CHARS_MAX)
}

/// The same for a line of a body, at most [`LINE_CHARS_MAX`] characters.
pub fn clean_line(text: &str) -> String {
    one_line(text, LINE_CHARS_MAX)
}

/// One line without hidden characters, cut to `chars_max` characters.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let mut gap = false;
    let mut count = 0;
    for c in text.chars() {
        if c.is_whitespace() || (c.is_control() && matches!(c, '\r' | '\n' | '\t')) {
            gap = !out.is_empty();
            continue;
        }
        if is_hidden(c) {
            continue;
        }
        let wanted = 1 + usize::from(gap);
        if count + wanted > chars_max {
            out.pop();
            out.push('…');
            break;
        }
        if gap {
            out.push(' ');
        }
        out.push(c);
        gap = false;
        count += wanted;
    }
    out
}

/// Characters that hide or reorder text: controls, bidi marks (U+061C, 200E–F, 202A–E, 2066–9), zero-width ones,
/// separators, the byte order mark, tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A bare mail address out of what a ledger says, its domain in ASCII (`政务.cn` → `xn--…`) and lower case; `None` if it
/// is none. `名称 <地址>` gives the address.
pub fn address(text: &str) -> Option<String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return None;
    }
    let bare = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(rest)) => rest.get(open + 1..)?.trim(),
        (None, None) => text,
        _ => return None,
    };
    let (user, domain) = bare.rsplit_once('@')?;
    let fit = |c: char| !(c.is_whitespace() || is_hidden(c) || "<>()[]\\,;:@\"".contains(c));
    let named = !user.is_empty() && user.len() <= 64 && user.chars().all(fit);
    let dotted = !user.starts_with('.') && !user.ends_with('.') && !user.contains("..");
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    let whole = named && dotted && !domain.is_empty() && domain.len() <= 253;
    let labels = domain.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    (whole && labels).then(|| format!("{user}@{domain}"))
}

/// The domain of a bare address; `freshd.invalid` where there is none.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("freshd.invalid", |(_, domain)| domain)
}

#[cfg(test)]
mod tests;
