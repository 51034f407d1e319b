//! The list asks for what a look decides, shares it out, and never leaves an account out for ever.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::civil;
use crate::history::{Look, Voucher};
use crate::id::Channel;
use crate::observation::{Observation, Published, Sighting};
use crate::rulebook::Profile;
use crate::verdict::judge;
use crate::word::{Finding, Word};

fn policy() -> Policy {
    let (name, title) = ("national".to_owned(), String::new());
    Policy::of(Profile { name, title, update_window_days: 14, clauses: Vec::new() })
}

fn start() -> Timestamp {
    civil::instant("2026-10-12T09:00:00".parse().unwrap())
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

fn account(nth: usize) -> Account {
    let id = AccountId::of("douyin", &format!("d{nth}"));
    Account { id, platform: "抖音".to_owned(), ..Account::default() }
}

/// One look: a person says what the account's posts come to.
fn look(state: &mut AccountState, by: &str, posts: &[Timestamp], filed: bool, now: Timestamp) {
    let mut seen = Observation::default();
    let newest = posts.iter().filter(|at| **at <= now).max();
    match newest {
        Some(at) if *at + days(14) > now => seen.sightings.push(Sighting {
            key: civil::rfc3339(*at),
            channel: Channel::posts(),
            published: Published::at(*at),
            title: String::new(),
            url: None,
            pinned: false,
            repost: false,
        }),
        _ => seen.coverage.add(Channel::all(), now - days(17), now),
    }
    let source = format!("人工:{by}");
    state.history.absorb(&Look {
        source: &source,
        at: now,
        channels: &[],
        observation: &seen,
        evidence: None,
        voucher: Some(Voucher { name: by, with_file: filed }),
    });
}

fn case_of(account: &Account, state: &AccountState, terms: &Terms, now: Timestamp) -> Option<Case> {
    case(account, state, &judge(account, state, &policy(), now), terms)
}

fn terms() -> Terms {
    Terms::of(&policy(), None)
}

fn team(people: &[&str], daily: usize) -> Team {
    let people = people.iter().map(ToString::to_string).collect();
    Team { people, daily, done: BTreeMap::new() }
}

#[test]
fn a_post_needs_no_look_before_its_deadline_nears() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    let never = case_of(&account, &state, &terms(), now).unwrap();
    assert_eq!((never.why, never.due), (Why::NeverLooked, Timestamp::UNIX_EPOCH));
    look(&mut state, "张三", &[now - days(1)], false, now);
    let case = case_of(&account, &state, &terms(), now).unwrap();
    assert_eq!(case.why, Why::DeadlineNears);
    assert_eq!(case.due, now - days(1) + days(14 - LEAD_DAYS));
    let late = case_of(&account, &state, &terms(), now + days(30)).unwrap();
    assert_eq!((late.why, late.runs_out), (Why::DeadlinePassed, now + days(13)));
}

#[test]
fn one_word_asks_for_a_second_person_and_two_for_nobody_until_it_may_be_mended() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    look(&mut state, "张三", &[], false, now);
    let half = case_of(&account, &state, &terms(), now + TimeDelta::hours(1)).unwrap();
    assert_eq!((half.why, half.not_by.as_slice()), (Why::SecondPerson, &["张三".to_owned()][..]));
    let lapsed = case_of(&account, &state, &terms(), now + days(3)).unwrap();
    assert_eq!((lapsed.why, lapsed.not_by.len()), (Why::WordLapsed, 1));
    look(&mut state, "李四", &[], false, now + days(1));
    // What counts is what both saw; that the second word reaches further asks for no third.
    let whole = case_of(&account, &state, &terms(), now + days(1)).unwrap();
    assert_eq!((whole.why, whole.due), (Why::ProofAged, now + days(RECTIFIED_WITHIN_DAYS)));
    assert_eq!(whole.not_by, ["李四"], "somebody else goes on");
    look(&mut state, "张三", &[], false, whole.due);
    let next = case_of(&account, &state, &terms(), whole.due).unwrap();
    assert_eq!((next.not_by.as_slice(), next.due), (&["张三".to_owned()][..], now + days(8)));
}

#[test]
fn a_picture_counts_alone() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    look(&mut state, "张三", &[], true, now);
    let case = case_of(&account, &state, &terms(), now).unwrap();
    assert_eq!((case.why, case.due), (Why::ProofAged, now + days(RECTIFIED_WITHIN_DAYS)));
}

