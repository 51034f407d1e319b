//! Did each letter leave, and what was said to it? Claim, barrier, send, record, barrier.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use freshd_core::id::stable_hash;
use freshd_core::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::reach;
use super::settings::NotifySettings;
use super::smtp::{Outcome, Outgoing, Transport};
use super::write::LetterEvent;
use super::{META_REFUSED, META_RELAY_FAILING_SINCE, META_SENT_ON};
use crate::store::{Change, Letter, LetterBody, LetterState, Store, StoreError};

/// A sender that died loses its letters to the next one after this, minutes.
pub const LEASE_MIN: i64 = 5;
/// First wait after a letter was put off, seconds; doubled each time.
pub const BACKOFF_FIRST_S: i64 = 300;
/// Longest wait, seconds (RFC 5321 advises at least every few hours).
pub const BACKOFF_MAX_S: i64 = 4_000;
/// A letter that could not be delivered for so long is given up, days.
pub const LIFE_DAYS: i64 = 5;
/// Letters claimed at once.
const BATCH: usize = 10;
/// Letters sent in one tick; then the loop is given back.
const TICK_MAX: usize = 200;
/// First wait after the server could not be used at all, seconds; doubled up to [`RELAY_MAX_S`].
const RELAY_FIRST_S: i64 = 30;
/// Longest such wait, seconds.
const RELAY_MAX_S: i64 = 600;

/// How many letters the server took on a day (`META_SENT_ON`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentOn {
    /// The day, in the configured zone.
    pub day: NaiveDate,
    /// Letters.
    pub count: u32,
}

/// What one tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverReport {
    /// Taken by the server.
    pub accepted: usize,
    /// Refused for good.
    pub refused: usize,
    /// Put off.
    pub deferred: usize,
    /// Given up after [`LIFE_DAYS`].
    pub given_up: usize,
    /// Not tried: outside the sending hours.
    pub waiting: usize,
    /// Why the server as a whole could not be used.
    pub relay_fault: Option<String>,
    /// When there is something to do again.
    pub next: Option<Timestamp>,
}

/// Sends what is queued. Shared: a person's retry need not wait for a tick to end. New settings make a new one.
pub struct Deliverer {
    pub(super) store: Store,
    pub(super) settings: NotifySettings,
    transport: Option<Arc<Transport>>,
    relay: Mutex<Relay>,
}

/// Faults of the server in a row, and when it is tried again.
#[derive(Clone, Copy, Debug, Default)]
struct Relay {
    faults: u32,
    not_before: Option<Timestamp>,
}

impl Deliverer {
    /// Over a store; without a transport (no server configured) letters wait.
    pub fn new(store: Store, settings: NotifySettings, transport: Option<Arc<Transport>>) -> Self {
        Self { store, settings, transport, relay: Mutex::default() }
    }

    /// Sends what is due at `now`, at most 200 letters.
    pub async fn tick(&self, now: Timestamp) -> Result<DeliverReport, StoreError> {
        let mut report = DeliverReport::default();
        let Some(transport) = self.transport.clone() else { return Ok(report) };
        let mut handled = 0;
        while handled < TICK_MAX && self.relay_opens().is_none_or(|at| at <= now) {
            let room = self.room(now)?;
            let limit = BATCH.min(TICK_MAX - handled).min(room);
            let lease = now + TimeDelta::minutes(LEASE_MIN);
            let batch = self.store.claim_letters(now, lease, limit)?;
            if batch.is_empty() {
                break;
            }
            self.store.barrier().await?;
            handled += batch.len();
            self.send_batch(&transport, batch, now, &mut report).await?;
            self.store.barrier().await?;
        }
        report.next = self.next_wake(now)?;
        Ok(report)
    }

    async fn send_batch(
        &self,
        transport: &Transport,
        batch: Vec<Letter>,
        now: Timestamp,
        report: &mut DeliverReport,
    ) -> Result<(), StoreError> {
        for letter in batch {
            let opens = self.settings.window().when(now, letter.late_after);
            if opens > now {
                self.put_back(&letter.id, opens)?;
                report.waiting += 1;
            } else if let Some(at) = self.relay_opens().filter(|at| *at > now) {
                self.put_back(&letter.id, at)?;
            } else {
                let outcome = self.send_one(transport, &letter, now).await?;
                self.note_relay(&outcome, now, report)?;
                let state = self.record(&letter.id, &outcome, now)?;
                match state {
                    Some(LetterState::Accepted) => report.accepted += 1,
                    Some(LetterState::Refused) => report.refused += 1,
                    Some(LetterState::GivenUp) => report.given_up += 1,
                    _ => report.deferred += 1,
                }
            }
        }
        Ok(())
    }

    /// Hands one claimed letter in. Its claim must be durable already.
    pub(super) async fn send_one(
        &self,
        transport: &Transport,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let Some(body) = self.store.letter_body(&letter.id)? else {
            return Ok(Outcome::Refused("信的正文已不在".to_owned()));
        };
        let outgoing = outgoing(letter, body, self.settings.mail.redirect_to.as_deref(), now);
        Ok(transport.send(&outgoing, now).await)
    }

