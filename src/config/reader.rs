//! How is a configuration read without stopping at the first mistake? Sections that collect problems.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::problem::Problem;
use super::secrets::Files;
use super::tree::{Node, Origin, SyntaxError, Table, Value};

mod typed;

/// Why a value is not accepted, and what to write instead; Chinese.
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) help: String,
}

/// Shorthand for a refusal.
pub(crate) fn wrong<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { what: what.into(), help: help.into() })
}

/// Everything found while reading one document.
pub(crate) struct Report {
    /// The file as problems name it.
    file: String,
    /// Where the files that it names are looked for.
    pub(crate) files: Files,
    problems: RefCell<Vec<Found>>,
    /// Lines of which the parser only guesses what they say.
    guessed: RefCell<Vec<std::ops::Range<usize>>>,
    warnings: RefCell<Vec<Found>>,
    keys: RefCell<BTreeSet<String>>,
}

/// What a [`Report`] comes to.
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    /// Every key that was asked for.
    pub(crate) keys: BTreeSet<String>,
}

/// A problem and its line, by which they are sorted.
type Found = (Option<usize>, Problem);

/// One table of the document, read key by key.
pub(crate) struct Section<'a> {
    path: String,
    /// The path as written in `known_keys`: names chosen by the operator are `NAME` there.
    shown: String,
    table: Option<&'a Table>,
    /// Where the section itself stands: where a missing key is told.
    at: Option<&'a Origin>,
    report: &'a Report,
    asked: RefCell<BTreeSet<String>>,
}

impl Report {
    pub(crate) fn new(file: &str, files: Files) -> Self {
        Self {
            file: file.to_owned(),
            files,
            problems: RefCell::default(),
            guessed: RefCell::default(),
            warnings: RefCell::default(),
            keys: RefCell::default(),
        }
    }

    /// Adds a problem at a line (0 = the whole file) and key path; none where the parser only guessed.
    pub(crate) fn problem(&self, origin: Option<&Origin>, path: &str, wrong: Wrong) {
        let guessed = self.guessed.borrow();
        let hidden = match origin {
            Some(Origin::Line(line)) => guessed.iter().any(|lines| lines.contains(line)),
            Some(Origin::Env { .. }) => false,
            None => !guessed.is_empty(),
        };
        if !hidden {
            self.problems.borrow_mut().push(self.made(origin, path, wrong));
        }
    }

    /// Adds a warning: said, but nothing is refused for it.
    pub(crate) fn warning(&self, origin: Option<&Origin>, path: &str, wrong: Wrong) {
        self.warnings.borrow_mut().push(self.made(origin, path, wrong));
    }

    /// Adds the mistakes in the TOML itself. What the parser made of the lines from a mistake to the next table is a
    /// guess: to judge it would tell of mistakes that nobody made.
    pub(crate) fn syntax(&self, errors: Vec<SyntaxError>, text: &str) {
        let mut guessed = Vec::new();
        for SyntaxError { line, column, message } in errors {
            let what = format!("第 {column} 个字符起不合 TOML 写法(解析器原话:{message})");
            let help =
                "每行写 名称 = 值;文本加英文双引号 \"…\",引号、方括号要成对,小节写成 [名称],\
                 同一项只写一次;改好后再查一遍,从这里到下一个小节这次没有检查"
                    .to_owned();
            self.problem(Some(&Origin::Line(line)), "", Wrong { what, help });
            let rest = text.lines().skip(line);
            guessed.push(line..line + 1 + rest.take_while(|line| !line.starts_with('[')).count());
        }
        *self.guessed.borrow_mut() = guessed;
    }

    /// Everything that was found, in the order of the file.
    pub(crate) fn finish(self) -> Findings {
        let sorted = |mut found: Vec<Found>| {
            found.sort_by_key(|(line, _)| *line);
            found.into_iter().map(|(_, problem)| problem).collect()
        };
        Findings {
            problems: sorted(self.problems.into_inner()),
            warnings: sorted(self.warnings.into_inner()),
            keys: self.keys.into_inner(),
        }
    }

    fn made(&self, origin: Option<&Origin>, path: &str, wrong: Wrong) -> Found {
        let Wrong { what, help } = wrong;
        let (file, line) = match origin {
            Some(Origin::Line(line)) => (self.file.clone(), Some(*line)),
            Some(Origin::Env { name, .. }) => (format!("环境变量 {name}"), None),
            None => (self.file.clone(), None),
        };
        (line, Problem::at_line(&file, line, path, what, help))
    }
}

impl<'a> Section<'a> {
    /// The document itself.
    pub(crate) fn root(table: &'a Table, report: &'a Report) -> Self {
        Self {
            path: String::new(),
            shown: String::new(),
            table: Some(table),
            at: None,
            report,
            asked: RefCell::default(),
        }
    }

