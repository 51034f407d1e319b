//! What do the pages show? The web's questions, answered from the store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::zone::{restamp, rfc3339};
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::App;
use super::owner::requests;
use super::patrol::Asked;
use crate::cli::exec;
use crate::config::TokenConfig;
use crate::ledger::handle::platform_of;
use crate::report::explain::explain_json;
use crate::report::patrol::PatrolView;
use crate::report::view::{StatusView, account_view};
use crate::web::act::{Act, Acted};
use crate::web::owner::{Door, OwnerDeed, OwnerDone};
use crate::web::push::{Push, Pushed};
use crate::web::{Page, PageFilter, WebData};

/// Events of an account that its history page shows.
const HISTORY_MAX: usize = 200;
/// Letters that the outbox shows.
const OUTBOX_MAX: usize = 500;

/// Answers the web from the store of a running daemon. No contacts leave here.
pub struct Pages {
    app: App,
    wake: Arc<Notify>,
    /// What owners have sent and is not answered yet.
    under_way: Mutex<BTreeSet<(String, OwnerDeed)>>,
}

impl Pages {
    /// Over an app.
    pub fn new(app: App) -> Self {
        Self { app, wake: Arc::default(), under_way: Mutex::default() }
    }

    /// The same; `wake` ends the sleep of the poll loop.
    #[must_use]
    pub fn waking(self, wake: Arc<Notify>) -> Self {
        Self { wake, ..self }
    }

    fn page(&self, filter: &PageFilter) -> anyhow::Result<Page> {
        let now = self.app.now();
        let policy = self.app.policy();
        let platform = filter.platform.as_deref().map(platform_of);
        let filter = &PageFilter { platform, ..filter.clone() };
        let mut view = StatusView::at(now);
        let (mut next, mut platforms) = (None, BTreeSet::new());
        self.app.for_each_judged(now, |account, state, judgement| {
            if !platforms.contains(&account.platform) {
                platforms.insert(account.platform.clone());
            }
            if !filter.takes(&account, judgement.verdict) {
                return Ok(true);
            }
            view.count(&account, &judgement);
            let behind = filter.cursor.as_deref().is_some_and(|at| account.id.as_str() <= at);
            if behind {
                return Ok(true);
            }
            if view.accounts.len() < filter.limit {
                view.accounts.push(account_view(&account, &state, &judgement, &policy));
            } else if next.is_none() {
                next = view.accounts.last().map(|last| last.id.clone());
            }
            Ok(true)
        })?;
        Ok(Page { view, next, platforms })
    }

    fn events(&self, id: &str) -> anyhow::Result<Option<Vec<Value>>> {
        let id = AccountId::new(id);
        if self.app.store().account(&id)?.is_none() {
            return Ok(None);
        }
        let events: Vec<(freshd_core::Timestamp, Value)> =
            self.app.store().last_events(&id, HISTORY_MAX)?;
        let line = |(at, mut event): (freshd_core::Timestamp, Value)| {
            restamp(&mut event);
            if let Some(object) = event.as_object_mut() {
                object.insert("at".to_owned(), rfc3339(at).into());
                // Who a letter went to is a contact.
                object.remove("to");
            }
            event
        };
        Ok(Some(events.into_iter().map(line).collect()))
    }

    fn letters(&self) -> anyhow::Result<Value> {
        let mut letters = Vec::new();
        self.app.store().for_each_letter(|letter| {
            letters.push(json!({
                "id": letter.id,
                "state": letter.state,
                "to": masked(&letter.to),
                "reason": letter.reasons.join(", "),
                "message_id": letter.message_id,
                "attempts": letter.attempts,
                "next_attempt": letter.next_attempt.map(rfc3339),
                "created_at": rfc3339(letter.created_at),
                "accounts": letter.accounts,
            }));
            Ok(letters.len() < OUTBOX_MAX)
        })?;
        Ok(json!({ "letters": letters }))
    }

    fn counted(&self) -> anyhow::Result<String> {
        self.app.survey(self.app.now())?;
        super::upkeep::count_all(&self.app)?;
        Ok(self.app.env.metrics.render())
    }
}

