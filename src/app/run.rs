//! What keeps running? The daemon's loops, signals, sockets and the watchdog; the only place with a loop that sleeps.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use futures::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::callback::Pushes;
use super::intake::Intake;
use super::mailbox::Mailbox;
use super::reception::Reception;
use super::takeover::take_over;
use super::upkeep::Upkeep;
use super::web_data::Pages;
use super::{App, schedule};
use crate::cli::caller::Caller;
use crate::cli::exec::execute;
use crate::cli::request::Request;
use crate::config::calendar::{gap, gap_text};
use crate::config::{Args, Config};
use crate::control::{self, ControlSocket, Response};
use crate::poll::links::LinkChecker;
use crate::poll::{Poller, Tick};
use crate::systemd::{self, Pulse, stuck, watchdog_interval};
use crate::web;

mod signals;

pub use signals::Signals;

/// A loop sleeps no longer than this, so that a moved clock is noticed.
const SLEEP_MAX: TimeDelta = TimeDelta::seconds(20);
/// First wait of a loop whose tick failed.
const ERROR_WAIT: TimeDelta = TimeDelta::seconds(10);
/// Polls and letters in hand may take this long to end when the daemon stops.
const GRACE: Duration = Duration::from_secs(60);

/// What the loops tell each other.
#[derive(Clone, Default)]
struct Wakes {
    poll: Arc<Notify>,
    links: Arc<Notify>,
    notify: Arc<Notify>,
    deliver: Arc<Notify>,
    schedule: Arc<Notify>,
}

impl Wakes {
    fn all(&self) {
        for one in [&self.poll, &self.links, &self.notify, &self.deliver, &self.schedule] {
            one.notify_one();
        }
    }
}

#[derive(Clone, Default)]
struct Pulses(Arc<Mutex<BTreeMap<&'static str, Pulse>>>);

impl Pulses {
    fn set(&self, name: &'static str, pulse: Pulse) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, pulse);
    }

    fn all(&self) -> Vec<(&'static str, Pulse)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().map(|(name, pulse)| (*name, *pulse)).collect()
    }
}

/// One loop of the daemon.
struct Loop {
    name: &'static str,
    app: App,
    wake: Arc<Notify>,
    pulses: Pulses,
    stop: CancellationToken,
    needs: Needs,
}

/// What of the machine must be in order for a loop to tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Clock,
    ClockAndDisk,
}

impl Loop {
    /// Is the machine fit for this loop? Looks at the clock first: a wrong one must not reach a single letter.
    fn is_fit(&self, now: Timestamp) -> bool {
        if self.app.env.clock.is_steady() {
            self.app.health.look(now);
        }
        let clock = self.app.health.clock_fault().is_none();
        match self.needs {
            Needs::Nothing => true,
            Needs::Clock => clock,
            Needs::ClockAndDisk => clock && self.app.health.disk_low_since().is_none(),
        }
    }

