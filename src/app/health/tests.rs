//! Does a wrong clock stop letters and a right one let them go on, and does a full disk stop polling?

use chrono::{DateTime, TimeDelta};

use super::*;

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800 + minutes * 60, 0).unwrap()
}

#[test]
fn a_clock_that_goes_back_is_wrong_until_it_has_caught_up() {
    let mut watch = ClockWatch::new(Some(t(100)));
    assert_eq!(watch.look(t(95)), None, "five minutes are the tolerance");
    let wrong = watch.look(t(90)).unwrap();
    assert_eq!(wrong, ClockFault::Back { highest: t(100), since: t(90) });
    assert!(wrong.words().contains("暂停"));
    assert!(watch.look(t(94)).is_some());
    assert_eq!(watch.look(t(96)), None);
    assert_eq!(watch.look(t(101)), None);
    assert!(watch.look(t(95)).is_some(), "the highest time rises with the clock");
}

#[test]
fn a_clock_that_stays_back_for_a_day_is_believed() {
    let mut watch = ClockWatch::new(Some(t(10_000_000)));
    for hour in 0..24 {
        assert!(watch.look(t(hour * 60)).is_some(), "{hour}");
    }
    assert_eq!(watch.look(t(24 * 60)), None);
    assert_eq!(watch.look(t(24 * 60 + 1)), None);
}

#[test]
fn a_leap_ahead_is_wrong_until_the_clock_is_back() {
    let mut watch = ClockWatch::new(Some(t(0)));
    assert_eq!(watch.look(t(60 * 24 * 9)), None, "a stop of days is no leap");
    let leap = t(60 * 24 * 29);
    let start = t(60 * 24 * 9);
    assert_eq!(watch.look(leap), Some(ClockFault::Ahead { from: start }));
    assert!(watch.look(leap + TimeDelta::days(3)).is_some(), "and it stays wrong");
    assert_eq!(watch.look(start + TimeDelta::minutes(2)), None);
    assert_eq!(watch.look(start + TimeDelta::minutes(3)), None, "the leap raised nothing");
}

#[test]
fn the_highest_time_outlives_a_restart_and_a_wrong_clock_is_never_written_down() {
    let store = Store::open_memory();
    let health = Health::default();
    health.recall(&store).unwrap();
    assert_eq!(health.look(t(0)), None);
    health.remember(&store, t(0)).unwrap();
    assert!(health.look(t(60 * 24 * 20)).is_some());
    health.remember(&store, t(60 * 24 * 20)).unwrap();
    assert_eq!(store.meta::<Timestamp>(LAST_SEEN_CLOCK).unwrap(), Some(t(0)));
    assert!(health.check().unwrap_err().contains("系统时钟"));
    let after = Health::default();
    after.recall(&store).unwrap();
    assert!(after.look(t(-6)).is_some());
    assert_eq!(after.look(t(1)), None);
    assert_eq!((after.check(), after.clock_fault()), (Ok(()), None));
}

#[test]
fn a_full_disk_is_degraded_until_there_is_room() {
    let health = Health::default();
    health.measure_disk(Path::new("/"), t(0));
    health.note_free(Some(FREE_BYTES_MIN - 1), t(1));
    health.note_free(Some(FREE_BYTES_MIN - 2), t(2));
    assert_eq!(health.disk_low_since(), Some(t(1)));
    assert!(health.check().unwrap_err().contains("degraded"));
    health.note_free(Some(FREE_BYTES_MIN), t(3));
    assert!(health.disk_low_since().is_none() && health.check().is_ok());
    health.note_free(None, t(4));
    assert!(health.disk_low_since().is_none(), "what cannot be measured is no fault");
}
