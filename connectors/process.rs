//! How does a program of the operator's own become a connector? One long-lived child that speaks `observation/1`.
//!
//! It is started by the first poll (or probe) and never by anything else; its hello says what it reads and how politely.
//! Whatever it does wrong is a fault of Connector scope, and it is started anew, with growing pauses.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use crate::claim;
use crate::connector::{
    Connector, Courtesy, Descriptor, LateCourtesy, PollContext, Target, TargetProblem,
};
use crate::http::redact;
use crate::wire::{Hello, LINE_BYTES_MAX, Line, Poll, WireCourtesy, WireObservation};

mod child;
mod talk;
mod tell;

use child::{Child, Death};
use talk::Talk;
use tell::{fault_of, hidden_forms};

/// How long a child may take to say hello.
const HELLO_MAX: Duration = Duration::from_secs(10);
/// The least time that any answer is waited for.
const PATIENCE_MIN: Duration = Duration::from_secs(1);
/// Polls in flight with a child that names no limit.
const AT_ONCE_MAX: u32 = 64;
/// What holds for a child that names no courtesy.
const COURTESY: WireCourtesy = WireCourtesy { at_once: 1, per_minute: 20 };
/// Pause before the second restart without an answer between; it doubles.
const RESTART_S: i64 = 5;
/// Longest pause before a restart.
const RESTART_MAX_S: i64 = 300;
/// Longest target, bytes.
const TARGET_BYTES_MAX: usize = 2000;
/// Channels that a child may name.
const CHANNELS_MAX: usize = 16;

/// What the configuration says of a process connector.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// Its name, as in `NAME:target`.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it runs, and where a relative path of its program starts: the configuration's directory.
    pub directory: PathBuf,
    /// The operator's limit of polls in flight; the child's own holds where it is stricter. 0 = none.
    pub at_once: Option<u32>,
    /// The operator's limit of polls started in any minute, likewise.
    pub per_minute: Option<u32>,
    /// What the daemon calls itself in its hello, `freshd/VERSION`.
    pub daemon: String,
}

/// `[connectors.process.NAME]`.
pub struct ProcessConnector {
    settings: ProcessSettings,
    /// What is known before its hello.
    unmet: Descriptor,
    /// What its first hello said; facts do not change.
    met: OnceLock<Descriptor>,
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    talk: Option<Arc<Talk>>,
    /// Ends in a row without an answer between.
    failures: u32,
    not_before: Option<Timestamp>,
}

impl ProcessConnector {
    /// Starts nothing yet.
    pub fn new(settings: ProcessSettings) -> Self {
        let program = settings.command.join(" ");
        let program: String = program.chars().take(200).collect();
        let limits = (settings.at_once, settings.per_minute);
        let unmet = Descriptor {
            name: settings.name.clone().into(),
            platform: "*".into(),
            channels: vec![Channel::posts()],
            proves_silence: true,
            lag_h: 0,
            courtesy: courtesy(limits, COURTESY),
            about: format!("自己写的采集程序:{program}").into(),
        };
        let (met, state) = (OnceLock::new(), Mutex::default());
        Self { settings, unmet, met, turns: Arc::new(Semaphore::new(1)), state }
    }

    /// The child that runs, or a new one; the fault says why there is none.
    async fn talk(&self, cx: &PollContext<'_>) -> Result<Arc<Talk>, Fault> {
        let mut state = self.state.lock().await;
        if let Some(talk) = &state.talk {
            let Some(fault) = talk.is_over() else { return Ok(Arc::clone(talk)) };
            tracing::warn!(connector = self.settings.name, why = fault.detail, "process ended");
            state.failed(cx.now);
        }
        if let Some(until) = state.not_before {
            let wait = (until - cx.now).num_seconds();
            // A clock that was set back does not make it wait for longer than the longest pause.
            if (1..=RESTART_MAX_S).contains(&wait) {
                return Err(self.resting(state.failures, wait));
            }
        }
        let limit = HELLO_MAX.min(patience(cx.budget));
        let opened = tokio::time::timeout(limit, self.open()).await;
        let silent = || Err(fault_of(&self.settings.name, &Death::Silent(limit), ""));
        match opened.unwrap_or_else(|_| silent()) {
            Ok(talk) => {
                let talk = Arc::new(talk);
                state.talk = Some(Arc::clone(&talk));
                Ok(talk)
            }
            Err(fault) => {
                state.failed(cx.now);
                Err(fault)
            }
        }
    }

