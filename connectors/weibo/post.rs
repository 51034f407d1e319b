//! When was a Weibo post published, is it the account's own, and what does a page of them prove?

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::Channel;
use freshd_core::observation::{InteractionSign, Observation, Part, Published, Sighting};
use freshd_core::{civil, timetext};
use serde_json::Value;
use url::Url;

use crate::{lenient, markup};

/// Seconds of unix time at which the ids of posts begin: `(id >> 22) + ID_EPOCH_S` is the second of posting.
const ID_EPOCH_S: u64 = 515_483_463;
/// How far the time in an id may lie from a range that the text gives, and still narrow it.
const ID_SLACK_S: i64 = 120;
/// Characters of a post's text that serve as its title.
const TITLE_CHARS_MAX: usize = 60;

/// Bytes of a post's text that are looked at for it.
const TITLE_BYTES_READ: usize = 8 << 10;

/// One post of the account.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// As it is reported.
    pub(crate) sighting: Sighting,
    /// Everybody may see it (`visible.type` 0); only such a post is a publication.
    pub(crate) public: bool,
    /// What it says of its time was understood; else the time in its id serves, and the page proves nothing.
    pub(crate) dated: bool,
    /// Where its printed date and the time in its id contradict each other, or it has no date: in words.
    pub(crate) remark: Option<String>,
    /// Comments below it.
    pub(crate) comments: i64,
}

/// What became of one row of a list.
pub(crate) enum Row {
    /// A post of the account.
    Own(Post),
    /// Somebody else's (a liked or recommended post).
    Foreign,
    /// Not understood: the list vouches for nothing.
    Odd,
}

/// Reads one `mblog` or `status`; `card` is what surrounded it on the mobile web.
pub(crate) fn read(post: &Value, card: Option<&Value>, uid: &str, now: Timestamp) -> Row {
    match whose(post, uid) {
        Whose::Own => {}
        Whose::Other => return Row::Foreign,
        Whose::Unknown => return Row::Odd,
    }
    let text = |key: &str| post.get(key).and_then(lenient::text);
    let Some(id) = text("idstr").or_else(|| text("id")).or_else(|| text("mid")) else {
        return Row::Odd;
    };
    let told = match post.get("created_at") {
        None | Some(Value::Null) => "",
        Some(told) => told.as_str().unwrap_or("?"),
    };
    let read = timetext::parse(told, now);
    let dated = read.is_some();
    let sighting = Sighting {
        channel: Channel::posts(),
        published: published(told, &id, now),
        title: title(post),
        url: Some(link(post, card, uid, &id)),
        pinned: is_pinned(post, card),
        repost: post.get("retweeted_status").is_some_and(Value::is_object),
        key: id,
    };
    let visible = post.pointer("/visible/type").and_then(lenient::int).unwrap_or(0);
    let comments = post.get("comments_count").and_then(lenient::int).unwrap_or(0);
    let remark = remark(read, told, &sighting.key, now);
    Row::Own(Post { sighting, public: visible == 0, dated, comments, remark })
}

/// Since when a page, newest first, lists every post: since its oldest item that is not pinned. Nothing when it is
/// out of order, holds an undated post, or its newest post is not for everybody.
pub(crate) fn vouched_since(posts: &[Post]) -> Option<Timestamp> {
    let newest = posts.iter().max_by_key(|post| post.sighting.published.latest)?;
    let undated = |post: &Post| !post.dated || post.sighting.published.earliest.is_none();
    if !newest.public || posts.iter().any(undated) {
        return None;
    }
    let listed = posts.iter().filter(|post| !post.sighting.pinned);
    let times: Vec<Timestamp> = listed.map(|post| post.sighting.published.latest).collect();
    times.is_sorted_by(|newer, older| newer >= older).then(|| times.last().copied()).flatten()
}

/// The public posts as sightings, one per key.
pub(crate) fn sightings(posts: &[Post]) -> Vec<Sighting> {
    let mut out: Vec<Sighting> = Vec::with_capacity(posts.len());
    for post in posts.iter().filter(|post| post.public) {
        if out.iter().all(|held| held.key != post.sighting.key) {
            out.push(post.sighting.clone());
        }
    }
    out
}

