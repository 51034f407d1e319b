//! Who asked what, when? Every request that reached a simulated platform, and whether courtesy was kept.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono::{NaiveDate, TimeDelta};
use freshd_core::{Timestamp, civil};

use crate::weather::Site;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Simulated time of arrival.
    pub at: Timestamp,
    /// Which platform.
    pub site: Site,
    /// Index of the account that it was about, if it could be told.
    pub account: Option<usize>,
    /// The path, without query.
    pub path: String,
    /// The status answered; 0 = the connection was closed without an answer.
    pub status: u16,
    /// Seconds of `Retry-After`, if one was issued.
    pub retry_after: Option<u32>,
}

/// A request that came before a `Retry-After` was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The request.
    pub request: Request,
    /// Until when the platform had asked to be left alone.
    pub not_before: Timestamp,
}

#[derive(Debug, Default)]
struct Book {
    requests: Vec<Request>,
    /// Per site: when the wish was issued, and until when it holds.
    wishes: [Option<(Timestamp, Timestamp)>; 6],
    violations: Vec<Violation>,
    /// Requests at the very instant of a fresh `Retry-After`: they may have been under way already.
    under_way: u64,
}

/// The log of all platforms.
#[derive(Debug)]
pub struct RequestLog {
    keeping: AtomicBool,
    counts: [AtomicU64; 6],
    book: Mutex<Book>,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self { keeping: AtomicBool::new(true), counts: Default::default(), book: Mutex::default() }
    }
}

impl RequestLog {
    /// Keeps requests (the default), or only counts them: for benchmarks.
    pub fn set_keeping(&self, keep: bool) {
        self.keeping.store(keep, Ordering::Relaxed);
    }

    pub(crate) fn note(&self, make: impl FnOnce() -> Request, site: Site) {
        self.counts[site.number()].fetch_add(1, Ordering::Relaxed);
        if self.keeping.load(Ordering::Relaxed) {
            self.book.lock().expect("the log is never poisoned").enter(make());
        }
    }

    /// How many requests a platform received, kept or not.
    pub fn count(&self, site: Site) -> u64 {
        self.counts[site.number()].load(Ordering::Relaxed)
    }

    /// How many requests all platforms received, kept or not.
    pub fn total(&self) -> u64 {
        Site::ALL.iter().map(|site| self.count(*site)).sum()
    }

    /// Every kept request, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Calls `take` with each kept request from the `first`-th on, and says how many are kept.
    pub fn for_each_from(&self, first: usize, take: impl FnMut(&Request)) -> usize {
        let book = self.lock();
        book.requests.iter().skip(first).for_each(take);
        book.requests.len()
    }

    /// Kept requests by account, platform and Beijing day.
    pub fn per_account_day(&self) -> BTreeMap<(usize, Site, NaiveDate), usize> {
        let mut counts = BTreeMap::new();
        for request in &self.lock().requests {
            if let Some(account) = request.account {
                let key = (account, request.site, civil::day(request.at));
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
    }

    /// The most requests that one platform received within one minute of simulated time.
    pub fn busiest_minute(&self, site: Site) -> usize {
        let mut minutes: BTreeMap<i64, usize> = BTreeMap::new();
        for request in self.lock().requests.iter().filter(|request| request.site == site) {
            *minutes.entry(request.at.timestamp() / 60).or_default() += 1;
        }
        minutes.into_values().max().unwrap_or_default()
    }

    /// Requests later than a `Retry-After` was issued and before it was over, on the same platform (the wish
    /// is to the caller's address, so it binds all accounts). Requests of the very same simulated instant
    /// count as under way: see [`Self::under_way`].
    pub fn violations(&self) -> Vec<Violation> {
        self.lock().violations.clone()
    }

    /// Requests at the very instant at which a `Retry-After` was issued, after it: with a clock that stands still
    /// while a tick runs, those were started before the answer could be known.
    pub fn under_way(&self) -> u64 {
        self.lock().under_way
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Book::default();
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().expect("the log is never poisoned")
    }
}

impl Book {
    fn enter(&mut self, request: Request) {
        let wish = &mut self.wishes[request.site.number()];
        if let Some((issued, until)) = *wish
            && request.at < until
        {
            if request.at > issued {
                let request = request.clone();
                self.violations.push(Violation { request, not_before: until });
            } else {
                self.under_way += 1;
            }
        }
        if let Some(seconds) = request.retry_after {
            let until = request.at + TimeDelta::seconds(i64::from(seconds));
            let issued = wish.filter(|(_, old)| request.at < *old);
            let first = issued.map_or(request.at, |(issued, _)| issued);
            *wish = Some((first, issued.map_or(until, |(_, old)| old.max(until))));
        }
        self.requests.push(request);
    }
}

#[cfg(test)]
mod tests;