    async fn open(&self) -> Result<Talk, Fault> {
        let ProcessSettings { name, command, directory, daemon, .. } = &self.settings;
        let child = Child::start(name, command, directory);
        let child = child.map_err(|death| fault_of(name, &death, ""))?;
        let (talk, hello) = Talk::open(name, child, daemon).await?;
        self.meet(hello).map_err(|what| fault_of(name, &Death::Stranger(what), ""))?;
        Ok(talk)
    }

    /// Takes in what its hello says of it: the first one counts, a later one must say the same.
    fn meet(&self, hello: Hello) -> Result<(), String> {
        let mut channels = hello.channels;
        if channels.is_empty() {
            channels.push(Channel::posts());
        }
        let distinct: BTreeSet<&Channel> = channels.iter().collect();
        let named = |channel: &Channel| {
            !channel.is_all() && (1..=64).contains(&channel.as_str().trim().len())
        };
        if distinct.len() != channels.len()
            || channels.len() > CHANNELS_MAX
            || !channels.iter().all(named)
        {
            let what = format!("hello 的 channels 不合规:1 至 {CHANNELS_MAX} 个互不相同的名称");
            return Err(what);
        }
        if hello.name.len() > 64 || hello.platform.len() > 64 {
            return Err("hello 的 name 或 platform 超过 64 字节".to_owned());
        }
        let platform = if hello.platform.is_empty() { "*".into() } else { hello.platform.into() };
        let limits = (self.settings.at_once, self.settings.per_minute);
        let own = courtesy(limits, hello.courtesy.unwrap_or(COURTESY));
        let met = Descriptor { platform, channels, courtesy: own, ..self.unmet.clone() };
        let turns = if own.at_once == 0 { AT_ONCE_MAX } else { own.at_once.min(AT_ONCE_MAX) };
        match self.met.set(met) {
            // There was one turn, for the first poll.
            Ok(()) => self.turns.add_permits(turns as usize - 1),
            Err(met) if self.met.get() == Some(&met) => {}
            Err(_) => return Err("hello 与第一次说的不同;重新加载配置后才生效".to_owned()),
        }
        tracing::info!(connector = self.settings.name, process = hello.name, "process said hello");
        Ok(())
    }

    fn resting(&self, failures: u32, wait_s: i64) -> Fault {
        let name = &self.settings.name;
        let detail = format!("采集程序 {name} 连续 {failures} 次异常结束,{wait_s} 秒后再启动");
        Fault::new(FaultScope::Connector, FaultKind::Unavailable, detail)
    }

    /// It ended: the next poll starts it anew.
    async fn bury(&self, talk: &Arc<Talk>, now: Timestamp) {
        let mut state = self.state.lock().await;
        if state.talk.as_ref().is_some_and(|held| Arc::ptr_eq(held, talk)) {
            state.failed(now);
        }
    }

    /// It answered: whatever went wrong before is over.
    async fn praise(&self) {
        let mut state = self.state.lock().await;
        (state.failures, state.not_before) = (0, None);
    }

    async fn ask(&self, target: &Target, cx: &PollContext<'_>) -> Result<WireObservation, Fault> {
        let name = &self.settings.name;
        let patience = patience(cx.budget);
        let started = Instant::now();
        let secrets = cx.secrets.all(name).map_err(|problem| {
            Fault::new(FaultScope::Credential, FaultKind::Unauthorized, problem.0)
                .retry(Retry::Operator)
        })?;
        let secrets: Secrets =
            secrets.into_iter().map(|(key, secret)| (key, secret.expose().to_owned())).collect();
        let talk = self.talk(cx).await?;
        let left = patience.saturating_sub(started.elapsed()).max(PATIENCE_MIN);
        let hidden = hidden_forms(&secrets);
        let poll = Poll {
            target: target.to_string(),
            now: cx.now,
            budget_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            secrets,
            memo: cx.memo.map(str::to_owned),
        };
        let line = |id| Line { id: Some(id), poll: Some(poll.clone()), ..Line::default() }.write();
        if line(u64::MAX).len() > LINE_BYTES_MAX {
            let detail = format!("采集程序 {name} 的密钥文件太大,一行写不下");
            let fault = Fault::new(FaultScope::Credential, FaultKind::Refused, detail);
            return Err(fault.retry(Retry::Operator));
        }
        match tokio::time::timeout(left, talk.ask(hidden, line)).await {
            Ok(Ok(observation)) => {
                self.praise().await;
                Ok(observation)
            }
            Ok(Err(fault)) => {
                self.bury(&talk, cx.now).await;
                Err(fault)
            }
            Err(_) => {
                let fault = talk.give_up(Death::Silent(left)).await;
                self.bury(&talk, cx.now).await;
                Err(fault)
            }
        }
    }
}

