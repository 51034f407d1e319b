//! Which bytes carry the answers to one question, and since when do they say so?

use serde::{Deserialize, Serialize};

use super::{EvidenceRef, History, Look};
use crate::Timestamp;
use crate::observation::{Observation, Part};

/// Pieces of evidence kept per question (two looks that confirm each other, and what was said before).
pub const BACKING_MAX: usize = 6;

/// The newest pieces of evidence of one question, each with the answer that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Backing<T>(Vec<(EvidenceRef, T)>);

impl<T> Default for Backing<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Backing<T> {
    /// Is nothing held?
    pub fn is_bare(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Clone + Ord> Backing<T> {
    /// Adds a piece; keeps the newest [`BACKING_MAX`].
    pub fn add(&mut self, evidence: EvidenceRef, answer: T) {
        let held = (evidence, answer);
        if let Err(place) = self.0.binary_search(&held) {
            self.0.insert(place, held);
            if self.0.len() > BACKING_MAX {
                self.0.remove(0);
            }
        }
    }

    /// All pieces, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(EvidenceRef, T)> {
        self.0.iter()
    }

    /// The newest piece read by `now`.
    pub fn newest(&self, now: Timestamp) -> Option<&(EvidenceRef, T)> {
        self.0.iter().rev().find(|(held, _)| held.at <= now)
    }

    /// The pieces read by `now` that agree on `wanted`, newest first, up to one that does not.
    pub fn run(&self, now: Timestamp, wanted: impl Fn(&T) -> bool) -> Vec<&EvidenceRef> {
        let by_now = self.0.iter().rev().filter(|(held, _)| held.at <= now);
        by_now.take_while(|(_, answer)| wanted(answer)).map(|(held, _)| held).collect()
    }

    /// Forgets the pieces read later than `latest`; were there any?
    pub fn forget_after(&mut self, latest: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|(held, _)| held.at <= latest);
        self.0.len() < before
    }

    /// Withdraws pieces read since then that gave this answer.
    pub fn withdraw(&mut self, since: Timestamp, wrong: impl Fn(&T) -> bool) {
        self.0.retain(|(held, answer)| held.at < since || !wrong(answer));
    }
}

impl History {
    /// Lets what a look brought, absorbed before, refer to the bytes that carry it: `refs`, one for each piece of its
    /// evidence, in the same order.
    pub fn back(&mut self, look: &Look<'_>, refs: &[EvidenceRef]) {
        let seen = look.observation;
        self.back_by(look, |part| seen.carrier(part).and_then(|place| refs.get(place)));
    }

    pub(super) fn back_by<'r>(
        &mut self,
        look: &Look<'_>,
        of: impl Fn(Part<'_>) -> Option<&'r EvidenceRef>,
    ) {
        let seen = look.observation;
        for sighting in &seen.sightings {
            self.back_sighting(look, sighting, of(Part::Sighting(&sighting.key)));
        }
        self.back_coverage(look, of(Part::Coverage));
        if let (Some(profile), Some(held)) = (&seen.profile, of(Part::Profile)) {
            self.states_backing.add(held.clone(), profile.state);
        }
        if let (Some(sign), Some(held)) = (&seen.download, of(Part::Download)) {
            let backing = self.downloads_backing.entry(look.source.to_owned()).or_default();
            backing.add(held.clone(), sign.available);
        }
        for sign in seen.interaction.iter().filter(|sign| !sign.says_nothing()) {
            if let Some(held) = of(Part::Interaction(&sign.kind)) {
                let key = format!("{}/{}", look.source, sign.kind);
                self.interaction_backing.entry(key).or_default().add(held.clone(), sign.works);
            }
        }
    }

    fn back_coverage(&mut self, look: &Look<'_>, evidence: Option<&EvidenceRef>) {
        if look.observation.coverage.is_empty() {
            return;
        }
        let held = match look.voucher {
            Some(voucher) => self.attested.get_mut(voucher.name).map(|held| &mut held.evidence),
            None => self.proofs.get_mut(look.source).map(|held| &mut held.evidence),
        };
        if let Some(held) = held {
            *held = held.take().max(evidence.cloned());
        }
    }

