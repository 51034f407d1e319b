//! Is a package called missing only when two looks prove it?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response as Answer};
use chrono::{TimeZone, Utc};

use super::*;
use crate::connector::NoSecrets;
use crate::http::{HttpClient, NetSettings};

/// A ZIP file of empty entries after `padding` bytes of content, written by hand.
pub(crate) fn archive(names: &[&str], padding: usize) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.extend(vec![0; padding]);
    let directory = file.len() as u32;
    for name in names {
        file.extend(b"PK\x01\x02");
        file.extend([0; 24]);
        file.extend((name.len() as u16).to_le_bytes());
        file.extend([0; 16]);
        file.extend(name.as_bytes());
    }
    let size = file.len() as u32 - directory;
    file.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        file.extend((names.len() as u16).to_le_bytes());
    }
    file.extend(size.to_le_bytes());
    file.extend(directory.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// Answers like a file server that keeps ranges.
fn file(bytes: &[u8], headers: &HeaderMap) -> Answer {
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some((from, to)) = range.and_then(|r| r.strip_prefix("bytes=")?.split_once('-')) else {
        return bytes.to_vec().into_response();
    };
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(bytes.len() - 1);
    let place = format!("bytes {from}-{to}/{}", bytes.len());
    let part = bytes[from..=to].to_vec();
    (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, place)], part).into_response()
}

