//! Is an app called missing from 应用宝 only when both of its pages say so?

use super::*;
use crate::conformance::stage::{Answer as Reply, Asked, Stage};
use crate::connector::NoSecrets;

const APP: &str = "cn.gov.example.app";

const CONTROL: &str = "com.tencent.mm";

async fn poll(first: Reply, second: Reply) -> (Result<Observation, Fault>, Vec<Asked>) {
    poll_with(first, second, true).await
}

/// With a store that finds the control app, or does not.
async fn poll_with(
    first: Reply,
    second: Reply,
    finds_control: bool,
) -> (Result<Observation, Fault>, Vec<Asked>) {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = TencentConnector::new(stage.url(), stage.url(), CONTROL);
    let now = chrono::DateTime::from_timestamp(1_795_312_800, 0).unwrap();
    let budget = std::time::Duration::from_secs(5);
    let cx =
        PollContext { now, budget, http: &http, secrets: &NoSecrets, memo: None, fresh: false };
    let script = |asked: &Asked| match asked.path.as_str() {
        "/appdetail/com.tencent.mm" if finds_control => page(
            r#"[{"data":{"itemData":[{"pkg_name":"com.tencent.mm","download_url":"https://x/w.apk"}]}}]"#,
        ),
        "/o/simple.jsp" if finds_control && asked.param("pkgname") == Some(CONTROL) => html(
            r#"<script>window.systemData={"appDetail":{"pkgName":"com.tencent.mm","apkUrl":"http://x"}}</script>"#,
        ),
        "/o/simple.jsp" => second.clone(),
        _ => first.clone(),
    };
    let result = stage.during(&script, connector.poll(&Target::new(APP), &cx)).await;
    (result, stage.log())
}

fn html(text: &str) -> Reply {
    Reply::ok("text/html; charset=utf-8", text.to_owned())
}

fn good() -> Reply {
    html(include_str!("../../fixtures/tencent/detail.html"))
}

fn opens() -> Reply {
    html(include_str!("../../fixtures/tencent/simple.html"))
}

/// The store's page with these components.
fn page(components: &str) -> Reply {
    html(&format!(
        r#"<html><title>应用宝</title><script id="__NEXT_DATA__" type="application/json">
        {{"props":{{"pageProps":{{"dynamicCardResponse":{{"data":{{"components":{components}}}}}}}}}}}</script></html>"#
    ))
}

fn absent() -> Reply {
    html("<script>\nwindow.systemData={\"appDetail\":null,\"x\":1};\n</script>")
}

#[tokio::test]
async fn a_page_that_names_the_package_says_that_the_app_is_there() {
    let (result, asked) = poll(good(), Reply::status(500)).await;
    let seen = result.unwrap();
    let download = seen.download.unwrap();
    assert_eq!((download.available, asked.len()), (Some(true), 1));
    assert!(download.what.contains("2.4.1"), "the recommended app's is 9.9: {}", download.what);
    let profile = seen.profile.unwrap();
    assert_eq!(profile.name.as_deref(), Some("示例政务"));
    assert_eq!(profile.holder.as_deref(), Some("示例市政务服务数据管理局"));
}

#[tokio::test]
async fn missing_is_what_both_pages_say() {
    let other =
        r#"[{"data":{"itemData":[{"pkg_name":"com.other","download_url":"https://x/a.apk"}]}}]"#;
    for first in
        [page(other), page("[]"), html("<title>找不到页面-应用宝</title>"), Reply::status(404)]
    {
        let (result, asked) = poll(first, absent()).await;
        assert_eq!(result.unwrap().download.unwrap().available, Some(false));
        assert_eq!(asked[1].param("pkgname"), Some(APP));
        assert_eq!(asked[1].header("cache-control"), Some("no-cache"));
    }
}

#[tokio::test]
async fn a_store_that_lacks_the_control_app_too_is_no_witness() {
    for first in [page("[]"), html("<title>找不到页面-应用宝</title>"), Reply::status(404)]
    {
        let (result, asked) = poll_with(first, absent(), false).await;
        let fault = result.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (FaultScope::Platform, FaultKind::Unavailable));
        assert_eq!(asked.len(), 4);
    }
}

