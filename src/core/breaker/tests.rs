//! One account's trouble stops nobody; three different ones, or one explicit wish, stop their group.

use chrono::DateTime;

use super::*;
use crate::fault::FaultScope;

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800 + minutes * 60, 0).unwrap()
}

fn group() -> Group {
    Group::Connector("weibo".to_owned())
}

fn id(n: u32) -> AccountId {
    AccountId::new(format!("weibo:{n}"))
}

fn down() -> Fault {
    Fault::new(FaultScope::Platform, FaultKind::Unavailable, "503")
}

#[test]
fn three_different_accounts_with_no_success_between_trip_it() {
    let mut breaker = Breaker::default();
    for _ in 0..5 {
        breaker.fault(&group(), &id(1), &down(), t(0));
    }
    assert_eq!(breaker.paused_until(&group(), t(0)), None, "one account, however often");
    breaker.fault(&group(), &id(2), &down(), t(0));
    breaker.success(&group());
    breaker.fault(&group(), &id(3), &down(), t(0));
    assert_eq!(breaker.paused_until(&group(), t(0)), None, "a success between clears");
    breaker.fault(&group(), &id(4), &down(), t(0));
    breaker.fault(&group(), &id(5), &down(), t(0));
    assert_eq!(breaker.paused_until(&group(), t(0)), Some(t(PAUSE_MIN)));
    assert_eq!(breaker.paused_until(&group(), t(PAUSE_MIN)), None, "then one may try");
    breaker.fault(&group(), &id(4), &down(), t(6));
    assert_eq!(
        breaker.paused_until(&group(), t(6)),
        Some(t(6 + 2 * PAUSE_MIN)),
        "longer each time"
    );
    assert_eq!(breaker.pauses(t(7))[0].accounts, 3);
}

#[test]
fn what_fails_is_told_also_between_pauses_until_it_works_again() {
    let mut breaker = Breaker::default();
    breaker.fault(&group(), &id(1), &down(), t(0));
    assert_eq!(breaker.failing()[0].paused_until, None);
    breaker.fault(&group(), &id(2), &down(), t(1));
    breaker.fault(&group(), &id(3), &down(), t(2));
    assert_eq!(breaker.pauses(t(2 + PAUSE_MIN)), []);
    let failing = &breaker.failing()[0];
    assert_eq!((failing.since, failing.accounts), (t(0), 3));
    assert_eq!(failing.paused_until, Some(t(2 + PAUSE_MIN)));
    breaker.success(&group());
    assert_eq!(breaker.failing(), []);
}

#[test]
fn an_explicit_wish_stops_the_group_at_once_and_is_not_shortened() {
    let mut breaker = Breaker::default();
    let limited =
        Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429").retry(Retry::After(3600));
    breaker.fault(&group(), &id(1), &limited, t(0));
    breaker.fault(&group(), &id(1), &limited.retry(Retry::After(60)), t(1));
    assert_eq!(breaker.paused_until(&group(), t(2)), Some(t(60)));
}

#[test]
fn the_pause_doubles_up_to_an_hour() {
    let mut breaker = Breaker::default();
    let mut at = t(0);
    let mut waits = Vec::new();
    for round in 0..8 {
        for n in 0..3 {
            breaker.fault(&group(), &id(n), &down(), at);
        }
        let until = breaker.paused_until(&group(), at).unwrap();
        waits.push((until - at).num_minutes());
        at = until + TimeDelta::seconds(i64::from(round));
    }
    assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60]);
}

#[test]
fn many_accounts_ended_alike_are_one_platform_fault_and_the_first_are_withdrawn() {
    let mut breaker = Breaker::default();
    for n in 0..4 {
        let belief = breaker.ended("weibo", &id(n), FaultKind::Gone, t(i64::from(n)));
        assert_eq!(belief, Belief::Account);
    }
    assert_eq!(breaker.ended("weibo", &id(3), FaultKind::Gone, t(5)), Belief::Account);
    let others = (0..4).map(id).collect();
    let belief = breaker.ended("weibo", &id(9), FaultKind::Gone, t(6));
    assert_eq!(belief, Belief::Platform(others), "those before it were no better");
    let again = breaker.ended("weibo", &id(8), FaultKind::Gone, t(7));
    assert_eq!(again, Belief::Platform(vec![]), "once");
    assert_eq!(breaker.ended("nanfang", &id(9), FaultKind::Gone, t(6)), Belief::Account);
    let mut next = Breaker::default();
    next.restore_alike(breaker.alike().clone());
    let belief = next.ended("weibo", &id(0), FaultKind::Gone, t(60));
    assert_eq!(belief, Belief::Platform(vec![]), "the next process knows");
    let later = t(PROMOTE_WINDOW_H * 60 + 10);
    assert_eq!(breaker.ended("weibo", &id(9), FaultKind::Gone, later), Belief::Account);
}

