//! What does an answer say? Helpers that read JSON and the server's wish to be left alone.

use chrono::{DateTime, NaiveDateTime};
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};

use super::{HttpError, HttpErrorKind, Response, redact};

/// The body as JSON. A body that was cut is refused, for half an answer must not pass for a whole
/// one; so is one that does not parse. Both are [`HttpErrorKind::Broken`], with the first bytes in
/// the detail.
pub fn json(response: &Response) -> Result<serde_json::Value, HttpError> {
    let broken = |detail: String| HttpError { kind: HttpErrorKind::Broken, detail };
    if response.truncated {
        return Err(broken(format!("回答超过 {} 字节,未读完", response.body.len())));
    }
    crate::bounds::json(&response.body).map_err(|error| {
        let start = excerpt(response, 120);
        broken(format!("回答不是有效的 JSON({error}):{start}"))
    })
}

/// The first `chars` characters of the body, decoded, in one line and redacted.
pub fn excerpt(response: &Response, chars: usize) -> String {
    let start = &response.body[..response.body.len().min(chars * 4)];
    let text = crate::charset::decode(start, response.header("content-type"));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    redact::text(&line).chars().take(chars).collect()
}

/// The server's `Retry-After` in seconds from `now`: a number of seconds, or an HTTP date (a past
/// one is 0). `None` when there is none or it cannot be read.
pub fn retry_after_s(response: &Response, now: Timestamp) -> Option<u64> {
    let wish = response.header("retry-after")?.trim();
    if wish.bytes().all(|byte| byte.is_ascii_digit()) {
        return (!wish.is_empty()).then(|| wish.parse().unwrap_or(u64::MAX));
    }
    let at = http_date(wish)?;
    Some(u64::try_from((at - now).num_seconds()).unwrap_or(0))
}

/// The three forms of an HTTP date (RFC 9110 §5.6.7); all are GMT.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.to_utc());
    }
    let forms = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|naive| naive.and_utc())
}

/// The fault that an error status stands for, if it is one that says nothing about the account: 429
/// and 5xx. Carries the server's `Retry-After`. Other statuses give `None`: their meaning is the
/// connector's affair.
pub fn busy_fault(response: &Response, scope: FaultScope, now: Timestamp) -> Option<Fault> {
    let kind = match response.status {
        429 => FaultKind::RateLimited,
        500..=599 => FaultKind::Unavailable,
        _ => return None,
    };
    let detail = format!("{} 回答 HTTP {}", redact::url(&response.url), response.status);
    let retry = retry_after_s(response, now).map_or(Retry::Backoff, Retry::After);
    Some(Fault::new(scope, kind, detail).retry(retry))
}

#[cfg(test)]
mod tests;

/// Until when an answer vouches: a cache says by `Age` how old its copy is (RFC 9111 §5.1).
pub fn seen_until(response: &Response, now: Timestamp) -> Timestamp {
    let age = response.header("age").and_then(|age| age.trim().parse::<u32>().ok()).unwrap_or(0);
    now - chrono::TimeDelta::seconds(i64::from(age))
}
