//! Are menu links checked once, remembered, confirmed where one look proves nothing, and forgotten with the menu?

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use freshd_core::account::Account;

use super::super::tests::{Bench, account, fresh, t};
use super::*;

fn with_menu(links: &[&str]) -> Account {
    let menu = links
        .iter()
        .enumerate()
        .map(|(n, link)| (vec!["服务".to_owned(), format!("第{n}项")], (*link).to_owned()));
    Account { menu: menu.collect(), ..account("1") }
}

fn bench(links: &[&str]) -> Bench {
    let bench = Bench::new(super::super::tests::answering(fresh), 4, 0);
    bench.add(&with_menu(links), Some(t(0)));
    bench
}

fn health(bench: &Bench, url: &str) -> LinkHealth {
    bench.state(&account("1").id).links[url].health
}

/// What was asked brings these answers.
fn note(checker: &mut LinkChecker, answers: &[(String, LinkAnswer)], at: Timestamp) {
    let parts = checker.env.parts();
    let answered = |(url, answer): &(String, LinkAnswer)| Answered {
        url: url.clone(),
        answer: answer.clone(),
        known: None,
        requests: Vec::new(),
        marks: Vec::new(),
        author: None,
    };
    let answers: Vec<_> = answers.iter().map(answered).collect();
    checker.keep(&answers, &parts, at).unwrap();
    checker.note(&account("1").id, None, &parts, at).unwrap();
}

fn gone() -> LinkAnswer {
    LinkAnswer::HostGone
}

/// A server on loopback that answers each path once: `/ok` a page, `/404` and `/503` their status.
fn server(answers: usize) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(answers) {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let status = match head.split(' ').nth(1).unwrap() {
                "/ok" => "200 OK",
                "/404" => "404 Not Found",
                _ => "503 Service Unavailable",
            };
            let page = "<html><head><title>办事指南</title></head><body>正文</body></html>";
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{page}",
                page.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    base
}

#[tokio::test]
async fn each_link_is_asked_once_and_what_it_says_is_kept() {
    let base = server(3);
    let (ok, lost, busy) = (format!("{base}/ok"), format!("{base}/404"), format!("{base}/503"));
    let bench = bench(&[&ok, &lost, &busy, &ok, "#", ""]);
    let id = account("1").id;
    let mut checker = LinkChecker::new(bench.env.clone());
    assert_eq!(checker.check(&id, false).await.unwrap(), 3, "the same address is asked once");
    assert_eq!(health(&bench, &ok), LinkHealth::Alive);
    assert_eq!(health(&bench, &lost), LinkHealth::Dead);
    assert_eq!(health(&bench, &busy), LinkHealth::Unstable, "once is not enough");
    let state = bench.state(&id);
    assert_eq!(state.links.len(), 3);
    assert_eq!(state.links[&ok].checked_at, t(0));
    let menu = freshd_core::verdict::menu_health(&with_menu(&[&ok, &lost, &busy]), &state);
    assert_eq!(menu.state, freshd_core::link::MenuState::Degraded);
    assert_eq!(checker.check(&id, false).await.unwrap(), 0, "nothing is due again");
}

#[tokio::test]
async fn links_shown_elsewhere_are_asked_like_those_of_the_menu_and_forgotten_with_their_place() {
    use freshd_core::link::{Elsewhere, Place};
    let base = server(3);
    let (ok, lost, told) = (format!("{base}/ok"), format!("{base}/404"), format!("{base}/ok#box"));
    let bench = Bench::new(super::super::tests::answering(fresh), 4, 0);
    let declared = Account { interaction: format!("信箱 {told}"), ..with_menu(&[&ok]) };
    let id = account("1").id;
    bench.add(&declared, Some(t(0)));
    let reply = |link: &str| {
        let names = vec!["关键词「社保」".to_owned()];
        Elsewhere::new(Place::AutoReply, names, "text_link", link.to_owned())
    };
    let shown = |links: Vec<Elsewhere>, at: Timestamp| {
        bench.env.store.update(|change| {
            let mut state: AccountState = change.state(&id)?.unwrap_or_default();
            state.history.links.insert("wechat:wx1".to_owned(), (at, links.clone()));
            change.put_state_told(&id, &state, None)
        })
    };
    shown(vec![reply(&lost), reply(&ok)], t(0)).unwrap();
    let mut checker = LinkChecker::new(bench.env.clone());
    assert_eq!(checker.check(&id, false).await.unwrap(), 3, "one address of both is asked once");
    assert_eq!(health(&bench, &lost), LinkHealth::Dead);
    assert_eq!(health(&bench, &told), LinkHealth::Alive);
    let menu = menu_health(&declared, &bench.state(&id));
    assert_eq!(menu.state, freshd_core::link::MenuState::Healthy, "advice: the menu is fine");
    let places: Vec<_> = menu.others.iter().map(|(place, it)| (*place, it.health)).collect();
    assert_eq!(
        places,
        [
            (Place::AutoReply, LinkHealth::Dead),
            (Place::AutoReply, LinkHealth::Alive),
            (Place::Interaction, LinkHealth::Alive)
        ]
    );
    shown(Vec::new(), t(1)).unwrap();
    checker.check(&id, false).await.unwrap();
    assert!(!bench.state(&id).links.contains_key(&lost), "it left its place");
}