#[test]
fn a_proof_that_has_aged_says_that_it_was_one_and_when_somebody_looks_again() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    look(&mut state, "张三", &[], true, now);
    let young = case_of(&account, &state, &terms(), now + days(1)).unwrap();
    assert_eq!((young.verdict, young.lapsed), (Outcome::Fail, None));
    let later = now + days(3);
    let aged = case_of(&account, &state, &terms(), later).unwrap();
    assert_eq!((aged.verdict, aged.lapsed), (Outcome::Undetermined, Some(now)));
    assert_eq!((aged.why, aged.due), (Why::ProofAged, now + days(RECTIFIED_WITHIN_DAYS)));
    let reason = |state: &AccountState| {
        let judged = judge(&account, state, &policy(), later);
        judged.ruling(Rule::ContentStale).unwrap().reason.clone()
    };
    let told = reason(&state);
    assert!(told.contains("曾证实截至") && told.contains("佐证已超过48小时"), "{told}");
    assert!(told.contains("人工核查将在7天内"), "{told}");
    // A post since then: what was proven before is no news any more.
    look(&mut state, "李四", &[now + days(1)], false, later);
    let told = reason(&state);
    assert!(!told.contains("曾证实"), "{told}");
}

#[test]
fn what_nobody_finds_goes_to_a_second_person_and_then_to_the_operator() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    let word = |by: &str, at| Word {
        at,
        by: by.to_owned(),
        found: Finding::NotFound,
        detail: String::new(),
        evidence: String::new(),
        filed: false,
        via: None,
    };
    state.words.add(word("张三", now));
    let case = case_of(&account, &state, &terms(), now).unwrap();
    assert_eq!((case.why, case.missed_by), (Why::NotFound, 1));
    assert!(!may_look(&case, "张 三") && may_look(&case, "李四") && case.due > now);
    let judged = judge(&account, &state, &policy(), now);
    let gone = judged.ruling(Rule::AccountGone).unwrap();
    assert!(gone.outcome == Outcome::Undetermined && gone.reason.contains("张三"), "{gone:?}");
    state.words.add(word("李四", now + days(1)));
    let case = case_of(&account, &state, &terms(), now + days(1)).unwrap();
    assert_eq!((case.missed_by, case.due), (2, now + days(15)));
    let judged = judge(&account, &state, &policy(), now + days(2));
    assert_eq!(judged.verdict, Some(Outcome::Undetermined), "an empty answer is never a fail");
}

#[test]
fn a_doubted_menu_is_for_review_and_vetoes_nothing() {
    let (account, now) = (account(1), start());
    let mut state = AccountState::default();
    look(&mut state, "张三", &[now - days(1)], false, now);
    let (by, detail) = ("张三".to_owned(), "第二项打不开".to_owned());
    let found = Finding::MenuWrong;
    let (evidence, filed, via) = (String::new(), false, None);
    let word = Word { at: now, by, found, detail, evidence, filed, via };
    state.words.add(word);
    let judged = judge(&account, &state, &policy(), now);
    let menu = judged.ruling(Rule::MenuLinks).unwrap();
    assert!(menu.outcome == Outcome::Undetermined && menu.reason.contains("第二项打不开"));
    assert_eq!(judged.verdict, Some(Outcome::Pass));
}

#[test]
fn an_inspection_pulls_what_it_would_find_open_to_the_front() {
    let now = start();
    let terms = Terms { inspection: Some(now + days(4)), ..terms() };
    let (mut fresh, mut lapsing, open) =
        (AccountState::default(), AccountState::default(), AccountState::default());
    look(&mut fresh, "张三", &[now - days(1)], false, now);
    look(&mut lapsing, "张三", &[now - days(12)], false, now);
    let cases = [(1, &fresh), (2, &lapsing), (3, &open)];
    let cases = cases.map(|(nth, state)| case_of(&account(nth), state, &terms, now).unwrap());
    assert_eq!(cases[0].due, now + days(10), "passes whatever happens");
    assert_eq!(cases[2].why, Why::Inspection);
    let list = plan(cases.to_vec(), &team(&[], 10), civil::day(now), &terms);
    let order: Vec<&str> = list.today.iter().map(|task| task.case.id.as_str()).collect();
    assert_eq!(order, ["douyin:d3", "douyin:d2"]);
    assert_eq!(list.unproven, 3);
}

