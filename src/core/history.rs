//! What do we know of an account from all looks so far? History: a join-semilattice of observations.
//!
//! [`History::absorb`] is commutative and idempotent: late, repeated and reordered observations end in the
//! same state. What is kept is bounded (the laws hold exactly up to those bounds), and what is dropped can only
//! ever make us know less: the posts kept are those that can prove freshness or refute silence.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::coverage::Coverage;
use crate::id::Channel;
use crate::link::{ELSEWHERE_MAX, Elsewhere, Menu};
use crate::looks::Looks;
use crate::observation::{Observation, ProfileState, Published, Sighting};
use crate::release::Release;

mod attested;
mod backing;
mod forget;

pub use attested::Attested;
pub use backing::{BACKING_MAX, Backing};

/// Sightings kept with the newest possible publication (enough to prove and to refute silence).
pub const SIGHTINGS_BY_LATEST: usize = 8;
/// Sightings kept with the newest certain publication (enough to prove freshness).
pub const SIGHTINGS_BY_EARLIEST: usize = 4;
/// What was seen where a sign of interaction was not is kept in so many characters.
const SOUGHT_CHARS_MAX: usize = 100;
/// A date further in the future than this when it was seen is not believed.
pub const FUTURE_SKEW_MIN: i64 = 10;

/// Where the bytes behind a claim are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// When it was read.
    pub at: Timestamp,
    /// Its hash in the store; empty when only the address was kept.
    pub id: String,
    /// Where it was read.
    pub url: String,
}

/// A sighting with where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The post.
    pub sighting: Sighting,
    /// `connector:target`, or `人工:NAME`.
    pub source: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// What backs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRef>,
}

/// What one source proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceProof {
    /// Spans per channel in which nothing unlisted was published.
    pub coverage: Coverage,
    /// What backs the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRef>,
}

/// Everything known of one account. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Posts seen, newest possible first; bounded.
    pub sightings: Vec<Seen>,
    /// What each source's silence proved, by `connector:target`.
    pub proofs: BTreeMap<String, SourceProof>,
    /// What each person vouched for, by name.
    pub attested: BTreeMap<String, Attested>,
    /// The channels that its connectors name.
    pub channels: BTreeSet<Channel>,
    /// The state the platform reported, over time.
    pub states: Looks<ProfileState>,
    /// Display name and holder as last reported.
    pub profile: Option<(Timestamp, String, String)>,
    /// The menu as last read.
    pub menu: Option<(Timestamp, Menu)>,
    /// The links that the account shows elsewhere, as last read, by source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, (Timestamp, Vec<Elsewhere>)>,
    /// Download signs by source.
    pub downloads: BTreeMap<String, Looks<Option<bool>>>,
    /// The version that each store offered last, and when that was seen, by source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub releases: BTreeMap<String, (Timestamp, Release)>,
    /// Interaction signs by `source/kind`.
    pub interaction: BTreeMap<String, Looks<Option<bool>>>,
    /// When a sign of interaction was last looked for and not found, and what was seen in its place, by `source/kind`. It
    /// proves nothing, and takes nothing back; a probe's look that could not tell stands among its others instead, for it parts two that agree.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sought: BTreeMap<String, (Timestamp, String)>,
    /// Bytes that carry the reported state.
    #[serde(skip_serializing_if = "Backing::is_bare")]
    pub states_backing: Backing<ProfileState>,
    /// Bytes that carry the download signs, by source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub downloads_backing: BTreeMap<String, Backing<Option<bool>>>,
    /// Bytes that carry the interaction signs, by `source/kind`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interaction_backing: BTreeMap<String, Backing<Option<bool>>>,
}

/// One observation on its way into a history.
pub struct Look<'a> {
    /// `connector:target`.
    pub source: &'a str,
    /// When it was made.
    pub at: Timestamp,
    /// The connector's channels.
    pub channels: &'a [Channel],
    /// What it brought.
    pub observation: &'a Observation,
    /// Where its bytes are kept, if one piece carries all of it; else see [`History::back`].
    pub evidence: Option<EvidenceRef>,
    /// The person whose word it is, if it is one.
    pub voucher: Option<Voucher<'a>>,
}

/// A person who looked.
#[derive(Clone, Copy, Debug)]
pub struct Voucher<'a> {
    /// Who.
    pub name: &'a str,
    /// Is there a file (screenshot) behind it?
    pub with_file: bool,
}

