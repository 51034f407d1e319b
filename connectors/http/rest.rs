//! Which hosts asked to be left alone, and until when? `Retry-After` binds every caller of a host, whoever it was
//! said to: feeds behind one bridge, links on one site.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::schedule::capped_wish;
use url::Url;

use super::{HttpError, HttpErrorKind, Response, redact, retry_after_s};

/// Hosts remembered; beyond it those whose wish ends first are forgotten.
const HOSTS_MAX: usize = 4_096;

/// The wishes in force, by `host` or `host:port`.
#[derive(Debug, Default)]
pub(super) struct Rests(Mutex<BTreeMap<String, Timestamp>>);

impl Rests {
    /// May this address be asked now?
    pub(super) fn check(&self, url: &Url, now: Timestamp) -> Result<(), HttpError> {
        match self.lock().get(&key(url)).copied().filter(|until| *until > now) {
            None => Ok(()),
            Some(until) => {
                let detail = format!("对方要求稍后再访问,尚未到时间:{}", redact::url(url));
                Err(HttpError { kind: HttpErrorKind::Resting(until), detail })
            }
        }
    }

    /// Remembers what a busy server asked for; a wish is never shortened, and capped at seven days.
    pub(super) fn note(&self, url: &Url, response: &Response, now: Timestamp) {
        if !matches!(response.status, 429 | 503) {
            return;
        }
        let Some(wish) = retry_after_s(response, now) else { return };
        let span = i64::try_from(wish).ok().and_then(TimeDelta::try_seconds);
        let wish = span.and_then(|span| now.checked_add_signed(span));
        let (until, _) = capped_wish(now, wish.unwrap_or(Timestamp::MAX_UTC));
        self.add([(key(url), until)], now);
    }

    /// Adds wishes that were given earlier.
    pub(super) fn add(
        &self,
        wishes: impl IntoIterator<Item = (String, Timestamp)>,
        now: Timestamp,
    ) {
        let mut held = self.lock();
        for (host, until) in wishes {
            let wish = held.entry(host).or_insert(until);
            *wish = until.max(*wish);
        }
        held.retain(|_, until| *until > now);
        while held.len() > HOSTS_MAX {
            let first = held.iter().min_by_key(|(_, until)| **until).map(|(host, _)| host.clone());
            first.map(|host| held.remove(&host));
        }
    }

    /// The wishes in force at `now`.
    pub(super) fn in_force(&self, now: Timestamp) -> BTreeMap<String, Timestamp> {
        let held = self.lock();
        held.iter().filter(|(_, at)| **at > now).map(|(host, at)| (host.clone(), *at)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
