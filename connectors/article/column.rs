//! When was an article of a 南方号 published, and in whose column? By the pages of 南方+ as their readers know them.
//!
//! `static.nfnews.com/content/YYYYMM/DD/cID.html` and `pc.nfapp.southcn.com/COLUMN/ID.html` hold
//! `div.nfhtime.pubtime[data-time]`, a comment `enpproperty`, and the column's number in a script or in that comment.

use std::sync::LazyLock;

use chrono::{Duration, NaiveDate};
use freshd_core::observation::Published;
use freshd_core::{Timestamp, civil};
use regex::Regex;
use url::Url;

use super::facts::unescape;
use crate::listing;
use crate::markup::{self, Piece};

/// What such a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ColumnPage {
    /// When it was published.
    pub(super) published: Option<Published>,
    /// Its title.
    pub(super) title: String,
    /// `articleId`, as the column's list names it.
    pub(super) article: Option<String>,
    /// `columnId`.
    pub(super) column: Option<String>,
    /// The column's name, or the author's.
    pub(super) name: Option<String>,
}

/// Is it a page of 南方+ (or below a configured address of its interfaces)?
pub(super) fn is_page(url: &Url, bases: &[Url]) -> bool {
    let host = url.host_str().unwrap_or_default();
    let below = |name: &str| {
        host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    };
    below("nfapp.southcn.com")
        || below("nfnews.com")
        || numbered(url).is_some() && bases.iter().any(|base| base.origin() == url.origin())
}

/// Reads the page.
pub(super) fn read(html: &str, url: &Url, now: Timestamp) -> ColumnPage {
    let mut page = ColumnPage::default();
    let (mut shown, mut titled, mut author) = (None, None, None);
    let mut own = between(html, "<!--enpproperty", "-->").unwrap_or_default().to_owned();
    markup::scan(html, &mut |piece| match piece {
        Piece::Open { attributes, .. } => {
            let of = |key| markup::attribute(attributes, key);
            let classes = of("class").unwrap_or_default();
            if classes.split_whitespace().any(|class| class == "pubtime") {
                shown = shown.or_else(|| of("data-time").and_then(|text| time(text, now)));
            }
            if author.is_none() && of("name").is_some_and(|name| name == "author") {
                author = of("content").map(|text| unescape(text.trim()));
            }
        }
        Piece::Title(text) if titled.is_none() => titled = Some(unescape(text.trim())),
        Piece::Script(text) => {
            own.push('\n');
            own.push_str(text);
        }
        Piece::Title(_) => {}
    });
    page.article = value(&own, "articleid").filter(|id| is_number(id)).or_else(|| numbered(url));
    page.column = value(&own, "columnid").filter(|id| is_number(id));
    page.name = value(&own, "columnname").or(author).filter(|name| !name.is_empty());
    let title = between(&own, "<title>", "</title>").map(|text| unescape(text.trim()));
    page.title = title.or(titled).unwrap_or_default();
    page.published = joined(shown, day_of(url));
    page
}

/// The page's time, held against the day in its address: an article that is edited keeps its address.
fn joined(shown: Option<Published>, day: Option<Published>) -> Option<Published> {
    let (Some(told), Some(day)) = (shown, day) else { return shown.or(day) };
    let (Some(earliest), Some(start)) = (told.earliest, day.earliest) else { return shown };
    let apart =
        earliest > day.latest + Duration::days(1) || told.latest < start - Duration::days(1);
    Some(match apart {
        true => Published::between(earliest.min(start), told.latest.max(day.latest)),
        false => told,
    })
}

/// `data-time`: wall time of Beijing, or unix time in seconds or milliseconds.
fn time(text: &str, now: Timestamp) -> Option<Published> {
    super::dated::time(text).or_else(|| listing::published(text, now))
}

/// `/content/202611/20/c123.html`: the day.
fn day_of(url: &Url) -> Option<Published> {
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"/content/(\d{4})(\d{2})/(\d{1,2})/").expect("a literal expression compiles")
    });
    let found = DAY.captures(url.path())?;
    let part = |n: usize| found[n].parse::<u32>().ok();
    let day = NaiveDate::from_ymd_opt(found[1].parse().ok()?, part(2)?, part(3)?)?;
    let start = civil::start_of(day);
    Some(Published::between(start, start + Duration::seconds(86_399)))
}

/// `c123.html` or `123.html`: the number.
fn numbered(url: &Url) -> Option<String> {
    let name = url.path_segments()?.next_back()?.strip_suffix(".html")?;
    let id = name.strip_prefix('c').unwrap_or(name);
    is_number(id).then(|| id.to_owned())
}

fn is_number(text: &str) -> bool {
    (1..=14).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of a name in a script or a comment: `columnId: "3392"`, `var columnid = 3392`, `<columnid>3392<`.
fn value(text: &str, name: &str) -> Option<String> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)\b(column_?id|article_?id|column_?name)["']?\s*[:=>]\s*["']?([^"'<>;,\n\r{}]{1,80})"#,
        )
        .expect("a literal expression compiles")
    });
    PAIR.captures_iter(text)
        .find(|found| found[1].replace('_', "").eq_ignore_ascii_case(name))
        .map(|found| unescape(found[2].trim()))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(held, _)| held)
}

#[cfg(test)]
mod tests;
