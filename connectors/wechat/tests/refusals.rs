//! Does a refusal stop what it must, keep what was got, and never look like silence?

use chrono::TimeDelta;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Part, ProfileState};
use serde_json::{Value, json};

use super::fake::{Platform, at, figures, poll};

const TOKEN: &str = "/cgi-bin/stable_token";
const FIGURES: &str = "/datacube/getbizsummary";
const BATCH: &str = "/cgi-bin/freepublish/batchget";
const MENU: &str = "/cgi-bin/get_current_selfmenu_info";

fn no(code: i64) -> Value {
    json!({"errcode": code, "errmsg": "words rid: 0"})
}

fn kinds(faults: &[Fault]) -> Vec<(FaultScope, FaultKind)> {
    faults.iter().map(|fault| (fault.scope, fault.kind)).collect()
}

#[tokio::test]
async fn the_token_is_shared_and_asked_for_once() {
    let platform = Platform::start(|_, _, _| Value::Null).await;
    let now = at("2026-11-22T10:00:00+08:00");
    let polls = (0..8).map(|_| poll(&platform, now, None, false));
    for seen in futures::future::join_all(polls).await {
        assert!(seen.unwrap().faults.is_empty());
    }
    let asked = platform.bodies(TOKEN);
    assert_eq!(asked.len(), 1, "eight polls at once, one refresh");
    assert_eq!(asked[0]["grant_type"], "client_credential");
    assert_eq!(asked[0]["force_refresh"], false);
    poll(&platform, now + TimeDelta::seconds(6899), None, false).await.unwrap();
    assert_eq!(platform.bodies(TOKEN).len(), 1);
    poll(&platform, now + TimeDelta::seconds(6900), None, false).await.unwrap();
    assert_eq!(platform.bodies(TOKEN).len(), 2, "five minutes of life are too few");
}

#[tokio::test]
async fn a_stale_token_is_renewed_once_and_the_call_repeated() {
    for code in [40001, 40014, 42001, 41001] {
        let platform = Platform::start(move |path, body, nth| match path {
            TOKEN => json!({"access_token": format!("TOKEN-{nth}"), "expires_in": 7200}),
            FIGURES if nth == 1 => no(code),
            FIGURES => figures(body, &[("2026-11-20", 1)], false),
            _ => Value::Null,
        })
        .await;
        let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
        assert_eq!(seen.faults, []);
        assert_eq!(platform.tokens(FIGURES), ["TOKEN-1", "TOKEN-2"]);
    }
    let platform = Platform::start(|path, _, _| match path {
        TOKEN => Value::Null,
        _ => no(40001),
    })
    .await;
    let fault = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Credential, FaultKind::Unauthorized));
    assert_eq!(platform.bodies(FIGURES).len(), 2, "one retry, no more");
    assert!(platform.bodies(MENU).is_empty());
}

#[tokio::test]
async fn without_a_token_there_is_only_a_fault() {
    for (answer, scope, kind, retry) in [
        (no(40001), FaultScope::Credential, FaultKind::Unauthorized, Retry::Operator),
        (no(40164), FaultScope::Credential, FaultKind::Unauthorized, Retry::Operator),
        (no(89506), FaultScope::Credential, FaultKind::Unauthorized, Retry::After(86_400)),
        (no(-1), FaultScope::Platform, FaultKind::Unavailable, Retry::Backoff),
        (json!(502), FaultScope::Platform, FaultKind::Unavailable, Retry::Backoff),
        (json!(404), FaultScope::Connector, FaultKind::Malformed, Retry::Backoff),
        (json!("<html>"), FaultScope::Connector, FaultKind::Malformed, Retry::Backoff),
        (json!({"expires_in": 1}), FaultScope::Connector, FaultKind::Malformed, Retry::Backoff),
    ] {
        let told = answer.clone();
        let platform = Platform::start(move |path, _, _| match path {
            TOKEN => answer.clone(),
            _ => Value::Null,
        })
        .await;
        let fault = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await;
        let fault = fault.unwrap_err();
        assert_eq!((fault.scope, fault.kind, fault.retry), (scope, kind, retry), "{told}");
        assert!(!fault.detail.contains("SECRET"));
    }
}