#[tokio::test]
async fn the_control_app_is_not_asked_for_again_within_ten_minutes() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let connector = TencentConnector::new(stage.url(), stage.url(), CONTROL);
    let script = |asked: &Asked| match (asked.path.as_str(), asked.param("pkgname")) {
        ("/appdetail/com.tencent.mm", _) => {
            page(r#"[{"data":{"itemData":[{"pkg_name":"com.tencent.mm"}]}}]"#)
        }
        ("/o/simple.jsp", Some(CONTROL)) => {
            html(r#"<script>window.systemData={"appDetail":{"pkgName":"com.tencent.mm"}}</script>"#)
        }
        ("/o/simple.jsp", _) => absent(),
        _ => page("[]"),
    };
    let mut counts = Vec::new();
    for minutes in [0, 10, 11] {
        let now = chrono::DateTime::from_timestamp(1_795_312_800 + minutes * 60, 0).unwrap();
        let budget = std::time::Duration::from_secs(5);
        let cx =
            PollContext { now, budget, http: &http, secrets: &NoSecrets, memo: None, fresh: false };
        let seen = stage.during(&script, connector.poll(&Target::new(APP), &cx)).await.unwrap();
        assert_eq!(seen.download.unwrap().available, Some(false));
        counts.push(stage.log().len());
    }
    assert_eq!(counts, [4, 6, 10]);
}

#[tokio::test]
async fn either_page_suffices_to_be_there() {
    for first in [page("[]"), Reply::status(404), html("<title>404</title>")] {
        let (result, _) = poll(first, opens()).await;
        assert_eq!(result.unwrap().download.unwrap().available, Some(true));
    }
    let no_address = r#"[{"data":{"itemData":[{"pkg_name":"cn.gov.example.app","name":"示例"}]}}]"#;
    let (result, _) = poll(page(no_address), opens()).await;
    assert_eq!(result.unwrap().download.unwrap().available, Some(true));
    let (result, _) = poll(page(no_address), absent()).await;
    assert_eq!(result.unwrap().download.unwrap().available, None, "a page without a download");
}

#[tokio::test]
async fn pages_that_disagree_or_say_nothing_prove_nothing() {
    let silent = html("<script>window.systemData={\"other\":1}</script>");
    let someone = html(
        "<script>window.systemData={\"appDetail\":{\"pkgName\":\"a.b\",\"apkUrl\":\"http://x\"}}</script>",
    );
    for second in [silent, someone, Reply::status(404)] {
        let (result, _) = poll(page("[]"), second).await;
        assert_eq!(result.unwrap().download.unwrap().available, None);
    }
    let no_list = html(r#"<script id="__NEXT_DATA__">{"props":{}}</script>"#);
    let (result, _) = poll(no_list, absent()).await;
    assert_eq!(result.unwrap().download.unwrap().available, None);
}

#[tokio::test]
async fn walls_and_strange_pages_are_faults() {
    use FaultKind as K;
    for (first, second, kind) in [
        (html("<title>安全验证</title>请输入验证码"), absent(), K::Challenged),
        (html("<html></html>"), absent(), K::Malformed),
        (html(""), absent(), K::Malformed),
        (Reply::status(403), absent(), K::Challenged),
        (Reply::status(503), absent(), K::Unavailable),
        (page("[]"), html("<html></html>"), K::Malformed),
        (page("[]"), html("window.systemData={\"appDetail\":null"), K::Malformed),
        (page("[]"), Reply::status(429), K::RateLimited),
        (page("[]"), html("请输入验证码"), K::Challenged),
    ] {
        let fault = poll(first, second).await.0.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.detail);
    }
}

#[test]
fn only_packages_are_admitted() {
    let url = || Url::parse("https://t.example").unwrap();
    let connector = TencentConnector::new(url(), url(), CONTROL);
    assert!(connector.admit(&Target::new(APP)).is_ok());
    for target in ["", "example", "../etc", "a.b/c", "C100404489", "a.b?x=1"] {
        assert!(connector.admit(&Target::new(target)).is_err(), "{target}");
    }
}
