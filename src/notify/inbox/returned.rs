//! Which letter came back, from whom, and for good? Delivery status notifications (RFC 3464), and the plain texts that some
//! mail servers send instead.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::IDS_MAX;
use crate::notify::clean;

/// Characters kept of a diagnosis.
const DETAIL_CHARS_MAX: usize = 300;
/// Recipients that are looked at in one bounce.
const RECIPIENTS_MAX: usize = 50;
/// Mails within mails that are looked into.
const DEPTH_MAX: usize = 4;

/// A returned letter, as somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// Message-IDs in the form of ours that stand anywhere in it, with their brackets.
    pub message_ids: Vec<String>,
    /// What is said of which recipients.
    pub reports: Vec<Report>,
}

/// What is said of some recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Addresses, in small letters: the final one, and the original one where it is told.
    pub recipients: Vec<String>,
    /// For good?
    pub fate: Fate,
    /// `5.1.1` or `550`; empty if none is given.
    pub status: String,
    /// What the other server said, one line.
    pub detail: String,
}

/// Is it over?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was returned for good.
    Failed,
    /// It is late, or was delivered: nothing is final.
    Open,
}

/// Is the part `message/NAME`?
pub(super) fn is_part(part: &MessagePart<'_>, name: &str) -> bool {
    part.content_type().is_some_and(|held| {
        let subtype = held.subtype().unwrap_or_default().to_lowercase();
        held.ctype().eq_ignore_ascii_case("message")
            && subtype.trim_start_matches("global-") == name
    })
}

/// The bounce that a mail is, if it is one.
pub(super) fn of(message: &Message<'_>, raw: &[u8], subject: &str) -> Option<Returned> {
    let status = message.parts.iter().find(|part| is_part(part, "delivery-status"));
    if status.is_none() && !is_from_a_server(message) {
        return None;
    }
    let mut texts = vec![String::from_utf8_lossy(raw).into_owned()];
    gather(message, 0, &mut texts);
    let mut message_ids = Vec::new();
    texts.iter().for_each(|text| ids_in(text, &mut message_ids));
    let reports = match status {
        Some(part) => groups(&String::from_utf8_lossy(part.contents())),
        None => plain(message, subject, &texts[1..]).into_iter().collect(),
    };
    let own = status.is_some() || !(reports.is_empty() || message_ids.is_empty());
    own.then_some(Returned { message_ids, reports })
}

