//! Does the client keep its limits against real servers on loopback?

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{any, get};
use tokio::net::TcpListener;

use super::*;

mod bombs;
mod hostile;
mod rebinding;

/// A server on a free loopback port.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A client that may ask 127.0.0.1 only, without courtesy.
fn client() -> HttpClient {
    HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_at_once: 0,
        host_per_minute: 0,
        timeout: Duration::from_secs(5),
        ..NetSettings::default()
    })
    .unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// `(300 MB of zeros)` as gzip: one fixed Huffman block of "repeat the last byte 258 times".
fn bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut msb =
        |value: u32, count: u32| bits.extend((0..count).rev().map(|n| value >> n & 1 == 1));
    msb(0b110, 3); // last block; type 01, low bit first
    msb(0b0011_0000, 8); // the byte 0
    for _ in 0..1_200_000 {
        msb(0b1100_0101, 8); // length 258
        msb(0, 5); // distance 1
    }
    msb(0, 7); // end of block
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for byte in bits.chunks(8) {
        out.push(byte.iter().enumerate().fold(0, |sum, (n, bit)| sum | u8::from(*bit) << n));
    }
    out
}

#[tokio::test]
async fn an_answer_comes_back_whole_with_its_headers() {
    let echo = any(|headers: HeaderMap, body: String| async move {
        let agent = headers[header::USER_AGENT].to_str().unwrap().to_owned();
        let language = headers[header::ACCEPT_LANGUAGE].to_str().unwrap().to_owned();
        assert!(headers.get(header::REFERER).is_none());
        (StatusCode::CREATED, [("x-seen", "1")], format!("{agent}|{language}|{body}"))
    });
    let base = serve(Router::new().route("/", echo)).await;
    let request = Request::post_json(url(&base), &serde_json::json!({"a": 1}));
    let response = client().send(request).await.unwrap();
    assert_eq!((response.status, response.header("x-seen")), (201, Some("1")));
    let text = String::from_utf8(response.body.to_vec()).unwrap();
    assert!(text.starts_with("freshd/") && text.ends_with(r#"|zh-CN,zh;q=0.9|{"a":1}"#), "{text}");
    assert!(!response.truncated);
}

#[tokio::test]
async fn literals_and_names_are_refused_unless_listed() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let base = serve(Router::new().fallback(move || {
        counted.fetch_add(1, SeqCst);
        async { "in" }
    }))
    .await;
    let port = url(&base).port().unwrap();
    let open = NetSettings { ports: vec![port], host_per_minute: 0, ..NetSettings::default() };
    let closed = HttpClient::new(open).unwrap();
    for host in ["127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]", "localhost", "0"] {
        let asked = url(&format!("http://{host}:{port}/"));
        let error = closed.send(Request::get(asked)).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{host}: {error}");
    }
    assert_eq!(hits.load(SeqCst), 0, "not one connection");
    for host in ["127.0.0.1", "127.1", "localhost"] {
        let asked = url(&format!("http://{host}:{port}/"));
        assert_eq!(client().send(Request::get(asked)).await.unwrap().status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_refused_place_makes_no_connection() {
    // A server on another loopback address, which is not listed.
    let trap = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = trap.local_addr().unwrap().port();
    let targets = [
        format!("http://127.0.0.2:{port}/"),
        format!("http://127.0.0.2:{port}/?access_token=CANARY"),
        format!("//127.0.0.2:{port}/x"),
        format!("http://2130706434:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://1.1.1.1:22/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        "javascript:alert(1)".to_owned(),
    ];
    for target in targets {
        let shown = target.clone();
        let go = get(move || async move { (StatusCode::FOUND, [(header::LOCATION, target)]) });
        let base = serve(Router::new().route("/", go)).await;
        let error = client().send(Request::get(url(&base))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{shown}: {error}");
        assert!(!error.detail.contains("CANARY"), "{error}");
    }
    let knock = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
    assert!(knock.is_err(), "nobody connected");
}

#[tokio::test]
async fn redirects_are_followed_counted_and_lose_secrets_on_the_way() {
    let who =
        |headers: HeaderMap| async move { format!("{:?}", headers.get(header::COOKIE).is_some()) };
    let other = serve(Router::new().route("/who", get(who))).await;
    let away = format!("{other}/who");
    let router = Router::new()
        .route("/who", get(who))
        .route("/near", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/who")]) }))
        .route("/far", get(move || async { (StatusCode::FOUND, [(header::LOCATION, away)]) }))
        .route("/loop", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/loop")]) }));
    let base = serve(router).await;
    let ask = async |path: &str| {
        client().send(Request::get(url(&format!("{base}{path}"))).header("cookie", "SUB=x")).await
    };
    let near = ask("/near").await.unwrap();
    assert_eq!((&near.body[..], near.url.path()), (&b"true"[..], "/who"));
    assert_eq!(&ask("/far").await.unwrap().body[..], b"false");
    assert_eq!(ask("/loop").await.unwrap_err().kind, HttpErrorKind::Broken);
    let mut unfollowed = Request::get(url(&format!("{base}/near")));
    unfollowed.redirects_max = 0;
    assert_eq!(client().send(unfollowed).await.unwrap().status, 302);
}

#[tokio::test]
async fn bodies_are_capped_after_decoding() {
    let bomb = bomb();
    assert!(bomb.len() < 2_000_000, "300 MB in {}", bomb.len());
    let router = Router::new()
        .route("/bomb", get(move || async { ([(header::CONTENT_ENCODING, "gzip")], bomb) }))
        .route("/long", get(|| async { "x".repeat(3 << 20) }));
    let base = serve(router).await;
    for (path, max) in [("/bomb", 1 << 20), ("/long", 1 << 20), ("/long", 10)] {
        let mut request = Request::get(url(&format!("{base}{path}")));
        request.body_bytes_max = max;
        let response = client().send(request).await.unwrap();
        assert_eq!((response.body.len(), response.truncated), (max, true), "{path}");
    }
    let mut exact = Request::get(url(&format!("{base}/long")));
    exact.body_bytes_max = 3 << 20;
    let response = client().send(exact).await.unwrap();
    assert_eq!((response.body.len(), response.truncated), (3 << 20, false));
}

#[tokio::test]
async fn silence_and_hang_ups_are_told_apart() {
    let mut settings_short = NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        timeout: Duration::from_millis(200),
        ..NetSettings::default()
    };
    settings_short.host_per_minute = 0;
    let client = HttpClient::new(settings_short).unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = closed.local_addr().unwrap();
    drop(closed);
    let kind = async |address: String| {
        client
            .send(Request::get(url(&format!("http://{address}/?token=CANARY"))))
            .await
            .unwrap_err()
    };
    let timed_out = kind(silent.local_addr().unwrap().to_string()).await;
    assert_eq!(timed_out.kind, HttpErrorKind::TimedOut);
    let refused = kind(gone.to_string()).await;
    assert_eq!(refused.kind, HttpErrorKind::Connect, "{refused}");
    for error in [timed_out, refused] {
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    }
}

#[tokio::test]
async fn traces_tell_each_hop_without_secrets() {
    let token = get(|headers: HeaderMap| async move {
        let cookie = headers[header::COOKIE].to_str().unwrap().to_owned();
        format!("{{\"access_token\":\"CANARY1\",\"you_sent\":\"{cookie}\"}}")
    });
    let hop = get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/t?secret=CANARY3")]) });
    let base = serve(Router::new().route("/t", token).route("/", hop)).await;
    let sink = TraceSink::default();
    let request =
        Request::get(url(&format!("{base}/?access_token=CANARY4"))).header("cookie", "SUB=CANARY2");
    let traced = client().traced(sink.clone());
    traced.send(request).await.unwrap();
    let mut dead = url("http://127.0.0.3/?token=CANARY5");
    dead.set_username("CANARY6").unwrap();
    traced.send(Request::get(dead)).await.unwrap_err();
    let traces = sink.lock().unwrap();
    assert_eq!(traces.iter().map(|t| t.status).collect::<Vec<_>>(), [Some(302), Some(200), None]);
    let text = serde_json::to_string(&*traces).unwrap();
    assert!(!text.contains("CANARY"), "{text}");
    assert!(text.contains("you_sent") && traces[2].error.is_some());
}

#[tokio::test]
async fn the_server_never_sees_more_at_once_than_the_courtesy() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let base = serve(Router::new().route(
        "/",
        get(move || async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, SeqCst);
            "ok"
        }),
    ))
    .await;
    let client = HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_at_once: 3,
        host_per_minute: 0,
        ..NetSettings::default()
    })
    .unwrap();
    let all = (0..30).map(|_| {
        let (client, base) = (client.clone(), url(&base));
        async move { client.send(Request::get(base)).await.unwrap().status }
    });
    assert!(futures::future::join_all(all).await.iter().all(|status| *status == 200));
    assert_eq!(seen.load(SeqCst), 3);
}

#[tokio::test]
async fn what_strangers_typed_opens_nothing_private_but_what_operators_wrote() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let inside = any(move || {
        counted.fetch_add(1, SeqCst);
        async { "inside" }
    });
    let inside = serve(Router::new().fallback(inside)).await;
    let to = format!("{inside}/secret");
    let jump = any(move || async move { (StatusCode::FOUND, [(header::LOCATION, to)]) });
    let ok = get(|| async { "ok" });
    let own = serve(Router::new().route("/ok", ok).route("/jump", jump)).await;
    let typed = client().for_strangers(&[url(&own)]);
    let port = url(&inside).port().unwrap();
    let names = format!("http://localhost:{port}/");
    for refused in [inside.clone(), format!("{inside}/a"), format!("{own}/jump"), names] {
        let error = typed.send(Request::get(url(&refused))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{refused}");
    }
    assert_eq!(hits.load(SeqCst), 0, "nothing was sent");
    assert_eq!(typed.send(Request::get(url(&format!("{own}/ok")))).await.unwrap().status, 200);
    let ours = client().send(Request::get(url(&format!("{own}/jump")))).await.unwrap();
    assert_eq!((ours.status, hits.load(SeqCst)), (200, 1), "an operator's address may go there");
}
