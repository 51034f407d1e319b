//! Does a name gain anything by changing its answer between two look-ups? The connection goes to the address that was
//! judged, or nowhere.

use std::io;
use std::net::SocketAddr;

use axum::routing::get;
use futures::FutureExt;

use super::super::{guard::Lookup, promise::Promise, send::Shared};
use super::*;

/// Stands for a public address; the only one that is listed.
const PUBLIC: &str = "127.0.0.3";
/// What a rebinding name is after.
const INNER: &str = "127.0.0.1";

/// A server on the public address and a canary on the inner one, at one port; how often each was asked.
async fn pair(router: Router) -> (u16, Arc<AtomicUsize>) {
    for _ in 0..20 {
        let outer = TcpListener::bind((PUBLIC, 0)).await.unwrap();
        let port = outer.local_addr().unwrap().port();
        let Ok(inner) = TcpListener::bind((INNER, port)).await else { continue };
        let hits = Arc::new(AtomicUsize::new(0));
        let counted = hits.clone();
        #[expect(clippy::disallowed_methods, reason = "test servers")]
        {
            tokio::spawn(async move { axum::serve(outer, router).await });
            tokio::spawn(async move {
                while inner.accept().await.is_ok() {
                    counted.fetch_add(1, SeqCst);
                }
            });
        }
        return (port, hits);
    }
    panic!("no port is free on both addresses");
}

/// A client whose resolver gives these answers one after the other, the last for ever; and how often it was asked.
fn rebinding(port: u16, answers: &[&[&str]]) -> (HttpClient, Arc<AtomicUsize>) {
    let answers: Vec<Vec<SocketAddr>> = answers
        .iter()
        .map(|ips| ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
        .collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let turn = counted.fetch_add(1, SeqCst).min(answers.len() - 1);
        futures::future::ready(io::Result::Ok(answers[turn].clone())).boxed()
    });
    let settings = NetSettings {
        allow_private: vec![format!("{PUBLIC}/32").parse().unwrap()],
        ports: vec![80, 443, port],
        host_at_once: 0,
        host_per_minute: 0,
        timeout: Duration::from_secs(5),
        ..NetSettings::default()
    };
    let shared = Shared::resolving(settings, Promise::default(), lookup).unwrap();
    (HttpClient { shared: Arc::new(shared), trace: None, moment: None, strangers: None }, asked)
}

/// Pages whose connection ends with each answer, so that every request looks the name up.
fn pages() -> Router {
    let close = [(header::CONNECTION, "close")];
    let away = [(header::CONNECTION, "close"), (header::LOCATION, "/page")];
    Router::new()
        .route("/page", get(move || async move { (close, "public") }))
        .route("/away", get(move || async move { (StatusCode::FOUND, away) }))
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_judged() {
    let (port, hits) = pair(pages()).await;
    let (client, asked) = rebinding(port, &[&[PUBLIC], &[INNER]]);
    let page = url(&format!("http://rebind.example:{port}/page"));
    let first = client.send(Request::get(page.clone())).await.unwrap();
    assert_eq!(&first.body[..], b"public");
    assert_eq!(asked.load(SeqCst), 1, "one look-up: judged and connected to");
    for _ in 0..3 {
        let error = client.send(Request::get(page.clone())).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{error}");
    }
    assert!(asked.load(SeqCst) >= 4);
    assert_eq!(hits.load(SeqCst), 0, "the inner address heard nothing");
}

#[tokio::test]
async fn a_redirect_to_the_same_name_is_judged_anew() {
    let (port, hits) = pair(pages()).await;
    let (client, asked) = rebinding(port, &[&[PUBLIC], &[INNER]]);
    let away = url(&format!("http://rebind.example:{port}/away"));
    let error = client.send(Request::get(away)).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Refused, "{error}");
    assert_eq!((asked.load(SeqCst), hits.load(SeqCst)), (2, 0));
}

#[tokio::test]
async fn of_a_mixed_answer_only_admitted_addresses_are_tried() {
    let (port, hits) = pair(pages()).await;
    let page = url(&format!("http://rebind.example:{port}/page"));
    for mixed in [[INNER, PUBLIC], [PUBLIC, INNER]] {
        let (client, _) = rebinding(port, &[&mixed]);
        assert_eq!(&client.send(Request::get(page.clone())).await.unwrap().body[..], b"public");
    }
    // Where the admitted one does not answer, the other is no way out.
    let (inner_only, hits_of_that) = (TcpListener::bind((INNER, 0)).await.unwrap(), hits.clone());
    let port = inner_only.local_addr().unwrap().port();
    let (client, _) = rebinding(port, &[&[PUBLIC, INNER]]);
    let lonely = url(&format!("http://rebind.example:{port}/page"));
    let error = client.send(Request::get(lonely)).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Connect, "{error}");
    let knock = tokio::time::timeout(Duration::from_millis(50), inner_only.accept()).await;
    assert!(knock.is_err(), "nobody connected");
    assert_eq!(hits_of_that.load(SeqCst), 0);
}

#[tokio::test]
async fn before_a_proxy_scheme_port_and_literals_are_judged_here() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let passing = Router::new().fallback(move || {
        counted.fetch_add(1, SeqCst);
        async { "through the proxy" }
    });
    let proxy = url(&serve(passing).await);
    let settings = NetSettings { proxy: Some(proxy), host_per_minute: 0, ..NetSettings::default() };
    let client = HttpClient::new(settings).unwrap();
    let literals = ["127.0.0.1", "2130706433", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"];
    let mut refused: Vec<String> = literals.iter().map(|at| format!("http://{at}/")).collect();
    refused.extend(["http://www.example.cn:22/", "http://8.8.8.8:6379/"].map(str::to_owned));
    refused.extend(["ftp://www.example.cn/", "gopher://www.example.cn/"].map(str::to_owned));
    for text in &refused {
        let error = client.send(Request::get(url(text))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{text}: {error}");
    }
    assert_eq!(hits.load(SeqCst), 0, "the proxy was asked for none of them");
    let named = client.send(Request::get(url("http://www.example.cn/"))).await.unwrap();
    assert_eq!((&named.body[..], hits.load(SeqCst)), (&b"through the proxy"[..], 1));
}