/// What is strange about the times of these posts, for the evidence.
pub(crate) fn remarks(posts: &[Post]) -> Option<String> {
    let told: Vec<&str> = posts.iter().filter_map(|post| post.remark.as_deref()).take(20).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

fn remark(read: Option<Published>, told: &str, id: &str, now: Timestamp) -> Option<String> {
    let day = TimeDelta::days(1);
    let told = crate::http::redact::text(lenient::cut(told, 60)).into_owned();
    let by_id = id_time(id, now);
    let Some(read) = read else {
        return Some(format!("微博 {id} 的时间“{told}”不可识别,该页不作为没有发布的依据"));
    };
    let by_id = by_id?;
    let apart = read.earliest.is_some_and(|at| by_id < at - day) || by_id > read.latest + day;
    let when = civil::minute_text(by_id);
    apart.then(|| format!("微博 {id} 写的时间“{told}”与编号中的时间 {when} 相差一天以上"))
}

/// Comments that exist prove that the comment area works; none prove nothing. `None` = there is no post to look below.
pub(crate) fn comment_sign(posts: &[Post]) -> Option<InteractionSign> {
    let kind = "comments".to_owned();
    let what = match posts.iter().find(|post| post.comments > 0) {
        None if posts.is_empty() => return None,
        None => {
            let what = format!("最近 {} 条微博下未见评论", posts.len());
            return Some(InteractionSign { kind, works: None, what });
        }
        Some(post) => format!("微博 {} 下有 {} 条评论", post.sighting.key, post.comments),
    };
    Some(InteractionSign { kind, works: Some(true), what })
}

/// Notes that the answer read last carries these posts, the silence between them and that sign.
pub(crate) fn carried(seen: &mut Observation, told: &[Sighting], sign: Option<&InteractionSign>) {
    seen.carried(&[Part::Coverage]);
    told.iter().for_each(|post| seen.carried(&[Part::Sighting(&post.key)]));
    sign.into_iter().for_each(|sign| seen.carried(&[Part::Interaction(&sign.kind)]));
}

/// Whose a post is.
enum Whose {
    Own,
    Other,
    Unknown,
}

/// Is it the account's own post? Posts inside `users/show` carry no user; one whose user cannot be read
/// may be anybody's.
fn whose(post: &Value, uid: &str) -> Whose {
    let Some(user) = post.get("user") else { return Whose::Own };
    let id = match user {
        Value::Object(user) => user.get("idstr").or_else(|| user.get("id")).and_then(lenient::text),
        user => lenient::text(user),
    };
    match id {
        Some(id) if id == uid => Whose::Own,
        Some(id) if super::admit(&id).is_ok() => Whose::Other,
        _ => Whose::Unknown,
    }
}

/// When it was published. A `created_at` to the second is believed, unless the id is of a later day; a vaguer one ("15小时前", `06-14`) is narrowed by
/// the time in the id where the two agree; without one the id's time serves. Where a vague text and the id differ by
/// more than a day (a stored page, a post scheduled ahead), both are possible.
fn published(told: &str, id: &str, now: Timestamp) -> Published {
    let by_id = id_time(id, now);
    match (timetext::parse(told, now), by_id) {
        (None, None) => Published::before(now),
        (None, Some(by_id)) => Published::at(by_id),
        (Some(told), None) => told,
        (Some(told), Some(by_id)) => {
            let earliest = told.earliest.unwrap_or(told.latest);
            let slack = TimeDelta::seconds(ID_SLACK_S);
            if earliest == told.latest {
                // Written ahead and published later, it has an early id; a late id means that the date is none.
                match by_id - earliest > TimeDelta::days(1) {
                    true => Published::between(earliest, by_id),
                    false => told,
                }
            } else if by_id >= earliest - slack && by_id <= told.latest + slack {
                Published::at(by_id.min(now))
            } else if by_id < earliest - TimeDelta::days(1)
                || by_id > told.latest + TimeDelta::days(1)
            {
                Published::between(earliest.min(by_id), told.latest.max(by_id))
            } else {
                told
            }
        }
    }
}

/// The second of posting that a decimal id of 16 digits holds; agrees with `created_at` within a second on recorded
/// answers. Later than `now` it is nonsense.
pub(crate) fn id_time(id: &str, now: Timestamp) -> Option<Timestamp> {
    let number: u64 = id.parse().ok().filter(|_| id.len() == 16)?;
    let seconds = i64::try_from((number >> 22) + ID_EPOCH_S).ok()?;
    Timestamp::from_timestamp(seconds, 0).filter(|at| *at <= now + TimeDelta::minutes(10))
}

/// Any one of the markers: `isTop`, `mblogtype` 2, the title 置顶, a `proweibotop` card.
fn is_pinned(post: &Value, card: Option<&Value>) -> bool {
    let profile_type = card.and_then(|card| card.get("profile_type_id")).and_then(Value::as_str);
    post.get("isTop").and_then(lenient::flag) == Some(true)
        || post.get("mblogtype").and_then(lenient::int) == Some(2)
        || post.pointer("/title/text").and_then(Value::as_str) == Some("置顶")
        || profile_type.is_some_and(|kind| kind.starts_with("proweibotop"))
}

/// The text without its markup, cut. No tree is built: a post's text is a line with links and pictures.
fn title(post: &Value) -> String {
    let markup = post.get("text").and_then(Value::as_str).unwrap_or_default();
    let mut plain = String::new();
    let mut rest = lenient::cut(markup, TITLE_BYTES_READ);
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        let is_tag = rest[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let end = rest[at..].find('>').filter(|_| is_tag);
        match (is_tag, end) {
            (true, Some(end)) => rest = &rest[at + end + 1..],
            (true, None) => rest = "",
            (false, _) => {
                plain.push('<');
                rest = &rest[at + 1..];
            }
        }
    }
    plain.push_str(rest);
    let plain = markup::unescaped(&plain);
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(TITLE_CHARS_MAX).collect()
}

/// Where the post can be read: by `bid`, else by the `mblogid` of the card's address, else by its number.
fn link(post: &Value, card: Option<&Value>, uid: &str, id: &str) -> String {
    let of_card = || {
        let scheme = card?.get("scheme")?.as_str()?;
        let url = Url::parse(scheme).ok()?;
        let found = url.query_pairs().find(|(name, _)| name == "mblogid")?.1.into_owned();
        Some(found)
    };
    match post.get("bid").and_then(lenient::text).or_else(of_card) {
        Some(bid) => format!("https://weibo.com/{uid}/{bid}"),
        None => format!("https://m.weibo.cn/detail/{id}"),
    }
}

#[cfg(test)]
mod tests;
