//! Every page answers, nothing foreign gets in or out, and the description names what there is.

mod hand;
mod owner;
mod push;

use std::collections::BTreeMap;

use freshd_core::id::AccountId;
use freshd_core::link::{Elsewhere, Menu, MenuEntry, Place};
use freshd_core::verdict::judge;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::report::explain::explain_json;
use crate::report::precheck;
use crate::report::samples::{Sample, account, now, policy, province, sample};
use crate::report::view::{account_view, as_of};

/// The sample province; `broken` fails every read.
struct Fake {
    accounts: Vec<Sample>,
    broken: bool,
    /// Nobody may do anything.
    tokenless: bool,
    /// Hours since the tests' instant.
    hours: Arc<std::sync::atomic::AtomicI64>,
}

/// An account whose every field tries to be markup.
fn nasty() -> Sample {
    let mut account = account("x", "\"><img src=x onerror=alert(1)>");
    account.id = AccountId::new("weibo:a/b\"c<d>?&#%");
    account.sponsor = "</td><script>window.__x=1</script>".to_owned();
    account.aliases = vec!["'\"><svg/onload=alert(2)>".to_owned()];
    let (account, mut state, _) = sample(account, Some(20.0), 30);
    state.history.sightings[0].sighting.url = Some("javascript:alert(3)".to_owned());
    let entry = MenuEntry {
        path: vec!["<i>服务".to_owned(), "办事".to_owned()],
        kind: "view".to_owned(),
        target: Some("javascript:alert(4)".to_owned()),
        ..Default::default()
    };
    state.history.menu = Some((now(), Menu { open: true, whole: true, entries: vec![entry] }));
    let names = vec!["<b>关键词".to_owned()];
    let reply = Elsewhere::new(Place::AutoReply, names, "view", "javascript:alert(5)".to_owned());
    state.history.links.insert("wechat:1".to_owned(), (now(), vec![reply]));
    state.history.sought.insert("a/<i>".to_owned(), (now(), "<img src=y>".to_owned()));
    let judgement = judge(&account, &state, &policy(), now());
    (account, state, judgement)
}

impl Fake {
    fn new() -> Self {
        let mut accounts = province();
        accounts.push(nasty());
        accounts.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        Self { accounts, broken: false, tokenless: false, hours: Arc::default() }
    }

    fn found(&self, id: &str) -> Option<&Sample> {
        self.accounts.iter().find(|(account, ..)| account.id.as_str() == id)
    }
}

impl WebData for Fake {
    fn status(&self, filter: &PageFilter) -> Result<Page, String> {
        if self.broken {
            return Err("/secret/path is broken".to_owned());
        }
        let mut view = StatusView::at(now());
        let mut next = None;
        for (account, state, judgement) in &self.accounts {
            if !filter.takes(account, judgement.verdict) {
                continue;
            }
            view.totals.add(judgement.verdict);
            if filter.cursor.as_deref().is_some_and(|after| account.id.as_str() <= after) {
                continue;
            }
            if view.accounts.len() < filter.limit {
                view.accounts.push(account_view(account, state, judgement, &policy()));
            } else if next.is_none() {
                next = view.accounts.last().map(|last| last.id.clone());
            }
        }
        Ok(Page { view, next, platforms: ["抖音".to_owned(), "weibo".to_owned()].into() })
    }

    fn account(&self, id: &str) -> Result<Option<Value>, String> {
        let explain = |(a, s, j): &Sample| explain_json(a, s, j, &policy());
        Ok(self.found(id).map(explain))
    }

    fn history(&self, id: &str) -> Result<Option<Vec<Value>>, String> {
        Ok(self.found(id).map(|_| vec![json!({"what": "判定改变"})]))
    }

