//! Are looks counted by the quarter, and what nobody could see apart?

use chrono::TimeDelta;

use super::*;
use crate::fault::{FaultKind, FaultScope};
use crate::observation::{DownloadSign, InteractionSign};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_quarter_is_counted_and_the_next_begins_anew_with_the_old_one_beside_it() {
    let mut held = None;
    // 2026-09-30 23:00 in Beijing, then 2026-10-01 00:00.
    let start = at("2026-09-30T11:00:00Z");
    for hour in 0..6 {
        let said = match hour {
            1 | 2 => Answered::Down,
            3 => Answered::Unknown,
            _ => Answered::Up,
        };
        Uptime::note(&mut held, start + TimeDelta::hours(hour), said);
    }
    let uptime = held.as_ref().unwrap();
    let third = uptime.tally(Quarter { year: 2026, nth: 3 }).unwrap();
    assert_eq!((third.up, third.down, third.unknown), (2, 2, 1));
    assert_eq!(third.rate(), Some(50.0));
    let longest = third.longest.unwrap();
    assert_eq!((longest.until - longest.since, longest.looks), (TimeDelta::hours(1), 2));
    assert_eq!(
        third.chinese(),
        "2026Q3 探测 5 次,可用率 50.00%(2 次失败;1 次无法判断,不计入);最长一次连续 2 次失败(2026-09-30 20:00 至 2026-09-30 21:00)"
    );
    let fourth = uptime.tally(Quarter { year: 2026, nth: 4 }).unwrap();
    assert_eq!((fourth.up, fourth.looks(), fourth.open), (1, 1, None));
}

#[test]
fn what_nobody_could_see_neither_begins_an_outage_nor_ends_one() {
    let mut held = None;
    let start = at("2026-11-01T00:00:00Z");
    use Answered::{Down, Unknown, Up};
    for (hour, said) in [(0, Up), (1, Down), (2, Unknown), (3, Down), (4, Up)] {
        Uptime::note(&mut held, start + TimeDelta::hours(hour), said);
    }
    let tally = &held.as_ref().unwrap().current;
    assert_eq!(tally.longest.unwrap().looks, 2);
    assert_eq!(tally.rate(), Some(50.0));
    // The same look told again, and one that comes late, change nothing.
    let before = held.clone();
    Uptime::note(&mut held, start + TimeDelta::hours(4), Down);
    Uptime::note(&mut held, start + TimeDelta::hours(2), Down);
    assert_eq!(held, before);
    assert!(Uptime::forget_after(&mut held, start));
    assert_eq!(held, None);
}

#[test]
fn a_server_that_does_not_answer_is_down_and_our_own_network_is_not() {
    let fault = |scope, kind| Answered::of_fault(&Fault::new(scope, kind, ""));
    assert_eq!(fault(FaultScope::Account, FaultKind::TimedOut), Answered::Down);
    assert_eq!(fault(FaultScope::Account, FaultKind::Unavailable), Answered::Down);
    assert_eq!(fault(FaultScope::Local, FaultKind::Unreachable), Answered::Unknown);
    assert_eq!(fault(FaultScope::Account, FaultKind::Challenged), Answered::Unknown);
    let sign = |works| InteractionSign { kind: "probe".into(), works, what: String::new() };
    let mut seen = Observation { interaction: vec![sign(Some(true))], ..Observation::default() };
    assert_eq!(Answered::of(&seen), Answered::Up);
    seen.download = Some(DownloadSign { available: Some(false), what: String::new() });
    assert_eq!(Answered::of(&seen), Answered::Down);
    let other =
        InteractionSign { kind: "comments".into(), works: Some(false), what: String::new() };
    let seen = Observation { interaction: vec![other, sign(None)], ..Observation::default() };
    assert_eq!(Answered::of(&seen), Answered::Unknown);
}
