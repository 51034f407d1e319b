//! Are menu links checked once, remembered, confirmed where one look proves nothing, and forgotten with the menu?

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
    assert_eq!(health(&bench, &busy), LinkHealth::Undetermined);
    let state = bench.state(&id);
    assert_eq!(state.links.len(), 3);
    assert_eq!(state.links[&ok].checked_at, t(0));
    let menu = freshd_core::verdict::menu_health(&with_menu(&[&ok, &lost, &busy]), &state);
    assert_eq!(menu.state, freshd_core::link::MenuState::Degraded);
    assert_eq!(checker.check(&id, false).await.unwrap(), 0, "nothing is due again");
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
    let (id, parts) = (account("1").id, bench.env.parts());
    let mut checker = LinkChecker::new(bench.env.clone());
    let mut note = |url: &str, answer: LinkAnswer, minute: i64| {
        let answers = [(url.to_owned(), answer)];
        checker.note(&id, &answers, &parts, t(minute * 60)).unwrap();
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
    assert_eq!(health(&bench, url), LinkHealth::Unstable, "back from the dead");
    note(url, LinkAnswer::Alive, 55);
    assert_eq!(health(&bench, url), LinkHealth::Alive);
}

#[test]
fn links_are_due_again_by_what_they_said() {
    let url = "https://one.example/";
    let cases = [
        (LinkAnswer::Alive, 71 * 60),
        (LinkAnswer::Dead("404".to_owned()), 11 * 60),
        (LinkAnswer::Unknown("503".to_owned()), 11 * 60),
    ];
    for (answer, minutes) in cases {
        let bench = bench(&[url]);
        let (id, parts) = (account("1").id, bench.env.parts());
        let wants = |minute: i64| {
            let state = bench.state(&id);
            let menu = freshd_core::verdict::menu_health(&with_menu(&[url]), &state);
            wants_check(&menu, &state, t(minute * 60))
        };
        assert!(wants(0), "never looked at");
        let mut checker = LinkChecker::new(bench.env.clone());
        checker.note(&id, &[(url.to_owned(), answer)], &parts, t(0)).unwrap();
        assert!(!wants(minutes - 1));
        assert!(wants(minutes));
    }
    let bench = bench(&[url]);
    let mut checker = LinkChecker { env: bench.env.clone(), resolved_at: Some(t(0)) };
    let parts = bench.env.parts();
    checker.note(&account("1").id, &[(url.to_owned(), gone())], &parts, t(0)).unwrap();
    let state = bench.state(&account("1").id);
    let menu = freshd_core::verdict::menu_health(&with_menu(&[url]), &state);
    assert!(!wants_check(&menu, &state, t(10 * 60)));
    assert!(wants_check(&menu, &state, t(11 * 60)), "the second look comes soon");
}

#[test]
fn links_that_left_the_menu_are_forgotten() {
    let (old, new) = ("https://old.example/", "https://new.example/");
    let bench = bench(&[old]);
    let (id, parts) = (account("1").id, bench.env.parts());
    let mut checker = LinkChecker::new(bench.env.clone());
    checker.note(&id, &[(old.to_owned(), LinkAnswer::Alive)], &parts, t(0)).unwrap();
    bench.add(&with_menu(&[new]), Some(t(0)));
    // The menu changed while the old link was under way: its answer is not kept.
    let answers =
        [(old.to_owned(), LinkAnswer::Alive), (new.to_owned(), LinkAnswer::Dead("404".into()))];
    checker.note(&id, &answers, &parts, t(60)).unwrap();
    let links = bench.state(&id).links;
    assert_eq!(links.keys().collect::<Vec<_>>(), [new]);
}

#[tokio::test]
async fn a_check_leaves_the_accounts_turn_and_a_claim_as_they_are() {
    let url = "https://one.example/";
    let bench = bench(&[url]);
    let (id, parts) = (account("1").id, bench.env.parts());
    let poller = super::super::Poller::new(bench.env.clone(), Default::default());
    poller.tick().await.unwrap();
    let turn = bench.state(&id).next_poll;
    assert!(turn.is_some_and(|at| at > t(0)));
    assert_eq!(bench.due(&id), turn);
    // Somebody claims it again while its link is checked.
    bench.add(&with_menu(&[url]), Some(t(225)));
    let mut checker = LinkChecker::new(bench.env.clone());
    let dead = [(url.to_owned(), LinkAnswer::Dead("404".into()))];
    checker.note(&id, &dead, &parts, t(60)).unwrap();
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
