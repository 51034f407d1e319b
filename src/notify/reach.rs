//! Who can still be reached? Addresses that failed, the letters that came back from them, and what is told to the next in
//! the chain instead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, Told};
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;

use super::deliver::finish;
use super::inbox::{Fate, Report, Returned};
use super::matters;
use super::operator::Matter;
use super::plan::{listed, reachable};
use super::report::NotifyReport;
use super::smtp::Outcome;
use super::tick::{Notifier, NotifyError};
use super::{META_NOBODY_TOLD, META_NOBODY_TOLD_AT, META_RECEIVED, clean};
use crate::store::{
    Audit, Change, DeadAddress, DeadHow, Letter, LetterState, Received, Store, StoreError,
};

/// The operators are told again of the same accounts that nobody can be written to about after this, days.
const NOBODY_AGAIN_DAYS: i64 = 7;
/// A letter's id is so many of the characters that its Message-ID holds.
const ID_CHARS: usize = 16;

/// Those of an account's addresses that take no letters, in small letters.
pub fn dead_of(store: &Store, account: &Account) -> Result<BTreeSet<String>, StoreError> {
    let columns = [&account.email, &account.officer_email, &account.supervisor_email];
    let mut dead = BTreeSet::new();
    for address in columns.into_iter().flat_map(|column| listed(column)) {
        let address = address.to_lowercase();
        if store.dead_address(&address)?.is_some() {
            dead.insert(address);
        }
    }
    Ok(dead)
}

/// Forgets dead addresses that the ledger has no longer: what comes back later is a new statement. How many.
pub fn forget_unlisted(store: &Store) -> Result<usize, StoreError> {
    let dead = store.dead_addresses()?;
    if dead.is_empty() {
        return Ok(0);
    }
    let mut known = BTreeSet::new();
    store.for_each_account(|account: Account| {
        for column in [&account.email, &account.officer_email, &account.supervisor_email] {
            known.extend(listed(column).iter().map(|address| address.to_lowercase()));
        }
        Ok(true)
    })?;
    let mut forgotten = 0;
    for one in dead.iter().filter(|one| !known.contains(&one.address)) {
        forgotten += usize::from(store.update(|change| change.delete_dead(&one.address))?);
    }
    Ok(forgotten)
}

/// What an attempt says of the recipient's address: refused for good, or put off until it was given up.
pub(super) fn after_attempt(
    store: &Store,
    change: &mut Change,
    letter: &Letter,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let how = match (letter.state, outcome) {
        (LetterState::Refused, Outcome::Refused(reply)) if is_of_address(reply) => DeadHow::Refused,
        (LetterState::GivenUp, Outcome::Deferred { relay: false, .. }) => DeadHow::GivenUp,
        _ => return Ok(()),
    };
    died(store, change, letter, how, now)
}

/// Does a refusal concern the recipient's address? By its enhanced code (RFC 3463) where there is one: `5.1` and `5.2`
/// are of the address and its mailbox; policy, content and our own sender's address are not.
fn is_of_address(reply: &str) -> bool {
    let words = || reply.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let enhanced = words().find(|word| word.starts_with("5.") && word.matches('.').count() == 2);
    if let Some(code) = enhanced {
        let sender = ["5.1.7", "5.1.8", "5.2.3"].contains(&code);
        return !sender && ["5.1.", "5.2.", "5.4.", "5.0."].iter().any(|of| code.starts_with(of));
    }
    let basic = words().next().unwrap_or_default();
    let small = reply.to_lowercase();
    let policy = [
        "spam",
        "spf",
        "dkim",
        "dmarc",
        "denied",
        "policy",
        "blocked",
        "blacklist",
        "content",
        "relay",
        "dt:",
        "mi:",
    ];
    ["550", "551", "553"].contains(&basic) && !policy.iter().any(|word| small.contains(word))
}