/// Polls a server that answers so; gives the observation and how often it was asked.
async fn poll(
    answer: impl Fn(usize, &HeaderMap) -> Answer + Clone + Send + Sync + 'static,
) -> (Result<Observation, Fault>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let router = Router::new().fallback(move |headers: HeaderMap| {
        let answer = answer(count.fetch_add(1, SeqCst), &headers);
        async move { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/app.apk?token=CANARY", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let http = HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_per_minute: 0,
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
    let seen = ApkConnector::new().poll(&Target::new(target), &cx).await;
    assert!(!format!("{seen:?}").contains("CANARY"));
    (seen, asked.load(SeqCst))
}

fn available(seen: Result<Observation, Fault>) -> Option<bool> {
    let seen = seen.unwrap();
    assert!(seen.sightings.is_empty() && !seen.evidence.is_empty());
    assert_eq!(
        seen.carrier(Part::Download),
        Some(seen.evidence.len() - 1),
        "the last look decides"
    );
    seen.download.unwrap().available
}

const NAMES: &[&str] = &["AndroidManifest.xml", "classes.dex"];

#[tokio::test]
async fn a_package_is_known_by_its_contents() {
    for padding in [10, 300_000] {
        let bytes = archive(NAMES, padding);
        let (seen, asked) = poll(move |_, headers| file(&bytes, headers)).await;
        assert_eq!((available(seen), asked), (Some(true), 2));
    }
    let many: Vec<String> = (0..3000).map(|n| format!("res/{n:040}.png")).collect();
    let mut names: Vec<&str> = many.iter().map(String::as_str).collect();
    names.insert(0, "AndroidManifest.xml");
    let bytes = archive(&names, 10);
    let (seen, asked) = poll(move |_, headers| file(&bytes, headers)).await;
    assert_eq!((available(seen), asked), (Some(true), 3), "a directory longer than the tail");
}

/// As [`archive`], where each entry also begins as entries do.
fn with_headers(names: &[&str], padding: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for name in names {
        file.extend(MAGIC);
        file.extend([0; 22]);
        file.extend((name.len() as u16).to_le_bytes());
        file.extend([0; 2]);
        file.extend(name.as_bytes());
    }
    file.extend(archive(names, padding));
    file
}

#[tokio::test]
async fn a_server_without_ranges_is_believed_by_what_is_inside() {
    for padding in [10, 5_000_000] {
        let bytes = archive(NAMES, padding);
        let (seen, asked) = poll(move |_, _| bytes.clone().into_response()).await;
        assert_eq!((available(seen), asked), (Some(true), 2), "read whole");
        let bytes = archive(&["通知.docx", "附件.pdf"], padding);
        let (seen, asked) = poll(move |_, _| bytes.clone().into_response()).await;
        assert_eq!((available(seen), asked), (Some(false), 4), "a plain ZIP, looked at twice");
    }
    let large = with_headers(NAMES, 10_000_000);
    let (seen, _) = poll(move |_, _| large.clone().into_response()).await;
    assert_eq!(available(seen), Some(true), "by the entries that its start shows");
    let large = with_headers(&["通知.docx"], 10_000_000);
    let (seen, _) = poll(move |_, _| large.clone().into_response()).await;
    assert_eq!(available(seen), None, "nothing that makes an app was seen, and not all was");
}

#[tokio::test]
async fn what_yields_no_package_is_asked_again_freshly_before_it_is_said() {
    let page = || ([(header::CONTENT_TYPE, "text/html")], "<title>下载</title>").into_response();
    let (seen, asked) = poll(move |_, _| page()).await;
    assert_eq!((available(seen), asked), (Some(false), 4));
    let (seen, asked) = poll(|n, headers| {
        assert_eq!(headers.contains_key(header::CACHE_CONTROL), n > 1);
        StatusCode::NOT_FOUND.into_response()
    })
    .await;
    assert_eq!((available(seen), asked), (Some(false), 4));
    let other = archive(&["readme.txt"], 200_000);
    let (seen, _) = poll(move |_, headers| file(&other, headers)).await;
    assert_eq!(available(seen), Some(false));
    let (seen, _) = poll(|_, headers| file(b"MZ a program", headers)).await;
    assert_eq!(available(seen), Some(false));
    let bytes = archive(NAMES, 300_000);
    let (seen, _) = poll(move |n, headers| match n {
        0 | 1 => StatusCode::NOT_FOUND.into_response(),
        _ => file(&bytes, headers),
    })
    .await;
    assert_eq!(available(seen), Some(true), "the second look wins");
}

#[tokio::test]
async fn walls_and_trouble_prove_nothing() {
    for (status, kind) in [
        (StatusCode::FORBIDDEN, FaultKind::Challenged),
        (StatusCode::SERVICE_UNAVAILABLE, FaultKind::Unavailable),
        (StatusCode::TOO_MANY_REQUESTS, FaultKind::RateLimited),
        (StatusCode::IM_A_TEAPOT, FaultKind::Malformed),
    ] {
        let (seen, _) = poll(move |_, _| status.into_response()).await;
        assert_eq!(seen.unwrap_err().kind, kind);
        // Also when the second look is the one that fails.
        let (seen, _) = poll(move |n, _| match n {
            0 | 1 => StatusCode::NOT_FOUND.into_response(),
            _ => status.into_response(),
        })
        .await;
        assert_eq!(seen.unwrap_err().kind, kind);
    }
    let wall =
        || ([(header::CONTENT_TYPE, "text/html")], "<title>安全验证</title>").into_response();
    let (seen, _) = poll(move |_, _| wall()).await;
    assert_eq!(seen.unwrap_err().kind, FaultKind::Challenged);
    let login = || axum::Json(serde_json::json!({"code": 401})).into_response();
    let (seen, _) = poll(move |_, _| login()).await;
    assert_eq!(seen.unwrap_err().kind, FaultKind::Challenged);
    let (seen, _) = poll(|_, _| Body::empty().into_response()).await;
    assert_eq!(available(seen), None);
}

#[tokio::test]
async fn another_range_than_was_asked_for_is_not_read() {
    let bytes = archive(&["readme.txt"], 200_000);
    let (seen, _) = poll(move |n, headers| {
        if n % 2 == 0 {
            return file(&bytes, headers);
        }
        let from = bytes.len() - TAIL_BYTES as usize;
        let place = format!("bytes 0-{}/{}", TAIL_BYTES - 1, bytes.len());
        let part = bytes[from..].to_vec();
        (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, place)], part).into_response()
    })
    .await;
    assert_eq!(available(seen), None, "a name and a size are promises");
}

#[tokio::test]
async fn a_redirect_is_followed_and_its_end_is_asked_further() {
    let bytes = archive(NAMES, 300_000);
    let (seen, asked) = poll(move |n, headers| match n {
        0 => (StatusCode::FOUND, [(header::LOCATION, "/cdn/app.apk")]).into_response(),
        _ => file(&bytes, headers),
    })
    .await;
    assert_eq!((available(seen), asked), (Some(true), 3));
}

#[tokio::test]
async fn a_wall_a_notice_or_an_excuse_is_no_missing_package() {
    let js = "<html><script>var arg1='3B5D';document.cookie='acw_sc__v2=1'</script></html>";
    let block = "<title>访问被拦截</title><p>您的请求疑似攻击行为,已被拦截。</p>";
    let enable = "<noscript>请开启JavaScript并刷新该页</noscript><script src=x.js></script>";
    let cases = [
        (200, "text/html", js),
        (200, "text/html", enable),
        (200, "text/html; charset=utf-8", block),
        (404, "text/html; charset=utf-8", "<title>安全验证</title><p>请完成安全验证</p>"),
        (404, "text/html; charset=utf-8", block),
        (200, "text/html; charset=utf-8", "<title>上网认证</title><form>用户名 密码</form>"),
        (200, "text/html; charset=utf-8", "<title>系统维护中</title><p>请稍后再试</p>"),
        (200, "text/plain", "busy"),
        (200, "text/html; charset=utf-8", "<title>系统升级公告</title><p>升级期间暂停服务</p>"),
        (404, "text/html; charset=utf-8", "<title>系统升级公告</title><p>升级期间暂停服务</p>"),
        (200, "text/html; charset=utf-8", "<p>根据相关规定,境外IP禁止访问</p>"),
        (200, "application/xml", "<Error><Code>SlowDown</Code></Error>"),
        (200, "text/html", "<title>Error</title><h1>Internal Server Error</h1>"),
        (404, "application/json", "{\"code\":429,\"msg\":\"请求过于频繁,请稍后再试\"}"),
        (200, "text/html; charset=utf-8", "<p>请点击右上角,在浏览器中打开下载</p>"),
        (200, "application/json", "{\"code\":200,\"data\":{\"list\":["),
    ];
    for (status, kind, body) in cases {
        let (seen, _) = poll(move |_, _| {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::CONTENT_TYPE, kind)], body).into_response()
        })
        .await;
        let said = seen.map(|seen| seen.download.unwrap().available);
        assert_ne!(said, Ok(Some(false)), "{status} {body}");
    }
    let landing = "<title>某某通</title><h1>某某通 2.0</h1><p>本应用已停止提供安卓版本,请到服务大厅办理。</p>";
    let (seen, _) = poll(move |_, _| {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], landing).into_response()
    })
    .await;
    assert_eq!(available(seen), Some(false), "a page that is none of these");
}
