//! Which days does `calendar.toml` call working days? Its text becomes a [`Calendar`].

use chrono::NaiveDate;
use freshd_core::calendar::Calendar;
use serde::Deserialize;
use toml::Spanned;

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
