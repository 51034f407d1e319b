//! Who would fail the quarterly check? 季度检查自查, at an instant or at a quarter's inspection instant.

use chrono::Datelike;
use freshd_core::Timestamp;

use super::{Usage, bytes, json, printed, time_of};
use crate::app::App;
use crate::cli::args::PrecheckFormat;
use crate::control::Response;
use crate::report::precheck::{Builder, Precheck};

/// Quarters of other years are slips of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

pub(super) fn run(
    app: &App,
    quarter: Option<&str>,
    at: Option<&str>,
    format: PrecheckFormat,
    colour: bool,
) -> anyhow::Result<Response> {
    let quarter = quarter.map(Quarter::read).transpose()?;
    let at = instant(app, quarter, at)?;
    let label = quarter.map(|quarter| quarter.to_string());
    let precheck = made(app, label.as_deref(), at)?;
    let exit = precheck.exit();
    Ok(match format {
        PrecheckFormat::Table => printed(exit, precheck.table(colour)),
        PrecheckFormat::Text => printed(exit, precheck.text()),
        PrecheckFormat::Html => printed(exit, precheck.html()),
        PrecheckFormat::Json => json(exit, &precheck)?,
        PrecheckFormat::Csv => bytes(exit, precheck.csv().as_ref()),
        PrecheckFormat::Xlsx => bytes(exit, &precheck.xlsx()?),
    })
}

/// What a program asks for: a quarter or an instant, without either now.
///
/// # Errors
/// [`Usage`]: the question is not understood.
pub fn asked(app: &App, quarter: Option<&str>, at: Option<&str>) -> anyhow::Result<Precheck> {
    if quarter.is_some() && at.is_some() {
        return Err(Usage("quarter 和 at 只能写一个".to_owned()).into());
    }
    let quarter = quarter.map(Quarter::read).transpose()?;
    let label = quarter.map(|quarter| quarter.to_string());
    made(app, label.as_deref(), instant(app, quarter, at)?)
}

/// A quarter of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quarter {
    year: i32,
    number: u32,
}

impl Quarter {
    /// Reads `2026Q4`.
    fn read(text: &str) -> Result<Self, Usage> {
        let read = text.split_once(['Q', 'q']).and_then(|(year, number)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let form = year.len() == 4 && number.len() == 1 && digits(year) && digits(number);
            form.then_some(())?;
            Some(Self { year: year.parse().ok()?, number: number.parse().ok()? })
        });
        let sensible = |it: &Self| (1..=4).contains(&it.number) && YEARS.contains(&it.year);
        read.filter(sensible).ok_or_else(|| Usage(format!("看不懂季度“{text}”;写成 2026Q4")))
    }

    fn of(at: Timestamp) -> Self {
        let day = freshd_core::civil::day(at);
        Self { year: day.year(), number: day.month0() / 3 + 1 }
    }
}

impl std::fmt::Display for Quarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}Q{}", self.year, self.number)
    }
}

/// The precheck at an instant.
pub fn made(app: &App, quarter: Option<&str>, at: Timestamp) -> anyhow::Result<Precheck> {
    let config = app.config();
    let policy = app.policy();
    let label = quarter.map_or_else(|| Quarter::of(at).to_string(), str::to_owned);
    let mut builder = Builder::new(Some(&label), at, &config.calendar, &policy).made_at(app.now());
    app.for_each_judged(at, |account, state, judgement| {
        builder.add(&account, &state, &judgement);
        Ok(true)
    })?;
    Ok(builder.finish())
}

fn instant(app: &App, quarter: Option<Quarter>, at: Option<&str>) -> anyhow::Result<Timestamp> {
    if let Some(at) = at {
        return time_of(at, app.now());
    }
    let Some(quarter) = quarter else { return Ok(app.now()) };
    let config = app.config();
    let (calendar, zone) = (&config.calendar, config.timezone);
    let at = config.policy.inspection.of_quarter(quarter.year, quarter.number, calendar, zone);
    Ok(at.ok_or_else(|| Usage(format!("季度 {quarter} 里没有监测时间点")))?)
}
