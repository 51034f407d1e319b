//! What does one poll of one account do? Asks each of its sources once and brings back what they said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use freshd_connectors::http::{HttpClient, RequestTrace, TraceSink};
use freshd_connectors::{Connector, PollContext, Registry, SecretSource, Target};
use freshd_core::Timestamp;
use freshd_core::account::Source;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use tokio::sync::Semaphore;

/// One source on its way to being asked.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Which source.
    pub source: Source,
    /// What its connector asked to remember.
    pub memo: Option<String>,
    /// Pass caches by.
    pub fresh: bool,
}

/// What came of asking one source.
#[derive(Clone, Debug)]
pub struct SourceOutcome {
    /// Which source.
    pub source: Source,
    /// The credential it used, if any.
    pub credential: Option<String>,
    /// The channels of its connector; none if its silence never proves anything.
    pub channels: Vec<Channel>,
    /// When it was asked.
    pub at: Timestamp,
    /// What it brought, or why it brought nothing.
    pub result: Result<Observation, Fault>,
    /// Each request, when asked for.
    pub trace: Vec<RequestTrace>,
}

impl SourceOutcome {
    /// Did the server say that it is asked too often?
    pub fn is_rate_limited(&self) -> bool {
        let faults = match &self.result {
            Ok(observation) => observation.faults.as_slice(),
            Err(fault) => std::slice::from_ref(fault),
        };
        faults.iter().any(|fault| fault.kind == FaultKind::RateLimited)
    }
}

/// What a poll leans on.
pub struct Means {
    /// The connectors.
    pub registry: Registry,
    /// The only way out.
    pub http: HttpClient,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// Longest time one source may take.
    pub budget: Duration,
    /// Polls in flight per connector, where it has a limit.
    pub at_once: BTreeMap<String, Arc<Semaphore>>,
}

impl Means {
    /// The same with other connectors.
    pub fn with(&self, registry: Registry) -> Self {
        Self {
            registry,
            http: self.http.clone(),
            secrets: Arc::clone(&self.secrets),
            budget: self.budget,
            at_once: self.at_once.clone(),
        }
    }
}

/// Asks one source. Never fails: whatever goes wrong is a fault in the outcome.
pub async fn ask(means: &Means, errand: Errand, now: Timestamp, traced: bool) -> SourceOutcome {
    let Errand { source, memo, fresh } = errand;
    let mut outcome = SourceOutcome {
        credential: None,
        channels: Vec::new(),
        at: now,
        result: Err(unknown_connector(&source)),
        trace: Vec::new(),
        source,
    };
    let Some(connector) = means.registry.find(&outcome.source.connector) else {
        return outcome;
    };
    let target = Target::new(outcome.source.target.clone());
    outcome.channels = channels_of(connector.as_ref());
    outcome.credential = connector.credential(&target);
    if let Err(problem) = connector.admit(&target) {
        let detail = format!("{};{}", problem.what, problem.help);
        let fault = Fault::new(FaultScope::Account, FaultKind::Refused, detail);
        outcome.result = Err(fault.retry(Retry::Operator));
        return outcome;
    }
    let sink: Option<TraceSink> = traced.then(|| Arc::new(Mutex::new(Vec::new())));
    let http = match &sink {
        Some(sink) => means.http.traced(Arc::clone(sink)).at(now),
        None => means.http.at(now),
    };
    let context = PollContext {
        now,
        budget: means.budget,
        http: &http,
        secrets: means.secrets.as_ref(),
        memo: memo.as_deref(),
        fresh,
    };
    // Waiting for a turn does not count against the budget.
    let _turn = match means.at_once.get(&outcome.source.connector) {
        Some(turns) => turns.acquire().await.ok(),
        None => None,
    };
    let polled = tokio::time::timeout(means.budget, connector.poll(&target, &context)).await;
    outcome.result = polled.unwrap_or_else(|_| Err(timed_out(means.budget)));
    outcome.channels = channels_of(connector.as_ref());
    if let Ok(observation) = &mut outcome.result {
        // What may be an old list in the shape of a new one proves silence only up to the time it surely knows.
        let lag = TimeDelta::hours(connector.descriptor().lag_h.into());
        observation.coverage.cut(now - lag);
    }
    if let Some(sink) = sink {
        let mut held = sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcome.trace = std::mem::take(&mut *held);
    }
    outcome
}

/// A channel counts for the rule only where somebody's silence on it can prove something. A process says its channels
/// only when it is first spoken to.
pub(super) fn channels_of(connector: &dyn Connector) -> Vec<Channel> {
    let facts = connector.descriptor();
    let met = connector.late_courtesy().is_none_or(|late| late.courtesy.is_some());
    if facts.proves_silence && met { facts.channels.clone() } else { Vec::new() }
}

fn unknown_connector(source: &Source) -> Fault {
    let detail = format!("没有名为 {} 的采集器,请检查台账的采集方式", source.connector);
    Fault::new(FaultScope::Account, FaultKind::Refused, detail).retry(Retry::Operator)
}

fn timed_out(budget: Duration) -> Fault {
    let detail = format!("{}秒内没有完成采集", budget.as_secs());
    Fault::new(FaultScope::Platform, FaultKind::TimedOut, detail)
}
