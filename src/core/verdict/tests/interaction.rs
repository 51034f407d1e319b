//! Interaction: a person's word counts for its time, two or a picture make a fail, and a look that found nothing says
//! nothing.

use super::*;
use crate::word::{Finding, Word};
use Finding::{InteractionBroken as Broken, InteractionWorks as Works};

fn hours(hours: i64) -> Timestamp {
    now() - TimeDelta::hours(hours)
}

fn said(by: &str, found: Finding, at: Timestamp) -> Word {
    let (detail, evidence) = ("留言没有人回".to_owned(), format!("hash-{by}"));
    let via = Some((1000, true));
    Word { at, by: by.to_owned(), found, detail, evidence, filed: false, via }
}

fn filed(word: Word) -> Word {
    Word { filed: true, ..word }
}

fn sign(kind: &str, works: Option<bool>) -> Observation {
    let sign = InteractionSign { kind: kind.to_owned(), works, what: String::new() };
    Observation { interaction: vec![sign], ..Observation::default() }
}

fn ruled(words: &[Word], signs: &[(Timestamp, Observation)], at: Timestamp) -> Ruling {
    let mut state = state(signs);
    words.iter().for_each(|word| assert!(state.words.add(word.clone())));
    let held = judge(&account("weibo"), &state, &policy(), at);
    held.ruling(Rule::InteractionPoor).unwrap().clone()
}

fn outcome(words: &[Word]) -> Outcome {
    ruled(words, &[], now()).outcome
}

#[test]
fn a_word_that_it_works_passes_for_five_weeks_and_says_who_when_and_until() {
    let word = said("张三", Works, ago(3.0));
    let ruling = ruled(std::slice::from_ref(&word), &[], now());
    assert_eq!(ruling.outcome, Outcome::Pass);
    let (when, until) = (day_text(word.at), day_text(word.at + TimeDelta::days(35)));
    for part in ["张三", &when, &until] {
        assert!(ruling.reason.contains(part), "{part}: {}", ruling.reason);
    }
    assert_eq!(ruling.evidence[0].id, "hash-张三");
    assert_eq!(ruling.evidence[0].url, "人工:张三");
    assert_eq!(outcome(&[said("张三", Works, ago(34.9))]), Outcome::Pass);
    assert_eq!(outcome(&[said("张三", Works, ago(35.1))]), Outcome::Undetermined);
    let past = ruled(&[word], &[], ago(4.0)).outcome;
    assert_eq!(past, Outcome::Undetermined, "the past does not know what came after");
}

#[test]
fn one_bare_word_that_it_is_broken_accuses_nobody() {
    let one = said("张三", Broken, hours(1));
    let ruling = ruled(std::slice::from_ref(&one), &[], now());
    assert_eq!(ruling.outcome, Outcome::Undetermined);
    assert!(ruling.reason.contains("张三") && ruling.reason.contains("须另一人"), "{ruling:?}");
    assert_eq!(outcome(&[one.clone(), said("张 三", Broken, hours(0))]), Outcome::Undetermined);
    let unnamed = Word { via: Some((1000, false)), ..said("李四", Broken, hours(0)) };
    assert_eq!(outcome(&[one.clone(), unnamed]), Outcome::Undetermined, "one login, not named");
    let two = ruled(&[one.clone(), said("李四", Broken, hours(0))], &[], now());
    assert_eq!((two.outcome, two.as_of, two.evidence.len()), (Outcome::Fail, now(), 2));
    assert!(two.reason.contains("李四") && two.reason.contains("有效至"), "{}", two.reason);
    assert_eq!(outcome(&[filed(one.clone())]), Outcome::Fail, "a picture counts alone");
    let apart = [said("李四", Broken, ago(8.0)), one];
    assert_eq!(outcome(&apart), Outcome::Undetermined, "a week ago it was another state of things");
}

#[test]
fn a_fail_by_persons_lasts_as_long_as_a_proof_about_the_present() {
    let old = [filed(said("张三", Broken, hours(49)))];
    let ruling = ruled(&old, &[], now());
    assert_eq!(ruling.outcome, Outcome::Undetermined);
    assert!(ruling.reason.contains("已超过48小时"), "{}", ruling.reason);
    assert_eq!(outcome(&[filed(said("张三", Broken, hours(47)))]), Outcome::Fail);
}

