//! When was a live WeChat article published, and whose is it? Read from the page's own scripts.
//!
//! The values stand in script assignments whose form differs by kind of page: `var biz = "" ||
//! "Mz…"`, `window.ct = '…' || ''`, `d.ct = xml ? getXmlValue('…') : '…'`, `user_name:
//! JsDecode('gh_…')`. In each the first literal that has the right form is taken. An article's text
//! can quote such lines, so scripts come before anything else.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, NaiveDateTime};
use freshd_core::civil;
use freshd_core::observation::Published;
use regex::Regex;

use crate::markup::{self, Piece};

/// What a live article page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArticleFacts {
    /// When it was published: to the second, or the Beijing minute; `None` when the page does not
    /// say.
    pub published: Option<Published>,
    /// The account's `__biz` (base64 of a decimal number).
    pub biz: Option<String>,
    /// The account's original id 原始ID, `gh_…`.
    pub gh: Option<String>,
    /// The account's name 账号名称.
    pub nickname: Option<String>,
    /// 微信号, where the page tells it.
    pub wechat_id: Option<String>,
    /// Is it another account's article, published again 转载?
    pub reprint: bool,
    /// The article's title.
    pub title: Option<String>,
    /// The article's own address.
    pub url: Option<String>,
    /// Message id, the second part of an article's identity.
    pub mid: Option<String>,
    /// Position within the message, the third part.
    pub idx: Option<String>,
    /// `item_show_type`: 0 article, 5 video, 6 music, 7 audio, 8 images, 10 text, 17 short text.
    pub item_type: Option<u32>,
    /// The lines that this was read from, as evidence.
    pub quotes: Vec<String>,
}

/// The advertiser's account, which pages mention besides their own.
const ADVERTISER: &str = "gh_1e80bb81a1d2";

/// Reads the facts of a page that is known to be a live article.
pub(super) fn read(html: &str) -> ArticleFacts {
    let mut scripts = String::new();
    let mut heads = Heads::default();
    markup::scan(html, &mut |piece| match piece {
        Piece::Script(text) => {
            scripts.push_str(text);
            scripts.push('\n');
        }
        Piece::Open { name, attributes } if name.eq_ignore_ascii_case("meta") => {
            heads.meta(attributes);
        }
        _ => (),
    });
    let mut facts = ArticleFacts::default();
    for source in [scripts.as_str(), html] {
        if facts.published.is_none() || facts.biz.is_none() {
            fill(&mut facts, source);
        }
    }
    facts.title = heads.title.map(|title| unescape(&title)).or(facts.title);
    facts.url = heads.url.map(|url| unescape(&url)).or(facts.url);
    facts
}

#[derive(Default)]
struct Heads {
    title: Option<String>,
    url: Option<String>,
}

impl Heads {
    fn meta(&mut self, attributes: &str) {
        let content = markup::attribute(attributes, "content").filter(|held| !held.is_empty());
        match (markup::attribute(attributes, "property"), content) {
            (Some("og:title"), Some(held)) if self.title.is_none() => {
                self.title = Some(held.into())
            }
            (Some("og:url"), Some(held)) if self.url.is_none() => self.url = Some(held.into()),
            _ => (),
        }
    }
}

/// An assignment of one of the names that matter, up to the end of its line.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) (?: (?-u:\b) var \s+ | (?-u:\b) window\. | (?-u:\b) d\. )
            (ct | ori_send_time | oriCreateTime | create_time | createTime | ct_str | biz | user_name
                | _?copyright_stat | nickname | nick_name | msg_title | msg_link | mid | idx | item_show_type)
            \s* = \s* ((?: [^\n;"']{0,60} (?: "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' ) ){1,6})
        | (?-u:\b) (ori_create_time | create_time | user_name | nick_name | alias | copyright_stat) \s* : \s*
            ((?: JsDecode\( )? ' [^'\n]{1,400} ')
        | (?-u:\b) (title | link) \s* : \s* (JsDecode\( ' [^'\n]{1,400} ')"#,
    )
    .expect("a literal expression compiles")
});

static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'"#)
        .expect("a literal expression compiles")
});

fn fill(facts: &mut ArticleFacts, source: &str) {
    let mut times = Times::default();
    for found in LINE.captures_iter(source) {
        let mut groups = found.iter().skip(1).flatten().map(|held| held.as_str());
        let (Some(name), Some(line)) = (groups.next(), groups.next()) else { continue };
        let taken = match name {
            "ct" => set(&mut times.own, literal(line, unix_time)),
            "ori_send_time" | "oriCreateTime" | "ori_create_time" => {
                set(&mut times.first, literal(line, unix_time))
            }
            // Text to the minute in some layouts, seconds in others. The seconds are those of `ori_create_time`.
            "create_time" | "createTime" | "ct_str" => {
                set(&mut times.other, literal(line, unix_time))
                    || set(&mut times.minute, literal(line, minute_time))
            }
            "copyright_stat" | "_copyright_stat" => {
                facts.reprint |=
                    literal(line, |held| REPRINT.contains(&held).then_some(())).is_some();
                false
            }
            "alias" => set(&mut facts.wechat_id, literal(line, wechat_id)),
            "biz" => set(&mut facts.biz, literal(line, biz)),
            "user_name" => set(&mut facts.gh, literal(line, gh)),
            "nickname" | "nick_name" => set(&mut facts.nickname, literal(line, words)),
            "msg_title" | "title" => set(&mut facts.title, literal(line, words)),
            "msg_link" | "link" => set(&mut facts.url, literal(line, article_url)),
            "mid" => set(&mut facts.mid, literal(line, digits)),
            "idx" => set(&mut facts.idx, literal(line, digits)),
            "item_show_type" => set(&mut facts.item_type, literal(line, |held| held.parse().ok())),
            _ => false,
        };
        if taken {
            let quote = found[0].split_whitespace().collect::<Vec<_>>().join(" ");
            facts.quotes.push(quote.chars().take(240).collect());
        }
    }
    facts.published = facts.published.or(times.published(facts.reprint));
}

