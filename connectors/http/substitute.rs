//! What answers in place of the network in tests that ask a hundred thousand times? A script in this
//! process; redirects, limits and refusals stay as they are.

use std::sync::Arc;

use bytes::Bytes;

use super::promise::Promise;
use super::send::Hop;
use super::{HttpClient, HttpError, HttpErrorKind, NetSettings, Response, send};
use crate::conformance::stage::{Answer, Asked, Manner};

/// Answers a request.
pub(crate) type Substitute = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

impl HttpClient {
    /// A client whose every request is answered by the script.
    pub(crate) fn substituted(substitute: Substitute) -> Result<Self, HttpError> {
        let settings = NetSettings {
            allow_private: vec!["127.0.0.0/8".parse().expect("a literal network parses")],
            host_at_once: 0,
            host_per_minute: 0,
            ..NetSettings::default()
        };
        let mut shared = send::Shared::new(settings, Promise::default())?;
        shared.substitute = Some(substitute);
        Ok(Self { shared: Arc::new(shared), trace: None, moment: None, strangers: None })
    }
}

/// One answer, cut where the network's would be.
pub(super) fn answer(substitute: &Substitute, hop: &Hop) -> Result<Response, HttpError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = hop.headers.iter();
    let asked = Asked {
        method: hop.method.to_owned(),
        path: hop.url.path().to_owned(),
        query: hop.url.query_pairs().into_owned().collect(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        body: hop.body.as_ref().map_or(String::new(), |body| text(body)),
    };
    let answer = substitute(&asked);
    let failed = |kind| Err(HttpError { kind, detail: "网络中断".to_owned() });
    match answer.manner {
        Manner::Whole => {}
        Manner::BrokenOff => return failed(HttpErrorKind::Broken),
        Manner::Silent => return failed(HttpErrorKind::TimedOut),
        Manner::HungUp => return failed(HttpErrorKind::Connect),
    }
    let truncated = answer.body.len() > hop.body_bytes_max;
    let body: Bytes = answer.body.slice(..answer.body.len().min(hop.body_bytes_max));
    let (status, url) = (answer.status, hop.url.clone());
    Ok(Response { status, url, headers: answer.headers, body, truncated })
}
