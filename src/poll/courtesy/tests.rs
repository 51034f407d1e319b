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
fn no_limit_never_waits() {
    let mut slots = slots(0);
    for n in 0..500 {
        let id = AccountId::new(format!("weibo:{n}"));
        assert_eq!(slots.claim(&id, ["weibo", "other"].into_iter(), t(0)), Ok(()));
    }
}
