//! Does each documented code become the right fault?

use chrono::TimeZone;
use freshd_core::Timestamp;
use freshd_core::fault::{FaultKind, FaultScope, Retry};
use serde_json::json;

use super::{fault, refusal};

fn noon() -> Timestamp {
    chrono::Utc.with_ymd_and_hms(2026, 11, 22, 4, 0, 0).unwrap()
}

#[track_caller]
fn check(code: i64, at_token: bool, want: Option<(FaultScope, FaultKind, Retry)>) {
    let told = refusal(&json!({"errcode": code, "errmsg": "words rid: 0"})).unwrap();
    let got = fault(&told, at_token, "接口", noon());
    assert_eq!(got.as_ref().map(|f| (f.scope, f.kind, f.retry)), want, "code {code}");
    if let Some(fault) = got {
        assert!(fault.detail.contains(&code.to_string()), "{}", fault.detail);
        assert!(fault.detail.contains("words rid"), "{}", fault.detail);
    }
}

#[test]
fn every_class_has_its_fault() {
    use FaultKind as K;
    use FaultScope as S;
    let midnight = chrono::Utc.with_ymd_and_hms(2026, 11, 22, 16, 0, 0).unwrap();
    for code in [-1, 61450] {
        check(code, false, Some((S::Platform, K::Unavailable, Retry::Backoff)));
    }
    for code in [40001, 40014, 42001, 41001] {
        check(code, false, Some((S::Credential, K::Unauthorized, Retry::Backoff)));
    }
    check(45011, false, Some((S::Account, K::RateLimited, Retry::After(60))));
    check(45009, false, Some((S::Account, K::RateLimited, Retry::Backoff)));
    check(45009, true, Some((S::Credential, K::RateLimited, Retry::At(midnight))));
    for code in [40001, 40013, 40125, 40243, 41002, 41004, 40164, 61004, 45035] {
        check(code, true, Some((S::Credential, K::Unauthorized, Retry::Operator)));
    }
    for (code, wait) in [(89501, 3600), (89503, 3600), (89506, 86_400), (89507, 3600)] {
        check(code, true, Some((S::Credential, K::Unauthorized, Retry::After(wait))));
    }
    for code in [48001, 61007, 61003, 61023] {
        check(code, false, Some((S::Account, K::Unauthorized, Retry::Operator)));
    }
    for code in [50002, 50004, 50007, 48004] {
        check(code, false, Some((S::Account, K::Suspended, Retry::Backoff)));
    }
    for code in [61005, 61006, 61011, 41018] {
        check(code, false, Some((S::Credential, K::Unauthorized, Retry::Backoff)));
    }
    for code in [47009, 48009, 40002, 40003, 43002, 43003, 44002, 47001, 61500, 61501, 65416] {
        check(code, false, Some((S::Connector, K::Malformed, Retry::Backoff)));
    }
    check(987_654, false, Some((S::Connector, K::Malformed, Retry::Backoff)));
    for code in [61503, 46003, 65303, 65301, 40059, 53600, 88000, 48015, 88001, 88010, 65400] {
        check(code, false, None);
    }
}

#[test]
fn the_code_may_be_text() {
    let told = refusal(&json!({"errcode": "61003", "errmsg": "not authorized"})).unwrap();
    assert_eq!(told.code, 61003);
    let told = refusal(&json!({"errcode": "oops"})).unwrap();
    let fault = fault(&told, false, "接口", noon()).unwrap();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Connector, FaultKind::Malformed));
}

#[test]
fn success_is_no_refusal() {
    assert_eq!(refusal(&json!({"list": []})), None);
    assert_eq!(refusal(&json!({"errcode": 0, "errmsg": "ok"})), None);
}

#[test]
fn the_address_to_allow_is_named() {
    let told = refusal(&json!({"errcode": 40164,
        "errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 0"}));
    let fault = fault(&told.unwrap(), true, "获取凭证", noon()).unwrap();
    assert!(fault.detail.contains("请把 203.0.113.7 加入白名单"), "{}", fault.detail);
}
