//! Does the tree keep the house rules? Who may name whom, sizes, headers, examples: a rule here is a rule that holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, lines; and longest test file.
const FILE_LINES_MAX: (usize, usize) = (400, 600);
/// Longest function, lines; and longest function in tests.
const FUNCTION_LINES_MAX: (usize, usize) = (70, 120);
/// Longest README, lines.
const README_LINES_MAX: usize = 200;

/// Which modules of the daemon each may name. `core` and the connectors are crates of their own.
const MAY_NAME: [(&str, &[&str]); 17] = [
    ("app", &["*"]),
    ("bundle", &["config", "ledger"]),
    ("cli", &["*"]),
    ("clock", &[]),
    ("config", &["os"]),
    ("control", &[]),
    ("ledger", &["config"]),
    ("notify", &["clock", "config", "seal", "store", "telemetry", "zone"]),
    ("os", &[]),
    ("poll", &["clock", "config", "store", "telemetry"]),
    ("report", &["config", "store", "zone"]),
    ("seal", &["clock", "store"]),
    ("store", &["os", "telemetry"]),
    ("systemd", &[]),
    ("telemetry", &["clock", "config", "zone"]),
    ("web", &["clock", "config", "report", "store", "telemetry"]),
    ("zone", &[]),
];

/// Crates that only one place may name, by the beginning of its path.
const ONLY_HERE: [(&str, &str); 6] = [
    ("sled", "src/store/sled_engine"),
    ("lettre", "src/notify/smtp"),
    ("async_imap", "src/notify/inbox/imap"),
    ("mail_parser", "src/notify/inbox"),
    ("axum", "src/web"),
    ("reqwest", "connectors/http"),
];

/// What the pure core never names.
const NOT_IN_CORE: [&str; 8] =
    ["tokio", "reqwest", "async", "await", "SystemTime", "Instant", "File", "TcpStream"];

/// A file of the repository: its path from the top, and its text.
struct Source {
    path: String,
    text: String,
    is_test: bool,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Is it part of the daemon or its crates, and no test?
    fn is_product(&self) -> bool {
        self.is_rust() && !self.is_test
    }

    fn code(&self) -> String {
        code(&self.text)
    }
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the repository, save what is made or fetched.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&top(), &mut found);
    let mut sources: Vec<Source> = found
        .into_iter()
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(&path).ok()?).ok()?;
            let path = path.strip_prefix(top()).ok()?.to_str()?.to_owned();
            Some(Source { is_test: is_test_path(&path), path, text })
        })
        .collect();
    let declared: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        source.is_test |= declared.iter().any(|module| source.path.starts_with(module.as_str()));
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let made = name == ".git" || name.starts_with("target") || name == "node_modules";
            if !made {
                walk(&path, found);
            }
        } else if kind.is_file() && name != "Cargo.lock" && name != ".git" {
            found.push(path);
        }
    }
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("benches/")
        || path.ends_with("/tests.rs")
        || path.contains("/tests/")
}

/// Paths without end of the modules that a file declares under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let (directory, stem) = match source.path.trim_end_matches(".rs").rsplit_once('/') {
        Some((directory, stem)) => (directory.to_owned(), stem.to_owned()),
        None => return Vec::new(),
    };
    let home = match stem.as_str() {
        "lib" | "main" | "mod" => directory,
        _ => format!("{directory}/{stem}"),
    };
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("#[cfg(test)]") || pair[0].starts_with("#[cfg(all(test"))
        .filter_map(|pair| pair[1].rsplit_once("mod ")?.1.strip_suffix(';').map(str::to_owned))
        .flat_map(|module| [format!("{home}/{module}.rs"), format!("{home}/{module}/")])
        .collect()
}

/// The text with comments and the insides of strings and characters made blank; lines stay where they are.
fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        let blank = end > at + 1;
        for c in &chars[at..end] {
            kept.push(if *c == '\n' || !blank { *c } else { ' ' });
        }
        at = end;
    }
    kept
}

