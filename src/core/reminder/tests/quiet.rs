//! An owner who was promised a look is left in peace until then, not an instant longer, and nothing else is held back.

use super::*;

/// What is told from day to day, each day as of its morning, with a promise made at `from` until `until` (days).
fn told(posts: &[f64], days: std::ops::Range<u32>, promise: (f64, f64)) -> Vec<(u32, Reason)> {
    let (mut episodes, mut all) = (Vec::new(), Vec::new());
    for now in days {
        let quiet = (f64::from(now) >= promise.0).then(|| day(promise.1));
        let judgement = judged(posts, f64::from(now));
        let decision =
            decide_unless_quiet(&judgement, &episodes, &policy(), quiet, TimeDelta::zero());
        all.extend(decision.tell.iter().map(|tell| (now, tell.reason)));
        episodes = decision.episodes;
    }
    all
}

#[test]
fn a_reminder_and_a_fail_wait_for_the_promised_look_and_come_then() {
    let plain = told(&[-0.5], 8..17, (99.0, 99.0));
    assert!(plain.contains(&(9, Reason::Reminder)) && plain.contains(&(14, Reason::Overdue)));
    let quiet = told(&[-0.5], 8..17, (14.0, 15.0));
    assert!(!quiet.iter().any(|(at, _)| *at == 14), "{quiet:?}");
    assert!(quiet.contains(&(15, Reason::Overdue)), "at the very instant: {quiet:?}");
    let quiet = told(&[-0.5], 9..10, (9.0, 10.0));
    assert_eq!(quiet, []);
}

#[test]
fn who_has_posted_in_between_is_told_of_nothing() {
    assert_eq!(told(&[-0.5, 9.5], 9..13, (9.0, 10.0)), []);
}

#[test]
fn a_fail_that_is_over_is_told_at_once_all_the_same() {
    let judgement = judged(&[0.0], 15.0);
    let episodes = decide(&judgement, &[], &policy()).episodes;
    let over = judged(&[0.0, 15.5], 16.0);
    let decision =
        decide_unless_quiet(&over, &episodes, &policy(), Some(day(16.5)), TimeDelta::zero());
    assert_eq!(
        decision.tell.iter().map(|tell| tell.reason).collect::<Vec<_>>(),
        [Reason::Rectified]
    );
}

#[test]
fn the_notifier_looks_again_right_after_the_promised_poll() {
    let decision = decide_unless_quiet(
        &judged(&[0.0], 14.5),
        &[],
        &policy(),
        Some(day(15.0)),
        TimeDelta::zero(),
    );
    assert_eq!(decision.tell, []);
    assert_eq!(decision.next_look, Some(day(15.0) + TimeDelta::minutes(5)));
}

proptest! {
    #[test]
    fn nothing_is_held_back_beyond_the_promise_nor_beyond_two_days(
        post in 0.0..5.0_f64, now in 5.0..40.0_f64, until in -10.0..60.0_f64
    ) {
        let judgement = judged(&[post], now);
        let plain = decide(&judgement, &[], &policy());
        let quiet = decide_unless_quiet(&judgement, &[], &policy(), Some(day(until)), TimeDelta::zero());
        let stands = day(until) > day(now) && day(until) - day(now) <= TimeDelta::hours(QUIET_MAX_H);
        if stands {
            prop_assert!(quiet.tell.is_empty());
            let again = day(until) + TimeDelta::minutes(5);
            prop_assert!(plain.tell.is_empty() || quiet.next_look.is_some_and(|at| at <= again));
            prop_assert!(quiet.episodes.iter().all(|held| plain.tell.is_empty() || held.told.is_empty()));
        } else {
            prop_assert_eq!(quiet, plain);
        }
    }
}
