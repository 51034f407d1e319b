//! Which days does `calendar.toml` call working days? Its text becomes a [`Calendar`].

use chrono::NaiveDate;
use freshd_core::calendar::Calendar;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    year: Vec<RawYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: i32,
    #[serde(default)]
    off: Vec<RawRun>,
    #[serde(default)]
    working: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRun {
    name: String,
    from: String,
    to: String,
}

/// The longest single holiday that is believed, in days.
const RUN_DAYS_MAX: i64 = 31;

/// Reads `calendar.toml`: a list of `[[year]]` with `off` runs and `working` make-up days.
///
/// # Errors
/// A sentence in Chinese that names the first thing wrong: the TOML itself, a day that does not exist, a run that ends
/// before it begins or outside its year, a year without any holiday (an empty plan must not pass for a known one).
pub fn parse_calendar_toml(text: &str) -> Result<Calendar, String> {
    let raw: Raw = toml::from_str(text).map_err(|error| format!("日历文件格式不对:{error}"))?;
    let (mut years, mut off, mut working) = (Vec::new(), Vec::new(), Vec::new());
    for year in raw.year {
        if year.off.is_empty() {
            return Err(format!("{} 年没有任何节假日;安排未公布时请删去整个年份", year.year));
        }
        if years.contains(&year.year) {
            return Err(format!("{} 年写了两次", year.year));
        }
        years.push(year.year);
        for run in year.off {
            let (from, to) = (day(&run.from, year.year)?, day(&run.to, year.year)?);
            if to < from || (to - from).num_days() > RUN_DAYS_MAX {
                return Err(format!("{}:{} 至 {} 不是一段假期", run.name, run.from, run.to));
            }
            off.extend(
                from.iter_days().take_while(|day| *day <= to).map(|day| (day, run.name.clone())),
            );
        }
        for text in year.working {
            working.push(day(&text, year.year)?);
        }
    }
    Ok(Calendar::from_parts(years, off, working))
}

fn day(text: &str, year: i32) -> Result<NaiveDate, String> {
    use chrono::Datelike;
    let day: NaiveDate =
        text.parse().map_err(|_| format!("«{text}» 不是日期,请写成 2026-02-15 的样子"))?;
    if day.year() == year { Ok(day) } else { Err(format!("{text} 不在 {year} 年")) }
}

#[cfg(test)]
mod tests;
