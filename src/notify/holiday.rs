//! Does a break lie before the deadline, and what is the last safe day before it? 节前最晚安全日期.

use chrono::{NaiveDate, TimeDelta};
use freshd_core::calendar::{Break, Calendar, work_begins};
use freshd_core::forecast::{first_whole_day, last_safe_day};
use freshd_core::{Timestamp, civil};

/// How far ahead breaks are looked for, days: beyond any update window.
const AHEAD_DAYS: usize = 400;

/// The last day on which a post before a break comes in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeforeBreak {
    /// The last working day before the break: post on it at the latest.
    pub safe: NaiveDate,
    /// First day off.
    pub first: NaiveDate,
    /// Last day off.
    pub last: NaiveDate,
    /// The holiday in it; none for a weekend.
    pub name: Option<String>,
    /// Does the deadline fall into the break, so that after it would be too late?
    pub lapses_inside: bool,
    /// Would even a post on `safe` run out before work begins again? Then one must be scheduled inside the break.
    pub outlasts_window: bool,
    /// The first and last day on which that one post is enough; none where it takes several.
    pub inside: Option<(NaiveDate, NaiveDate)>,
    /// When work begins again.
    pub next_working: NaiveDate,
    /// False where the year's holiday plan is not known yet.
    pub certain: bool,
}

/// The first holiday between now and the deadline, or the weekend or holiday into which the deadline falls; `None`
/// where nothing lies before the deadline or the break has begun already.
pub fn before_break(
    calendar: &Calendar,
    deadline: Timestamp,
    window_days: i64,
    now: Timestamp,
) -> Option<BeforeBreak> {
    let today = civil::day(now);
    let until = last_safe_day(deadline, now)?;
    let mut day = today;
    for _ in 0..AHEAD_DAYS {
        if day >= until {
            return None;
        }
        let worked = calendar.working_or_weekday(day).0;
        if let Some(found) = calendar.break_after(day).filter(|_| worked) {
            let lapses_inside = until <= found.last;
            if lapses_inside || found.name.is_some() {
                return Some(made(found, day, lapses_inside, window_days));
            }
        }
        day = day.succ_opt()?;
    }
    None
}

fn made(found: Break, safe: NaiveDate, lapses_inside: bool, window_days: i64) -> BeforeBreak {
    let window = TimeDelta::days(window_days);
    let from = first_whole_day(work_begins(found.next_working) - window).max(found.first);
    let last = safe + window - TimeDelta::days(1);
    BeforeBreak {
        safe,
        first: found.first,
        last: found.last,
        name: found.name,
        lapses_inside,
        outlasts_window: (found.next_working - safe).num_days() >= window_days,
        inside: Some((from, last)).filter(|(from, last)| from <= last),
        next_working: found.next_working,
        certain: found.certain,
    }
}

/// The break that begins on `first`, for an account that lapses at `deadline`, before work begins again after it.
pub fn eve_of(
    calendar: &Calendar,
    first: NaiveDate,
    deadline: Timestamp,
    window_days: i64,
    now: Timestamp,
) -> Option<BeforeBreak> {
    let eve = first.pred_opt()?;
    let found = calendar.break_after(eve)?;
    let safe = last_safe_day(deadline, now).unwrap_or(civil::day(now)).min(eve);
    let lapses_inside = civil::day(deadline) >= first;
    Some(made(found, safe, lapses_inside, window_days))
}

/// [`eve_of`] in words.
pub fn eve_advice(found: &BeforeBreak, deadline: Timestamp) -> String {
    let name = found.name.as_deref().unwrap_or("放假");
    let by = day_text(found.safe);
    let eve = found.first.pred_opt() == Some(found.safe);
    let eve = if eve { "放假前最后一个工作日" } else { "本期更新期限" };
    let mut text = format!(
        "{name}假期{}至{},{}上班;照目前的发布情况,{}到期,早于节后上班。最晚安全日期:{by}({eve}),请于当日(含)前发布",
        day_text(found.first),
        day_text(found.last),
        day_text(found.next_working),
        civil::chinese(deadline),
    );
    text.push_str(&further(found));
    text
}

/// That one post is not enough, and that the plan is a guess.
fn further(found: &BeforeBreak) -> String {
    let mut text = String::new();
    if found.outlasts_window {
        let by = day_text(found.safe);
        text.push_str(&match found.inside {
            Some((from, last)) if from == last => {
                format!(";仅在{by}发布撑不到节后上班,请另设一次定时发布,时间为{}", day_text(from))
            }
            Some((from, last)) => format!(
                ";仅在{by}发布撑不到节后上班,请另设一次定时发布,时间在{}至{}之间(含首尾)",
                day_text(from),
                day_text(last)
            ),
            None => format!(";仅在{by}发布撑不到节后上班,假期内还须安排多次定时发布"),
        });
    }
    if !found.certain {
        text.push_str("(该年放假安排尚未公布,按常规推算)");
    }
    text
}

fn day_text(day: NaiveDate) -> String {
    day.format("%-m月%-d日").to_string()
}

/// The advice in words.
pub fn advice(found: &BeforeBreak) -> String {
    let day = day_text;
    let name = found.name.as_deref().map_or("周末".to_owned(), |name| format!("{name}假期"));
    let span = if found.first == found.last {
        day(found.first)
    } else {
        format!("{}至{}", day(found.first), day(found.last))
    };
    let safe = day(found.safe);
    let mut text = match (found.lapses_inside, &found.name) {
        (true, Some(_)) => {
            format!("期限落在{name}({span})内,最晚请于{safe}(放假前最后一个工作日)发布")
        }
        (true, None) => format!("期限落在{name}({span})内,建议于{safe}(此前最后一个工作日)发布"),
        (false, _) => {
            format!("期限前有{name}({span}),建议于{safe}(放假前最后一个工作日)前发布")
        }
    };
    text.push_str(&further(found));
    text
}

#[cfg(test)]
mod tests;
