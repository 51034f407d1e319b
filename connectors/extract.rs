//! What does an answer say at this place? Documents, places in them, and conditions on what stands
//! there: all that a manifest can ask of an answer.

pub(crate) mod path;
pub(crate) mod shape;
pub(crate) mod template;
pub(crate) mod time;

use std::borrow::Cow;

use regex::Regex;
use scraper::{ElementRef, Selector};
use serde_json::Value;

use crate::{lenient, page};
use path::Path;
use template::{Pieces, Template};

/// Longest text taken from one place, bytes.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// A place in a document or item, the document itself, or all of its text.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'a> {
    /// A value in a JSON document.
    Json(&'a Value),
    /// An element of a page.
    Html(ElementRef<'a>),
    /// A whole document: its tree, and its text as it came.
    Document(&'a shape::Document),
}

/// Where a value stands and how it is taken out.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where.
    pub(crate) place: Place,
    /// Then the first group of this (or the whole match).
    pub(crate) regex: Option<Regex>,
    /// Then put into this, as `{value}`.
    pub(crate) template: Option<Template>,
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// At a path of a JSON document.
    Json(Path),
    /// The first element that a selector finds (`None`: the item itself); its attribute or text.
    Css(Option<Selector>, Option<String>),
    /// In the whole text.
    Whole,
}

/// Something that holds, does not hold, or cannot be told because the place is not there.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) source: Source,
    pub(crate) test: Test,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// One of these texts; numbers and flags count as they are written.
    Is(Vec<Template>),
    /// None of these.
    Not(Vec<Template>),
    /// Matched somewhere.
    Matches(Regex),
    /// There, or not there.
    Present(bool),
}

impl Source {
    /// The text there; `None` when there is nothing or only blanks.
    pub(crate) fn text(&self, spot: Spot<'_>, pieces: &Pieces) -> Option<String> {
        let whole = match (&self.place, spot) {
            (Place::Whole, Spot::Document(document)) => Cow::Borrowed(document.text.as_str()),
            _ => Cow::Owned(self.place.text(spot)?),
        };
        match &self.regex {
            None => self.finished(&whole, pieces),
            Some(regex) => {
                let found = regex.captures(&whole)?;
                let kept = found.get(1).or_else(|| found.get(0))?;
                self.finished(kept.as_str(), pieces)
            }
        }
    }

    fn finished(&self, found: &str, pieces: &Pieces) -> Option<String> {
        let plain = lenient::cut(found.trim(), TEXT_BYTES_MAX).trim();
        if plain.is_empty() {
            return None;
        }
        let Some(template) = &self.template else { return Some(plain.to_owned()) };
        let mut all = pieces.clone();
        all.insert("value".to_owned(), plain.to_owned());
        Some(template.in_url(&all))
    }
}

impl Place {
    fn text(&self, spot: Spot<'_>) -> Option<String> {
        match (self, spot) {
            (Self::Json(path), Spot::Json(value)) => written(path.first(value)?),
            (Self::Json(path), Spot::Document(document)) => written(path.first(document.json()?)?),
            (Self::Css(selector, attribute), Spot::Html(element)) => {
                let found = match selector {
                    Some(selector) => element.select(selector).next()?,
                    None => element,
                };
                shown(found, attribute.as_deref())
            }
            (Self::Css(selector, attribute), Spot::Document(document)) => {
                let tree = document.html()?;
                let found = tree.select(selector.as_ref()?).next()?;
                shown(found, attribute.as_deref())
            }
            (Self::Whole, Spot::Json(value)) => Some(value.to_string()),
            (Self::Whole, Spot::Html(element)) => Some(page::text(element)),
            (Self::Whole, Spot::Document(document)) => Some(document.text.clone()),
            (Self::Json(_), Spot::Html(_)) | (Self::Css(..), Spot::Json(_)) => None,
        }
    }
}

/// A plain value as text; a list or an object says nothing by itself.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(_) | Value::Object(_) => None,
        other => lenient::text(other),
    }
}

fn shown(element: ElementRef<'_>, attribute: Option<&str>) -> Option<String> {
    match attribute {
        Some(name) => element.attr(name).map(str::to_owned),
        None => Some(page::text(element)),
    }
}

impl Condition {
    /// Does it hold? `None`: the place is not there, so nobody knows.
    pub(crate) fn holds(&self, spot: Spot<'_>, pieces: &Pieces) -> Option<bool> {
        let text = match (&self.test, &self.source.place, spot) {
            // A list or an object is there, too.
            (Test::Present(wanted), Place::Json(path), Spot::Json(value)) => {
                return Some(path.first(value).is_some() == *wanted);
            }
            (Test::Present(wanted), Place::Json(path), Spot::Document(document)) => {
                let there = document.json().and_then(|value| path.first(value)).is_some();
                return Some(there == *wanted);
            }
            (Test::Present(wanted), Place::Css(Some(selector), None), Spot::Html(element)) => {
                return Some(element.select(selector).next().is_some() == *wanted);
            }
            _ => self.source.text(spot, pieces),
        };
        let one_of = |held: &str, wanted: &[Template]| {
            wanted.iter().any(|wanted| wanted.plain(pieces) == held)
        };
        match &self.test {
            Test::Present(wanted) => Some(text.is_some() == *wanted),
            Test::Is(wanted) => text.map(|held| one_of(&held, wanted)),
            Test::Not(unwanted) => text.map(|held| !one_of(&held, unwanted)),
            Test::Matches(regex) => text.map(|held| regex.is_match(&held)),
        }
    }
}

/// Do all of them hold? One that cannot be told does not.
pub(crate) fn all_hold(conditions: &[Condition], spot: Spot<'_>, pieces: &Pieces) -> bool {
    conditions.iter().all(|condition| condition.holds(spot, pieces) == Some(true))
}

/// Does any of them hold?
pub(crate) fn any_holds(conditions: &[Condition], spot: Spot<'_>, pieces: &Pieces) -> bool {
    conditions.iter().any(|condition| condition.holds(spot, pieces) == Some(true))
}

#[cfg(test)]
mod tests;
