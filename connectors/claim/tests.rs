//! Is every mistake of a claim told at once, with its place; and is nothing taken that proves too much?

use serde_json::json;

use super::*;

fn at() -> Timestamp {
    chrono::DateTime::parse_from_rfc3339("2026-11-22T10:30:00+08:00").unwrap().to_utc()
}

#[test]
fn all_mistakes_are_told_at_once_with_their_place() {
    let wrong = read(&json!({
        "sightings": [
            {"key": "a", "published": "2026-11-20T09:00:00+08:00"},
            {"key": "b", "published": "2026-11-20 09:00"},
            {"published": "2026-11-20T09:00:00+08:00"},
            ["c", "posts", "2026-11-20T09:00:00+08:00"],
            {"key": "d", "published": {"earliest": "2026-11-21T00:00:00Z", "latest": "2026-11-20T00:00:00Z"}},
        ],
        "coverage": [{"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}],
        "coverge": [],
        "menu": 3,
        "evidence": {},
        "faults": [{"scope": "moon", "kind": "gone"}],
    }))
    .unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|objection| objection.at.as_str()).collect();
    for place in [
        "/coverge",
        "/sightings/1",
        "/sightings/2",
        "/sightings/3",
        "/coverage/0",
        "/menu",
        "/evidence",
        "/faults/0",
    ] {
        assert!(places.contains(&place), "{place} is not in {places:?}");
    }
    assert!(wrong.iter().all(|objection| !objection.what.is_ascii() && !objection.help.is_ascii()));
    assert!(read(&json!([])).is_err() && read(&json!(null)).is_err());
    assert_eq!(read(&json!({})), Ok(Observation::default()));
}

#[test]
fn a_place_counts_items_as_they_were_sent() {
    let wrong = read(&json!({"sightings": [
        3,
        {"key": "b", "published": "yesterday"},
        {"key": "c", "published": "2026-11-20T09:00:00+08:00"},
        {"key": "d", "published": "tomorrow"},
    ]}))
    .unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|objection| objection.at.as_str()).collect();
    assert_eq!(places, ["/sightings/0", "/sightings/1", "/sightings/3"]);
}

#[test]
fn coverage_ends_at_the_look_and_foreign_channels_are_refused() {
    let value = json!({
        "sightings": [{"key": "a", "channel": "videos", "published": "2026-11-20T09:00:00+08:00"}],
        "coverage": [
            {"since": "2026-11-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            {"channel": "live", "since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"},
        ],
        "evidence": [{"url": "http://x/", "at": "2027-01-01T00:00:00Z", "body": ""}],
    });
    let mut seen = read(&value).unwrap();
    let wrong = settle(&mut seen, &[Channel::posts()], at());
    let places: Vec<&str> = wrong.iter().map(|objection| objection.at.as_str()).collect();
    assert_eq!(places, ["/sightings/0", "/coverage"]);
    assert!(wrong[0].what.contains("videos") && wrong[0].help.contains("posts"));
    assert_eq!(seen.coverage.on(&Channel::all()).until(), Some(at()));
    assert_eq!(seen.evidence[0].at, at());
    let mut seen = read(&value).unwrap();
    let all = ["posts", "videos", "live"].map(Channel::new);
    assert_eq!(settle(&mut seen, &all, at()), []);
}

#[test]
fn a_post_of_the_future_is_told() {
    let seen = read(&json!({"sightings": [
        {"key": "a", "published": "2026-11-22T10:35:00+08:00"},
        {"key": "b", "published": "2026-11-22T10:30:00Z"},
        {"key": "c", "published": {"latest": "2026-11-23T00:00:00+08:00"}},
    ]}))
    .unwrap();
    let places: Vec<String> =
        future(&seen, at(), TimeDelta::minutes(10)).into_iter().map(|told| told.at).collect();
    assert_eq!(places, ["/sightings/1", "/sightings/2"]);
}

#[test]
fn too_much_is_too_much() {
    let post = |key: &str| json!({"key": key, "published": "2026-11-20T09:00:00+08:00"});
    let many = json!({"sightings": vec![post("a"); SIGHTINGS_MAX + 1]});
    assert_eq!(read(&many).unwrap_err()[0].at, "/sightings");
    let entry = json!({"path": ["a"], "type": "view"});
    let mut seen = read(&json!({
        "sightings": [post(&"k".repeat(301))],
        "menu": {"open": true, "whole": true, "entries": vec![entry; OTHERS_MAX + 1]},
        "profile": {"name": "n".repeat(301), "aliases": vec!["a"; OTHERS_MAX + 1]},
        "hint": {"memo": "m".repeat(4097)},
    }))
    .unwrap();
    let wrong = settle(&mut seen, &[Channel::posts()], at());
    let places: Vec<&str> = wrong.iter().map(|objection| objection.at.as_str()).collect();
    let expected =
        ["/menu/entries", "/hint/memo", "/sightings/0/key", "/profile", "/profile/aliases"];
    assert_eq!(places, expected);
}