impl History {
    /// Takes in what a look brought.
    pub fn absorb(&mut self, look: &Look<'_>) {
        for sighting in newest_of(look) {
            self.absorb_sighting(look, sighting);
        }
        self.trim_sightings();
        self.absorb_coverage(look);
        self.channels.extend(look.channels.iter().filter(|channel| !channel.is_all()).cloned());
        if let Some(profile) = &look.observation.profile {
            self.states.add(look.at, profile.state);
            let told = (
                look.at,
                profile.name.clone().unwrap_or_default(),
                profile.holder.clone().unwrap_or_default(),
            );
            // A look that says no name does not make the last one said untrue.
            let named = !told.1.is_empty() || !told.2.is_empty();
            if named && self.profile.as_ref().is_none_or(|held| *held < told) {
                self.profile = Some(told);
            }
        }
        if let Some(menu) = &look.observation.menu {
            self.absorb_menu(look.at, menu);
        }
        if let Some(links) = &look.observation.links {
            let told = (look.at, links.iter().take(ELSEWHERE_MAX).cloned().collect());
            let held = self.links.entry(look.source.to_owned()).or_default();
            *held = told.max(std::mem::take(held));
        }
        if let Some(download) = &look.observation.download {
            let looks = self.downloads.entry(look.source.to_owned()).or_default();
            looks.add(look.at, download.available);
        }
        if let Some(release) = &look.observation.release {
            let told = (look.at, release.clone());
            let held = self.releases.entry(look.source.to_owned()).or_insert_with(|| told.clone());
            *held = told.max(held.clone());
        }
        for sign in &look.observation.interaction {
            let key = format!("{}/{}", look.source, sign.kind);
            if sign.says_nothing() {
                let told = (look.at, sign.what.chars().take(SOUGHT_CHARS_MAX).collect());
                let held = self.sought.entry(key).or_default();
                *held = told.max(std::mem::take(held));
            } else {
                self.interaction.entry(key).or_default().add(look.at, sign.works);
            }
        }
        if look.evidence.is_some() {
            self.back_by(look, |_| look.evidence.as_ref());
        }
    }

    /// Lets a post that stands as this look saw it refer to these bytes.
    fn back_sighting(&mut self, look: &Look<'_>, told: &Sighting, evidence: Option<&EvidenceRef>) {
        let published = believable(told.published, look.at);
        let same = |seen: &&mut Seen| {
            seen.source == look.source
                && seen.sighting.key == told.key
                && seen.sighting.published == published
        };
        if let Some(seen) = self.sightings.iter_mut().find(same) {
            // The oldest bytes are kept: an account polled for years must not refresh what backs an old post.
            seen.evidence = match (seen.evidence.take(), evidence) {
                (Some(a), Some(b)) => Some(a.min(b.clone())),
                (a, b) => a.or_else(|| b.cloned()),
            };
        }
    }

    fn absorb_sighting(&mut self, look: &Look<'_>, sighting: &Sighting) {
        let published = believable(sighting.published, look.at);
        let held = self
            .sightings
            .iter_mut()
            .find(|seen| seen.source == look.source && seen.sighting.key == sighting.key);
        match held {
            Some(seen) => {
                seen.first_seen = seen.first_seen.min(look.at);
                if sharper(&published, &seen.sighting.published) {
                    seen.sighting = Sighting { published, ..sighting.clone() };
                    seen.evidence = None;
                } else if published == seen.sighting.published {
                    merge_equal(seen, sighting);
                }
            }
            None => self.sightings.push(Seen {
                sighting: Sighting { published, ..sighting.clone() },
                source: look.source.to_owned(),
                first_seen: look.at,
                evidence: None,
            }),
        }
    }

    /// Keeps the newest by `latest` and the newest by `earliest`; sorted newest possible first.
    fn trim_sightings(&mut self) {
        let order = |a: &Seen, b: &Seen| by_latest(b).cmp(&by_latest(a));
        self.sightings.sort_by(order);
        if self.sightings.len() <= SIGHTINGS_BY_LATEST {
            return;
        }
        let mut rest = self.sightings.split_off(SIGHTINGS_BY_LATEST);
        let mut certain: Vec<_> = self.sightings.iter().map(by_earliest).collect();
        certain.extend(rest.iter().map(by_earliest));
        certain.sort();
        let bar = certain.len().saturating_sub(SIGHTINGS_BY_EARLIEST);
        let kept: BTreeSet<_> = certain.split_off(bar).into_iter().map(owned_key).collect();
        rest.retain(|seen| kept.contains(&owned_key(by_earliest(seen))));
        self.sightings.append(&mut rest);
        self.sightings.sort_by(order);
    }

    fn absorb_coverage(&mut self, look: &Look<'_>) {
        let coverage = &look.observation.coverage;
        if coverage.is_empty() {
            return;
        }
        if let Some(voucher) = look.voucher {
            let held = self.attested.entry(voucher.name.to_owned()).or_default();
            let spans = if voucher.with_file { &mut held.filed } else { &mut held.bare };
            spans.join(&coverage.on(&Channel::all()));
            spans.keep_newest(crate::coverage::SPANS_MAX);
            return;
        }
        let held = self.proofs.entry(look.source.to_owned()).or_default();
        held.coverage.join(coverage);
        held.coverage.trim();
    }

