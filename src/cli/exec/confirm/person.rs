//! Are two names one person's? Spelling, width, case and what cannot be seen make no second person.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::config::problem::is_invisible;

/// A name as it is shown: as written, without what cannot be seen and without needless space.
pub(crate) fn shown(name: &str) -> String {
    let seen: String = name.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is compared: letters and digits only, whatever their width, form or case, without what is added in brackets, and
/// without a space beside a character that is no letter of ours, for 张 三 is 张三.
pub(crate) fn identity(name: &str) -> String {
    let folded = ComposingNormalizerBorrowed::new_nfkc().normalize(name).to_lowercase();
    let mut identity = String::new();
    for part in without_brackets(&shown(&folded)).split(' ') {
        let part: String = part.chars().filter(|c| c.is_alphanumeric()).collect();
        let apart =
            identity.ends_with(|c: char| c.is_ascii()) && part.starts_with(|c: char| c.is_ascii());
        if apart {
            identity.push(' ');
        }
        identity.push_str(&part);
    }
    identity
}

/// 张三(甲局) is 张三; a name that is nothing but brackets stays.
fn without_brackets(name: &str) -> String {
    let (mut outside, mut depth) = (String::new(), 0_usize);
    for c in name.chars() {
        match c {
            '(' | '[' | '【' | '〔' | '《' | '<' | '{' => depth += 1,
            ')' | ']' | '】' | '〕' | '》' | '>' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    if outside.chars().any(char::is_alphanumeric) { outside } else { name.to_owned() }
}

/// Controls, what hides or reorders text, and characters that fill a place with nothing.
fn is_unseen(c: char) -> bool {
    let fills = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0080}'..='\u{e0fff}');
    c.is_control() || is_invisible(c) || fills
}

#[cfg(test)]
mod tests;
