//! Does a probe say "works" or "does not" only when the answer says so?

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use chrono::{TimeZone, Utc};
use freshd_core::fault::Retry;

use super::*;
use crate::connector::NoSecrets;
use crate::http::{HttpClient, NetSettings};

/// What a probe of one answer brings.
async fn probe(status: u16, kind: &'static str, body: &'static str) -> Result<Observation, Fault> {
    probe_expecting(status, kind, body, "").await
}

async fn probe_expecting(
    status: u16,
    kind: &'static str,
    body: &'static str,
    expected: &str,
) -> Result<Observation, Fault> {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = move || async move {
        (status, [(header::CONTENT_TYPE, kind), (header::RETRY_AFTER, "7")], body)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/?token=CANARY{expected}", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(answer));
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    ask(&target).await
}

async fn ask(target: &str) -> Result<Observation, Fault> {
    let http = HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_per_minute: 0,
        timeout: std::time::Duration::from_millis(500),
        ..NetSettings::default()
    })
    .unwrap();
    let cx = PollContext {
        now: Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap(),
        budget: std::time::Duration::from_secs(5),
        http: &http,
        secrets: &NoSecrets,
        memo: None,
        fresh: false,
    };
    ProbeConnector::new().poll(&Target::new(target), &cx).await
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const NGINX: &str = "<html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1><p>If you see this page, the \
                     nginx web server is successfully installed and working. Further configuration is required.</p></html>";

#[tokio::test]
async fn plain_answers_are_believed() {
    for (status, kind, body, works) in [
        (200, JSON, r#"{"status":"UP"}"#, Some(true)),
        (200, JSON, r#"{"code":0,"data":[]}"#, Some(true)),
        (200, JSON, r#"{"code":200}"#, Some(true)),
        (200, JSON, r#"{"code":1,"message":"x"}"#, Some(true)),
        (200, JSON, r#"[]"#, Some(true)),
        (200, HTML, "<title>在线咨询</title>", Some(true)),
        (200, "text/plain", "ok", Some(true)),
        (204, "text/plain", "", Some(true)),
        (200, "text/plain", "", None),
        (404, HTML, "", Some(false)),
        (410, HTML, "", Some(false)),
        (200, JSON, r#"{"success":false}"#, Some(false)),
        (200, JSON, r#"{"code":500,"msg":"系统异常"}"#, Some(false)),
        (200, JSON, r#"{"code":"404"}"#, Some(false)),
        (200, JSON, r#"{"status":"DOWN"}"#, Some(false)),
        (200, JSON, r#"{"code":-1}"#, Some(false)),
        (200, HTML, "<title>页面不存在</title>", Some(false)),
        // Something stands where the service should be: it neither works nor is proven broken.
        (
            200,
            HTML,
            "<html><title>网站升级维护中</title><h1>网站升级维护中</h1><p>敬请谅解!</p></html>",
            None,
        ),
        (200, HTML, NGINX, None),
        // It answers, and that is what is asked of it.
        (200, HTML, "<title>登录</title><form><input type=password></form>", Some(true)),
        (
            200,
            HTML,
            "<title>政民互动</title><div id=app></div><script src=a.js></script>",
            Some(true),
        ),
    ] {
        let seen = probe(status, kind, body).await.unwrap();
        assert_eq!(seen.interaction[0].works, works, "{status} {body}");
        assert_eq!(seen.interaction[0].kind, "probe");
        assert!(seen.sightings.is_empty() && seen.evidence.len() == 1);
        assert!(!format!("{seen:?}").contains("CANARY"));
    }
}

#[tokio::test]
async fn trouble_on_the_way_is_a_fault() {
    for (status, body, kind) in [
        (500, "", FaultKind::Unavailable),
        (503, "", FaultKind::Unavailable),
        (429, "", FaultKind::RateLimited),
        (401, "", FaultKind::Challenged),
        (403, "", FaultKind::Challenged),
        (200, "<title>安全验证</title>", FaultKind::Challenged),
        (418, "", FaultKind::Malformed),
    ] {
        let fault = probe(status, HTML, body).await.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (FaultScope::Account, kind), "{status} {body}");
        assert!(status < 429 || fault.retry == Retry::After(7));
        assert!(!fault.detail.contains("CANARY"));
    }
    let guarded = probe(200, JSON, r#"{"code":401}"#).await.unwrap_err();
    assert_eq!(guarded.kind, FaultKind::Challenged);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_at = silent.local_addr().unwrap();
    assert_eq!(ask(&format!("http://{silent_at}/")).await.unwrap_err().kind, FaultKind::TimedOut);
    assert_eq!(ask("http://10.1.1.1/").await.unwrap_err().kind, FaultKind::Refused);
}

#[test]
fn targets_are_web_addresses() {
    let connector = ProbeConnector::new();
    assert!(connector.admit(&Target::new("https://app.example.gov.cn/api/health")).is_ok());
    for bad in ["", "health", "ftp://a.cn", "/api", "https://"] {
        let problem = connector.admit(&Target::new(bad)).unwrap_err();
        assert!(problem.help.contains("probe:https://"), "{bad}");
    }
}

#[tokio::test]
async fn what_is_declared_of_the_answer_decides() {
    for (kind, body, expected, works) in [
        (JSON, r#"{"ok":true}"#, "#status=200&text=ok&json=/ok", Some(true)),
        (JSON, r#"{"code":0}"#, "#json=/ok", Some(false)),
        (JSON, r#"{"data":{"open":false}}"#, "#json=/data/open", Some(false)),
        ("text/plain", "closed", "#text=open", Some(false)),
        (HTML, "<title>咨询</title>", "#text=提交留言", None),
        (HTML, "<title>咨询</title>", "#text=咨询", Some(true)),
        (JSON, r#"{"ok":true}"#, "#status=204", None),
        (JSON, "{}", "#/home", Some(true)),
    ] {
        let seen = probe_expecting(200, kind, body, expected).await.unwrap();
        assert_eq!(seen.interaction[0].works, works, "{body} {expected}");
    }
}

#[test]
fn a_wrong_expectation_is_a_problem() {
    for wrong in ["#status=abc", "#status=99", "#json=ok", "#text=", "#stauts=200"] {
        let target = Target::new(format!("https://www.example.gov.cn/{wrong}"));
        assert!(ProbeConnector::new().admit(&target).is_err(), "{wrong}");
    }
}
