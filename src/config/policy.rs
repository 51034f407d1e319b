//! What counts, when is it checked, and when is somebody told? `[policy]` and `[schedule]`.

use chrono::{Datelike, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use freshd_core::Timestamp;
use freshd_core::calendar::Calendar;
use freshd_core::link::LinkTerms;

use super::cron::CronSchedule;
use super::reader::{Section, Wrong, wrong};

/// `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Name of a profile in the rulebook.
    pub profile: String,
    /// Overrides the profile's window, days.
    pub update_window_days: Option<u32>,
    /// Days left at which an owner is reminded; falling, at least one. `at_risk` at or below the first.
    pub remind_days_left: Vec<u32>,
    /// Days of proven silence after which an account is called 僵尸.
    pub zombie_days: u32,
    /// Days after a letter without an update until the supervisor is written to.
    pub escalate_after_days: u32,
    /// Working days before a long break from which on 节前提醒 is written; 0 = never.
    pub pre_holiday_days: u32,
    /// Days within which 请核实更新情况 is not asked again; 0 = never asked.
    pub evidence_again_days: u32,
    /// The instant of a quarter that its inspection looks at.
    pub inspection: Inspection,
    /// When a link that fails is called dead.
    pub links: LinkTerms,
}

/// When in a quarter the inspection looks (监测时间点); local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// `last working day 09:00`: the quarter's last working day.
    LastWorkingDay {
        /// Time of that day.
        time: NaiveTime,
    },
    /// `last day 09:00`: the quarter's last day, working or not.
    LastDay {
        /// Time of that day.
        time: NaiveTime,
    },
    /// `20 09:00`: that day of the quarter's last month.
    Day {
        /// 1 to 30 (June and September have no 31st).
        day: u32,
        /// Time of that day.
        time: NaiveTime,
    },
}

/// `[schedule]`; each may be switched off with an empty text.
#[derive(Clone, Debug)]
pub struct ScheduleConfig {
    /// When the quarterly self-check is made and sent to the operators.
    pub precheck: Option<CronSchedule>,
    /// When the daily digest is made for the operators.
    pub digest: Option<CronSchedule>,
}

impl Inspection {
    /// The instant of a quarter (1 to 4), in the configured zone. For [`Inspection::LastWorkingDay`] in a year whose
    /// holidays are not published yet, weekdays are counted.
    pub fn of_quarter(
        self,
        year: i32,
        quarter: u32,
        calendar: &Calendar,
        zone: Tz,
    ) -> Option<Timestamp> {
        let first = NaiveDate::from_ymd_opt(year, quarter * 3, 1)?;
        let (day, time) = match self {
            Self::LastWorkingDay { time } => {
                (calendar.last_working_day_of_quarter(year, quarter).day, time)
            }
            Self::LastDay { time } => (first.checked_add_months(Months::new(1))?.pred_opt()?, time),
            Self::Day { day, time } => (first.with_day(day)?, time),
        };
        let local = zone.from_local_datetime(&day.and_time(time)).earliest()?;
        Some(local.with_timezone(&chrono::Utc))
    }
}

pub(crate) fn read(section: &Section<'_>) -> PolicyConfig {
    let nine = NaiveTime::from_hms_opt(9, 0, 0).expect("09:00 is a time");
    let mut remind = section.wholes("remind_days_left", 1..=364).unwrap_or(vec![5, 3, 1]);
    remind.sort_unstable_by(|a, b| b.cmp(a));
    remind.dedup();
    if remind.is_empty() {
        section.problem("remind_days_left", "至少要有一个提醒天数", "写成 [5, 3, 1]");
    }
    PolicyConfig {
        profile: section.parsed("profile", |name| Ok(name.to_owned())).unwrap_or("national".into()),
        update_window_days: section.whole("update_window_days", 1..=365),
        remind_days_left: remind,
        zombie_days: section.whole("zombie_days", 1..=3650).unwrap_or(90),
        escalate_after_days: section.whole("escalate_after_days", 0..=365).unwrap_or(2),
        pre_holiday_days: section.whole("pre_holiday_days", 0..=20).unwrap_or(3),
        evidence_again_days: section.whole("evidence_again_days", 0..=365).unwrap_or(7),
        inspection: section
            .parsed("inspection", inspection)
            .unwrap_or(Inspection::LastWorkingDay { time: nine }),
        links: link_terms(section),
    }
}

fn link_terms(section: &Section<'_>) -> LinkTerms {
    let usual = LinkTerms::default();
    let hours = section.whole("link_dead_hours", 1..=720).map(i64::from);
    LinkTerms {
        checks: section.whole("link_dead_checks", 2..=20).unwrap_or(usual.checks),
        span: hours.map_or(usual.span, chrono::TimeDelta::hours),
    }
}

/// What can only be said once the profile's window (days) is known.
pub(crate) fn check_window(section: &Section<'_>, policy: &PolicyConfig, window_days: u32) {
    if policy.remind_days_left.first().is_some_and(|most| *most >= window_days) {
        let what = format!("提醒天数不能达到更新期限({window_days} 天),否则账号永远在预警");
        section.problem("remind_days_left", what, "写小于更新期限的天数,如 [5, 3, 1]");
    }
    if policy.zombie_days < window_days {
        let what = format!("僵尸账号的天数不能小于更新期限({window_days} 天)");
        section.problem("zombie_days", what, "常用 90");
    }
}

pub(crate) fn read_schedule(section: &Section<'_>) -> ScheduleConfig {
    let cron = |key: &str, default: &str| {
        if !section.has(key) {
            section.parsed(key, CronSchedule::parse);
            return CronSchedule::parse(default).ok();
        }
        section.parsed(key, CronSchedule::parse)
    };
    let schedule = ScheduleConfig {
        precheck: cron("precheck", "0 0 9 20 3,6,9,12 *"),
        digest: cron("digest", "0 30 8 * * Mon-Fri"),
    };
    for (key, held) in [("precheck", &schedule.precheck), ("digest", &schedule.digest)] {
        if held.as_ref().is_some_and(CronSchedule::joins_day_and_weekday) {
            let what = "既限定了日又限定了星期:两者须同时满足才会执行";
            section.warning(key, what, "只要其中一个时,另一个写 *");
        }
    }
    schedule
}

/// `last working day 09:00`, `last day 09:00` or `20 09:00`.
pub(crate) fn inspection(text: &str) -> Result<Inspection, Wrong> {
    const HELP: &str = "写成 \"last working day 09:00\"(季末最后一个工作日)、\"last day 09:00\" 或 \
                        \"20 09:00\"(季末月 20 日)";
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((time, day)) = words.split_last() else {
        return wrong("没有写监测时间点", HELP);
    };
    let Ok(time) = NaiveTime::parse_from_str(time, "%H:%M") else {
        return wrong(format!("「{text}」的时间读不懂"), HELP);
    };
    match day {
        ["last", "working", "day"] => Ok(Inspection::LastWorkingDay { time }),
        ["last", "day"] => Ok(Inspection::LastDay { time }),
        [day] => match day.parse::<u32>() {
            Ok(day @ 1..=30) => Ok(Inspection::Day { day, time }),
            Ok(31) => wrong("6 月和 9 月没有 31 日", "季末最后一天写 \"last day 09:00\""),
            _ => wrong(format!("「{day}」不是几号"), HELP),
        },
        _ => wrong(format!("「{text}」读不懂"), HELP),
    }
}
