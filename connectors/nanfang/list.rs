//! What does one page of the article list say? `{success, code, msg, data: {list, hasNextPage}}`.

use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::Channel;
use freshd_core::observation::{Published, Sighting};
use serde_json::Value;

use crate::listing;

/// One page.
#[derive(Debug)]
pub(super) struct Page {
    /// The column's own articles, in the page's order.
    pub(super) own: Vec<Article>,
    /// Articles on the page, other columns' included.
    pub(super) listed: usize,
    /// Does the answer say that more follow? Absent counts as yes.
    pub(super) has_next: bool,
    /// Some article does not say whose it is, or has no id: the page proves nothing.
    pub(super) unclear: bool,
}

/// One article of the column. Every `articleType` counts: a column of videos is alive.
#[derive(Debug)]
pub(super) struct Article {
    id: String,
    title: String,
    url: Option<String>,
    pub(super) column_name: Option<String>,
    /// `releaseTime` 发布时间, if it is one that can be true.
    pub(super) released: Option<Published>,
    /// `updateTime` 修改时间, read where there is nothing better: publication was not later.
    updated: Option<Published>,
    pub(super) comments: i64,
}

impl Article {
    /// Published when released; else before its last edit; else before it was seen.
    pub(super) fn sighting(self, now: Timestamp) -> Sighting {
        let edited = self.updated.map(|updated| Published::before(updated.latest));
        Sighting {
            key: self.id,
            channel: Channel::posts(),
            published: self.released.or(edited).unwrap_or(Published::before(now)),
            title: self.title,
            url: self.url,
            pinned: false,
            repost: false,
        }
    }
}

/// Reads an answer. `success: false` or a code other than 200 is a fault, and so is a shape that
/// changed.
pub(super) fn page(answer: &Value, column: &str, now: Timestamp) -> Result<Page, Fault> {
    let code = text(answer, "code");
    let refused = answer.get("success").and_then(Value::as_bool) == Some(false);
    if refused || code.as_deref().is_some_and(|code| code != "200") {
        let message = text(answer, "msg").unwrap_or_default();
        let message = crate::http::redact::text(&message);
        let detail = format!(
            "南方+接口拒绝查询栏目 {column}(code {}):{}",
            crate::lenient::cut(&code.unwrap_or_default(), 40),
            message.chars().take(120).collect::<String>()
        );
        return Err(Fault::new(FaultScope::Account, FaultKind::Unavailable, detail));
    }
    let Some(list) = answer.pointer("/data/list").and_then(Value::as_array) else {
        let detail = "南方+接口的回答中没有 data.list";
        return Err(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail));
    };
    let mut page = Page {
        own: Vec::new(),
        listed: list.len(),
        has_next: answer.pointer("/data/hasNextPage").and_then(Value::as_bool).unwrap_or(true),
        unclear: false,
    };
    for item in list {
        match text(item, "columnId") {
            Some(id) if id != column && id.bytes().all(|byte| byte.is_ascii_digit()) => {}
            Some(id) if id == column => match article(item, now) {
                Some(article) => page.own.push(article),
                None => page.unclear = true,
            },
            _ => page.unclear = true,
        }
    }
    Ok(page)
}

fn article(item: &Value, now: Timestamp) -> Option<Article> {
    let date = |name: &str| text(item, name).and_then(|date| listing::published(&date, now));
    let url = text(item, "shareUrl").filter(|url| url.starts_with("http"));
    let released = date("releaseTime");
    Some(Article {
        id: text(item, "articleId")?,
        title: text(item, "title").unwrap_or_default(),
        url,
        column_name: text(item, "columnName"),
        released,
        updated: if released.is_none() { date("updateTime") } else { None },
        comments: text(item, "countDiscuss")
            .and_then(|count| count.parse().ok())
            .unwrap_or(0)
            .max(0),
    })
}

/// A field that is text or a number, as text; empty is none.
fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