/// Secrets by key, as they go to the child.
type Secrets = std::collections::BTreeMap<String, String>;

impl State {
    fn failed(&mut self, now: Timestamp) {
        self.talk = None;
        self.failures = self.failures.saturating_add(1);
        // Once is chance: started anew at once.
        self.not_before = self.failures.checked_sub(2).map(|more| {
            let seconds = (RESTART_S << more.min(16)).min(RESTART_MAX_S);
            now + TimeDelta::seconds(seconds)
        });
    }
}

#[async_trait]
impl Connector for ProcessConnector {
    fn descriptor(&self) -> &Descriptor {
        self.met.get().unwrap_or(&self.unmet)
    }

    /// What its targets look like only the program knows: it answers nonsense with a fault of the account.
    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        let text = target.as_str();
        let help = format!("按采集程序的说明填写,例如 {}:目标", self.settings.name);
        if text.trim().is_empty() {
            return Err(TargetProblem::new("没有写要采集的目标", help));
        }
        if text.len() > TARGET_BYTES_MAX || text.chars().any(char::is_control) {
            let what = format!("目标含控制字符,或超过 {TARGET_BYTES_MAX} 字节");
            return Err(TargetProblem::new(what, help));
        }
        Ok(())
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        self.admit(target).map_err(|problem| {
            Fault::new(FaultScope::Account, FaultKind::Refused, problem.what).retry(Retry::Operator)
        })?;
        let told = self.ask(target, cx).await?;
        let name = &self.settings.name;
        let malformed = |what: String| {
            let detail = format!("采集程序 {name} 的回答不能用:{what}");
            Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
        };
        let mut seen = Observation::try_from(told).map_err(|error| malformed(error.to_string()))?;
        let objections = claim::settle(&mut seen, &self.descriptor().channels, cx.now);
        if !objections.is_empty() {
            let first: Vec<String> = objections.iter().take(3).map(ToString::to_string).collect();
            return Err(malformed(first.join(";")));
        }
        claim::withhold(&mut seen);
        // Its own trouble is no trouble of this machine.
        for fault in seen.faults.iter_mut().filter(|fault| fault.scope == FaultScope::Local) {
            fault.scope = FaultScope::Connector;
        }
        for evidence in &mut seen.evidence {
            evidence.body = redact::text(&evidence.body).into_owned();
        }
        // Nothing but trouble is no partial answer.
        if saw_nothing(&seen) && !seen.faults.is_empty() {
            return Err(seen.faults.swap_remove(0));
        }
        Ok(seen)
    }

    async fn probe(&self, cx: &PollContext<'_>) -> Result<(), Fault> {
        self.talk(cx).await.map(drop)
    }

    fn late_courtesy(&self) -> Option<LateCourtesy> {
        let courtesy = self.met.get().map(|met| met.courtesy);
        Some(LateCourtesy { turns: Arc::clone(&self.turns), courtesy })
    }
}

fn saw_nothing(seen: &Observation) -> bool {
    seen.sightings.is_empty()
        && seen.coverage.is_empty()
        && seen.profile.is_none()
        && seen.menu.is_none()
        && seen.interaction.is_empty()
        && seen.download.is_none()
}

/// The runner drops a poll at its budget; a silent child is to be noticed before that.
fn patience(budget: Duration) -> Duration {
    (budget / 10 * 9).max(PATIENCE_MIN)
}

/// The child's wish, and the operator's limit where that is stricter.
fn courtesy((at_once, per_minute): (Option<u32>, Option<u32>), own: WireCourtesy) -> Courtesy {
    let stricter = |own: u32, limit: Option<u32>| match (own, limit.unwrap_or(0)) {
        (0, limit) => limit,
        (own, 0) => own,
        (own, limit) => own.min(limit),
    };
    Courtesy {
        at_once: stricter(own.at_once, at_once),
        per_minute: stricter(own.per_minute, per_minute),
    }
}

#[cfg(test)]
mod tests;
