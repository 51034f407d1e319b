//! How is everything wired together? The composition of the daemon: parts, store, clock; and what commands lean on.
//!
//! **Invariant:** this is the only place that knows all the others, and (with `app/run.rs`) the only one with a loop.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use freshd_connectors::http::HttpClient;
use freshd_connectors::wechat::keep::Keep;
use freshd_connectors::{Connector, ProcessConnector, Registry, SecretSource};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::rulebook::Policy;
use freshd_core::schedule::Intervals;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, judge};

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::config::{Config, Dkim, FileSecrets, MailMode};
use crate::notify::smtp::{Patience, Signer, Transport, TransportSettings};
use crate::notify::webhook::Webhooks;
use crate::notify::{Deliverer, Notifier, NotifySettings};
use crate::poll::apply::Terms;
use crate::poll::run::Means;
use crate::poll::{Parts, PollEnv};
use crate::store::meta::RESTORED;
use crate::store::{ACCEPT_LOSS, Store, StoreError, StoreOptions};
use crate::telemetry::Metrics;

mod act;
pub mod authorise;
pub mod callback;
pub mod contacts;
mod digest;
pub mod health;
mod intake;
pub mod mailbox;
pub mod notices;
mod openings;
pub mod owner;
pub mod patrol;
pub mod push;
pub mod reach;
pub mod reception;
pub mod run;
#[cfg(test)]
pub(crate) mod samples;
pub mod schedule;
pub mod survey;
pub mod takeover;
pub mod troubles;
pub mod upkeep;
pub mod vault;
pub mod web_data;

use health::Health;

/// Longest time that one source may take.
pub const POLL_BUDGET: Duration = Duration::from_secs(45);
/// Polls in flight at once, all connectors together.
pub const POLLS_AT_ONCE: usize = 64;

/// The program's parts, wired.
#[derive(Clone)]
pub struct App {
    /// What polls share; holds the store, the clock and the counters.
    pub env: PollEnv,
    config: Arc<RwLock<Arc<Config>>>,
    /// Whether the machine is fit for work.
    pub health: Arc<Health>,
    /// What connectors share and must not forget; one for the whole process.
    pub keep: Arc<Keep>,
    survey: Arc<survey::Cell>,
    openings: Arc<openings::Openings>,
    serving: Arc<AtomicBool>,
}

impl App {
    /// Opens the store of this configuration and wires everything.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let options = StoreOptions {
            cache_bytes: u64::from(config.store.cache_mb) << 20,
            accept_loss: std::env::var_os(ACCEPT_LOSS).is_some_and(|value| value == "1"),
        };
        let store = Store::open(&config.store.path, options)?;
        Self::over(config, store, clock)
    }

    /// Wires everything over a store that is already open.
    pub fn over(config: Config, store: Store, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::new());
        let keep = Arc::new(Keep::new(Arc::new(vault::StoreVault::new(store.clone()))));
        let parts = parts_with(&config, &keep)?;
        let env = PollEnv::new(store, clock, metrics, parts);
        let config = Arc::new(RwLock::new(Arc::new(config)));
        Ok(Self {
            env,
            config,
            health: Arc::default(),
            keep,
            survey: Arc::default(),
            openings: Arc::default(),
            serving: Arc::default(),
        })
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up a newly read configuration. What cannot change while running (store, sockets, zone, log) stays as
    /// it is; returns the keys of those that were to change.
    pub fn reload(&self, mut config: Config) -> anyhow::Result<Vec<&'static str>> {
        let kept = config.keep_of_start(&self.config());
        self.env.reload(parts_with(&config, &self.keep)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(kept)
    }

    /// Do the daemon's loops run here? Else what a command leaves undone stays undone.
    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Relaxed)
    }

    /// From now on the loops run.
    fn serves(&self) {
        self.serving.store(true, Ordering::Relaxed);
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.env.store
    }

    /// The instant now.
    pub fn now(&self) -> Timestamp {
        self.env.clock.now()
    }

    /// A notifier with the settings in force.
    pub fn notifier(&self) -> Notifier {
        let mut settings = notify_settings(&self.config());
        if self.restored_at().is_some() {
            settings.mail.mode = MailMode::Hold;
        }
        Notifier::new(self.store().clone(), settings)
    }

    /// When the store was restored from a backup, until an operator has released the letters: what was sent after the
    /// backup is not known, so letters are only drafted. A store that cannot say is taken for one.
    pub fn restored_at(&self) -> Option<Timestamp> {
        match self.store().meta(RESTORED) {
            Ok(restored) => restored,
            Err(error) => {
                tracing::error!(%error, "letters are only drafted");
                Some(self.now())
            }
        }
    }

    /// A deliverer with the settings in force; without a mail server its letters wait.
    pub fn deliverer(&self) -> Deliverer {
        let config = self.config();
        let (settings, transport) = (notify_settings(&config), transport(&config));
        let deliverer = Deliverer::new(self.store().clone(), settings, transport);
        if config.webhooks.is_empty() {
            return deliverer;
        }
        let http = self.env.parts().means.http.clone();
        deliverer.with_webhooks(Webhooks::new(http, config.webhooks.clone()))
    }

    /// The thresholds in force.
    pub fn policy(&self) -> Policy {
        self.env.parts().terms.policy.clone()
    }

    /// An account with its state, judged at an instant.
    pub fn judged(
        &self,
        id: &AccountId,
        at: Timestamp,
    ) -> Result<Option<(Account, AccountState, Judgement)>, StoreError> {
        let Some(account) = self.store().account(id)? else { return Ok(None) };
        let mut state: AccountState = self.store().state(id)?.unwrap_or_default();
        state.forget_after(self.now());
        let judgement = judge(&account, &state, &self.policy(), at);
        Ok(Some((account, state, judgement)))
    }

    /// Every account with its state, judged at an instant, in the order of ids; `false` ends the walk.
    pub fn for_each_judged(
        &self,
        at: Timestamp,
        mut visit: impl FnMut(Account, AccountState, Judgement) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let policy = self.policy();
        self.store().for_each_account(|account| {
            let mut state: AccountState = self.store().state(&account.id)?.unwrap_or_default();
            state.forget_after(self.now());
            let judgement = judge(&account, &state, &policy, at);
            visit(account, state, judgement)
        })?;
        Ok(())
    }
}

