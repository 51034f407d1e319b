//! Words are kept once, the newest of them, and none is about the future.

use super::*;
use crate::civil;

fn at(hours: i64) -> Timestamp {
    civil::instant("2026-11-22T10:00:00".parse().unwrap()) + TimeDelta::hours(hours)
}

fn word(hours: i64, by: &str, found: Finding) -> Word {
    let (by, detail, evidence) = (by.to_owned(), String::new(), String::new());
    Word { at: at(hours), by, found, detail, evidence, filed: false, via: None }
}

#[test]
fn a_word_counts_once_and_the_newest_are_kept() {
    let mut words = Words::default();
    assert!(words.add(word(0, "张三", Finding::Updated)));
    assert!(!words.add(word(0, "张三", Finding::Updated)), "the same again");
    for hour in 1..=20 {
        assert!(words.add(word(hour, "张三", Finding::NothingSince)));
    }
    assert_eq!(words.iter().count(), WORDS_MAX);
    assert!(!words.add(word(0, "张三", Finding::Updated)), "an old sheet brings nothing back");
    assert!(words.forget_after(at(15)) && !words.forget_after(at(15)));
    assert!(words.iter().all(|word| word.at <= at(15)));
}

#[test]
fn routine_looks_push_out_no_proof() {
    let mut words = Words::default();
    assert!(words.add(word(0, "张三", Finding::InteractionBroken)));
    for hour in 1..=40 {
        words.add(word(hour, "李四", Finding::Updated));
    }
    assert_eq!(words.iter().count(), WORDS_MAX);
    assert_eq!(words.found(Finding::InteractionBroken, at(-1), at(50)).count(), 1);
    assert!(words.holds(&word(40, "李四", Finding::Updated)), "the newest of what is frequent");
}

#[test]
fn who_did_not_find_it_is_heard_until_somebody_sees_it() {
    let mut words = Words::default();
    for (hours, by) in [(0, "张三"), (2, "张 三"), (3, "李四")] {
        words.add(word(hours, by, Finding::NotFound));
    }
    let by: Vec<&str> = words.not_found(at(4)).iter().map(|word| word.by.as_str()).collect();
    assert_eq!(by, ["张 三", "李四"], "one person once");
    assert_eq!(words.not_found(at(1)).len(), 1, "the past does not know what came after");
    words.add(word(5, "王五", Finding::Updated));
    assert!(words.not_found(at(6)).is_empty());
    assert!(words.not_found(at(24 * 40)).is_empty());
}

#[test]
fn findings_are_read_by_word_and_key() {
    for found in Finding::ALL {
        assert_eq!(Finding::read(found.chinese()), Some(found));
        assert_eq!(Finding::read(found.key()), Some(found));
    }
    assert_eq!(Finding::read("有"), None);
}
