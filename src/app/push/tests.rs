//! Does a push show that an account lives, and only a vouched one that it is silent? And is twice as good as once?

use serde_json::json;

use super::super::samples::{app, keep};
use super::*;
use crate::config::{Role, TokenConfig};
use crate::report::samples::{Sample, account, now, sample};
use freshd_core::Timestamp;
use freshd_core::rulebook::Rule;
use freshd_core::verdict::Outcome;

fn token(vouch: bool, units: &[&str]) -> TokenConfig {
    TokenConfig {
        name: "省平台".to_owned(),
        file: None,
        role: Role::Operator,
        units: units.iter().map(ToString::to_string).collect(),
        vouch,
    }
}

fn day(days: i64) -> Timestamp {
    now() + TimeDelta::days(days)
}

fn text(at: Timestamp) -> String {
    freshd_core::civil::rfc3339(at)
}

fn push(by: &TokenConfig, observation: &serde_json::Value) -> Push {
    let observation = freshd_connectors::claim::read(observation).unwrap();
    Push { by: by.clone(), account: "weibo:7".to_owned(), at: day(-1), observation }
}

/// An account of which nothing is known.
fn unseen() -> Sample {
    let mut made = sample(account("7", "甲"), None, 0);
    made.1 = AccountState::default();
    made
}

fn stage() -> App {
    let (app, _) = app("", now());
    keep(&app, &[unseen()]);
    app
}

fn taken(app: &App, push: &Push) -> Taken {
    match take(app, push).unwrap() {
        Pushed::Taken(taken) => taken,
        other => panic!("{other:?}"),
    }
}

fn silent() -> serde_json::Value {
    json!({
        "sightings": [{"key": "a", "published": text(day(-40))}],
        "coverage": [{"since": text(day(-60)), "until": text(day(30))}],
        "profile": {"state": "deregistered"},
        "menu": {"open": false, "whole": true, "entries": []},
        "interaction": [{"kind": "comments", "works": false}],
        "download": {"available": false},
        "faults": [{"scope": "platform", "kind": "unavailable"}],
        "hint": {"memo": "x"},
    })
}

fn audits(app: &App) -> Vec<Audit> {
    let mut all = Vec::new();
    app.store()
        .audit(|entry| {
            all.push(entry);
            Ok(true)
        })
        .unwrap();
    all
}

#[test]
fn a_post_counts_from_anybody() {
    let app = stage();
    let seen = json!({"sightings": [{"key": "a", "published": text(day(-2)), "title": "公告"}]});
    let pushed = taken(&app, &push(&token(false, &[]), &seen));
    assert_eq!((pushed.changed, pushed.verdict), (true, Some(Outcome::Pass)));
    assert!(pushed.ignored.is_empty());
    let (_, state, judgement) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
    let last = judgement.last_update.unwrap();
    assert_eq!((last.source.as_str(), last.first_seen), ("push:省平台", day(-1)));
    let evidence = last.evidence.unwrap();
    let kept = app.store().evidence(evidence.id.parse().unwrap()).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&kept).contains("公告"), "what was said backs it");
    assert!(state.next_poll.is_some());
}

#[test]
fn without_vouch_nothing_is_held_against_an_account() {
    let app = stage();
    let pushed = taken(&app, &push(&token(false, &[]), &silent()));
    let dropped = ["faults", "hint", "coverage", "profile", "menu", "interaction", "download"];
    assert_eq!(pushed.ignored, dropped);
    assert_eq!(pushed.verdict, Some(Outcome::Undetermined));
    let (_, state, _) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
    assert!(state.history.coverage().is_empty() && state.history.profile.is_none());
    assert!(state.history.menu.is_none() && state.history.interaction.is_empty());
}

#[test]
fn vouched_silence_counts_up_to_the_look() {
    let app = stage();
    let seen = json!({
        "sightings": [{"key": "a", "published": text(day(-40))}],
        "coverage": [{"since": text(day(-60)), "until": text(day(30))}],
    });
    let pushed = taken(&app, &push(&token(true, &[]), &seen));
    assert_eq!((pushed.verdict, pushed.ignored.as_slice()), (Some(Outcome::Fail), &[][..]));
    let (_, _, judgement) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
    assert_eq!(judgement.proven_until, Some(day(-1)), "and no further");
    let ruling = judgement.ruling(Rule::ContentStale).unwrap();
    assert!(ruling.as_of <= day(-1));
    let backed = ruling
        .evidence
        .iter()
        .any(|held| held.id.parse().is_ok_and(|id| app.store().evidence(id).unwrap().is_some()));
    assert!(backed, "{:?}", ruling.evidence);
    let audit = audits(&app);
    assert_eq!((audit[0].who.as_str(), audit[0].what.as_str()), ("省平台", "push"));
    assert!(audit[0].detail.contains("担保"), "{}", audit[0].detail);
}

