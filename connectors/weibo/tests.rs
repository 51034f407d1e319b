//! Does a poll of a simulated Weibo see what it should, and prove no more than it may?

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Observation, ProfileState, Published};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::WeiboConnector;
use crate::connector::{Connector, NoSecrets, PollContext, SecretTable, Target};
use crate::http::{HttpClient, NetSettings};
use crate::registry::WeiboMode;

const UID: &str = "1234567890";
const SHOW: &str = "/2/users/show.json";
const TIMELINE: &str = "/2/statuses/user_timeline.json";

type Answer = dyn Fn(&str) -> (u16, Value) + Send + Sync;

/// `answer(what)`: `what` is the path, or on the mobile web `profile` or `posts`.
struct Weibo {
    base: String,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

struct Inner {
    answer: Box<Answer>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

async fn handle(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
) -> (StatusCode, String) {
    inner.asked.lock().unwrap().push((uri.to_string(), headers));
    let what = match uri.path() {
        "/api/container/getIndex" if uri.query().unwrap().contains("containerid=") => "posts",
        "/api/container/getIndex" => "profile",
        path => path,
    };
    let (status, body) = (inner.answer)(what);
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    (StatusCode::from_u16(status).unwrap(), text)
}

async fn weibo(answer: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> Weibo {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let inner = Arc::new(Inner { answer: Box::new(answer), asked: asked.clone() });
    let router = Router::new().fallback(handle).with_state(inner);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    Weibo { base, asked }
}

fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/weibo/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-22T10:00:00+08:00")
}

fn client() -> HttpClient {
    HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_at_once: 0,
        host_per_minute: 0,
        ..NetSettings::default()
    })
    .unwrap()
}

async fn poll(weibo: &Weibo, mode: WeiboMode) -> Result<Observation, Fault> {
    let pair = |key: &str, value: &str| (("weibo".to_owned(), key.to_owned()), value.to_owned());
    let secrets = SecretTable([pair("token", "TOK-1"), pair("cookie", "SUB=abc")].into());
    let http = client();
    let budget = Duration::from_secs(30);
    let (memo, fresh) = (None, false);
    let cx = PollContext { now: now(), budget, http: &http, secrets: &secrets, memo, fresh };
    let connector = WeiboConnector::new(mode, weibo.base.parse().unwrap());
    connector.poll(&Target::new(UID), &cx).await
}

fn kinds(faults: &[Fault]) -> Vec<(FaultScope, FaultKind)> {
    faults.iter().map(|fault| (fault.scope, fault.kind)).collect()
}

fn since(seen: &Observation) -> Option<(Timestamp, Timestamp)> {
    let spans = seen.coverage.on(&Channel::posts());
    spans.as_slice().first().map(|span| (span.since, span.until))
}

#[tokio::test]
async fn the_mobile_web_shows_the_own_posts_and_vouches_for_its_page() {
    let weibo = weibo(|what| match what {
        "profile" => (200, fixture("profile.json")),
        _ => (200, fixture("posts.json")),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Web).await.unwrap();
    let found: Vec<_> = seen
        .sightings
        .iter()
        .map(|s| (s.url.as_deref().unwrap(), s.title.as_str(), s.pinned, s.repost))
        .collect();
    assert_eq!(
        found,
        [
            ("https://weibo.com/1234567890/AAA", "置顶:办事指南", true, false),
            ("https://weibo.com/1234567890/BBB", "今日天气", false, false),
            ("https://weibo.com/1234567890/CCC", "转发微博", false, true),
            ("https://weibo.com/1234567890/DDD", "昨日办件", false, false),
        ]
    );
    let newest = seen.sightings.iter().map(|s| s.published).max_by_key(|p| p.latest).unwrap();
    assert_eq!(newest, Published::at(at("2026-11-22T09:40:12+08:00")));
    let repost = &seen.sightings[2];
    assert_eq!(repost.published, Published::at(at("2026-11-21T09:30:00+08:00")));
    assert_eq!(since(&seen), Some((at("2026-11-18T20:15:00+08:00"), now())));
    assert_eq!(seen.interaction[0].works, Some(true));
    assert_eq!(seen.profile.unwrap().name.as_deref(), Some("某县发布"));
    assert_eq!(seen.faults, []);
    let asked = weibo.asked.lock().unwrap();
    assert_eq!(
        asked[1].0,
        "/api/container/getIndex?type=uid&value=1234567890&containerid=1076031234567890"
    );
    assert_eq!(asked[1].1["cookie"], "SUB=abc");
    assert_eq!(asked[1].1["mweibo-pwa"], "1");
    assert!(asked[1].1["referer"].to_str().unwrap().ends_with("/u/1234567890"));
}

#[tokio::test]
async fn an_empty_mobile_page_proves_nothing() {
    let empty = || json!({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}});
    let weibo1 = weibo(move |_| (200, empty())).await;
    let fault = poll(&weibo1, WeiboMode::Web).await.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Account, FaultKind::Challenged));

    let emptied = [empty(), json!({"ok": 1, "data": {"cards": []}})];
    for page in emptied {
        let weibo = weibo(move |what| match what {
            "profile" => (200, fixture("profile.json")),
            _ => (200, page.clone()),
        })
        .await;
        let seen = poll(&weibo, WeiboMode::Web).await.unwrap();
        assert_eq!(kinds(&seen.faults), [(FaultScope::Platform, FaultKind::Challenged)]);
        assert!(seen.coverage.is_empty() && seen.sightings.is_empty());
        assert_eq!(seen.profile.unwrap().state, ProfileState::Open);
    }
}