#[tokio::test]
async fn a_frozen_account_is_a_finding_even_without_a_token() {
    for at_token in [true, false] {
        let platform = Platform::start(move |path, _, _| match path {
            TOKEN if at_token => no(50007),
            FIGURES => no(50002),
            _ => Value::Null,
        })
        .await;
        let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
        let told = &seen.evidence[seen.carrier(Part::Profile).unwrap()];
        let code = if at_token { "50007" } else { "50002" };
        assert!(told.body.contains(code), "{told:?}");
        assert!(!told.body.contains("SECRET"), "{told:?}");
        assert_eq!(seen.profile.map(|profile| profile.state), Some(ProfileState::Frozen));
        assert_eq!(kinds(&seen.faults), [(FaultScope::Account, FaultKind::Suspended)]);
        assert!(seen.coverage.on(&Channel::new("notified")).is_empty());
    }
}

#[tokio::test]
async fn an_interface_that_is_not_granted_leaves_the_others() {
    let platform = Platform::start(|path, _, _| match path {
        FIGURES | BATCH => no(48001),
        MENU => super::fake::fixture("selfmenu.json"),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    let refused = (FaultScope::Account, FaultKind::Unauthorized);
    assert_eq!(kinds(&seen.faults), [refused, refused]);
    assert!(seen.faults[0].detail.contains("认证已过期"), "{}", seen.faults[0].detail);
    assert!(seen.menu.is_some() && seen.coverage.is_empty() && seen.sightings.is_empty());
}

#[tokio::test]
async fn an_allowance_that_is_used_up_is_left_alone_until_midnight() {
    let platform = Platform::start(|path, body, _| match path {
        FIGURES => figures(body, &[("2026-11-20", 1)], false),
        BATCH => no(45009),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    let midnight = at("2026-11-23T00:00:00+08:00");
    // The account's other interfaces go on, so the source itself does not rest.
    assert_eq!((seen.faults[0].scope, seen.faults[0].retry), (FaultScope::Account, Retry::Backoff));
    assert!(!seen.coverage.on(&Channel::new("notified")).is_empty(), "the rest was kept");
    let memo = seen.hint.memo.unwrap();
    let later = now + TimeDelta::hours(2);
    let again = poll(&platform, later, Some(&memo), true).await.unwrap();
    assert_eq!(kinds(&again.faults), [(FaultScope::Account, FaultKind::RateLimited)]);
    assert!(again.faults[0].detail.contains("2026-11-23 00:00"), "{}", again.faults[0].detail);
    assert_eq!(platform.bodies(BATCH).len(), 1, "not asked again, not even freshly");
    poll(&platform, midnight, Some(&memo), false).await.unwrap();
    assert_eq!(platform.bodies(BATCH).len(), 2);
}

#[tokio::test]
async fn a_gateway_error_midway_keeps_what_was_got() {
    let platform = Platform::start(|path, body, _| match path {
        FIGURES => figures(body, &[("2026-11-20", 1)], false),
        BATCH => json!(503),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    assert_eq!(kinds(&seen.faults), [(FaultScope::Platform, FaultKind::Unavailable)]);
    assert_eq!(seen.sightings.len(), 1);
    assert!(seen.menu.is_none() && platform.bodies(MENU).is_empty());
}

#[tokio::test]
async fn an_answer_of_another_shape_proves_nothing() {
    for odd in [json!({"ok": true}), json!({"errcode": "x"}), json!({"errcode": 47009})] {
        let platform = Platform::start(move |path, _, _| match path {
            FIGURES | BATCH => odd.clone(),
            _ => Value::Null,
        })
        .await;
        let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
        let malformed = (FaultScope::Connector, FaultKind::Malformed);
        assert_eq!(kinds(&seen.faults), [malformed, malformed]);
        assert!(seen.coverage.is_empty() && seen.sightings.is_empty());
    }
}
