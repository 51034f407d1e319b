//! Is a turn given as often as it may be, to each by itself, and again after an hour?

use super::*;
use crate::report::samples::now;

#[test]
fn who_has_used_up_an_hour_waits_and_others_do_not() {
    let openings = Openings::default();
    for _ in 0..PER_LETTER {
        assert_eq!(openings.turn("letter a", PER_LETTER, now()), Ok(()));
    }
    let why = openings.turn("letter a", PER_LETTER, now()).unwrap_err();
    assert!(why.contains("30 个链接"), "{why}");
    assert_eq!(openings.turn("letter b", PER_LETTER, now()), Ok(()));
    assert_eq!(openings.turn("letter a", PER_LETTER, now() + TimeDelta::hours(1)), Ok(()));
}

#[test]
fn ever_new_names_fill_no_memory() {
    let openings = Openings::default();
    let given = (0..HELD_MAX + 9).filter(|n| openings.turn(&n.to_string(), 1, now()).is_ok());
    assert_eq!(given.count(), HELD_MAX);
    assert_eq!(openings.turn("later", 1, now() + TimeDelta::hours(2)), Ok(()));
}
