//! Is no minute fuller than it may be, and does everybody get a turn?

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp_millis(1_795_000_000_000 + milliseconds).unwrap()
}

/// Sends `letters` as they come due; when each left.
fn run(letters: usize, domain: impl Fn(usize) -> &'static str, limits: Limits) -> Vec<Timestamp> {
    let mut ceiling = Ceiling::default();
    let mut waiting: Vec<(Timestamp, usize)> = (0..letters).map(|n| (at(0), n)).collect();
    let mut left = Vec::new();
    while !waiting.is_empty() {
        waiting.sort();
        let (due, letter) = waiting.remove(0);
        match ceiling.ask(domain(letter), due, limits) {
            Ok(()) => left.push(due),
            Err(later) => {
                assert!(later > due);
                waiting.push((later, letter));
            }
        }
    }
    left
}

fn fullest_minute(left: &[Timestamp]) -> usize {
    let within = |from: Timestamp| {
        left.iter().filter(|at| **at >= from && **at < from + TimeDelta::minutes(1)).count()
    };
    left.iter().map(|at| within(*at)).max().unwrap_or(0)
}

#[test]
fn no_minute_is_fuller_than_the_ceiling_and_all_leave() {
    let left = run(500, |_| "qq.com", Limits { all: 0, domain: 60 });
    assert_eq!(left.len(), 500);
    assert!(fullest_minute(&left) <= 60, "{}", fullest_minute(&left));
    let took = *left.last().unwrap() - left[0];
    assert!(took <= TimeDelta::minutes(10), "500 letters at 60 a minute took {took}");
}

#[test]
fn a_full_domain_does_not_hold_up_another() {
    let domain = |n: usize| if n < 300 { "qq.com" } else { "gd.gov.cn" };
    let left = run(310, domain, Limits { all: 0, domain: 10 });
    assert_eq!(left.iter().filter(|when| **when == at(0)).count(), 20);
}

#[test]
fn the_ceiling_of_all_holds_over_domains() {
    let domains = ["a.cn", "b.cn", "c.cn"];
    let left = run(90, |n| domains[n % 3], Limits { all: 30, domain: 0 });
    assert!(fullest_minute(&left) <= 30);
    assert_eq!(left.len(), 90);
}

#[test]
fn nothing_is_counted_without_a_ceiling_and_nothing_is_kept() {
    let mut ceiling = Ceiling::default();
    let free = Limits { all: 0, domain: 0 };
    for n in 0..1000 {
        assert_eq!(ceiling.ask(&format!("b{n}.cn"), at(n * 61_000), free), Ok(()));
    }
    assert_eq!(ceiling.domains.len(), 1);
}