#[test]
fn the_later_contradiction_wins() {
    let works = |at| said("王五", Works, hours(at));
    let broken = [said("张三", Broken, hours(5)), said("李四", Broken, hours(4))];
    let with = |word: Word| [&broken[..], &[word]].concat();
    assert_eq!(outcome(&with(works(3))), Outcome::Pass, "it was seen to work since");
    assert_eq!(outcome(&with(works(6))), Outcome::Fail);
    let between = outcome(&[broken[0].clone(), works(4), said("李四", Broken, hours(3))]);
    assert_eq!(between, Outcome::Undetermined, "the first of the two is refuted, one is left");
    let seen = |at: i64| [(hours(at), sign("comments", Some(true)))];
    assert_eq!(ruled(&broken, &seen(1), now()).outcome, Outcome::Pass, "a sign is newer");
    assert_eq!(ruled(&broken, &seen(4), now()).outcome, Outcome::Pass, "at the same instant");
    assert_eq!(ruled(&broken, &seen(30), now()).outcome, Outcome::Fail, "the sign is older");
    let doubted = ruled(&broken[..1], &seen(30), now());
    assert_eq!(doubted.outcome, Outcome::Undetermined, "one bare word takes a pass away, no more");
    assert!(doubted.reason.contains("留言评论可用") && doubted.reason.contains("张三"));
}

#[test]
fn a_look_that_found_no_sign_proves_nothing_and_takes_nothing_back() {
    let none = (now(), sign("comments", None));
    let nothing = ruled(&[], std::slice::from_ref(&none), now());
    assert_eq!((nothing.outcome, nothing.evidence.len()), (Outcome::Undetermined, 0));
    let worked = (ago(20.0), sign("comments", Some(true)));
    assert_eq!(ruled(&[], &[worked.clone(), none], now()).outcome, Outcome::Pass);
    let many = (0..30).map(|day| (ago(f64::from(day) / 2.0), sign("comments", None)));
    let all = [&[worked][..], &many.collect::<Vec<_>>()].concat();
    assert_eq!(ruled(&[], &all, now()).outcome, Outcome::Pass, "nor do many push it out");
    let state = state(&all);
    assert_eq!(state.history.sought["weibo:1/comments"].0, now());
    assert_eq!(state.history.interaction["weibo:1/comments"].iter().count(), 1);
}

#[test]
fn what_a_ruling_cites_of_a_person_is_not_thrown_away() {
    let mut state = AccountState::default();
    state.words.add(said("张三", Works, ago(30.0)));
    state.words.add(said("李四", Finding::NotFound, ago(1.0)));
    let cited: Vec<_> = state.cited().collect();
    assert_eq!(cited, [(ago(30.0), "hash-张三")]);
}

#[test]
fn a_dead_probe_stays_a_fail_whatever_one_bare_word_adds_and_a_word_that_it_works_lifts_it() {
    let mut held = account("weibo");
    held.sources = vec![Source::new("probe", "https://a.example/health")];
    let mut state = AccountState::default();
    for minutes in [90, 0] {
        state.history.absorb(&Look {
            source: "probe:https://a.example/health",
            at: now() - TimeDelta::minutes(minutes),
            channels: &[],
            observation: &sign("probe", Some(false)),
            evidence: None,
            voucher: None,
        });
    }
    let ruled = |state: &AccountState| {
        let judged = judge(&held, state, &policy(), now());
        judged.ruling(Rule::InteractionPoor).unwrap().clone()
    };
    state.words.add(said("张三", Broken, hours(1)));
    let failed = ruled(&state);
    assert_eq!(failed.outcome, Outcome::Fail);
    assert!(failed.reason.contains("张三") && !failed.reason.contains("须另一人"), "{failed:?}");
    state.words.add(said("王五", Works, hours(0)));
    let lifted = ruled(&state);
    assert_eq!(lifted.outcome, Outcome::Pass);
    assert!(lifted.reason.contains("目前无法使用"), "the dead address is told: {lifted:?}");
}
