//! Is an app only ever called delisted after two answers, the second past the store's caches?

use freshd_core::Timestamp;
use serde_json::json;

use super::*;
use crate::conformance::stage::{Answer, Asked, Stage};
use crate::connector::NoSecrets;

fn now() -> Timestamp {
    chrono::DateTime::from_timestamp(1_795_312_800, 0).unwrap()
}

const CONTROL: &str = "414478124";

fn connector(base: Url) -> AppstoreConnector {
    AppstoreConnector::new(base, "cn".to_owned(), CONTROL.to_owned())
}

fn context(http: &http::HttpClient) -> PollContext<'_> {
    PollContext {
        now: now(),
        budget: std::time::Duration::from_secs(5),
        http,
        secrets: &NoSecrets,
        memo: None,
        fresh: false,
    }
}

async fn poll(
    script: impl Fn(&Asked) -> Answer + Send + Sync,
) -> (Result<Observation, Fault>, Vec<Asked>) {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = connector(stage.url());
    let cx = context(&http);
    let result = stage.during(&script, connector.poll(&Target::new("1234567890"), &cx)).await;
    (result, stage.log())
}

fn app() -> Value {
    json!({"wrapperType": "software", "kind": "software", "trackId": 1_234_567_890_u64,
        "sellerUrl": "https://zw.example.gov.cn/app", "trackName": "茂名政务", "sellerName": "茂名市政务服务数据管理局", "version": "2.4.1",
        "currentVersionReleaseDate": "2026-09-01T08:00:00Z"})
}

fn listing(apps: &[Value]) -> Answer {
    Answer::json(&json!({"resultCount": apps.len(), "results": apps}))
}

fn found() -> Answer {
    listing(&[app()])
}

/// Another app is there: the control.
fn other() -> Answer {
    listing(&[json!({"trackId": 414_478_124, "trackName": "微信", "version": "8.0"})])
}

fn empty() -> Answer {
    Answer::ok("text/javascript; charset=utf-8", "\n\n{\n \"resultCount\":0,\n \"results\": []\n}")
}

/// Is this the second question, past the caches?
fn again(asked: &Asked) -> bool {
    asked.param("nocache").is_some()
}

#[tokio::test]
async fn a_listed_app_can_be_had_and_is_no_content() {
    let (result, asked) = poll(|_| found()).await;
    let seen = result.unwrap();
    let download = seen.download.unwrap();
    assert_eq!(download.available, Some(true));
    assert!(
        download.what.contains("2.4.1") && download.what.contains("2026-09-01"),
        "{}",
        download.what
    );
    let links = seen.links.unwrap();
    let shown: Vec<_> = links.iter().map(|it| (it.place, it.entry.link().unwrap())).collect();
    assert_eq!(shown, [(freshd_core::link::Place::AppPage, "https://zw.example.gov.cn/app")]);
    let release = seen.release.unwrap();
    assert_eq!(release.version, "2.4.1");
    assert_eq!(release.at, "2026-09-01T08:00:00Z".parse::<freshd_core::Timestamp>().unwrap());
    assert!(seen.sightings.is_empty() && seen.coverage.is_empty());
    let profile = seen.profile.unwrap();
    assert_eq!(profile.holder.as_deref(), Some("茂名市政务服务数据管理局"));
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/lookup");
    let query = ["id", "country", "entity"].map(|name| asked[0].param(name));
    assert_eq!(query, [Some("1234567890"), Some("cn"), Some("software")]);
}

#[tokio::test]
async fn delisted_takes_two_answers_past_the_cache() {
    let (result, asked) = poll(|asked| if again(asked) { other() } else { empty() }).await;
    let seen = result.unwrap();
    assert_eq!((seen.evidence.len(), seen.carrier(Part::Download)), (2, Some(1)), "the second one");
    let download = seen.download.unwrap();
    assert_eq!(download.available, Some(false));
    assert!(download.what.contains(CONTROL), "{}", download.what);
    assert_eq!(asked[1].param("id"), Some("1234567890,414478124"), "the control in the same call");
    assert_eq!((asked.len(), again(&asked[0]), again(&asked[1])), (2, false, true));
    assert_eq!(asked[1].header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn a_store_that_lists_nothing_at_all_delists_nobody() {
    let (result, asked) = poll(|_| empty()).await;
    let fault = result.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Platform, FaultKind::Unavailable));
    assert_eq!(asked.len(), 2);
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let own = AppstoreConnector::new(stage.url(), "cn".to_owned(), "1234567890".to_owned());
    let (target, cx) = (Target::new("1234567890"), context(&http));
    let result = stage.during(&|_: &Asked| empty(), own.poll(&target, &cx)).await;
    assert_eq!(
        result.unwrap_err().scope,
        FaultScope::Platform,
        "the control is no control of itself"
    );
}

#[tokio::test]
async fn a_stale_cache_does_not_delist() {
    let (result, _) = poll(|asked| if again(asked) { found() } else { empty() }).await;
    assert_eq!(result.unwrap().download.unwrap().available, Some(true));
    for second in [
        Answer::status(503),
        Answer::status(403),
        Answer::ok("text/html", "<html>"),
        Answer::json(&json!({})),
    ] {
        let (result, _) =
            poll(move |asked| if again(asked) { second.clone() } else { empty() }).await;
        assert!(result.is_err(), "a look that was not completed says nothing");
    }
}

