//! Does the 南方号 connector read its own column only, at the right times, and on whichever host
//! answers?

use freshd_core::coverage::Span;
use freshd_core::observation::Published;
use serde_json::{Value, json};

use super::*;
use crate::conformance::stage::{Answer, Asked, Stage};
use crate::connector::NoSecrets;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(&format!("{text}+08:00")).unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-22T10:30:00")
}

fn article(id: u64, column: u64, release: &str, update: &str) -> Value {
    json!({"articleId": id, "articleType": id % 11, "columnId": column, "columnName": "示例南方号", "title": format!("第{id}篇"),
        "createTime": "2026-01-01 00:00:00", "releaseTime": release, "updateTime": update, "countDiscuss": 0,
        "shareUrl": format!("https://static.nfnews.com/content/c{id}.html")})
}

fn answer(list: Vec<Value>, has_next: bool) -> Value {
    json!({"success": true, "code": 200, "msg": "操作成功", "data": {"list": list, "hasNextPage": has_next}})
}

/// Polls with bases `/a` and `/b` of one stage.
async fn poll(
    script: impl Fn(&Asked) -> Answer + Send + Sync,
) -> (Result<Observation, Fault>, Vec<Asked>) {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let bases = ["a", "b"].map(|base| stage.url().join(base).unwrap()).to_vec();
    let connector = NanfangConnector::new(bases);
    let budget = std::time::Duration::from_secs(5);
    let cx = PollContext {
        now: now(),
        budget,
        http: &http,
        secrets: &NoSecrets,
        memo: None,
        fresh: false,
    };
    let result = stage.during(&script, connector.poll(&Target::new("1356"), &cx)).await;
    (result, stage.log())
}

async fn seen(body: Value) -> Observation {
    poll(move |_| Answer::json(&body)).await.0.unwrap()
}

fn spans(observation: &Observation) -> Vec<Span> {
    observation.coverage.on(&Channel::posts()).as_slice().to_vec()
}

#[tokio::test]
async fn own_articles_at_their_release_time() {
    let list = vec![
        article(1, 1356, "2026-11-20 09:30:00", "2026-11-22 08:00:00"),
        article(2, 3547, "2026-11-21 09:30:00", ""),
        article(3, 1356, "2026-11-10T08:00:00", ""),
        article(4, 1356, "1793491200000", ""),
    ];
    let (result, asked) = poll(move |_| Answer::json(&answer(list.clone(), true))).await;
    let seen = result.unwrap();
    let keys: Vec<_> = seen.sightings.iter().map(|kept| kept.key.as_str()).collect();
    assert_eq!(keys, ["1", "3", "4"]);
    assert_eq!(seen.sightings[0].published, Published::at(at("2026-11-20T09:30:00")));
    assert_eq!(seen.sightings[0].url.as_deref(), Some("https://static.nfnews.com/content/c1.html"));
    assert_eq!(spans(&seen), [Span::new(at("2026-11-01T08:00:00"), now()).unwrap()]);
    assert_eq!(seen.profile.unwrap().name.as_deref(), Some("示例南方号"));
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/a/nfplus-manuscript-web/article/list");
    let query: Vec<_> = ["columnId", "nfhSubCount", "pageNum", "pageSize", "service"]
        .map(|name| asked[0].param(name))
        .to_vec();
    assert_eq!(query, [Some("1356"), Some("1"), Some("1"), Some("20"), None]);
}

#[test]
fn the_newer_host_is_asked_in_its_own_way() {
    let url = list_url(&Url::parse("https://nfplusapi.nfnews.com").unwrap(), "7", 2);
    assert_eq!(
        url.as_str(),
        "https://nfplusapi.nfnews.com/nfplus-manuscript-web/article/list?columnId=7&nfhSubCount=0&pageNum=2&pageSize=20&service=0"
    );
}

#[tokio::test]
async fn an_edit_time_is_only_a_bound_and_ends_the_proof() {
    let list = vec![
        article(1, 1356, "", "2026-11-22 08:00:00"),
        article(2, 1356, "2026-11-01 08:00:00", ""),
    ];
    let seen = seen(answer(list, true)).await;
    assert_eq!(
        seen.sightings[0].published,
        Published { earliest: None, latest: at("2026-11-22T08:00:00") }
    );
    assert!(seen.coverage.is_empty());
}