/// Where the comment, string or character that begins at `at` ends; `at + 1` for anything else.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => until(chars, at, |c| c == '\n'),
        '/' if next == Some('*') => comment_end(chars, at),
        '"' => string_end(chars, at),
        'r' if !follows_word(chars, at) => raw_string_end(chars, at).unwrap_or(at + 1),
        '\'' if next == Some('\\') => until(chars, at + 3, |c| c == '\'') + 1,
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at + 1,
    }
    .min(chars.len())
}

fn until(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    let from = from.min(chars.len());
    chars[from..].iter().position(|c| stop(*c)).map_or(chars.len(), |more| from + more)
}

fn follows_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let quote = until(chars, at + 1, |c| c != '#');
    let hashes = quote - at - 1;
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let closes = |end: usize| {
        chars[end] == '"'
            && chars[end + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (quote + 1..chars.len()).find(|end| closes(*end)).map(|end| end + 1 + hashes)
}

/// Words of the code, each with the line it stands on (from 1).
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(line, text)| {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .map(move |word| (line + 1, word))
    })
}

/// Functions of the code: name, first line, lines.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String =
            code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(length) = body_length(&code[at..]).filter(|_| !name.is_empty()) else { continue };
        let first = code[..at].matches('\n').count() + 1;
        let lines = code[at..at + length].matches('\n').count() + 1;
        found.push((name, first, lines));
    }
    found
}

/// Bytes from a `fn` to the end of its body; `None` if it has none.
fn body_length(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Modules of the daemon that the code names: `crate::x` and `crate::{x, y::z}`.
fn named_modules(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut named = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            named.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let inside = |c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0 && c == ','
        };
        let end = body_length(rest).unwrap_or(rest.len()) - 1;
        named.extend(group[..end.saturating_sub(1)].split(inside).map(word));
    }
    named
}

/// Fails with all of the findings at once.
fn none(findings: Vec<String>, rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        let pick = |(product, test): (usize, usize)| if source.is_test { test } else { product };
        let (lines, most) = (source.text.lines().count(), pick(FILE_LINES_MAX));
        if lines > most {
            long.push(format!("{}: {lines} lines, at most {most}", source.path));
        }
        let most = pick(FUNCTION_LINES_MAX);
        for (name, first, lines) in functions(&source.code()) {
            if lines > most {
                long.push(format!("{}:{first}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    none(long, "too long");
}

#[test]
fn every_file_says_what_question_it_answers() {
    let header = |source: &&Source| {
        let first = source.text.lines().next().unwrap_or_default();
        !(first.starts_with("//! ") && first.len() > "//! Placeholder.".len())
    };
    let bare =
        sources().iter().filter(|source| source.is_rust()).filter(header).map(path).collect();
    none(bare, "the first line is no `//! …`");
}

fn path(source: &Source) -> String {
    source.path.clone()
}

#[test]
fn modules_name_only_what_they_may() {
    let may: BTreeMap<&str, &[&str]> = MAY_NAME.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_product()) {
        let Some(inside) = source.path.strip_prefix("src/") else { continue };
        let module = inside.split(['/', '.']).next().unwrap_or_default();
        if matches!(module, "core" | "lib" | "main") {
            continue;
        }
        let Some(allowed) = may.get(module) else {
            wrong.push(format!("{}: module {module} is not in MAY_NAME", source.path));
            continue;
        };
        for named in named_modules(&source.code()) {
            let known = may.contains_key(named.as_str());
            let fine = named == module || allowed.contains(&"*") || allowed.contains(&&*named);
            if known && !fine {
                wrong.push(format!("{} names crate::{named}", source.path));
            }
        }
    }
    none(wrong, "directions of dependence");
}

#[test]
fn some_crates_are_named_in_one_place_only() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_product()) {
        let code = source.code();
        for (name, home) in ONLY_HERE {
            let used = code.match_indices(name).any(|(at, _)| {
                let before = code[..at].chars().next_back().unwrap_or(' ');
                code[at + name.len()..].starts_with("::")
                    && !before.is_alphanumeric()
                    && before != '_'
            });
            if used && !source.path.starts_with(home) {
                wrong.push(format!("{} names {name}, which is for {home} only", source.path));
            }
        }
        if source.path.starts_with("src/core/") {
            let foreign = words(&code).filter(|(_, word)| NOT_IN_CORE.contains(word));
            wrong.extend(foreign.map(|(line, word)| format!("{}:{line}: {word}", source.path)));
        }
    }
    none(wrong, "named where they must not be");
}

#[test]
fn nothing_unwraps_outside_tests() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_product()) {
        let code = source.code();
        let product = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (at, _) in product.match_indices(".unwrap()") {
            found.push(format!("{}:{}", source.path, product[..at].matches('\n').count() + 1));
        }
    }
    none(found, "`.unwrap()` outside tests; `expect` states the invariant");
}

