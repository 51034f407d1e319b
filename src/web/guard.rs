//! Who is let in, and what does every answer carry? Host check, methods, security headers.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{WebState, callback};

/// No script, style or image but our own; nothing may frame us.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Refuses names that are not ours (a foreign page whose name was turned to loopback: DNS rebinding), and all methods
/// that could change something, save the push, which no browser sends unasked: it wants a token.
pub(super) async fn admit(State(state): State<WebState>, request: Request, next: Next) -> Response {
    // A push proves itself by its signature: neither the name it asked for nor its method is a reader's.
    if let Some(taker) = callback::taker(&state, request.uri().path()) {
        return callback::answer(taker, request).await;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if !host.is_some_and(|host| is_ours(host, state.public_host.as_deref())) {
        let detail = "只接受对本机地址(localhost、127.0.0.1)或 public_url 的访问";
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response();
    }
    let (reads, brings) = taken_at(request.uri().path());
    let (allowed, told) = match (reads, brings) {
        (_, false) => ("GET, HEAD", "只读:只接受 GET 和 HEAD"),
        (false, true) => ("POST", "只接受 POST"),
        (true, true) => ("GET, HEAD, POST", "只接受 GET、HEAD 和 POST"),
    };
    let fits = match *request.method() {
        Method::GET | Method::HEAD => reads,
        Method::POST => brings,
        _ => false,
    };
    if !fits {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, told);
        return ([(header::ALLOW, HeaderValue::from_static(allowed))], problem).into_response();
    }
    next.run(request).await
}

/// May this path be read, and may something be brought there?
fn taken_at(path: &str) -> (bool, bool) {
    let fits = |route: &str| {
        let (mut wanted, mut held) = (route.split('/'), path.split('/'));
        loop {
            match (wanted.next(), held.next()) {
                (None, None) => return true,
                (Some("{id}" | "{token}"), Some(held)) if !held.is_empty() => {}
                (Some(wanted), Some(held)) if wanted == held => {}
                _ => return false,
            }
        }
    };
    let brings = super::POSTS.iter().any(|route| fits(route));
    (!brings || super::ROUTES.iter().any(|route| fits(route)), brings)
}

/// Does a page of ours ask, and no foreign one in our visitor's name? A browser says where a POST comes from; one that
/// does not say is not believed.
pub(super) fn is_own_page(headers: &HeaderMap, public: Option<&str>) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    // Under a strict referrer policy a browser says `null` even of our own page.
    let origin = text(header::ORIGIN).filter(|origin| site.is_none() || *origin != "null");
    let Some(origin) = origin else { return site.is_some() };
    let Some((_, from)) = origin.split_once("://") else { return false };
    let same = text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(from));
    same || public.is_some_and(|public| public.eq_ignore_ascii_case(from))
}

/// Is it a name of loopback, or the public one? The port does not matter.
pub(super) fn is_ours(host: &str, public: Option<&str>) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || public.is_some_and(|public| public == name)
}

/// Puts the security headers on every answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: &mut HeaderMap = response.headers_mut();
    let all = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(name, HeaderValue::from_static("same-origin"));
    }
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
