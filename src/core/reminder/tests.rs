//! A reminder at each threshold once, overdue at once and weekly, escalation later, rectified only after overdue.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

mod quiet;
mod remind;
use crate::account::Account;
use crate::calendar::Calendar;
use crate::history::Look;
use crate::id::{AccountId, Channel};
use crate::observation::{Observation, Published, Sighting};
use crate::rulebook::Profile;
use crate::state::AccountState;
use crate::verdict::{EvidenceClass, judge};

fn day(days: f64) -> Timestamp {
    let seconds = 1_795_312_800 + (days * 86_400.0) as i64;
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn policy() -> Policy {
    Policy::of(Profile {
        name: "national".to_owned(),
        title: String::new(),
        update_window_days: 14,
        clauses: Vec::new(),
    })
}

/// An account whose posts are at these days, wholly covered until `now`.
fn judged(posts: &[f64], now: f64) -> Judgement {
    judged_by(posts, now, &policy())
}

fn judged_by(posts: &[f64], now: f64, policy: &Policy) -> Judgement {
    let account = Account {
        id: AccountId::new("weibo:1"),
        platform: "weibo".to_owned(),
        ..Account::default()
    };
    let mut observation = Observation::default();
    for post in posts.iter().filter(|post| **post <= now) {
        observation.sightings.push(Sighting {
            key: post.to_string(),
            channel: Channel::posts(),
            published: Published::at(day(*post)),
            title: String::new(),
            url: None,
            pinned: false,
            repost: false,
        });
    }
    observation.coverage.add(Channel::posts(), day(-999.0), day(now));
    let mut state = AccountState::default();
    state.history.absorb(&Look {
        source: "weibo:1",
        at: day(now),
        channels: &[],
        observation: &observation,
        evidence: None,
        voucher: None,
    });
    judge(&account, &state, policy, day(now))
}

/// Walks through days (a look every quarter day) and lists what is told.
fn walk(posts: &[f64], until: f64) -> Vec<(f64, Reason, u32)> {
    let mut episodes = Vec::new();
    let mut told = Vec::new();
    let mut now = 0.0;
    while now <= until {
        let decision = decide(&judged(posts, now), &episodes, &policy());
        told.extend(decision.tell.iter().map(|tell| (now, tell.reason, tell.stage)));
        episodes = decision.episodes;
        now += 0.25;
    }
    told
}

#[test]
fn an_account_that_falls_silent_is_reminded_then_told_then_escalated() {
    let expected = [
        (9.0, Reason::Reminder, 5),
        (11.0, Reason::Reminder, 3),
        (13.0, Reason::Reminder, 1),
        (13.0, Reason::Reminder, UNANSWERED),
        (14.25, Reason::Overdue, 0),
        (16.25, Reason::Escalation, 0),
        (21.25, Reason::Overdue, 1),
    ];
    assert_eq!(walk(&[0.0], 22.0), expected);
}

#[test]
fn an_overdue_that_stands_for_weeks_is_told_less_often() {
    let told = walk(&[0.0], 100.0);
    let overdue = told.iter().filter(|(_, reason, _)| *reason == Reason::Overdue);
    let days: Vec<f64> = overdue.map(|(at, _, _)| *at).collect();
    assert_eq!(days, [14.25, 21.25, 28.25, 35.25, 63.25, 91.25]);
}

#[test]
fn a_late_post_is_thanked_for_and_a_timely_one_is_not() {
    let told = walk(&[0.0, 15.0], 16.0);
    assert_eq!(told.last(), Some(&(15.0, Reason::Rectified, 0)));
    let told = walk(&[0.0, 12.0], 20.0);
    let reasons: Vec<_> = told.iter().map(|(_, reason, stage)| (*reason, *stage)).collect();
    assert_eq!(reasons, [(Reason::Reminder, 5), (Reason::Reminder, 3)]);
}

#[test]
fn a_new_post_begins_a_new_episode() {
    let told = walk(&[0.0, 10.0], 20.0);
    assert_eq!(told, [(9.0, Reason::Reminder, 5), (19.0, Reason::Reminder, 5)]);
}

#[test]
fn nobody_is_accused_of_what_is_undetermined() {
    let mut judgement = judged(&[0.0], 30.0);
    for ruling in &mut judgement.rulings {
        ruling.outcome = Outcome::Undetermined;
    }
    assert_eq!(decide(&judgement, &[], &policy()).tell, []);
}

#[test]
fn the_next_look_is_the_next_threshold() {
    let decision = decide(&judged(&[0.0], 1.0), &[], &policy());
    assert_eq!(decision.next_look, Some(day(9.0)));
    let decision = decide(&judged(&[0.0], 9.0), &[], &policy());
    assert_eq!(decision.next_look, Some(day(11.0)));
}

proptest! {
    #[test]
    fn decide_never_repeats_within_the_interval(
        posts in proptest::collection::vec(0.0f64..60.0, 1..5),
        step in 0.05f64..2.0,
    ) {
        let mut episodes: Vec<Episode> = Vec::new();
        let mut seen: Vec<(Rule, Timestamp, Reason, u32, Audience)> = Vec::new();
        let mut overdue: Vec<(Timestamp, Timestamp)> = Vec::new();
        let mut now = 0.0;
        while now < 80.0 {
            let decision = decide(&judged(&posts, now), &episodes, &policy());
            let again = decide(&judged(&posts, now), &decision.episodes, &policy());
            prop_assert!(again.tell.is_empty(), "told twice at one instant: {:?}", again.tell);
            for tell in &decision.tell {
                let key = (tell.rule, tell.mark, tell.reason, tell.stage, tell.audience);
                prop_assert!(!seen.contains(&key), "{key:?}");
                seen.push(key);
                if tell.reason == Reason::Overdue {
                    let early = overdue.iter().any(|(mark, at)| {
                        *mark == tell.mark && day(now) - *at < TimeDelta::days(OVERDUE_AGAIN_DAYS)
                    });
                    prop_assert!(!early);
                    overdue.push((tell.mark, day(now)));
                }
            }
            episodes = decision.episodes;
            now += step;
        }
    }
}

/// The breaks of 2026 that the tests need.
fn with_calendar(window: u32) -> Policy {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let run = |name: &'static str, from: &str, to: &str| {
        let until = day(to);
        let days = day(from).iter_days().take_while(move |day| *day <= until);
        days.map(|day| (day, name.to_owned())).collect::<Vec<_>>()
    };
    let off = [run("春节", "2026-02-15", "2026-02-23"), run("国庆节", "2026-10-01", "2026-10-07")];
    let makeup = ["2026-02-14", "2026-02-28", "2026-09-20", "2026-10-10"].map(day);
    let calendar = Calendar::from_parts([2026], off.concat(), makeup);
    let mut policy = policy();
    policy.window = TimeDelta::days(window.into());
    policy.calendar = calendar.into();
    policy
}

