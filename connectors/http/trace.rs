//! What does `--explain` show of a request? One trace per hop, without secrets.

use std::sync::PoisonError;

use reqwest::header::HeaderMap;
use url::Url;

use super::send::SECRET_HEADERS;
use super::{HttpError, RequestTrace, Response, TraceSink, redact};

/// Bytes of a body that are shown.
const EXCERPT_BYTES: usize = 2048;

/// Writes one hop into the sink.
pub(super) fn record(
    sink: &TraceSink,
    method: &str,
    url: &Url,
    sent: &HeaderMap,
    result: &Result<Response, HttpError>,
) {
    let trace = RequestTrace {
        method: method.to_owned(),
        url: redact::url(url),
        status: result.as_ref().ok().map(|response| response.status),
        bytes: result.as_ref().map_or(0, |response| response.body.len()),
        error: result.as_ref().err().map(|error| error.detail.clone()),
        excerpt: result.as_ref().map_or(String::new(), |response| excerpt(response, sent)),
    };
    sink.lock().unwrap_or_else(PoisonError::into_inner).push(trace);
}

/// The start of the body as text. A server may echo what it was sent, so that is hidden, too.
fn excerpt(response: &Response, sent: &HeaderMap) -> String {
    let start = &response.body[..response.body.len().min(EXCERPT_BYTES)];
    let decoded = crate::charset::decode(start, response.header("content-type"));
    let mut text = decoded;
    // First of all: once a part of a cookie is hidden, the whole would no longer be found.
    for name in SECRET_HEADERS {
        for value in sent.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
            let parts = value.split([';', '=', ' ']);
            for part in std::iter::once(value).chain(parts).filter(|part| part.len() >= 6) {
                text = text.replace(part, "***");
            }
        }
    }
    let mut text = redact::text(&text).into_owned();
    let mut end = text.len().min(EXCERPT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