#[test]
fn a_few_dead_accounts_among_many_are_findings() {
    let mut breaker = Breaker::default();
    for round in 0..8 {
        for n in 0..40 {
            let at = t(i64::from(round * 60 + n));
            if n % 5 == 0 {
                let belief = breaker.ended("weibo", &id(n), FaultKind::Gone, at);
                assert_eq!(belief, Belief::Account, "round {round}, account {n}");
            } else {
                breaker.answered("weibo", &id(n), at);
            }
        }
    }
    let mut last = Belief::Account;
    for n in 0..40 {
        last = breaker.ended("weibo", &id(n), FaultKind::Gone, t(i64::from(500 + n)));
    }
    assert!(matches!(last, Belief::Platform(_)), "now it says so of everybody");
}

#[test]
fn what_is_said_for_days_while_others_answer_is_believed() {
    let mut breaker = Breaker::default();
    let mut beliefs = Vec::new();
    for round in 0..14 {
        for n in 0..6 {
            let at = t(i64::from(round * 6 * 60 + n));
            beliefs.push(breaker.ended("weibo", &id(n as u32), FaultKind::Gone, at));
        }
        if round % 4 == 1 {
            breaker.answered("weibo", &id(100), t(i64::from(round * 6 * 60 + 30)));
        }
    }
    assert!(matches!(beliefs[5], Belief::Platform(_)), "at first it looks like the platform");
    assert_eq!(beliefs[13 * 6], Belief::Account, "after three days it is the account");
    let mut alone = Breaker::default();
    let mut last = Belief::Account;
    for round in 0..14 {
        for n in 0..6 {
            last = alone.ended("weibo", &id(n), FaultKind::Gone, t(round * 360 + i64::from(n)));
        }
    }
    assert!(matches!(last, Belief::Platform(_)), "nobody was ever there");
}

#[test]
fn a_success_does_not_lift_a_servers_wish() {
    let mut breaker = Breaker::default();
    let limited =
        Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429").retry(Retry::After(3600));
    breaker.fault(&group(), &id(1), &limited, t(0));
    breaker.success(&group());
    assert_eq!(breaker.paused_until(&group(), t(59)), Some(t(60)), "it was asked before the wish");
    assert_eq!(breaker.wished_until(&group(), t(59)), Some(t(60)));
    assert_eq!(breaker.wished_until(&group(), t(60)), None);
    assert_eq!(breaker.pauses(t(60)), []);
    assert_eq!(breaker.failing(), [], "it works, and is left alone");
    breaker.fault(&group(), &id(1), &down(), t(600));
    assert_eq!(breaker.failing()[0].since, t(600), "a new trouble");
}

#[test]
fn wishes_are_taken_up_by_the_next_process() {
    let mut first = Breaker::default();
    let limited =
        Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429").retry(Retry::After(3600));
    first.fault(&group(), &id(1), &limited, t(0));
    first.fault(&Group::Connector("nanfang".to_owned()), &id(1), &down(), t(0));
    let kept = first.wishes(t(1));
    assert_eq!(kept.len(), 1, "our own pauses are not wishes");
    assert_eq!(first.wishes(t(60)), []);
    let mut second = Breaker::default();
    second.restore(kept.clone());
    assert_eq!(second.wishes(t(1)), kept);
    assert_eq!(second.paused_until(&group(), t(59)), Some(t(60)));
}

#[test]
fn a_wish_beyond_all_calendars_is_a_week() {
    let mut breaker = Breaker::default();
    let limited = Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429");
    breaker.fault(&group(), &id(1), &limited.retry(Retry::After(u64::MAX)), t(0));
    assert_eq!(breaker.paused_until(&group(), t(1)), Some(t(7 * 24 * 60)));
}
