//! How many polls a second, and at what cost, beside a bare loop of the same HTTP client? And where does the time go?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use freshd::clock::{Clock, ManualClock};
use freshd::poll::apply::{Terms, apply};
use freshd::poll::run::{Errand, Means, SourceOutcome, ask};
use freshd::poll::{Parts, PollEnv, Poller, write};
use freshd::store::{Store, StoreError, StoreOptions};
use freshd::telemetry::Metrics;
use freshd_connectors::Registry;
use freshd_connectors::connector::SecretTable;
use freshd_connectors::http::{HttpClient, NetSettings, Request};
use freshd_connectors::registry::Settings;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::breaker::Breaker;
use freshd_core::rulebook::Policy;
use freshd_core::schedule::Intervals;
use freshd_core::state::AccountState;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::Plan;
use crate::measure::{Spent, heading, line, target, took, took_async};
use crate::server::Server;
use crate::world::{self, Kind};

/// Requests in flight at once, in the daemon and in the bare loops.
const AT_ONCE: usize = freshd::app::POLLS_AT_ONCE;
/// Rounds of which the best counts.
const ROUNDS: usize = 3;
/// After so many minutes every account that passes is due again.
const NEXT_ROUND_MIN: i64 = 3 * 24 * 60;

/// A store with accounts, a clock that stands, and everything that polls them.
pub struct Bench {
    /// The child that is polled.
    pub server: Server,
    /// The clock.
    pub clock: ManualClock,
    /// What polls lean on.
    pub env: PollEnv,
    kind: Kind,
    accounts: usize,
}

impl Bench {
    /// Over a new store in `directory`.
    pub fn new(directory: &std::path::Path, kind: Kind, accounts: usize) -> Self {
        Self::with_menus(directory, kind, accounts, |_| Vec::new())
    }

    /// The same, where each account has a menu: names and addresses.
    pub fn with_menus(
        directory: &std::path::Path,
        kind: Kind,
        accounts: usize,
        menu: impl Fn(usize) -> Vec<(Vec<String>, String)>,
    ) -> Self {
        let server = Server::start();
        let clock = ManualClock::new(world::start());
        let store = Store::open(directory, StoreOptions::default()).expect("a new store opens");
        world::import_with(&store, kind, accounts, clock.now(), menu);
        let parts = parts(&server.base);
        let env = PollEnv::new(store, Arc::new(clock.clone()), Arc::new(Metrics::new()), parts);
        Self { server, clock, env, kind, accounts }
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.accounts
    }

    /// Moves on to `now`; the platforms answer as they are then.
    pub fn advance(&mut self, now: Timestamp) {
        self.clock.advance_to(now);
        self.server.prepare(self.kind, self.accounts, now);
    }

    /// Polls everything that is due, as the daemon does; how many.
    pub fn tick(&self, runtime: &Runtime) -> (Spent, usize) {
        let poller = Poller::new(self.env.clone(), CancellationToken::new());
        let ticked = async move { took_async(poller.tick()).await };
        let (spent, tick) = runtime.block_on(runtime.spawn(ticked)).expect("no panic");
        (spent, tick.expect("the store works").did)
    }
}

/// The runtime of the daemon.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn net() -> NetSettings {
    NetSettings {
        allow_private: vec!["127.0.0.0/8".parse().expect("a network")],
        host_at_once: 0,
        host_per_minute: 0,
        ..NetSettings::default()
    }
}

fn parts(base: &Url) -> Parts {
    let settings = Settings {
        nanfang_bases: vec![base.clone()],
        weibo_base: base.clone(),
        ..Settings::default()
    };
    let mut secrets = SecretTable::default();
    secrets.0.insert(("weibo".into(), "token".into()), "bench-token".into());
    Parts {
        means: Means {
            registry: Registry::built_in(&settings),
            http: HttpClient::new(net()).expect("a client"),
            secrets: Arc::new(secrets),
            budget: Duration::from_secs(45),
            at_once: Default::default(),
        },
        terms: terms(),
        at_once: AT_ONCE,
        courtesy: BTreeMap::new(),
        article_base: base.clone(),
        links: Default::default(),
    }
}

/// The rules and intervals of every run.
pub fn terms() -> Terms {
    let book = freshd::config::rules::built_in();
    let profile = book.profile("national").expect("the national profile is built in");
    Terms { policy: Policy::of(profile.clone()), intervals: Intervals::default() }
}

