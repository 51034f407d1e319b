//! What does a mail that came in say? A reply with its own words and links, a returned letter, or a machine's answer.
//!
//! **Invariant:** nothing is believed here. What a mail claims is held against the outbox before anything follows from
//! it; attachments and mails inside the mail are not opened, save what a bounce returns.

use chrono::DateTime;
use freshd_core::Timestamp;
use mail_parser::{HeaderValue, Message, MessageParser};
use sha2::{Digest, Sha256};

use super::clean;

pub mod imap;
mod returned;
mod words;

pub use returned::{Fate, Report, Returned};

/// Of a mail no more than this is read, bytes: whole replies and bounces are far shorter, attachments come last.
pub const MAIL_BYTES_MAX: usize = 1 << 20;
/// Characters kept of a subject.
const SUBJECT_CHARS_MAX: usize = 200;
/// Message-IDs that are looked at in one mail.
const IDS_MAX: usize = 50;

/// One mail, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Hash of its bytes: the same mail has the same id.
    pub id: String,
    /// Who it says it is from, bare, as written; empty if it does not say.
    pub from: String,
    /// Its subject, one line.
    pub subject: String,
    /// When it says it was sent.
    pub sent: Option<Timestamp>,
    /// Message-IDs that it answers, with their brackets.
    pub answers: Vec<String>,
    /// Did a machine write it?
    pub automatic: bool,
    /// What it returns, if it is a bounce.
    pub returned: Option<Returned>,
    /// Its own words, without what it quotes.
    pub words: String,
    /// The links in its own words, in their order.
    pub links: Vec<String>,
    /// How many attachments it has; they are not opened.
    pub attachments: usize,
}

/// The id of a mail: a hash of its bytes.
pub fn id_of(raw: &[u8]) -> String {
    Sha256::digest(raw).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a mail, at most its first [`MAIL_BYTES_MAX`] bytes. What cannot be understood is empty.
pub fn read(raw: &[u8]) -> Incoming {
    let raw = &raw[..raw.len().min(MAIL_BYTES_MAX)];
    let id = id_of(raw);
    let Some(message) = MessageParser::default().parse(raw) else {
        return Incoming { id, ..Incoming::default() };
    };
    let from = message.from().and_then(|from| from.first()).and_then(|from| from.address());
    let subject = clean::one_line(message.subject().unwrap_or_default(), SUBJECT_CHARS_MAX);
    let said = words::of(&message);
    Incoming {
        id,
        from: from.and_then(clean::address).unwrap_or_default(),
        sent: message.date().and_then(|at| DateTime::from_timestamp(at.to_timestamp(), 0)),
        answers: answers(&message),
        automatic: is_automatic(&message, &subject),
        returned: returned::of(&message, raw, &subject),
        words: said.text,
        links: said.links,
        attachments: message.attachment_count(),
        subject,
    }
}

/// The Message-IDs of `In-Reply-To` and `References`.
fn answers(message: &Message<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for header in [message.in_reply_to(), message.references()] {
        let listed: Vec<&str> = match header {
            HeaderValue::Text(one) => vec![one.as_ref()],
            HeaderValue::TextList(many) => many.iter().map(AsRef::as_ref).collect(),
            _ => Vec::new(),
        };
        for id in listed {
            let id = format!("<{}>", id.trim().trim_matches(['<', '>']));
            if !found.contains(&id) && found.len() < IDS_MAX {
                found.push(id);
            }
        }
    }
    found
}

/// Has a machine written it (RFC 3834), such as for somebody on leave? A read receipt is one, too.
fn is_automatic(message: &Message<'_>, subject: &str) -> bool {
    let header = |name: &str| message.header_raw(name).unwrap_or_default().trim().to_lowercase();
    let marked = header("Auto-Submitted");
    if !marked.is_empty() && !marked.starts_with("no") {
        return true;
    }
    let bulk = ["bulk", "junk", "list", "auto_reply", "auto-reply"];
    if bulk.contains(&header("Precedence").as_str()) {
        return true;
    }
    let flags = ["X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-POST-MessageClass"];
    if flags.iter().any(|name| message.header_raw(*name).is_some()) {
        return true;
    }
    if message.parts.iter().any(|part| returned::is_part(part, "disposition-notification")) {
        return true;
    }
    let subject = subject.to_lowercase();
    let begins =
        ["自动回复", "automatic reply", "auto:", "auto reply", "autoreply", "out of office"];
    begins.iter().any(|words| subject.starts_with(words))
}

#[cfg(test)]
mod tests;