/// A Beijing instant of 2026 as days for [`judged`].
fn on(month: u32, dom: u32, hour: u32) -> f64 {
    let day = chrono::NaiveDate::from_ymd_opt(2026, month, dom).unwrap();
    let at = crate::civil::instant(day.and_hms_opt(hour, 0, 0).unwrap());
    (at - day_zero()).num_seconds() as f64 / 86_400.0
}

fn day_zero() -> Timestamp {
    day(0.0)
}

/// Walks by the hour and tells when which letters of a kind come.
fn kinds(
    posts: &[f64],
    span: (f64, f64),
    policy: &Policy,
    kind: Reason,
) -> Vec<(String, Audience)> {
    let (mut episodes, mut told, mut now) = (Vec::new(), Vec::new(), span.0);
    while now <= span.1 {
        let decision = decide(&judged_by(posts, now, policy), &episodes, policy);
        let of_kind = decision.tell.iter().filter(|tell| tell.reason == kind);
        told.extend(of_kind.map(|tell| (crate::civil::minute_text(day(now)), tell.audience)));
        episodes = decision.episodes;
        now += 1.0 / 24.0;
    }
    told
}

#[test]
fn before_a_long_break_each_account_that_would_lapse_in_it_gets_one_letter() {
    let national = with_calendar(14);
    let span = (on(2, 1, 9), on(3, 1, 9));
    let told = |posts: &[f64], policy: &Policy| {
        kinds(posts, span, policy, Reason::PreHoliday)
            .into_iter()
            .map(|it| it.0)
            .collect::<Vec<_>>()
    };
    // Three working days before 15 February: 12, 13 and 14 (a Saturday that is worked).
    assert_eq!(told(&[on(2, 5, 9)], &national), ["2026-02-12 00:00"]);
    // Lapses on the 24th at 10:00, when work has begun; a minute before nine it has not.
    assert_eq!(told(&[on(2, 10, 10)], &national), Vec::<String>::new());
    assert_eq!(told(&[on(2, 10, 9) - 0.001], &national), ["2026-02-12 00:00"]);
    // Who posts on the eve is fine, unless the rule is seven days: then even that is not enough, told once.
    assert_eq!(told(&[on(2, 9, 10), on(2, 11, 10)], &national), Vec::<String>::new());
    let weekly = with_calendar(7);
    let posts = [on(1, 28, 10), on(2, 3, 10), on(2, 9, 10), on(2, 13, 10), on(2, 14, 10)];
    assert_eq!(told(&posts, &weekly), ["2026-02-12 00:00"]);
    let mut never = with_calendar(14);
    never.pre_holiday_days = 0;
    assert_eq!(told(&[on(2, 5, 9)], &never), Vec::<String>::new());
    // A letter that is to come is looked forward to.
    let decision = decide(&judged_by(&[on(2, 5, 9)], on(2, 6, 9), &national), &[], &national);
    assert_eq!(decision.next_look, Some(day(on(2, 12, 0))));
}

