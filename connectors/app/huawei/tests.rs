//! Is an app only ever called missing from AppGallery while the store answers for another?

use freshd_core::fault::Retry;

use super::*;
use crate::conformance::stage::{Answer as Reply, Asked, Stage};
use crate::connector::NoSecrets;

const APP: &str = "C100404489";
const HARMONY: &str = "C5765880207854123456";
const CONTROL: &str = "com.example.control";

async fn poll(
    target: &str,
    with_code: bool,
    script: impl Fn(&Asked, usize) -> Reply + Send + Sync,
) -> (Result<Observation, Fault>, Vec<Asked>) {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = HuaweiConnector::new(stage.url(), CONTROL, with_code);
    let now = chrono::DateTime::from_timestamp(1_795_312_800, 0).unwrap();
    let budget = std::time::Duration::from_secs(5);
    let cx =
        PollContext { now, budget, http: &http, secrets: &NoSecrets, memo: None, fresh: false };
    let target = Target::new(target);
    let count = std::sync::atomic::AtomicUsize::new(0);
    let script =
        |asked: &Asked| script(asked, count.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
    let result = stage.during(&script, connector.poll(&target, &cx)).await;
    (result, stage.log())
}

fn is_control(asked: &Asked) -> bool {
    asked.body.contains(CONTROL)
}

fn given(app: &str) -> Reply {
    Reply::json(
        &json!({"appId": app, "pkgName": "cn.gov.example.app", "name": "示例\u{0}政务", "version": "2.4.1",
        "releaseDate": 1_790_000_000_000_u64, "developerName": "示例单位", "isShelves": 1, "isDisciplined": 0,
        "deleteArchive": 0, "rtnCode": 0}),
    )
}

fn control() -> Reply {
    Reply::json(&json!({"appId": "C1", "pkgName": CONTROL, "version": "1"}))
}

fn nothing() -> Reply {
    Reply::ok("application/json", "")
}

#[tokio::test]
async fn a_record_of_either_edition_says_that_the_app_is_there() {
    for (target, edition) in
        [(APP, "安卓版"), (HARMONY, "鸿蒙版"), ("cn.gov.example.app", "安卓版")]
    {
        let id = if target.starts_with('C') { target } else { APP };
        let (result, asked) = poll(target, false, |_, _| given(id)).await;
        let seen = result.unwrap();
        let download = seen.download.unwrap();
        assert_eq!(download.available, Some(true));
        for words in [edition, "2.4.1", "2026-09-21"] {
            assert!(download.what.contains(words), "{}", download.what);
        }
        assert!(seen.sightings.is_empty() && seen.coverage.is_empty());
        assert_eq!(seen.profile.unwrap().name.as_deref(), Some("示例政务"));
        let key = if target.starts_with('C') { "appId" } else { "pkgName" };
        let body: Value = serde_json::from_str(&asked[0].body).unwrap();
        assert_eq!((asked.len(), body[key].as_str()), (1, Some(target)));
    }
}

#[tokio::test]
async fn missing_takes_a_control_and_a_second_answer() {
    let script = |asked: &Asked, _| if is_control(asked) { control() } else { nothing() };
    let (result, asked) = poll(APP, false, script).await;
    assert_eq!(result.unwrap().download.unwrap().available, Some(false));
    let order: Vec<bool> = asked.iter().map(is_control).collect();
    assert_eq!(order, [false, true, false]);
    assert_eq!(asked[2].header("cache-control"), Some("no-cache"));

    let script = |asked: &Asked, n| match (is_control(asked), n) {
        (true, _) => control(),
        (false, 0) => nothing(),
        (false, _) => given(APP),
    };
    let (result, _) = poll(APP, false, script).await;
    assert_eq!(result.unwrap().download.unwrap().available, Some(true), "the second look wins");
}

#[tokio::test]
async fn silence_for_the_control_proves_nothing() {
    let (result, asked) = poll(APP, false, |_, _| nothing()).await;
    let fault = result.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Connector, FaultKind::Malformed));
    assert!(fault.detail.contains(CONTROL), "{}", fault.detail);
    assert_eq!(asked.len(), 2);
    for trouble in [Reply::status(503), Reply::status(403), given("C9"), Reply::ok("a/b", "{")] {
        let script =
            move |asked: &Asked, _| if is_control(asked) { trouble.clone() } else { nothing() };
        assert!(poll(APP, false, script).await.0.is_err());
    }
}

#[tokio::test]
async fn unusual_marks_are_told_and_not_judged() {
    for (mark, value) in
        [("isShelves", json!(0)), ("isDisciplined", json!("1")), ("deleteArchive", json!(true))]
    {
        let mut record = json!({"appId": APP, "pkgName": "x.y"});
        record[mark] = value.clone();
        let (result, _) = poll(APP, false, move |_, _| Reply::json(&record)).await;
        let download = result.unwrap().download.unwrap();
        assert_eq!(download.available, None, "{mark}");
        assert!(download.what.contains(&format!("{mark}={value}")), "{}", download.what);
    }
}

#[tokio::test]
async fn other_answers_are_faults_that_say_what_was_seen() {
    use FaultKind as K;
    use FaultScope as S;
    for (reply, scope, kind, words) in [
        (given("C200"), S::Connector, K::Malformed, "不是应用"),
        (Reply::json(&json!({"rtnCode": 7, "rtnDesc": "no"})), S::Connector, K::Malformed, "7:no"),
        (Reply::json(&json!({})), S::Connector, K::Malformed, "不是应用"),
        (Reply::ok("text/html", "<title>安全验证</title>"), S::Platform, K::Challenged, "验证"),
        (Reply::status(401), S::Platform, K::Challenged, "interface_code"),
        (Reply::status(404), S::Connector, K::Malformed, "404"),
        (Reply::status(502), S::Platform, K::Unavailable, "502"),
    ] {
        let fault = poll(APP, false, move |_, _| reply.clone()).await.0.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (scope, kind), "{}", fault.detail);
        assert!(fault.detail.contains(words), "{}", fault.detail);
    }
    let busy = Reply::status(429).header("retry-after", "77");
    let fault = poll(APP, false, move |_, _| busy.clone()).await.0.unwrap_err();
    assert_eq!(fault.retry, Retry::After(77));
}

#[tokio::test]
async fn a_code_is_fetched_once_and_sent_with_the_time() {
    let script = |asked: &Asked, _| match asked.path.as_str() {
        "/edge/webedge/getInterfaceCode" => Reply::json(&json!("abc.def")),
        _ if is_control(asked) => control(),
        _ => nothing(),
    };
    let (result, asked) = poll(APP, true, script).await;
    assert_eq!(result.unwrap().download.unwrap().available, Some(false));
    assert_eq!(asked.len(), 4);
    for asked in &asked[1..] {
        assert_eq!(asked.header("interface-code"), Some("abc.def_1795312800000"));
    }
    for code in ["\"\"", "{}", "\"a\\r\\nb\"", ""] {
        let script = move |_: &Asked, _| Reply::ok("application/json", code);
        assert!(poll(APP, true, script).await.0.is_err(), "{code}");
    }
}

#[test]
fn numbers_and_packages_are_admitted() {
    let connector = HuaweiConnector::new("https://h.example".parse().unwrap(), CONTROL, false);
    for target in [APP, HARMONY, "cn.gov.example", "com.a_b.c1"] {
        assert!(connector.admit(&Target::new(target)).is_ok(), "{target}");
    }
    for target in ["", "C", "c100404489", "C12x", "example", "a..b", "1.2", "a.b;c", "中.文"] {
        assert!(connector.admit(&Target::new(target)).is_err(), "{target}");
    }
}
