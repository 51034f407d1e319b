//! What may a person do with letters? Retry one now, release held ones, send a test.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::reminder::Reason;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Outcome as Verdict, judge};
use serde::Serialize;

use super::deliver::{DeliverReport, Deliverer, LEASE_MIN};
use super::letter::{SUBJECT_MARK, hash_of, message_id};
use super::merge::Rewritten;
use super::smtp::{Outcome, Outgoing};
use super::tick::{Notifier, NotifyError};
use crate::store::{Audit, Letter, LetterState, StoreError};

/// Why a letter was not tried.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The store cannot do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No letter has this id.
    #[error("没有编号为 {0} 的信;用 freshd mail outbox 查看")]
    Unknown(String),
    /// It is held: it must be released first.
    #[error("信 {0} 是暂存的,先放行:freshd mail release {0}")]
    Held(String),
    /// It has been delivered or withdrawn.
    #[error("信 {0} {word},不再发送", word = over(*.1))]
    Over(String, LetterState),
    /// No server is configured.
    #[error("没有配置邮件服务器([mail] server)")]
    NoServer,
}

/// Does a newer letter with these reasons tell what an older one does: the same, or that the deadline has passed meanwhile?
fn says_it(new: &BTreeSet<String>, old: &str) -> bool {
    let over = old == Reason::Reminder.key() && new.contains(Reason::Overdue.key());
    new.contains(old) || over
}

/// How a letter ended, for people.
fn over(state: LetterState) -> &'static str {
    match state {
        LetterState::Accepted => "邮件服务器已经接收",
        LetterState::Bounced => "已被退回",
        LetterState::Cancelled => "已撤回",
        LetterState::Refused | LetterState::GivenUp => "已被拒收或放弃",
        LetterState::Held | LetterState::Queued | LetterState::Sending => "正在别处处理",
    }
}

/// What a release did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Released {
    /// Letters that will leave.
    pub released: Vec<String>,
    /// Letters withdrawn because what they say holds no more.
    pub cancelled: Vec<String>,
    /// Ids that name no held letter.
    pub not_held: Vec<String>,
    /// From when on the released ones may leave, the first and the last; `None` = none was released.
    pub leaves: Option<(Timestamp, Timestamp)>,
}

impl Deliverer {
    /// Tries one letter at once whatever its backoff or lease, also one that was refused, returned or given up, and waits for
    /// the reply. The Message-ID stays.
    pub async fn retry(&self, id: &str, now: Timestamp) -> Result<(Letter, Outcome), RetryError> {
        let letter = self.store.letter(id)?.ok_or_else(|| RetryError::Unknown(id.to_owned()))?;
        let by_mail = self.chat_of(&letter).is_none();
        if by_mail && self.transport().is_none() {
            return Err(RetryError::NoServer);
        }
        match letter.state {
            LetterState::Held => return Err(RetryError::Held(id.to_owned())),
            LetterState::Queued | LetterState::Sending => {}
            LetterState::Refused | LetterState::Bounced | LetterState::GivenUp => {
                self.store.update_letter(id, |letter| {
                    letter.state = LetterState::Queued;
                    letter.first_attempt = None;
                    letter.operator_told = false;
                })?;
            }
            over => return Err(RetryError::Over(id.to_owned(), over)),
        }
        let lease = now + chrono::TimeDelta::minutes(LEASE_MIN);
        let claimed = self.store.claim_letter(id, lease)?;
        let claimed = claimed.ok_or_else(|| RetryError::Over(id.to_owned(), letter.state))?;
        self.store.barrier().await?;
        let outcome = self.send_one(&claimed, now).await?;
        if by_mail {
            self.note_relay(&outcome, now, &mut DeliverReport::default())?;
        }
        self.record(id, &outcome, now)?;
        if matches!(outcome, Outcome::Accepted(_)) && self.settings.mail.redirect_to.is_none() {
            self.store.update(|change| change.delete_dead(&letter.to))?;
        }
        self.store.barrier().await?;
        let after = self.store.letter(id)?.unwrap_or(claimed);
        Ok((after, outcome))
    }

    /// Releases held letters (all of them if `ids` is empty: then the newest word on an account goes out, and older
    /// letters that say nothing else are withdrawn). A letter that warns and of which nothing holds any more is
    /// withdrawn instead. Durable when it returns.
    pub async fn release(
        &self,
        ids: &[String],
        who: &str,
        now: Timestamp,
    ) -> Result<Released, NotifyError> {
        let wanted: Vec<(String, bool)> = if ids.is_empty() {
            self.held()?
        } else {
            ids.iter().map(|id| (id.clone(), false)).collect()
        };
        let mut done = Released::default();
        for (id, superseded) in &wanted {
            match self.release_one(id, *superseded, who, now)? {
                Some((LetterState::Queued, leaves)) => {
                    done.released.push(id.clone());
                    let (first, last) = done.leaves.unwrap_or((leaves, leaves));
                    done.leaves = Some((first.min(leaves), last.max(leaves)));
                }
                Some(_) => done.cancelled.push(id.clone()),
                None => done.not_held.push(id.clone()),
            }
        }
        self.store.barrier().await?;
        Ok(done)
    }

