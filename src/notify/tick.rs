//! Which letters must be written now? One run of the notifier: due accounts, decisions, letters, one commit a bundle.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, Decision, Reason};
use freshd_core::state::AccountState;

use super::letter::TemplateError;
use super::merge::Run;
use super::plan::{Bundle, News, addresses, bundles, in_units, look, reached, recipients};
use super::reach::dead_of;
use super::report::{NotifyReport, Storm, ToldAccount};
use super::settings::NotifySettings;
use crate::config::MailMode;
use crate::seal::SealKey;
use crate::store::{Change, Index, LetterState, Store, StoreError};

/// Accounts decided in one commit.
const PAGE: usize = 200;
/// A claimed account is looked at again after this if the run does not come to its end, minutes.
pub const CLAIM_MIN: i64 = 10;

/// Why a run could not be finished. What was committed stays; the rest is due again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The store cannot do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A letter's template does not render.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What was decided holds no more: the account was polled meanwhile.
    #[error("账号状态在处理期间已变化,稍后重新决定")]
    Moved,
}

/// Decides and drafts; never sends. New settings make a new one.
pub struct Notifier {
    pub(super) store: Store,
    pub(super) settings: NotifySettings,
}

impl Notifier {
    /// Over a store.
    pub fn new(store: Store, settings: NotifySettings) -> Self {
        Self { store, settings }
    }

    /// By what it writes.
    pub fn settings(&self) -> &NotifySettings {
        &self.settings
    }

    /// Runs once: everything that is due at `now` is decided, and each recipient gets at most one letter (two with
    /// `pilot`: one that leaves and one that is held). Durable when it returns. `dry_run` changes nothing.
    pub async fn tick(&self, now: Timestamp, dry_run: bool) -> Result<NotifyReport, NotifyError> {
        let mut report = NotifyReport::new(now, dry_run);
        if !dry_run {
            SealKey::of(&self.store)?;
            self.after_rules(now)?;
        }
        let mut news = self.plan(now, &mut report)?;
        self.gather(&mut news, now)?;
        let waiting = self.waiting(now)?;
        for one in news.values() {
            report.told.extend(told(one));
            if one.has_nobody() {
                report.without_address.push(one.id.to_string());
            }
        }
        report.storm = self.storm(&news)?;
        self.tell_operators(now, &mut report)?;
        for bundle in bundles(&news) {
            match self.write_bundle(
                &bundle,
                &news,
                &Run { now, report: &report, waiting: &waiting },
            ) {
                Ok(letters) => report.letters.extend(letters),
                Err(error) => self.put_off(&bundle, now, error, &mut report)?,
            }
        }
        if !dry_run && (report.considered > 0 || !report.letters.is_empty()) {
            self.store.barrier().await?;
        }
        report.next = self.store.next_due(Index::Notify)?;
        if !report.letters.is_empty() && !dry_run {
            let held = report.count(LetterState::Held);
            tracing::info!(letters = report.letters.len(), held, "letters are drafted");
        }
        Ok(report)
    }

    /// Decides about every due account. Those of which there is nothing to tell are done with here.
    fn plan(
        &self,
        now: Timestamp,
        report: &mut NotifyReport,
    ) -> Result<BTreeMap<AccountId, News>, NotifyError> {
        let mut news = BTreeMap::new();
        if report.dry_run {
            let due = self.store.due(Index::Notify, now, usize::MAX)?;
            let ids: Vec<AccountId> = due.into_iter().map(|(_, id)| id).collect();
            for page in ids.chunks(PAGE) {
                let mut unused = self.store.change();
                news.extend(self.decide_page(page, &mut unused, now, report)?);
            }
            return Ok(news);
        }
        loop {
            let until = now + TimeDelta::minutes(CLAIM_MIN);
            let page = self.store.claim_due(Index::Notify, now, until, PAGE)?;
            if page.is_empty() {
                return Ok(news);
            }
            let before = (report.considered, report.put_off.len());
            let found = self.store.update(|change| {
                (report.considered, _) = before;
                report.put_off.truncate(before.1);
                self.decide_page(&page, change, now, report)
            })?;
            news.extend(found);
        }
    }

