//! What changes about an account from poll to poll? The state record beside the ledger row.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fault::Fault;
use crate::history::{FUTURE_SKEW_MIN, History};
use crate::link::LinkCheck;
use crate::observation::Blind;
use crate::reminder::{Episode, QUIET_MAX_H};
use crate::rulebook::Rule;
use crate::uptime::Uptime;
use crate::verdict::Outcome;
use crate::word::Words;

/// Sources that are a person's word are named `人工:NAME`.
pub const PERSON_PREFIX: &str = "人工:";

/// Everything that polls, links and letters change about an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountState {
    /// What was seen.
    pub history: History,
    /// Health of its menu links, by address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkCheck>,
    /// How each source is doing, by `connector:target`.
    pub sources: BTreeMap<String, SourceState>,
    /// When it is polled next (the key in the due index).
    pub next_poll: Option<Timestamp>,
    /// When the notifier looks at it next (the key in the notify index).
    pub next_notice: Option<Timestamp>,
    /// When its links are checked next (the key in the links index).
    pub next_links: Option<Timestamp>,
    /// The outcome of each rule when it was last judged: changes are journalled.
    pub standing: Option<Standing>,
    /// What owners were told, per rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub episodes: Vec<Episode>,
    /// What persons who looked said 人工核查.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub words: Words,
    /// Until then its owner, who says to have posted, is not reminded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<Timestamp>,
    /// Addresses whose holders say that they are no longer the contact, until an operator has decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<String>,
}

impl AccountState {
    /// The hashes of everything that a ruling may name, each with when it was read.
    pub fn cited(&self) -> impl Iterator<Item = (Timestamp, &str)> {
        let seen = self.history.evidence().map(|held| (held.at, held.id.as_str()));
        let said = self.words.iter().filter(|word| word.found.is_of_interaction());
        seen.chain(said.map(|word| (word.at, word.evidence.as_str())))
    }

    /// Forgets whatever was noted later than `now`, by a clock that was wrong: posts, proofs, looks, and the times to wait
    /// for. Was there anything?
    pub fn forget_after(&mut self, now: Timestamp) -> bool {
        let mut forgot = self.history.forget_after(now);
        let latest = now + TimeDelta::minutes(FUTURE_SKEW_MIN);
        forgot |= self.words.forget_after(latest);
        let promised = latest + TimeDelta::hours(QUIET_MAX_H);
        forgot |= self.quiet_until.take_if(|until| *until > promised).is_some();
        let links = self.links.len();
        self.links.retain(|_, check| check.checked_at <= latest);
        forgot |= links != self.links.len();
        for source in self.sources.values_mut() {
            let late = |at: &mut Timestamp| *at > latest;
            let mut wrong = source.last_ok.take_if(late).is_some();
            wrong |= source.failing_since.take_if(late).is_some();
            if wrong {
                // What such a look was told to wait for, it was told at another hour.
                (source.hint, source.not_before) = (None, None);
            }
            forgot |= wrong | Uptime::forget_after(&mut source.uptime, latest);
        }
        forgot |= self.standing.take_if(|standing| standing.since > latest).is_some();
        forgot
    }
}

/// How polling one source goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceState {
    /// What the connector asked to remember.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// The faults that the last poll ended with; empty after a clean one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Since when it has been failing without a break.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Polls in a row that brought nothing but a fault.
    pub failures: u32,
    /// When it was last polled with an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ok: Option<Timestamp>,
    /// Not to be asked before this instant (a server's wish, never shortened).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Nothing new can be known before this instant (a connector's hint; advice, not a wish of the server).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Timestamp>,
    /// What the source cannot see yet, and when it will be asked again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blind: Vec<Blind>,
    /// How often it answered, for sources that ask an address of the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

/// What an account came to when it was last judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The verdict; `None` for accounts that are not judged.
    pub verdict: Option<Outcome>,
    /// Each rule's outcome.
    pub outcomes: Vec<(Rule, Outcome)>,
    /// Since when the verdict has been this.
    pub since: Timestamp,
}
