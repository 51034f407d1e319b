//! Which posts does this document list? RSS, Atom and JSON Feed as plain items, mended and salvaged
//! if need be.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use feed_rs::model::{Entry, Feed};
use freshd_core::id::stable_hash;
use serde_json::Value;
use url::Url;

use super::outline::{Outline, outline};
use super::repair;
use crate::bounds;

/// A head longer than this is not repeated for each item when items are salvaged one by one.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Bytes that are parsed again when items are salvaged one by one.
const SALVAGE_BYTES_MAX: usize = 16 << 20;

/// Characters of a title that are kept.
const TITLE_CHARS_MAX: usize = 200;

/// One post as the document lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Its guid, else its link, else a hash of what it says: the same at every look.
    pub(super) key: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    /// The date as written.
    pub(super) date: Option<String>,
    /// The date is that of the last edit; no date of publication is given.
    pub(super) edited: bool,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) items: Vec<Item>,
    /// Was nothing lost? A cut or damaged document is read as far as it goes, and proves nothing.
    pub(super) whole: bool,
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// No bytes but blanks.
    Empty,
    /// Some other document, e.g. an HTML page.
    NotAFeed,
    /// A feed that is broken beyond salvage, in the parser's words.
    Broken(String),
    /// Nested too deeply, or of too many or too long parts, to be a feed.
    TooMuch,
}

/// Reads a document that is already decoded; `base` resolves relative links.
pub(super) fn document(text: &str, base: &Url) -> Result<Document, Unreadable> {
    let text = repair::without_prolog(text);
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    if text.starts_with('{') {
        return json_feed(text, base);
    }
    let (text, declared) = repair::without_declarations(text);
    let text = repair::rss_version(&text);
    let shape = outline(&text).map_err(|_| Unreadable::TooMuch)?;
    if !matches!(shape.root, "rss" | "feed" | "RDF" | "entry") {
        return Err(Unreadable::NotAFeed);
    }
    let first = match xml(&text, base) {
        Ok(items) => return Ok(finished(items, shape.items.len(), !declared)),
        Err(error) => error,
    };
    let mended = repair::stray_ampersands(&text);
    if mended != text
        && let Ok(items) = xml(&mended, base)
    {
        return Ok(finished(items, shape.items.len(), !declared));
    }
    let shape = outline(&mended).map_err(|_| Unreadable::TooMuch)?;
    let items = salvage(&mended, &shape, base);
    if items.is_empty() {
        return Err(Unreadable::Broken(first));
    }
    Ok(Document { items: distinct(items), whole: false })
}

/// The parser passes over what it cannot read: fewer items than tags means that something was lost.
fn finished(items: Vec<Item>, tags: usize, sound: bool) -> Document {
    let whole = sound && items.len() >= tags;
    Document { items: distinct(items), whole }
}

/// The items that are whole, together if that works, else each for itself.
fn salvage(text: &str, shape: &Outline<'_>, base: &Url) -> Vec<Item> {
    if let Ok(items) = xml(&repair::rebuilt(text, shape, &shape.items), base) {
        return items;
    }
    if shape.items.first().is_none_or(|(head, _)| *head > HEAD_BYTES_MAX) {
        return Vec::new();
    }
    let head = shape.items.first().map_or(0, |(head, _)| *head);
    let mut left = SALVAGE_BYTES_MAX;
    let affordable = |(start, end): &&(usize, usize)| {
        let cost = head + end - start;
        left = left.saturating_sub(cost);
        left > 0
    };
    let alone = |item: &(usize, usize)| xml(&repair::rebuilt(text, shape, &[*item]), base).ok();
    shape.items.iter().take_while(affordable).filter_map(alone).flatten().collect()
}

/// Reads well-formed XML. Dates come back as indices into the texts that were met, because a range
/// does not fit into feed-rs's instants.
fn xml(text: &str, base: &Url) -> Result<Vec<Item>, String> {
    let dates: Arc<Mutex<Vec<String>>> = Arc::default();
    let met = Arc::clone(&dates);
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(base.as_str()))
        // Never feed-rs's random ids: an item that changes its name looks like news.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |date| {
            let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
            met.push(date.trim().to_owned());
            DateTime::<Utc>::from_timestamp(i64::try_from(met.len()).ok()? - 1, 0)
        })
        .build();
    // The parser has panicked on documents that nobody sends in good faith; that is their end, not ours.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes())));
    let parsed = parsed.map_err(|_| "解析程序出错".to_owned())?;
    let Feed { entries, .. } = parsed.map_err(|error| error.to_string())?;
    let dates = dates.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(entries.into_iter().map(|entry| item(entry, &dates)).collect())
}