/// `l***@example.gov.cn`.
fn masked(address: &str) -> String {
    match address.split_once('@') {
        Some((name, domain)) => {
            let first: String = name.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => "***".to_owned(),
    }
}

fn words<T>(result: anyhow::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{error:#}"))
}

impl WebData for Pages {
    fn status(&self, filter: &PageFilter) -> Result<Page, String> {
        words(self.page(filter))
    }

    fn account(&self, id: &str) -> Result<Option<Value>, String> {
        let judged = self.app.judged(&AccountId::new(id), self.app.now());
        let judged = judged.map_err(|error| error.to_string())?;
        let policy = self.app.policy();
        Ok(judged
            .map(|(account, state, judgement)| explain_json(&account, &state, &judgement, &policy)))
    }

    fn history(&self, id: &str) -> Result<Option<Vec<Value>>, String> {
        words(self.events(id))
    }

    fn precheck(
        &self,
        quarter: Option<&str>,
        at: Option<&str>,
    ) -> Result<Result<Value, String>, String> {
        match exec::precheck_asked(&self.app, quarter, at) {
            Ok(precheck) => {
                serde_json::to_value(precheck).map(Ok).map_err(|error| error.to_string())
            }
            Err(error) if error.is::<exec::Usage>() => Ok(Err(error.to_string())),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    fn outbox(&self) -> Result<Value, String> {
        words(self.letters())
    }

    fn metrics_text(&self) -> String {
        self.counted().unwrap_or_else(|error| {
            tracing::error!(%error, "metrics without account totals");
            self.app.env.metrics.render()
        })
    }

    fn now(&self) -> freshd_core::Timestamp {
        self.app.now()
    }

    fn tokens(&self) -> Vec<crate::config::TokenConfig> {
        self.app.config().web.tokens.clone()
    }

    fn push(&self, push: &Push) -> Result<Pushed, String> {
        words(super::push::take(&self.app, push))
    }

    fn patrol(
        &self,
        person: Option<&str>,
        units: &[String],
        all: bool,
    ) -> Result<PatrolView, String> {
        let person = person.map(str::to_owned);
        let asked = Asked { day: None, person, all, units: units.to_vec() };
        self.app.patrol(&asked).map_err(|error| error.to_string())
    }

    fn people(&self) -> Vec<String> {
        self.app.config().patrol.people.clone()
    }

    fn act(&self, act: &Act) -> Result<Acted, String> {
        let runtime = tokio::runtime::Handle::current();
        words(runtime.block_on(super::act::act(&self.app, &self.wake, act)))
    }

    fn door(&self, token: &str) -> Result<Door, String> {
        super::owner::door(&self.app, token).map_err(|error| error.to_string())
    }

    fn owner_act(&self, token: &str, deed: &OwnerDeed) -> Result<OwnerDone, String> {
        let key = (token.to_owned(), deed.clone());
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.insert(key.clone()) {
            let told = "上一次提交还在处理,请稍后刷新本页查看结果";
            return Ok(OwnerDone::Wrong(vec![told.to_owned()]));
        }
        drop(under_way);
        let runtime = tokio::runtime::Handle::current();
        let done = runtime.block_on(super::owner::act(&self.app, token, deed));
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        self.wake.notify_one();
        words(done)
    }

    fn requests(
        &self,
        by: &TokenConfig,
        account: Option<&str>,
        all: bool,
    ) -> Result<Vec<Value>, String> {
        let account = account.map(AccountId::new);
        let listed = requests::listed(&self.app, account.as_ref(), all);
        let listed = listed.map_err(|error| error.to_string())?;
        let covered = |account: &Account| {
            let units = [&account.sponsor, &account.supervisor, &account.reporting_unit];
            by.covers(units.into_iter().map(String::as_str))
        };
        let mine = listed.iter().filter(|(_, account)| match account {
            Some(account) => covered(account),
            None => by.units.is_empty(),
        });
        Ok(mine.map(|(word, account)| requests::word_json(word, account.as_ref())).collect())
    }

    fn ready(&self) -> Result<(), String> {
        let readable = self.app.store().next_due(crate::store::Index::Poll);
        readable.map_err(|error| error.to_string())?;
        self.app.health.check()
    }
}