    /// The table of that name; an absent one reads as empty.
    pub(crate) fn section(&self, name: &str) -> Section<'a> {
        let shown = join(&self.shown, name);
        self.open(name, shown)
    }

    /// The tables inside this one whose names the operator chose.
    pub(crate) fn named_sections(&self) -> Vec<(String, Section<'a>)> {
        let names: Vec<String> =
            self.table.iter().flat_map(|table| table.keys().cloned()).collect();
        let shown = join(&self.shown, "NAME");
        let open = |name: String| (name.clone(), self.open(&name, shown.clone()));
        names.into_iter().map(open).collect()
    }

    /// The tables of a list `[[name]]`, in the order of the file.
    pub(crate) fn tables(&self, name: &str) -> Vec<Section<'a>> {
        self.report.keys.borrow_mut().insert(join(&self.shown, name));
        let Some(node) = self.node(name) else { return Vec::new() };
        let path = join(&self.path, name);
        let mut found = Vec::new();
        let lone = std::slice::from_ref(node);
        let items = if let Value::List(items) = &node.value { items.as_slice() } else { lone };
        for item in items {
            match (&item.value, &node.value) {
                (Value::Table(table), Value::List(_)) => found.push(Section {
                    path: path.clone(),
                    shown: join(&self.shown, name),
                    table: Some(table),
                    at: Some(&item.origin),
                    report: self.report,
                    asked: RefCell::default(),
                }),
                _ => {
                    let what = format!("{path} 的每一项应当自成一节");
                    let help = format!("每一项写成 [[{path}]],并把各项写在下面");
                    self.report.problem(Some(&item.origin), &path, Wrong { what, help });
                }
            }
        }
        found
    }

    fn open(&self, name: &str, shown: String) -> Section<'a> {
        let path = join(&self.path, name);
        let table = match self.node(name) {
            Some(Node { value: Value::Table(inner), .. }) => Some(inner),
            Some(node) => {
                let what = format!("{path} 应当是一节,这里写的是{}", node.value.kind());
                let help = format!("改成 [{path}],并把各项写在下面");
                self.report.problem(Some(&node.origin), &path, Wrong { what, help });
                None
            }
            None => None,
        };
        let at = self.origin(name);
        Section { path, shown, table, at, report: self.report, asked: RefCell::default() }
    }

    /// Where the files that the document names are looked for.
    pub(crate) fn files(&self) -> &'a Files {
        &self.report.files
    }

    /// The document's file as problems name it.
    pub(crate) fn file(&self) -> &'a str {
        &self.report.file
    }

    /// A problem in another file that this document brings in.
    pub(crate) fn elsewhere(&self, problem: Problem) {
        self.report.problems.borrow_mut().push((Some(usize::MAX), problem));
    }

    /// Is anything written here?
    pub(crate) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// The full path of a key of this section.
    pub(crate) fn key_path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Names written here, asked for or not.
    pub(crate) fn names(&self) -> Vec<&'a str> {
        self.table.iter().flat_map(|table| table.keys().map(String::as_str)).collect()
    }

    /// Is the key written here?
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// A problem with a key of this section (or with its absence).
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>, help: impl Into<String>) {
        let found = Wrong { what: what.into(), help: help.into() };
        self.report.problem(self.origin(key), &join(&self.path, key), found);
    }

    /// A warning about a key of this section.
    pub(crate) fn warning(&self, key: &str, what: impl Into<String>, help: impl Into<String>) {
        let found = Wrong { what: what.into(), help: help.into() };
        self.report.warning(self.origin(key), &join(&self.path, key), found);
    }

    /// The value of a key through `convert`; a refusal becomes a problem and reads as absent.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        convert: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.report.keys.borrow_mut().insert(join(&self.shown, key));
        let node = self.node(key)?;
        match convert(node) {
            Ok(value) => Some(value),
            Err(found) => {
                self.report.problem(Some(&node.origin), &join(&self.path, key), found);
                None
            }
        }
    }

    /// Text, as it stands.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.read(key, as_text)
    }

    /// Text that must parse; the empty text reads as absent.
    pub(crate) fn parsed<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.read(key, |node| match as_text(node)?.trim() {
            "" => Ok(None),
            text => parse(text).map(Some),
        })
        .flatten()
    }

    /// Is the key written, but with nothing in it?
    pub(crate) fn is_empty_text(&self, key: &str) -> bool {
        let node = self.table.and_then(|table| table.get(key));
        node.is_some_and(|node| as_text(node).is_ok_and(|text| text.trim().is_empty()))
    }

    /// Reports what is written here and was never asked for.
    pub(crate) fn close(self) {
        let asked = self.asked.borrow();
        for (name, node) in self.table.into_iter().flatten() {
            if asked.contains(name) {
                continue;
            }
            let what = "不认识的配置项".to_owned();
            let help = match super::suggest::nearest(name, asked.iter().map(String::as_str)) {
                Some(near) => format!("是不是 {near}?"),
                None if asked.is_empty() => "删去这一项".to_owned(),
                None => format!("可用的有:{}", join_all(&asked)),
            };
            let path = join(&self.path, name);
            self.report.problem(Some(&node.origin), &path, Wrong { what, help });
        }
    }

    fn node(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table?.get(key)
    }

    /// Where a key stands; where its section stands if it is missing.
    fn origin(&self, key: &str) -> Option<&'a Origin> {
        self.table.and_then(|table| table.get(key)).map(|node| &node.origin).or(self.at)
    }
}

fn as_text(node: &Node) -> Result<String, Wrong> {
    match (&node.value, &node.origin) {
        (Value::Text(text), _) => Ok(text.clone()),
        (_, Origin::Env { raw, .. }) => Ok(raw.clone()),
        _ => wrong(expected("文本", node), "给它加上英文双引号"),
    }
}

fn expected(kind: &str, node: &Node) -> String {
    format!("应当是{kind},这里写的是{}", node.value.kind())
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

fn join_all(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join("、")
}
