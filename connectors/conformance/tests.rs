//! Does every built-in connector conform, and does the suite notice one that does not?

mod bombs;
mod cases;
mod liar;
mod mangle;
mod manifests;

use super::*;
use cases::Kit;

/// The connector of this kit keeps every promise.
async fn conforms(kit: Kit) {
    let broken = run(&kit.case()).await.unwrap();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn wechat() {
    conforms(cases::wechat()).await;
}

#[tokio::test]
async fn wechat_through_a_third_party_platform() {
    conforms(cases::wechat_component()).await;
}

#[tokio::test]
async fn weibo_by_the_official_interface() {
    conforms(cases::weibo_api()).await;
}

#[tokio::test]
async fn weibo_by_the_mobile_web() {
    conforms(cases::weibo_web()).await;
}

#[tokio::test]
async fn nanfang() {
    conforms(cases::nanfang()).await;
}

#[tokio::test]
async fn appstore() {
    conforms(cases::appstore()).await;
}

#[tokio::test]
async fn huawei() {
    conforms(cases::huawei()).await;
}

#[tokio::test]
async fn tencent() {
    conforms(cases::tencent()).await;
}

#[tokio::test]
async fn apk() {
    conforms(cases::apk()).await;
}

#[tokio::test]
async fn probe() {
    conforms(cases::probe()).await;
}

#[tokio::test]
async fn article() {
    conforms(cases::article()).await;
}

#[tokio::test]
async fn feed() {
    conforms(cases::feed()).await;
}

#[tokio::test]
async fn feed_complete() {
    conforms(cases::feed_complete()).await;
}

#[tokio::test]
async fn manual() {
    conforms(cases::manual()).await;
}

#[tokio::test]
async fn process_by_the_shipped_example() {
    conforms(cases::process()).await;
}

/// What the built-in connectors refuse in `admit`, the example refuses by a fault of the account, without asking.
#[tokio::test]
async fn the_example_refuses_what_it_cannot_ask() {
    let kit = cases::process();
    let stage = Stage::open().await.unwrap();
    let connector = (kit.build)(&stage.url());
    for target in
        ["不是标识", "javascript:alert(1)", "../../etc/passwd", "file:///etc/passwd", "http://["]
    {
        let case = kit.case();
        let suite = Suite { case: &case, broken: Vec::new() };
        let target = Target::new(target);
        let looked = suite.look_with(&stage, &*connector, &target, &*kit.good, None).await.unwrap();
        let fault = looked.result.unwrap_err();
        assert_eq!((fault.scope.key(), fault.kind.key()), ("account", "refused"), "{target}");
        assert_eq!(looked.requests, 0, "{target}");
    }
}

#[tokio::test]
async fn good_weather_proves_silence_where_the_connector_says_that_it_can() {
    for kit in cases::all() {
        let suite = Suite { case: &kit.case(), broken: Vec::new() };
        let looked = suite.look(&*kit.good).await.unwrap();
        let stage = Stage::open().await.unwrap();
        let proves = (kit.build)(&stage.url()).descriptor().proves_silence;
        assert_eq!(!looked.result.unwrap().coverage.is_empty(), proves, "{}", kit.name);
    }
}

#[tokio::test]
async fn a_liar_is_found_out() {
    let kit = liar::kit();
    let broken = run(&kit.case()).await.unwrap();
    let checks: BTreeSet<_> = broken.iter().map(|broken| broken.check).collect();
    for check in [
        "descriptor",
        "admit",
        "good",
        "remembered",
        "connection refused",
        "500",
        "429",
        "captcha",
        "echo",
    ] {
        assert!(checks.contains(check), "{check} let the liar pass: {checks:?}");
    }
    let told: String = broken.iter().map(|broken| broken.problem.clone()).collect();
    for problem in
        ["a secret is told", "held against the account", "impossible time", "proves", "Retry-After"]
    {
        assert!(told.contains(problem), "{problem} was not found: {told}");
    }
}