    /// Ticks, sleeps until there is something to do, and goes on after a panic or an error.
    async fn drive<F>(self, mut tick: F)
    where
        F: AsyncFnMut(Timestamp) -> anyhow::Result<Tick>,
    {
        while !self.stop.is_cancelled() {
            let now = self.app.now();
            self.pulses.set(self.name, Pulse::Working { since: now });
            let ended = if self.is_fit(now) {
                AssertUnwindSafe(tick(now)).catch_unwind().await
            } else {
                Ok(Ok(Tick::default()))
            };
            let now = self.app.now();
            self.app.env.metrics.progress(self.name, now);
            let wake_at = match ended {
                Ok(Ok(done)) => {
                    if done.did > 0 {
                        tracing::debug!(loop_name = self.name, did = done.did, "tick");
                    }
                    done.next_wake.unwrap_or(now + SLEEP_MAX).min(now + SLEEP_MAX)
                }
                Ok(Err(error)) => {
                    tracing::error!(loop_name = self.name, error = %format!("{error:#}"), "tick failed");
                    now + ERROR_WAIT
                }
                Err(_) => {
                    tracing::error!(loop_name = self.name, "tick panicked");
                    self.app.env.metrics.panicked(self.name);
                    now + ERROR_WAIT
                }
            };
            self.pulses.set(self.name, Pulse::Asleep { next_wake: wake_at });
            let wait = self.app.env.clock.wait_for((wake_at - now).max(TimeDelta::zero()));
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.pulses.set(self.name, Pulse::Ended);
    }
}

/// Runs the daemon until `stop` (or SIGTERM, SIGINT): loops, pages, control socket. `ready` is told the address of
/// the pages once everything is served.
pub async fn run(
    signals: Signals,
    app: App,
    args: Args,
    stop: CancellationToken,
    ready: impl FnOnce(Option<std::net::SocketAddr>),
) -> anyhow::Result<()> {
    let config = app.config();
    app.health.recall(app.store())?;
    if let Some(year) = gap(&config.calendar, app.now()) {
        tracing::warn!(year, "{}", gap_text(year));
    }
    let socket = ControlSocket::bind(&config.store.socket).await?;
    let listener = match config.web.listen {
        Some(address) => Some(
            tokio::net::TcpListener::bind(address)
                .await
                .with_context(|| format!("[web] listen {address} 无法监听"))?,
        ),
        None => None,
    };
    let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let (wakes, pulses) = (Wakes::default(), Pulses::default());
    let tasks = tokio_util::task::TaskTracker::new();
    app.serves();
    take_over(&app, app.now())?;
    spawn_loops(&tasks, &app, &wakes, &pulses, &stop);
    if let Some(listener) = listener {
        let host = config.web.public_url.as_ref().and_then(|url| url.host_str());
        let pushes = Arc::new(Pushes::new(app.clone(), Arc::clone(&wakes.poll)));
        let data = Pages::new(app.clone()).waking(Arc::clone(&wakes.poll));
        let reception = Reception::new(app.clone(), Arc::clone(&wakes.poll));
        let pages = web::WebState::new(Arc::new(data), host).taking(pushes);
        let pages = pages.receiving(Arc::new(reception));
        let stop = stop.clone();
        tasks.spawn(async move {
            if let Err(error) = web::serve(listener, pages, stop).await {
                tracing::error!(%error, "web server ended");
            }
        });
    }
    tasks.spawn(serve_control(app.clone(), socket, wakes.clone(), stop.clone()));
    tasks.spawn(watch(app.clone(), pulses.clone(), stop.clone()));
    tasks.close();
    let shown = address.map(|address| address.to_string());
    let status = format!("运行中;页面 {}", shown.as_deref().unwrap_or("未开启"));
    systemd::ready(&status);
    tracing::info!(store = %config.store.path.display(), web = shown, "ready");
    ready(address);
    obey(signals, &app, &args, &wakes, &stop).await;
    systemd::stopping();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("some work did not end within the grace; its leases run out by themselves");
    }
    app.store().barrier().await?;
    tracing::info!("stopped");
    Ok(())
}

fn spawn_loops(
    tasks: &tokio_util::task::TaskTracker,
    app: &App,
    wakes: &Wakes,
    pulses: &Pulses,
    stop: &CancellationToken,
) {
    let make = |name: &'static str, wake: &Arc<Notify>, needs: Needs| Loop {
        name,
        app: app.clone(),
        wake: Arc::clone(wake),
        pulses: pulses.clone(),
        stop: stop.clone(),
        needs,
    };
    let poller = Poller::new(app.env.clone(), stop.clone());
    let after_poll = wakes.clone();
    let polling = app.clone();
    tasks.spawn(make("poll", &wakes.poll, Needs::ClockAndDisk).drive(async move |_| {
        if polling.config().exchange.only {
            return Ok(Tick::default());
        }
        let done = poller.tick().await?;
        if done.did > 0 {
            after_poll.links.notify_one();
            after_poll.notify.notify_one();
        }
        Ok(done)
    }));
    let (mut links, linking) = (LinkChecker::new(app.env.clone()), app.clone());
    tasks.spawn(make("links", &wakes.links, Needs::ClockAndDisk).drive(async move |_| {
        if linking.config().exchange.only {
            return Ok(Tick::default());
        }
        Ok(links.tick().await?)
    }));
    let (noting, after_notify) = (app.clone(), wakes.clone());
    tasks.spawn(make("notify", &wakes.notify, Needs::Clock).drive(async move |now| {
        let report = noting.notifier().tick(now, false).await?;
        if !report.letters.is_empty() {
            after_notify.deliver.notify_one();
        }
        Ok(Tick { did: report.letters.len(), next_wake: report.next })
    }));
    let sending = app.clone();
    let mut deliverer = app.deliverer();
    let mut config = app.config();
    tasks.spawn(make("deliver", &wakes.deliver, Needs::Clock).drive(async move |now| {
        // A reload brings new settings; until then the connection and the relay's backoff are kept.
        if !Arc::ptr_eq(&config, &sending.config()) {
            config = sending.config();
            deliverer = sending.deliverer();
        }
        let report = deliverer.tick(now).await?;
        Ok(Tick { did: report.accepted + report.refused, next_wake: report.next })
    }));
    let (keeping, after_schedule) = (app.clone(), wakes.clone());
    let schedules = make("schedule", &wakes.schedule, Needs::Clock);
    tasks.spawn(schedules.drive(async move |now| {
        let done = schedule::tick(&keeping, now).await?;
        if done.did > 0 {
            after_schedule.deliver.notify_one();
        }
        Ok(done)
    }));
    spawn_others(tasks, make, app, wakes);
}

