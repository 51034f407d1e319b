//! What does a file of posts change about an account? Each of its rows is a look whose bytes are kept already.

use std::collections::BTreeSet;

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::civil::rfc3339;
use freshd_core::history::{EvidenceRef, History, Look, Voucher};
use freshd_core::observation::Observation;
use freshd_core::state::AccountState;
use serde_json::json;

use super::{Applied, Terms, Work};

/// One row's word.
#[derive(Clone, Debug)]
pub struct KeptWord {
    /// What it says.
    pub observation: Observation,
    /// The bytes behind it, which are in the store already.
    pub evidence: EvidenceRef,
}

/// What all the rows of one account share.
#[derive(Clone, Copy, Debug)]
pub struct KeptLook<'a> {
    /// `ingest:NAME`.
    pub source: &'a str,
    /// When the file was taken.
    pub at: Timestamp,
    /// Who vouches for its coverage.
    pub voucher: Voucher<'a>,
}

impl KeptLook<'_> {
    /// Would these words add anything to what is known, and how many posts?
    pub fn effect(&self, history: &History, words: &[KeptWord]) -> (bool, usize) {
        let mut after = history.clone();
        words.iter().for_each(|word| after.absorb(&self.look(word, None)));
        let own = |history: &History| {
            let own = history.sightings.iter().filter(|seen| seen.source == self.source);
            own.map(|seen| seen.sighting.key.clone()).collect::<BTreeSet<_>>()
        };
        let new = own(&after).difference(&own(history)).count();
        (after != *history, new)
    }

    fn look<'w>(&'w self, word: &'w KeptWord, evidence: Option<EvidenceRef>) -> Look<'w> {
        Look {
            source: self.source,
            at: self.at,
            channels: &[],
            observation: &word.observation,
            evidence,
            voucher: Some(self.voucher),
        }
    }
}

/// Applies the words of one file on one account.
pub fn apply_kept(
    account: &Account,
    before: AccountState,
    look: &KeptLook<'_>,
    words: &[KeptWord],
    terms: &Terms,
    now: Timestamp,
) -> Applied {
    let mut work = Work::begin(before, now);
    let mut posts = Vec::new();
    for word in words {
        let fresh = |work: &Work, key: &str| !work.holds(look.source, key);
        let sightings = word.observation.sightings.iter();
        let new: Vec<_> = sightings.filter(|post| fresh(&work, &post.key)).collect();
        work.state.history.absorb(&look.look(word, Some(word.evidence.clone())));
        let gained = new.into_iter().filter(|post| !fresh(&work, &post.key));
        posts.extend(gained.map(
            |s| json!({"key": s.key, "published": s.published, "title": s.title, "url": s.url}),
        ));
    }
    if !posts.is_empty() {
        let at = rfc3339(look.at);
        let line = json!({"event": "observed", "at": at, "source": look.source, "posts": posts});
        work.journal.push(line);
    }
    work.finish(account, terms, now)
}
