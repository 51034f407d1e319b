//! What did somebody write, and where? Configuration values with the line or variable they came from.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Prefix of environment variables that override a key: `FRESHD__MAIL__FROM` is `[mail] from`.
pub(crate) const ENV_PREFIX: &str = "FRESHD__";

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of the file, counted from 1.
    Line(usize),
    /// An environment variable, and its text as it stands there.
    Env {
        /// The variable's name.
        name: String,
        /// Its text, for keys that want text whatever it looks like.
        raw: String,
    },
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A TOML value; dates are kept only to say that they are not wanted.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    Other,
}

/// Keys and values of one table.
pub(crate) type Table = BTreeMap<String, Node>;

/// A mistake in the TOML itself: its place and the parser's words.
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    /// Counted in characters from 1.
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl Value {
    /// What kind of value this is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "文本",
            Self::Integer(_) => "整数",
            Self::Float(_) => "小数",
            Self::Flag(_) => "true/false",
            Self::List(_) => "列表",
            Self::Table(_) => "一节(表)",
            Self::Other => "日期",
        }
    }
}

/// Reads a document; every syntax error at once.
pub(crate) fn parse(text: &str) -> (Table, Vec<SyntaxError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<SyntaxError> = errors
        .iter()
        .map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = lines.line_at(at);
            let before = text.get(lines.0[line - 1]..at).unwrap_or_default();
            let column = before.chars().count() + 1;
            SyntaxError { line, column, message: error.message().to_owned() }
        })
        .collect();
    found.dedup_by(|a, b| a.line == b.line);
    (table(document.get_ref(), &lines), found)
}

/// Puts the overriding variables into the document. Names that say no key at all are left alone.
pub(crate) fn overlay<'v>(root: &mut Table, variables: impl Iterator<Item = (&'v str, &'v str)>) {
    for (name, raw) in variables {
        let Some(path) = name.strip_prefix(ENV_PREFIX) else { continue };
        let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        let origin = Origin::Env { name: name.to_owned(), raw: raw.to_owned() };
        let node = Node { value: env_value(raw, &origin), origin };
        place(root, &keys, node);
    }
}

/// Puts a node at a path, making tables on the way; what stands in the way gives way.
fn place(table: &mut Table, path: &[String], node: Node) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert(first.clone(), node);
        return;
    }
    let origin = node.origin.clone();
    let held = table
        .entry(first.clone())
        .or_insert_with(|| Node { value: Value::Table(Table::new()), origin });
    if !matches!(held.value, Value::Table(_)) {
        held.value = Value::Table(Table::new());
    }
    if let Value::Table(inner) = &mut held.value {
        place(inner, rest, node);
    }
}

/// A variable's text as a value: TOML where it reads as TOML, else the text itself.
fn env_value(raw: &str, origin: &Origin) -> Value {
    match DeValue::parse(raw.trim()) {
        Ok(parsed) => stamped(parsed.get_ref(), origin),
        Err(_) => Value::Text(raw.to_owned()),
    }
}

fn stamped(value: &DeValue<'_>, origin: &Origin) -> Value {
    convert(value, &|_| origin.clone())
}

fn table(source: &DeTable<'_>, lines: &Lines) -> Table {
    entries(source, &|at| Origin::Line(lines.line_at(at)))
}

fn entries(source: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<toml::de::DeString<'_>> = key;
        let node =
            Node { value: convert(value.get_ref(), origin), origin: origin(key.span().start) };
        (key.get_ref().to_string(), node)
    };
    source.iter().map(entry).collect()
}

fn convert(value: &DeValue<'_>, origin: &dyn Fn(usize) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other, Value::Integer),
        DeValue::Float(number) => number.as_str().parse().map_or(Value::Other, Value::Float),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other,
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: convert(item.get_ref(), origin),
                    origin: origin(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(inner) => Value::Table(entries(inner, origin)),
    }
}

/// Byte offsets of line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(starts).collect())
    }

    fn line_at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