/// Runs `work` over all items, [`AT_ONCE`] in flight, in one task as the daemon does.
async fn in_flight<T, F: Future>(
    items: Vec<T>,
    work: impl Fn(T) -> F,
    mut done: impl FnMut(F::Output),
) {
    let mut items = items.into_iter();
    let mut flying: FuturesUnordered<F> = items.by_ref().take(AT_ONCE).map(&work).collect();
    while let Some(output) = flying.next().await {
        done(output);
        flying.extend(items.next().map(&work));
    }
}

/// One bare loop: the requests of each poll, one after the other, bodies read and dropped.
async fn bare_reqwest(client: reqwest::Client, polls: Vec<Vec<Url>>) -> Spent {
    let work = |urls: Vec<Url>| {
        let client = client.clone();
        async move {
            for url in urls {
                let mut response = client.get(url).send().await.expect("the server answers");
                while response.chunk().await.expect("a whole body").is_some() {}
            }
        }
    };
    took_async(in_flight(polls, work, |()| {})).await.0
}

/// The same through the daemon's own client, with its guard and limits.
async fn bare_http(client: HttpClient, polls: Vec<Vec<Url>>) -> Spent {
    let work = |urls: Vec<Url>| {
        let client = client.clone();
        async move {
            for url in urls {
                client.send(Request::get(url)).await.expect("the server answers");
            }
        }
    };
    took_async(in_flight(polls, work, |()| {})).await.0
}

/// As `connectors/http` makes it, without its resolver.
pub fn bare_client() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "the bare client that is compared with")]
    let builder = reqwest::Client::builder();
    builder
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent("freshd-bench")
        .timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(32)
        .build()
        .expect("a client")
}

/// The best of several rounds of each loop.
struct Best {
    reqwest: Spent,
    http: Spent,
    pipeline: Spent,
}

/// Measures one platform.
pub fn run(plan: &Plan, kind: Kind) {
    let count = plan.accounts;
    let requests = kind.requests(0).len();
    heading(&format!(
        "polls: {count} {} accounts, {requests} request(s) a poll, {AT_ONCE} in flight, durable commit",
        kind.name()
    ));
    let directory = tempfile::tempdir_in(&plan.scratch).expect("a directory");
    let runtime = runtime();
    let mut bench = Bench::new(directory.path(), kind, count);
    bench.advance(world::start());
    let body: usize = world::bodies(kind, 0, world::start()).iter().map(String::len).sum();
    line("bytes of the answers of one poll", &body.to_string());
    let client = bare_client();
    let urls = polls_of(&bench);
    // The first loop opens connections; the first polls of all accounts write everything anew.
    runtime.block_on(runtime.spawn(bare_reqwest(client.clone(), urls.clone()))).expect("no panic");
    let (first, did) = bench.tick(&runtime);
    assert_eq!(did, count, "every account is due at first");
    line("first poll of every account", &format!("{:.0} polls/s", first.rate(count)));
    let best = rounds(&mut bench, &runtime, &client);
    print(&best, count, count * requests);
    stages(&mut bench, &runtime, &best);
}

fn polls_of(bench: &Bench) -> Vec<Vec<Url>> {
    let base = &bench.server.base;
    let join = |path: String| base.join(&path).expect("a path");
    (0..bench.accounts).map(|n| bench.kind.requests(n).into_iter().map(join).collect()).collect()
}

fn rounds(bench: &mut Bench, runtime: &Runtime, client: &reqwest::Client) -> Best {
    let huge = Spent { wall_s: f64::MAX, cpu_s: f64::MAX };
    let mut best = Best { reqwest: huge, http: huge, pipeline: huge };
    for _ in 0..ROUNDS {
        bench.advance(bench.clock.now() + TimeDelta::minutes(NEXT_ROUND_MIN));
        let urls = polls_of(bench);
        let http = bench.env.parts().means.http.clone();
        let spawned = runtime.spawn(bare_reqwest(client.clone(), urls.clone()));
        best.reqwest = best.reqwest.least(runtime.block_on(spawned).expect("no panic"));
        let spawned = runtime.spawn(bare_http(http, urls));
        best.http = best.http.least(runtime.block_on(spawned).expect("no panic"));
        let before = bench.server.served();
        let (spent, did) = bench.tick(runtime);
        assert_eq!(did, bench.accounts, "every account is due again");
        let asked = (bench.server.served() - before) as usize;
        assert_eq!(asked, did * bench.kind.requests(0).len(), "every poll asks as expected");
        best.pipeline = best.pipeline.least(spent);
    }
    best
}

