//! How is a manifest read without stopping at the first mistake? Tables that collect problems with
//! their lines.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ManifestProblem;

/// A value and the line it stands on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A TOML value; floats and dates are kept only to say that they are not wanted.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    Other,
}

/// What is wrong and what to write instead; Chinese.
pub(super) struct Wrong(pub(super) String, pub(super) String);

/// Shorthand for a refusal.
pub(super) fn wrong<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(what.into(), help.into()))
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Notes(RefCell<Vec<ManifestProblem>>);

impl Notes {
    pub(super) fn add(&self, line: Option<usize>, key: &str, wrong: Wrong) {
        let Wrong(what, help) = wrong;
        self.0.borrow_mut().push(ManifestProblem { line, key: key.to_owned(), what, help });
    }

    /// In the order of the file.
    pub(super) fn finish(self) -> Vec<ManifestProblem> {
        let mut all = self.0.into_inner();
        all.sort_by_key(|problem| problem.line);
        all
    }
}

/// Reads a document; mistakes in the TOML itself go into the notes.
pub(super) fn document(text: &str, notes: &Notes) -> BTreeMap<String, Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line = |offset: usize| starts.partition_point(|start| *start <= offset);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut told = BTreeSet::new();
    for error in errors {
        let at = line(error.span().map_or(0, |span| span.start));
        if told.insert(at) {
            let what = format!("TOML 写法不对:{}", error.message());
            let help = "每行写 名称 = 值;文本加英文引号,小节写成 [名称]";
            notes.add(Some(at), "", Wrong(what, help.to_owned()));
        }
    }
    entries(root.get_ref(), &line)
}

fn entries(table: &DeTable<'_>, line: &dyn Fn(usize) -> usize) -> BTreeMap<String, Node> {
    let entry = |(key, held): (&Spanned<toml::de::DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let node = Node { line: line(key.span().start), value: value(held.get_ref(), line) };
        (key.get_ref().to_string(), node)
    };
    table.iter().map(entry).collect()
}

fn value(held: &DeValue<'_>, line: &dyn Fn(usize) -> usize) -> Value {
    match held {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Whole)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>| Node {
                line: line(item.span().start),
                value: value(item.get_ref(), line),
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(inner) => Value::Table(entries(inner, line)),
    }
}

/// One table, read key by key.
pub(super) struct Part<'a> {
    path: String,
    line: Option<usize>,
    table: Option<&'a BTreeMap<String, Node>>,
    asked: RefCell<BTreeSet<&'static str>>,
    pub(super) notes: &'a Notes,
}

impl<'a> Part<'a> {
    pub(super) fn root(table: &'a BTreeMap<String, Node>, notes: &'a Notes) -> Self {
        let asked = RefCell::default();
        Self { path: String::new(), line: None, table: Some(table), asked, notes }
    }

    /// A node that must be a table; a text may stand for `{ at|css = text }` elsewhere.
    pub(super) fn of(node: &'a Node, path: String, notes: &'a Notes) -> Self {
        let table = match &node.value {
            Value::Table(inner) => Some(inner),
            _ => {
                let help = "写成 { 名称 = 值 } 或一个小节";
                notes.add(Some(node.line), &path, Wrong("应当是一个表".into(), help.into()));
                None
            }
        };
        Self { path, line: Some(node.line), table, asked: RefCell::default(), notes }
    }

    pub(super) fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    pub(super) fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key);
        self.table?.get(key)
    }

    /// A problem with a key, or with its absence.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>, help: impl Into<String>) {
        let at = self.table.and_then(|table| table.get(key)).map(|node| node.line);
        let path = if key.is_empty() { self.path.clone() } else { self.key_path(key) };
        self.notes.add(at.or(self.line), &path, Wrong(what.into(), help.into()));
    }

    /// Text through `parse`; what is refused reads as absent.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let result = match &node.value {
            Value::Text(text) => parse(text),
            _ => wrong("应当是文本", "给它加上英文引号"),
        };
        result.map_err(|found| self.notes.add(Some(node.line), &self.key_path(key), found)).ok()
    }

    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        self.parsed(key, |text| Ok(text.to_owned()))
    }

    /// Text that must be there and not be empty.
    pub(super) fn need(&self, key: &'static str, help: &str) -> String {
        let text = self.text(key);
        if !self.has(key) {
            self.problem(key, "没有写", help);
        } else if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            self.problem(key, "不能为空", help);
        }
        text.unwrap_or_default()
    }

    pub(super) fn whole(
        &self,
        key: &'static str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let node = self.node(key)?;
        if let Value::Whole(number) = node.value
            && let Ok(number) = u32::try_from(number)
            && limits.contains(&number)
        {
            return Some(number);
        }
        let help = format!("写成 {} 到 {} 之间的整数", limits.start(), limits.end());
        self.problem(key, "不是范围内的整数", help);
        None
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        match &self.node(key)?.value {
            Value::Flag(flag) => Some(*flag),
            _ => {
                self.problem(key, "应当是 true 或 false", "不加引号");
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(key, |text| match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                wrong(format!("不认识的「{text}」"), format!("可用的有:{}", all.join("、")))
            }
        })
    }

    /// A list, or a single value as a list of one, each with its path.
    pub(super) fn each(&self, key: &'static str) -> Vec<(&'a Node, String)> {
        let path = self.key_path(key);
        match self.node(key) {
            None => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => {
                let numbered = |(number, item)| (item, format!("{path}[{number}]"));
                items.iter().enumerate().map(numbered).collect()
            }
            Some(node) => vec![(node, path)],
        }
    }

    /// A list of texts through `parse`.
    pub(super) fn texts<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let mut kept = Vec::new();
        for (node, path) in self.each(key) {
            let result = match &node.value {
                Value::Text(text) => parse(text),
                _ => wrong("应当是文本", "给它加上英文引号"),
            };
            match result {
                Ok(value) => kept.push(value),
                Err(found) => self.notes.add(Some(node.line), &path, found),
            }
        }
        kept
    }

    /// The table of that name; an absent one reads as empty.
    pub(super) fn table(&self, key: &'static str) -> Part<'a> {
        let path = self.key_path(key);
        match self.node(key) {
            Some(node) => Part::of(node, path, self.notes),
            None => {
                let asked = RefCell::default();
                Part { path, line: self.line, table: None, asked, notes: self.notes }
            }
        }
    }

    /// Name and text of every entry, for tables whose names the author chooses.
    pub(super) fn named_texts(&self) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        for (name, node) in self.table.into_iter().flatten() {
            match &node.value {
                Value::Text(text) => kept.push((name.clone(), text.clone())),
                _ => self.problem(name, "应当是文本", "给它加上英文引号"),
            }
        }
        kept
    }

    /// Every entry, for tables whose names the author chooses.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Node)> {
        self.table.into_iter().flatten()
    }

    /// Reports what is written here and was never asked for.
    pub(super) fn close(self) {
        let asked = self.asked.borrow();
        for name in self.table.into_iter().flatten().map(|(name, _)| name) {
            if !asked.contains(name.as_str()) {
                let known = asked.iter().copied().collect::<Vec<_>>().join("、");
                self.problem(name, "不认识的项", format!("这里可用的有:{known}"));
            }
        }
    }
}
