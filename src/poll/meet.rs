//! How politely does a connector want to be asked that says so only when it is first spoken to? Hears its hello before
//! the first account is claimed for it.

use std::collections::BTreeSet;

use freshd_connectors::{Connector, LateCourtesy, PollContext};
use futures::future::join_all;

use super::{Index, Parts, PollEnv, StoreError, locked};

impl PollEnv {
    /// Starts the processes that have not said hello yet, of those that are `wanted` (`None` = all). A failure is left
    /// to the polls, which bring it as a fault.
    pub(super) async fn meet(&self, parts: &Parts, wanted: Option<&BTreeSet<String>>) {
        let named = |name: &str| wanted.is_none_or(|wanted| wanted.contains(name));
        let all = parts.means.registry.iter();
        let strangers = all.filter(|connector| {
            let unmet = connector.late_courtesy().is_some_and(|late| late.courtesy.is_none());
            unmet && named(&connector.descriptor().name)
        });
        join_all(strangers.map(|connector| self.greet(parts, &**connector))).await;
        for connector in parts.means.registry.iter() {
            if let Some(courtesy) = connector.late_courtesy().and_then(|late| late.courtesy) {
                locked(&self.slots).set_limit(&connector.descriptor().name, courtesy);
            }
        }
    }

    async fn greet(&self, parts: &Parts, connector: &dyn Connector) {
        let now = self.clock.now();
        let context = PollContext {
            now,
            budget: parts.means.budget,
            http: &parts.means.http.at(now),
            secrets: parts.means.secrets.as_ref(),
            memo: None,
            fresh: false,
        };
        if let Err(fault) = connector.probe(&context).await {
            let name = &connector.descriptor().name;
            tracing::warn!(connector = %name, why = fault.detail, "process not started");
        }
    }

    /// The same for all of them, if any account is due.
    pub(super) async fn meet_if_due(&self, parts: &Parts) -> Result<(), StoreError> {
        let mut all = parts.means.registry.iter();
        let known = |late: LateCourtesy| late.courtesy.is_some();
        if all.all(|connector| connector.late_courtesy().is_none_or(known)) {
            // The limits stand since they were met, unless a reload has put others in their place.
            self.meet(parts, None).await;
            return Ok(());
        }
        if !self.store.due(Index::Poll, self.clock.now(), 1)?.is_empty() {
            self.meet(parts, None).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
