//! Who vouches for what, and which of it counts: a person's "nothing since" 人工核查.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EvidenceRef, History};
use crate::coverage::Spans;
use crate::word::same_person;

/// What one person vouched for (人工核查 "nothing since").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// Spans on a bare word: count where two persons agree.
    pub bare: Spans,
    /// Spans backed by a file (screenshot): count alone.
    pub filed: Spans,
    /// The newest word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRef>,
    /// Through which system users (uid) the words came, and whether the person's name was said there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub via: BTreeMap<u32, bool>,
}

impl Attested {
    /// May the two be one person? So they may where one system user wrote both and did not name both.
    pub fn may_be_same(&self, other: &Self) -> bool {
        let unnamed =
            |(uid, named): (&u32, &bool)| other.via.get(uid).is_some_and(|o| !(*named && *o));
        self.via.iter().any(unnamed)
    }
}

impl History {
    /// What persons proved: every span with a file behind it, and what two persons agree on.
    pub fn attested_spans(&self) -> Spans {
        let mut counted = Spans::default();
        let words: Vec<_> = self.attested.iter().collect();
        for (nth, (name, one)) in words.iter().enumerate() {
            counted.join(&one.filed);
            let second =
                |(by, it): &&(&String, &Attested)| !one.may_be_same(it) && !same_person(name, by);
            for (_, other) in words[nth + 1..].iter().filter(second) {
                let mut either = other.bare.clone();
                either.join(&other.filed);
                counted.join(&one.bare.intersect(&either));
                counted.join(&one.filed.intersect(&other.bare));
            }
        }
        counted
    }
}