#[tokio::test]
async fn a_short_last_page_vouches_far_back_and_a_full_one_does_not() {
    let whole = seen(answer(vec![article(1, 1356, "2026-11-01 08:00:00", "")], false)).await;
    assert_eq!(spans(&whole)[0].since, now() - TimeDelta::days(400));
    let full = (0..20).map(|n| article(n, 1356, "2026-11-01 08:00:00", "")).collect();
    let full = seen(answer(full, false)).await;
    assert_eq!(spans(&full)[0].since, at("2026-11-01T08:00:00"));
}

#[tokio::test]
async fn empty_future_and_unclear_answers_prove_nothing() {
    let empty = seen(answer(Vec::new(), false)).await;
    assert!(empty.coverage.is_empty() && empty.sightings.is_empty() && empty.faults.is_empty());
    let future = seen(answer(vec![article(1, 1356, "2026-12-01 00:00:00", "")], true)).await;
    assert_eq!(future.sightings[0].published, Published::before(now()));
    assert!(future.coverage.is_empty());
    let mut nobodys = article(2, 1356, "2026-11-02 08:00:00", "");
    nobodys.as_object_mut().unwrap().remove("columnId");
    let unclear =
        seen(answer(vec![article(1, 1356, "2026-11-01 08:00:00", ""), nobodys], false)).await;
    assert_eq!(unclear.sightings.len(), 1);
    assert!(unclear.coverage.is_empty());
}

#[tokio::test]
async fn further_pages_are_read_only_while_they_hold_other_columns() {
    let script = |own_on: &'static str| {
        move |asked: &Asked| {
            let column = if asked.param("pageNum") == Some(own_on) { 1356 } else { 38 };
            Answer::json(&answer(vec![article(1, column, "2026-11-01 08:00:00", "")], true))
        }
    };
    let (result, asked) = poll(script("2")).await;
    assert_eq!((result.unwrap().sightings.len(), asked.len()), (1, 2));
    let (result, asked) = poll(script("9")).await;
    assert_eq!(asked.len(), PAGES_MAX);
    assert!(result.unwrap().coverage.is_empty());
}

#[tokio::test]
async fn comments_are_a_sign_of_interaction() {
    let mut list = vec![article(1, 1356, "2026-11-01 08:00:00", "")];
    list[0]["countDiscuss"] = json!("3");
    let seen = seen(answer(list, true)).await;
    assert_eq!(
        (seen.interaction[0].kind.as_str(), seen.interaction[0].works),
        ("comments", Some(true))
    );
}

#[tokio::test]
async fn no_comment_is_told_as_looked_for_and_nothing_more() {
    let seen = seen(answer(vec![article(1, 1356, "2026-11-01 08:00:00", "")], true)).await;
    let signs: Vec<_> = seen.interaction.iter().map(|it| (it.kind.as_str(), it.works)).collect();
    assert_eq!(signs, [("comments", None)]);
    assert!(seen.interaction[0].says_nothing());
}

#[tokio::test]
async fn the_other_host_answers_for_the_first() {
    let good = answer(vec![article(1, 1356, "2026-11-01 08:00:00", "")], true);
    for bad in [
        Answer::status(405),
        Answer::status(500),
        Answer::ok("text/html", "<html>验证码</html>"),
        Answer::ok("text/html", ""),
        Answer::json(&json!({"success": false, "msg": "系统繁忙"})),
        Answer::json(&json!({"success": true, "code": 200, "data": {}})),
    ] {
        let (good, bad) = (good.clone(), bad);
        let (result, asked) =
            poll(
                move |asked| {
                    if asked.path.starts_with("/a/") { bad.clone() } else { Answer::json(&good) }
                },
            )
            .await;
        let seen = result.unwrap();
        assert_eq!((seen.sightings.len(), seen.faults.len(), asked.len()), (1, 0, 2));
    }
}

