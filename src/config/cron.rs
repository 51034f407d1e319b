//! When does something recur? Cron expressions: seconds first, weekdays by name, checked when loaded.

use std::str::FromStr;

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use freshd_core::Timestamp;

use super::reader::{Wrong, wrong};

/// A recurring time in the configured zone. Six fields (seconds first); five get `0` seconds.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    schedule: cron::Schedule,
    joins: bool,
}

impl CronSchedule {
    /// The first time after `now`; `None` when there is none any more (a year that has passed).
    pub fn next_after(&self, now: Timestamp, zone: Tz) -> Option<Timestamp> {
        let next = self.schedule.after(&now.with_timezone(&zone)).next()?;
        Some(next.with_timezone(&chrono::Utc))
    }

    /// The expression with its seconds.
    pub fn source(&self) -> &str {
        self.schedule.source()
    }

    /// Are both a day and a weekday given? Then both must match, unlike in crontab.
    pub(crate) fn joins_day_and_weekday(&self) -> bool {
        self.joins
    }

    /// Reads an expression; refuses weekday numbers, whose meaning differs between programs, and dates that never come.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        const HELP: &str = "写成 \"秒 分 时 日 月 星期\",如 \"0 30 8 * * Mon-Fri\";省去秒时算 0 秒";
        if text.starts_with('@') {
            return Self::compiled(text.to_owned(), false);
        }
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [_, _, _, day, _, weekday, ..] = fields.as_slice() else {
            return wrong(format!("「{text}」只有 {} 项", fields.len()), HELP);
        };
        if fields.len() > 7 {
            return wrong(format!("「{text}」有 {} 项,太多了", fields.len()), HELP);
        }
        if weekday.contains(|c: char| c.is_ascii_digit()) {
            return wrong(
                format!("星期写成了数字「{weekday}」,各种程序对它的理解不同"),
                "用英文缩写:Mon Tue Wed Thu Fri Sat Sun,如 Mon-Fri",
            );
        }
        let any = |field: &&str| matches!(*field, "*" | "?");
        Self::compiled(fields.join(" "), !any(day) && !any(weekday))
    }

    fn compiled(source: String, joins: bool) -> Result<Self, Wrong> {
        const HELP: &str = "秒 0-59,分 0-59,时 0-23,日 1-31,月 1-12,星期 Mon-Sun;不支持 L、#、W";
        let Ok(schedule) = cron::Schedule::from_str(&source) else {
            return wrong(format!("「{source}」不是正确的时间表达式"), HELP);
        };
        if schedule.after(&reference()).next().is_none() {
            return wrong(
                format!("「{source}」所说的日期永远不会到来"),
                "检查日和月,如 2 月没有 30 日",
            );
        }
        Ok(Self { schedule, joins })
    }
}

/// Where the search for a possible date starts: a fixed instant, so that loading does not depend on the clock.
fn reference() -> DateTime<chrono::Utc> {
    chrono::Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a literal instant exists")
}