#[tokio::test]
async fn a_refused_address_is_never_dead() {
    let bench = bench(&["http://10.1.2.3/", "http://169.254.169.254/latest"]);
    let mut checker = LinkChecker::new(bench.env.clone());
    checker.check(&account("1").id, true).await.unwrap();
    assert_eq!(health(&bench, "http://10.1.2.3/"), LinkHealth::Undetermined);
    assert_eq!(health(&bench, "http://169.254.169.254/latest"), LinkHealth::Undetermined);
}

#[test]
fn a_missing_host_needs_two_looks_while_other_names_resolve() {
    let url = "https://lost.example/";
    let bench = bench(&[url]);
    let mut checker = LinkChecker::new(bench.env.clone());
    let mut note = |url: &str, answer: LinkAnswer, minute: i64| {
        note(&mut checker, &[(url.to_owned(), answer)], t(minute * 60));
    };
    note(url, gone(), 0);
    note(url, gone(), 20);
    assert_eq!(health(&bench, url), LinkHealth::Undetermined, "perhaps we resolve nothing");
    note("https://other.example/", LinkAnswer::Alive, 30);
    note(url, gone(), 31);
    note(url, gone(), 40);
    assert_eq!(health(&bench, url), LinkHealth::Undetermined, "nine minutes are too few");
    note(url, gone(), 41);
    assert_eq!(health(&bench, url), LinkHealth::Dead);
    note(url, LinkAnswer::Alive, 50);
    assert_eq!(health(&bench, url), LinkHealth::Alive, "one good answer is enough");
}

#[test]
fn links_are_due_again_by_what_they_said() {
    let url = "https://one.example/";
    let cases = [
        (LinkAnswer::Alive, 71 * 60),
        (LinkAnswer::Dead("404".to_owned()), 11 * 60),
        (LinkAnswer::Unknown("403".to_owned()), 11 * 60),
        (LinkAnswer::Failing("500".to_owned()), 12 * 60),
        (LinkAnswer::Upkeep("维护中".to_owned()), 11 * 60),
    ];
    for (answer, minutes) in cases {
        let bench = bench(&[url]);
        let mut checker = LinkChecker::new(bench.env.clone());
        note(&mut checker, &[(url.to_owned(), answer)], t(0));
        assert_eq!(bench.env.store.next_due(Index::Links).unwrap(), Some(t(minutes * 60)));
    }
}

#[test]
fn links_that_left_the_menu_are_forgotten() {
    let (old, new) = ("https://old.example/", "https://new.example/");
    let bench = bench(&[old]);
    let id = account("1").id;
    let mut checker = LinkChecker::new(bench.env.clone());
    note(&mut checker, &[(old.to_owned(), LinkAnswer::Alive)], t(0));
    bench.add(&with_menu(&[new]), Some(t(0)));
    // The menu changed while the old link was under way: its answer is not kept.
    let answers =
        [(old.to_owned(), LinkAnswer::Alive), (new.to_owned(), LinkAnswer::Dead("404".into()))];
    note(&mut checker, &answers, t(60));
    let links = bench.state(&id).links;
    assert_eq!(links.keys().collect::<Vec<_>>(), [new]);
}

