//! How is one request carried out? Redirects by hand, each hop guarded; the body counted as it is
//! decoded.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use freshd_core::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::client::client;
use super::courtesy::Courtesy;
use super::guard::{Door, Guard, GuardedResolver, Lookup, ResolveError, system};
use super::promise::Promise;
use super::rest::Rests;
use super::skew::{self, Skew};
use super::{HttpError, HttpErrorKind, NetSettings, Request, Response, redact, trace};

/// Idle connections kept per host when the courtesy sets no limit.
const IDLE_PER_HOST: usize = 32;

/// Longest head of an answer: names and values of all headers together, bytes. (Their number is the HTTP library's to
/// limit: 100.)
const HEAD_MAX: usize = 64 << 10;

/// What our clock said when the poll began, and when that was.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    now: Timestamp,
    since: Instant,
}

impl Moment {
    /// The clock says `now`, now.
    pub(super) fn of(now: Timestamp) -> Self {
        Self { now, since: Instant::now() }
    }

    /// What the clock says by this time, if nobody set it.
    fn passed(self) -> Timestamp {
        let span = chrono::TimeDelta::from_std(self.since.elapsed()).ok();
        span.and_then(|span| self.now.checked_add_signed(span)).unwrap_or(self.now)
    }
}

/// What all clones of a client share.
pub(super) struct Shared {
    guard: Arc<Guard>,
    open: reqwest::Client,
    listed: reqwest::Client,
    /// For addresses that strangers typed: nothing is listed.
    strict: (Guard, reqwest::Client),
    courtesy: Courtesy,
    timeout: Duration,
    pub(super) rests: Rests,
    skew: Mutex<Skew>,
    promise: Promise,
    /// What answers in place of the network.
    #[cfg(test)]
    pub(super) substitute: Option<super::substitute::Substitute>,
}

impl Shared {
    pub(super) fn new(settings: NetSettings, promise: Promise) -> Result<Self, HttpError> {
        Self::resolving(settings, promise, system())
    }

    /// The same, with names looked up by `lookup`.
    pub(super) fn resolving(
        settings: NetSettings,
        promise: Promise,
        lookup: Lookup,
    ) -> Result<Self, HttpError> {
        let guard = Arc::new(Guard { allow: settings.allow_private, ports: settings.ports });
        let idle = match settings.host_at_once {
            0 => IDLE_PER_HOST,
            limit => (limit as usize).clamp(2, IDLE_PER_HOST),
        };
        let answered = Arc::default();
        let resolver = |door, proxy: Option<&Url>| GuardedResolver {
            allow: match door {
                Door::Strict => Vec::new(),
                Door::Open | Door::Listed => guard.allow.clone(),
            },
            door,
            proxy_host: proxy.and_then(|proxy| proxy.host_str().map(str::to_owned)),
            answered: Arc::clone(&answered),
            lookup: lookup.clone(),
        };
        let proxy = settings.proxy.as_ref();
        let open = client(resolver(Door::Open, proxy), proxy, idle)?;
        let listed = match guard.allow.is_empty() {
            true => open.clone(),
            false => client(resolver(Door::Listed, None), None, idle)?,
        };
        let strict = match guard.allow.is_empty() {
            true => open.clone(),
            false => client(resolver(Door::Strict, proxy), proxy, idle)?,
        };
        let strict = (Guard { allow: Vec::new(), ports: guard.ports.clone() }, strict);
        let courtesy = Courtesy::new(settings.host_at_once, settings.host_per_minute);
        let rests = Rests::default();
        Ok(Self {
            guard,
            open,
            listed,
            strict,
            courtesy,
            timeout: settings.timeout,
            rests,
            skew: Mutex::default(),
            promise,
            #[cfg(test)]
            substitute: None,
        })
    }