fn notify_settings(config: &Config) -> NotifySettings {
    NotifySettings::of(config, Arc::clone(&config.calendar))
}

/// The way out for letters, if a server and a sender are configured.
fn transport(config: &Config) -> Option<Arc<Transport>> {
    let server = config.mail.server.clone()?;
    let from = config.mail.from.clone()?;
    let secrets = Arc::clone(&config.secrets);
    let (keys, dkim) = (Arc::clone(&config.secrets), config.mail.dkim.clone());
    Some(Arc::new(Transport::new(TransportSettings {
        server,
        password: Arc::new(move || secrets.mail_password()),
        from,
        signed_by: Arc::new(move || signer(dkim.as_ref(), &keys)),
        root_cert_der: None,
        patience: Patience::default(),
    })))
}

/// What letters are signed with. The key is read when it is needed, like every secret.
fn signer(dkim: Option<&Dkim>, keys: &FileSecrets) -> Result<Option<Signer>, String> {
    let Some(dkim) = dkim else { return Ok(None) };
    let key = keys.dkim_key().map_err(|problem| problem.0)?;
    Signer::new(&dkim.domain, &dkim.selector, key.expose()).map(Some)
}

/// Every connector of a configuration: the built-in ones, those with a manifest, and those that are programs of their own, of which none is
/// started before it is polled.
pub fn registry(config: &Config, keep: &Arc<Keep>) -> Registry {
    let mut registry = config.connectors.registry(keep);
    for name in config.connectors.process.keys() {
        if let Some(connector) = process(config, name) {
            registry.register(connector);
        }
    }
    registry
}

/// The process connector of that name, with nothing started.
pub fn process(config: &Config, name: &str) -> Option<Arc<dyn Connector>> {
    let directory = config.file.parent().unwrap_or(Path::new(""));
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let settings = config.connectors.process_settings(name, &directory)?;
    Some(Arc::new(ProcessConnector::new(settings)))
}

/// What a reload replaces, from a configuration; nothing is remembered beyond the process.
pub fn parts(config: &Config) -> anyhow::Result<Parts> {
    parts_with(config, &Arc::new(Keep::in_memory()))
}

/// What a reload replaces, over what must not be forgotten.
pub fn parts_with(config: &Config, keep: &Arc<Keep>) -> anyhow::Result<Parts> {
    let registry = registry(config, keep);
    let bases = config.connectors.settings.reading_only();
    let http = HttpClient::reading_only(config.net.clone(), &bases);
    let http = http.context("无法建立 HTTP 客户端")?;
    let courtesy: BTreeMap<_, _> = registry
        .iter()
        .map(|connector| {
            let descriptor = connector.descriptor();
            // A process holds the operator's limits against its own itself.
            let limits = match connector.late_courtesy() {
                Some(_) => descriptor.courtesy,
                None => config.connectors.courtesy(&descriptor.name, descriptor.courtesy),
            };
            (descriptor.name.to_string(), limits)
        })
        .collect();
    let secrets: Arc<dyn SecretSource> = config.secrets.clone();
    let limited = courtesy.iter().filter(|(_, limit)| limit.at_once > 0);
    let turns = limited
        .map(|(name, limit)| (name.clone(), Arc::new(Semaphore::new(limit.at_once as usize))));
    let mut at_once: BTreeMap<_, _> = turns.collect();
    for connector in registry.iter() {
        if let Some(late) = connector.late_courtesy() {
            at_once.insert(connector.descriptor().name.to_string(), late.turns);
        }
    }
    Ok(Parts {
        means: Means { registry, http, secrets, budget: POLL_BUDGET, at_once },
        terms: Terms { policy: config.policy(), intervals: Intervals::default() },
        at_once: POLLS_AT_ONCE,
        courtesy,
        article_base: config.connectors.settings.wechat_article_base.clone(),
        links: config.policy.links,
    })
}