#[tokio::test]
async fn a_check_leaves_the_accounts_turn_and_a_claim_as_they_are() {
    let url = "https://one.example/";
    let bench = bench(&[url]);
    let id = account("1").id;
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    let turn = bench.state(&id).next_poll;
    assert!(turn.is_some_and(|at| at > t(0)));
    assert_eq!(bench.due(&id), turn);
    // Somebody claims it again while its link is checked.
    bench.add(&with_menu(&[url]), Some(t(225)));
    let mut checker = LinkChecker::new(bench.env.clone());
    let dead = [(url.to_owned(), LinkAnswer::Dead("404".into()))];
    note(&mut checker, &dead, t(60));
    assert_eq!(bench.due(&id), Some(t(225)), "the claim stands");
    assert_eq!(bench.state(&id).next_poll, turn);
    let lines: Vec<(Timestamp, serde_json::Value)> = bench.env.store.last_events(&id, 9).unwrap();
    assert!(lines.iter().any(|(at, line)| *at == t(60) && line["rule"] == "menu-links"));
}

#[tokio::test]
async fn a_poll_names_the_account_and_the_loop_drains_it() {
    let base = server(1);
    let ok = format!("{base}/ok");
    let bench = bench(&[&ok]);
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    let mut checker = LinkChecker::new(bench.env.clone());
    assert_eq!(checker.tick().await.unwrap().did, 1);
    assert_eq!(health(&bench, &ok), LinkHealth::Alive);
    assert_eq!(checker.tick().await.unwrap().did, 0);
}

/// A server for any number of requests that counts them by path; `/ok…` are pages, the rest is 404.
fn counting() -> (String, std::sync::Arc<std::sync::Mutex<BTreeMap<String, usize>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let hits = std::sync::Arc::<std::sync::Mutex<BTreeMap<String, usize>>>::default();
    let counted = hits.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let status = if path.starts_with("/ok") { "200 OK" } else { "404 Not Found" };
            *counted.lock().unwrap().entry(path).or_default() += 1;
            let page = "<html><head><title>办事指南</title></head><body>正文</body></html>";
            let length = page.len();
            let head = "content-type: text/html; charset=utf-8\r\nconnection: close";
            let answer =
                format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{page}");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (base, hits)
}

fn with_links(bench: &Bench, number: usize, links: &[String]) -> freshd_core::id::AccountId {
    let menu = links.iter().enumerate().map(|(n, link)| (vec![format!("第{n}项")], link.clone()));
    let account = Account { menu: menu.collect(), ..account(&number.to_string()) };
    bench.add(&account, Some(t(0)));
    account.id
}

/// Runs the links loop on a clock that moves on, until nothing is due before `end`.
async fn drain(bench: &Bench, checker: &mut LinkChecker, end: Timestamp) -> usize {
    for ticks in 1..100_000 {
        let done = checker.tick().await.unwrap();
        assert!(done.did < TICK_MAX + CLAIM_MAX, "a tick is bounded");
        match done.next_wake {
            Some(at) if at < end => bench.clock.advance_to(at.max(bench.env.clock.now())),
            _ => return ticks,
        }
    }
    panic!("the loop never rests");
}

#[tokio::test]
async fn accounts_with_the_same_link_share_one_request_and_its_answer() {
    let (base, hits) = counting();
    let shared = [format!("{base}/ok"), format!("{base}/lost")];
    let bench = Bench::new(super::super::tests::answering(fresh), 4, 0);
    let ids: Vec<_> = (0..150).map(|n| with_links(&bench, n, &shared)).collect();
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    let mut checker = LinkChecker::new(bench.env.clone());
    drain(&bench, &mut checker, t(3600)).await;
    let expected = BTreeMap::from([("/lost".to_owned(), 1), ("/ok".to_owned(), 1)]);
    assert_eq!(*hits.lock().unwrap(), expected, "150 accounts, one request an address");
    let mut evidence = BTreeSet::new();
    for id in &ids {
        let links = bench.state(id).links;
        assert_eq!(links[&shared[0]].health, LinkHealth::Alive);
        assert_eq!(links[&shared[1]].health, LinkHealth::Dead);
        evidence.insert(links[&shared[1]].evidence.clone().unwrap().id);
    }
    assert_eq!(evidence.len(), 1, "all refer to the same bytes");
    let id: EvidenceId = evidence.pop_first().unwrap().parse().unwrap();
    let body = String::from_utf8(bench.env.store.evidence(id).unwrap().unwrap()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["url"], &body["requests"][0]["status"]),
        (&shared[1].clone().into(), &404.into())
    );
    // After its interval each is asked once more, for all of them.
    drain(&bench, &mut checker, t(12 * 3600)).await;
    assert_eq!(hits.lock().unwrap()["/lost"], 2);
    assert_eq!(hits.lock().unwrap()["/ok"], 1);
}

