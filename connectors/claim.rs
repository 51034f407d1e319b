//! What of a stranger's observation is taken? Times, sizes and channels that a process or a push claims, checked.
//!
//! Coverage is cut at the instant of the look; whatever is too large, or speaks of a channel that the account does not
//! have, is refused as a whole: half an observation could prove what the whole one does not.

use std::fmt;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{WireError, WireObservation};

/// Posts of one observation.
pub const SIGHTINGS_MAX: usize = 1000;
/// Spans of coverage, pieces of evidence, menu entries, signs of interaction, faults; of each so many.
pub const OTHERS_MAX: usize = 200;
/// Characters of a key, a name, a word.
const WORD_CHARS_MAX: usize = 300;
/// Characters of a title, an address, a sentence.
const TEXT_CHARS_MAX: usize = 4000;
/// What a connector may ask to be remembered, bytes.
const MEMO_BYTES_MAX: usize = 4 << 10;
/// The parts of an observation.
const PARTS: [&str; 11] = [
    "sightings",
    "coverage",
    "profile",
    "menu",
    "interaction",
    "download",
    "release",
    "faults",
    "evidence",
    "carried_by",
    "hint",
];

/// What is wrong with a claim, where, and how to mend it; Chinese.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Where: a JSON pointer within the observation, e.g. `/sightings/3`.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Objection {
    /// All three.
    pub fn new(at: impl Into<String>, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), help: help.into() }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.what)
    }
}

/// Reads an observation element by element; every mistake at once. Unlike a connector's answer, a part that nobody
/// knows is a mistake: a misspelt `coverage` would prove nothing, and nobody would notice.
pub fn read(value: &Value) -> Result<Observation, Vec<Objection>> {
    let Some(parts) = value.as_object() else {
        let help = "写成 {\"sightings\": […], …},见 /api/v1/openapi.json";
        return Err(vec![Objection::new("", "应当是一个 JSON 对象", help)]);
    };
    let mut wrong = Vec::new();
    for name in parts.keys().filter(|name| !PARTS.contains(&name.as_str())) {
        let help = format!("可用的有 {}", PARTS.join("、"));
        wrong.push(Objection::new(format!("/{name}"), "不认识的部分", help));
    }
    let alone = WireObservation::default;
    let wire =
        WireObservation {
            sightings: list(parts.get("sightings"), "/sightings", &mut wrong, |post| {
                WireObservation { sightings: vec![post], ..alone() }
            }),
            coverage: list(parts.get("coverage"), "/coverage", &mut wrong, |span| {
                WireObservation { coverage: vec![span], ..alone() }
            }),
            interaction: list(parts.get("interaction"), "/interaction", &mut wrong, |_| alone()),
            faults: list(parts.get("faults"), "/faults", &mut wrong, |fault| WireObservation {
                faults: vec![fault],
                ..alone()
            }),
            evidence: list(parts.get("evidence"), "/evidence", &mut wrong, |_| alone()),
            profile: one(parts.get("profile"), "/profile", &mut wrong),
            menu: one(parts.get("menu"), "/menu", &mut wrong),
            download: one(parts.get("download"), "/download", &mut wrong),
            release: one(parts.get("release"), "/release", &mut wrong),
            carried_by: one(parts.get("carried_by"), "/carried_by", &mut wrong).unwrap_or_default(),
            hint: one(parts.get("hint"), "/hint", &mut wrong).unwrap_or_default(),
        };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Observation::try_from(wire).map_err(|error| vec![objection("", &error)])
}

fn objection(at: &str, error: &WireError) -> Objection {
    match error {
        WireError::Time { field, text } => {
            let field = field.rsplit('.').next().unwrap_or_default();
            let what = format!("{field}「{text}」不是带时区的时间");
            Objection::new(at, what, "写成 2026-11-22T10:00:00+08:00")
        }
        WireError::Order(_) => Objection::new(at, "起止颠倒", "早的写在前面"),
        WireError::TooLong(_) | WireError::Shape(_) => shape(at, &error.to_string()),
    }
}

