//! Which webhooks hear of a letter, and what is said there? Copies in the same outbox, within the letter's own commit.
//!
//! A group chat is no mailbox: a copy says what an owner could forward (no addresses, no links that act), once per run however many
//! people the letter went to.

use freshd_core::Timestamp;
use freshd_core::account::Account;

use super::letter::{Brief, Composed, hash_of};
use super::plan::in_units;
use super::report::WrittenLetter;
use super::tick::{Notifier, NotifyError};
use crate::config::WebhookConfig;
use crate::store::{Change, Letter, LetterBody};

/// How the recipient of a copy is written in the outbox, before the webhook's name.
pub const WEBHOOK: &str = "webhook:";

/// The name of the webhook that a letter goes to; `None` = it goes by mail.
pub fn webhook_name(to: &str) -> Option<&str> {
    to.strip_prefix(WEBHOOK)
}

impl Notifier {
    /// Adds a copy for each webhook that is to hear of this letter and has not in this run. `why` as with the letter itself.
    pub(super) fn copies(
        &self,
        change: &mut Change,
        letter: &Letter,
        composed: &Composed,
        why: &str,
        now: Timestamp,
    ) -> Result<Vec<WrittenLetter>, NotifyError> {
        let mut written = Vec::new();
        for hook in &self.settings.webhooks {
            if !composed.reasons.iter().any(|reason| hook.reasons.contains(reason)) {
                continue;
            }
            let briefs = theirs(change, hook, &composed.briefs)?;
            if briefs.is_empty() {
                continue;
            }
            let copy = copy(hook, letter, &briefs, now);
            if change.letter(&copy.id)?.is_some() {
                continue;
            }
            let text: Vec<&str> = briefs.iter().map(|brief| brief.text.as_str()).collect();
            let body = LetterBody { text: text.join("\n"), ..LetterBody::default() };
            change.new_letter(&copy, &body)?;
            written.push(WrittenLetter {
                id: copy.id,
                state: copy.state,
                why: why.to_owned(),
                to: copy.to,
                reason: composed.reasons.clone(),
                subject: copy.subject,
                accounts: copy.accounts.iter().map(ToString::to_string).collect(),
                next_attempt: copy.next_attempt,
            });
        }
        Ok(written)
    }
}

/// Those that a webhook may hear of: with units, only their accounts.
fn theirs<'b>(
    change: &mut Change,
    hook: &WebhookConfig,
    briefs: &'b [Brief],
) -> Result<Vec<&'b Brief>, NotifyError> {
    let mut found = Vec::new();
    for brief in briefs {
        let account: Option<Account> = match &brief.account {
            Some(id) if !hook.units.is_empty() => change.account(id)?,
            _ => None,
        };
        if hook.units.is_empty() || account.is_some_and(|held| in_units(&held, &hook.units)) {
            found.push(brief);
        }
    }
    Ok(found)
}

/// The same words to the same webhook in one run have one id, whomever the letters went to.
fn copy(hook: &WebhookConfig, letter: &Letter, briefs: &[&Brief], now: Timestamp) -> Letter {
    let run = now.timestamp_millis().to_string();
    let reasons = letter.reasons.join(",");
    let texts = briefs.iter().map(|brief| brief.text.as_str());
    let id = hash_of([WEBHOOK, &hook.name, &run, &reasons].into_iter().chain(texts));
    let mut accounts: Vec<_> = briefs.iter().filter_map(|brief| brief.account.clone()).collect();
    accounts.dedup();
    Letter {
        id: id[..16].to_owned(),
        to: format!("{WEBHOOK}{}", hook.name),
        message_id: format!("<{}@webhook.invalid>", &id[..32]),
        accounts,
        tells: Vec::new(),
        ..letter.clone()
    }
}