#[test]
fn a_year_that_is_not_known_has_the_breaks_of_fixed_date() {
    let calendar = Calendar::from_parts([2026], [], []);
    let thursday = "2026-12-31".parse().unwrap();
    let found = calendar.long_break_ahead(thursday, 3).unwrap();
    assert_eq!((found.name.as_deref(), found.certain), (Some("元旦"), false));
    assert_eq!(found.next_working, "2027-01-04".parse().unwrap());
    assert_eq!(calendar.first_gap(thursday, found.last), Some(2027));
}

fn open(mut judgement: Judgement, class: EvidenceClass) -> Judgement {
    judgement.verdict = Some(Outcome::Undetermined);
    judgement.evidence_class = class;
    for ruling in &mut judgement.rulings {
        ruling.outcome = Outcome::Undetermined;
    }
    judgement
}

#[test]
fn evidence_is_asked_for_twice_then_the_supervising_unit_hears_of_it() {
    let policy = policy();
    let walk = |class: EvidenceClass, answered: std::ops::Range<f64>, policy: &Policy| {
        let (mut episodes, mut told) = (Vec::new(), Vec::new());
        for quarter in 0..240 {
            let now = f64::from(quarter) / 4.0;
            let mut judgement = judged(&[], now);
            if !answered.contains(&now) {
                judgement = open(judgement, class);
            } else {
                judgement.verdict = Some(Outcome::Pass);
                judgement.rulings.iter_mut().for_each(|it| it.outcome = Outcome::Pass);
            }
            let decision = decide(&judgement, &episodes, policy);
            told.extend(decision.tell.iter().map(|it| (now, it.reason, it.stage, it.audience)));
            episodes = decision.episodes;
        }
        told
    };
    let ask = |at: f64, stage, audience| (at, Reason::EvidenceRequest, stage, audience);
    let (owner, supervisor) = (Audience::Owner, Audience::Supervisor);
    let expected =
        [ask(2.0, 0, owner), ask(9.0, 1, owner), ask(16.0, 2, supervisor), ask(46.0, 3, owner)];
    for class in [EvidenceClass::HitsOnly, EvidenceClass::None, EvidenceClass::Attested] {
        assert_eq!(walk(class, 0.0..0.0, &policy), expected, "{class:?}");
    }
    // An answer begins anew, yet not sooner than the interval after the last question.
    let told = walk(EvidenceClass::None, 3.0..4.0, &policy);
    assert_eq!(told[..2], [ask(2.0, 0, owner), ask(9.0, 0, owner)]);
    // What the machine can see by itself is not asked for, nor with the question switched off.
    assert_eq!(walk(EvidenceClass::Auto, 0.0..0.0, &policy), []);
    let off = Policy { evidence_again_days: 0, ..policy.clone() };
    assert_eq!(walk(EvidenceClass::None, 0.0..0.0, &off), []);
}