/// Remembers the address, and takes back that its letter told anybody: the next run tells the next in the chain.
fn died(
    store: &Store,
    change: &mut Change,
    letter: &Letter,
    how: DeadHow,
    now: Timestamp,
) -> Result<(), StoreError> {
    change.put_dead(&DeadAddress {
        address: letter.to.to_lowercase(),
        how,
        since: now,
        letter: letter.id.clone(),
        reply: letter.last_reply.clone().unwrap_or_default(),
    })?;
    take_back(store, change, letter, |_, _, _| true, now)
}

/// Makes a letter that did not arrive, or some of what it tells, as if it had not been told, save where another letter told it;
/// the accounts are decided about anew.
pub(super) fn take_back(
    store: &Store,
    change: &mut Change,
    letter: &Letter,
    which: impl Fn(&AccountId, Rule, &Told) -> bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let lost =
        [LetterState::Refused, LetterState::Bounced, LetterState::GivenUp, LetterState::Cancelled];
    let decided: BTreeSet<Timestamp> =
        letter.decided.iter().copied().chain([letter.created_at]).collect();
    let mut beside: Vec<Letter> = Vec::new();
    for at in &decided {
        for other in store.letters_of(*at)? {
            // It may have been taken in by this one or another.
            let sent = store.letter_as_sent(&other.id)?;
            beside.extend(sent.filter(|it| it.id != letter.id && !lost.contains(&it.state)));
        }
    }
    for id in &letter.accounts {
        let Some(mut state) = change.state::<AccountState>(id)? else { continue };
        let mut changed = false;
        for episode in &mut state.episodes {
            let rule = episode.rule;
            episode.told.retain(|told| {
                let key = told.reason.key();
                let says = |it: &Letter| it.reasons.iter().any(|reason| reason == key);
                let ours = decided.contains(&told.at) && says(letter) && which(id, rule, told);
                let others = beside.iter().any(|it| it.accounts.contains(id) && says(it));
                changed |= ours && !others;
                !ours || others
            });
        }
        if changed {
            change.put_state_told(id, &state, Some(now))?;
        }
    }
    Ok(())
}

/// The letter that a Message-ID names, if it is exactly this letter's.
pub fn letter_of(change: &mut Change, message_id: &str) -> Result<Option<Letter>, StoreError> {
    let Some(hex) = message_id.strip_prefix("<freshd.") else { return Ok(None) };
    let Some(id) = hex.get(..ID_CHARS) else { return Ok(None) };
    Ok(change.letter(id)?.filter(|letter| letter.message_id.eq_ignore_ascii_case(message_id)))
}

/// What a bounce came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bounce {
    /// The letter is returned for good.
    Bounced(Letter),
    /// The letter is late.
    Delayed(Letter),
    /// It changes nothing; why not, in words, and the letter that it claims to be about.
    Unmatched(String, Option<Letter>),
}

/// Holds a bounce against the outbox: only a letter that was taken for that very recipient can come back.
pub fn bounced(
    store: &Store,
    change: &mut Change,
    returned: &Returned,
    now: Timestamp,
) -> Result<Bounce, StoreError> {
    let mut why = ("退信里没有本系统信件的 Message-ID".to_owned(), None);
    let mut delayed = None;
    for message_id in &returned.message_ids {
        let Some(mut letter) = letter_of(change, message_id)? else {
            why = (format!("没有 Message-ID 为 {message_id} 的信"), None);
            continue;
        };
        let to = letter.to.to_lowercase();
        let Some(report) = returned.reports.iter().find(|it| it.recipients.contains(&to)) else {
            why = (format!("退信说的收件人不是这封信的收件人 {to}"), Some(letter));
            continue;
        };
        if letter.state != LetterState::Accepted {
            let state = letter.state.key();
            why = (format!("这封信的状态是 {state},不是已接收,不可能退回"), Some(letter));
            continue;
        }
        if report.fate == Fate::Open {
            delayed = Some(letter);
            continue;
        }
        letter.state = LetterState::Bounced;
        letter.last_reply = Some(said(report));
        letter.operator_told = false;
        finish(change, &letter, now)?;
        died(store, change, &letter, DeadHow::Bounced, now)?;
        change.audit(&Audit {
            at: now,
            who: "邮件".to_owned(),
            what: "bounce".to_owned(),
            on: letter.id.clone(),
            detail: format!("{to} {}", said(report)),
        })?;
        return Ok(Bounce::Bounced(letter));
    }
    Ok(delayed.map_or(Bounce::Unmatched(why.0, why.1), Bounce::Delayed))
}

