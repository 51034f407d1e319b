//! A reminder at each threshold once, overdue at once and weekly, escalation later, rectified only after overdue.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::account::Account;
use crate::history::Look;
use crate::id::{AccountId, Channel};
use crate::observation::{Observation, Published, Sighting};
use crate::rulebook::Profile;
use crate::state::AccountState;
use crate::verdict::judge;

fn day(days: f64) -> Timestamp {
    let seconds = 1_795_312_800 + (days * 86_400.0) as i64;
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn policy() -> Policy {
    Policy::of(Profile {
        name: "national".to_owned(),
        title: String::new(),
        update_window_days: 14,
        clauses: Vec::new(),
    })
}

/// An account whose posts are at these days, wholly covered until `now`.
fn judged(posts: &[f64], now: f64) -> Judgement {
    let account = Account {
        id: AccountId::new("weibo:1"),
        platform: "weibo".to_owned(),
        ..Account::default()
    };
    let mut observation = Observation::default();
    for post in posts.iter().filter(|post| **post <= now) {
        observation.sightings.push(Sighting {
            key: post.to_string(),
            channel: Channel::posts(),
            published: Published::at(day(*post)),
            title: String::new(),
            url: None,
            pinned: false,
            repost: false,
        });
    }
    observation.coverage.add(Channel::posts(), day(-99.0), day(now));
    let mut state = AccountState::default();
    state.history.absorb(&Look {
        source: "weibo:1",
        at: day(now),
        channels: &[],
        observation: &observation,
        evidence: None,
        voucher: None,
    });
    judge(&account, &state, &policy(), day(now))
}

/// Walks through days (a look every quarter day) and lists what is told.
fn walk(posts: &[f64], until: f64) -> Vec<(f64, Reason, u32)> {
    let mut episodes = Vec::new();
    let mut told = Vec::new();
    let mut now = 0.0;
    while now <= until {
        let decision = decide(&judged(posts, now), &episodes, &policy());
        told.extend(decision.tell.iter().map(|tell| (now, tell.reason, tell.stage)));
        episodes = decision.episodes;
        now += 0.25;
    }
    told
}

#[test]
fn an_account_that_falls_silent_is_reminded_then_told_then_escalated() {
    let expected = [
        (9.0, Reason::Reminder, 5),
        (11.0, Reason::Reminder, 3),
        (13.0, Reason::Reminder, 1),
        (14.25, Reason::Overdue, 0),
        (16.25, Reason::Escalation, 0),
        (21.25, Reason::Overdue, 1),
    ];
    assert_eq!(walk(&[0.0], 22.0), expected);
}

#[test]
fn a_late_post_is_thanked_for_and_a_timely_one_is_not() {
    let told = walk(&[0.0, 15.0], 16.0);
    assert_eq!(told.last(), Some(&(15.0, Reason::Rectified, 0)));
    let told = walk(&[0.0, 12.0], 20.0);
    let reasons: Vec<_> = told.iter().map(|(_, reason, stage)| (*reason, *stage)).collect();
    assert_eq!(reasons, [(Reason::Reminder, 5), (Reason::Reminder, 3)]);
}

#[test]
fn a_new_post_begins_a_new_episode() {
    let told = walk(&[0.0, 10.0], 20.0);
    assert_eq!(told, [(9.0, Reason::Reminder, 5), (19.0, Reason::Reminder, 5)]);
}

#[test]
fn nobody_is_accused_of_what_is_undetermined() {
    let mut judgement = judged(&[0.0], 30.0);
    for ruling in &mut judgement.rulings {
        ruling.outcome = Outcome::Undetermined;
    }
    assert_eq!(decide(&judgement, &[], &policy()).tell, []);
}

#[test]
fn the_next_look_is_the_next_threshold() {
    let decision = decide(&judged(&[0.0], 1.0), &[], &policy());
    assert_eq!(decision.next_look, Some(day(9.0)));
    let decision = decide(&judged(&[0.0], 9.0), &[], &policy());
    assert_eq!(decision.next_look, Some(day(11.0)));
}

proptest! {
    #[test]
    fn decide_never_repeats_within_the_interval(
        posts in proptest::collection::vec(0.0f64..60.0, 1..5),
        step in 0.05f64..2.0,
    ) {
        let mut episodes: Vec<Episode> = Vec::new();
        let mut seen: Vec<(Rule, Timestamp, Reason, u32, Audience)> = Vec::new();
        let mut overdue: Vec<(Timestamp, Timestamp)> = Vec::new();
        let mut now = 0.0;
        while now < 80.0 {
            let decision = decide(&judged(&posts, now), &episodes, &policy());
            let again = decide(&judged(&posts, now), &decision.episodes, &policy());
            prop_assert!(again.tell.is_empty(), "told twice at one instant: {:?}", again.tell);
            for tell in &decision.tell {
                let key = (tell.rule, tell.mark, tell.reason, tell.stage, tell.audience);
                prop_assert!(!seen.contains(&key), "{key:?}");
                seen.push(key);
                if tell.reason == Reason::Overdue {
                    let early = overdue.iter().any(|(mark, at)| {
                        *mark == tell.mark && day(now) - *at < TimeDelta::days(OVERDUE_AGAIN_DAYS)
                    });
                    prop_assert!(!early);
                    overdue.push((tell.mark, day(now)));
                }
            }
            episodes = decision.episodes;
            now += step;
        }
    }
}
