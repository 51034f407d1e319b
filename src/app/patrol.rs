//! What is on today's patrol list? 人工核查单, from the store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, TimeDelta};
use freshd_core::patrol::{Case, Load, Plan, Standing, Task, Team, Terms, case, plan};
use freshd_core::word::same_person;
use freshd_core::{Timestamp, civil};

use super::App;
use crate::report::patrol::{PatrolRow, PatrolView, none_days, row};
use crate::report::view::as_of;
use crate::store::StoreError;

/// Of another day the list is made as of this hour.
const MORNING_H: i64 = 9;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The day; `None` = today.
    pub day: Option<NaiveDate>,
    /// Only this person's.
    pub person: Option<String>,
    /// What does not fit into the day, too.
    pub all: bool,
    /// Only accounts of these units; empty = all.
    pub units: Vec<String>,
}

impl App {
    /// The next instant that an inspection looks at.
    fn next_inspection(&self, now: Timestamp) -> Option<Timestamp> {
        let config = self.config();
        let year = civil::day(now).year();
        let quarters = (1..=4).map(|quarter| (year, quarter)).chain([(year + 1, 1)]);
        quarters
            .filter_map(|(year, quarter)| {
                let inspection = config.policy.inspection;
                inspection.of_quarter(year, quarter, &config.calendar, config.timezone)
            })
            .find(|at| *at > now)
    }

    /// The list of a day.
    pub fn patrol(&self, asked: &Asked) -> Result<PatrolView, StoreError> {
        let (config, policy) = (self.config(), self.policy());
        let today = civil::day(self.now());
        let day = asked.day.unwrap_or(today);
        let morning = civil::start_of(day) + TimeDelta::hours(MORNING_H);
        let now = if day == today { self.now() } else { morning };
        let terms = Terms::of(&policy, self.next_inspection(now));
        let (plan, held) = self.planned(day, now, &terms, &asked.units)?;
        let made = |task: &Task| Some(held.get(task.case.id.as_str())?.clone().given(task));
        let wanted = |task: &&Task| match &asked.person {
            None => true,
            Some(name) => task.person.as_deref().is_none_or(|person| same_person(person, name)),
        };
        // What two persons could not find is the operator's: one of them cannot mend the ledger.
        let missed = plan.not_found.iter().filter_map(made);
        let beyond = plan.plan.beyond.iter().filter(wanted);
        let listed =
            plan.plan.today.iter().filter(wanted).chain(beyond.clone().filter(|_| asked.all));
        Ok(PatrolView {
            day: day.to_string(),
            as_of: as_of(now),
            people: config.patrol.people.clone(),
            daily: config.patrol.daily,
            load: Load::of(plan.standing, policy.window, config.patrol.seconds_each).into(),
            none_days: none_days(policy.window),
            tasks: numbered(listed.filter_map(made)),
            beyond: if asked.all { 0 } else { beyond.count() },
            not_found: numbered(missed),
        })
    }

    fn planned(
        &self,
        day: NaiveDate,
        now: Timestamp,
        terms: &Terms,
        units: &[String],
    ) -> Result<(Planned, Held), StoreError> {
        let config = self.config();
        let (people, daily) = (config.patrol.people.clone(), config.patrol.daily);
        let mut team = Team { people, daily, done: BTreeMap::new() };
        let (mut cases, mut held, mut foreign) = (Vec::new(), Held::new(), BTreeSet::new());
        self.for_each_judged(now, |account, state, judgement| {
            for word in state.words.iter().filter(|word| civil::day(word.at) == day) {
                *team.done.entry(word.by.clone()).or_default() += 1;
            }
            if let Some(case) = case(&account, &state, &judgement, terms) {
                let own = [&account.sponsor, &account.supervisor, &account.reporting_unit];
                if !units.is_empty() && !own.iter().any(|unit| units.contains(unit)) {
                    foreign.insert(account.id.clone());
                }
                held.insert(account.id.to_string(), row(&account, &judgement, &case));
                cases.push(case);
            }
            Ok(true)
        })?;
        let mut plan = plan(cases.clone(), &team, day, terms);
        // Shared out over all, or each unit would have the whole day to itself; shown within the scope.
        let ours = |case: &Case| !foreign.contains(&case.id);
        plan.today.retain(|task| ours(&task.case));
        plan.beyond.retain(|task| ours(&task.case));
        plan.unproven -= foreign.len();
        let mut standing = Standing::default();
        cases.iter().filter(|case| ours(case)).for_each(|case| standing.add(case.verdict));
        let missed = cases.into_iter().filter(|case| case.missed_by >= 2 && ours(case));
        let not_found = missed.map(|case| Task { case, person: None, alone: false }).collect();
        Ok((Planned { plan, not_found, standing }, held))
    }
}

struct Planned {
    plan: Plan,
    not_found: Vec<Task>,
    standing: Standing,
}

/// The rows, by id.
type Held = BTreeMap<String, PatrolRow>;

fn numbered(rows: impl Iterator<Item = PatrolRow>) -> Vec<PatrolRow> {
    (1..).zip(rows).map(|(no, row)| PatrolRow { no, ..row }).collect()
}
