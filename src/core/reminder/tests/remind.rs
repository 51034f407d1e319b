//! The supervising unit before the deadline, and what is due soon told together.

use super::*;
use crate::reminder::remind::GATHER_H;

/// What is told in two weeks without a post, the class being this.
fn told_as(class: EvidenceClass, from: f64) -> Vec<(f64, u32, Audience)> {
    let (mut episodes, mut told, mut now) = (Vec::new(), Vec::new(), from);
    while now < 14.0 {
        let mut judgement = judged(&[0.0], now);
        judgement.evidence_class = class;
        let decision = decide(&judgement, &episodes, &policy());
        told.extend(decision.tell.iter().map(|tell| (now, tell.stage, tell.audience)));
        episodes = decision.episodes;
        now += 0.25;
    }
    told
}

#[test]
fn reminders_without_effect_are_told_to_the_supervising_unit_before_the_deadline() {
    let told = told_as(EvidenceClass::Auto, 1.0);
    let (owner, supervisor) = (Audience::Owner, Audience::Supervisor);
    let expected = [(9.0, 5, owner), (11.0, 3, owner), (13.0, 1, owner)];
    assert_eq!(told[..3], expected);
    assert_eq!(told[3..], [(13.0, UNANSWERED, supervisor)]);
    // Where posts may go unseen, most owners have published: that is no silence.
    let told = told_as(EvidenceClass::HitsOnly, 1.0);
    assert_eq!(told, expected);
    // Whose first reminder it is gets its time to act.
    let told = told_as(EvidenceClass::Auto, 13.25);
    assert_eq!(told, [(13.25, 1, owner)]);
    let told = told_as(EvidenceClass::Auto, 12.5);
    assert_eq!(told, [(12.5, 3, owner), (13.0, 1, owner), (13.5, UNANSWERED, supervisor)]);
}

#[test]
fn an_owner_of_whom_nothing_was_read_since_is_not_called_silent() {
    let reminded = decide(&judged(&[0.0], 12.0), &[], &policy()).episodes;
    let told = |read: f64| {
        let mut judgement = judged(&[0.0], 13.5);
        judgement.proven_until = Some(day(read));
        let told = decide(&judgement, &reminded, &policy()).tell;
        told.iter().map(|tell| tell.stage).collect::<Vec<_>>()
    };
    assert_eq!(told(12.5), [1], "the platform is out since");
    assert_eq!(told(13.0), [1, UNANSWERED]);
}

#[test]
fn what_is_due_within_a_day_is_told_beside_another_and_then_not_again() {
    let ahead = TimeDelta::hours(GATHER_H);
    let decide = |now: f64, episodes: &[Episode], ahead| {
        decide_unless_quiet(&judged(&[0.0], now), episodes, &policy(), None, ahead)
    };
    // Not at risk yet: nobody is written to about it.
    assert_eq!(decide(8.5, &[], ahead).tell, []);
    let first = decide(9.0, &[], TimeDelta::zero());
    assert_eq!(decide(9.9, &first.episodes, ahead).tell, []);
    let early = decide(10.25, &first.episodes, ahead);
    assert_eq!(early.tell.iter().map(|tell| tell.stage).collect::<Vec<_>>(), [3]);
    assert_eq!(decide(11.0, &early.episodes, TimeDelta::zero()).tell, []);
    let last = decide(13.0, &early.episodes, TimeDelta::zero());
    assert_eq!(last.tell.first().map(|tell| tell.stage), Some(1));
}

#[test]
fn what_waited_over_night_holds_unless_something_was_seen_since() {
    let tell = decide(&judged(&[0.0], 9.0), &[], &policy()).tell.remove(0);
    let stand = |tell: &Tell, posts: &[f64], now| tell.stand(&judged(posts, now), day(9.0));
    assert_eq!(stand(&tell, &[0.0], 9.5), Stand::Holds);
    assert_eq!(stand(&tell, &[0.0, 9.2], 9.5), Stand::Over, "it was published");
    assert_eq!(stand(&tell, &[0.0], 14.5), Stand::Over, "too late for a reminder");
    let overdue = decide(&judged(&[0.0], 14.5), &[], &policy()).tell.remove(0);
    assert_eq!(stand(&overdue, &[0.0], 15.0), Stand::Holds);
    assert_eq!(stand(&overdue, &[0.0, 14.8], 15.0), Stand::Over);
    let mut unproven = judged(&[0.0], 15.0);
    unproven.rulings.iter_mut().for_each(|ruling| ruling.outcome = Outcome::Undetermined);
    assert_eq!(overdue.stand(&unproven, day(14.5)), Stand::Aged, "neither proven nor refuted");
}