    fn absorb_menu(&mut self, at: Timestamp, menu: &Menu) {
        let newer = self
            .menu
            .as_ref()
            .is_none_or(|(held_at, held)| (*held_at, menu_order(held)) < (at, menu_order(menu)));
        if newer {
            self.menu = Some((at, menu.clone()));
        }
    }

    /// All that is proven by machines, joined over sources.
    pub fn proven(&self) -> Coverage {
        let mut all = Coverage::default();
        for proof in self.proofs.values() {
            all.join(&proof.coverage);
        }
        all
    }

    /// Machines' and persons' coverage together.
    pub fn coverage(&self) -> Coverage {
        let mut all = self.proven();
        for span in self.attested_spans().as_slice() {
            all.add(Channel::all(), span.since, span.until);
        }
        all
    }

    /// The post with the newest certain time by `now`; among equals one with a title.
    pub fn last_update(&self, now: Timestamp) -> Option<&Seen> {
        let known = |at: Published| at.earliest.unwrap_or(at.latest) <= now;
        self.sightings.iter().filter(|it| known(it.sighting.published)).max_by_key(|seen| {
            let published = seen.sighting.published;
            (published.earliest, published.latest, !seen.sighting.title.is_empty())
        })
    }
}

/// The posts of one look that can matter. Cut before they are joined: a list whose dates move at every look must
/// not bring ever new posts in from its tail.
fn newest_of<'a>(look: &'a Look<'_>) -> Vec<&'a Sighting> {
    let mut all: Vec<&Sighting> = look.observation.sightings.iter().collect();
    if all.len() <= SIGHTINGS_BY_LATEST {
        return all;
    }
    let at = |s: &Sighting| believable(s.published, look.at);
    all.sort_by_key(|s| std::cmp::Reverse((at(s).earliest, at(s).latest, s.key.clone())));
    let certain: BTreeSet<_> =
        all.iter().take(SIGHTINGS_BY_EARLIEST).map(|s| s.key.clone()).collect();
    all.sort_by_key(|s| std::cmp::Reverse((at(s).latest, at(s).earliest, s.key.clone())));
    let rest = all.split_off(SIGHTINGS_BY_LATEST);
    all.extend(rest.into_iter().filter(|s| certain.contains(&s.key)));
    all
}

/// A date that lies in the future of the look that read it is not believed: the post existed, no more. What
/// was seen at an instant was published by then.
fn believable(published: Published, at: Timestamp) -> Published {
    let skew = TimeDelta::minutes(FUTURE_SKEW_MIN);
    match published.earliest {
        Some(earliest) if earliest > at + skew => Published::before(at),
        Some(earliest) => Published { latest: published.latest.min(at).max(earliest), ..published },
        None => Published { latest: published.latest.min(at), ..published },
    }
}

/// Is `a` a better statement of the same post's time than `b`? The narrower range, then the earlier: a date
/// that moves at every look keeps its first value.
fn sharper(a: &Published, b: &Published) -> bool {
    sharpness(a) < sharpness(b)
}

fn sharpness(p: &Published) -> (bool, TimeDelta, Option<Timestamp>, Timestamp) {
    let width = p.earliest.map_or(TimeDelta::zero(), |earliest| p.latest - earliest);
    (p.earliest.is_none(), width, p.earliest, p.latest)
}

fn merge_equal(seen: &mut Seen, other: &Sighting) {
    let held = &mut seen.sighting;
    if held.title < other.title {
        held.title.clone_from(&other.title);
    }
    if held.url < other.url {
        held.url.clone_from(&other.url);
    }
    if held.channel < other.channel {
        held.channel.clone_from(&other.channel);
    }
    held.pinned |= other.pinned;
    held.repost |= other.repost;
}

type ByTime<'a> = (Option<Timestamp>, Option<Timestamp>, &'a str, &'a str);

fn by_latest(seen: &Seen) -> ByTime<'_> {
    let published = seen.sighting.published;
    (Some(published.latest), published.earliest, &seen.source, &seen.sighting.key)
}

fn by_earliest(seen: &Seen) -> ByTime<'_> {
    let published = seen.sighting.published;
    (published.earliest, Some(published.latest), &seen.source, &seen.sighting.key)
}

fn owned_key(key: ByTime<'_>) -> (String, String) {
    (key.2.to_owned(), key.3.to_owned())
}

type EntryOrder<'a> = (&'a [String], &'a str, Option<&'a str>);

fn menu_order(menu: &Menu) -> (bool, bool, Vec<EntryOrder<'_>>) {
    let entries = menu.entries.iter();
    let entries = entries.map(|e| (e.path.as_slice(), e.kind.as_str(), e.target.as_deref()));
    (menu.whole, menu.open, entries.collect())
}

#[cfg(test)]
mod tests;
