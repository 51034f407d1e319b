//! Were the platforms treated politely? Their own log says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::rfc3339;
use freshd_sim::request_log::Request;
use freshd_sim::{RequestLog, Site};

use super::book::Book;

pub const RETRY_AFTER: &str = "4 no request before its Retry-After";
pub const PER_MINUTE: &str = "4 no minute holds more polls than the courtesy";
pub const PER_DAY: &str = "4 no account is asked more often a day than it needs";

/// Polls of a connector that may start in any minute, as its descriptor says.
const LIMITS: [(Site, usize); 3] = [(Site::Wechat, 120), (Site::Weibo, 60), (Site::Nanfang, 60)];
/// Requests about one account to one platform in a day.
const DAY_MAX: usize = 300;
/// `freepublish/batchget` allows so many calls a day.
const FREEPUBLISH_MAX: usize = 100;

/// Checks the whole log.
pub fn check(log: &RequestLog, book: &mut Book) {
    let found = log.violations();
    book.check(
        RETRY_AFTER,
        found.first().map(|first| {
            let sites: BTreeSet<_> = found.iter().map(|one| one.request.site.name()).collect();
            format!(
                "{} requests on {sites:?}, the first {:?} before {}",
                found.len(),
                first.request,
                rfc3339(first.not_before)
            )
        }),
    );
    let requests = log.requests();
    for (site, limit) in LIMITS {
        let (at, most) = busiest(&requests, site);
        let wrong = (most > limit).then(|| {
            format!("{}: {most} polls in the minute from {:?}", site.name(), at.map(rfc3339))
        });
        book.check(PER_MINUTE, wrong);
    }
    for ((account, site, day), times) in log.per_account_day() {
        let wrong =
            (times > DAY_MAX).then(|| format!("{account} on {} on {day}: {times}", site.name()));
        book.check(PER_DAY, wrong);
    }
    let mut published: BTreeMap<(usize, chrono::NaiveDate), usize> = BTreeMap::new();
    for request in requests.iter().filter(|r| r.path.ends_with("/freepublish/batchget")) {
        if let Some(account) = request.account {
            *published.entry((account, freshd_core::civil::day(request.at))).or_default() += 1;
        }
    }
    let most = published.values().max().copied().unwrap_or(0);
    let wrong = (most > FREEPUBLISH_MAX).then(|| format!("{most} calls of freepublish in a day"));
    book.check(PER_DAY, wrong);
}

/// The most polls that started within 60 s: different accounts, or first requests that met a wall.
fn busiest(requests: &[Request], site: Site) -> (Option<Timestamp>, usize) {
    let mut window: VecDeque<&Request> = VecDeque::new();
    let mut best = (None, 0);
    for request in requests.iter().filter(|request| request.site == site) {
        while window.front().is_some_and(|old| request.at - old.at >= TimeDelta::seconds(60)) {
            window.pop_front();
        }
        window.push_back(request);
        if window.len() <= best.1 {
            continue;
        }
        let accounts: BTreeSet<_> = window.iter().filter_map(|r| r.account).collect();
        let walls = window.iter().filter(|r| matches!(r.status, 429 | 503)).count();
        let polls = accounts.len().max(walls);
        if polls > best.1 {
            best = (Some(request.at), polls);
        }
    }
    best
}
