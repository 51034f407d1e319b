//! What does `freshd poll` see? Polls named accounts at once, whatever their due times, and reports each step.

use std::collections::BTreeSet;

use freshd_core::Timestamp;
use freshd_core::account::{Account, Source};
use freshd_core::civil;
use freshd_core::fault::FaultScope;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;
use freshd_core::verdict::Judgement;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::links::LinkChecker;
use super::run::{Errand, Means, SourceOutcome, ask};
use super::{Held, Job, Parts, Poller, fly};
use crate::store::StoreError;

/// Sources that are left alone, and until when.
pub type Waiting = Vec<(String, Timestamp)>;

/// One account's poll, told.
pub struct PollReport {
    /// The account.
    pub account: Account,
    /// What each source brought.
    pub outcomes: Vec<SourceOutcome>,
    /// Sources that were not asked because their server's wish still stands: until when.
    pub waiting: Waiting,
    /// The state after it.
    pub state: AccountState,
    /// What the account comes to now.
    pub judgement: Judgement,
}

impl PollReport {
    /// Did any source end in a fault?
    pub fn has_fault(&self) -> bool {
        self.outcomes.iter().any(|outcome| match &outcome.result {
            Ok(observation) => !observation.faults.is_empty(),
            Err(_) => true,
        })
    }

    /// Whose concern its faults are.
    pub fn fault_scopes(&self) -> BTreeSet<FaultScope> {
        let faults = self.outcomes.iter().flat_map(|outcome| match &outcome.result {
            Ok(observation) => observation.faults.as_slice(),
            Err(fault) => std::slice::from_ref(fault),
        });
        faults.map(|fault| fault.scope).collect()
    }
}

impl Poller {
    /// Polls these accounts now: ignores due times, backoff and breakers, honours a server's wish and courtesy,
    /// checks each menu link once. Reports come in the order of `ids`.
    pub async fn poll_now(
        &self,
        ids: &[AccountId],
        traced: bool,
        mut told: impl FnMut(usize),
    ) -> Result<Vec<PollReport>, StoreError> {
        let parts = self.env.parts();
        self.env.meet(&parts, Some(&self.connectors_of(ids)?)).await;
        let mut links = LinkChecker::new(self.env.clone());
        let mut queue = ids.iter();
        let mut flying = FuturesUnordered::new();
        let (mut polled, mut reports) = (Vec::new(), Vec::new());
        loop {
            while flying.len() < parts.at_once {
                let Some(id) = queue.next() else { break };
                let now = self.wait_for_slot(id).await?;
                let Some((job, waiting)) = self.errands_of(id, now, &parts)? else { continue };
                let flight = fly(std::sync::Arc::clone(&parts), job, now, traced);
                flying.push(async move { (flight.await, waiting) });
            }
            let Some(((id, held, outcomes), waiting)) = flying.next().await else { break };
            self.settle(&id, held, outcomes.clone(), &parts)?;
            polled.push((id, outcomes, waiting));
        }
        // Not while polls are under way: they would hold their turns at a host, and nobody would drive them.
        for (id, outcomes, waiting) in polled {
            links.check(&id, true).await?;
            reports.extend(self.report(&id, outcomes, waiting)?);
            told(reports.len());
        }
        self.env.store.barrier().await?;
        reports.sort_by_key(|report| ids.iter().position(|id| *id == report.account.id));
        Ok(reports)
    }

    /// The connectors that these accounts are polled by.
    fn connectors_of(&self, ids: &[AccountId]) -> Result<BTreeSet<String>, StoreError> {
        let mut names = BTreeSet::new();
        for id in ids {
            let sources = self.env.store.account(id)?.unwrap_or_default().sources;
            names.extend(sources.into_iter().map(|source| source.connector));
        }
        Ok(names)
    }

    /// One trial poll of a source that belongs to no account: nothing is stored. Honours the platform's wish and the
    /// courtesy; the error says until when it is to be left alone. `means` may be others than those in force.
    pub async fn poll_once(
        &self,
        source: Source,
        means: &Means,
    ) -> Result<SourceOutcome, Timestamp> {
        let parts = self.env.parts();
        if let Some(until) = self.wished_until(&source, &parts, self.env.clock.now()) {
            return Err(until);
        }
        // A name of its own among those that wait for a slot.
        let waiting = AccountId::of("connector-check", &source.connector);
        let now = self.slot_for(&waiting, &[&source.connector]).await;
        Ok(ask(means, Errand { source, memo: None, fresh: true }, now, true).await)
    }

    fn errands_of(
        &self,
        id: &AccountId,
        now: Timestamp,
        parts: &Parts,
    ) -> Result<Option<(Job, Waiting)>, StoreError> {
        let Some(account) = self.env.store.account(id)? else { return Ok(None) };
        let state: AccountState = self.env.store.state(id)?.unwrap_or_default();
        let mut waiting = Vec::new();
        let mut errands = Vec::new();
        for source in account.sources.iter().filter(|source| source.connector != "manual") {
            let key = source.to_string();
            let held = state.sources.get(&key);
            let own = held.and_then(|held| held.not_before);
            let wished = own.max(self.wished_until(source, parts, now));
            match wished.filter(|until| *until > now) {
                Some(until) => waiting.push((key, until)),
                None => errands.push(Errand {
                    source: source.clone(),
                    memo: held.and_then(|held| held.memo.clone()),
                    fresh: true,
                }),
            }
        }
        let job = Job { account: id.clone(), held: Held::default(), errands };
        Ok(Some((job, waiting)))
    }

    /// Courtesy holds for a person in a hurry, too: waits for the connectors' next slot.
    async fn wait_for_slot(&self, id: &AccountId) -> Result<Timestamp, StoreError> {
        let account = self.env.store.account(id)?.unwrap_or_default();
        let names: Vec<_> = account.sources.iter().map(|held| held.connector.as_str()).collect();
        Ok(self.slot_for(id, &names).await)
    }

    async fn slot_for(&self, id: &AccountId, connectors: &[&str]) -> Timestamp {
        loop {
            let now = self.env.clock.now();
            let names = connectors.iter().copied();
            let claimed = super::locked(&self.env.slots).claim(id, names, now);
            match claimed {
                Ok(()) => return now,
                Err(slot) => {
                    tracing::info!(account = %id, until = %civil::rfc3339(slot), "courtesy: waiting");
                    tokio::time::sleep(self.env.clock.wait_for(slot - now)).await;
                }
            }
        }
    }

    fn report(
        &self,
        id: &AccountId,
        outcomes: Vec<SourceOutcome>,
        waiting: Waiting,
    ) -> Result<Option<PollReport>, StoreError> {
        let Some(account) = self.env.store.account(id)? else { return Ok(None) };
        let state: AccountState = self.env.store.state(id)?.unwrap_or_default();
        let policy = self.env.parts().terms.policy.clone();
        let judgement =
            freshd_core::verdict::judge(&account, &state, &policy, self.env.clock.now());
        Ok(Some(PollReport { account, outcomes, waiting, state, judgement }))
    }
}
