//! Is whatever could change an account refused before it is sent, and does every connector keep to the list?

use std::collections::BTreeSet;
use std::path::Path;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{any, get};
use regex::Regex;
use url::Url;

use super::super::{HttpClient, HttpErrorKind, NetSettings, Request};
use super::{Api, Promise, WEIBO_SESSION, is_wechat_reading};

const CHANGING: [&str; 12] = [
    "/cgi-bin/menu/delete",
    "/cgi-bin/menu/create",
    "/cgi-bin/message/mass/sendall",
    "/cgi-bin/freepublish/submit",
    "/cgi-bin/freepublish/delete",
    "/cgi-bin/clear_quota",
    "/cgi-bin/token",
    "/cgi-bin/menu/get/../delete",
    "/cgi-bin/menu/get/",
    "/cgi-bin/menu/%67et",
    "/CGI-BIN/menu/get",
    "/",
];

fn local() -> NetSettings {
    NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_per_minute: 0,
        ..NetSettings::default()
    }
}

/// A server that counts nothing and answers everything; `/go?to=…` leads there.
async fn serve() -> Url {
    let go = |uri: axum::http::Uri| async move {
        let to = uri.query().unwrap_or_default().trim_start_matches("to=").to_owned();
        (StatusCode::FOUND, [(header::LOCATION, to)])
    };
    let router = Router::new().route("/go", get(go)).fallback(any(|| async { "{}" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn an_interface_that_is_not_on_the_list_is_never_asked() {
    let http = HttpClient::new(NetSettings::default()).unwrap();
    let hosts = ["api.weixin.qq.com", "API.weixin.qq.com.", "api.weixin.qq.com:443"];
    let more = ["sh.api.weixin.qq.com", "api2.weixin.qq.com", "api.weibo.com", "c.api.weibo.com"];
    let paths = CHANGING.into_iter().chain(["/2/statuses/update.json", "/oauth2/revokeoauth2"]);
    for path in paths {
        for host in hosts.into_iter().chain(more) {
            let url: Url = format!("https://{host}{path}?access_token=T").parse().unwrap();
            for request in [Request::get(url.clone()), Request::post_json(url, &"{}".into())] {
                let error = http.send(request).await.unwrap_err();
                assert_eq!(error.kind, HttpErrorKind::Refused, "{path}");
                assert!(error.detail.contains("只读") && !error.detail.contains("=T"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_or_a_configured_base_is_no_way_around() {
    let server = serve().await;
    let base: Url = server.join("wechat").unwrap();
    let http =
        HttpClient::reading_only(local(), &[(Api::Wechat, base), (Api::Weibo, server.clone())])
            .unwrap();
    let to = |path: &str| server.join(path).unwrap();
    for path in [
        "/wechat/cgi-bin/menu/delete?access_token=T",
        "/wechat/cgi-bin/message/mass/sendall",
        "/wechat/other?access_token=T",
        "/other?component_access_token=T",
        "/cgi-bin/menu/create",
        "/2/statuses/update.json",
        "/go?to=https://api.weixin.qq.com/cgi-bin/menu/delete",
        "/go?to=/wechat/cgi-bin/menu/delete",
    ] {
        let error = http.send(Request::get(to(path))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Refused, "{path}: {error}");
    }
    let menu = to("/wechat/cgi-bin/menu/get?access_token=T");
    assert!(http.send(Request::get(menu.clone())).await.is_ok());
    let posted = http.send(Request::post_json(menu, &"{}".into())).await;
    assert_eq!(posted.unwrap_err().kind, HttpErrorKind::Refused, "the method is listed, too");
    for page in ["/s/abc", "/2/users/show.json?access_token=T", "/"] {
        assert!(http.send(Request::get(to(page))).await.is_ok(), "{page}");
    }
}

#[test]
fn a_weibo_session_is_shown_to_what_reads_only() {
    let keep = |method, path: &str, cookie| {
        let url = format!("https://m.weibo.cn{path}").parse().unwrap();
        Promise::default().keep(method, &url, cookie).is_ok()
    };
    assert!(WEIBO_SESSION.iter().all(|path| keep("GET", path, true)));
    assert!(!keep("POST", "/api/container/getIndex", true) && !keep("GET", "/api/x", true));
    assert!(keep("GET", "/detail/1", false), "a menu's link");
}

#[test]
fn the_list_holds_nothing_that_changes_an_account() {
    for (api, host) in [(Api::Wechat, "api.weixin.qq.com"), (Api::Weibo, "api.weibo.com")] {
        for (method, path) in api.listed() {
            let verb = path.rsplit('/').next().unwrap();
            let changes = ["create", "add", "del", "send", "submit", "clear", "update", "set"];
            assert!(!changes.iter().any(|word| verb.starts_with(word)), "{path}");
            let url = format!("https://{host}{path}").parse().unwrap();
            assert!(Promise::default().keep(method, &url, false).is_ok());
            let other = if *method == "GET" { "POST" } else { "GET" };
            assert!(Promise::default().keep(other, &url, false).is_err(), "{path}");
        }
    }
    assert!(is_wechat_reading("/cgi-bin/menu/get") && !is_wechat_reading("/cgi-bin/menu/delete"));
    let page = "https://www.example.gov.cn/anything".parse().unwrap();
    assert!(Promise::default().keep("GET", &page, true).is_ok());
}

/// Every path of an interface that stands in the sources of the connectors is on the list, and the list names
/// nothing besides.
#[test]
fn the_sources_name_listed_paths_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = Regex::new(r#""(/?(?:cgi-bin|datacube|2|oauth2|customservice)/[^"\s]*)"#).unwrap();
    let mut named = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap();
            if file.is_dir() && !matches!(name, "tests" | "promise" | "fixtures" | "target") {
                folders.push(file);
            } else if name.ends_with(".rs") && !matches!(name, "tests.rs" | "promise.rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                named.extend(path.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    let listed: BTreeSet<String> = [Api::Wechat, Api::Weibo]
        .iter()
        .flat_map(|api| api.listed().iter().map(|(_, path)| (*path).to_owned()))
        .collect();
    assert_eq!(named, listed);
}