#[test]
fn the_load_is_told_from_the_numbers() {
    let of = |open| Load::of(Standing { open, ..Standing::default() }, days(14), 40);
    let load = of(3000);
    let told = "3,000 个待核实账号,按 14 天一轮每天约 214 个,按每个 40 秒约 2.4 小时";
    assert_eq!(load.chinese(), told);
    assert_eq!(of(1).per_day, 1);
    assert!(of(1).chinese().ends_with("约 1 分钟"));
    assert_eq!(of(0).per_day, 0);
    let mut standing = Standing::default();
    [Outcome::Undetermined, Outcome::Pass, Outcome::AtRisk, Outcome::Fail]
        .into_iter()
        .for_each(|verdict| standing.add(verdict));
    let told = "4 个账号靠人工核查(待核实 1 个,已知有更新 2 个,疑似不达标 1 个),按 14 天一轮";
    assert!(Load::of(standing, days(14), 40).chinese().starts_with(told));
    assert_eq!(thousands(1_234_567), "1,234,567");
}

#[test]
fn looks_made_today_leave_less_room_and_a_lone_person_is_told_to_bring_a_picture() {
    let now = start();
    let cases: Vec<Case> = (0..30)
        .map(|nth| case_of(&account(nth), &AccountState::default(), &terms(), now).unwrap())
        .collect();
    let mut two = team(&["张三", "李四"], 10);
    two.done.insert("张 三".to_owned(), 4);
    let list = plan(cases.clone(), &two, civil::day(now), &terms());
    let of = |name: &str| list.today.iter().filter(|t| t.person.as_deref() == Some(name)).count();
    assert_eq!((of("张三"), of("李四"), list.beyond.len()), (6, 10, 14));
    let half =
        Case { not_by: vec!["张三".to_owned()], why: Why::SecondPerson, ..cases[0].clone() };
    let alone = plan(vec![half], &team(&["张三"], 5), civil::day(now), &terms());
    assert!(alone.today[0].alone && alone.today[0].person.as_deref() == Some("张三"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever people answer, every unproven account is listed within a round if the budget suffices, and the second look
    /// falls to another person than the first.
    #[test]
    fn every_account_comes_up_within_a_round(
        silent in proptest::collection::vec(any::<bool>(), 1..40),
        rhythm in 1_i64..20,
        offset in 0_i64..20,
    ) {
        let team = team(&["张三", "李四", "王五"], 60);
        let mut states = vec![AccountState::default(); silent.len()];
        let mut listed: Vec<Timestamp> = vec![start() - days(1); silent.len()];
        for day in 0..60 {
            let now = start() + days(day);
            let cases: Vec<Case> = states.iter().enumerate()
                .filter_map(|(nth, state)| case_of(&account(nth), state, &terms(), now)).collect();
            prop_assert_eq!(cases.len(), silent.len());
            let list = plan(cases, &team, civil::day(now), &terms());
            prop_assert!(list.beyond.is_empty());
            for task in list.today {
                let nth: usize = task.case.id.as_str()["douyin:d".len()..].parse().unwrap();
                let person = task.person.unwrap();
                prop_assert!(task.alone || may_look(&task.case, &person));
                listed[nth] = now;
                let posts: Vec<Timestamp> = (0..80)
                    .map(|n| start() - days(40 + offset) + days(n * rhythm)).collect();
                let posts = if silent[nth] { &[][..] } else { &posts[..] };
                look(&mut states[nth], &person, posts, false, now);
            }
            for last in &listed {
                prop_assert!(now - *last <= days(14), "left out since {last}");
            }
        }
    }

    /// With far too small a budget the longest waiting still come up, each of them.
    #[test]
    fn nobody_waits_for_ever(count in 1_usize..25, daily in 1_usize..4, urgent in 0_usize..25) {
        let mut seen = BTreeSet::new();
        for day in 0..120 {
            let now = start() + days(day);
            let made = |nth: usize| {
                let id = account(nth).id;
                let long_ago = start() - days(30) + TimeDelta::minutes(nth as i64);
                let (why, due) = if nth < urgent && seen.contains(&nth) {
                    // The urgent are asked for again each day.
                    (Why::Inspection, now)
                } else if seen.contains(&nth) {
                    return None;
                } else {
                    (Why::NeverLooked, long_ago)
                };
                Some(Case { id, why, due, runs_out: due, not_by: Vec::new(), missed_by: 0, verdict: Outcome::Undetermined, lapsed: None })
            };
            let cases: Vec<Case> = (0..count).filter_map(made).collect();
            let list = plan(cases, &team(&[], daily), civil::day(now), &terms());
            for task in list.today {
                seen.insert(task.case.id.as_str()["douyin:d".len()..].parse::<usize>().unwrap());
            }
        }
        prop_assert_eq!(seen.len(), count);
    }
}
