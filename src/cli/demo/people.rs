//! Who looks at what no machine can see? Two people of the office work through the patrol list 核查单 each morning, and
//! answer what they would see.
//!
//! **Invariant:** the answers go the way of a sheet that comes back; of the truth they know what a reader sees.

use std::collections::BTreeSet;

use chrono::{Datelike as _, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::observation::Published;
use freshd_core::verdict::Outcome;
use freshd_core::word::Finding;
use freshd_sim::World;
use freshd_sim::world::Account;

use super::truth::Compared;
use crate::app::App;
use crate::app::patrol::Asked;
use crate::cli::exec::patrol::answer::{Answer, Login, ready};
use crate::cli::exec::word;

/// A picture of one point: what a screenshot is to the program.
const PICTURE: &[u8] = include_bytes!("screenshot.png");

/// Refused answers that are printed.
const REFUSED_MAX: usize = 20;

/// What the people did.
#[derive(Clone, Debug, Default)]
pub struct Patrols {
    /// How many looks.
    pub looks: usize,
    /// On how many days.
    pub days: BTreeSet<chrono::NaiveDate>,
    /// Most looks on a day.
    pub most: usize,
    /// Seconds that a look takes.
    pub seconds_each: u32,
    /// Accounts that were 待核实 at the beginning, before anybody looked.
    pub open_before: usize,
    /// What was known at each quarter's inspection instant.
    pub checks: Vec<Check>,
    /// Answers that were refused, in words: there should be none.
    pub refused: Vec<String>,
}

/// One quarterly check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its instant.
    pub at: Timestamp,
    /// Accounts that are judged.
    pub judged: usize,
    /// Of those: 待核实.
    pub open: usize,
    /// Looks since the beginning.
    pub looks: usize,
}

impl Patrols {
    /// Hours of work that so many looks are.
    pub fn hours(&self, looks: usize) -> f64 {
        looks as f64 * f64::from(self.seconds_each) / 3600.0
    }

    /// Notes how many accounts nobody can judge yet.
    pub fn begin(&mut self, compared: &[Compared]) {
        self.open_before = open(compared);
    }

    /// Notes what is known, if `now` is a quarter's inspection instant.
    pub fn check(&mut self, app: &App, compared: &[Compared], now: Timestamp) {
        let config = app.config();
        let (day, inspection) = (civil::day(now), config.policy.inspection);
        let of =
            |quarter| inspection.of_quarter(day.year(), quarter, &config.calendar, config.timezone);
        if (1..=4).any(|quarter| of(quarter) == Some(now)) {
            let (judged, looks) = (compared.len(), self.looks);
            self.checks.push(Check { at: now, judged, open: open(compared), looks });
        }
    }

    /// What it cost and what it brought, some lines, Chinese.
    pub fn report(&self, last: &[Compared]) -> String {
        let share = |open: usize, all: usize| open as f64 * 100.0 / all.max(1) as f64;
        let mut out = format!(
            "  人工核查:{} 天里共看 {} 次(最多一天 {} 次),按每次 {} 秒计 {:.1} 小时;\
             待核实的账号从 {:.1}%(第一天,还没有人看)到 {:.1}%(最后一刻)\n",
            self.days.len(),
            self.looks,
            self.most,
            self.seconds_each,
            self.hours(self.looks),
            share(self.open_before, last.len()),
            share(open(last), last.len()),
        );
        let mut before = 0;
        for check in &self.checks {
            let looks = check.looks - before;
            before = check.looks;
            out.push_str(&format!(
                "  季度检查 {}:待核实 {} 个({:.1}%);上次检查以来人工核查 {looks} 次,{:.1} 小时\n",
                civil::minute_text(check.at),
                check.open,
                share(check.open, check.judged),
                self.hours(looks),
            ));
        }
        for refused in self.refused.iter().take(REFUSED_MAX) {
            out.push_str(&format!("  核查单没有收下:{refused}\n"));
        }
        out
    }

    /// One morning.
    pub async fn look(&mut self, app: &App, world: &World) -> anyhow::Result<()> {
        let (now, before) = (app.now(), self.looks);
        let config = app.config();
        self.seconds_each = config.patrol.seconds_each;
        for person in config.patrol.people.clone() {
            let asked = Asked { person: Some(person.clone()), ..Asked::default() };
            for row in app.patrol(&asked)?.tasks {
                let Some(account) = world.find(&row.id) else { continue };
                let answer = answer(account, &person, app.policy().window, now);
                let login = Login { via: None, shown: "演示".to_owned(), named: true };
                match ready(app, &AccountId::new(row.id.clone()), answer, &login).await? {
                    Ok(good) => {
                        let proven = good.proven.as_ref();
                        word::keep(app, &good.id, &good.person, &good.said, proven)?;
                        self.looks += 1;
                    }
                    Err(wrong) => {
                        let what: Vec<String> = wrong.into_iter().map(|it| it.what).collect();
                        self.refused.push(format!("{}:{}", row.id, what.join(";")));
                    }
                }
            }
        }
        self.most = self.most.max(self.looks - before);
        if self.looks > before {
            self.days.insert(civil::day(now));
        }
        Ok(())
    }
}

fn open(compared: &[Compared]) -> usize {
    compared.iter().filter(|one| one.verdict == Outcome::Undetermined).count()
}

/// What a reader of the account would write down.
fn answer(account: &Account, person: &str, window: TimeDelta, now: Timestamp) -> Answer {
    let newest = account.visible(now).map(|(_, post)| post.time).max();
    let found = match newest {
        _ if account.gone_by(now).is_some() => Finding::NotFound,
        Some(at) if now - at < window => Finding::Updated,
        _ => Finding::NothingSince,
    };
    let silent = found == Finding::NothingSince;
    Answer {
        found,
        person: person.to_owned(),
        link: None,
        published: newest.filter(|_| found != Finding::NotFound).map(Published::at),
        since: None,
        seen: Published::at(now),
        note: "核查单".to_owned(),
        picture: silent.then(|| ("截图.png".to_owned(), PICTURE.to_vec())),
    }
}
