//! How does anything leave this process? The HTTP client that is the only way out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use ipnet::IpNet;
use url::Url;

pub mod address;
mod answer;
mod apart;
mod client;
mod courtesy;
mod guard;
pub(crate) mod promise;
pub mod redact;
mod rest;
mod send;
mod skew;
#[cfg(test)]
mod substitute;
mod trace;

pub use apart::apart;
pub use promise::Api;

pub use answer::{busy_fault, excerpt, json, retry_after_s, seen_until};

/// How the client behaves; from `[net]` and `[courtesy]`.
#[derive(Clone, Debug)]
pub struct NetSettings {
    /// Addresses otherwise refused that may be asked nevertheless.
    pub allow_private: Vec<IpNet>,
    /// Ports that links and feeds may name; not applied to `allow_private`.
    pub ports: Vec<u16>,
    /// Limit for one whole answer.
    pub timeout: Duration,
    /// An explicit proxy; empty = none (environment proxies are never used).
    pub proxy: Option<Url>,
    /// Requests in flight per host; 0 = no limit.
    pub host_at_once: u32,
    /// Requests started per host in any minute; 0 = no limit.
    pub host_per_minute: u32,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` or `HEAD`.
    pub method: &'static str,
    /// Where; parsed, so every numeric spelling of an address is plain.
    pub url: Url,
    /// Extra headers.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// A body (with its `Content-Type` among the headers).
    pub body: Option<Bytes>,
    /// Decoded bytes read at most; the rest is dropped and `truncated` set.
    pub body_bytes_max: usize,
    /// Redirects followed at most; each hop is checked like the first.
    pub redirects_max: usize,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The address that answered in the end.
    pub url: Url,
    /// Headers, lower-case names.
    pub headers: Vec<(String, String)>,
    /// Decoded bytes, at most `body_bytes_max`.
    pub body: Bytes,
    /// Was there more?
    pub truncated: bool,
}

/// One request as `--explain` shows it; tokens redacted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RequestTrace {
    /// Method.
    pub method: String,
    /// Redacted address.
    pub url: String,
    /// Status, or `None` when no answer came.
    pub status: Option<u16>,
    /// Decoded bytes read.
    pub bytes: usize,
    /// What went wrong, if anything.
    pub error: Option<String>,
    /// The first bytes of the body as text (at most 2 KiB), redacted.
    pub excerpt: String,
}

/// Where traces are gathered.
pub type TraceSink = Arc<Mutex<Vec<RequestTrace>>>;
/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct HttpError {
    /// What kind.
    pub kind: HttpErrorKind,
    /// For people, redacted.
    pub detail: String,
}

/// The kinds that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// The name does not resolve, by the resolver's own word.
    HostNotFound,
    /// The resolver itself failed (no network).
    ResolverDown,
    /// The address, port or scheme may not be asked (also after a redirect).
    Refused,
    /// Connection refused, reset, or TLS failed.
    Connect,
    /// No whole answer in time.
    TimedOut,
    /// Too many redirects, or the answer broke off.
    Broken,
    /// The host asked to be left alone until this instant, and was.
    Resting(Timestamp),
    /// Several sites agree that our own clock is wrong; the answer was discarded.
    ClockWrong,
}

impl HttpError {
    /// As a fault of the given scope (`ResolverDown` and `ClockWrong` are always Local).
    pub fn fault(self, scope: FaultScope) -> Fault {
        let (scope, kind) = match self.kind {
            HttpErrorKind::ResolverDown => (FaultScope::Local, FaultKind::Unreachable),
            HttpErrorKind::ClockWrong => (FaultScope::Local, FaultKind::Unavailable),
            HttpErrorKind::Refused => (FaultScope::Account, FaultKind::Refused),
            HttpErrorKind::TimedOut => (scope, FaultKind::TimedOut),
            HttpErrorKind::HostNotFound | HttpErrorKind::Connect => (scope, FaultKind::Unreachable),
            HttpErrorKind::Broken => (scope, FaultKind::Malformed),
            HttpErrorKind::Resting(until) => {
                let fault = Fault::new(scope, FaultKind::RateLimited, self.detail);
                return fault.retry(Retry::At(until));
            }
        };
        Fault::new(scope, kind, self.detail)
    }
}

/// The only way out. Cheap to clone; all clones share the pool and the courtesy of hosts.
///
/// With a proxy, names are resolved by the proxy and only literal addresses are checked here; the
/// addresses of `allow_private` are asked directly.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<send::Shared>,
    trace: Option<TraceSink>,
    moment: Option<send::Moment>,
    /// `Some` = addresses come from strangers: beside these, none of `allow_private`.
    strangers: Option<Arc<[Url]>>,
}

impl Request {
    /// A GET with the usual limits: 2 MiB decoded, 5 redirects.
    pub fn get(url: Url) -> Self {
        Self {
            method: "GET",
            url,
            headers: Vec::new(),
            body: None,
            body_bytes_max: 2 << 20,
            redirects_max: 5,
        }
    }

    /// A POST of a JSON body; 2 MiB decoded, no redirects.
    pub fn post_json(url: Url, body: &serde_json::Value) -> Self {
        Self {
            method: "POST",
            url,
            headers: vec![("content-type".into(), "application/json".to_owned())],
            body: Some(Bytes::from(body.to_string())),
            body_bytes_max: 2 << 20,
            redirects_max: 0,
        }
    }

    /// A POST of the fields of a form, percent-encoded as browsers do; 2 MiB decoded, no redirects.
    pub fn post_form(url: Url, fields: &[(String, String)]) -> Self {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let of = "application/x-www-form-urlencoded; charset=UTF-8".to_owned();
        Self {
            headers: vec![("content-type".into(), of)],
            body: Some(Bytes::from(body.finish())),
            ..Self::post_json(url, &serde_json::Value::Null)
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl Response {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

impl HttpClient {
    /// A client that keeps these settings. Fails when the proxy or the system's root certificates
    /// are unusable.
    pub fn new(settings: NetSettings) -> Result<Self, HttpError> {
        Self::reading_only(settings, &[])
    }

    /// The same, keeping the promise 只读 at these configured addresses, too (at the platforms' own hosts it always
    /// holds): of a platform's interfaces only those on the list of reading are asked.
    pub fn reading_only(settings: NetSettings, bases: &[(Api, Url)]) -> Result<Self, HttpError> {
        let shared = send::Shared::new(settings, promise::Promise::at(bases))?;
        Ok(Self { shared: Arc::new(shared), trace: None, moment: None, strangers: None })
    }

    /// The same client, writing each request into `sink`.
    #[must_use]
    pub fn traced(&self, sink: TraceSink) -> Self {
        Self { trace: Some(sink), ..self.clone() }
    }

    /// The same client for addresses that owners and strangers typed: `allow_private` opens nothing to them, at no hop,
    /// but what lies at the origins of `own`, which operators wrote.
    #[must_use]
    pub fn for_strangers(&self, own: &[Url]) -> Self {
        Self { strangers: Some(own.into()), ..self.clone() }
    }

    /// The same client at an instant: hosts that asked to be left alone (429 or 503 with `Retry-After`, to whomever
    /// it was said) are not asked before the time, which is [`HttpErrorKind::Resting`]. Sites' `Date` is compared with
    /// it: where several agree that it is wrong, answers are [`HttpErrorKind::ClockWrong`] until they agree with us.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { moment: Some(send::Moment::of(now)), ..self.clone() }
    }

    /// Hosts that are not to be asked at `now`, and until when; to be remembered over a restart.
    pub fn resting(&self, now: Timestamp) -> BTreeMap<String, Timestamp> {
        self.shared.rests.in_force(now)
    }

    /// Takes up wishes that were remembered.
    pub fn rest(&self, wishes: BTreeMap<String, Timestamp>, now: Timestamp) {
        self.shared.rests.add(wishes, now);
    }

    /// Sends one request; any HTTP status is an answer. With `redirects_max: 0` a redirect is the
    /// answer; else it is followed, each hop checked like the first, and one too many is
    /// [`HttpErrorKind::Broken`]. Waits for the host's courtesy first, which does not count as
    /// network time.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let own = self.strangers.as_deref();
        self.shared.exchange(request, self.trace.as_ref(), self.moment, own).await
    }
}

impl Default for NetSettings {
    /// As the configuration's defaults: nothing private, ports 80 and 443, 20 s, 2 at once, 60 a
    /// minute.
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            ports: vec![80, 443],
            timeout: Duration::from_secs(20),
            proxy: None,
            host_at_once: 2,
            host_per_minute: 60,
        }
    }
}

#[cfg(test)]
mod tests;
