//! Never before a server's wish; urgent near a deadline; the same inputs give the same time.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap()
}

fn id() -> AccountId {
    AccountId::new("weibo:1")
}

fn ask(id: &AccountId) -> Ask<'_> {
    Ask {
        id,
        now: now(),
        verdict: Some(Outcome::Pass),
        deadline: Some(now() + TimeDelta::days(13)),
        failures: 0,
        hint: None,
        again: None,
        confirm: None,
        not_before: None,
        risk: TimeDelta::days(5),
    }
}

fn wait_min(ask: &Ask<'_>) -> i64 {
    (next_poll(ask, &Intervals::default()) - now()).num_minutes()
}

#[test]
fn the_nearer_the_deadline_the_sooner_the_poll() {
    let id = id();
    let of = |verdict, days: f64| {
        let deadline = Some(now() + TimeDelta::minutes((days * 1440.0) as i64));
        wait_min(&Ask { verdict: Some(verdict), deadline, ..ask(&id) })
    };
    let fresh = of(Outcome::Pass, 13.0);
    let near = of(Outcome::Pass, 8.0);
    let risk = of(Outcome::AtRisk, 3.0);
    assert!(fresh >= 1440 && near < fresh && risk < near, "{fresh} {near} {risk}");
    assert!(of(Outcome::AtRisk, 0.05) <= 15 + 72 + 30, "a look right at the deadline");
}

#[test]
fn looks_go_where_they_learn_most() {
    let id = id();
    let of = |verdict, days: i64, again: Option<i64>| {
        let deadline = Some(now() + TimeDelta::days(days));
        let again = again.map(|hours| now() + TimeDelta::hours(hours));
        wait_min(&Ask { verdict: Some(verdict), deadline, again, ..ask(&id) })
    };
    // Figures in 24 hours and daily from then on: the last ones within the time.
    let figures = of(Outcome::Pass, 13, Some(24));
    assert!((48 * 60..=48 * 60 + 30).contains(&figures), "{figures}");
    // Just lapsed: at the figures, if they come before the next look would.
    let proof = of(Outcome::Undetermined, -1, Some(3));
    assert!((180..=210).contains(&proof), "{proof}");
    // Long proven: twice a day, so that two looks in a row may fail before the proof is 48 hours old.
    let settled = of(Outcome::Fail, -30, None);
    assert!((12 * 60..=13 * 60 + 30).contains(&settled), "{settled}");
    assert!(of(Outcome::Fail, -1, None) <= 6 * 60 + 45);
    // A warning is due in a day: the look before it comes first.
    let before = of(Outcome::Pass, 6, None);
    assert!((22 * 60 + 30..24 * 60).contains(&before), "{before}");
}

#[test]
fn faults_back_off_and_stay_under_the_ceiling() {
    let id = id();
    let waits: Vec<_> = (1..12).map(|failures| wait_min(&Ask { failures, ..ask(&id) })).collect();
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1] + 200), "{waits:?}");
    assert!(waits[0] < 30 && *waits.last().unwrap() <= 27 * 60, "{waits:?}");
}

#[test]
fn a_hint_delays_and_a_wish_is_never_shortened() {
    let id = id();
    let hint = now() + TimeDelta::hours(70);
    let hinted = next_poll(&Ask { hint: Some(hint), ..ask(&id) }, &Intervals::default());
    assert!(hinted >= hint && hinted <= hint + TimeDelta::minutes(31));
    let wish = now() + TimeDelta::hours(60);
    let asked = Ask { not_before: Some(wish), ..ask(&id) };
    assert_eq!(next_poll(&asked, &Intervals::default()), wish);
}

#[test]
fn a_wish_beyond_a_week_is_capped_and_said() {
    assert_eq!(capped_wish(now(), now() + TimeDelta::days(3)), (now() + TimeDelta::days(3), false));
    assert_eq!(capped_wish(now(), now() + TimeDelta::days(99)), (now() + TimeDelta::days(7), true));
}

proptest! {
    #[test]
    fn never_before_the_wish_never_in_the_past_always_the_same(
        n in 0u32..5000, failures in 0u32..40, wish_h in 0i64..200, hint_h in -10i64..200,
        deadline_h in -300i64..400,
    ) {
        let id = AccountId::new(format!("wechat:{n}"));
        let verdict = Outcome::ALL[(n % 4) as usize];
        let asked = Ask {
            verdict: Some(verdict),
            failures,
            deadline: Some(now() + TimeDelta::hours(deadline_h)),
            hint: Some(now() + TimeDelta::hours(hint_h)),
            not_before: Some(now() + TimeDelta::hours(wish_h)),
            ..ask(&id)
        };
        let next = next_poll(&asked, &Intervals::default());
        prop_assert!(next > now() && next >= asked.not_before.unwrap());
        prop_assert_eq!(next, next_poll(&asked, &Intervals::default()));
    }
}

#[test]
fn accounts_are_spread() {
    let waits: std::collections::BTreeSet<_> =
        (0..200).map(|n| wait_min(&ask(&AccountId::new(format!("weibo:{n}"))))).collect();
    assert!(waits.len() > 80, "only {} different waits", waits.len());
}

#[test]
fn a_finding_gets_its_second_look_as_soon_as_that_counts() {
    let id = AccountId::new("weibo:1");
    let confirm = Some(now() + TimeDelta::minutes(60));
    let hint = Some(now() + TimeDelta::hours(20));
    let next = next_poll(&Ask { confirm, hint, ..ask(&id) }, &Intervals::default());
    let wait = (next - now()).num_minutes();
    assert!((60..80).contains(&wait), "{wait}");
    let wish = Some(now() + TimeDelta::hours(30));
    let wished = Ask { confirm, not_before: wish, ..ask(&id) };
    assert_eq!(Some(next_poll(&wished, &Intervals::default())), wish, "a wish stands");
}