    /// Sends a request and follows its redirects; the time limit counts the network, not the
    /// courtesy.
    pub(super) async fn exchange(
        &self,
        request: Request,
        sink: Option<&super::TraceSink>,
        moment: Option<Moment>,
        strangers: Option<&[Url]>,
    ) -> Result<Response, HttpError> {
        let mut hop = Hop::first(request)?;
        let mut left = self.timeout;
        loop {
            let cookie = hop.headers.contains_key(header::COOKIE);
            self.promise.keep(hop.method, &hop.url, cookie)?;
            if let Some(Moment { now, .. }) = moment {
                self.rests.check(&hop.url, now)?;
            }
            let result = self.one(&hop, &mut left, strangers).await;
            if let Some(sink) = sink {
                trace::record(sink, hop.method, &hop.url, &hop.headers, &result);
            }
            let response = result?;
            if let Some(moment) = moment {
                self.rests.note(&hop.url, &response, moment.now);
                self.compare(&hop.url, &response, moment.passed())?;
            }
            match hop.next(&response)? {
                Some(next) => hop = next,
                None => return Ok(response),
            }
        }
    }

    /// Compares our clock with the site's; an answer that was taken by a wrong clock is none.
    fn compare(&self, url: &Url, response: &Response, ours: Timestamp) -> Result<(), HttpError> {
        let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((site, theirs)) = skew::reading(url, response) {
            skew.note(site, theirs, ours);
        }
        skew.check(ours)
    }

    /// One request and its answer, within what is `left` of the time.
    async fn one(
        &self,
        hop: &Hop,
        left: &mut Duration,
        strangers: Option<&[Url]>,
    ) -> Result<Response, HttpError> {
        let is_own = |own: &[Url]| own.iter().any(|own| own.origin() == hop.url.origin());
        let client = if strangers.is_none_or(is_own) {
            match self.guard.door(&hop.url)? {
                Door::Listed => &self.listed,
                Door::Open | Door::Strict => &self.open,
            }
        } else {
            let (guard, client) = &self.strict;
            guard.door(&hop.url).map(|_| client)?
        };
        #[cfg(test)]
        if let Some(substitute) = &self.substitute {
            return super::substitute::answer(substitute, hop);
        }
        let _seat = self.courtesy.seat(&hop.url).await;
        let started = Instant::now();
        let answer = tokio::time::timeout(*left, answer(client, hop)).await;
        *left = left.saturating_sub(started.elapsed());
        answer.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f32();
            let detail = format!("{seconds} 秒内没有收到完整回答:{}", redact::url(&hop.url));
            Err(HttpError { kind: HttpErrorKind::TimedOut, detail })
        })
    }
}

/// One request of a chain of redirects.
pub(super) struct Hop {
    pub(super) method: &'static str,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) body_bytes_max: usize,
    redirects_max: usize,
    redirects_left: usize,
}

impl Hop {
    fn first(request: Request) -> Result<Self, HttpError> {
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in &request.headers {
            let pair = HeaderName::from_bytes(name.as_bytes()).ok();
            let pair = pair.zip(HeaderValue::from_str(value).ok());
            let Some((name, value)) = pair else {
                let detail = format!("请求头 {name} 的内容无效(含控制字符)");
                return Err(HttpError { kind: HttpErrorKind::Refused, detail });
            };
            headers.append(name, value);
        }
        Ok(Self {
            method: request.method,
            url: request.url,
            headers,
            body: request.body,
            body_bytes_max: request.body_bytes_max,
            redirects_max: request.redirects_max,
            redirects_left: request.redirects_max,
        })
    }

    /// The request that the answer redirects to; `None` when the answer is the end. With no
    /// redirects allowed at all, a redirect is itself the answer.
    fn next(&self, response: &Response) -> Result<Option<Self>, HttpError> {
        let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        let Some(location) = response.header("location").filter(|_| redirect) else {
            return Ok(None);
        };
        if self.redirects_max == 0 {
            return Ok(None);
        }
        let from = redact::url(&self.url);
        let broken = |detail| HttpError { kind: HttpErrorKind::Broken, detail };
        if self.redirects_left == 0 {
            return Err(broken(format!("跳转超过 {} 次:{from}", self.redirects_max)));
        }
        let mut url = self
            .url
            .join(location)
            .map_err(|error| broken(format!("{from} 跳转到无效的网址({error})")))?;
        let _ = (url.set_username(""), url.set_password(None));

        let keeps_body = matches!(response.status, 307 | 308) || self.method == "HEAD";
        let method = if keeps_body || self.method == "GET" { self.method } else { "GET" };
        let body = self.body.clone().filter(|_| method == self.method);
        let mut headers = self.headers.clone();
        if body.is_none() {
            headers.remove(header::CONTENT_TYPE);
        }
        self.may_go(&url, method == "POST")?;
        if url.origin() != self.url.origin() {
            for name in SECRET_HEADERS {
                headers.remove(name);
            }
        }
        Ok(Some(Self {
            method,
            url,
            headers,
            body,
            redirects_left: self.redirects_left - 1,
            ..*self
        }))
    }

