//! Under which key is what kept? One ordered space; the first byte says the kind.
//!
//! Instants are milliseconds, big-endian, so that keys sort by time. Texts inside a key end with
//! `00 01`, and a zero byte in them is written `00 ff`, so that no text can reach into the part
//! behind it.

use chrono::DateTime;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use sha2::{Digest, Sha256};

/// Kinds of records, each with the prefix of its keys. They are part of the stored form: never
/// reuse one.
pub(crate) mod kind {
    /// `m` name → what the store knows about itself.
    pub(crate) const META: u8 = b'm';
    /// `a` account id → the account.
    pub(crate) const ACCOUNT: u8 = b'a';
    /// `l` alias, account id → nothing.
    pub(crate) const ALIAS: u8 = b'l';
    /// `s` account id → its state.
    pub(crate) const STATE: u8 = b's';
    /// `u` account id → its due times.
    pub(crate) const DUE: u8 = b'u';
    /// `d` due time, account id → nothing.
    pub(crate) const POLL_DUE: u8 = b'd';
    /// `n` due time, account id → nothing.
    pub(crate) const NOTIFY_DUE: u8 = b'n';
    /// `w` account id → when its links are looked at next.
    pub(crate) const LINKS_TURN: u8 = b'w';
    /// `k` due time, account id → nothing.
    pub(crate) const LINKS_DUE: u8 = b'k';
    /// `j` account id, time, position, hash → event.
    pub(crate) const JOURNAL: u8 = b'j';
    /// `e` hash → head of a piece of evidence.
    pub(crate) const EVIDENCE: u8 = b'e';
    /// `f` hash, number → its bytes.
    pub(crate) const EVIDENCE_BYTES: u8 = b'f';
    /// `t` last reference, hash → nothing.
    pub(crate) const EVIDENCE_TIME: u8 = b't';
    /// `o` letter id → the letter without its texts.
    pub(crate) const LETTER: u8 = b'o';
    /// `b` letter id → its texts.
    pub(crate) const LETTER_BODY: u8 = b'b';
    /// `q` next attempt or end of lease, letter id → nothing.
    pub(crate) const LETTER_QUEUE: u8 = b'q';
    /// `c` creation, letter id → nothing.
    pub(crate) const LETTER_TIME: u8 = b'c';
    /// `h` hash of the address → the link check.
    pub(crate) const LINK: u8 = b'h';
    /// `A` time, position, hash → audit entry.
    pub(crate) const AUDIT: u8 = b'A';
    /// `i` number → slice of an import that is being carried out.
    pub(crate) const IMPORT: u8 = b'i';
    /// `W` account id, word id → what the account's owner said.
    pub(crate) const OWNER: u8 = b'W';
    /// `T` → how many records of each kind there are, and the sum of their hashes.
    pub(crate) const TALLY: u8 = b'T';
    /// `R` hash of a received mail → the mail.
    pub(crate) const RECEIVED: u8 = b'R';
    /// `Q` when it was read, hash of a received mail → nothing.
    pub(crate) const RECEIVED_TIME: u8 = b'Q';
    /// `B` address → that it takes no letters.
    pub(crate) const DEAD_ADDRESS: u8 = b'B';
    /// `x` key of a record, number → part of a record too large for one value.
    pub(crate) const PART: u8 = b'x';
}

/// The English key of a kind, for machines; `unknown` for one that this version does not know.
pub(crate) fn name(of: u8) -> &'static str {
    match of {
        kind::META => "meta",
        kind::ACCOUNT => "account",
        kind::ALIAS => "alias",
        kind::STATE => "state",
        kind::DUE => "due",
        kind::POLL_DUE => "poll_due",
        kind::NOTIFY_DUE => "notify_due",
        kind::LINKS_TURN => "links_turn",
        kind::LINKS_DUE => "links_due",
        kind::JOURNAL => "journal",
        kind::EVIDENCE => "evidence",
        kind::EVIDENCE_BYTES => "evidence_bytes",
        kind::EVIDENCE_TIME => "evidence_time",
        kind::LETTER => "letter",
        kind::LETTER_BODY => "letter_body",
        kind::LETTER_QUEUE => "letter_queue",
        kind::LETTER_TIME => "letter_time",
        kind::LINK => "link",
        kind::AUDIT => "audit",
        kind::IMPORT => "import",
        kind::OWNER => "owner_word",
        kind::TALLY => "tally",
        kind::RECEIVED => "received",
        kind::RECEIVED_TIME => "received_time",
        kind::DEAD_ADDRESS => "dead_address",
        kind::PART => "part",
        _ => "unknown",
    }
}

/// Texts of any length that are longer than this are replaced by their hash, bytes.
const TEXT_BYTES_MAX: usize = 400;

/// Every key of a kind: `[from, to)`.
pub(crate) fn span(kind: u8) -> (Vec<u8>, Vec<u8>) {
    (vec![kind], vec![kind + 1])
}

/// Every key that begins with `prefix` (which holds no `ff` byte at its end).
pub(crate) fn under(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut to = prefix.to_vec();
    if let Some(last) = to.last_mut() {
        *last += 1;
    }
    (prefix.to_vec(), to)
}

/// Builds one key.
#[derive(Clone, Debug)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// Begins a key of this kind.
    pub(crate) fn of(kind: u8) -> Self {
        Self(vec![kind])
    }

    /// A text, ended so that more may follow.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xff);
            }
        }
        self.0.extend([0, 1]);
        self
    }

    /// A text of any length: its hash stands for a long one, which then cannot be read back.
    pub(crate) fn any_text(self, text: &str) -> Self {
        if text.len() <= TEXT_BYTES_MAX {
            return self.text(text);
        }
        let hash = Sha256::digest(text.as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.text(&format!("sha256:{hex}"))
    }

    /// An instant, to the millisecond.
    pub(crate) fn time(self, at: Timestamp) -> Self {
        self.bytes(&sortable(at))
    }

    /// Bytes of a length that the kind knows.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The key.
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a key from its front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads behind the kind's byte.
    pub(crate) fn behind_kind(key: &'a [u8]) -> Self {
        Self(key.get(1..).unwrap_or_default())
    }

    /// The next text.
    pub(crate) fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        let mut at = 0;
        loop {
            match (*self.0.get(at)?, self.0.get(at + 1)) {
                (0, Some(1)) => break,
                (0, Some(0xff)) => {
                    text.push(0);
                    at += 2;
                }
                (0, _) => return None,
                (byte, _) => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
        self.0 = &self.0[at + 2..];
        String::from_utf8(text).ok()
    }

    /// The next instant.
    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        from_sortable(*head)
    }

    /// What is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Milliseconds as eight bytes that sort like the instants.
pub(crate) fn sortable(at: Timestamp) -> [u8; 8] {
    (at.timestamp_millis().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The instant of eight sortable bytes; `None` beyond chrono's range.
pub(crate) fn from_sortable(bytes: [u8; 8]) -> Option<Timestamp> {
    DateTime::from_timestamp_millis((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
}

/// Key of a record that belongs to an account alone.
pub(crate) fn of_account(kind: u8, id: &AccountId) -> Vec<u8> {
    Key::of(kind).text(id.as_str()).done()
}

/// Key in an index by time.
pub(crate) fn timed(kind: u8, at: Timestamp, id: &str) -> Vec<u8> {
    Key::of(kind).time(at).text(id).done()
}

#[cfg(test)]
mod tests;