/// Do mail servers write under this name? The empty return path alone says nothing: answers of people on leave have it.
fn is_from_a_server(message: &Message<'_>) -> bool {
    let from = message.from().and_then(|from| from.first()).and_then(|from| from.address());
    let local = from.and_then(|from| from.split('@').next()).unwrap_or_default().to_lowercase();
    ["mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "mdaemon"]
        .contains(&local.as_str())
}

/// All texts of a mail, decoded, and of the mails within it.
fn gather(message: &Message<'_>, depth: usize, texts: &mut Vec<String>) {
    for part in &message.parts {
        match &part.body {
            PartType::Text(text) => texts.push(text.clone().into_owned()),
            PartType::Html(html) => texts.push(html_to_text(html)),
            PartType::Message(inner) if depth < DEPTH_MAX => {
                texts.push(inner.message_id().unwrap_or_default().to_owned());
                gather(inner, depth + 1, texts);
            }
            PartType::Binary(bytes)
                if part.content_type().is_some_and(|held| {
                    held.ctype().eq_ignore_ascii_case("message")
                        || held.ctype().eq_ignore_ascii_case("text")
                }) =>
            {
                texts.push(String::from_utf8_lossy(bytes).into_owned());
            }
            _ => {}
        }
    }
}

/// Message-IDs of the form that our letters have: `freshd.HEX@DOMAIN`.
fn ids_in(text: &str, found: &mut Vec<String>) {
    for (at, mark) in text.match_indices("freshd.") {
        let rest = &text[at + mark.len()..];
        let hex = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let Some(domain) = rest[hex..].strip_prefix('@').filter(|_| hex >= 16) else { continue };
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        let domain = &domain[..domain.find(is_end).unwrap_or(domain.len())];
        let id = format!("<{mark}{}@{domain}>", &rest[..hex]);
        if found.len() < IDS_MAX && !domain.is_empty() && !found.contains(&id) {
            found.push(id);
        }
    }
}

/// The groups of a `message/delivery-status` part: the first speaks of the message, each other of a recipient.
fn groups(text: &str) -> Vec<Report> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let field = |line: &str, name: &str| -> Option<String> {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    let group = |group: &str| -> Option<Report> {
        let get = |name: &str| group.lines().find_map(|line| field(line, name));
        let recipients = ["Original-Recipient", "Final-Recipient"].into_iter().filter_map(get);
        let recipients: Vec<String> = recipients.filter_map(|typed| address(&typed)).collect();
        let action = get("Action").unwrap_or_default().to_lowercase();
        let status = get("Status").unwrap_or_default();
        let status = status.split_whitespace().next().unwrap_or_default().to_owned();
        let fate = if action == "failed" { Fate::Failed } else { Fate::Open };
        let said = get("Diagnostic-Code").unwrap_or_default();
        let said = said.split_once(';').map_or(said.as_str(), |(_, said)| said);
        let detail = clean::one_line(said, DETAIL_CHARS_MAX);
        (!recipients.is_empty()).then_some(Report { recipients, fate, status, detail })
    };
    unfolded.split("\n\n").filter_map(group).take(RECIPIENTS_MAX).collect()
}

/// The address of `rfc822; name@host`.
fn address(typed: &str) -> Option<String> {
    let text = typed.split_once(';').map_or(typed, |(_, address)| address);
    clean::address(text).map(|address| address.to_lowercase())
}

/// What a bounce without a machine's part says: whom, by its header or its words, and a code of failure.
fn plain(message: &Message<'_>, subject: &str, texts: &[String]) -> Option<Report> {
    let text = texts.join("\n");
    let own = before_the_copy(&text);
    let recipients = match message.header_raw("X-Failed-Recipients") {
        Some(listed) => addresses(listed),
        None => addresses(own),
    };
    let small = format!("{subject}\n{own}").to_lowercase();
    let late =
        ["delayed", "warning:", "will be retried", "still being", "尚未送达", "继续尝试", "延迟"];
    let is_late = late.iter().any(|words| small.contains(words));
    let status = code(own);
    let is_told =
        subject.contains("退信") || small.contains("无法送达") || small.contains("投递失败");
    let fate = match status.as_bytes().first() {
        _ if is_late => Fate::Open,
        Some(b'5') => Fate::Failed,
        Some(_) => Fate::Open,
        None if is_told => Fate::Failed,
        None => return None,
    };
    let line = own.lines().find(|line| !status.is_empty() && line.contains(&status));
    let detail = clean::one_line(line.unwrap_or(subject), DETAIL_CHARS_MAX);
    (!recipients.is_empty()).then_some(Report { recipients, fate, status, detail })
}

/// The server's own words, which stand before the copy of the letter.
fn before_the_copy(text: &str) -> &str {
    let marks = ["------ This is a copy", "--- Below this line is a copy", "Received: from "];
    let cut = marks.iter().filter_map(|mark| text.find(mark)).min();
    cut.map_or(text, |at| &text[..at])
}

fn addresses(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "@._-+=%".contains(c);
    let words = text.split(|c: char| !is_part(c)).filter(|word| word.contains('@'));
    let mut found: Vec<String> = Vec::new();
    for word in words.filter_map(|word| clean::address(word.trim_matches('.'))) {
        let word = word.to_lowercase();
        if !found.contains(&word) && found.len() < RECIPIENTS_MAX {
            found.push(word);
        }
    }
    found
}

/// The first `5.1.1`, else the first `550`.
fn code(text: &str) -> String {
    let words =
        || text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|it| it.trim_matches('.'));
    let enhanced = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        matches!(parts.as_slice(), [class, subject, detail]
            if ["4", "5"].contains(class) && fits(subject) && fits(detail))
    };
    let basic = |word: &&str| {
        let known = ["421", "450", "451", "452", "521", "541", "571"];
        known.contains(word)
            || word.len() == 3 && ("500".."504").contains(word)
            || word.len() == 3 && ("550".."557").contains(word)
    };
    words().find(enhanced).or_else(|| words().find(basic)).unwrap_or_default().to_owned()
}

fn fits(part: &str) -> bool {
    (1..=3).contains(&part.len())
}
