//! One wrong server never matters; three that agree against us do, and only until they agree with us again.

use bytes::Bytes;
use chrono::DateTime;

use super::*;
use crate::conformance::stage::Answer;
use crate::http::{HttpClient, Request};

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800 + minutes * 60, 0).unwrap()
}

/// Sites `a`, `b`, … that differ by so many seconds, read a minute apart; the offset at the end, seconds.
fn check(offsets_s: &[i64], expected: Option<(usize, i64)>) {
    let mut skew = Skew::default();
    for (n, offset) in (0..).zip(offsets_s) {
        skew.note(format!("s{n}.cn"), t(n) + TimeDelta::seconds(*offset), t(n));
    }
    let end = t(offsets_s.len() as i64);
    let found = skew.wrong(end).map(|(sites, offset)| (sites, offset.num_seconds()));
    assert_eq!(found, expected, "{offsets_s:?}");
    assert_eq!(skew.check(end).is_err(), expected.is_some());
}

#[test]
fn three_sites_that_agree_against_us_are_believed_and_nothing_less() {
    check(&[], None);
    check(&[7_200], None);
    check(&[7_200, 7_200], None);
    check(&[7_200, 7_230, 7_260], Some((3, 7_200)));
    check(&[-86_400, -86_401, -86_399], Some((3, -86_401)));
    check(&[7_200, 7_230, 7_261], None);
    check(&[7_200, -7_200, 90_000], None);
    check(&[60, 61, 62], None);
    check(&[600, 600, 600], None);
    check(&[601, 601, 601], Some((3, 601)));
    check(&[599, 610, 620], None);
    check(&[0, 7_200, 1, 7_200, 7_200], Some((3, 7_200)));
    check(&[0, 7_200, 1, 7_200, 2, 7_200], None);
}

#[test]
fn a_site_counts_once_by_its_newest_reading_and_not_for_ever() {
    let mut skew = Skew::default();
    for n in 0..9 {
        skew.note("a.cn".to_owned(), t(120 + n), t(n));
    }
    assert_eq!(skew.wrong(t(9)), None, "one server, however often");
    skew.note("b.cn".to_owned(), t(130), t(10));
    skew.note("c.cn".to_owned(), t(131), t(11));
    assert_eq!(skew.wrong(t(12)), Some((3, TimeDelta::hours(2))));
    assert_eq!(skew.wrong(t(6 * 60 + 9)), None, "one reading is too old");
    skew.note("b.cn".to_owned(), t(13), t(13));
    assert_eq!(skew.wrong(t(13)), None, "it agrees with us again");
}

#[test]
fn a_clock_that_was_set_is_believed_soon() {
    let mut ahead = Skew::default();
    for n in 0..200 {
        ahead.note(format!("s{n}.cn"), t(n), t(n + 300));
    }
    assert_eq!(ahead.readings.len(), SITES_MAX);
    assert!(ahead.wrong(t(500)).is_some());
    ahead.note("x.cn".to_owned(), t(200), t(200));
    assert_eq!(ahead.wrong(t(200)), None, "set back: the old readings are of a later time");
    let mut behind = Skew::default();
    for n in 0..200 {
        behind.note(format!("s{n}.cn"), t(n + 120), t(n));
    }
    for n in 0..5 {
        assert!(behind.wrong(t(320)).is_some());
        behind.note(format!("y{n}.cn"), t(320 + n), t(320 + n));
    }
    assert_eq!(behind.wrong(t(325)), None, "most sites agree with us");
}

#[test]
fn only_public_names_over_https_are_read() {
    let read = |url: &str, headers: &[(&str, &str)]| {
        let url = Url::parse(url).unwrap();
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let headers = headers.collect();
        let body = Bytes::new();
        let response = Response { status: 404, url: url.clone(), headers, body, truncated: false };
        reading(&url, &response)
    };
    let at = DateTime::from_timestamp(784_111_777, 0).unwrap();
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (url, site) in [
        ("https://www.maoming.gov.cn/a", "maoming.gov.cn"),
        ("https://api.weixin.qq.com/", "qq.com"),
        ("https://weibo.com/", "weibo.com"),
        ("https://gov.cn/", "gov.cn"),
    ] {
        assert_eq!(read(url, &[date]), Some((site.to_owned(), at)), "{url}");
    }
    let aged = read("https://weibo.com/", &[date, ("age", "90")]).unwrap();
    assert_eq!(aged.1 - at, TimeDelta::seconds(90));
    assert_eq!(read("https://weibo.com/", &[]), None);
    assert_eq!(read("https://weibo.com/", &[("date", "昨天")]), None);
    for url in ["http://weibo.com/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/"] {
        assert_eq!(read(url, &[date]), None, "{url}");
    }
}

#[tokio::test]
async fn requests_fail_as_local_while_the_clock_is_wrong_and_go_on_after() {
    let script = |asked: &crate::conformance::stage::Asked| {
        let days: i64 = asked.path.trim_start_matches('/').parse().unwrap();
        let date = (t(0) + TimeDelta::days(days)).format("%a, %d %b %Y %H:%M:%S GMT");
        Answer::ok("text/plain", "x").header("date", &date.to_string())
    };
    let client = HttpClient::substituted(std::sync::Arc::new(script)).unwrap();
    let ask = async |url: &str| client.at(t(0)).send(Request::get(Url::parse(url).unwrap())).await;
    for url in ["https://a.cn/3", "https://b.cn/3", "https://www.b.cn/3"] {
        assert!(ask(url).await.is_ok(), "{url}");
    }
    for url in ["http://c.cn/3", "https://127.0.0.1/3"] {
        assert!(ask(url).await.is_ok(), "{url} says nothing of our clock");
    }
    let error = ask("https://c.cn/3").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::ClockWrong);
    assert!(error.detail.contains("3 个网站的时间慢约 3 天"), "{error}");
    let fault = error.fault(freshd_core::fault::FaultScope::Account);
    assert_eq!(fault.scope, freshd_core::fault::FaultScope::Local);
    assert!(ask("http://127.0.0.1/0").await.is_err(), "whatever is asked");
    assert!(ask("https://a.cn/0").await.is_ok(), "two are not enough");
}