#[test]
fn what_only_the_owner_can_mend_is_asked_for_too() {
    let mut judgement = open(judged(&[], 3.0), EvidenceClass::Auto);
    let mark = day(0.0);
    let rule = Rule::ContentStale;
    let held = [Episode { topic: Topic::Question, rule, mark, told: Vec::new() }];
    assert_eq!(decide(&judgement, &held, &policy()).tell, []);
    judgement.owner_can_mend = true;
    let told = decide(&judgement, &held, &policy()).tell;
    assert_eq!(told.first().map(|it| it.reason), Some(Reason::EvidenceRequest));
}

#[test]
fn who_was_alarmed_hears_that_it_is_over() {
    let audiences = |posts: &[f64]| kinds(posts, (0.0, 20.0), &policy(), Reason::Rectified);
    let who = |told: Vec<(String, Audience)>| told.into_iter().map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(who(audiences(&[0.0, 15.0])), [Audience::Owner]);
    assert_eq!(who(audiences(&[0.0, 17.0])), [Audience::Owner, Audience::Supervisor]);
}

#[test]
fn a_named_account_is_raised_at_the_end_of_the_time_for_rectification() {
    let raised = |named: bool, start: f64| {
        let mut episodes = Vec::new();
        for step in 0..400 {
            let now = start + f64::from(step) / 24.0;
            let mut judgement = judged(&[start - 15.0], now);
            judgement.named = if named { vec![Rule::ContentStale] } else { Vec::new() };
            let decision = decide(&judgement, &episodes, &policy());
            if decision.tell.iter().any(|it| it.reason == Reason::Escalation) {
                return crate::civil::minute_text(day(now));
            }
            episodes = decision.episodes;
        }
        String::new()
    };
    assert_eq!(raised(false, on(10, 14, 8)), "2026-10-16 08:00");
    // The third quarter's: until the end of 14 October.
    assert_eq!(raised(true, on(10, 14, 8)), "2026-10-15 00:00");
    assert_eq!(raised(true, on(10, 10, 8)), "2026-10-12 08:00");
    assert_eq!(raised(true, on(11, 20, 8)), "2026-11-20 08:00");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn questions_keep_their_distance(
        opens in proptest::collection::vec(any::<bool>(), 120),
        step in 0.2f64..1.5,
    ) {
        let (mut episodes, mut last): (Vec<Episode>, Option<Timestamp>) = (Vec::new(), None);
        for (nth, is_open) in opens.iter().enumerate() {
            let now = nth as f64 * step;
            let mut judgement = judged(&[], now);
            if *is_open {
                judgement = open(judgement, EvidenceClass::None);
            } else {
                judgement.verdict = Some(Outcome::Pass);
            }
            let decision = decide(&judgement, &episodes, &policy());
            for tell in decision.tell.iter().filter(|it| it.reason == Reason::EvidenceRequest) {
                prop_assert!(*is_open);
                prop_assert!(last.is_none_or(|at| day(now) - at >= TimeDelta::days(7)), "{tell:?}");
                last = Some(day(now));
            }
            episodes = decision.episodes;
        }
    }
}
