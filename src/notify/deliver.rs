//! Did each letter leave, and what was said to it? Claim, barrier, send, record, barrier.

mod ceiling;
mod record;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use freshd_core::{Timestamp, civil};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};

use self::ceiling::{Ceiling, Limits};
pub(super) use self::record::finish;
use super::channel::webhook_name;
use super::clean::domain_of;
use super::settings::NotifySettings;
use super::smtp::{Outcome, Outgoing, Transport};
use super::tick::{Notifier, NotifyError};
use super::webhook::{self, Webhooks};
use super::{META_RELAY_FAILING_SINCE, META_SENT_ON};
use crate::config::MailConfig;
use crate::store::{Letter, LetterBody, LetterState, Store, StoreError};

/// A sender that died loses its letters to the next one after this, minutes.
pub const LEASE_MIN: i64 = 5;
/// First wait after a letter was put off, seconds; doubled each time.
pub const BACKOFF_FIRST_S: i64 = 300;
/// Longest wait, seconds (RFC 5321 advises at least every few hours).
pub const BACKOFF_MAX_S: i64 = 4_000;
/// A letter that could not be delivered for so long is given up, days.
pub const LIFE_DAYS: i64 = 5;
/// Without a mail server a letter is looked at again after this, minutes.
const NO_SERVER_AGAIN_MIN: i64 = 60;
/// Connections stay open for letters that follow within this, seconds.
const SOON_S: i64 = 20;
/// Letters claimed at once.
const BATCH: usize = 20;
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
    /// Not tried: outside the sending hours, or above a ceiling.
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
    webhooks: Option<Webhooks>,
    relay: Mutex<Relay>,
    ceiling: Mutex<Ceiling>,
    chat_ceiling: Mutex<Ceiling>,
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
        Self {
            store,
            settings,
            transport,
            webhooks: None,
            relay: Mutex::default(),
            ceiling: Mutex::default(),
            chat_ceiling: Mutex::default(),
        }
    }

    /// Sends what is due at `now`, at most 200 letters.
    pub async fn tick(&self, now: Timestamp) -> Result<DeliverReport, StoreError> {
        let mut report = DeliverReport::default();
        if self.transport.is_none() && self.webhooks.is_none() {
            return Ok(report);
        }
        match Notifier::new(self.store.clone(), self.settings.clone()).look_again(now) {
            Err(NotifyError::Store(error)) => return Err(error),
            Err(error) => tracing::error!(%error, "letters that waited are sent as they stand"),
            Ok(()) => {}
        }
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
            self.send_batch(batch, now, &mut report).await?;
        }
        report.next = self.next_wake(now)?;
        // The server is told goodbye while it still listens, unless the next letter is about to follow.
        let soon = report.next.is_some_and(|at| at <= now + TimeDelta::seconds(SOON_S));
        if let Some(transport) = self.transport.as_ref().filter(|_| !soon) {
            transport.close().await;
        }
        Ok(report)
    }

    async fn send_batch(
        &self,
        batch: Vec<Letter>,
        now: Timestamp,
        report: &mut DeliverReport,
    ) -> Result<(), StoreError> {
        // The first goes alone: if the server is away, one letter finds out, not all.
        let mut at_once = 1;
        let mut sending = FuturesUnordered::new();
        for letter in batch {
            if let Some(at) = self.waits(&letter, now) {
                self.put_back(&letter.id, at)?;
                report.waiting += 1;
                continue;
            }
            if sending.len() >= at_once
                && let Some(sent) = sending.next().await
            {
                self.sent(sent?, now, report).await?;
                at_once = self.settings.mail.at_once.max(1) as usize;
            }
            // What the letter before ended with may be that the server cannot be used.
            if let Some(at) = self.closed_until(&letter, now) {
                self.put_back(&letter.id, at)?;
                continue;
            }
            sending.push(async move {
                let outcome = self.send_one(&letter, now).await?;
                Ok::<_, StoreError>((letter, outcome))
            });
        }
        while let Some(sent) = sending.next().await {
            self.sent(sent?, now, report).await?;
        }
        Ok(())
    }

    /// The group chat that a letter is posted to; `None` = it goes by mail. With `redirect_to` nothing is posted anywhere: the copy
    /// goes by mail to whoever is trying things out, and says where it would have gone.
    pub(super) fn chat_of<'l>(&self, letter: &'l Letter) -> Option<&'l str> {
        let redirected = self.settings.mail.redirect_to.as_deref().is_some_and(|to| !to.is_empty());
        webhook_name(&letter.to).filter(|_| !redirected)
    }

    /// Until when a letter must not leave: outside the hours, or above a ceiling.
    fn waits(&self, letter: &Letter, now: Timestamp) -> Option<Timestamp> {
        let opens = self.settings.window().when(now, letter.late_after);
        if opens > now {
            return Some(opens);
        }
        if let Some(name) = self.chat_of(letter) {
            let limits = Limits { all: 0, domain: webhook::PER_MINUTE };
            let mut ceiling = self.chat_ceiling.lock().unwrap_or_else(PoisonError::into_inner);
            return ceiling.ask(name, now, limits).err();
        }
        let MailConfig { per_minute, domain_per_minute, redirect_to, .. } = &self.settings.mail;
        let to = redirect_to.as_deref().filter(|to| !to.is_empty()).unwrap_or(&letter.to);
        let limits = Limits { all: *per_minute, domain: *domain_per_minute };
        let mut ceiling = self.ceiling.lock().unwrap_or_else(PoisonError::into_inner);
        ceiling.ask(domain_of(to), now, limits).err()
    }

    /// Until when no letter can leave by mail; webhooks do not need it.
    fn closed_until(&self, letter: &Letter, now: Timestamp) -> Option<Timestamp> {
        if self.chat_of(letter).is_some() {
            return None;
        }
        if self.transport.is_none() {
            return Some(now + TimeDelta::minutes(NO_SERVER_AGAIN_MIN));
        }
        self.relay_opens().filter(|at| *at > now)
    }

    /// Records what became of a letter, durably: dying now repeats at most those that are being handed in.
    async fn sent(
        &self,
        (letter, outcome): (Letter, Outcome),
        now: Timestamp,
        report: &mut DeliverReport,
    ) -> Result<(), StoreError> {
        if self.chat_of(&letter).is_none() {
            self.note_relay(&outcome, now, report)?;
        }
        match self.record(&letter.id, &outcome, now)? {
            Some(LetterState::Accepted) => report.accepted += 1,
            Some(LetterState::Refused) => report.refused += 1,
            Some(LetterState::GivenUp) => report.given_up += 1,
            _ => report.deferred += 1,
        }
        self.store.barrier().await?;
        Ok(())
    }

    /// Hands one claimed letter in. Its claim must be durable already.
    pub(super) async fn send_one(
        &self,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let Some(body) = self.store.letter_body(&letter.id)? else {
            return Ok(Outcome::Refused("信的正文已不在".to_owned()));
        };
        if let Some(name) = self.chat_of(letter) {
            return Ok(match &self.webhooks {
                Some(webhooks) => webhooks.send(name, letter, &body, now).await,
                None => Outcome::Refused("没有配置任何 webhook".to_owned()),
            });
        }
        let Some(transport) = &self.transport else {
            return Ok(Outcome::Refused("没有配置邮件服务器".to_owned()));
        };
        let outgoing = outgoing(letter, body, self.settings.mail.redirect_to.as_deref(), now);
        Ok(transport.send(&outgoing, now).await)
    }

    /// Copies for group chats go out, too.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Webhooks) -> Self {
        self.webhooks = Some(webhooks);
        self
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
            // Letters that were handed in together met one fault, not several.
            if relay.not_before.is_none_or(|at| at <= now) {
                relay.faults = relay.faults.saturating_add(1);
                let wait = doubled(RELAY_FIRST_S, relay.faults, RELAY_MAX_S);
                relay.not_before = Some(now + TimeDelta::seconds(wait));
            }
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
        attachments: body.attachments,
        message_id: letter.message_id.clone(),
        reasons: letter.reasons.clone(),
        date: now,
    };
    if let Some(address) = redirect_to.filter(|address| !address.is_empty()) {
        let words = format!("【试发】本信原收件人:{}", letter.to);
        if out.html.is_empty() {
            // A copy for a group chat is plain text.
            let text = html_text(&out.text).replace('\n', "<br>\n");
            out.html = format!("<html><body><p>{text}</p></body></html>");
        }
        out.subject = format!("【试发→{}】{}", letter.to, out.subject);
        out.text = format!("{words}\n\n{}", out.text);
        let plain = html_text(&words);
        out.html = out.html.replacen("<p>", &format!("<p><b>{plain}</b></p>\n<p>"), 1);
        out.to = address.to_owned();
    }
    out
}

fn html_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn doubled(first: i64, times: u32, max: i64) -> i64 {
    let doublings = times.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(max)
}

#[cfg(test)]
mod tests;
