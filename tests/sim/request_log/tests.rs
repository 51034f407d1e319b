//! Is a broken promise noticed, and a kept one not?

use chrono::{TimeDelta, TimeZone as _, Utc};
use freshd_core::Timestamp;

use super::{Request, RequestLog};
use crate::weather::Site;

fn at(second: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 1, 0, 0, 0).unwrap() + TimeDelta::seconds(second)
}

fn note(log: &RequestLog, second: i64, site: Site, retry_after: Option<u32>) {
    let status = if retry_after.is_some() { 429 } else { 200 };
    let make = || Request {
        at: at(second),
        site,
        account: Some(3),
        path: "/x".to_owned(),
        status,
        retry_after,
    };
    log.note(make, site);
}

#[test]
fn a_request_before_retry_after_is_a_violation_and_one_after_it_is_not() {
    let log = RequestLog::default();
    note(&log, 0, Site::Weibo, Some(60));
    note(&log, 0, Site::Weibo, None);
    note(&log, 59, Site::Nanfang, None);
    assert_eq!((log.violations().len(), log.under_way()), (0, 1));
    note(&log, 59, Site::Weibo, None);
    assert_eq!(log.violations().len(), 1);
    assert_eq!(log.violations()[0].not_before, at(60));
    note(&log, 60, Site::Weibo, None);
    assert_eq!(log.violations().len(), 1);
}

#[test]
fn a_second_wish_prolongs_the_first() {
    let log = RequestLog::default();
    note(&log, 0, Site::Weibo, Some(60));
    note(&log, 60, Site::Weibo, Some(60));
    note(&log, 119, Site::Weibo, None);
    note(&log, 120, Site::Weibo, None);
    assert_eq!(log.violations().len(), 1);
}

#[test]
fn counts_by_account_and_day_and_minute() {
    let log = RequestLog::default();
    for second in [0, 1, 61, 86_400] {
        note(&log, second, Site::Weibo, None);
    }
    let counts: Vec<usize> = log.per_account_day().into_values().collect();
    assert_eq!(counts, [3, 1]);
    assert_eq!(log.busiest_minute(Site::Weibo), 2);
    assert_eq!((log.count(Site::Weibo), log.total()), (4, 4));
}

#[test]
fn a_log_that_does_not_keep_still_counts() {
    let log = RequestLog::default();
    log.set_keeping(false);
    note(&log, 0, Site::Weibo, None);
    assert_eq!((log.requests().len(), log.count(Site::Weibo)), (0, 1));
    log.clear();
    assert_eq!(log.total(), 0);
}
