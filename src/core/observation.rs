//! What did one look at one account see, and what does its silence prove? The vocabulary of `observation/1`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::coverage::Coverage;
use crate::fault::Fault;
use crate::id::Channel;
use crate::link::{Elsewhere, Menu};
use crate::release::Release;

/// When something was published, as exactly as the source says: `earliest` ≤ truth ≤ `latest`. "3天前" and a
/// day without a time are ranges; `earliest` is `None` when there is no lower bound (an undated item).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Published {
    /// No earlier than this; `None` = unknown.
    pub earliest: Option<Timestamp>,
    /// No later than this.
    pub latest: Timestamp,
}

impl Published {
    /// Known to the second.
    pub fn at(instant: Timestamp) -> Self {
        Self { earliest: Some(instant), latest: instant }
    }

    /// Somewhere in `[earliest, latest]`; the two are put in order.
    pub fn between(earliest: Timestamp, latest: Timestamp) -> Self {
        Self { earliest: Some(earliest.min(latest)), latest: latest.max(earliest) }
    }

    /// No date at all: it existed when it was seen, and that is all we know.
    pub fn before(seen_at: Timestamp) -> Self {
        Self { earliest: None, latest: seen_at }
    }
}

/// One post that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Identifies the post within its account, the same at every look.
    pub key: String,
    /// The channel it was published on.
    pub channel: Channel,
    /// When it was published; a range.
    pub published: Published,
    /// Its title, if any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Pinned 置顶 at the top of its list (counts like any other post).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// A repost 转发 (counts at its outer time).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repost: bool,
}

/// What state the platform says the account is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileState {
    /// In use.
    #[default]
    Open,
    /// Frozen, banned or restricted 冻结、封禁.
    Frozen,
    /// Cancelled 已注销, or it never existed.
    Deregistered,
    /// Migrated to another account 已迁移.
    Moved,
}

impl ProfileState {
    /// Frozen or cancelled: a finding once a second look agrees.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Frozen | Self::Deregistered)
    }
}

/// What the platform says of the account itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Display name 账号名称.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The legal subject 账号主体.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Open, frozen, deregistered or moved. `Frozen`, `Deregistered` are findings only when two looks an hour apart agree.
    #[serde(default)]
    pub state: ProfileState,
    /// Other identifiers that were learned (gh_, biz, uid).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// The kind of sign that a declared `probe:` gives.
pub const PROBE_KIND: &str = "probe";

/// A sign that the account does or does not offer interaction 互动.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InteractionSign {
    /// `auto_reply`, `comments`, `comment_replies`, `messages`, `agents`, `consultation`, `probe`, …
    pub kind: String,
    /// Proved to work, proved not to work, or only seen.
    pub works: Option<bool>,
    /// What was seen, in words.
    #[serde(default)]
    pub what: String,
}

impl InteractionSign {
    /// Was it looked for and not found, which says nothing? A probe that could not tell says that much: what it said
    /// before is no longer certain.
    pub fn says_nothing(&self) -> bool {
        self.works.is_none() && self.kind != PROBE_KIND
    }
}

/// A sign that an app can or cannot be downloaded from one declared source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadSign {
    /// The app can be had there; `Some(false)` only when the source itself proves it (asked again past its cache).
    pub available: Option<bool>,
    /// What was seen, in words.
    #[serde(default)]
    pub what: String,
}

/// Bytes that back what was seen: where, when, and the (bounded) body, kept by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it was read, redacted.
    pub url: String,
    /// When it was read.
    pub at: Timestamp,
    /// The body, bounded by the HTTP client.
    #[serde(default)]
    pub body: String,
}

/// Which piece of evidence carries which part of an observation, by its place in the list; what is not told, the first
/// piece carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Carriers {
    /// The proof of silence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<usize>,
    /// The account's state and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<usize>,
    /// The sign that the app can or cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<usize>,
    /// Signs of interaction, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interaction: BTreeMap<String, usize>,
    /// Posts, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sightings: BTreeMap<String, usize>,
}

impl Carriers {
    /// Is nothing told?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every place that is named.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let single = [self.coverage, self.profile, self.download].into_iter().flatten();
        single.chain(self.interaction.values().copied()).chain(self.sightings.values().copied())
    }
}

/// A part of an observation that a piece of evidence carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The proof of silence.
    Coverage,
    /// The account's state and name.
    Profile,
    /// The sign that the app can or cannot be had.
    Download,
    /// The sign of interaction of this kind.
    Interaction(&'a str),
    /// The post with this key.
    Sighting(&'a str),
}

/// What the connector asks for next time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollHint {
    /// Nothing new can be known before this instant (e.g. T+1 statistics).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Handed back at the next poll of the same source, at most 4 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// What this source cannot see yet, and when it will be asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind: Vec<Blind>,
}

/// A stretch up to now that a source cannot see yet (statistics that come a day late).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blind {
    /// On which channel.
    pub channel: Channel,
    /// From when on.
    pub since: Timestamp,
    /// When it can be seen at the earliest.
    pub again: Timestamp,
}

/// Everything one look brought. The default saw nothing and proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// Posts seen.
    pub sightings: Vec<Sighting>,
    /// What the silence proves.
    pub coverage: Coverage,
    /// What the platform says of the account.
    pub profile: Option<Profile>,
    /// The custom menu 自定义菜单.
    pub menu: Option<Menu>,
    /// Links that the account shows elsewhere than in its menu; `None` = nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<Elsewhere>>,
    /// Signs of interaction.
    pub interaction: Vec<InteractionSign>,
    /// Whether the app can be downloaded (app sources only).
    pub download: Option<DownloadSign>,
    /// The version that is offered there (app sources that date it only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// What went wrong on the way to a partial answer.
    pub faults: Vec<Fault>,
    /// What backs all this.
    pub evidence: Vec<Evidence>,
    /// Which of it carries what.
    #[serde(skip_serializing_if = "Carriers::is_empty")]
    pub carried_by: Carriers,
    /// What the connector asks for next time.
    pub hint: PollHint,
}

impl Observation {
    /// Notes that the piece of evidence added last carries these parts; nothing where there is none.
    pub fn carried(&mut self, parts: &[Part<'_>]) {
        let Some(last) = self.evidence.len().checked_sub(1) else { return };
        let told = &mut self.carried_by;
        for part in parts {
            match *part {
                Part::Coverage => told.coverage = Some(last),
                Part::Profile => told.profile = Some(last),
                Part::Download => told.download = Some(last),
                Part::Interaction(kind) => drop(told.interaction.insert(kind.to_owned(), last)),
                Part::Sighting(key) => drop(told.sightings.insert(key.to_owned(), last)),
            }
        }
    }

    /// The place in the list of evidence of what carries a part; the first where it is not told. `None` = there is none.
    pub fn carrier(&self, part: Part<'_>) -> Option<usize> {
        let told = &self.carried_by;
        let place = match part {
            Part::Coverage => told.coverage,
            Part::Profile => told.profile,
            Part::Download => told.download,
            Part::Interaction(kind) => told.interaction.get(kind).copied(),
            Part::Sighting(key) => told.sightings.get(key).copied(),
        };
        let place = place.filter(|place| *place < self.evidence.len()).unwrap_or(0);
        (!self.evidence.is_empty()).then_some(place)
    }
}