    fn decide_page(
        &self,
        page: &[AccountId],
        change: &mut Change,
        now: Timestamp,
        report: &mut NotifyReport,
    ) -> Result<Vec<(AccountId, News)>, NotifyError> {
        let mut found = Vec::new();
        for id in page {
            report.considered += 1;
            match self.decide_one(id, change, now) {
                Ok(Some(news)) => found.push((id.clone(), news)),
                Ok(None) => {}
                // Its due time has moved already: it comes up again later, and hinders nobody now.
                Err(NotifyError::Store(error @ StoreError::Damaged { .. })) => {
                    tracing::error!(account = %id, %error, "cannot decide about an account");
                    report.put_off.push(id.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn decide_one(
        &self,
        id: &AccountId,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<Option<News>, NotifyError> {
        let (Some(account), Some(mut state)) =
            (change.account(id)?, change.state::<AccountState>(id)?)
        else {
            change.set_notify_due(id, None);
            return Ok(None);
        };
        state.forget_after(now);
        let (_, decision) = look(&account, &state, &self.settings.policy, now, TimeDelta::zero());
        if decision.tell.is_empty() {
            if state.episodes != decision.episodes || state.next_notice != decision.next_look {
                state.episodes = decision.episodes;
                state.next_notice = decision.next_look;
                change.put_state_told(id, &state, decision.next_look)?;
            } else {
                change.set_notify_due(id, decision.next_look);
            }
            return Ok(None);
        }
        self.news(account, &state, decision, TimeDelta::zero()).map(Some)
    }

    /// What is to be told of an account, and to whom.
    pub(super) fn news(
        &self,
        account: Account,
        state: &AccountState,
        decision: Decision,
        ahead: TimeDelta,
    ) -> Result<News, NotifyError> {
        let dead = dead_of(&self.store, &account)?;
        let to = decision.tell.iter().map(|tell| reached(&account, state, tell.audience, &dead));
        Ok(News {
            to: to.collect(),
            supervised: !addresses(&account, Audience::Supervisor).is_empty(),
            pilot: in_units(&account, &self.settings.mail.pilot_units),
            id: account.id,
            name: account.name,
            tell: decision.tell,
            ahead,
        })
    }

    /// Would this run write to too many? Letters before a long break are planned: they go to many by nature, and are not
    /// counted.
    fn storm(&self, news: &BTreeMap<AccountId, News>) -> Result<Option<Storm>, NotifyError> {
        let mail = &self.settings.mail;
        let leaves = |one: &&News| {
            mail.mode == MailMode::Send || (mail.mode == MailMode::Pilot && one.pilot)
        };
        let count =
            recipients(news.values().filter(leaves), |tell| tell.reason != Reason::PreHoliday)
                .len();
        if count <= usize::try_from(mail.hold_min_recipients).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let mut all = BTreeSet::new();
        self.store.for_each_account(|account: Account| {
            if account.lifecycle.is_judged() {
                for audience in [Audience::Owner, Audience::Supervisor] {
                    all.extend(addresses(&account, audience).iter().map(|a| a.to_lowercase()));
                }
            }
            Ok(true)
        })?;
        let of = all.len();
        let storm = count as f64 > mail.hold_share * of as f64;
        Ok(storm.then_some(Storm { recipients: count, of }))
    }

    fn put_off(
        &self,
        bundle: &Bundle,
        now: Timestamp,
        error: NotifyError,
        report: &mut NotifyReport,
    ) -> Result<(), NotifyError> {
        let again = match &error {
            NotifyError::Moved => now,
            NotifyError::Store(StoreError::Conflict { .. }) => now + TimeDelta::minutes(1),
            NotifyError::Template(_) | NotifyError::Store(StoreError::Damaged { .. }) => {
                now + TimeDelta::hours(1)
            }
            NotifyError::Store(_) => return Err(error),
        };
        tracing::warn!(accounts = bundle.accounts.len(), %error, "letters are put off");
        report.put_off.extend(bundle.accounts.iter().map(ToString::to_string));
        if !report.dry_run {
            let mut change = self.store.change();
            bundle.accounts.iter().for_each(|id| change.set_notify_due(id, Some(again)));
            self.store.commit(change)?;
        }
        Ok(())
    }
}

fn told(news: &News) -> impl Iterator<Item = ToldAccount> + '_ {
    news.tell.iter().zip(&news.to).map(|(tell, to)| ToldAccount {
        account: news.id.to_string(),
        name: news.name.clone(),
        rule: tell.rule,
        reason: tell.reason,
        stage: tell.stage,
        audience: tell.audience,
        to: to.clone(),
    })
}
