//! Are two names one person's? Spelling, width, case and what cannot be seen make no second person.

use crate::config::problem::is_invisible;

/// A name as it is shown: as written, without what cannot be seen and without needless space.
pub(in crate::cli::exec) fn shown(name: &str) -> String {
    let seen: String = name.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is compared: half-width, lower case, and no space beside a character that is no letter of ours, for 张 三 is
/// 张三.
pub(in crate::cli::exec) fn identity(name: &str) -> String {
    let half: String = name.chars().map(half_width).flat_map(char::to_lowercase).collect();
    let mut identity = String::new();
    for part in shown(&half).split(' ') {
        let apart =
            identity.ends_with(|c: char| c.is_ascii()) && part.starts_with(|c: char| c.is_ascii());
        if apart {
            identity.push(' ');
        }
        identity.push_str(part);
    }
    identity
}

fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Controls, what hides or reorders text, and characters that fill a place with nothing.
fn is_unseen(c: char) -> bool {
    let fills = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0080}'..='\u{e0fff}');
    c.is_control() || is_invisible(c) || fills
}

#[cfg(test)]
mod tests;
