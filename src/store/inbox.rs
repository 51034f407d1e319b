//! What came back by mail, and which addresses take no letters? Received mails by their hash, and addresses that failed.

use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, kind, span, timed};
use super::outbox::{Letter, read_index};
use super::{Scanned, Store, codec};

/// What a received mail came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedOutcome {
    /// A letter came back for good.
    Bounced,
    /// A letter is late; nothing is final.
    Delayed,
    /// A link in it was taken as proof.
    Proof,
    /// Its links were refused.
    Refused,
    /// Its link could not be opened by the program.
    Unopened,
    /// A reply without a link: for a person to read.
    Reply,
    /// An automatic answer, such as of somebody on leave.
    Automatic,
    /// No letter of ours that it could belong to.
    Unmatched,
}

impl ReceivedOutcome {
    /// Did a person answer?
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Proof | Self::Refused | Self::Unopened | Self::Reply)
    }

    /// In words.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Bounced => "退信",
            Self::Delayed => "投递延迟",
            Self::Proof => "已作为佐证",
            Self::Refused => "链接未采用",
            Self::Unopened => "待人工打开",
            Self::Reply => "待阅",
            Self::Automatic => "自动回复",
            Self::Unmatched => "对不上信件",
        }
    }
}

/// One mail that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Hash of its bytes.
    pub id: String,
    /// When it was read.
    pub at: Timestamp,
    /// When it says it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// Who it says it is from, a bare address.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// The letter that it answers or returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// The accounts of that letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
    /// What became of it.
    pub outcome: ReceivedOutcome,
    /// The same in words.
    pub told: String,
    /// The beginning of its own words.
    pub text: String,
}

/// How an address failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadHow {
    /// The mail server refused it.
    Refused,
    /// A letter was taken and came back.
    Bounced,
    /// A letter was put off until it was given up.
    GivenUp,
}

impl DeadHow {
    /// In words.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Refused => "拒收",
            Self::Bounced => "退信",
            Self::GivenUp => "多次未能送达",
        }
    }
}

/// An address that takes no letters, until it is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadAddress {
    /// The address, in small letters.
    pub address: String,
    /// How.
    pub how: DeadHow,
    /// Since when.
    pub since: Timestamp,
    /// The letter that failed.
    pub letter: String,
    /// What was said.
    pub reply: String,
}

pub(super) fn received_key(id: &str) -> Vec<u8> {
    Key::of(kind::RECEIVED).text(id).done()
}

fn dead_key(address: &str) -> Vec<u8> {
    Key::of(kind::DEAD_ADDRESS).any_text(&address.to_lowercase()).done()
}

impl Change {
    /// Keeps a received mail.
    pub fn put_received(&mut self, mail: &Received) -> Result<(), StoreError> {
        self.put(timed(kind::RECEIVED_TIME, mail.at, &mail.id), &())?;
        self.put(received_key(&mail.id), mail)
    }

    /// The received mail with this id; the commit conflicts if it changes meanwhile.
    pub fn received(&mut self, id: &str) -> Result<Option<Received>, StoreError> {
        self.read("received", &received_key(id))
    }

    /// Forgets a received mail.
    pub(super) fn delete_received(&mut self, at: Timestamp, id: &str) {
        self.remove(timed(kind::RECEIVED_TIME, at, id));
        self.remove(received_key(id));
    }

    /// Remembers that an address takes no letters; what was remembered of it stays.
    pub fn put_dead(&mut self, dead: &DeadAddress) -> Result<(), StoreError> {
        let key = dead_key(&dead.address);
        match self.read::<DeadAddress>("dead address", &key)? {
            Some(_) => Ok(()),
            None => self.put(key, dead),
        }
    }

    /// The address is mended. Was it known to fail?
    pub fn delete_dead(&mut self, address: &str) -> Result<bool, StoreError> {
        let key = dead_key(address);
        let known = self.read::<DeadAddress>("dead address", &key)?.is_some();
        if known {
            self.remove(key);
        }
        Ok(known)
    }
}

impl Store {
    /// The received mail with this id.
    pub fn received(&self, id: &str) -> Result<Option<Received>, StoreError> {
        codec::read(self.engine(), "received", &received_key(id))
    }

    /// Visits received mails, newest first; `false` ends the walk.
    pub fn for_each_received(
        &self,
        mut visit: impl FnMut(Received) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        let (from, to) = span(kind::RECEIVED_TIME);
        let mut scanned = Scanned::default();
        self.each(&from, &to, Order::Descending, |index, _| {
            match self.received(&read_index(index)?.1) {
                Ok(Some(mail)) => {
                    scanned.seen += 1;
                    visit(mail)
                }
                Ok(None) => Ok(true),
                Err(error) => scanned.damaged(error),
            }
        })?;
        Ok(scanned)
    }

    /// What is known of an address that takes no letters.
    pub fn dead_address(&self, address: &str) -> Result<Option<DeadAddress>, StoreError> {
        codec::read(self.engine(), "dead address", &dead_key(address))
    }

    /// Every address that takes no letters.
    pub fn dead_addresses(&self) -> Result<Vec<DeadAddress>, StoreError> {
        let mut all = Vec::new();
        self.for_each_record(
            "dead address",
            span(kind::DEAD_ADDRESS),
            Order::Ascending,
            |_, dead| {
                all.push(dead);
                Ok(true)
            },
        )?;
        Ok(all)
    }

    /// The letters that were written at an instant: those of one run.
    pub fn letters_of(&self, at: Timestamp) -> Result<Vec<Letter>, StoreError> {
        let from = Key::of(kind::LETTER_TIME).time(at).done();
        let to = Key::of(kind::LETTER_TIME).time(at + chrono::TimeDelta::milliseconds(1)).done();
        let mut letters = Vec::new();
        self.each(&from, &to, Order::Ascending, |index, _| {
            letters.extend(self.letter(&read_index(index)?.1)?);
            Ok(true)
        })?;
        Ok(letters.into_iter().filter(|letter| letter.created_at == at).collect())
    }

    /// Removes received mails read before an instant, at most `limit`; how many were removed.
    pub(super) fn prune_received(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let from = span(kind::RECEIVED_TIME).0;
        let to = Key::of(kind::RECEIVED_TIME).time(before).done();
        let mut old = Vec::new();
        self.each(&from, &to, Order::Ascending, |index, _| {
            old.push(read_index(index)?);
            Ok(old.len() < limit)
        })?;
        let mut change = self.change();
        old.iter().for_each(|(at, id)| change.delete_received(*at, id));
        self.commit(change)?;
        Ok(old.len())
    }
}

#[cfg(test)]
mod tests;