fn shape(at: &str, error: &str) -> Objection {
    let said: String = error.chars().take(200).collect();
    Objection::new(at, format!("不合 observation/1 的写法({said})"), "见 /api/v1/openapi.json")
}

fn one<T: DeserializeOwned>(
    value: Option<&Value>,
    at: &str,
    wrong: &mut Vec<Objection>,
) -> Option<T> {
    let value = value.filter(|value| !value.is_null())?;
    // serde would take a list for a structure, field by field.
    if !value.is_object() {
        wrong.push(shape(at, "not an object"));
        return None;
    }
    serde_json::from_value(value.clone())
        .map_err(|error| wrong.push(shape(at, &error.to_string())))
        .ok()
}

/// Reads a list; each item that can be wrong by itself is tried `alone`, so that each tells its own mistake.
fn list<T: DeserializeOwned + Clone>(
    value: Option<&Value>,
    at: &str,
    wrong: &mut Vec<Objection>,
    alone: impl Fn(T) -> WireObservation,
) -> Vec<T> {
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            wrong.push(Objection::new(at, "应当是列表", "写成 […]"));
            return Vec::new();
        }
    };
    if items.len() > SIGHTINGS_MAX {
        wrong.push(too_many(at, items.len(), SIGHTINGS_MAX));
        return Vec::new();
    }
    let mut kept = Vec::new();
    for (nth, item) in items.iter().enumerate() {
        let at = format!("{at}/{nth}");
        if item.is_null() {
            wrong.push(shape(&at, "null"));
        }
        let Some(item) = one::<T>(Some(item), &at, wrong) else { continue };
        if let Err(error) = Observation::try_from(alone(item.clone())) {
            wrong.push(objection(&at, &error));
        }
        kept.push(item);
    }
    kept
}

fn too_many(at: &str, count: usize, most: usize) -> Objection {
    Objection::new(at, format!("有 {count} 项,最多 {most} 项"), "分几次送,或只送最近的")
}

/// Bounds an observation that was looked up at `at`: cuts its coverage there, and objects to what is too large or
/// speaks of channels other than `channels`.
pub fn settle(seen: &mut Observation, channels: &[Channel], at: Timestamp) -> Vec<Objection> {
    let mut wrong = Vec::new();
    counts(seen, &mut wrong);
    texts(seen, &mut wrong);
    let names: Vec<&str> = channels.iter().map(Channel::as_str).collect();
    let known = |channel: &Channel| channels.contains(channel);
    let foreign = |at: String, channel: &Channel| {
        let shown: String = channel.as_str().chars().take(40).collect();
        Objection::new(at, format!("没有渠道「{shown}」"), format!("可用的有 {}", names.join("、")))
    };
    for (nth, sighting) in seen.sightings.iter().enumerate() {
        if sighting.key.trim().is_empty() {
            let what = "没有 key";
            wrong.push(Objection::new(format!("/sightings/{nth}"), what, "每条发布写固定的编号"));
        }
        if !known(&sighting.channel) {
            wrong.push(foreign(format!("/sightings/{nth}"), &sighting.channel));
        }
    }
    for (channel, _) in seen.coverage.iter() {
        if !channel.is_all() && !known(channel) {
            wrong.push(foreign("/coverage".to_owned(), channel));
        }
    }
    if seen.carried_by.places().any(|place| place >= seen.evidence.len()) {
        let what = format!("指到了没有的佐证(共 {} 份,从 0 数起)", seen.evidence.len());
        wrong.push(Objection::new("/carried_by", what, "写 evidence 里的次序,或不写"));
    }
    seen.coverage.cut(at);
    for evidence in &mut seen.evidence {
        evidence.at = evidence.at.min(at);
    }
    wrong
}

/// Whoever met a wall or an error on the way has not seen all: trouble is never silence. Was there silence to take back?
pub fn withhold(seen: &mut Observation) -> bool {
    let doubtful = !seen.faults.is_empty() && !seen.coverage.is_empty();
    if doubtful {
        seen.coverage = Default::default();
    }
    doubtful
}

