//! Which posts were published without a push? `freepublish/batchget`: near real time, the un-notified channel only.

use chrono::{Days, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::Channel;
use freshd_core::observation::{InteractionSign, Part, Published, Sighting};
use serde_json::{Value, json};

use super::figures::{self, Figures};
use super::interface::Interface;
use super::memory::Memory;
use super::session::{Asked, Session};
use crate::lenient;

/// The list of un-notified posts, newest first in practice.
const BATCH: Interface =
    Interface::new("/cgi-bin/freepublish/batchget", "已发布消息列表", &[7]).per_day(100);
/// Items per page: the most that the interface gives.
const PAGE_ITEMS: usize = 20;
/// Pages read in one poll; more than one only while everything read was deleted.
const PAGES_MAX: usize = 3;
/// The allowance is 100 calls a day: at most hourly.
const INTERVAL_MIN: i64 = 60;

/// A post of so many days ago leaves an account far from its deadline.
const LATELY_DAYS: u64 = 4;
/// Even then the list is read after so many days: it shows whether comments are open.
const RARELY_DAYS: i64 = 7;

/// One published object of the list.
struct Item {
    key: String,
    at: Option<Timestamp>,
    title: String,
    url: Option<String>,
    comments: bool,
    deleted: bool,
}

/// One page of the list.
struct Page {
    items: Vec<Item>,
    total: usize,
    rows: usize,
}

/// Reads the first page (further ones only while all of it was deleted), at most hourly unless asked freshly.
///
/// Where the figures have just shown a post of the last days the list waits, too: it could only tell of one more before
/// the figures of tomorrow do.
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory, figures: &Figures) {
    let now = session.cx.now;
    let lately = civil::day(now) - Days::new(LATELY_DAYS);
    let shown = !figures.known && figures.hits.keys().next_back().is_some_and(|day| *day >= lately);
    let waits = memory.publish_at.is_some_and(|last| now - last < TimeDelta::days(RARELY_DAYS));
    if shown && waits && !session.cx.fresh {
        return;
    }
    if !session.cx.fresh && memory.publish_at.is_some_and(|last| !is_old(last, now)) {
        return;
    }
    let mut items = Vec::new();
    let mut rows = 0;
    let mut whole = false;
    let mut full = true;
    for _ in 0..PAGES_MAX {
        let Some(page) = ask(session, rows).await else { break };
        memory.publish_at = Some(now);
        full &= page.rows == PAGE_ITEMS.min(page.total.saturating_sub(rows));
        rows += page.rows;
        items.extend(page.items);
        whole = rows >= page.total;
        if whole || page.rows == 0 || items.iter().any(|item: &Item| !item.deleted) {
            break;
        }
    }
    if memory.publish_at != Some(now) {
        memory.publish_at = None;
        return;
    }
    // A page shorter than its own totals say vouches for nothing.
    if let Some(since) = vouched_since(&items, whole).filter(|_| full) {
        session.seen.coverage.add(Channel::new(Channel::UNNOTIFIED), since, now);
        if session.seen.carried_by.coverage.is_none() {
            session.seen.carried(&[Part::Coverage]);
        }
    }
    report(session, &items);
}

/// Will the list be asked for in this look, as far as one can tell? Not where it has never been read.
pub(crate) fn is_due(session: &Session<'_>, memory: &Memory) -> bool {
    memory.publish_at.is_some_and(|last| is_old(last, session.cx.now))
}

fn is_old(last: Timestamp, now: Timestamp) -> bool {
    now - last >= TimeDelta::minutes(INTERVAL_MIN) || last > now
}

async fn ask(session: &mut Session<'_>, offset: usize) -> Option<Page> {
    let body = json!({ "offset": offset, "count": PAGE_ITEMS, "no_content": 1 });
    let Asked::Body(answer) = session.ask(BATCH, Some(&body)).await else { return None };
    let page = read(&answer);
    if page.is_none() {
        session.malformed(BATCH, "没有 total_count 或 item");
    }
    page
}

fn report(session: &mut Session<'_>, items: &[Item]) {
    let now = session.cx.now;
    let live = || items.iter().filter(|item| !item.deleted);
    live().for_each(|item| session.seen.carried(&[Part::Sighting(&item.key)]));
    session.seen.sightings.extend(live().map(|item| Sighting {
        key: item.key.clone(),
        channel: Channel::new(Channel::UNNOTIFIED),
        published: item.at.map_or(Published::before(now), Published::at),
        title: item.title.clone(),
        url: item.url.clone(),
        pinned: false,
        repost: false,
    }));
    let known = session.seen.interaction.iter().any(|sign| sign.kind == "comments");
    if let Some(item) = live().find(|item| item.comments).filter(|_| !known) {
        session.seen.carried(&[Part::Interaction("comments")]);
        session.seen.interaction.push(InteractionSign {
            kind: "comments".to_owned(),
            works: Some(true),
            what: format!("文章《{}》开放留言", item.title),
        });
    }
}

/// Since when would a post have been on what was read? With the whole list, since the era of the statistics; else
/// since its oldest item, provided the page is in order and every item has a time.
fn vouched_since(items: &[Item], whole: bool) -> Option<Timestamp> {
    let times: Option<Vec<Timestamp>> = items.iter().map(|item| item.at).collect();
    let times = times?;
    if whole {
        return Some(civil::start_of(figures::era()));
    }
    times.is_sorted_by(|newer, older| newer >= older).then(|| times.last().copied()).flatten()
}

/// A page; `None` when it is none. `total_count` counts published objects, `item_count` those of this page.
fn read(answer: &Value) -> Option<Page> {
    let total = answer.get("total_count").and_then(lenient::int)?;
    let total = usize::try_from(total).ok()?;
    let list = match answer.get("item") {
        Some(list) => list.as_array()?.as_slice(),
        None if total == 0 => &[],
        None => return None,
    };
    let items = list.iter().filter_map(item).collect::<Vec<_>>();
    (items.len() == list.len()).then_some(Page { rows: list.len(), items, total })
}

/// One object. Times stand at item level in the documented shape and inside `content` in recorded answers;
/// `create_time` is the publication, `update_time` the best there is without it.
fn item(row: &Value) -> Option<Item> {
    let time = |key: &str| {
        let held = row.pointer(&format!("/content/{key}")).or_else(|| row.get(key));
        held.and_then(lenient::int)
            .filter(|seconds| *seconds > 0)
            .and_then(|seconds| Timestamp::from_timestamp(seconds, 0))
    };
    let news = row.pointer("/content/news_item").and_then(Value::as_array);
    let news = news.map(Vec::as_slice).unwrap_or_default();
    let is = |one: &Value, key: &str| one.get(key).and_then(lenient::flag).unwrap_or(false);
    let live: Vec<&Value> = news.iter().filter(|one| !is(one, "is_deleted")).collect();
    let text = |key: &str| live.first().and_then(|one| one.get(key)).and_then(lenient::text);
    Some(Item {
        key: row.get("article_id").and_then(lenient::text)?,
        at: time("create_time").or_else(|| time("update_time")),
        title: text("title").unwrap_or_default(),
        url: text("url").filter(|url| url.starts_with("http")),
        comments: live.iter().any(|one| is(one, "need_open_comment")),
        deleted: !news.is_empty() && live.is_empty(),
    })
}
