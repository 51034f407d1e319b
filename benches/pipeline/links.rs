//! How fast are the links of menus checked, beside a bare loop of the same HTTP client and beside lychee on the same
//! list? And what becomes of memory, and of the polls, meanwhile?

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;
use freshd::clock::Clock;
use freshd::poll::links::{AT_ONCE, LinkChecker};
use futures::StreamExt;
use tokio::runtime::Runtime;

use crate::Plan;
use crate::measure::{Spent, heading, line, memory_mib, target, took, took_async};
use crate::polls::{Bench, bare_client, runtime};
use crate::world::Kind;
use sites::{Counter, Sites};

mod lychee;
pub mod sites;

/// Entries of a menu; so many of them are its own, the others lead to what many menus name.
const ENTRIES: usize = 20;
const OWN: usize = 16;
/// Sites of the whole list.
const SITES: usize = 200;
/// Links that stayed alive are due again after so many minutes.
const AGAIN_MIN: i64 = 72 * 60;
/// A bare loop is run so often, and the best counts.
const ROUNDS: usize = 3;

/// The menu of account `n`: its own pages, and pages that twenty accounts share.
fn menu(n: usize, ports: &[u16], accounts: usize) -> Vec<(Vec<String>, String)> {
    let shared = (accounts / 5).max(1);
    let page = |number: usize| {
        let port = ports[number % ports.len()];
        format!("http://127.0.0.1:{port}/bszn/{number}.html")
    };
    let address = |entry: usize| match entry < OWN {
        true => page(n * OWN + entry),
        false => page(accounts * OWN + (n * (ENTRIES - OWN) + entry - OWN) % shared),
    };
    (0..ENTRIES)
        .map(|entry| (vec!["服务".to_owned(), format!("第{entry}项")], address(entry)))
        .collect()
}

/// Measures it.
pub fn run(plan: &Plan) {
    let accounts = plan.links / ENTRIES;
    let sites = Sites::start(SITES.min(accounts * 2));
    let menus = |n: usize| menu(n, &sites.ports, accounts);
    let unique: BTreeSet<String> = (0..accounts).flat_map(menus).map(|(_, url)| url).collect();
    // Sites take turns in the list, too.
    let mut list: Vec<String> = unique.into_iter().collect();
    list.sort_by_key(|url| url.rsplit_once('/').map(|(_, file)| (file.len(), file.to_owned())));
    heading(&format!(
        "links: {} entries of {accounts} menus, {} addresses on {} sites, {AT_ONCE} in flight, no limit of a site's rate",
        accounts * ENTRIES,
        list.len(),
        sites.ports.len()
    ));
    let directory = tempfile::tempdir_in(&plan.scratch).expect("a directory");
    let (runtime, mut counter) = (runtime(), sites.counter());
    let store = directory.path().join("store");
    let mut bench = Bench::with_menus(&store, Kind::Nanfang, accounts, menus);
    bench.advance(bench.clock.now());
    bench.tick(&runtime);
    // After the daemon's own client, which says what TLS is made of.
    let bare = bare(&runtime, &list);
    let checked = alone(&bench, &runtime, &sites, &mut counter, list.len());
    let rate = |spent: Spent| {
        format!(
            "{:>7.0} links/s  {:>6.1} µs CPU/link",
            spent.rate(list.len()),
            spent.cpu_us(list.len())
        )
    };
    line("bare loop, reqwest", &rate(bare));
    line("whole check: asked, judged, kept", &rate(checked));
    let share = 100.0 * bare.wall_s / checked.wall_s;
    target("rate, of the bare loop", &format!("{share:.0} %"), "≥ 50 %", share >= 50.0);
    beside_lychee(directory.path(), &list, &mut counter, checked);
    polls(&mut bench, &runtime, list.len());
}

/// The bare loop: every address once, bodies read and dropped.
fn bare(runtime: &Runtime, list: &[String]) -> Spent {
    let mut best = Spent { wall_s: f64::MAX, cpu_s: f64::MAX };
    for _ in 0..ROUNDS {
        let (client, urls) = (bare_client(), list.to_vec());
        let asking = async move {
            let ask = |url: String| {
                let client = &client;
                async move {
                    let mut response = client.get(url).send().await.expect("the site answers");
                    while response.chunk().await.expect("a whole body").is_some() {}
                }
            };
            let all = futures::stream::iter(urls).map(ask).buffer_unordered(AT_ONCE);
            took_async(all.collect::<()>()).await.0
        };
        best = best.least(runtime.block_on(runtime.spawn(asking)).expect("no panic"));
    }
    best
}

