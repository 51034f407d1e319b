//! In which spans of time did a post that is not listed not exist? Coverage: what silence proves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::Channel;

/// Spans kept per channel; beyond it the oldest are dropped (which only ever proves less).
pub const SPANS_MAX: usize = 24;

/// A half-open span of time `[since, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First instant covered.
    pub since: Timestamp,
    /// First instant no longer covered.
    pub until: Timestamp,
}

impl Span {
    /// A span, or nothing if it would be empty.
    pub fn new(since: Timestamp, until: Timestamp) -> Option<Self> {
        (since < until).then_some(Self { since, until })
    }

    /// The part that both cover.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.since.max(other.since), self.until.min(other.until))
    }
}

/// A set of disjoint spans, sorted; a join-semilattice under [`Spans::join`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// Forgets every span that ends after `latest`, whole; was there one?
    pub fn forget_after(&mut self, latest: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|span| span.until <= latest);
        self.0.len() < before
    }

    /// The disjoint spans, oldest first.
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// Does nothing lie in it?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// End of the newest span.
    pub fn until(&self) -> Option<Timestamp> {
        self.0.last().map(|span| span.until)
    }

    /// Adds a span, melting it with those that it touches.
    pub fn insert(&mut self, span: Span) {
        if span.since >= span.until {
            return;
        }
        let mut merged = span;
        let mut out = Vec::with_capacity(self.0.len() + 1);
        for held in self.0.drain(..) {
            if held.until < merged.since || held.since > merged.until {
                out.push(held);
            } else {
                merged.since = merged.since.min(held.since);
                merged.until = merged.until.max(held.until);
            }
        }
        let at = out.partition_point(|held| held.since < merged.since);
        out.insert(at, merged);
        self.0 = out;
    }

    /// Interval union: commutative, associative, idempotent; never shrinks.
    pub fn join(&mut self, other: &Self) {
        for span in &other.0 {
            self.insert(*span);
        }
    }

    /// What both cover.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut out = Self::default();
        for a in &self.0 {
            for b in &other.0 {
                if let Some(span) = a.intersect(*b) {
                    out.insert(span);
                }
            }
        }
        out
    }

    /// Gives up whatever lies at `until` or after it.
    pub fn cut(&mut self, until: Timestamp) {
        self.0.retain(|held| held.since < until);
        if let Some(last) = self.0.last_mut() {
            last.until = last.until.min(until);
        }
    }

    /// Keeps the newest `max` spans.
    pub fn keep_newest(&mut self, max: usize) {
        if self.0.len() > max {
            self.0.drain(..self.0.len() - max);
        }
    }

    /// Is every instant of `[since, until)` covered?
    pub fn covers(&self, since: Timestamp, until: Timestamp) -> bool {
        since >= until || self.0.iter().any(|held| held.since <= since && until <= held.until)
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut out = Self::default();
        for span in spans {
            out.insert(span);
        }
        out
    }
}

/// Spans per channel. The default proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(BTreeMap<Channel, Spans>);

impl Coverage {
    /// As [`Spans::forget_after`], on every channel.
    pub fn forget_after(&mut self, latest: Timestamp) -> bool {
        let forgot = self.0.values_mut().fold(false, |any, spans| spans.forget_after(latest) | any);
        self.0.retain(|_, spans| !spans.is_empty());
        forgot
    }

    /// Nothing is proven.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Spans::is_empty)
    }

    /// Adds `[since, until)` on a channel ([`Channel::ALL`] = every channel).
    pub fn add(&mut self, channel: Channel, since: Timestamp, until: Timestamp) {
        if let Some(span) = Span::new(since, until) {
            self.0.entry(channel).or_default().insert(span);
        }
    }

    /// Interval union per channel.
    pub fn join(&mut self, other: &Self) {
        for (channel, spans) in &other.0 {
            self.0.entry(channel.clone()).or_default().join(spans);
        }
    }

    /// Gives up whatever lies at `until` or after it, on every channel.
    pub fn cut(&mut self, until: Timestamp) {
        self.0.values_mut().for_each(|spans| spans.cut(until));
        self.0.retain(|_, spans| !spans.is_empty());
    }

    /// Every channel with its spans.
    pub fn iter(&self) -> impl Iterator<Item = (&Channel, &Spans)> {
        self.0.iter()
    }

    /// The spans of one channel, the wildcard's included.
    pub fn on(&self, channel: &Channel) -> Spans {
        let mut spans = self.0.get(channel).cloned().unwrap_or_default();
        if let Some(all) = self.0.get(&Channel::all()) {
            spans.join(all);
        }
        spans
    }

    /// What is covered on *every* one of these channels. No channel: nothing.
    pub fn joined<'a>(&self, channels: impl IntoIterator<Item = &'a Channel>) -> Spans {
        let mut joined: Option<Spans> = None;
        for channel in channels {
            let spans = self.on(channel);
            joined = Some(match joined {
                None => spans,
                Some(held) => held.intersect(&spans),
            });
        }
        joined.unwrap_or_default()
    }

    /// Drops the oldest spans beyond [`SPANS_MAX`] per channel.
    pub fn trim(&mut self) {
        for spans in self.0.values_mut() {
            spans.keep_newest(SPANS_MAX);
        }
    }
}
