//! Does any hostile address get through: asked for, redirected to, or come by a second look-up? A canary on loopback
//! counts who comes.

use axum::routing::get;

use super::*;

const TABLE: &str = include_str!("../../../tests/fixtures/hostile-urls.txt");

/// Listens on all of loopback and counts connections.
async fn canary() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, SeqCst);
        }
    });
    (port, hits)
}

/// The table with the canary's port, and why each may not be reached.
fn table(port: u16) -> Vec<(String, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| line.split_once('\t').expect("an address, a tab, a reason");
    lines.map(row).map(|(url, why)| (url.replace("{port}", &port.to_string()), why)).collect()
}

/// The port of the canary is on the list, so that only the address stands in the way.
fn closed(port: u16, allow: &[&str]) -> HttpClient {
    HttpClient::new(NetSettings {
        allow_private: allow.iter().map(|net| net.parse().unwrap()).collect(),
        ports: vec![80, 443, port],
        host_at_once: 0,
        host_per_minute: 0,
        timeout: Duration::from_secs(5),
        ..NetSettings::default()
    })
    .unwrap()
}

#[tokio::test]
async fn no_hostile_address_is_asked() {
    let (port, hits) = canary().await;
    let table = table(port);
    assert!(table.len() >= 100, "{}", table.len());
    let client = closed(port, &[]);
    for (text, why) in &table {
        let Ok(asked) = Url::parse(text) else { continue };
        let error = client.send(Request::get(asked)).await.expect_err(text);
        // What `localhost.` stands for is for the system to say: an address that is refused, or none.
        let unnamed = error.kind == HttpErrorKind::HostNotFound && text.contains("localhost.");
        assert!(error.kind == HttpErrorKind::Refused || unnamed, "{text} ({why}): {error}");
    }
    let parsed = table.iter().filter(|(text, _)| Url::parse(text).is_ok()).count();
    assert!(parsed >= 100, "{parsed} are addresses at all");
    assert_eq!(hits.load(SeqCst), 0, "not one connection");
}

#[tokio::test]
async fn no_redirect_leads_to_a_hostile_address() {
    let (port, hits) = canary().await;
    for (target, why) in table(port) {
        let Ok(location) = axum::http::HeaderValue::from_bytes(target.as_bytes()) else { continue };
        let first = location.clone();
        let router = Router::new()
            .route("/near", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/far")]) }))
            .route("/far", get(|| async { (StatusCode::FOUND, [(header::LOCATION, first)]) }));
        // Only the first server's own address is listed.
        let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test server")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = closed(port, &["127.0.0.3/32"]);
        match client.send(Request::get(url(&format!("{base}/near")))).await {
            Err(error) => {
                let unnamed = error.kind == HttpErrorKind::HostNotFound;
                let refused = matches!(error.kind, HttpErrorKind::Refused | HttpErrorKind::Broken);
                assert!(refused || unnamed, "{target} ({why}): {error}");
            }
            // Some of them are no address behind `http:` but a page of the same site.
            Ok(response) => {
                assert_eq!(response.url.host_str(), Some("127.0.0.3"), "{target} ({why})");
            }
        }
        assert_eq!(hits.load(SeqCst), 0, "{target}");
    }
}

#[tokio::test]
async fn links_carry_no_credentials_and_cookies_do_not_come_back() {
    let (asked, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, found) = (asked.clone(), sent.clone());
    let seen = get(move |headers: HeaderMap| async move {
        let named = [header::AUTHORIZATION, header::COOKIE, header::REFERER];
        let with = named.iter().filter(|name| headers.contains_key(*name)).count();
        counted.fetch_add(1, SeqCst);
        found.fetch_add(with, SeqCst);
        ([(header::SET_COOKIE, "sid=1; Path=/")], "ok")
    });
    let base = serve(Router::new().route("/", seen)).await;
    let link = base.replace("http://", "http://user:secret@");
    let articles = url("https://mp.weixin.qq.com");
    let now = Timestamp::UNIX_EPOCH;
    for _ in 0..3 {
        crate::link::check(&client(), &link, &articles, &Default::default(), now).await;
    }
    assert_eq!((asked.load(SeqCst), sent.load(SeqCst)), (3, 0));
}

/// Writes a head, then what `more` gives for ever, to whoever comes.
async fn flood(head: &'static str, more: Vec<u8>, pause: Duration) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let more = more.clone();
            tokio::spawn(async move {
                let mut asked = [0; 2048];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(head.as_bytes()).await;
                let mut turns = tokio::time::interval(pause);
                while stream.write_all(&more).await.is_ok() {
                    turns.tick().await;
                }
            });
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn slow_and_endless_answers_end_and_none_blocks_a_healthy_one() {
    let short = HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_at_once: 0,
        host_per_minute: 0,
        timeout: Duration::from_millis(800),
        ..NetSettings::default()
    })
    .unwrap();
    let (none, tick) = (Duration::from_nanos(1), Duration::from_millis(50));
    let header = b"x-more: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(100);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hostile = [
        format!("http://{}/", silent.local_addr().unwrap()),
        flood("HTTP/1.1 200 OK\r\n", b"x-slow: 1\r\n".to_vec(), tick).await,
        flood("HTTP/1.1 200 OK\r\n", header, none).await,
        flood("HTTP/1.1 200 OK\r\nx-long: ", b"y".repeat(1 << 16), none).await,
        flood("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"x".to_vec(), 10 * tick).await,
    ];
    let endless = flood("HTTP/1.1 200 OK\r\n\r\n", b"x".repeat(1 << 16), none).await;
    let well = serve(Router::new().route("/", get(|| async { "ok" }))).await;
    let bad = hostile.iter().map(|text| short.send(Request::get(url(text))));
    let (bad, long, good) = tokio::join!(
        futures::future::join_all(bad),
        short.send(Request::get(url(&endless))),
        short.send(Request::get(url(&well))),
    );
    assert_eq!(&good.unwrap().body[..], b"ok");
    let long = long.unwrap();
    assert_eq!((long.body.len(), long.truncated), (2 << 20, true));
    for (answer, text) in bad.into_iter().zip(&hostile) {
        assert!(answer.is_err(), "{text}");
    }
}
