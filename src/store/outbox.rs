//! Which letters are to be sent, and what became of each? The outbox: claimed, sent after a
//! barrier, recorded.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::Tell;
use serde::{Deserialize, Serialize};

use super::change::{Change, Expansion, LetterMove};
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, Reader, kind, span, timed};
use super::{Scanned, Store, codec};

mod waiting;

/// How far a letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// Drafted; waits for a person to release it.
    Held,
    /// Waits for its next attempt.
    Queued,
    /// Claimed by a sender until the end of the lease.
    Sending,
    /// The mail server has taken it.
    Accepted,
    /// Taken, then returned.
    Bounced,
    /// Refused for good by the mail server.
    Refused,
    /// Withdrawn before it was sent.
    Cancelled,
    /// Tried too often or too long.
    GivenUp,
}

impl LetterState {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Held,
        Self::Queued,
        Self::Sending,
        Self::Accepted,
        Self::Bounced,
        Self::Refused,
        Self::Cancelled,
        Self::GivenUp,
    ];

    /// The key in JSON and metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Bounced => "bounced",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::GivenUp => "given_up",
        }
    }

    /// Will nothing more happen to it by itself?
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Held | Self::Queued | Self::Sending)
    }
}

/// A letter without its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Names the letter; the same content has the same id.
    pub id: String,
    /// How far it has come.
    pub state: LetterState,
    /// The recipient's address.
    pub to: String,
    /// Reasons as in `X-Freshd-Reason`, most urgent first.
    pub reasons: Vec<String>,
    /// The same on every attempt.
    pub message_id: String,
    /// Subject line.
    pub subject: String,
    /// The accounts that it is about.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// How often it has been claimed for sending.
    #[serde(default)]
    pub attempts: u32,
    /// When it may be tried (again), while queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// Until when its sender has it, while sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// What the mail server last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reply: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was first tried: its life in the queue is counted from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt: Option<Timestamp>,
    /// After this instant it comes too late (the earliest deadline in it): then it does not wait for sending hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_after: Option<Timestamp>,
    /// Have the operators been told that it failed?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator_told: bool,
    /// What it tells of whom, while it is held or waits for sending hours: it can still be written anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tells: Vec<(AccountId, Tell)>,
    /// When what it took in from others was decided; the rest was when it was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Timestamp>,
    /// The letter that says all this and more, where it was cancelled for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

impl Letter {
    /// When it is next to be looked at by a sender: its place in the queue.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.state {
            LetterState::Queued => Some(self.next_attempt.unwrap_or(self.created_at)),
            LetterState::Sending => Some(self.lease_until.unwrap_or(self.created_at)),
            _ => None,
        }
    }
}

/// A file that goes with a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, ASCII.
    pub name: String,
    /// Its media type, e.g. `text/calendar`.
    pub kind: String,
    /// Its bytes in base64 (standard alphabet, padded).
    pub base64: String,
}

impl Attachment {
    /// A file of these bytes.
    pub fn new(name: &str, kind: &str, bytes: &[u8]) -> Self {
        let base64 = STANDARD.encode(bytes);
        Self { name: name.to_owned(), kind: kind.to_owned(), base64 }
    }

    /// Its bytes; `None` if the record is damaged.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.base64).ok()
    }
}

/// A letter's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterBody {
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

pub(super) fn key(id: &str) -> Vec<u8> {
    Key::of(kind::LETTER).text(id).done()
}

pub(super) fn body_key(id: &str) -> Vec<u8> {
    Key::of(kind::LETTER_BODY).text(id).done()
}

impl Change {
    /// Adds a letter; the commit conflicts if there is one with this id already.
    pub fn new_letter(&mut self, letter: &Letter, body: &LetterBody) -> Result<(), StoreError> {
        self.expect_absent(key(&letter.id));
        self.put(body_key(&letter.id), body)?;
        self.put_letter(letter);
        Ok(())
    }

    /// Sets how far a letter has come; its texts stay.
    pub fn put_letter(&mut self, letter: &Letter) {
        self.letters.insert(letter.id.clone(), Some(letter.clone()));
    }

    /// Reads a letter; the commit conflicts if it changes meanwhile.
    pub fn letter(&mut self, id: &str) -> Result<Option<Letter>, StoreError> {
        match self.letters.get(id) {
            Some(pending) => Ok(pending.clone()),
            None => self.read("letter", &key(id)),
        }
    }

    /// Removes a letter and its texts.
    pub fn delete_letter(&mut self, id: &str) {
        self.remove(body_key(id));
        self.letters.insert(id.to_owned(), None);
    }
}