fn print(best: &Best, polls: usize, requests: usize) {
    let show = |what: &str, spent: Spent| {
        let (rate, per) = (spent.rate(requests), spent.cpu_us(requests));
        line(what, &format!("{rate:>7.0} requests/s  {per:>6.1} µs CPU/request"));
    };
    show("bare loop, reqwest", best.reqwest);
    show("bare loop, the daemon's client", best.http);
    show("whole pipeline", best.pipeline);
    line("whole pipeline", &format!("{:>7.0} polls/s", best.pipeline.rate(polls)));
    let share = 100.0 * best.reqwest.wall_s / best.pipeline.wall_s;
    target("rate, of the bare reqwest loop", &format!("{share:.0} %"), "≥ 60 %", share >= 60.0);
    let share = 100.0 * best.http.wall_s / best.pipeline.wall_s;
    target(
        "rate, of the bare loop of its own client",
        &format!("{share:.0} %"),
        "≥ 60 %",
        share >= 60.0,
    );
    let cpu = best.pipeline.cpu_s * 1000.0 / polls as f64;
    target("CPU seconds per 1,000 polls", &format!("{cpu:.3}"), "≤ 0.060", cpu <= 0.06);
}

/// Each stage alone, on recorded inputs: the polls of one more day, half of which find a new post.
fn stages(bench: &mut Bench, runtime: &Runtime, best: &Best) {
    bench.advance(bench.clock.now() + TimeDelta::minutes(NEXT_ROUND_MIN));
    let (now, count) = (bench.clock.now(), bench.accounts);
    let (asked, outcomes) = asked(bench, runtime, now);
    let store = &bench.env.store;
    let read = |n: usize| {
        let account = world::account(bench.kind, n);
        let state: AccountState = store.state(&account.id).expect("it reads").unwrap_or_default();
        (account, state)
    };
    let (reading, _) = took(|| (0..count).for_each(|n| drop(read(n))));
    let known: Vec<(Account, AccountState)> = (0..count).map(read).collect();
    let terms = terms();
    let (input, mut breaker) = (known.clone(), Breaker::default());
    let (applying, applied) = took(|| {
        let pairs = input.into_iter().zip(&outcomes);
        pairs
            .map(|((account, state), outcome)| {
                apply(&account, state, vec![outcome.clone()], &mut breaker, &terms, now)
            })
            .collect::<Vec<_>>()
    });
    let (committing, _) = took(|| {
        for ((account, _), applied) in known.iter().zip(&applied) {
            store
                .update(|change| {
                    change.account(&account.id)?;
                    change.state::<AccountState>(&account.id)?;
                    write(change, account, applied, now)
                })
                .map_err(|error: StoreError| error)
                .expect("the store works");
        }
    });
    let (barrier, _) = took(|| store.barrier_blocking().expect("the disk works"));
    heading("where the time goes, µs of processor a poll, each stage alone");
    let us = |spent: Spent| spent.cpu_us(count);
    let show = |what: &str, us: f64| line(what, &format!("{us:>7.1}"));
    show("HTTP (the daemon's client)", us(best.http));
    show("connector: parse, evidence", us(asked) - us(best.http));
    show("absorb, judge, decide", us(applying));
    show("read and decode account and state", us(reading));
    show("read again, encode, commit", us(committing));
    let known = us(asked) + us(applying) + us(reading) + us(committing);
    show("claim, scheduling, barriers: the rest", us(best.pipeline) - known);
    show("whole pipeline", us(best.pipeline));
    line("one barrier after all of it, ms on the wall", &format!("{:>7.1}", barrier.wall_s * 1e3));
}

/// Asks every account through its connector, and keeps what came.
fn asked(bench: &Bench, runtime: &Runtime, now: Timestamp) -> (Spent, Vec<SourceOutcome>) {
    let parts = bench.env.parts();
    let errands: Vec<(usize, Errand)> = (0..bench.accounts)
        .map(|n| {
            let source = world::account(bench.kind, n).sources.remove(0);
            (n, Errand { source, memo: None, fresh: false })
        })
        .collect();
    let asking = async move {
        let mut outcomes = Vec::new();
        let work = |(n, errand)| {
            let parts = Arc::clone(&parts);
            async move { (n, ask(&parts.means, errand, now, false).await) }
        };
        let all =
            in_flight(errands, work, |outcome: (usize, SourceOutcome)| outcomes.push(outcome));
        let (spent, ()) = took_async(all).await;
        outcomes.sort_by_key(|(n, _)| *n);
        (spent, outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    };
    runtime.block_on(runtime.spawn(asking)).expect("no panic")
}
