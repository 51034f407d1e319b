//! How do bytes become a document? JSON, JSONP, JSON inside a script, JSON as a text inside JSON, a page,
//! or rows of a page inside XML. Everything is bounded before a tree is built.

use encoding_rs::Encoding;
use regex::Regex;
use scraper::{Html, Selector};
use serde_json::Value;

use super::path::Path;
use crate::http::Response;
use crate::{charset, markup};

/// Rows taken from a page of records at most.
const RECORDS_MAX: usize = 500;

/// What form an answer has.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A JSON document.
    Json,
    /// A JSON document in a call: `callback({…});`. `None`: whatever name is called.
    Jsonp(Option<String>),
    /// A JSON document in the element that the selector finds, or after this text, or both.
    Script(Option<Selector>, Option<String>),
    /// A web page.
    Html,
    /// Pieces of a web page: the first group of every match, each in a `div.record`.
    Records(Regex),
}

/// How an answer is read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Its form.
    pub(crate) shape: Shape,
    /// Its charset, if header and document are not to be believed.
    pub(crate) charset: Option<&'static Encoding>,
    /// Where JSON documents stand as texts, outermost first.
    pub(crate) nested: Vec<Path>,
}

/// An answer, read.
pub(crate) struct Document {
    /// Its text as it came.
    pub(crate) text: String,
    tree: Tree,
}

enum Tree {
    Json(Value),
    Html(Html),
}

impl Document {
    /// The JSON document, if it is one.
    pub(crate) fn json(&self) -> Option<&Value> {
        match &self.tree {
            Tree::Json(value) => Some(value),
            Tree::Html(_) => None,
        }
    }

    /// The page, if it is one.
    pub(crate) fn html(&self) -> Option<&Html> {
        match &self.tree {
            Tree::Html(tree) => Some(tree),
            Tree::Json(_) => None,
        }
    }
}

impl Shape {
    /// Are its items elements of a page?
    pub(crate) fn is_page(&self) -> bool {
        matches!(self, Self::Html | Self::Records(_))
    }
}

impl Reading {
    /// Should the answer be JSON and nothing else? Then a page is not an answer.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self.shape, Shape::Json | Shape::Jsonp(_))
    }

    /// The body as text.
    pub(crate) fn text(&self, response: &Response) -> String {
        match self.charset {
            Some(encoding) => encoding.decode(&response.body).0.into_owned(),
            None => charset::decode(&response.body, response.header("content-type")),
        }
    }

    /// The text as a document; the error says in Chinese what it is instead.
    pub(crate) fn document(&self, text: String) -> Result<Document, String> {
        let tree = match &self.shape {
            Shape::Html => Tree::Html(tree(&text)?),
            Shape::Records(record) => Tree::Html(records(&text, record)?),
            Shape::Json => Tree::Json(json(text.trim_start_matches('\u{feff}'))?),
            Shape::Jsonp(callback) => Tree::Json(json(called(&text, callback.as_deref())?)?),
            Shape::Script(selector, after) => {
                Tree::Json(scripted(&text, selector.as_ref(), after.as_deref())?)
            }
        };
        let mut document = Document { text, tree };
        if let Tree::Json(root) = &mut document.tree {
            for path in &self.nested {
                path.change(root, &mut unfold)?;
            }
        }
        Ok(document)
    }
}

/// Tags times depth of a page that is made into a tree: selectors look upwards from every element.
const WEIGHT_MAX: usize = 4_000_000;

/// May a tree be made of it, and asked, in little time?
pub(crate) fn is_light(text: &str) -> bool {
    let mut tags = 0_usize;
    let mut count = |piece: markup::Piece<'_>| {
        tags += usize::from(matches!(piece, markup::Piece::Open { .. }));
    };
    text.len() <= markup::TREE_BYTES_MAX && {
        let depth = markup::scan(text, &mut count);
        depth <= markup::DEPTH_MAX && tags.saturating_mul(depth) <= WEIGHT_MAX
    }
}

/// A tree, unless that could take long.
fn tree(text: &str) -> Result<Html, String> {
    let tree = is_light(text).then(|| markup::tree(text)).flatten();
    tree.ok_or_else(|| "网页太大或嵌套太深,没有解析".to_owned())
}

fn records(text: &str, record: &Regex) -> Result<Html, String> {
    let mut rows = String::new();
    for found in record.captures_iter(text).take(RECORDS_MAX) {
        if let Some(row) = found.get(1) {
            // A row of a table outside of one would lose its cells.
            let is_row = row.as_str().trim_start().starts_with("<tr");
            let (open, close) = if is_row { ("<table>", "</table>") } else { ("", "") };
            let row = row.as_str();
            rows.push_str(&format!("<div class=\"record\">{open}{row}{close}</div>\n"));
        }
    }
    if rows.is_empty() {
        return Err("回答中没有一条记录".to_owned());
    }
    tree(&rows)
}

/// Depth is limited by the parser (128), width by the bytes of the answer.
fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("不是有效的 JSON({error})"))
}

/// What stands between the brackets of the one call.
fn called<'t>(text: &'t str, callback: Option<&str>) -> Result<&'t str, String> {
    let wrong = || "不是 JSONP(名称(…))".to_owned();
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    let (name, inside) = trimmed.split_once('(').ok_or_else(wrong)?;
    let name = name.trim_end().rsplit(['/', ';', ' ', '\n']).next().unwrap_or_default();
    let inside = inside.trim_end_matches([';', ' ', '\n', '\r', '\t']);
    let inside = inside.strip_suffix(')').ok_or_else(wrong)?;
    match callback {
        Some(wanted) if wanted != name => Err(format!("JSONP 的名称是「{name}」,应为「{wanted}」")),
        _ => Ok(inside),
    }
}

/// The JSON in a script, or the first JSON after some text.
fn scripted(text: &str, selector: Option<&Selector>, after: Option<&str>) -> Result<Value, String> {
    let inside = match selector {
        None => text.to_owned(),
        Some(selector) => {
            let tree = tree(text)?;
            let element = tree.select(selector).next();
            element.ok_or("没有找到放 JSON 的 script 元素")?.text().collect()
        }
    };
    let start = match after {
        None => inside.as_str(),
        Some(mark) => {
            let found = inside.split_once(mark);
            found.ok_or_else(|| format!("网页中没有「{mark}」"))?.1
        }
    };
    let mut values = serde_json::Deserializer::from_str(start).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(format!("script 里不是有效的 JSON({error})")),
        None => Err("script 里什么也没有".to_owned()),
    }
}

/// A text that holds JSON becomes that JSON; what is no text stays.
fn unfold(value: &mut Value) -> Result<(), String> {
    if let Value::String(text) = value {
        let inner = json(text).map_err(|problem| format!("嵌套的文本{problem}"))?;
        *value = inner;
    }
    Ok(())
}