    /// Secrets are not sent on: no downgrade to plain text, and no posted body to another origin.
    fn may_go(&self, url: &Url, posts: bool) -> Result<(), HttpError> {
        let secret = SECRET_HEADERS.iter().any(|name| self.headers.contains_key(name));
        let downgrade = self.url.scheme() == "https" && url.scheme() == "http";
        let what = if downgrade && (secret || self.method == "POST") {
            "从加密地址跳转到明文地址"
        } else if posts && url.origin() != self.url.origin() {
            "把提交的内容转给另一个网站"
        } else {
            return Ok(());
        };
        let detail = format!("{what},已拒绝:{} → {}", redact::url(&self.url), redact::url(url));
        Err(HttpError { kind: HttpErrorKind::Refused, detail })
    }
}

/// Headers that identify us: dropped when a redirect leaves the origin.
pub(super) const SECRET_HEADERS: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

async fn answer(client: &reqwest::Client, hop: &Hop) -> Result<Response, HttpError> {
    let method = reqwest::Method::from_bytes(hop.method.as_bytes()).unwrap_or_default();
    let mut request = client.request(method, hop.url.clone()).headers(hop.headers.clone());
    if let Some(body) = &hop.body {
        request = request.body(body.clone());
    }
    let mut response = request.send().await.map_err(|error| sorted(error, &hop.url))?;
    let status = response.status().as_u16();
    let head = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    if head.sum::<usize>() > HEAD_MAX {
        let detail = format!("回答的头部超过 {} KB:{}", HEAD_MAX >> 10, redact::url(&hop.url));
        return Err(HttpError { kind: HttpErrorKind::Broken, detail });
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let (body, truncated) =
        read(&mut response, hop.body_bytes_max).await.map_err(|error| sorted(error, &hop.url))?;
    Ok(Response { status, url: hop.url.clone(), headers, body, truncated })
}

/// Reads at most `max` decoded bytes; a longer body is cut there and its connection dropped.
async fn read(
    response: &mut reqwest::Response,
    max: usize,
) -> Result<(Bytes, bool), reqwest::Error> {
    let Some(first) = response.chunk().await? else { return Ok((Bytes::new(), false)) };
    if first.len() > max {
        return Ok((first.slice(..max), true));
    }
    let Some(second) = response.chunk().await? else { return Ok((first, false)) };
    let mut body = BytesMut::with_capacity((first.len() + second.len()).min(max));
    body.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        let room = max - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body.freeze(), true));
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await?;
    }
    Ok((body.freeze(), false))
}

/// Sorts an error into a kind, by type alone; its text never holds the address (which may hold a
/// token).
fn sorted(error: reqwest::Error, url: &Url) -> HttpError {
    let error = error.without_url();
    let shown = redact::url(url);
    if let Some(resolve) = ResolveError::within(&error) {
        return HttpError { kind: resolve.kind(), detail: format!("{resolve}:{shown}") };
    }
    let (kind, what) = if error.is_timeout() {
        (HttpErrorKind::TimedOut, "连接超时")
    } else if error.is_connect() || disconnected(&error) || unanswered(&error) {
        (HttpErrorKind::Connect, "无法连接")
    } else {
        (HttpErrorKind::Broken, "回答不完整或无法解码")
    };
    HttpError { kind, detail: format!("{what}:{shown}({})", causes(&error)) }
}

/// The connection ended before the first line of an answer.
fn unanswered(error: &reqwest::Error) -> bool {
    // The same word is used when a body ends too soon.
    let mut cause = error.source().filter(|_| error.is_request());
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            return http.is_incomplete_message();
        }
        cause = error.source();
    }
    false
}

/// Did the other side hang up, by the system's word?
fn disconnected(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            let kind = io.kind();
            return matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected);
        }
        cause = error.source();
    }
    false
}

/// The innermost cause, which says most.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    redact::text(&innermost.to_string()).into_owned()
}