impl Store {
    /// The letter with this id.
    pub fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        codec::read(self.engine(), "letter", &key(id))
    }

    /// The texts of the letter with this id.
    pub fn letter_body(&self, id: &str) -> Result<Option<LetterBody>, StoreError> {
        codec::read(self.engine(), "letter", &body_key(id))
    }

    /// Visits the letters, newest first; `false` ends the walk.
    pub fn for_each_letter(
        &self,
        mut visit: impl FnMut(Letter) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        let (from, to) = span(kind::LETTER_TIME);
        let mut scanned = Scanned::default();
        self.each(&from, &to, Order::Descending, |index, _| {
            let id = read_index(index)?.1;
            match self.letter(&id) {
                Ok(Some(letter)) => {
                    scanned.seen += 1;
                    visit(letter)
                }
                Ok(None) => Ok(true),
                Err(error) => scanned.damaged(error),
            }
        })?;
        Ok(scanned)
    }

    /// How many letters are in each state. Walks them the first time, and is counted on from there.
    pub fn letter_counts(&self) -> Result<BTreeMap<LetterState, u64>, StoreError> {
        // No commit comes between the walk and what is counted on.
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = self.0.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = &*held {
            return Ok(counts.clone());
        }
        let mut counts: BTreeMap<LetterState, u64> =
            LetterState::ALL.into_iter().map(|state| (state, 0)).collect();
        self.for_each_letter(|letter| {
            *counts.entry(letter.state).or_default() += 1;
            Ok(true)
        })?;
        *held = Some(counts.clone());
        Ok(counts)
    }

    /// Counts on after a commit; the writer's lock is held.
    pub(super) fn count_letters(&self, moves: &[LetterMove]) {
        let mut held = self.0.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counts) = &mut *held else { return };
        for (from, to) in moves {
            if let Some(count) = from.and_then(|from| counts.get_mut(&from)) {
                *count = count.saturating_sub(1);
            }
            if let Some(to) = to {
                *counts.entry(*to).or_default() += 1;
            }
        }
    }

    /// When the next letter is to be tried or its lease ends, which may be in the past.
    pub fn next_letter_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (from, to) = span(kind::LETTER_QUEUE);
        let mut next = None;
        self.each(&from, &to, Order::Ascending, |index, _| {
            next = Some(read_index(index)?.0);
            Ok(false)
        })?;
        Ok(next)
    }

    /// Claims up to `limit` letters that are due at `now` (queued, or sending with a lease that has
    /// run out) until `lease_until`, and counts the attempt. **A barrier must follow before any of
    /// them is sent.**
    pub fn claim_letters(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        let (from, _) = span(kind::LETTER_QUEUE);
        let to = Key::of(kind::LETTER_QUEUE).time(now + chrono::TimeDelta::milliseconds(1)).done();
        self.update(|change| {
            let mut ids = Vec::new();
            if limit > 0 {
                self.each(&from, &to, Order::Ascending, |index, _| {
                    ids.push(read_index(index)?.1);
                    Ok(ids.len() < limit)
                })?;
            }
            let mut claimed = Vec::new();
            for id in &ids {
                match change.letter(id)? {
                    Some(letter) if letter.due().is_some_and(|due| due <= now) => {
                        claimed.push(change.lease(letter, lease_until));
                    }
                    _ => {}
                }
            }
            Ok(claimed)
        })
    }

    /// Claims one letter whatever its backoff or lease; `None` if there is none or it is final.
    /// **A barrier must follow before it is sent.**
    pub fn claim_letter(
        &self,
        id: &str,
        lease_until: Timestamp,
    ) -> Result<Option<Letter>, StoreError> {
        self.update(|change| {
            let letter = change.letter(id)?.filter(|letter| !letter.state.is_final());
            Ok(letter.map(|letter| change.lease(letter, lease_until)))
        })
    }

    /// Changes one letter, e.g. records the reply of the mail server. Returns it as it is now;
    /// `None` if there is none.
    pub fn update_letter(
        &self,
        id: &str,
        mut edit: impl FnMut(&mut Letter),
    ) -> Result<Option<Letter>, StoreError> {
        self.update(|change| {
            let Some(mut letter) = change.letter(id)? else { return Ok(None) };
            edit(&mut letter);
            change.put_letter(&letter);
            Ok(Some(letter))
        })
    }
}

impl Change {
    fn lease(&mut self, mut letter: Letter, until: Timestamp) -> Letter {
        letter.tells.clear();
        letter.state = LetterState::Sending;
        letter.lease_until = Some(until);
        letter.attempts = letter.attempts.saturating_add(1);
        self.put_letter(&letter);
        letter
    }
}

/// When and which letter an entry of an index refers to.
pub(super) fn read_index(key: &[u8]) -> Result<(Timestamp, String), StoreError> {
    let mut reader = Reader::behind_kind(key);
    let (at, id) = (reader.time(), reader.text());
    at.zip(id).ok_or_else(|| StoreError::damaged("letter", key, "键不完整"))
}

/// Writes (or removes) a letter and moves it in the queue.
pub(super) fn expand(
    work: &mut Expansion<'_>,
    id: &str,
    letter: Option<&Letter>,
) -> Result<(), StoreError> {
    let key = key(id);
    let value = work.present(&key)?;
    let old: Option<Letter> = match &value {
        Some(_) => codec::read(work.engine, "letter", &key)?,
        None => None,
    };
    let states = (old.as_ref().map(|letter| letter.state), letter.map(|letter| letter.state));
    work.letters.push(states);
    let queue = |at| timed(kind::LETTER_QUEUE, at, id);
    let (old_due, new_due) = (old.as_ref().and_then(Letter::due), letter.and_then(Letter::due));
    work.moved(queue, old_due, new_due);
    let created = |at| timed(kind::LETTER_TIME, at, id);
    work.moved(
        created,
        old.map(|letter| letter.created_at),
        letter.map(|letter| letter.created_at),
    );
    let record = letter.map(codec::encode).transpose()?;
    codec::write(&mut work.batch, &key, value.as_deref(), record.as_deref())
}

#[cfg(test)]
pub(crate) mod tests;