#[tokio::test]
async fn other_answers_are_faults() {
    let other = json!({"resultCount": 1, "results": [{"trackId": 999_999, "trackName": "其他"}]});
    let bad_id =
        json!({"errorMessage": "Invalid value(s) for key(s): [itunesId]", "queryParameters": {}});
    for (answer, scope, kind, retry) in [
        (Answer::json(&bad_id), FaultScope::Account, FaultKind::Malformed, Retry::Operator),
        (Answer::json(&other), FaultScope::Connector, FaultKind::Malformed, Retry::Backoff),
        (
            Answer::json(&json!({"results": []})),
            FaultScope::Connector,
            FaultKind::Malformed,
            Retry::Backoff,
        ),
        (Answer::ok("text/html", ""), FaultScope::Connector, FaultKind::Malformed, Retry::Backoff),
        (Answer::status(403), FaultScope::Platform, FaultKind::RateLimited, Retry::After(60)),
        (
            Answer::status(429).header("retry-after", "90"),
            FaultScope::Platform,
            FaultKind::RateLimited,
            Retry::After(90),
        ),
        (Answer::status(404), FaultScope::Platform, FaultKind::Unavailable, Retry::Backoff),
        (Answer::status(502), FaultScope::Platform, FaultKind::Unavailable, Retry::Backoff),
    ] {
        let fault = poll(move |_| answer.clone()).await.0.unwrap_err();
        assert_eq!(
            (fault.scope, fault.kind, fault.retry),
            (scope, kind, retry),
            "{}",
            fault.detail
        );
    }
}

#[test]
fn only_store_numbers_are_admitted() {
    let connector = connector(Url::parse("https://itunes.apple.com").unwrap());
    assert!(connector.admit(&Target::new("284882215")).is_ok());
    for target in ["", "com.example.app", "id284882215", "12", "284882215,1"] {
        assert!(connector.admit(&Target::new(target)).is_err(), "{target}");
    }
}

#[tokio::test]
async fn apps_of_one_moment_share_a_call_and_a_missing_one_is_asked_alone() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = connector(stage.url());
    let cx = context(&http);
    let script = |asked: &Asked| {
        let ids = asked.param("id").unwrap().split(',').filter(|id| *id != "1000000003");
        let results: Vec<Value> = ids
            .map(|id| json!({"trackId": id.parse::<u64>().unwrap(), "trackName": id, "version": "1"}))
            .collect();
        Answer::json(&json!({"resultCount": results.len(), "results": results}))
    };
    let targets: Vec<Target> = (1..=8).map(|n| Target::new(format!("100000000{n}"))).collect();
    let polls = futures::future::join_all(targets.iter().map(|id| connector.poll(id, &cx)));
    let seen = stage.during(&script, polls).await;
    for (target, seen) in targets.iter().zip(seen) {
        let seen = seen.unwrap();
        let listed = target.as_str() != "1000000003";
        assert_eq!(seen.download.unwrap().available, Some(listed), "{target}");
        if listed {
            assert_eq!(seen.profile.unwrap().name.as_deref(), Some(target.as_str()));
            assert!(!seen.evidence[0].body.contains("1000000009"), "only its own record is kept");
        }
    }
    let asked = stage.log();
    let ids: Vec<usize> =
        asked.iter().map(|asked| asked.param("id").unwrap().split(',').count()).collect();
    assert_eq!(ids, [8, 2], "one call for all, and one past caches for the missing one");
    assert!(again(&asked[1]));
}

#[tokio::test]
async fn one_bad_number_does_not_spoil_the_others() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = connector(stage.url());
    let cx = context(&http);
    let script = |asked: &Asked| match asked.param("id") {
        Some("1234567890") => found(),
        _ => Answer::json(&json!({"errorMessage": "Invalid value(s) for key(s): [itunesId]"})),
    };
    let (good, bad) = (Target::new("1234567890"), Target::new("99999999999999"));
    let polls = futures::future::join(connector.poll(&good, &cx), connector.poll(&bad, &cx));
    let (good, bad) = stage.during(&script, polls).await;
    assert_eq!(good.unwrap().download.unwrap().available, Some(true));
    assert_eq!(bad.unwrap_err().scope, FaultScope::Account);
}

#[tokio::test]
async fn without_a_control_two_answers_past_the_cache_are_enough() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let none = AppstoreConnector::new(stage.url(), "cn".to_owned(), String::new());
    let (target, cx) = (Target::new("1234567890"), context(&http));
    let result = stage.during(&|_: &Asked| empty(), none.poll(&target, &cx)).await;
    let download = result.unwrap().download.unwrap();
    assert_eq!(download.available, Some(false));
    assert!(download.what.ends_with("查无此应用(已绕过缓存复查)"), "{}", download.what);
    assert_eq!(stage.log().len(), 2);
}