    /// Everything that a ruling may name.
    pub fn evidence(&self) -> impl Iterator<Item = &EvidenceRef> {
        let posts = self.sightings.iter().filter_map(|seen| seen.evidence.as_ref());
        let proofs = self.proofs.values().filter_map(|proof| proof.evidence.as_ref());
        let words = self.attested.values().filter_map(|word| word.evidence.as_ref());
        let states = self.states_backing.iter().map(|(held, _)| held);
        let signs = self.downloads_backing.values().chain(self.interaction_backing.values());
        let signs = signs.flat_map(|backing| backing.iter().map(|(held, _)| held));
        posts.chain(proofs).chain(words).chain(states).chain(signs)
    }

    /// When a later look, whose bytes were not kept, was last known to say the same as this piece of evidence; for a proof
    /// of silence, up to when it reaches by now. `None` = the piece is the newest that there is.
    pub fn rechecked(&self, evidence: &EvidenceRef, now: Timestamp) -> Option<Timestamp> {
        let proofs = self.proofs.values().filter(|proof| proof.evidence.as_ref() == Some(evidence));
        let reached = proofs.flat_map(|proof| proof.coverage.iter());
        let reached = reached.filter_map(|(_, spans)| spans.until()).max();
        let state = repeated(&self.states_backing, &self.states, evidence, now);
        let pairs = |key: &String| {
            let loads = self.downloads_backing.get(key).zip(self.downloads.get(key));
            let signs = self.interaction_backing.get(key).zip(self.interaction.get(key));
            loads.into_iter().chain(signs)
        };
        let keys = self.downloads_backing.keys().chain(self.interaction_backing.keys());
        let signs = keys.flat_map(pairs);
        let signs = signs.filter_map(|(held, looks)| repeated(held, looks, evidence, now)).max();
        reached.max(state).max(signs).filter(|at| *at > evidence.at && *at <= now)
    }
}

/// When the newest look answered the same as this newest piece of its question.
fn repeated<T: Clone + Ord>(
    backing: &Backing<T>,
    looks: &crate::looks::Looks<T>,
    evidence: &EvidenceRef,
    now: Timestamp,
) -> Option<Timestamp> {
    let (held, answer) = backing.newest(now)?;
    let (at, newest) = looks.newest(now)?;
    (held == evidence && newest == answer).then_some(*at)
}

/// Does what this look says of a state or a sign lack bytes of its own: another answer than the newest kept, or a bad
/// one that was last kept a day ago?
pub fn wants_backing<T: Clone + Ord>(
    backing: Option<&Backing<T>>,
    answer: &T,
    is_bad: bool,
    at: Timestamp,
) -> bool {
    let Some((held, kept)) = backing.and_then(|backing| backing.newest(at)) else { return true };
    kept != answer || (is_bad && at - held.at >= chrono::TimeDelta::days(1))
}

impl History {
    /// Did the look say something of the account's state, a download or an interaction that no kept bytes carry yet, or a
    /// bad thing whose bytes are a day old? Asked after it was absorbed.
    pub fn lacks_backing(&self, source: &str, seen: &Observation, at: Timestamp) -> bool {
        let state = seen.profile.as_ref().is_some_and(|profile| {
            wants_backing(Some(&self.states_backing), &profile.state, profile.state.is_bad(), at)
        });
        let load = seen.download.as_ref().is_some_and(|sign| {
            let bad = sign.available == Some(false);
            let held = self.downloads_backing.get(source);
            sign.available.is_some() && wants_backing(held, &sign.available, bad, at)
        });
        state
            || load
            || seen.interaction.iter().any(|sign| {
                let held = self.interaction_backing.get(&format!("{source}/{}", sign.kind));
                let bad = sign.works == Some(false);
                sign.works.is_some() && wants_backing(held, &sign.works, bad, at)
            })
    }
}
