//! How does it stand at each quarterly check 季度检查, and what did it cost until then?

use chrono::{Datelike as _, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::verdict::{EvidenceClass, Outcome};

use super::text::table;
use super::truth::{Compared, Mark};
use crate::app::App;
use crate::report::classes::Classes;

/// How many accounts the stated aim speaks of, for costs of a smaller province.
const AIM_ACCOUNTS: f64 = 3_000.0;

/// What was done until an instant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Looks of people.
    pub looks: usize,
    /// Hours of people's work.
    pub hours: f64,
    /// Letters that arrived.
    pub letters: usize,
}

/// One quarterly check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its instant.
    pub at: Timestamp,
    /// Accounts by evidence class.
    pub classes: Classes,
    /// Accounts that are judged.
    pub judged: usize,
    /// Of those: 待核实.
    pub open: usize,
    /// Verdicts that agree with the truth.
    pub right: usize,
    /// Fails that are not true.
    pub false_alarms: usize,
    /// Passes that are not true, or provable fails that are not said.
    pub missed: usize,
    /// Since the beginning.
    pub done: Done,
}

impl Check {
    /// How it stands now.
    pub fn of(compared: &[Compared], now: Timestamp, done: Done) -> Self {
        let mut classes = Classes::default();
        compared.iter().for_each(|one| classes.add(one.class, false));
        let marked = |mark: Mark| compared.iter().filter(|one| one.mark == mark).count();
        Self {
            at: now,
            classes,
            judged: compared.len(),
            open: compared.iter().filter(|it| it.verdict == Outcome::Undetermined).count(),
            right: marked(Mark::Right),
            false_alarms: marked(Mark::FalseAlarm),
            missed: marked(Mark::Missed) + marked(Mark::Misled),
            done,
        }
    }

    /// Of a hundred judged accounts, how many are 待核实?
    pub fn open_percent(&self) -> f64 {
        self.open as f64 * 100.0 / self.judged.max(1) as f64
    }
}

/// The quarterly checks of a run, after the state that it began with.
#[derive(Clone, Debug, Default)]
pub struct Quarters {
    /// Before anybody looked.
    pub first: Option<Check>,
    /// At each inspection instant.
    pub checks: Vec<Check>,
}

impl Quarters {
    /// Is `now` a quarter's inspection instant?
    pub fn is_check(app: &App, now: Timestamp) -> bool {
        let config = app.config();
        let (day, inspection) = (civil::day(now), config.policy.inspection);
        let of =
            |quarter| inspection.of_quarter(day.year(), quarter, &config.calendar, config.timezone);
        (1..=4).any(|quarter| of(quarter) == Some(now))
    }

    /// Hours of people's work a day between the last two checks, for so many accounts as the aim speaks of.
    pub fn scaled_hours_per_day(&self) -> Option<f64> {
        let last = self.checks.last()?;
        let before = self.checks.len().checked_sub(2).and_then(|nth| self.checks.get(nth));
        let before = before.or(self.first.as_ref())?;
        let hours = last.done.hours - before.done.hours;
        Some(hours / days(before.at, last.at) * AIM_ACCOUNTS / last.judged.max(1) as f64)
    }

    /// The last check in one line, for who waits; `seconds` = real time since the beginning.
    pub fn progress(&self, seconds: i64) -> String {
        let Some(check) = self.checks.last() else { return String::new() };
        let hours = self.scaled_hours_per_day().unwrap_or_default();
        format!(
            "{} 季度检查:误报 {} 个,漏报 {} 个,待核实 {:.1}%;折合 {AIM_ACCOUNTS} 个账号每天 {hours:.2} 小时(已用 {seconds} 秒)",
            civil::day(check.at),
            check.false_alarms,
            check.missed,
            check.open_percent(),
        )
    }

    /// A table, Chinese; a line for the beginning and one for each check.
    pub fn report(&self) -> String {
        let head = [
            "检查",
            "自动可判",
            "只能证有",
            "人工或自报",
            "无来源",
            "判对",
            "漏报",
            "误报",
            "待核实",
            "占比",
            "信件",
            "人工(次)",
            "人工(小时)",
            "每天(小时)",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let mut before: Option<&Check> = None;
        for (nth, check) in self.first.iter().chain(&self.checks).enumerate() {
            let since = before.map_or_else(Done::default, |it| it.done);
            let span = before.map_or(1.0, |it| days(it.at, check.at));
            let name = match nth {
                0 => "开始(还没有人看)".to_owned(),
                nth => format!("第{nth}次 {}", civil::day(check.at)),
            };
            let hours = check.done.hours - since.hours;
            let mut row = vec![name];
            row.extend(EvidenceClass::ALL.map(|class| check.classes.of(class).to_string()));
            let counts = [check.right, check.missed, check.false_alarms, check.open];
            row.extend(counts.map(|count| count.to_string()));
            row.push(format!("{:.1}%", check.open_percent()));
            row.push((check.done.letters - since.letters).to_string());
            row.push((check.done.looks - since.looks).to_string());
            row.push(format!("{hours:.1}"));
            row.push(format!("{:.2}", hours / span));
            rows.push(row);
            before = Some(check);
        }
        let mut out = table(&rows);
        if let Some(hours) = self.scaled_hours_per_day() {
            out.push_str(&format!(
                "  信件和人工是上次检查以来的;最后一段折合 {AIM_ACCOUNTS} 个账号每天 {hours:.2} 小时\n"
            ));
        }
        out
    }
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    ((to - from).max(TimeDelta::hours(1)).num_minutes() as f64 / 1440.0).max(0.5)
}