/// `copyright_stat` of an article that is another's: 2 on pages, 12 in lists (1 and 11 are 原创).
const REPRINT: [&str; 2] = ["2", "12"];

/// The times that a page gives. They are one and the same on every page that was recorded; where they differ, one is of
/// an edit, or of the article that this one repeats.
#[derive(Default)]
struct Times {
    /// `ct`.
    own: Option<Published>,
    /// `ori_create_time` and its like.
    first: Option<Published>,
    /// `create_time` in seconds.
    other: Option<Published>,
    /// As it is shown, to the minute.
    minute: Option<Published>,
}

impl Times {
    /// When the page was published. A reprint has its own time, not the original's; of an article whose times differ
    /// it is certain only that it came out between them, so that an edit makes nothing new.
    fn published(self, reprint: bool) -> Option<Published> {
        if reprint {
            return self.own.or(self.minute).or(self.other).or(self.first);
        }
        let seconds: Vec<Published> =
            [self.own, self.first, self.other].into_iter().flatten().collect();
        let earliest = seconds.iter().filter_map(|held| held.earliest).min();
        let latest = seconds.iter().map(|held| held.latest).max();
        match (earliest, latest) {
            (Some(earliest), Some(latest)) => Some(Published::between(earliest, latest)),
            _ => self.minute,
        }
    }
}

/// 微信号: a letter, then letters, digits, `_` or `-`.
fn wechat_id(text: &str) -> Option<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let whole = (5..=20).contains(&text.len()) && text.chars().all(word);
    (whole && text.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| text.to_owned())
}

/// Sets what is still empty; says whether it did.
fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let take = slot.is_none() && value.is_some();
    if take {
        *slot = value;
    }
    take
}

/// The first literal of a line that reads as wanted.
fn literal<T>(line: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    LITERAL.captures_iter(line).find_map(|found| {
        let held = found.get(1).or_else(|| found.get(2))?.as_str();
        if held.is_empty() { None } else { read(held) }
    })
}

/// Unix seconds from 2012, when the platform began, to 2100.
fn unix_time(text: &str) -> Option<Published> {
    let seconds: i64 = text.parse().ok()?;
    let plausible = (1_325_000_000..4_102_444_800).contains(&seconds);
    DateTime::from_timestamp(seconds, 0).filter(|_| plausible).map(Published::at)
}

/// `2025-11-10 12:00`, Beijing, minutes only.
fn minute_time(text: &str) -> Option<Published> {
    let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok()?;
    let start = civil::instant(wall);
    Some(Published::between(start, start + Duration::seconds(59)))
}

fn biz(text: &str) -> Option<String> {
    let body = text.trim_end_matches('=');
    let base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    (body.starts_with('M') && body.len() >= 8 && body.chars().all(base64)).then(|| text.to_owned())
}

fn gh(text: &str) -> Option<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let own = text.starts_with("gh_") && text != ADVERTISER && text.chars().all(word);
    own.then(|| text.to_owned())
}

fn digits(text: &str) -> Option<String> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned())
}

/// Text for people; not the path of an XML value.
fn words(text: &str) -> Option<String> {
    let shown = unescape(text);
    (!text.ends_with(".DATA") && !shown.trim().is_empty()).then(|| shown.trim().to_owned())
}

fn article_url(text: &str) -> Option<String> {
    let url = unescape(text);
    (url.starts_with("http://") || url.starts_with("https://")).then_some(url)
}

/// `\xNN`, `\uNNNN` and `\/` of scripts, then the entities of markup (twice: `\x26amp;amp;`
/// occurs).
pub(super) fn unescape(text: &str) -> String {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([/'"\\]))"#)
            .expect("a literal expression compiles")
    });
    let plain = ESCAPE.replace_all(text, |found: &regex::Captures<'_>| {
        let code = found.get(1).or_else(|| found.get(2)).map(|code| code.as_str());
        match code {
            Some(code) => u32::from_str_radix(code, 16)
                .ok()
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER)
                .to_string(),
            None => found[3].to_owned(),
        }
    });
    let mut plain = plain.into_owned();
    for (entity, meant) in [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
    ] {
        if plain.contains('&') {
            plain = plain.replace(entity, meant);
        }
    }
    plain
}

#[cfg(test)]
mod tests;