#[test]
fn silence_beside_trouble_is_not_taken_even_from_who_vouches() {
    let app = stage();
    let seen = json!({
        "coverage": [{"since": text(day(-60)), "until": text(day(-1))}],
        "faults": [{"scope": "platform", "kind": "challenged"}],
    });
    let pushed = taken(&app, &push(&token(true, &[]), &seen));
    assert_eq!(pushed.ignored[..2], ["coverage", "faults"]);
    assert_eq!(pushed.verdict, Some(Outcome::Undetermined));
}

#[test]
fn the_same_twice_changes_nothing() {
    for vouch in [false, true] {
        let (app, clock) = app("", now());
        keep(&app, &[unseen()]);
        let push = push(&token(vouch, &[]), &silent());
        assert!(taken(&app, &push).changed);
        let id = AccountId::new("weibo:7");
        let before: AccountState = app.store().state(&id).unwrap().unwrap();
        let events = app.store().last_events::<serde_json::Value>(&id, 100).unwrap().len();
        clock.advance_to(day(1));
        assert!(!taken(&app, &push).changed);
        assert_eq!(app.store().state::<AccountState>(&id).unwrap().unwrap(), before);
        assert_eq!(app.store().last_events::<serde_json::Value>(&id, 100).unwrap().len(), events);
        assert_eq!(audits(&app).len(), 1);
    }
}

#[test]
fn a_token_speaks_for_its_units_only() {
    let app = stage();
    let (held, ..) = unseen();
    let seen = json!({});
    for unit in [&held.sponsor, &held.supervisor, &held.reporting_unit] {
        taken(&app, &push(&token(true, &["别处", unit]), &seen));
    }
    let refused = take(&app, &push(&token(true, &["别处"]), &seen)).unwrap();
    assert!(matches!(refused, Pushed::Forbidden(_)), "{refused:?}");
}

#[test]
fn accounts_are_found_by_id_and_by_a_name_that_only_one_has() {
    let (app, _) = app("", now());
    let mut twins = [unseen(), unseen(), unseen()];
    twins[0].0.name = "独".to_owned();
    for (nth, (account, ..)) in twins.iter_mut().enumerate() {
        account.id = AccountId::new(format!("weibo:{nth}"));
    }
    keep(&app, &twins);
    let named = |name: &str| {
        let account = name.to_owned();
        take(&app, &Push { account, ..push(&token(true, &[]), &json!({})) }).unwrap()
    };
    assert!(matches!(named("weibo:1"), Pushed::Taken(taken) if taken.account == "weibo:1"));
    assert!(matches!(named("独"), Pushed::Taken(taken) if taken.account == "weibo:0"));
    for unclear in ["甲", "nobody"] {
        assert!(matches!(named(unclear), Pushed::Unknown(_)), "{unclear}");
    }
}

#[test]
fn what_cannot_be_is_refused_whole() {
    let app = stage();
    let wrong = take(
        &app,
        &push(
            &token(true, &[]),
            &json!({
                "sightings": [
                    {"key": "a", "published": text(day(2))},
                    {"key": "b", "channel": "videos", "published": text(day(-3))},
                ],
                "coverage": [{"channel": "videos", "since": text(day(-9)), "until": text(day(-2))}],
            }),
        ),
    );
    let Pushed::Wrong(wrong) = wrong.unwrap() else { panic!("taken") };
    let mut places: Vec<&str> = wrong.iter().map(|objection| objection.at.as_str()).collect();
    places.sort_unstable();
    let expected =
        ["/observation/coverage", "/observation/sightings/0", "/observation/sightings/1"];
    assert_eq!(places, expected);
    let (_, state, _) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
    assert!(state.history.sightings.is_empty() && audits(&app).is_empty());
}

#[test]
fn a_post_without_a_channel_fits_an_account_with_others() {
    let (app, _) = app("", now());
    let mut wechat = unseen();
    wechat.0.platform = "wechat".to_owned();
    keep(&app, &[wechat]);
    let seen = json!({
        "sightings": [{"key": "a", "published": text(day(-40))}],
        "coverage": [{"channel": "unnotified", "since": text(day(-60)), "until": text(day(-1))}],
    });
    let by = token(true, &[]);
    assert_eq!(taken(&app, &push(&by, &seen)).verdict, Some(Outcome::Undetermined), "one of two");
    let posts =
        json!({"coverage": [{"channel": "posts", "since": text(day(-9)), "until": text(day(-2))}]});
    assert!(matches!(take(&app, &push(&by, &posts)).unwrap(), Pushed::Wrong(_)));
    let rest = json!({"coverage": [{"channel": "notified", "since": text(day(-60)), "until": text(day(-1))}]});
    assert_eq!(taken(&app, &push(&by, &rest)).verdict, Some(Outcome::Fail), "joined");
}
