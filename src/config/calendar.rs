//! Which days does `calendar.toml` call working days, and those of `calendar.d/`? Their texts become a [`Calendar`].

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};
use freshd_core::calendar::Calendar;
use freshd_core::{Timestamp, civil};
use serde::Deserialize;
use toml::Spanned;

use super::problem::Problem;
use super::text_of;

/// The calendar that comes with the program: `config/calendar.toml`.
const BUILT_IN: &str = include_str!("../../config/calendar.toml");
/// The folder beside `calendar.toml` whose files each add years.
const DROP_IN: &str = "calendar.d";
/// A year whose holidays are not known is told so long before it begins.
const AHEAD: TimeDelta = TimeDelta::days(45);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    year: Vec<RawYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: Spanned<i32>,
    #[serde(default)]
    off: Vec<RawRun>,
    #[serde(default)]
    working: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRun {
    name: String,
    from: Spanned<String>,
    to: Spanned<String>,
}

/// The first thing wrong in a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongCalendar {
    /// 1-based line, where known.
    pub line: Option<usize>,
    /// What is wrong, Chinese.
    pub what: String,
}

/// Where in the text, bytes, and what.
type Wrong = (usize, String);

/// The longest single holiday that is believed, in days.
const RUN_DAYS_MAX: i64 = 31;

/// The first year, this one or one that is near, whose holidays are not known: working days in it are told by their weekday
/// and the holidays of fixed date.
pub fn gap(calendar: &Calendar, now: Timestamp) -> Option<i32> {
    calendar.first_gap(civil::day(now), civil::day(now + AHEAD))
}

/// What a [`gap`] means and what to do, Chinese.
pub fn gap_text(year: i32) -> String {
    format!(
        "{year} 年的放假和调休安排还没有录入:这一年只能按周末和固定日期的假日推算工作日,检查时点、发信时间和节前提醒可能不准。\
         请按国务院办公厅通知写进配置旁的 {DROP_IN}/{year}.toml(写法同 config/calendar.toml)"
    )
}

/// The calendar of `file` (the built-in one where there is none), with the years of each `calendar.d/*.toml` beside it added,
/// or put in the place of the same year, in the order of the files' names.
pub(crate) fn beside(
    file: &Path,
    shown: impl Fn(&Path) -> String,
) -> Result<Calendar, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = |path: &Path, fallback: Option<&str>| -> Calendar {
        let shown = shown(path);
        let text = match (text_of(path, &shown), fallback) {
            (Ok(text), _) => Ok(text),
            (Err(_), Some(text)) if !path.exists() => Ok(text.to_owned()),
            (Err(problem), _) => Err(problem),
        };
        let help = "照 config/calendar.toml 的样子改;删去这个文件即用内置的日历";
        let wrong = |it: WrongCalendar| Problem::at_line(&shown, it.line, "", it.what, help);
        let parsed = text.and_then(|text| parse_calendar_toml(&text).map_err(wrong));
        parsed.unwrap_or_else(|problem| {
            problems.push(problem);
            Calendar::default()
        })
    };
    let mut calendar = read(file, Some(BUILT_IN));
    for path in drop_ins(&file.with_file_name(DROP_IN)) {
        calendar = calendar.overlaid(read(&path, None));
    }
    if problems.is_empty() { Ok(calendar) } else { Err(problems) }
}

fn drop_ins(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    files
}

/// Reads `calendar.toml`: a list of `[[year]]` with `off` runs and `working` make-up days.
///
/// # Errors
/// The first thing wrong: the TOML itself, a day that does not exist, a run that ends
/// before it begins or outside its year, a year without any holiday (an empty plan must not pass for a known one).
pub fn parse_calendar_toml(text: &str) -> Result<Calendar, WrongCalendar> {
    let line_of =
        |at: usize| text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let raw: Raw = toml::from_str(text).map_err(|error| WrongCalendar {
        line: error.span().map(|span| line_of(span.start)),
        what: format!("日历的写法不对({})", error.message()),
    })?;
    read(raw).map_err(|(at, what)| WrongCalendar { line: Some(line_of(at)), what })
}

fn read(raw: Raw) -> Result<Calendar, Wrong> {
    let (mut years, mut off, mut working) = (Vec::new(), Vec::new(), Vec::new());
    for RawYear { year, off: runs, working: worked } in raw.year {
        let (at, year) = (year.span().start, year.into_inner());
        if runs.is_empty() {
            return Err((at, format!("{year} 年没有任何节假日;安排未公布时请删去整个年份")));
        }
        if years.contains(&year) {
            return Err((at, format!("{year} 年写了两次")));
        }
        years.push(year);
        for run in runs {
            let (from, to) = (day(&run.from, year)?, day(&run.to, year)?);
            if to < from || (to - from).num_days() > RUN_DAYS_MAX {
                let what = format!("{}:{from} 至 {to} 不是一段假期", run.name);
                return Err((run.from.span().start, what));
            }
            off.extend(
                from.iter_days().take_while(|day| *day <= to).map(|day| (day, run.name.clone())),
            );
        }
        for text in worked {
            working.push(day(&text, year)?);
        }
    }
    Ok(Calendar::from_parts(years, off, working))
}

fn day(text: &Spanned<String>, year: i32) -> Result<NaiveDate, Wrong> {
    use chrono::Datelike;
    let wrong = |what: String| (text.span().start, what);
    let text = text.get_ref();
    let day: NaiveDate =
        text.parse().map_err(|_| wrong(format!("«{text}» 不是日期,请写成 2026-02-15 的样子")))?;
    if day.year() == year { Ok(day) } else { Err(wrong(format!("{text} 不在 {year} 年"))) }
}

#[cfg(test)]
mod tests;
