//! How can an answer go wrong? Mutations of status, headers, bytes and structure, each with what a
//! reader could tell of it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::super::stage::{Answer, Manner};

/// What a reader can tell of a mangled answer; see the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unreadable,
    Odd,
    Telling,
}

/// A small generator (SplitMix64): the same seed, the same case.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next() % limit as u64) as usize }
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Whole documents that may stand in place of another.
pub(super) struct Pool(Vec<Bytes>);

impl Pool {
    /// Every fixture, and what walls and broken servers send.
    pub(super) fn new() -> Self {
        let mut all: Vec<Bytes> = [
            "",
            " ",
            "null",
            "{}",
            "[]",
            "0",
            "\"\"",
            "{\"ok\":1,\"data\":{}}",
            "PK\u{3}\u{4}",
            "<html><head><title>安全验证</title></head><body>请输入验证码</body></html>",
            "<html><h1>502 Bad Gateway</h1></html>",
            "<rss version=\"2.0\"><channel></channel></rss>",
            "{\"code\":401,\"msg\":\"请登录\"}",
        ]
        .map(Bytes::from_static_str)
        .to_vec();
        all.push("[".repeat(100_000).into());
        all.push("{\"a\":".repeat(50_000).into());
        all.push("<div>".repeat(20_000).into());
        all.push("<rss><channel>".repeat(10_000).into());
        let mut folders =
            vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
        while let Some(folder) = folders.pop() {
            let mut paths: Vec<_> =
                std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            for path in paths {
                match path.is_dir() {
                    true => folders.push(path),
                    false => all.push(std::fs::read(path).unwrap().into()),
                }
            }
        }
        Self(all)
    }
}

/// `Bytes::from_static` for text.
trait StaticText {
    fn from_static_str(text: &'static str) -> Self;
}

impl StaticText for Bytes {
    fn from_static_str(text: &'static str) -> Self {
        Self::from_static(text.as_bytes())
    }
}

const STATUSES: &[u16] = &[
    100, 201, 202, 203, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 405, 410, 412, 414, 416,
    418, 429, 432, 451, 500, 502, 503, 504, 520, 599,
];

const TOKENS: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "<",
    ">",
    "&",
    "&#0;",
    "&lol;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "</item>",
    "<item>",
    "<!DOCTYPE x [<!ENTITY lol \"lol\">]>",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "%00",
    "\r\n\r\n",
    "PK\u{5}\u{6}",
    "置顶",
    "𝟘",
];

const TYPES: &[&str] = &[
    "text/html",
    "text/html; charset=gbk",
    "application/json; charset=utf-16",
    "text/xml; charset=x",
    "application/octet-stream",
    "application/zip",
    "",
    "text/plain; charset=shift_jis",
];

const HEADERS: &[(&str, &str)] = &[
    ("retry-after", "-1"),
    ("retry-after", "99999999999999999999"),
    ("retry-after", "Fri, 99 Foo 9999 99:99:99 GMT"),
    ("location", "http://127.0.0.1:9/loop"),
    ("location", "javascript:alert(1)"),
    ("location", "//"),
    ("content-range", "bytes 0-3/18446744073709551615"),
    ("content-range", "bytes */0"),
    ("content-length", "18446744073709551615"),
    ("age", "4294967295"),
    ("age", "-5"),
    ("etag", "W/\"\u{1}\""),
];

