//! How does a request become an answer? Weather first, then the platform, then the log.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Response, header};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use tokio::sync::watch;

use super::ask::{Ask, JSON, Reply};
use super::line::{Listener, Scissors};
use super::{Scene, article, ask, itunes, nanfang, web, wechat, weibo};
use crate::request_log;
use crate::weather::{Site, WeatherKind};

/// The largest request body that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone)]
struct Stand {
    site: Site,
    scene: Arc<Scene>,
    stopped: watch::Receiver<bool>,
}

/// Serves one platform until told to stop.
pub(super) async fn serve(
    site: Site,
    listener: Listener,
    scene: Arc<Scene>,
    mut stopped: watch::Receiver<bool>,
) {
    let router =
        Router::new().fallback(handle).with_state(Stand { site, scene, stopped: stopped.clone() });
    let service = router.into_make_service_with_connect_info::<Scissors>();
    tokio::select! {
        served = axum::serve(listener, service) => {
            if let Err(error) = served {
                tracing::warn!(site = site.name(), %error, "a simulated platform ended");
            }
        }
        () = crate::task::stop_of(&mut stopped) => {}
    }
}

async fn handle(
    State(stand): State<Stand>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let Stand { site, scene, stopped } = &stand;
    let now = scene.clock.now();
    let target = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
    let mood = scene.weather.at(*site, now, target);
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let as_of = match mood {
        Some(WeatherKind::Stale(hours)) => now - TimeDelta::hours(i64::from(hours)),
        _ => now,
    };
    let ask = Ask {
        now,
        as_of,
        empty: mood == Some(WeatherKind::SilentEmpty),
        refused: mood == Some(WeatherKind::Credential),
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: ask::query(parts.uri.query().unwrap_or_default()),
        range: text(header::RANGE),
        cookie: text(header::COOKIE),
        body: &body,
    };
    let reply = match mood {
        Some(WeatherKind::Outage) => Reply::page(503, "503 Service Temporarily Unavailable", ""),
        Some(WeatherKind::RateLimit(seconds)) => rate_limit(*site, seconds),
        Some(WeatherKind::Captcha) => captcha(*site, &ask),
        Some(WeatherKind::Redesign) => {
            Reply::new(200, JSON, r#"{"v":3,"result":{"nodes":[],"cursor":null}}"#)
        }
        _ => answer(*site, scene, &ask),
    };
    // A kept-alive connection outlives the listener, but a stopped platform answers nobody.
    let closed = mood == Some(WeatherKind::Closed) || *stopped.borrow();
    note(&stand, &ask, &reply, closed);
    if closed {
        scissors.cut();
    }
    respond(reply, mood == Some(WeatherKind::Truncated))
}

/// The platform's own answer.
pub(super) fn answer(site: Site, scene: &Scene, ask: &Ask<'_>) -> Reply {
    match site {
        Site::Wechat => wechat::answer(scene, ask),
        Site::Article => article::answer(scene, ask),
        Site::Weibo => weibo::answer(scene, ask),
        Site::Nanfang => nanfang::answer(scene, ask),
        Site::Itunes => itunes::answer(scene, ask),
        Site::Web => web::answer(scene, ask),
    }
}

fn rate_limit(site: Site, seconds: u32) -> Reply {
    let reply = match site {
        Site::Weibo => Reply::new(
            429,
            JSON,
            r#"{"error":"User requests out of rate limit!","error_code":10023,"request":"/2/"}"#,
        ),
        _ => Reply::page(429, "429 Too Many Requests", ""),
    };
    reply.with("retry-after", seconds.to_string())
}

fn captcha(site: Site, ask: &Ask<'_>) -> Reply {
    match site {
        Site::Wechat => Reply::new(
            200,
            JSON,
            r#"{"errcode":-1,"errmsg":"system error rid: 00000000-00000000-00000000"}"#,
        ),
        Site::Article => article::captcha(ask),
        Site::Weibo => weibo::captcha(ask),
        Site::Itunes => Reply::page(403, "403 Forbidden", ""),
        Site::Nanfang | Site::Web => Reply::page(
            200,
            "安全验证",
            "<p>请完成安全验证后继续访问</p><div id=\"captcha\"></div>",
        ),
    }
}

fn note(stand: &Stand, ask: &Ask<'_>, reply: &Reply, closed: bool) {
    let make = || request_log::Request {
        at: ask.now,
        site: stand.site,
        account: reply.account,
        path: ask.path.to_owned(),
        status: if closed { 0 } else { reply.status.as_u16() },
        retry_after: reply
            .headers
            .iter()
            .find(|(name, _)| *name == "retry-after")
            .and_then(|(_, seconds)| seconds.parse().ok()),
    };
    stand.scene.log.note(make, stand.site);
}

fn respond(reply: Reply, truncated: bool) -> Response<Body> {
    let whole = reply.body.len();
    let body = if truncated {
        let half = reply.body.slice(..whole / 2);
        let cut = async {
            // What came before is flushed while this waits; an error at once would swallow the head.
            tokio::task::yield_now().await;
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
        };
        let first = stream::iter([Ok::<Bytes, std::io::Error>(half)]);
        Body::from_stream(first.chain(stream::once(cut)))
    } else {
        Body::from(reply.body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    if truncated {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole));
    }
    for (name, value) in reply.headers {
        let value = HeaderValue::try_from(value).expect("the simulator writes plain headers");
        headers.append(HeaderName::from_static(name), value);
    }
    response
}