/// Posts that lie in the future of the look: the sender's clock or zone is wrong.
pub fn future(seen: &Observation, at: Timestamp, skew: TimeDelta) -> Vec<Objection> {
    let ahead = |published: freshd_core::observation::Published| {
        published.earliest.unwrap_or(published.latest) > at + skew
    };
    let posts = seen.sightings.iter().enumerate().filter(|(_, post)| ahead(post.published));
    let objection = |(nth, _): (usize, _)| {
        let help = "检查时区,如北京时间写 +08:00";
        Objection::new(format!("/sightings/{nth}"), "发布时间晚于查看的时刻 at", help)
    };
    posts.map(objection).collect()
}

fn counts(seen: &Observation, wrong: &mut Vec<Objection>) {
    let spans: usize = seen.coverage.iter().map(|(_, spans)| spans.as_slice().len()).sum();
    let menu = seen.menu.as_ref().map_or(0, |menu| menu.entries.len());
    for (at, count, most) in [
        ("/sightings", seen.sightings.len(), SIGHTINGS_MAX),
        ("/coverage", spans, OTHERS_MAX),
        ("/menu/entries", menu, OTHERS_MAX),
        ("/interaction", seen.interaction.len(), OTHERS_MAX),
        ("/faults", seen.faults.len(), OTHERS_MAX),
        ("/evidence", seen.evidence.len(), OTHERS_MAX),
    ] {
        if count > most {
            wrong.push(too_many(at, count, most));
        }
    }
    let memo = seen.hint.memo.as_ref().map_or(0, String::len);
    if memo > MEMO_BYTES_MAX {
        let what = format!("有 {memo} 字节,最多 {MEMO_BYTES_MAX} 字节");
        wrong.push(Objection::new("/hint/memo", what, "只记必要的"));
    }
}

fn texts(seen: &Observation, wrong: &mut Vec<Objection>) {
    let mut bound = |at: String, text: &str, most: usize| {
        if text.len() > most && text.chars().count() > most {
            let what = format!("超过 {most} 个字符");
            wrong.push(Objection::new(at, what, "缩短"));
        }
    };
    for (nth, post) in seen.sightings.iter().enumerate() {
        bound(format!("/sightings/{nth}/key"), &post.key, WORD_CHARS_MAX);
        bound(format!("/sightings/{nth}/title"), &post.title, TEXT_CHARS_MAX);
        bound(format!("/sightings/{nth}/url"), post.url.as_deref().unwrap_or(""), TEXT_CHARS_MAX);
    }
    if let Some(profile) = &seen.profile {
        let named = [&profile.name, &profile.holder].into_iter().flatten();
        for text in named.chain(&profile.aliases) {
            bound("/profile".to_owned(), text, WORD_CHARS_MAX);
        }
        bound("/profile/aliases".to_owned(), &"x".repeat(profile.aliases.len()), OTHERS_MAX);
    }
    for (nth, entry) in seen.menu.iter().flat_map(|menu| &menu.entries).enumerate() {
        let at = format!("/menu/entries/{nth}");
        bound(at.clone(), &entry.path.concat(), WORD_CHARS_MAX);
        bound(at.clone(), &entry.kind, WORD_CHARS_MAX);
        bound(at, entry.target.as_deref().unwrap_or(""), TEXT_CHARS_MAX);
    }
    for (nth, sign) in seen.interaction.iter().enumerate() {
        bound(format!("/interaction/{nth}/kind"), &sign.kind, WORD_CHARS_MAX);
        bound(format!("/interaction/{nth}/what"), &sign.what, TEXT_CHARS_MAX);
    }
    if let Some(download) = &seen.download {
        bound("/download/what".to_owned(), &download.what, TEXT_CHARS_MAX);
    }
    if let Some(release) = &seen.release {
        bound("/release/version".to_owned(), &release.version, WORD_CHARS_MAX);
    }
    for (nth, fault) in seen.faults.iter().enumerate() {
        bound(format!("/faults/{nth}/detail"), &fault.detail, TEXT_CHARS_MAX);
    }
    for (nth, evidence) in seen.evidence.iter().enumerate() {
        bound(format!("/evidence/{nth}/url"), &evidence.url, TEXT_CHARS_MAX);
    }
}

#[cfg(test)]
mod tests;
