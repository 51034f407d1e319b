//! What became of an attempt, and when is the next? Written in one commit with the day's count and the operators' list.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;

use super::{BACKOFF_FIRST_S, BACKOFF_MAX_S, Deliverer, LIFE_DAYS, SentOn, doubled};
use crate::notify::channel::webhook_name;
use crate::notify::reach;
use crate::notify::smtp::Outcome;
use crate::notify::write::LetterEvent;
use crate::notify::{META_REFUSED, META_SENT_ON};
use crate::store::{Change, Letter, LetterState, StoreError};

impl Deliverer {
    /// Records what became of an attempt, in one commit with the day's count and the list for the operators.
    pub(in crate::notify) fn record(
        &self,
        id: &str,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Option<LetterState>, StoreError> {
        self.store.update(|change| {
            let Some(mut letter) = change.letter(id)? else { return Ok(None) };
            // A retry beside this attempt has brought it there: that stands.
            if letter.state == LetterState::Accepted {
                return Ok(Some(LetterState::Accepted));
            }
            let first = *letter.first_attempt.get_or_insert(now);
            letter.lease_until = None;
            letter.next_attempt = None;
            let reply = match outcome {
                Outcome::Accepted(reply) => {
                    letter.state = LetterState::Accepted;
                    if self.chat_of(&letter).is_none() {
                        self.count(change, now)?;
                    }
                    reply
                }
                Outcome::Refused(reply) => {
                    letter.state = LetterState::Refused;
                    reply
                }
                Outcome::Deferred { detail, .. } if now - first >= TimeDelta::days(LIFE_DAYS) => {
                    letter.state = LetterState::GivenUp;
                    detail
                }
                Outcome::Deferred { detail, .. } => {
                    letter.state = LetterState::Queued;
                    letter.next_attempt = Some(self.again(&letter, now));
                    detail
                }
            };
            letter.last_reply = Some(self.replied(&letter, reply));
            finish(change, &letter, now)?;
            let by_mail = webhook_name(&letter.to).is_none();
            if by_mail && self.settings.mail.redirect_to.is_none() {
                reach::after_attempt(&self.store, change, &letter, outcome, now)?;
            }
            Ok(Some(letter.state))
        })
    }

    fn replied(&self, letter: &Letter, reply: &str) -> String {
        match &self.settings.mail.redirect_to {
            Some(to) if self.chat_of(letter).is_none() => format!("{reply}(试发至 {to})"),
            _ => reply.to_owned(),
        }
    }

    fn count(&self, change: &mut Change, now: Timestamp) -> Result<(), StoreError> {
        let day = self.settings.window().day(now);
        let held = change.meta::<SentOn>(META_SENT_ON)?.filter(|held| held.day == day);
        let count = held.map_or(0, |held| held.count).saturating_add(1);
        change.put_meta(META_SENT_ON, &SentOn { day, count })
    }

    /// When a letter that was put off is tried again.
    fn again(&self, letter: &Letter, now: Timestamp) -> Timestamp {
        let wait = doubled(BACKOFF_FIRST_S, letter.attempts.max(1), BACKOFF_MAX_S);
        let attempt = letter.attempts.to_le_bytes();
        let spread = stable_hash(&[letter.id.as_bytes(), &attempt]) % (wait as u64 / 10).max(1);
        let wait = (wait + spread as i64).min(BACKOFF_MAX_S);
        self.settings.window().when(now + TimeDelta::seconds(wait), letter.late_after)
    }
}

/// Writes a letter after an attempt; what is over for it goes to the journals, a failure to the operators' list.
pub(in crate::notify) fn finish(
    change: &mut Change,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), StoreError> {
    change.put_letter(letter);
    if !letter.state.is_final() {
        return Ok(());
    }
    for account in &letter.accounts {
        change.journal(account, now, &LetterEvent::of(letter))?;
    }
    let lost = [LetterState::Refused, LetterState::Bounced, LetterState::GivenUp];
    let failed = lost.contains(&letter.state);
    if failed && !letter.reasons.iter().any(|reason| reason == "operator") {
        let mut refused: Vec<String> = change.meta(META_REFUSED)?.unwrap_or_default();
        if !refused.contains(&letter.id) {
            refused.push(letter.id.clone());
        }
        change.put_meta(META_REFUSED, &refused)?;
    }
    Ok(())
}