/// What comes in by itself, and what must be tidied.
fn spawn_others(
    tasks: &tokio_util::task::TaskTracker,
    make: impl Fn(&'static str, &Arc<Notify>, Needs) -> Loop,
    app: &App,
    wakes: &Wakes,
) {
    let (mut intake, taking, after_intake) = (Intake::default(), app.clone(), wakes.clone());
    let intakes = make("intake", &Arc::default(), Needs::ClockAndDisk);
    tasks.spawn(intakes.drive(async move |now| {
        let done = intake.tick(&taking, now).await?;
        if done.did > 0 {
            after_intake.all();
        }
        Ok(done)
    }));
    let (mut mailbox, reading, after_mail) = (Mailbox::default(), app.clone(), wakes.clone());
    let mailboxes = make("mailbox", &Arc::default(), Needs::ClockAndDisk);
    tasks.spawn(mailboxes.drive(async move |now| {
        let done = mailbox.tick(&reading, now).await?;
        if done.did > 0 {
            after_mail.all();
        }
        Ok(done)
    }));
    let (mut upkeep, after_upkeep) = (Upkeep::new(app.clone()), wakes.clone());
    tasks.spawn(make("upkeep", &Arc::default(), Needs::Nothing).drive(async move |now| {
        let done = upkeep.tick(now).await?;
        if done.did > 0 {
            after_upkeep.deliver.notify_one();
        }
        Ok(done)
    }));
}

async fn serve_control(app: App, socket: ControlSocket, wakes: Wakes, stop: CancellationToken) {
    let handler = |peer: control::Peer, request: serde_json::Value| {
        let (app, wakes) = (app.clone(), wakes.clone());
        async move {
            let response = match serde_json::from_value::<Request>(request) {
                Ok(request) => execute(&app, request, Caller::of_uid(peer.uid)).await,
                Err(error) => {
                    let stderr = format!("守护程序不认识这个命令(版本不同?):{error}\n");
                    Response { exit: 2, stderr, ..Response::default() }
                }
            };
            wakes.all();
            response
        }
    };
    control::serve(&socket, handler, stop).await;
}

/// Pets the watchdog only while every loop makes progress.
async fn watch(app: App, pulses: Pulses, stop: CancellationToken) {
    let Some(interval) = watchdog_interval() else { return };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        match stuck(pulses.all(), app.now()) {
            None => systemd::watchdog(),
            Some(name) => {
                tracing::error!(loop_name = name, "loop makes no progress; watchdog left unpetted")
            }
        }
    }
}

/// Waits for a signal to stop; SIGHUP reads the configuration again, and a broken one changes nothing.
async fn obey(
    mut signals: Signals,
    app: &App,
    args: &Args,
    wakes: &Wakes,
    stop: &CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hangup.recv() => {
                systemd::reloading();
                systemd::ready(&reload(app, args));
                wakes.all();
            }
        }
    }
    stop.cancel();
}

/// Reads the configuration again; returns the words for the service's status.
fn reload(app: &App, args: &Args) -> String {
    match Config::load(args).map(|config| app.reload(config)) {
        Ok(Ok(kept)) if kept.is_empty() => tracing::info!("configuration reloaded"),
        Ok(Ok(kept)) => {
            let keys = kept.join(", ");
            tracing::warn!(
                keys,
                "configuration reloaded, but these keys need a restart and stay as they were"
            );
            return format!("运行中;已重新读取配置,但 {keys} 要重新启动才生效,现在仍按原来的");
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "configuration kept as it was");
            return "运行中;新配置无法使用,仍按原来的配置".to_owned();
        }
        Err(problems) => {
            for problem in &problems {
                tracing::error!(%problem, "configuration kept as it was");
            }
            return format!("运行中;新配置有 {} 个问题,仍按原来的配置", problems.len());
        }
    }
    "运行中".to_owned()
}
