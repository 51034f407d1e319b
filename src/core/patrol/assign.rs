//! Who looks at what today? The order of the day, cut to what people can do, shared out among them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::{Case, Terms, may_look, place_of, round_of};
use crate::Timestamp;
use crate::civil;
use crate::word::same_person;

/// One place in so many of a day is kept for those that have waited longest, so that nobody waits for ever.
const KEPT_FOR_WAITING: usize = 4;

/// Who looks, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// By name, in the order of the configuration; empty = whoever comes.
    pub people: Vec<String>,
    /// Looks that one person makes in a day.
    pub daily: usize,
    /// Looks that were made today already, by name.
    pub done: BTreeMap<String, usize>,
}

/// One look that is wanted today.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Which account and why.
    pub case: Case,
    /// Who; `None` = whoever comes.
    pub person: Option<String>,
    /// Only a picture makes this look count: there is nobody else who could be the second person.
    pub alone: bool,
}

/// The list of one day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In the order in which they should be looked at; within the budget.
    pub today: Vec<Task>,
    /// Due as well, and beyond the budget; in the same order.
    pub beyond: Vec<Task>,
    /// All unproven accounts, due or not.
    pub unproven: usize,
}

/// The list of a day: of what falls due by its end, what decides most first, and one place in four for those that have
/// waited longest. Nothing is dropped: what does not fit is `beyond` and has waited longer tomorrow.
pub fn plan(cases: Vec<Case>, team: &Team, day: NaiveDate, terms: &Terms) -> Plan {
    let end = civil::start_of(day) + TimeDelta::days(1);
    let unproven = cases.len();
    let mut due: Vec<Case> = cases.into_iter().filter(|case| case.due < end).collect();
    due.sort_by_cached_key(order);
    let mut desk = Desk::of(team);
    let late = civil::start_of(day) - terms.window;
    let mut plan = Plan { unproven, ..Plan::default() };
    for case in woven(due, late) {
        let alone =
            !team.people.is_empty() && !team.people.iter().any(|name| may_look(&case, name));
        let preferred = preferred(&case, team, day, terms);
        match desk.take(&case, preferred, alone) {
            Some(person) => plan.today.push(Task { case, person, alone }),
            None => {
                let person = preferred.map(|nth| team.people[nth].clone());
                plan.beyond.push(Task { case, person, alone });
            }
        }
    }
    plan
}

fn order(case: &Case) -> (u8, u8, Timestamp, u64, String) {
    // Of what an inspection wants, a word that a second person completes is the cheapest to decide.
    let half = u8::from(case.not_by.is_empty());
    (case.why.rank(), half, case.runs_out, place_of(&case.id), case.id.to_string())
}

/// The order of the day with each fourth place given to who has waited longest, of those that were due before `late`.
fn woven(due: Vec<Case>, late: Timestamp) -> Vec<Case> {
    let mut waiting: Vec<usize> = (0..due.len()).filter(|nth| due[*nth].due < late).collect();
    waiting.sort_by_key(|nth| (Reverse(due[*nth].due), Reverse(place_of(&due[*nth].id))));
    let mut slots: Vec<Option<Case>> = due.into_iter().map(Some).collect();
    let (mut next, mut out) = (0, Vec::with_capacity(slots.len()));
    while out.len() < slots.len() {
        let kept = out.len() % KEPT_FOR_WAITING == 0;
        let longest = kept.then(|| take_waiting(&mut waiting, &mut slots)).flatten();
        let case = longest.or_else(|| {
            while slots[next].is_none() {
                next += 1;
            }
            slots[next].take()
        });
        out.extend(case);
    }
    out
}

fn take_waiting(waiting: &mut Vec<usize>, slots: &mut [Option<Case>]) -> Option<Case> {
    while let Some(nth) = waiting.pop() {
        if let Some(case) = slots[nth].take() {
            return Some(case);
        }
    }
    None
}

/// Whose turn it is: by the account's hash, one further each round, past those who looked already.
fn preferred(case: &Case, team: &Team, day: NaiveDate, terms: &Terms) -> Option<usize> {
    let count = team.people.len();
    if count == 0 {
        return None;
    }
    let turn = u64::try_from(round_of(day, terms).max(0)).unwrap_or(0);
    let first = usize::try_from(place_of(&case.id).wrapping_add(turn) % count as u64).unwrap_or(0);
    let turns = (0..count).map(|step| (first + step) % count);
    turns.clone().find(|nth| may_look(case, &team.people[*nth])).or(Some(first))
}

/// How much room each person has left today.
struct Desk<'a> {
    people: &'a [String],
    room: Vec<usize>,
    /// Without named people: for all.
    shared: usize,
}

impl<'a> Desk<'a> {
    fn of(team: &'a Team) -> Self {
        let done = |name: &String| {
            let own = team.done.iter().filter(|(by, _)| same_person(by, name));
            own.map(|(_, looks)| looks).sum::<usize>()
        };
        let room = team.people.iter().map(|name| team.daily.saturating_sub(done(name))).collect();
        let all: usize = team.done.values().sum();
        Self { people: &team.people, room, shared: team.daily.saturating_sub(all) }
    }

    /// Takes a place at the preferred person's desk, else at the next that has room. The inner `None` is whoever comes.
    fn take(
        &mut self,
        case: &Case,
        preferred: Option<usize>,
        alone: bool,
    ) -> Option<Option<String>> {
        let Some(first) = preferred else {
            self.shared = self.shared.checked_sub(1)?;
            return Some(None);
        };
        let count = self.people.len();
        let nth = (0..count)
            .map(|step| (first + step) % count)
            .find(|nth| self.room[*nth] > 0 && (alone || may_look(case, &self.people[*nth])))?;
        self.room[nth] -= 1;
        Some(Some(self.people[nth].clone()))
    }
}