    pub(super) fn transport(&self) -> Option<Arc<Transport>> {
        self.transport.clone()
    }

    fn relay_opens(&self) -> Option<Timestamp> {
        self.relay.lock().unwrap_or_else(PoisonError::into_inner).not_before
    }

    /// A claimed letter that was not tried.
    fn put_back(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.store.update_letter(id, |letter| {
            if letter.state != LetterState::Sending {
                return;
            }
            letter.state = LetterState::Queued;
            letter.attempts = letter.attempts.saturating_sub(1);
            letter.lease_until = None;
            letter.next_attempt = Some(at);
        })?;
        Ok(())
    }

    /// Remembers since when the server cannot be used, and when to try it again.
    pub(super) fn note_relay(
        &self,
        outcome: &Outcome,
        now: Timestamp,
        report: &mut DeliverReport,
    ) -> Result<(), StoreError> {
        let failing: Option<Timestamp> = self.store.meta(META_RELAY_FAILING_SINCE)?;
        if let Outcome::Deferred { detail, relay: true } = outcome {
            let mut relay = self.relay.lock().unwrap_or_else(PoisonError::into_inner);
            relay.faults = relay.faults.saturating_add(1);
            let wait = doubled(RELAY_FIRST_S, relay.faults, RELAY_MAX_S);
            relay.not_before = Some(now + TimeDelta::seconds(wait));
            drop(relay);
            report.relay_fault = Some(detail.clone());
            let since = failing.unwrap_or(now);
            tracing::warn!(since = civil::rfc3339(since), detail, "mail server cannot be used");
            if failing.is_none() {
                self.store.set_meta(META_RELAY_FAILING_SINCE, &now)?;
            }
            return Ok(());
        }
        *self.relay.lock().unwrap_or_else(PoisonError::into_inner) = Relay::default();
        if failing.is_some() {
            self.store.update(|change| {
                change.delete_meta(META_RELAY_FAILING_SINCE);
                Ok::<(), StoreError>(())
            })?;
        }
        Ok(())
    }

    /// Records what became of an attempt, in one commit with the day's count and the list for the operators.
    pub(super) fn record(
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
                    self.count(change, now)?;
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
            letter.last_reply = Some(self.replied(reply));
            finish(change, &letter, now)?;
            if self.settings.mail.redirect_to.is_none() {
                reach::after_attempt(&self.store, change, &letter, outcome, now)?;
            }
            Ok(Some(letter.state))
        })
    }

    fn replied(&self, reply: &str) -> String {
        match &self.settings.mail.redirect_to {
            Some(to) => format!("{reply}(试发至 {to})"),
            None => reply.to_owned(),
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

    /// How many letters may still leave today.
    fn room(&self, now: Timestamp) -> Result<usize, StoreError> {
        let cap = self.settings.mail.per_day;
        if cap == 0 {
            return Ok(usize::MAX);
        }
        let day = self.settings.window().day(now);
        let held = self.store.meta::<SentOn>(META_SENT_ON)?.filter(|held| held.day == day);
        let left = cap.saturating_sub(held.map_or(0, |held| held.count));
        Ok(usize::try_from(left).unwrap_or(usize::MAX))
    }

    fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let Some(mut next) = self.store.next_letter_due()? else { return Ok(None) };
        if let Some(at) = self.relay_opens() {
            next = next.max(at);
        }
        if self.room(now)? == 0 {
            let window = self.settings.window();
            next = next.max(window.opens(window.next_day(now)));
        }
        Ok(Some(next))
    }
}

/// Writes a letter after an attempt; what is over for it goes to the journals, a failure to the operators' list.
pub(super) fn finish(
    change: &mut Change,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), StoreError> {
    change.put_letter(letter);
    if !letter.state.is_final() {
        return Ok(());
    }
    for account in &letter.accounts {
        let event = LetterEvent {
            event: "letter".to_owned(),
            letter: letter.id.clone(),
            to: letter.to.clone(),
            reasons: letter.reasons.clone(),
            state: letter.state,
        };
        change.journal(account, now, &event)?;
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

/// The letter as it goes out. With `redirect_to` it goes there, whoever it is for, and says so.
fn outgoing(
    letter: &Letter,
    body: LetterBody,
    redirect_to: Option<&str>,
    now: Timestamp,
) -> Outgoing {
    let mut out = Outgoing {
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: body.text,
        html: body.html,
        message_id: letter.message_id.clone(),
        reasons: letter.reasons.clone(),
        date: now,
    };
    if let Some(address) = redirect_to.filter(|address| !address.is_empty()) {
        let words = format!("【试发】本信原收件人:{}", letter.to);
        out.subject = format!("【试发→{}】{}", letter.to, out.subject);
        out.text = format!("{words}\n\n{}", out.text);
        let plain = words.replace('&', "&amp;").replace('<', "&lt;");
        out.html = out.html.replacen("<p>", &format!("<p><b>{plain}</b></p>\n<p>"), 1);
        out.to = address.to_owned();
    }
    out
}

fn doubled(first: i64, times: u32, max: i64) -> i64 {
    let doublings = times.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(max)
}

#[cfg(test)]
mod tests;
