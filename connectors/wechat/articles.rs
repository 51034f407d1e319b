//! What was published on the newest publishing day? The list `getarticletotaldetail`, asked once per such day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use freshd_core::id::Channel;
use freshd_core::observation::{Part, Sighting};
use serde_json::{Value, json};
use url::Url;

use super::figures;
use super::interface::Interface;
use super::memory::{Memory, Newest, Post};
use super::session::{Asked, Session};
use crate::lenient;

/// The articles of one publish day, with title, address and kind of publication.
const DETAIL: Interface = Interface::new("/datacube/getarticletotaldetail", "发表内容详情", &[7]);
/// Articles of a day that are taken at most.
const POSTS_MAX: usize = 64;

/// Turns publishing days into sightings; the newest day into its articles where they can be had.
pub(crate) async fn look(
    session: &mut Session<'_>,
    memory: &mut Memory,
    hits: &BTreeMap<NaiveDate, i64>,
    article_base: &Url,
) {
    let Some(newest) = hits.keys().next_back().copied() else { return };
    let known = memory.newest.take().filter(|known| known.day == newest);
    let mut posts = match known {
        Some(known) if !session.cx.fresh => known.posts,
        known => match ask(session, newest, article_base).await {
            Some(posts) => posts,
            None => known.map(|known| known.posts).unwrap_or_default(),
        },
    };
    posts.truncate(POSTS_MAX);
    for (day, pieces) in hits {
        if *day != newest || posts.is_empty() {
            session.seen.sightings.push(figures::day_sighting(*day, *pieces));
        }
    }
    // Articles that are remembered, the figures of their day vouch for.
    let told = &mut session.seen.carried_by.sightings;
    if let Some(day) = told.get(&figures::key_of(newest)).copied() {
        posts.iter().for_each(|post| _ = *told.entry(post.key.clone()).or_insert(day));
    }
    session.seen.sightings.extend(posts.iter().map(sighting));
    if !posts.is_empty() {
        memory.newest = Some(Newest { day: newest, posts });
    }
}

async fn ask(session: &mut Session<'_>, day: NaiveDate, base: &Url) -> Option<Vec<Post>> {
    let body = json!({ "begin_date": day.to_string(), "end_date": day.to_string() });
    let Asked::Body(answer) = session.ask(DETAIL, Some(&body)).await else { return None };
    let Some(list) = answer.get("list").and_then(Value::as_array) else {
        session.malformed(DETAIL, "没有 list");
        return None;
    };
    let posts: Vec<Post> = list.iter().filter_map(|row| post(row, base)).collect();
    posts.iter().for_each(|post| session.seen.carried(&[Part::Sighting(&post.key)]));
    (!posts.is_empty()).then_some(posts)
}

/// One row; its `ref_date` is the publish day, `msgid` is `msgdataid_index`.
fn post(row: &Value, base: &Url) -> Option<Post> {
    let text = |key: &str| row.get(key).and_then(lenient::text);
    let day = text("ref_date")?.parse().ok()?;
    let channel = match row.get("publish_type").and_then(lenient::int) {
        Some(1) => Channel::UNNOTIFIED,
        _ => Channel::NOTIFIED,
    };
    let url = text("content_url").and_then(|url| base.join(&url).ok()).map(String::from);
    let title = text("title").unwrap_or_default();
    Some(Post { key: text("msgid")?, channel: Channel::new(channel), day, title, url })
}

fn sighting(post: &Post) -> Sighting {
    Sighting {
        key: post.key.clone(),
        channel: post.channel.clone(),
        published: figures::on_day(post.day),
        title: post.title.clone(),
        url: post.url.clone(),
        pinned: false,
        repost: false,
    }
}