fn item(entry: Entry, dates: &[String]) -> Item {
    let written = |at: Option<DateTime<Utc>>| {
        let index = usize::try_from(at?.timestamp()).ok()?;
        dates.get(index).filter(|date| !date.is_empty()).cloned()
    };
    let published = written(entry.published);
    let edited = published.is_none();
    let date = published.or_else(|| written(entry.updated));
    let link = entry
        .links
        .iter()
        .find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"))
        .or_else(|| entry.links.first())
        .map(|link| link.href.trim().to_owned());
    let title = entry.title.map(|title| title.content).unwrap_or_default();
    let body = entry
        .summary
        .map(|summary| summary.content)
        .or_else(|| entry.content.and_then(|content| content.body))
        .unwrap_or_default();
    let key = key(&entry.id, link.as_deref(), &title, date.as_deref(), &body);
    Item {
        key,
        title: short(&title),
        url: link.and_then(web_link),
        edited: edited && date.is_some(),
        date,
    }
}

/// Guid, else link, else title and date, else the text itself.
fn key(guid: &str, link: Option<&str>, title: &str, date: Option<&str>, body: &str) -> String {
    let named = [guid.trim(), link.unwrap_or("").trim()].into_iter().find(|name| !name.is_empty());
    match named {
        Some(name) if name.len() <= 200 => name.to_owned(),
        Some(name) => hashed(&[name.as_bytes()]),
        None if title.is_empty() && date.is_none() => hashed(&[body.as_bytes()]),
        None => hashed(&[title.trim().as_bytes(), date.unwrap_or("").as_bytes()]),
    }
}

fn hashed(parts: &[&[u8]]) -> String {
    format!("h-{:016x}", stable_hash(parts))
}

/// A feed that gives the same guid to different posts gets keys that tell them apart.
fn distinct(mut items: Vec<Item>) -> Vec<Item> {
    let mut count = std::collections::HashMap::new();
    for item in &items {
        *count.entry(item.key.clone()).or_insert(0_u32) += 1;
    }
    for item in &mut items {
        if count.get(&item.key).is_some_and(|count| *count > 1) {
            let url = item.url.as_deref().unwrap_or("");
            let date = item.date.as_deref().unwrap_or("");
            item.key = hashed(&[
                item.key.as_bytes(),
                url.as_bytes(),
                item.title.as_bytes(),
                date.as_bytes(),
            ]);
        }
    }
    let mut seen = std::collections::HashSet::new();
    items.retain(|item| seen.insert(item.key.clone()));
    items
}

/// Only web addresses are shown to people.
fn web_link(link: String) -> Option<String> {
    Url::parse(&link).is_ok_and(|url| matches!(url.scheme(), "http" | "https")).then_some(link)
}

/// One line without control characters, at most [`TITLE_CHARS_MAX`] characters.
fn short(title: &str) -> String {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(TITLE_CHARS_MAX).collect()
}

/// JSON Feed (jsonfeed.org, versions 1 and 1.1), read leniently: ids may be numbers, unknown fields
/// anything.
fn json_feed(text: &str, base: &Url) -> Result<Document, Unreadable> {
    let value: Value =
        bounds::json(text.as_bytes()).map_err(|error| Unreadable::Broken(error.to_string()))?;
    let version = value.get("version").and_then(Value::as_str).unwrap_or("");
    let Some(items) = value.get("items").and_then(Value::as_array) else {
        return Err(Unreadable::NotAFeed);
    };
    if !version.contains("jsonfeed.org") {
        return Err(Unreadable::NotAFeed);
    }
    let read: Vec<Item> = items.iter().filter_map(|item| json_item(item, base)).collect();
    Ok(finished(read, items.len(), true))
}

fn json_item(item: &Value, base: &Url) -> Option<Item> {
    let field = |name: &str| match item.as_object()?.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    item.as_object()?;
    let published = field("date_published");
    let edited = published.is_none();
    let date = published.or_else(|| field("date_modified"));
    let link = field("url").or_else(|| field("external_url"));
    let link = link.and_then(|link| base.join(&link).ok()).map(String::from);
    let title = field("title").unwrap_or_default();
    let body = field("summary").or_else(|| field("content_text")).or_else(|| field("content_html"));
    let body = body.unwrap_or_default();
    let key =
        key(&field("id").unwrap_or_default(), link.as_deref(), &title, date.as_deref(), &body);
    Some(Item {
        key,
        title: short(&title),
        url: link.and_then(web_link),
        edited: edited && date.is_some(),
        date,
    })
}

#[cfg(test)]
mod tests;