#[test]
fn nothing_is_left_undone_or_names_where_it_was_made() {
    // Put together here so that this file does not hold them.
    let marks = ["TO-DO", "FIX-ME", "XX-X", "todo-!(", "unimplemented-!(", "dbg-!("];
    let places = ["/wor-k/", "/ro-ot/", "/target-/debug", ".cargo/-registry", "index.crates-.io"];
    let words = marks.into_iter().chain(places).map(|word| word.replace('-', ""));
    let words: Vec<String> = words.collect();
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.path.ends_with("LICENSE")) {
        for (line, text) in source.text.lines().enumerate() {
            let hit = words.iter().find(|word| stands_alone(text, word));
            found.extend(hit.map(|word| format!("{}:{}: {word}", source.path, line + 1)));
        }
    }
    none(found, "words that do not belong here");
}

/// Is the word in the text, and not as the end of a longer word or path?
fn stands_alone(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        !before.is_ascii_alphanumeric() && before != '.' && before != '_'
    })
}

/// The example with every `#key = …` and `#[section]` switched on; prose comments have a space after the `#`.
fn switched_on(example: &str) -> String {
    let live = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    example.lines().map(live).collect::<Vec<_>>().join("\n")
}

/// Every key of a document, with the names that an operator chooses as `NAME`.
fn keys(table: &toml::Table, path: &str, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let name = if path == "connectors.process" { "NAME" } else { name };
        let key = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            toml::Value::Table(inner) => keys(inner, &key, found),
            _ if path.starts_with("connectors") && matches!(name, "at_once" | "per_minute") => {
                found.insert(format!("connectors.NAME.{name}"));
            }
            _ => {
                found.insert(key);
            }
        }
    }
}

#[test]
fn the_example_configuration_holds_every_key_and_no_other() {
    let example = fs::read_to_string(top().join("config/freshd.toml")).unwrap();
    let document: toml::Table = switched_on(&example).parse().expect("it is TOML throughout");
    let mut written = BTreeSet::new();
    keys(&document, "", &mut written);
    let known = freshd::config::known_keys();
    let missing = known.difference(&written).map(|key| format!("missing: {key}"));
    let unknown = written.difference(&known).map(|key| format!("unknown: {key}"));
    none(missing.chain(unknown).collect(), "config/freshd.toml");
}

#[test]
fn the_documents_keep_their_form() {
    let readme = fs::read_to_string(top().join("README.md")).unwrap_or_default();
    assert!(readme.lines().count() <= README_LINES_MAX, "README.md is too long");
    let changelog = fs::read_to_string(top().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains("## Unreleased"), "CHANGELOG.md has no Unreleased section");
    let license = fs::read_to_string(top().join("LICENSE")).unwrap();
    assert!(license.contains("Apache License") && license.contains("Version 2.0, January 2004"));
}

#[test]
fn the_checks_see_what_they_should() {
    let text = "fn a(x: [u8; 2]) -> char {\n    let s = \"} fn b() {\"; // fn c() {\n    '}'\n}\n\
                trait T {\n    fn d();\n}\nfn e() { r#\"\"}\"#; b'\\'' }\n";
    let found: Vec<(String, usize, usize)> = functions(&code(text));
    let expected = [("a".to_owned(), 1, 4), ("e".to_owned(), 8, 1)];
    assert_eq!(found, expected);
    let named = named_modules("use crate::{a::{b, c}, d};\nuse crate::e::f; $crate::g; crate::h()");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["a", "d", "e", "h"]);
    assert!(stands_alone("at /x/y", "/x/") && !stands_alone("at a/x/y", "/x/"));
}
