//! No minute ever holds more starts than the limit, whatever the order of asking.

use chrono::DateTime;

use super::*;

fn t(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800 + seconds, 0).unwrap()
}

fn slots(per_minute: u32) -> Slots {
    let courtesy = Courtesy { at_once: 0, per_minute };
    Slots::new(BTreeMap::from([("weibo".to_owned(), courtesy)]))
}

#[test]
fn every_minute_keeps_within_the_limit() {
    let mut slots = slots(20);
    let mut starts: Vec<Timestamp> = Vec::new();
    for n in 0..95 {
        let id = AccountId::new(format!("weibo:{n}"));
        match slots.claim(&id, ["weibo"].into_iter(), t(n / 10)) {
            Ok(()) => starts.push(t(n / 10)),
            Err(slot) => {
                assert_eq!(
                    slots.claim(&id, ["weibo"].into_iter(), slot),
                    Ok(()),
                    "the slot is kept"
                );
                starts.push(slot);
            }
        }
    }
    starts.sort();
    for (n, at) in starts.iter().enumerate() {
        let in_minute = starts[n..].iter().filter(|s| **s - *at < TimeDelta::minutes(1)).count();
        assert!(in_minute <= 20, "{in_minute} starts in the minute from {at}");
    }
    assert!(*starts.last().unwrap() <= t(5 * 60), "and no slot is wasted");
}

#[test]
fn slots_that_are_claimed_late_do_not_come_all_at_once() {
    let mut slots = slots(20);
    let ids: Vec<AccountId> = (0..200).map(|n| AccountId::new(format!("weibo:{n}"))).collect();
    for id in &ids {
        let _ = slots.claim(id, ["weibo"].into_iter(), t(0));
    }
    // The machine slept for ten minutes: nine minutes of slots are past.
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut waiting: Vec<&AccountId> = ids.iter().skip(20).collect();
    for minute in 10..40 {
        let now = t(minute * 60);
        waiting.retain(|id| match slots.claim(id, ["weibo"].into_iter(), now) {
            Ok(()) => {
                starts.push(now);
                false
            }
            Err(_) => true,
        });
        let together = starts.iter().filter(|at| **at == now).count();
        assert!(together <= 20, "{together} starts in minute {minute}");
    }
    assert_eq!(waiting.len(), 0, "and everybody has a turn");
    assert!(*starts.last().unwrap() <= t(20 * 60), "in time");
}

#[test]
fn no_limit_never_waits() {
    let mut slots = slots(0);
    for n in 0..500 {
        let id = AccountId::new(format!("weibo:{n}"));
        assert_eq!(slots.claim(&id, ["weibo", "other"].into_iter(), t(0)), Ok(()));
    }
}
