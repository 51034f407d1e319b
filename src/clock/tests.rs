//! Does a scaled clock move its hand, stop at its end, and shorten waits?

use chrono::{TimeDelta, TimeZone as _};

use super::*;

#[test]
fn a_scaled_clock_goes_on_from_the_hand_and_stands_still_at_the_end() {
    let start = Utc.with_ymd_and_hms(2026, 9, 30, 1, 0, 0).unwrap();
    let hand = ManualClock::new(start);
    let clock = ScaledClock::continuing(hand.clone(), start + TimeDelta::days(1), 1_200);
    let first = clock.now();
    assert!(first >= start);
    assert_eq!(hand.now(), first, "the platforms see the same time");
    assert!(clock.now() >= first);

    let over = ScaledClock::continuing(hand.clone(), start - TimeDelta::days(1), 1_200);
    assert_eq!((over.now(), over.now()), (first.max(hand.now()), hand.now()), "stands still");
}

#[test]
fn waits_shrink_with_the_speed_but_never_to_nothing() {
    let start = Utc.with_ymd_and_hms(2026, 9, 30, 1, 0, 0).unwrap();
    let clock = ScaledClock::continuing(ManualClock::new(start), start, 1_200);
    assert_eq!(clock.wait_for(TimeDelta::hours(1)), std::time::Duration::from_secs(3));
    assert_eq!(clock.wait_for(TimeDelta::seconds(1)), ScaledClock::WAIT_MIN);
}