    /// All held letters, and of each whether newer ones to the same recipient tell the same, or worse, of all its accounts.
    fn held(&self) -> Result<Vec<(String, bool)>, StoreError> {
        let mut newer: BTreeMap<String, BTreeMap<AccountId, BTreeSet<String>>> = BTreeMap::new();
        let mut held = Vec::new();
        self.store.for_each_letter(|letter| {
            if letter.state == LetterState::Held {
                let told = newer.entry(letter.to.to_lowercase()).or_default();
                let known = |id: &AccountId| {
                    let new = told.get(id);
                    letter.reasons.iter().all(|old| new.is_some_and(|new| says_it(new, old)))
                };
                let superseded = !letter.accounts.is_empty() && letter.accounts.iter().all(known);
                held.push((letter.id, superseded));
                for id in letter.accounts {
                    told.entry(id).or_default().extend(letter.reasons.iter().cloned());
                }
            }
            Ok(true)
        })?;
        Ok(held)
    }

    fn release_one(
        &self,
        id: &str,
        superseded: bool,
        who: &str,
        now: Timestamp,
    ) -> Result<Option<(LetterState, Timestamp)>, NotifyError> {
        let notifier = Notifier::new(self.store.clone(), self.settings.clone());
        self.store.update(|change| {
            let Some(mut letter) = change.letter(id)?.filter(|l| l.state == LetterState::Held)
            else {
                return Ok(None);
            };
            let rewritten =
                if superseded { None } else { notifier.rewrite(change, &letter, now)? };
            if superseded {
                letter.state = LetterState::Cancelled;
                letter.last_reply = Some("已有更新的信说明这些账号,未发送".to_owned());
            } else if let Some(Rewritten::As(new)) = &rewritten {
                letter.state = LetterState::Queued;
                letter.next_attempt = change.letter(new)?.and_then(|it| it.next_attempt);
            } else if rewritten.is_some() || self.is_outdated(&letter, now)? {
                letter.state = LetterState::Cancelled;
                letter.last_reply = Some("放行时情况已变化,未发送".to_owned());
            } else {
                letter.state = LetterState::Queued;
                letter.next_attempt = Some(self.settings.window().when(now, letter.late_after));
            }
            if !matches!(rewritten, Some(Rewritten::As(_))) {
                change.put_letter(&letter);
            }
            let detail = format!("{} {}", letter.state.key(), letter.to);
            let (who, what) = (who.to_owned(), "release".to_owned());
            change.audit(&Audit { at: now, who, what, on: id.to_owned(), detail })?;
            Ok(Some((letter.state, letter.next_attempt.unwrap_or(now))))
        })
    }

    /// Does a letter warn or accuse although none of its accounts fails or is at risk any more?
    fn is_outdated(&self, letter: &Letter, now: Timestamp) -> Result<bool, StoreError> {
        let warning = [Reason::Overdue, Reason::Reminder, Reason::Escalation].map(Reason::key);
        let warns = |reason: &String| warning.contains(&reason.as_str());
        if letter.accounts.is_empty() || !letter.reasons.iter().all(warns) {
            return Ok(false);
        }
        for id in &letter.accounts {
            let (Some(account), Some(mut state)) =
                (self.store.account(id)?, self.store.state::<AccountState>(id)?)
            else {
                continue;
            };
            state.forget_after(now);
            let verdict = judge(&account, &state, &self.settings.policy, now).verdict;
            if matches!(verdict, Some(Verdict::Fail | Verdict::AtRisk)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Is a mail server configured?
    pub fn has_server(&self) -> bool {
        self.transport().is_some()
    }

    /// The next sending hours if `now` is outside them.
    pub fn opens_later(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.settings.window().opens(now)).filter(|opens| *opens > now)
    }

    /// Sends a test letter to an address at once and waits for the reply; it is not kept.
    pub async fn test(&self, address: &str, now: Timestamp) -> Result<Outcome, RetryError> {
        let transport = self.transport().ok_or(RetryError::NoServer)?;
        let at = civil::rfc3339(now);
        let id = hash_of(["test", address, &at]);
        let words = format!("这是一封测试信,发送时间 {at}。收到它说明邮件服务器设置正确。");
        let letter = Outgoing {
            to: address.to_owned(),
            subject: format!("{SUBJECT_MARK}测试信"),
            text: format!("{words}\n\n本邮件不会索要密码、AppSecret 或验证码。\n"),
            html: format!("<html><body><p>{words}</p></body></html>"),
            attachments: Vec::new(),
            message_id: message_id(&id, &self.settings.sender()),
            reasons: vec![Reason::Operator.key().to_owned()],
            date: now,
        };
        let outcome = transport.send(&letter, now).await;
        transport.close().await;
        Ok(outcome)
    }
}