    fn precheck(
        &self,
        quarter: Option<&str>,
        at: Option<&str>,
    ) -> Result<Result<Value, String>, String> {
        assert!(!self.broken, "a bug in a read");
        let calendar = freshd_core::calendar::Calendar::default();
        if at.is_some() {
            return Ok(Err("看不懂时间".to_owned()));
        }
        let value = precheck::build(&self.accounts, quarter, now(), &calendar, &policy());
        serde_json::to_value(value).map(Ok).map_err(|error| error.to_string())
    }

    fn outbox(&self) -> Result<Value, String> {
        Ok(json!({"letters": []}))
    }

    fn metrics_text(&self) -> String {
        "freshd_accounts 6\n".to_owned()
    }

    fn now(&self) -> Timestamp {
        now() + chrono::TimeDelta::hours(self.hours.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn tokens(&self) -> Vec<TokenConfig> {
        if self.tokenless { Vec::new() } else { push::tokens() }
    }

    fn push(&self, push: &Push) -> Result<Pushed, String> {
        if self.broken { Err("/secret/path is broken".to_owned()) } else { Ok(push::answer(push)) }
    }

    fn patrol(
        &self,
        person: Option<&str>,
        _units: &[String],
        _all: bool,
    ) -> Result<PatrolView, String> {
        Ok(hand::list(person))
    }

    fn people(&self) -> Vec<String> {
        vec!["张三".to_owned()]
    }

    fn act(&self, act: &Act) -> Result<Acted, String> {
        Ok(hand::acted(act))
    }

    fn door(&self, token: &str) -> Result<Door, String> {
        Ok(owner::door(token))
    }

    fn owner_act(&self, token: &str, deed: &OwnerDeed) -> Result<OwnerDone, String> {
        Ok(owner::acted(token, deed))
    }

    fn requests(
        &self,
        by: &TokenConfig,
        account: Option<&str>,
        all: bool,
    ) -> Result<Vec<Value>, String> {
        Ok(vec![json!({"by": by.name, "account": account, "all": all, "text": "<i>say"})])
    }

    fn ready(&self) -> Result<(), String> {
        if self.broken { Err("存储尚未打开".to_owned()) } else { Ok(()) }
    }
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Says these bytes and reads all that comes back.
async fn say(address: std::net::SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Answer { status, headers: lines.map(header).collect(), body: body.to_owned() }
}

async fn ask(address: std::net::SocketAddr, path: &str) -> Answer {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n");
    say(address, &request).await
}

/// Runs a test against a server on a free port, and stops it.
async fn served(data: Fake, test: impl AsyncFnOnce(std::net::SocketAddr)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let state = WebState::new(Arc::new(data), Some("Monitor.example.gov.cn"));
    let client = async {
        test(address).await;
        stop.cancel();
    };
    let (done, ()) = tokio::join!(serve(listener, state, stop.clone()), client);
    done.unwrap();
}

/// Every route that all may read, with an account that exists.
fn paths() -> Vec<String> {
    // What owners said and who authorised is told to tokens and sessions only.
    let closed = |route: &str| {
        route == "/api/v1/requests" || (route.contains("authoris") && route != "/authorise/guide")
    };
    let open = ROUTES.iter().filter(|route| !closed(route));
    open.map(|route| route.replace("{id}", "weibo%3A4").replace("{token}", "good")).collect()
}

#[tokio::test]
async fn every_route_answers_with_the_headers_and_no_contact() {
    served(Fake::new(), async |address| {
        for path in paths() {
            let answer = ask(address, &path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.headers["content-security-policy"], guard::POLICY, "{path}");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            for contact in ["张三丰", "13800138000", "zhang@example.gov.cn"] {
                assert!(!answer.body.contains(contact), "{path} tells {contact}");
            }
        }
        let metrics = ask(address, "/metrics").await;
        assert!(metrics.headers["content-type"].starts_with("text/plain; version=0.0.4"));
        assert!(metrics.body.contains("freshd_accounts"));
    })
    .await;
}

#[tokio::test]
async fn markup_in_names_stays_text() {
    served(Fake::new(), async |address| {
        let id = words::segment("weibo:a/b\"c<d>?&#%");
        for path in ["/".to_owned(), format!("/accounts/{id}"), "/accounts/weibo:4".to_owned()] {
            let answer = ask(address, &path).await;
            assert_eq!(answer.status, 200, "{path}");
            for markup in
                ["<img", "<svg/", "<script>", "<b>消防", "<i>", "<b>关键词", "href=\"javascript"]
            {
                assert!(!answer.body.contains(markup), "{path} holds {markup}\n{}", answer.body);
            }
            assert!(!answer.body.contains("style=\"") && !answer.body.contains(" onclick"));
        }
        let page = ask(address, "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
        assert!(!page.body.contains("<script>"), "{}", page.body);
        assert!(page.body.contains("没有符合条件的账号"));
    })
    .await;
}

#[tokio::test]
async fn the_page_works_without_scripts() {
    served(Fake::new(), async |address| {
        let index = ask(address, "/").await.body;
        assert!(index.contains("<a class=\"open\" href=\"/accounts/weibo%3A4\">"), "{index}");
        assert!(index.contains("<option value=\"抖音\">抖音</option>"), "{index}");
        assert!(index.contains("疑似不达标") && index.contains("60.0%") || index.contains("50.0%"));
        let page = ask(address, "/accounts/weibo%3A3").await.body;
        for part in
            ["监测时间点前2周内无更新,单项否决", "abc123", "没有缺口", "class=\"bar joined\""]
        {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert_eq!(ask(address, "/accounts/weibo%3Anobody").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_until_the_last() {
    served(Fake::new(), async |address| {
        let mut path = "/api/v1/accounts?limit=4".to_owned();
        let mut ids = Vec::new();
        loop {
            let page = ask(address, &path).await.json();
            assert_eq!(page["totals"]["fail"], 3, "totals are over the whole filter");
            let accounts = page["accounts"].as_array().unwrap().clone();
            ids.extend(accounts.iter().map(|a| a["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/accounts?limit=4&cursor={}", words::segment(next));
        }
        assert_eq!(ids.len(), 6);
        let index = ask(address, "/?limit=4").await.body;
        assert!(index.contains("下一页"), "{index}");
    })
    .await;
}

#[tokio::test]
async fn filters_choose_and_tiles_still_count_all() {
    served(Fake::new(), async |address| {
        let ids = async |query: &str| {
            let page = ask(address, &format!("/api/v1/accounts?{query}")).await.json();
            page["accounts"].as_array().unwrap().len()
        };
        assert_eq!(ids("verdict=at_risk").await, 1);
        assert_eq!(ids("platform=wechat").await, 0);
        assert_eq!(ids("platform=%E6%96%B0%E6%B5%AA%E5%BE%AE%E5%8D%9A").await, 6, "by its word");
        assert_eq!(ids("region=%E5%B9%BF%E4%B8%9C%E7%9C%81").await, 6, "and what lies below");
        assert_eq!(ids("region=%E5%B9%BF%E4%B8%9C").await, 0, "whole names only");
        assert_eq!(ids("unit=%E8%8C%82%E5%90%8D%E5%B8%82").await, 6);
        assert_eq!(ids("q=WEIBO:4").await, 1);
        assert_eq!(ids("q=&verdict=").await, 6, "an empty field asks for nothing");
        let page = ask(address, "/?verdict=at_risk").await.body;
        assert!(page.contains("<span class=\"count\">3</span>"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn wrong_questions_are_answered_as_problems() {
    served(Fake::new(), async |address| {
        for (path, status) in [
            ("/api/v1/accounts?verdict=dead", 400),
            ("/api/v1/accounts?limit=0", 400),
            ("/api/v1/accounts?limit=100000", 400),
            ("/?limit=x", 400),
            ("/api/v1/accounts?cursor=garbage", 400),
            ("/api/v1/precheck?at=garbage", 400),
            ("/api/v1/accounts/nobody", 404),
            ("/api/v1/accounts/nobody/history", 404),
            ("/api/v1/nothing", 404),
            ("/../etc/passwd", 404),
            ("/api/v1/accounts/%FF", 400),
        ] {
            let answer = ask(address, path).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
            assert_eq!(answer.json()["status"], status, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_can_be_changed() {
    served(Fake::new(), async |address| {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            for path in ["/", "/api/v1/accounts", "/nowhere"] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\
                     Connection: close\r\n\r\n"
                );
                let answer = say(address, &request).await;
                assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "GET, HEAD"));
                assert_eq!(answer.headers["content-type"], "application/problem+json");
                assert!(answer.headers.contains_key("content-security-policy"));
            }
        }
        let head = "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = say(address, head).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    })
    .await;
}

#[tokio::test]
async fn foreign_names_are_not_answered() {
    served(Fake::new(), async |address| {
        for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8080", "", "[::2]:80"] {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            assert_eq!(say(address, &request).await.status, 421, "{host}");
        }
        for host in ["localhost:1", "127.9.9.9", "[::1]:8080", "monitor.EXAMPLE.gov.cn:443"] {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            assert_eq!(say(address, &request).await.status, 200, "{host}");
        }
        assert_eq!(say(address, "GET / HTTP/1.0\r\n\r\n").await.status, 421, "no name at all");
    })
    .await;
}

#[tokio::test]
async fn trouble_is_told_without_its_inside() {
    served(Fake { broken: true, ..Fake::new() }, async |address| {
        for (path, status) in [("/", 500), ("/api/v1/precheck", 500), ("/readyz", 503)] {
            let answer = ask(address, path).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.body.contains("/secret/path"), "{}", answer.body);
        }
        assert_eq!(ask(address, "/healthz").await.status, 200);
        assert_eq!(ask(address, "/readyz").await.json()["detail"], "存储尚未打开");
    })
    .await;
}

#[test]
fn the_description_names_every_route_and_no_other() {
    let document: Value = serde_json::from_str(include_str!("assets/openapi.json")).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut named: Vec<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut routes = [&ROUTES[..], &POSTS[..]].concat();
    named.sort_unstable();
    routes.sort_unstable();
    routes.dedup();
    assert_eq!(named, routes);
    let text = document.to_string();
    for found in text.split("\"$ref\":\"#/").skip(1) {
        let pointer = format!("/{}", found.split('"').next().unwrap());
        assert!(document.pointer(&pointer).is_some(), "{pointer} is missing");
    }
}

#[tokio::test]
async fn answers_have_the_keys_that_the_description_requires() {
    let document: Value = serde_json::from_str(include_str!("assets/openapi.json")).unwrap();
    let required = |schema: &str| -> Vec<String> {
        let schema = &document["components"]["schemas"][schema];
        let own = if schema["allOf"].is_array() { &schema["allOf"][1] } else { schema };
        serde_json::from_value(own["required"].clone()).unwrap()
    };
    served(Fake::new(), async |address| {
        for (path, pointer, schema) in [
            ("/api/v1/accounts", "", "Status"),
            ("/api/v1/accounts", "/accounts/0", "Account"),
            ("/api/v1/accounts/weibo:3", "", "Explanation"),
            ("/api/v1/accounts/weibo:3", "", "Account"),
            ("/api/v1/accounts/weibo:3/history", "", "History"),
            ("/api/v1/precheck", "", "Precheck"),
            ("/api/v1/precheck", "/scope", "Counts"),
            ("/api/v1/precheck", "/at_risk/0", "Risk"),
            ("/api/v1/outbox", "", "Outbox"),
            ("/api/v1/tasks", "", "Patrol"),
            ("/api/v1/tasks", "/tasks/0", "PatrolRow"),
        ] {
            let value = ask(address, path).await.json();
            let value = value.pointer(pointer).unwrap().as_object().unwrap();
            for key in required(schema) {
                assert!(value.contains_key(&key), "{path}{pointer} lacks {key}");
            }
        }
    })
    .await;
}
