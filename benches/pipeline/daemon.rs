//! How much memory does the daemon take, and how soon is it at work? Measured in a child process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use freshd::app::{App, POLLS_AT_ONCE, run as daemon};
use freshd::clock::{Clock, SystemClock};
use freshd::config::{Args, Config, Surroundings};
use freshd::poll::apply::apply;
use freshd::poll::write;
use freshd::store::{Store, StoreOptions};
use freshd_core::breaker::Breaker;
use freshd_core::state::AccountState;
use tokio_util::sync::CancellationToken;

use crate::Plan;
use crate::measure::{heading, line, memory_mib, seconds_since, target};
use crate::polls::{runtime, terms};
use crate::server::Server;
use crate::world::{self, Kind};

/// First argument of the child that fills a store.
pub const FILL: &str = "--bench-fill";
/// First argument of the child that is the daemon.
pub const CHILD: &str = "--bench-daemon";
/// Accounts that are due when the daemon starts.
const DUE: usize = 1_000;

/// Measures both sizes.
pub fn run(plan: &Plan) {
    for (accounts, rss_max) in [(5_000, 60.0), (100_000, 250.0)] {
        measure(plan, accounts / plan.shrink, rss_max);
    }
}

fn measure(plan: &Plan, accounts: usize, rss_max: f64) {
    heading(&format!(
        "daemon: {accounts} accounts, {} of them due at the start",
        DUE.min(accounts)
    ));
    let directory = tempfile::tempdir_in(&plan.scratch).expect("a directory");
    let path = directory.path().to_str().expect("a plain path");
    let filled = start(FILL, &[path, &accounts.to_string()]).wait().expect("it ends");
    assert!(filled.success(), "the store is filled");
    let mut server = Server::start();
    server.prepare(Kind::Nanfang, accounts, SystemClock.now());
    let began = SystemClock.now();
    let mut child = start(CHILD, &[path, server.base.as_str()]);
    let mut told = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || told.next().expect("it goes on").expect("plain text");
    assert_eq!(next(), "ready");
    let ready_s = seconds_since(began);
    let first = wait_for(&mut server, 1);
    let first_s = seconds_since(began);
    let many = wait_for(&mut server, POLLS_AT_ONCE as u64 + 1);
    let many_s = seconds_since(began);
    assert!(first >= 1 && many > POLLS_AT_ONCE as u64);
    wait_for(&mut server, DUE.min(accounts) as u64);
    let all_s = seconds_since(began);
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"memory\n").expect("it listens");
    let figures: Vec<f64> = next().split(' ').map(|text| text.parse().unwrap_or(0.0)).collect();
    drop(stdin);
    child.wait().expect("it ends");
    let rss = figures.first().copied().unwrap_or(0.0);
    let reached = rss < rss_max && rss > 0.0;
    target(
        "resident after the first tick, MiB",
        &format!("{rss:.0}"),
        &format!("< {rss_max:.0}"),
        reached,
    );
    line("resident at its peak, MiB", &format!("{:.0}", figures.get(1).unwrap_or(&0.0)));
    target("from start to ready, s", &format!("{ready_s:.2}"), "< 2", ready_s < 2.0);
    line("from start to the first request, s", &format!("{first_s:.2}"));
    line(&format!("from start to {} requests, s", POLLS_AT_ONCE + 1), &format!("{many_s:.2}"));
    line("from start to the last due poll asked, s", &format!("{all_s:.2}"));
}

fn start(role: &str, args: &[&str]) -> Child {
    let program = std::env::current_exe().expect("a program knows itself");
    let mut command = Command::new(program);
    command.arg(role).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("a child starts")
}

/// Asks until the server has answered so many requests.
fn wait_for(server: &mut Server, count: u64) -> u64 {
    loop {
        let served = server.served();
        if served >= count {
            return served;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(2));
    }
}

/// Fills a store: accounts as imported, each polled once, a few hours ago; the first of them due again.
pub fn fill(args: &[String]) {
    let accounts: usize = args[1].parse().expect("a number");
    let store = Store::open(Path::new(&args[0]), StoreOptions::default()).expect("it opens");
    let now = SystemClock.now();
    world::import(&store, Kind::Nanfang, accounts, now);
    let (terms, mut breaker) = (terms(), Breaker::default());
    for n in 0..accounts {
        let account = world::account(Kind::Nanfang, n);
        let at = now - TimeDelta::seconds((n % 20_000) as i64);
        let outcome = vec![world::outcome(n, at)];
        let mut applied =
            apply(&account, AccountState::default(), outcome, &mut breaker, &terms, at);
        if n < DUE {
            applied.state.next_poll = Some(now);
        }
        let mut change = store.change();
        write(&mut change, &account, &applied, at).expect("it fits");
        store.commit(change).expect("the store works");
    }
    store.barrier_blocking().expect("the disk works");
}

/// The daemon: says `ready`, then its memory when asked, and ends with its standard input.
pub fn child(args: &[String]) {
    let store = PathBuf::from(&args[0]);
    let text = format!(
        "[store]\npath = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n[net]\nallow_private = [\"127.0.0.0/8\"]\n\
         [courtesy]\nhost_at_once = 0\nhost_per_minute = 0\n\
         [connectors.nanfang]\nbase_urls = [\"{}\"]\nat_once = 0\nper_minute = 0\n",
        store.display(),
        args[1],
    );
    let args = Args { config: None, store: Some(store.clone()) };
    let file = store.join("freshd.toml");
    let config = Config::parse(&text, &file, &args, &Surroundings::default());
    let app = App::open(config.expect("a valid configuration"), Arc::new(SystemClock))
        .expect("the store opens");
    let stop = CancellationToken::new();
    let asked = stop.clone();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines() {
            println!("{} {}", memory_mib("VmRSS"), memory_mib("VmHWM"));
        }
        asked.cancel();
    });
    let running = async move {
        let signals = daemon::Signals::install()?;
        daemon::run(signals, app, args, stop, |_| println!("ready")).await
    };
    runtime().block_on(running).expect("the daemon ends well");
}
