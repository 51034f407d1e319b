//! Are half answers refused and the server's wishes read?

use bytes::Bytes;
use chrono::{TimeZone, Utc};

use super::*;

fn response(status: u16, headers: &[(&str, &str)], body: &str, truncated: bool) -> Response {
    Response {
        status,
        url: "https://a.cn/?access_token=CANARY".parse().unwrap(),
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        body: Bytes::from(body.to_owned()),
        truncated,
    }
}

#[test]
fn json_is_whole_or_refused() {
    assert_eq!(json(&response(200, &[], r#"{"a":1}"#, false)).unwrap()["a"], 1);
    for (body, truncated) in [("[]", true), ("<html>", false), ("", false), ("{\"a\":", false)] {
        let error = json(&response(200, &[], body, truncated)).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Broken, "{body}");
    }
}

#[test]
fn retry_after_is_read_in_all_its_forms() {
    let now = Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap();
    let cases = [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("Sun, 22 Nov 2026 02:01:00 GMT", Some(60)),
        ("Sunday, 22-Nov-26 02:01:00 GMT", Some(60)),
        ("Sun Nov 22 02:01:00 2026", Some(60)),
        ("Sun, 22 Nov 2026 01:00:00 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ];
    for (wish, expected) in cases {
        let response = response(429, &[("retry-after", wish)], "", false);
        assert_eq!(retry_after_s(&response, now), expected, "{wish:?}");
    }
    assert_eq!(retry_after_s(&response(429, &[], "", false), now), None);
}

#[test]
fn busy_statuses_are_faults_that_carry_the_wish() {
    let now = Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap();
    let fault = |status| {
        busy_fault(&response(status, &[("retry-after", "9")], "", false), FaultScope::Platform, now)
    };
    let limited = fault(429).unwrap();
    assert_eq!((limited.kind, limited.retry), (FaultKind::RateLimited, Retry::After(9)));
    assert!(!limited.detail.contains("CANARY"));
    assert_eq!(fault(503).unwrap().kind, FaultKind::Unavailable);
    assert!(fault(404).is_none() && fault(200).is_none());
}
