//! Who looks at accounts by hand, and how much a day? `[patrol]`.

use freshd_core::word::same_person;

use super::reader::{Section, wrong};

/// Longest name of a person, characters.
const NAME_CHARS_MAX: usize = 20;
/// Most people who are named.
const PEOPLE_MAX: usize = 200;

/// `[patrol]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatrolConfig {
    /// Who looks, by name; empty = whoever comes.
    pub people: Vec<String>,
    /// Looks of one person a day (without people: of all together).
    pub daily: usize,
    /// Seconds of one look.
    pub seconds_each: u32,
}

pub(crate) fn read(section: &Section<'_>) -> PatrolConfig {
    let people = section.list("people", |name| {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '·' | '-' | '.');
        match name {
            "" => wrong("姓名是空的", "写上姓名,或删去这一项"),
            name if name.chars().count() > NAME_CHARS_MAX || !name.chars().all(fits) => {
                wrong(format!("「{name}」不像姓名"), "用文字、数字、空格和 · - .,不超过 20 个字符")
            }
            name => Ok(name.to_owned()),
        }
    });
    let people = people.unwrap_or_default();
    for (nth, name) in people.iter().enumerate() {
        if people[..nth].iter().any(|held| same_person(held, name)) {
            section.problem("people", format!("「{name}」写了两次"), "同名的人加上科室或编号区分");
        }
    }
    if people.len() > PEOPLE_MAX {
        section.problem("people", format!("超过 {PEOPLE_MAX} 人"), "只写实际核查的人");
    }
    PatrolConfig {
        people,
        daily: section.whole("daily", 1..=10_000).unwrap_or(60) as usize,
        seconds_each: section.whole("seconds_each", 1..=3_600).unwrap_or(40),
    }
}
