//! Is everybody listed whom mail does not reach, and nobody accused on the phone of what is not known?

use chrono::TimeDelta;
use freshd_core::reminder::{Episode, Told};
use freshd_core::rulebook::Rule;

use super::super::samples::{SENDING, app, keep};
use super::*;
use crate::report::samples;
use crate::store::{Received, ReceivedOutcome};

fn told(days: i64) -> Told {
    Told { reason: Reason::Overdue, stage: 0, at: samples::now() - TimeDelta::days(days) }
}

#[test]
fn who_was_told_twice_and_never_answered_is_silent_until_he_answers() {
    let now = samples::now();
    let (app, _) = app(SENDING, now);
    let mut failing = samples::sample(samples::account("1", "平安茂名"), Some(20.0), 30);
    failing.0.email = vec!["a@b.cn".to_owned()];
    let episode = |told| Episode {
        topic: freshd_core::reminder::Topic::Problem,
        rule: Rule::ContentStale,
        mark: now,
        told,
    };
    failing.1.episodes = vec![episode(vec![told(8)])];
    keep(&app, &[failing.clone()]);
    assert!(app.contacts().unwrap().findings.is_empty(), "once is not often");
    failing.1.episodes = vec![episode(vec![told(8), told(1)])];
    keep(&app, &[failing]);
    let found = app.contacts().unwrap();
    assert_eq!(found.findings[0].kind, Kind::Silent);
    assert_eq!((found.phone_list.len(), found.phone_list[0].why.as_str()), (1, "无回应"));
    assert!(found.phone_list[0].say.contains("疑似不达标"), "{:?}", found.phone_list);
    let mut change = app.store().change();
    change
        .put_received(&Received {
            id: "m".to_owned(),
            at: now,
            sent: None,
            from: "A@b.cn".to_owned(),
            subject: String::new(),
            letter: Some("l".to_owned()),
            accounts: Vec::new(),
            outcome: ReceivedOutcome::Reply,
            told: String::new(),
            text: String::new(),
        })
        .unwrap();
    app.store().commit(change).unwrap();
    assert!(app.contacts().unwrap().findings.is_empty());
}

#[test]
fn what_is_not_known_is_asked_and_not_said() {
    let (app, _) = app(SENDING, samples::now());
    let mut unknown = samples::sample(samples::account("5", "茂名禁毒"), None, 0);
    (unknown.0.email, unknown.0.officer_email) = (Vec::new(), Vec::new());
    keep(&app, &[unknown]);
    let found = app.contacts().unwrap();
    assert_eq!(found.findings[0].kind, Kind::Missing);
    let say = &found.phone_list[0].say;
    assert!(say.contains("没有数据不等于没有更新") && !say.contains("不达标"), "{say}");
}