/// Ticks until nothing is due any more, as the daemon's loop does; how many accounts were looked at.
async fn all_due(links: &mut LinkChecker) -> usize {
    let mut sum = 0;
    loop {
        let did = links.tick().await.expect("the store works").did;
        if did == 0 {
            return sum;
        }
        sum += did;
    }
}

/// The links of all accounts, and nothing else; what is resident at a fifth of the list, and at its end.
fn alone(
    bench: &Bench,
    runtime: &Runtime,
    sites: &Sites,
    counter: &mut Counter,
    unique: usize,
) -> Spent {
    let (before, mut watched) = (counter.served(), sites.counter());
    let fifth = std::thread::spawn(move || {
        while watched.served() < before + unique / 5 {
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        memory_mib("VmRSS")
    });
    let mut links = LinkChecker::new(bench.env.clone());
    let checking = async move { took_async(all_due(&mut links)).await };
    let (spent, did) = runtime.block_on(runtime.spawn(checking)).expect("no panic");
    assert_eq!(did, bench.accounts(), "every account is due");
    let fifth = fifth.join().expect("no panic");
    let end = memory_mib("VmRSS");
    let asked = counter.served() - before;
    target("requests sent", &asked.to_string(), &format!("= {unique}"), asked == unique);
    line("resident at a fifth of the list, MiB", &format!("{fifth:.0}"));
    let grown = end - fifth;
    target("grown until its end, MiB", &format!("{grown:.0}"), "≤ 16", grown <= 16.0);
    spent
}

/// lychee on the same list, where there is one.
fn beside_lychee(directory: &Path, list: &[String], counter: &mut Counter, checked: Spent) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(program) = lychee::find(std::env::var_os(lychee::VARIABLE), &path) else {
        let figure = format!("not on PATH, nor named by {}: left out", lychee::VARIABLE);
        return line("lychee", &figure);
    };
    let file = directory.join("links.txt");
    std::fs::write(&file, list.join("\n")).expect("the directory can be written");
    let (before, paced) = (counter.served(), lychee::is_paced(&program));
    let (spent, ran) = took(|| lychee::run(&program, &file, AT_ONCE, paced));
    let asked = counter.served() - before;
    if let Err(error) = ran {
        return line("lychee", &format!("failed: {error}"));
    }
    line("lychee", &format!("{:>7.0} links/s, {asked} requests", spent.rate(list.len())));
    let share = 100.0 * spent.wall_s / checked.wall_s;
    line("rate of the whole check, of lychee's", &format!("{share:.0} %"));
}

/// A round of polls alone, and one while all links are checked again.
fn polls(bench: &mut Bench, runtime: &Runtime, unique: usize) {
    let count = bench.accounts();
    bench.advance(bench.clock.now() + TimeDelta::minutes(AGAIN_MIN));
    let (alone, did) = bench.tick(runtime);
    assert_eq!(did, count, "every account is due again");
    // Done with the links of that day, so that those of the next are all due together with its polls.
    let mut links = LinkChecker::new(bench.env.clone());
    let links = runtime
        .block_on(runtime.spawn(async move {
            all_due(&mut links).await;
            links
        }))
        .expect("no panic");
    bench.advance(bench.clock.now() + TimeDelta::minutes(AGAIN_MIN));
    let mut links = links;
    let beside = runtime.spawn(async move { took_async(all_due(&mut links)).await });
    let (polled, did) = bench.tick(runtime);
    assert_eq!(did, count, "every account is due again");
    let under_way = !beside.is_finished();
    let (checked, _) = runtime.block_on(beside).expect("no panic");
    line("polls alone", &format!("{:>7.0} polls/s", alone.rate(count)));
    let word = if under_way { "all the while" } else { "for a part of it" };
    let figure = format!("{:>7.0} polls/s", polled.rate(count));
    line(&format!("polls while links are checked ({word})"), &figure);
    line("links while polls go on", &format!("{:>7.0} links/s", checked.rate(unique)));
    let share = 100.0 * alone.wall_s / polled.wall_s;
    target("rate of polls, of that alone", &format!("{share:.0} %"), "≥ 33 %", share >= 33.0);
}