/// The answer, mangled.
pub(super) fn mangled(good: &Answer, pool: &Pool, random: &mut Random) -> (Answer, Kind, String) {
    let mut bad = good.clone();
    let how = match random.below(20) {
        0 => {
            bad.status = *random.of(STATUSES);
            if random.below(2) == 0 {
                bad.body = random.of(&pool.0).clone();
            }
            format!("status {}", bad.status)
        }
        1 => {
            bad.manner = *random.of(&[Manner::BrokenOff, Manner::HungUp, Manner::Silent]);
            "no answer".to_owned()
        }
        2 => {
            let kind = random.of(TYPES);
            bad.headers.retain(|(name, _)| name != "content-type");
            bad.headers.push(("content-type".to_owned(), (*kind).to_owned()));
            format!("type {kind:?}")
        }
        3 => {
            let (name, value) = random.of(HEADERS);
            bad.headers.retain(|(held, _)| held != name);
            bad.headers.push(((*name).to_owned(), (*value).to_owned()));
            if random.below(3) == 0 {
                bad.status = 302;
            }
            format!("header {name}: {value}")
        }
        4 => {
            let number = random.below(pool.0.len());
            bad.body = pool.0[number].clone();
            format!("document {number} of the pool")
        }
        5..=7 => cut(&mut bad, random),
        8..=13 => bytes(&mut bad, random),
        _ => structure(&mut bad, random),
    };
    let kind = judged(good, &bad);
    (bad, kind, how)
}

fn cut(bad: &mut Answer, random: &mut Random) -> String {
    let at = random.below(bad.body.len());
    bad.body = bad.body.slice(..at);
    format!("cut at {at}")
}

/// One to three changes of bytes.
fn bytes(bad: &mut Answer, random: &mut Random) -> String {
    let mut body = bad.body.to_vec();
    let mut how = String::new();
    for _ in 0..=random.below(3) {
        let at = random.below(body.len() + 1);
        let length = random.below(40).min(body.len() - at.min(body.len()));
        let what = match random.below(6) {
            0 if at < body.len() => {
                body[at] ^= 1 << random.below(8);
                "bit"
            }
            1 if at < body.len() => {
                body[at] = random.below(256) as u8;
                "byte"
            }
            2 => {
                body.drain(at..at + length);
                "gone"
            }
            3 => {
                let copy = body[at..at + length].to_vec();
                let to = random.below(body.len() + 1);
                body.splice(to..to, copy);
                "copied"
            }
            4 => {
                let noise: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
                body.splice(at..at, noise);
                "noise"
            }
            _ => {
                let token = random.of(TOKENS);
                body.splice(at..at, token.bytes());
                "token"
            }
        };
        how.push_str(&format!("{what} at {at}+{length} "));
    }
    bad.body = body.into();
    how
}

/// One change in a JSON document; bytes where it is none.
fn structure(bad: &mut Answer, random: &mut Random) -> String {
    let Ok(mut document) = serde_json::from_slice::<Value>(&bad.body) else {
        return bytes(bad, random);
    };
    let nodes = count(&document);
    let mut number = random.below(nodes);
    let node = nth(&mut document, &mut number).expect("it was counted");
    let how = change(node, random);
    bad.body = document.to_string().into();
    format!("{how} of node {nodes}")
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, number)),
        Value::Object(fields) => fields.values_mut().find_map(|item| nth(item, number)),
        _ => None,
    }
}

fn change(node: &mut Value, random: &mut Random) -> String {
    let was = node.to_string().chars().take(60).collect::<String>();
    match (random.below(3), &mut *node) {
        (0, Value::Object(fields)) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = random.of(&names).clone();
            let value = fields.remove(&name).expect("it is a key");
            if random.below(2) == 0 {
                fields.insert(format!("{name}_"), value);
            }
            return format!("key {name} gone from {was}");
        }
        (0, Value::Array(items)) if !items.is_empty() => {
            let copy = random.of(items).clone();
            let to = random.below(items.len() + 1);
            items.insert(to, copy);
            return format!("item twice in {was}");
        }
        (1, Value::Array(items)) if items.len() > 1 => {
            let (one, other) = (random.below(items.len()), random.below(items.len()));
            items.swap(one, other);
            return format!("items {one} and {other} swapped in {was}");
        }
        _ => {}
    }
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let others = [
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("1970-01-01"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": {}}),
        deep,
        json!("长".repeat(20_000)),
        json!("<b>&amp;\u{0}\u{202e}"),
    ];
    *node = random.of(&others).clone();
    format!("{was} replaced by {}", node.to_string().chars().take(40).collect::<String>())
}

