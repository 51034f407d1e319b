//! What do polls share with the rest of the daemon, and what does a reload replace?

use super::*;

/// Everything that a reload of the configuration replaces.
pub struct Parts {
    /// Connectors, HTTP client, secrets, budget.
    pub means: Means,
    /// Rules and intervals.
    pub terms: Terms,
    /// Polls in flight at once, all connectors together.
    pub at_once: usize,
    /// Courtesy per connector, where the configuration or the connector names one.
    pub courtesy: BTreeMap<String, Courtesy>,
    /// The host of WeChat article pages.
    pub article_base: url::Url,
    /// When a link that fails is called dead.
    pub links: LinkTerms,
}

/// What polls share with the rest of the daemon.
#[derive(Clone)]
pub struct PollEnv {
    /// Where everything is kept.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What a reload replaces.
    pub parts: Arc<RwLock<Arc<Parts>>>,
    /// Sites of links that asked to be left alone, and until when.
    pub quiet_sites: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    /// When a site of the internet last answered: what does not answer then is itself to blame.
    pub reached: Arc<Mutex<Option<Timestamp>>>,
    /// Slots of courtesy, shared by the loop and by commands.
    pub slots: Arc<Mutex<Slots>>,
    /// Who has to wait; shared like the slots.
    pub breaker: Arc<Mutex<Breaker>>,
    /// Hosts that asked to be left alone, as last written to the store.
    resting: Arc<Mutex<BTreeMap<String, Timestamp>>>,
}

impl PollEnv {
    /// The parts in force now.
    pub fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// With nothing asked yet.
    pub fn new(store: Store, clock: Arc<dyn Clock>, metrics: Arc<Metrics>, parts: Parts) -> Self {
        let slots = Slots::new(parts.courtesy.clone());
        let mut breaker = Breaker::default();
        match store.meta(meta::WISHES) {
            Ok(wishes) => breaker.restore(wishes.unwrap_or_default()),
            Err(error) => tracing::error!(%error, "servers' wishes are forgotten"),
        }
        match store.meta(meta::ALIKE) {
            Ok(alike) => breaker.restore_alike(alike.unwrap_or_default()),
            Err(error) => tracing::error!(%error, "what accounts answered lately is forgotten"),
        }
        let resting: BTreeMap<String, Timestamp> = match store.meta(meta::RESTING) {
            Ok(resting) => resting.unwrap_or_default(),
            Err(error) => {
                tracing::error!(%error, "hosts' wishes are forgotten");
                BTreeMap::new()
            }
        };
        parts.means.http.rest(resting.clone(), clock.now());
        Self {
            store,
            clock,
            metrics,
            parts: Arc::new(RwLock::new(Arc::new(parts))),
            quiet_sites: Arc::default(),
            reached: Arc::default(),
            slots: Arc::new(Mutex::new(slots)),
            breaker: Arc::new(Mutex::new(breaker)),
            resting: Arc::new(Mutex::new(resting)),
        }
    }

    /// Takes up a reloaded configuration.
    pub fn reload(&self, parts: Parts) {
        let now = self.clock.now();
        parts.means.http.rest(self.parts().means.http.resting(now), now);
        locked(&self.slots).set_limits(parts.courtesy.clone());
        *self.parts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parts);
    }

    /// Writes down which hosts asked to be left alone, if that has changed: a restart shortens no server's wish.
    pub fn keep_resting(&self) -> Result<(), StoreError> {
        let resting = self.parts().means.http.resting(self.clock.now());
        let mut written = locked(&self.resting);
        if *written != resting {
            self.store.set_meta(meta::RESTING, &resting)?;
            *written = resting;
        }
        Ok(())
    }

    /// Pauses in force, for the operators.
    pub fn pauses(&self) -> Vec<Pause> {
        locked(&self.breaker).pauses(self.clock.now())
    }

    /// Groups that fail with no success since, also between two pauses.
    pub fn failing(&self) -> Vec<Failing> {
        locked(&self.breaker).failing()
    }
}