#[tokio::test]
async fn many_links_of_one_site_do_not_keep_another_waiting_and_all_are_asked() {
    let (large, large_hits) = counting();
    let (small, small_hits) = counting();
    let bench = Bench::new(super::super::tests::answering(fresh), 4, 0);
    for n in 0..120 {
        let links: Vec<_> = (0..5).map(|m| format!("{large}/ok{}", n * 5 + m)).collect();
        with_links(&bench, n, &links);
    }
    with_links(&bench, 0, &[format!("{large}/ok0"), format!("{small}/ok")]);
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    let mut checker = LinkChecker::new(bench.env.clone());
    checker.tick().await.unwrap();
    assert_eq!(small_hits.lock().unwrap().len(), 1, "the small site had its turn at once");
    let most = checker.most_held.lock().unwrap().0;
    assert!(
        most <= ask::SITE_MAX as usize + 1 + hand::BATCH,
        "{most} in hand: no more of a site at once"
    );
    let ticks = drain(&bench, &mut checker, t(12 * 3600)).await;
    let hits = large_hits.lock().unwrap();
    assert_eq!(hits.len(), 596, "in {ticks} ticks");
    assert!(hits.values().all(|count| *count == 1), "each once");
}

#[tokio::test]
async fn polls_go_on_while_a_site_never_answers_and_a_restart_forgets_no_turn() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stuck = format!("http://{}/", silent.local_addr().unwrap());
    let (base, hits) = counting();
    let bench = Bench::new(super::super::tests::answering(fresh), 4, 0);
    for n in 0..30 {
        with_links(&bench, n, &[format!("{stuck}{n}"), format!("{base}/ok{n}")]);
    }
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    bench.env.store.due(Index::Links, t(0), 99).map(|due| assert_eq!(due.len(), 30)).unwrap();
    let mut checker = LinkChecker::new(bench.env.clone());
    let checking = checker.tick();
    tokio::pin!(checking);
    let asked = std::sync::Arc::clone(&hits);
    let others = async {
        while asked.lock().unwrap().len() < 20 {
            tokio::task::yield_now().await;
        }
        for n in 0..30 {
            with_links(&bench, n, &[format!("{stuck}{n}"), format!("{base}/ok{n}")]);
        }
        poller.tick().await.unwrap().did
    };
    let polled = tokio::select! {
        _ = &mut checking => panic!("a site that never answers was waited for"),
        polled = others => polled,
    };
    assert_eq!(polled, 30, "all polls went on");
    // The look is dropped, as by a crash: its accounts come again when the lease ends.
    let again = bench.env.store.next_due(Index::Links).unwrap();
    assert!(again.is_some_and(|at| at <= t(LEASE_MIN * 60)), "{again:?}");
}

#[tokio::test]
async fn a_menu_that_an_owner_typed_reaches_nothing_private() {
    let base = server(1);
    let link = format!("{base}/ok");
    let bench = bench(&[]);
    let by_owner = Account { menu_by_owner: true, ..with_menu(&[&link]) };
    bench.add(&by_owner, Some(t(0)));
    let mut checker = LinkChecker::new(bench.env.clone());
    assert_eq!(checker.check(&by_owner.id, true).await.unwrap(), 1);
    let told = bench.state(&by_owner.id).links[&link].clone();
    assert_eq!(told.health, LinkHealth::Undetermined);
    assert!(told.reason.contains("不访问该地址"), "{}", told.reason);
    let bench = self::bench(&[&link]);
    let mut checker = LinkChecker::new(bench.env.clone());
    assert_eq!(checker.check(&by_owner.id, true).await.unwrap(), 1);
    assert_eq!(health(&bench, &link), LinkHealth::Alive, "the ledger's is asked");
}
