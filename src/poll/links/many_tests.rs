//! Are many links of many accounts each asked once, politely, with little in memory, while polls go on?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use freshd_core::account::Account;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::super::tests::{Bench, account, answering, fresh, t};
use super::ask::{SITE_AT_ONCE, SITE_MAX};
use super::hand::BATCH;
use super::*;

const ACCOUNTS: usize = 500;
const ENTRIES: usize = 20;
const OWN: usize = 16;
const SITES: usize = 50;
/// Pages served before the sites fall silent until the polls are done.
const BEFORE_POLLS: usize = 500;

/// What the sites saw.
#[derive(Default)]
struct Seen {
    hits: Mutex<BTreeMap<String, usize>>,
    served: AtomicUsize,
    /// The most requests of one site under way at once.
    most: AtomicUsize,
}

/// A site on loopback; its address.
#[expect(clippy::disallowed_methods, reason = "the sites answer while the test waits")]
async fn site(seen: Arc<Seen>, open: watch::Receiver<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let named = base.clone();
    tokio::spawn(async move {
        let flying = Arc::<AtomicUsize>::default();
        while let Ok((stream, _)) = listener.accept().await {
            let visit = visit(stream, named.clone(), seen.clone(), flying.clone(), open.clone());
            tokio::spawn(visit);
        }
    });
    base
}

async fn visit(
    mut stream: TcpStream,
    base: String,
    seen: Arc<Seen>,
    flying: Arc<AtomicUsize>,
    mut open: watch::Receiver<bool>,
) {
    let mut head = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut head).await {
        let now_flying = flying.fetch_add(1, SeqCst) + 1;
        seen.most.fetch_max(now_flying, SeqCst);
        let text = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        *seen.hits.lock().unwrap().entry(format!("{base}{path}")).or_default() += 1;
        if seen.served.fetch_add(1, SeqCst) >= BEFORE_POLLS {
            let _ = open.wait_for(|open| *open).await;
        }
        tokio::task::yield_now().await;
        let page = "<html><head><title>办事指南</title></head><body>正文</body></html>";
        let length = page.len();
        let kind = "content-type: text/html; charset=utf-8";
        let answer = format!("HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{page}");
        flying.fetch_sub(1, SeqCst);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The addresses of one menu: most its own, the others named by twenty menus.
fn menu(n: usize, bases: &[String]) -> Vec<(Vec<String>, String)> {
    let page = |number: usize| format!("{}/ok{number}", bases[number % bases.len()]);
    let address = |entry: usize| match entry < OWN {
        true => page(n * OWN + entry),
        false => {
            page(ACCOUNTS * OWN + (n * (ENTRIES - OWN) + entry - OWN) % (ACCOUNTS / (ENTRIES / 4)))
        }
    };
    (0..ENTRIES).map(|entry| (vec![format!("第{entry}项")], address(entry))).collect()
}

#[tokio::test]
async fn ten_thousand_entries_are_asked_politely_each_once_while_polls_go_on() {
    let (seen, (opened, open)) = (Arc::<Seen>::default(), watch::channel(false));
    let mut bases = Vec::new();
    for _ in 0..SITES {
        bases.push(site(seen.clone(), open.clone()).await);
    }
    let bench = Bench::new(answering(fresh), 4, 0);
    let mut named = BTreeSet::new();
    for n in 0..ACCOUNTS {
        let account = Account { menu: menu(n, &bases), ..account(&n.to_string()) };
        named.extend(account.menu.iter().map(|(_, url)| url.clone()));
        bench.add(&account, Some(t(0)));
        let mut change = bench.env.store.change();
        change.set_links_due(&account.id, Some(t(0)));
        bench.env.store.commit(change).unwrap();
    }
    assert_eq!(named.len(), ACCOUNTS * OWN + ACCOUNTS / (ENTRIES / 4), "a fifth is shared");
    let mut checker = LinkChecker::new(bench.env.clone());
    // All sites fall silent in the middle of the list; the polls of all accounts go on.
    let polls = async {
        while seen.served.load(SeqCst) < BEFORE_POLLS {
            tokio::task::yield_now().await;
        }
        let poller = super::super::Poller::new(bench.env.clone(), Default::default());
        let polled = poller.tick().await.unwrap().did;
        opened.send(true).unwrap();
        (polled, seen.hits.lock().unwrap().len())
    };
    let (first, (polled, asked)) = tokio::join!(checker.tick(), polls);
    first.unwrap();
    assert_eq!(polled, ACCOUNTS, "every account was polled");
    assert!(asked < named.len(), "before the links were through: {asked}");
    for _ in 0..10_000 {
        match checker.tick().await.unwrap().next_wake {
            Some(at) if at < t(10 * 3600) => {
                bench.clock.advance_to(at.max(bench.env.clock.now()));
            }
            _ => break,
        }
    }
    let hits = seen.hits.lock().unwrap();
    assert!(hits.keys().eq(named.iter()), "{} of {}", hits.len(), named.len());
    assert!(hits.values().all(|count| *count == 1), "each address once, whoever names it");
    assert!(seen.most.load(SeqCst) <= SITE_AT_ONCE, "{} of one site", seen.most.load(SeqCst));
    let (addresses, accounts) = *checker.most_held.lock().unwrap();
    let bound = SITES * SITE_MAX as usize + BATCH;
    assert!(addresses <= bound, "{addresses} addresses in hand, not the whole list");
    assert!(accounts < ACCOUNTS, "{accounts} accounts in hand");
    for n in 0..ACCOUNTS {
        let known = bench.state(&account(&n.to_string()).id).links;
        assert_eq!(known.len(), ENTRIES, "account {n} knows of all its entries");
    }
}
