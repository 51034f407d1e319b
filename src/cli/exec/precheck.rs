//! Who would fail the quarterly check? 季度检查自查, at an instant or at a quarter's inspection instant.

use chrono::Datelike;
use freshd_core::Timestamp;

use super::{Usage, bytes, json, printed, time_of};
use crate::app::App;
use crate::cli::args::PrecheckFormat;
use crate::control::Response;
use crate::report::precheck::{Builder, Precheck};

pub(super) fn run(
    app: &App,
    quarter: Option<&str>,
    at: Option<&str>,
    format: PrecheckFormat,
    colour: bool,
) -> anyhow::Result<Response> {
    let at = instant(app, quarter, at)?;
    let precheck = made(app, quarter, at)?;
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

/// The precheck at an instant.
pub fn made(app: &App, quarter: Option<&str>, at: Timestamp) -> anyhow::Result<Precheck> {
    let config = app.config();
    let policy = app.policy();
    let label = quarter.map_or_else(|| quarter_of(at), str::to_owned);
    let mut builder = Builder::new(Some(&label), at, &config.calendar, &policy);
    app.for_each_judged(at, |account, state, judgement| {
        builder.add(&account, &state, &judgement);
        Ok(true)
    })?;
    Ok(builder.finish())
}

fn quarter_of(at: Timestamp) -> String {
    let day = freshd_core::civil::day(at);
    format!("{}Q{}", day.year(), day.month0() / 3 + 1)
}

fn instant(app: &App, quarter: Option<&str>, at: Option<&str>) -> anyhow::Result<Timestamp> {
    if let Some(at) = at {
        return time_of(at, app.now());
    }
    let Some(quarter) = quarter else { return Ok(app.now()) };
    let wrong = || Usage(format!("看不懂季度“{quarter}”;写成 2026Q4"));
    let (year, number) = quarter.split_once(['Q', 'q']).ok_or_else(wrong)?;
    let (year, number): (i32, u32) =
        (year.parse().map_err(|_| wrong())?, number.parse().map_err(|_| wrong())?);
    if !(1..=4).contains(&number) {
        return Err(wrong().into());
    }
    let config = app.config();
    let at = config.policy.inspection.of_quarter(year, number, &config.calendar, config.timezone);
    Ok(at.ok_or_else(wrong)?)
}
