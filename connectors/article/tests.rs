//! Does the connector see what the page shows, and never accuse?

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use chrono::{TimeZone, Utc};
use freshd_core::fault::Retry;
use freshd_core::observation::ProfileState;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::connector::NoSecrets;
use crate::http::{HttpClient, NetSettings};

const ALIVE: &str = include_str!("../fixtures/article/alive.html");
const DELETED: &str = include_str!("../fixtures/article/deleted.html");

/// A site whose `/s/…` are WeChat pages and the rest ordinary ones.
fn site() -> Router {
    let html = |text: &'static str| get(move || async move { Html(text) });
    let weui = |text: &'static str| {
        get(move || async move {
            Html(format!("<div class=weui-msg><div class=weui-msg__title>{text}</div></div>"))
        })
    };
    let wall = "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=CANARY";
    Router::new()
        .route("/s/alive", html(ALIVE))
        .route("/s/deleted", html(DELETED))
        .route("/s/cancelled", weui("此账号已自主注销,内容无法查看"))
        .route("/s/blocked", weui("此帐号已被屏蔽,内容无法查看"))
        .route(
            "/s/wall",
            get(move || async move { (StatusCode::FOUND, [(header::LOCATION, wall)]) }),
        )
        .route(
            "/s/busy",
            get(|| async { (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")]) }),
        )
        .route("/s/odd", html("<p>此帐号已注销</p>"))
        .route(
            "/s/hop",
            get(|| async {
                (StatusCode::FOUND, [(header::LOCATION, "https://mp.weixin.qq.com/s/alive")])
                    .into_response()
            }),
        )
}

async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

async fn poll(base: &Url, target: &str) -> Result<Observation, Fault> {
    let http = HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_per_minute: 0,
        ..NetSettings::default()
    })
    .unwrap();
    let cx = PollContext {
        now: Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap(),
        budget: std::time::Duration::from_secs(10),
        http: &http,
        secrets: &NoSecrets,
        memo: None,
        fresh: false,
    };
    ArticleConnector::new(base.clone()).poll(&Target::new(target), &cx).await
}

#[tokio::test]
async fn a_live_article_is_one_sighting_without_coverage() {
    let base = serve(site()).await;
    for target in [
        "https://mp.weixin.qq.com/s/alive".to_owned(),
        "https://mp.weixin.qq.com/s/hop".to_owned(),
        format!("{base}s/alive"),
    ] {
        let seen = poll(&base, &target).await.unwrap();
        assert_eq!(seen.sightings.len(), 1);
        let sighting = &seen.sightings[0];
        assert_eq!(sighting.key, "MzA1MjM4NzY1NA==/2650001234/2");
        let at = Utc.timestamp_opt(1_762_747_210, 0).unwrap();
        assert_eq!(sighting.published, Published::at(at));
        let url = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv";
        assert_eq!(sighting.url.as_deref(), Some(url));
        let profile = seen.profile.unwrap();
        assert_eq!(profile.name.as_deref(), Some("茂名发布&服务"));
        assert_eq!(profile.aliases, ["MzA1MjM4NzY1NA==", "gh_0123456789ab"]);
        assert_eq!(seen.coverage, Default::default());
        assert!(seen.faults.is_empty() && seen.evidence[0].body.contains("1762747210"));
    }
}

#[tokio::test]
async fn only_a_notice_about_the_account_touches_the_account() {
    let base = serve(site()).await;
    for (path, state) in
        [("cancelled", ProfileState::Deregistered), ("blocked", ProfileState::Frozen)]
    {
        let seen = poll(&base, &format!("https://mp.weixin.qq.com/s/{path}")).await.unwrap();
        assert_eq!(seen.profile.unwrap().state, state);
        assert!(seen.sightings.is_empty() && !seen.evidence.is_empty());
    }
    for (path, scope, kind) in [
        ("deleted", FaultScope::Account, FaultKind::Malformed),
        ("odd", FaultScope::Account, FaultKind::Malformed),
        ("none", FaultScope::Account, FaultKind::Malformed),
        ("wall", FaultScope::Platform, FaultKind::Challenged),
        ("busy", FaultScope::Platform, FaultKind::RateLimited),
    ] {
        let fault = poll(&base, &format!("https://mp.weixin.qq.com/s/{path}")).await.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (scope, kind), "{path}");
        assert!(!fault.detail.contains("CANARY"));
        assert!(path != "busy" || fault.retry == Retry::After(30));
    }
}

#[tokio::test]
async fn ordinary_pages_are_read_by_their_meta_tags() {
    let html = |text: &'static str| get(move || async move { Html(text) });
    let own = serve(
        Router::new()
            .route(
                "/a",
                html("<meta name=PubDate content='2026-11-05 10:30:15'><title>通知</title>"),
            )
            .route("/future", html("<meta name=PubDate content='2027-11-05 10:30:15'>"))
            .route("/undated", html("<title>通知</title>"))
            .route("/gone", html("<title>页面不存在</title>"))
            .route("/wall", html("<title>安全验证</title>")),
    )
    .await;
    let base: Url = "https://mp.weixin.qq.com".parse().unwrap();
    let ask = async |path: &str| poll(&base, &format!("{own}{path}#x")).await;
    let seen = ask("a").await.unwrap();
    let at = Utc.with_ymd_and_hms(2026, 11, 5, 2, 30, 15).unwrap();
    assert_eq!(
        (seen.sightings[0].published, seen.sightings[0].title.as_str()),
        (Published::at(at), "通知")
    );
    assert_eq!(seen.sightings[0].key, format!("{own}a"));
    for path in ["future", "undated"] {
        let seen = ask(path).await.unwrap();
        assert_eq!(seen.sightings[0].published.earliest, None, "{path}: never fresh");
        assert_eq!(seen.faults.len(), 1);
    }
    assert_eq!(ask("gone").await.unwrap_err().kind, FaultKind::Malformed);
    assert_eq!(ask("wall").await.unwrap_err().kind, FaultKind::Challenged);
}

#[test]
fn targets_and_keys() {
    let base: Url = "https://mp.weixin.qq.com".parse().unwrap();
    let connector = ArticleConnector::new(base);
    assert!(connector.admit(&Target::new("https://mp.weixin.qq.com/s/x")).is_ok());
    for bad in ["", "gh_123", "ftp://a.cn/", "javascript:alert(1)", "https://u:p@a.cn/"] {
        assert!(connector.admit(&Target::new(bad)).is_err(), "{bad}");
    }
    let key = |text: &str| article_key(&text.parse().unwrap());
    let long = "https://mp.weixin.qq.com/s?__biz=MzA%3D%3D&mid=1&idx=2&sn=x&chksm=y#rd";
    assert_eq!(key(long), "MzA==/1/2");
    assert_eq!(key("https://mp.weixin.qq.com/s/abc?scene=1#rd"), "https://mp.weixin.qq.com/s/abc");
}

#[tokio::test]
async fn a_page_that_broke_off_may_come_whole_the_next_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await.unwrap();
        let half =
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 90000\r\n\r\n<html>";
        stream.write_all(half.as_bytes()).await.unwrap();
    };
    let (seen, ()) = tokio::join!(poll(&base, "https://mp.weixin.qq.com/s/alive"), server);
    let fault = seen.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{}", fault.detail);
}
