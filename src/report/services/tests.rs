//! Are the quarters and the version told as they are kept?

use chrono::TimeDelta;
use freshd_core::release::Release;
use freshd_core::state::SourceState;
use freshd_core::uptime::{Answered, Uptime};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn state() -> AccountState {
    let mut state = AccountState::default();
    let mut held = SourceState::default();
    let start = at("2026-09-30T12:00:00Z");
    for hour in 0..40 {
        let said = if (20..23).contains(&hour) { Answered::Down } else { Answered::Up };
        Uptime::note(&mut held.uptime, start + TimeDelta::hours(hour), said);
    }
    state.sources.insert("probe:https://app.example.cn/health".to_owned(), held);
    state.sources.insert("appstore:1234567890".to_owned(), SourceState::default());
    state
}

#[test]
fn the_quarter_of_the_instant_and_the_one_before_are_shown() {
    let state = state();
    let all = uptimes(&state, at("2026-11-23T00:00:00Z"));
    assert_eq!(all.len(), 1);
    let current = all[0].current.as_ref().unwrap();
    assert_eq!((current.quarter.as_str(), current.looks, current.down), ("2026Q4", 36, 3));
    assert_eq!(current.rate, Some(91.67));
    assert_eq!(current.longest_outage.as_ref().unwrap().looks, 3);
    assert_eq!(all[0].previous.as_ref().unwrap().rate, Some(100.0));
    // A quarter later the old one is the one before, and two later nothing is told.
    let later = uptimes(&state, at("2027-02-01T00:00:00Z"));
    assert_eq!((later[0].current.is_none(), later[0].previous.as_ref().unwrap().looks), (true, 36));
    assert!(uptimes(&state, at("2027-05-01T00:00:00Z")).is_empty());
}

#[test]
fn a_version_of_more_than_a_year_is_advised_about_and_a_young_one_is_only_told() {
    let now = at("2026-11-23T00:00:00Z");
    let mut state = state();
    assert_eq!(release_view(&state, now), None);
    let old = Release { version: "2.1".into(), at: at("2024-03-01T00:00:00Z") };
    state.history.releases.insert("appstore:1234567890".to_owned(), (now, old));
    let view = release_view(&state, now).unwrap();
    assert!(view.stagnant && view.advice.unwrap().contains("已 997 天没有新版本"));
    let lines = services_lines(&state, now);
    assert!(lines[0].contains("2026Q4 探测 36 次,可用率 91.67%"), "{lines:?}");
    assert!(lines.last().unwrap().contains("不影响判定"), "{lines:?}");
    let young = Release { version: "3.0".into(), at: at("2026-10-01T00:00:00Z") };
    state.history.releases.insert("huawei:C1".to_owned(), (now, young));
    assert_eq!(release_view(&state, now).unwrap().advice, None);
    assert!(services_lines(&state, now).last().unwrap().contains("距今 53 天"));
}
