//! Which invariants were broken? Findings under the name of the invariant, shown together with the seed.

use std::collections::BTreeMap;

/// Findings shown per invariant.
const SHOWN_MAX: usize = 6;

/// What was checked, and what was found wrong.
#[derive(Default)]
pub struct Book {
    checked: BTreeMap<&'static str, u64>,
    found: BTreeMap<&'static str, Vec<String>>,
    counted: BTreeMap<&'static str, u64>,
}

impl Book {
    /// One check of this invariant: `wrong` says what is wrong, if anything.
    pub fn check(&mut self, invariant: &'static str, wrong: Option<String>) {
        *self.checked.entry(invariant).or_default() += 1;
        if let Some(text) = wrong {
            let found = self.found.entry(invariant).or_default();
            if found.len() <= 1_000 {
                found.push(text);
            }
        }
    }

    /// Something worth a line at the end.
    pub fn count(&mut self, what: &'static str) {
        *self.counted.entry(what).or_default() += 1;
    }

    /// Prints what was checked; fails if anything was found, or if one of these was never checked.
    pub fn close(&self, title: &str, wanted: &[&'static str]) {
        eprintln!("{title}");
        for (name, times) in &self.checked {
            let found = self.found.get(name).map_or(0, Vec::len);
            eprintln!("  {name}: {times} checks, {found} broken");
        }
        for (what, times) in &self.counted {
            eprintln!("  ({what}: {times})");
        }
        let unchecked: Vec<_> =
            wanted.iter().filter(|name| !self.checked.contains_key(*name)).collect();
        let mut text = String::new();
        for (name, found) in &self.found {
            text.push_str(&format!("\n[{name}] broken {} times:\n", found.len()));
            for line in found.iter().take(SHOWN_MAX) {
                text.push_str(&format!("  - {line}\n"));
            }
        }
        assert!(self.found.is_empty(), "{title}\n{text}");
        assert!(unchecked.is_empty(), "{title}\nnever checked: {unchecked:?}");
    }
}