/// What a reader can tell.
fn judged(good: &Answer, bad: &Answer) -> Kind {
    let fine = |status: u16| status == 200 || status == 206;
    if bad.manner != Manner::Whole || (fine(good.status) && !fine(bad.status)) {
        return Kind::Unreadable;
    }
    if bad.body == good.body {
        // Only its status or headers say something else: what they say of time is believed.
        return if bad.headers == good.headers { Kind::Odd } else { Kind::Telling };
    }
    let was = serde_json::from_slice::<Value>(&good.body);
    let is = serde_json::from_slice::<Value>(&bad.body);
    match (was, is) {
        (Ok(was), Ok(is)) if tells(&was, &is, &String::from_utf8_lossy(&bad.body)) => Kind::Telling,
        (Ok(_), Ok(_)) => Kind::Odd,
        (Ok(_), Err(_)) => Kind::Unreadable,
        (Err(_), _) => text(&good.body, &bad.body),
    }
}

/// Does a document say something else than the good one, in a way that nobody could tell from the truth? Another
/// value of the same type under a known key, a member said twice (the last one counts), or items that are cleanly
/// gone from a list.
fn tells(was: &Value, is: &Value, written: &str) -> bool {
    let (mut known, mut new) = (Vec::new(), Vec::new());
    leaves("", was, &mut known);
    leaves("", is, &mut new);
    let other = |(key, leaf): &(&str, &Value)| {
        let alike = |held: &&(&str, &Value)| held.0 == *key && same_type(held.1, leaf);
        !known.contains(&(*key, *leaf)) && known.iter().find(alike).is_some()
    };
    new.iter().any(other) || written.matches("\":").count() > members(is) || lost(was, is)
}

fn leaves<'a>(key: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, held)| leaves(key, held, found)),
        Value::Array(items) => items.iter().for_each(|held| leaves(key, held, found)),
        leaf => found.push((key, leaf)),
    }
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(members).sum::<usize>(),
        Value::Array(items) => items.iter().map(members).sum(),
        _ => 0,
    }
}

fn lost(was: &Value, is: &Value) -> bool {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            was.iter().any(|(key, held)| is.get(key).is_some_and(|is| lost(held, is)))
        }
        (Value::Array(was), Value::Array(is)) if is.len() < was.len() => {
            is.iter().all(|is| was.iter().any(|was| same_shape(was, is)))
        }
        (Value::Array(was), Value::Array(is)) => was.iter().zip(is).any(|(was, is)| lost(was, is)),
        _ => false,
    }
}

/// The same keys and types everywhere.
fn same_shape(was: &Value, is: &Value) -> bool {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            was.len() == is.len()
                && was.iter().all(|(key, held)| is.get(key).is_some_and(|is| same_shape(held, is)))
        }
        (Value::Array(was), Value::Array(is)) => {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| same_shape(was, is))
        }
        (was, is) => same_type(was, is),
    }
}

fn same_type(was: &Value, is: &Value) -> bool {
    std::mem::discriminant(was) == std::mem::discriminant(is)
}

/// A page or feed: telling when it says another date, or when whole items went.
fn text(good: &[u8], bad: &[u8]) -> Kind {
    let (good, bad) = (String::from_utf8_lossy(good), String::from_utf8_lossy(bad));
    if !good.contains("<rss") {
        return if good.starts_with(&*bad) { Kind::Odd } else { Kind::Telling };
    }
    let dates = |text: &str| {
        let parts = text.split("<pubDate>").skip(1);
        parts.map(|part| part.split("</").next().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    let known = dates(&good);
    let count = |text: &str, tag: &str| text.matches(tag).count();
    let tags = |text: &str| (count(text, "<item>"), count(text, "</item>"));
    let (was, is) = (tags(&good), tags(&bad));
    let lost_cleanly = is.0 < was.0 && is.0 == is.1;
    let cut = good.starts_with(&*bad);
    match dates(&bad).iter().any(|date| !known.contains(date)) || (lost_cleanly && !cut) {
        true => Kind::Telling,
        false => Kind::Odd,
    }
}
