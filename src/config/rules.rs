//! Which rules and windows are there? The built-in rulebook, and the operator's own beside the configuration.

use std::path::Path;

use freshd_core::rulebook::{Clause, Profile, Rule, Rulebook};

use super::problem::Problem;
use super::reader::{Report, Section};
use super::secrets::Files;
use super::tree;

/// The rulebook that comes with the program: `config/rulebook.toml`.
const BUILT_IN: &str = include_str!("../../config/rulebook.toml");

/// The built-in profiles.
pub fn built_in() -> Rulebook {
    let (rulebook, problems) = read("rulebook.toml", BUILT_IN, Rulebook { profiles: Vec::new() });
    assert!(problems.is_empty(), "the built-in rulebook reads: {problems:?}");
    rulebook
}

/// The built-in profiles with those of `file` added, or put in the place of the same name; an absent file adds none.
pub(crate) fn beside(file: &Path, shown: &str) -> Result<Rulebook, Vec<Problem>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(_) if !file.exists() => return Ok(built_in()),
        Err(error) => {
            let what = format!("读不到:{}", crate::os::io_text(&error));
            return Err(vec![Problem::in_file(shown, what, "检查权限;文件须是 UTF-8")]);
        }
    };
    match read(shown, &text, built_in()) {
        (rulebook, problems) if problems.is_empty() => Ok(rulebook),
        (_, problems) => Err(problems),
    }
}

/// Reads profiles over those of `held`. A profile's `base` gives the clauses that it does not write itself.
fn read(shown: &str, text: &str, held: Rulebook) -> (Rulebook, Vec<Problem>) {
    let mut rulebook = held;
    let report = Report::new(shown, Files::default());
    let (table, errors) = tree::parse(text);
    report.syntax(errors, text);
    let root = Section::root(&table, &report);
    let profiles = root.section("profile");
    let mut named = profiles.named_sections();
    named.sort_by_key(|(_, section)| section.has("base"));
    for (name, section) in named {
        let Some(profile) = profile(&name, &section, &rulebook) else { continue };
        section.close();
        rulebook.profiles.retain(|held| held.name != profile.name);
        rulebook.profiles.push(profile);
    }
    root.close();
    (rulebook, report.finish().problems)
}

fn profile(name: &str, section: &Section<'_>, held: &Rulebook) -> Option<Profile> {
    let title = section.text("title").unwrap_or_default();
    let window = section.whole("update_window_days", 1..=365);
    if window.is_none() && !section.has("update_window_days") {
        section.problem("update_window_days", "没有写更新期限", "写上 update_window_days = 14");
    }
    let base = section.text("base").and_then(|base| {
        let found = held.profile(&base);
        if found.is_none() {
            let help = "base 只能是另一个没有 base 的指标方案,如 national";
            section.problem("base", format!("没有名为 {base} 的指标方案"), help);
        }
        found
    });
    let written = section.section("clauses");
    let clause = |rule: Rule| {
        let own = written.text(rule.key()).map(|text| Clause { rule, text });
        own.or_else(|| base?.clauses.iter().find(|clause| clause.rule == rule).cloned())
    };
    let clauses = Rule::ALL.into_iter().filter_map(clause).collect();
    written.close();
    Some(Profile { name: name.to_owned(), title, update_window_days: window?, clauses })
}

#[cfg(test)]
mod tests;