fn said(report: &Report) -> String {
    let text = format!("退信 {} {}", report.status, report.detail);
    clean::clean_line(&text)
}

/// Received mails that the operators do not know of yet, as a matter for them.
pub(super) fn received(change: &mut Change) -> Result<Option<Matter>, StoreError> {
    let ids: Vec<String> = change.meta(META_RECEIVED)?.unwrap_or_default();
    if ids.is_empty() {
        return Ok(None);
    }
    change.delete_meta(META_RECEIVED);
    let mut lines = Vec::new();
    for id in &ids {
        let Some(Received { from, subject, outcome, told, text, .. }) = change.received(id)? else {
            continue;
        };
        let words = clean::one_line(&text, clean::LINE_CHARS_MAX / 2);
        let words = if words.is_empty() { String::new() } else { format!("原文:{words}") };
        let outcome = outcome.chinese();
        lines.push(format!("{from}《{subject}》:{outcome};{told}{words}"));
    }
    let key = format!("received {}", ids.join(" "));
    Ok((!lines.is_empty()).then(|| matters::received(lines, key)))
}

impl Notifier {
    /// Accounts that nobody can be written to about: at once when something is to be told of a new one, else weekly.
    pub(super) fn nobody(
        &self,
        change: &mut Change,
        now: Timestamp,
        report: &NotifyReport,
    ) -> Result<Option<Matter>, NotifyError> {
        if report.without_address.is_empty() {
            return Ok(None);
        }
        let told_at: Option<Timestamp> = change.meta(META_NOBODY_TOLD_AT)?;
        let again = TimeDelta::days(NOBODY_AGAIN_DAYS);
        let recent = told_at.is_some_and(|at| at <= now && now - at < again);
        let told: Vec<String> =
            if recent { change.meta(META_NOBODY_TOLD)?.unwrap_or_default() } else { Vec::new() };
        if recent && report.without_address.iter().all(|id| told.contains(id)) {
            return Ok(None);
        }
        let mut lines: BTreeMap<(bool, String), String> = BTreeMap::new();
        self.store.for_each_account(|account: Account| {
            let due = report.without_address.iter().any(|id| id == account.id.as_str());
            let dead = dead_of(&self.store, &account)?;
            let owner = reachable(&account, Audience::Owner, &dead);
            if account.lifecycle.is_judged() && (due || owner.is_empty()) {
                let mark = if due { "(现有事项待通知)" } else { "" };
                let (name, sponsor, phone) =
                    (&account.name, &account.sponsor, account.phone.trim());
                let phone =
                    if phone.is_empty() { String::new() } else { format!(",电话 {phone}") };
                let line = format!("{name}({}){sponsor}{phone}{mark}", account.id);
                lines.insert((!due, account.id.to_string()), line);
            }
            Ok(true)
        })?;
        change.put_meta(META_NOBODY_TOLD_AT, &now)?;
        let mut known = told;
        known.extend(lines.keys().map(|(_, id)| id.clone()));
        change.put_meta(META_NOBODY_TOLD, &known)?;
        let key = format!("nobody {}", now.timestamp_millis());
        Ok(Some(matters::nobody(lines.into_values().collect(), key)))
    }
}

#[cfg(test)]
mod tests;