#[tokio::test]
async fn a_page_of_other_shape_is_an_alarm_and_no_silence() {
    let weibo = weibo(|what| match what {
        "profile" => (200, fixture("profile.json")),
        _ => (200, json!({"ok": 1, "data": {"cards": [{"card_type": 9, "post": {}}]}})),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Web).await.unwrap();
    assert_eq!(kinds(&seen.faults), [(FaultScope::Connector, FaultKind::Malformed)]);
    assert!(seen.coverage.is_empty());
}

#[tokio::test]
async fn a_wall_behind_the_profile_keeps_the_profile() {
    let weibo = weibo(|what| match what {
        "profile" => (200, fixture("profile.json")),
        _ => (432, json!("")),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Web).await.unwrap();
    assert_eq!(kinds(&seen.faults), [(FaultScope::Platform, FaultKind::Challenged)]);
    assert!(seen.profile.is_some() && seen.coverage.is_empty());
}

#[tokio::test]
async fn an_account_that_is_gone_is_said_to_be() {
    let weibo1 = weibo(|_| (200, json!({"ok": 0, "msg": "该用户不存在(20003)"}))).await;
    let seen = poll(&weibo1, WeiboMode::Web).await.unwrap();
    assert_eq!(seen.profile.unwrap().state, ProfileState::Deregistered);
    assert_eq!(kinds(&seen.faults), [(FaultScope::Account, FaultKind::Gone)]);
    let gone = json!({"error": "User does not exists!", "error_code": 20003, "request": SHOW});
    let weibo2 = weibo(move |_| (400, gone.clone())).await;
    let seen = poll(&weibo2, WeiboMode::Api).await.unwrap();
    assert_eq!(seen.profile.unwrap().state, ProfileState::Deregistered);
    assert_eq!(kinds(&seen.faults), [(FaultScope::Account, FaultKind::Gone)]);
    assert!(seen.coverage.is_empty());
}

#[tokio::test]
async fn posts_without_a_comment_say_that_somebody_looked_and_no_posts_say_nothing() {
    let bare = fixture("posts.json").to_string().replace("comments_count", "no_such_key");
    let bare: Value = serde_json::from_str(&bare).unwrap();
    let weibo = weibo(move |what| match what {
        "profile" => (200, fixture("profile.json")),
        _ => (200, bare.clone()),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Web).await.unwrap();
    let signs: Vec<_> = seen.interaction.iter().map(|it| (it.kind.as_str(), it.works)).collect();
    assert_eq!(signs, [("comments", None)]);
    assert!(super::post::comment_sign(&[]).is_none());
}

#[tokio::test]
async fn the_interface_vouches_when_both_calls_agree() {
    let weibo = weibo(|what| match what {
        SHOW => (200, fixture("user_show.json")),
        _ => (200, fixture("user_timeline.json")),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Api).await.unwrap();
    assert_eq!(seen.sightings.len(), 2);
    assert_eq!(seen.sightings[0].published, Published::at(at("2026-11-21T09:30:00+08:00")));
    assert!(seen.sightings[0].repost);
    assert_eq!(since(&seen), Some((at("2026-11-18T20:15:00+08:00"), now())));
    assert_eq!(seen.interaction[0].works, Some(true));
    assert!(seen.evidence.iter().all(|e| !e.url.contains("TOK") && e.at == now()));
    let asked = weibo.asked.lock().unwrap();
    assert_eq!(
        asked[1].0,
        "/2/statuses/user_timeline.json?uid=1234567890&count=100&access_token=TOK-1"
    );
}

#[tokio::test]
async fn a_timeline_that_is_not_the_accounts_own_proves_nothing() {
    let mut foreign = fixture("user_timeline.json");
    foreign["statuses"][1]["user"] = json!({"id": 1});
    let mut older = fixture("user_timeline.json");
    older["statuses"].as_array_mut().unwrap().remove(0);
    let empty = json!({"statuses": [], "total_number": 0});
    for page in [foreign, older, empty] {
        let weibo = weibo(move |what| match what {
            SHOW => (200, fixture("user_show.json")),
            _ => (200, page.clone()),
        })
        .await;
        let seen = poll(&weibo, WeiboMode::Api).await.unwrap();
        assert!(seen.coverage.is_empty());
        assert_eq!(seen.sightings.iter().filter(|s| s.key == "5367623369887745").count(), 1);
    }
}

#[tokio::test]
async fn an_account_that_never_posted_is_vouched_for_by_its_own_count() {
    let user = json!({"id": 1_234_567_890, "statuses_count": "0",
                      "created_at": "Sun Nov 01 08:00:00 +0800 2026"});
    let ageless = json!({"id": 1_234_567_890, "statuses_count": 0});
    let born = at("2026-11-01T08:00:00+08:00");
    for (user, from) in [(user, born), (ageless, now() - TimeDelta::days(400))] {
        let weibo = weibo(move |what| match what {
            SHOW => (200, user.clone()),
            _ => (200, json!({"statuses": [], "total_number": 0})),
        })
        .await;
        let seen = poll(&weibo, WeiboMode::Api).await.unwrap();
        assert_eq!(since(&seen), Some((from, now())));
    }
}

#[tokio::test]
async fn a_limit_waits_for_its_reset() {
    for (reset, wait) in [(json!({"reset_time_in_seconds": 2415}), 2415), (json!({}), 3600)] {
        let weibo = weibo(move |what| match what {
            "/2/account/rate_limit_status.json" => (200, reset.clone()),
            _ => (403, json!({"error": "User requests out of rate limit!", "error_code": "10023"})),
        })
        .await;
        let fault = poll(&weibo, WeiboMode::Api).await.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (FaultScope::Credential, FaultKind::RateLimited));
        assert_eq!(fault.retry, Retry::After(wait));
    }
}

#[tokio::test]
async fn a_refused_timeline_leaves_the_newest_post() {
    let weibo = weibo(|what| match what {
        SHOW => (200, fixture("user_show.json")),
        TIMELINE => (403, json!({"error": "Insufficient app permissions!", "error_code": 10014})),
        _ => (404, json!("")),
    })
    .await;
    let seen = poll(&weibo, WeiboMode::Api).await.unwrap();
    assert_eq!(kinds(&seen.faults), [(FaultScope::Credential, FaultKind::Unauthorized)]);
    assert_eq!(seen.sightings.len(), 1);
    assert!(seen.coverage.is_empty());
}

#[tokio::test]
async fn without_a_secret_nothing_is_asked() {
    let weibo = weibo(|_| (200, json!({}))).await;
    let http = client();
    let budget = Duration::from_secs(30);
    let (memo, fresh) = (None, false);
    let cx = PollContext { now: now(), budget, http: &http, secrets: &NoSecrets, memo, fresh };
    for mode in [WeiboMode::Api, WeiboMode::Web] {
        let connector = WeiboConnector::new(mode, weibo.base.parse().unwrap());
        let fault = connector.poll(&Target::new(UID), &cx).await.unwrap_err();
        assert_eq!((fault.scope, fault.retry), (FaultScope::Credential, Retry::Operator));
        assert_eq!(connector.probe(&cx).await.unwrap_err().scope, FaultScope::Credential);
    }
    assert!(weibo.asked.lock().unwrap().is_empty());
}

#[test]
fn only_a_numeric_uid_is_admitted() {
    let connector = WeiboConnector::new(WeiboMode::Api, "https://api.weibo.com".parse().unwrap());
    assert!(connector.admit(&Target::new(UID)).is_ok());
    for other in ["", "某县发布", "https://weibo.com/u/1234567890", "0123456789", "12"] {
        assert!(connector.admit(&Target::new(other)).is_err(), "{other}");
    }
}