#[tokio::test]
async fn when_no_host_answers_the_fault_says_what_and_whose() {
    for (bad, scope, kind) in [
        (Answer::status(405), FaultScope::Platform, FaultKind::Unavailable),
        (
            Answer::ok("text/html", "<html>验证码</html>"),
            FaultScope::Platform,
            FaultKind::Challenged,
        ),
        (Answer::ok("text/html", "{"), FaultScope::Connector, FaultKind::Malformed),
        (
            Answer::json(&json!({"success": true, "code": "200", "data": 1})),
            FaultScope::Connector,
            FaultKind::Malformed,
        ),
        (
            Answer::json(&json!({"success": false, "code": 500, "msg": "栏目不存在"})),
            FaultScope::Account,
            FaultKind::Unavailable,
        ),
    ] {
        let fault = poll(move |_| bad.clone()).await.0.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (scope, kind), "{}", fault.detail);
    }
}

#[tokio::test]
async fn a_host_that_asks_for_rest_is_left_alone_by_all_accounts() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector =
        NanfangConnector::new(["a", "b"].map(|base| stage.url().join(base).unwrap()).to_vec());
    let good = answer(vec![article(1, 1356, "2026-11-01 08:00:00", "")], true);
    let script = move |asked: &Asked| match asked.path.starts_with("/a/") {
        true => Answer::status(429).header("retry-after", "3600"),
        false => Answer::json(&good),
    };
    let budget = std::time::Duration::from_secs(5);
    for minutes in [0, 30, 61] {
        let now = now() + TimeDelta::minutes(minutes);
        let cx =
            PollContext { now, budget, http: &http, secrets: &NoSecrets, memo: None, fresh: false };
        assert!(stage.during(&script, connector.poll(&Target::new("1356"), &cx)).await.is_ok());
    }
    let asked: String = stage.log().iter().map(|asked| &asked.path[1..2]).collect();
    assert_eq!(asked, "abbab");
}

#[test]
fn only_numbers_are_admitted() {
    let connector = NanfangConnector::new(Vec::new());
    assert!(connector.admit(&Target::new("3392")).is_ok());
    for target in [
        "",
        "abc",
        "12a",
        "-1",
        "1234567890123",
        "https://static.nfapp.southcn.com/nfh/?nfhId=3392",
    ] {
        assert!(connector.admit(&Target::new(target)).is_err(), "{target}");
    }
}

#[test]
fn every_form_of_time_is_read() {
    let exact = |text: &str| Some(Published::at(at(text)));
    for (told, want) in [
        (json!("2026-11-20 09:30:05"), exact("2026-11-20T09:30:05")),
        (json!("2026-11-20 09:30:05.0"), exact("2026-11-20T09:30:05")),
        (json!("2026-11-20T09:30:05"), exact("2026-11-20T09:30:05")),
        (json!(1_795_138_205_000_u64), exact("2026-11-20T09:30:05")),
        (json!("1795138205000"), exact("2026-11-20T09:30:05")),
        (json!(""), None),
        (json!(null), None),
        (json!(0), None),
        (json!("2026-12-20 09:30:05"), None),
    ] {
        let mut item = article(1, 1356, "", "2026-11-21 08:00:00");
        item["releaseTime"] = told.clone();
        let page = list::page(&answer(vec![item], true), "1356", now()).unwrap();
        assert_eq!(page.own[0].released, want, "{told}");
        let sighting = page.own.into_iter().next().unwrap().sighting(now());
        let edited = Published::before(at("2026-11-21T08:00:00"));
        assert_eq!(sighting.published, want.unwrap_or(edited), "{told}: else before its last edit");
    }
}

#[test]
fn every_refusal_and_drift_is_a_fault() {
    use FaultKind as K;
    use FaultScope as S;
    for (answer, scope, kind) in [
        (json!({"success": false, "msg": "系统繁忙"}), S::Account, K::Unavailable),
        (json!({"success": true, "code": 500, "msg": "x"}), S::Account, K::Unavailable),
        (json!({"code": "404", "data": {"list": []}}), S::Account, K::Unavailable),
        (json!({"success": true, "code": 200, "data": null}), S::Connector, K::Malformed),
        (json!({"success": true, "code": 200, "data": {"list": {}}}), S::Connector, K::Malformed),
        (json!([]), S::Connector, K::Malformed),
    ] {
        let fault = list::page(&answer, "1356", now()).unwrap_err();
        assert_eq!((fault.scope, fault.kind), (scope, kind), "{answer}");
    }
}
