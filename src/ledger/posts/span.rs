//! Of which span does a person say that the file lists all its posts? `--complete FROM..TO`.

use chrono::TimeDelta;
use freshd_core::coverage::Span;
use freshd_core::{Timestamp, civil, timetext};

use super::row::time_of;

/// Reads `FROM..TO`: days are Beijing's, the last one included; with a clock, up to that instant. It ends at `now` at
/// the latest.
///
/// # Errors
/// What is wrong and how to write it, Chinese.
pub fn read(text: &str, now: Timestamp) -> Result<Span, String> {
    const EXAMPLE: &str = "写成 --complete 2026-10-01..2026-11-15";
    let Some((from, to)) = text.split_once("..") else {
        return Err(format!("看不懂完整范围“{text}”;{EXAMPLE}"));
    };
    let (since, _) = ends(from.trim(), now)?;
    let (_, until) = ends(to.trim().trim_start_matches('.'), now)?;
    if since >= now {
        return Err(format!("完整范围的起点“{}”在将来;{EXAMPLE}", from.trim()));
    }
    Span::new(since, until.min(now))
        .ok_or_else(|| format!("完整范围“{text}”的起点不早于终点;{EXAMPLE}"))
}

/// First instant of what is written, and the first one that it no longer covers.
fn ends(text: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), String> {
    let day = TimeDelta::days(1);
    // Read as of long after, a day is whole: today is cut by the caller.
    let wide = timetext::parse(text, now + day * 400);
    let wrong = |(what, help): (&str, &str)| format!("完整范围里的“{text}”{what};{help}");
    let from = match time_of(text, now) {
        Ok(published) => published.earliest.unwrap_or(published.latest),
        Err(told) => return Err(wrong(told)),
    };
    let is_day = wide.is_some_and(|at| {
        civil::start_of(civil::day(from)) == from && at.latest - from == day - TimeDelta::seconds(1)
    });
    Ok((from, if is_day { from + day } else { from }))
}
