//! Does a break lie before the deadline, and what is the last safe day before it? 节前最晚安全日期.

use chrono::NaiveDate;
use freshd_core::calendar::Calendar;
use freshd_core::forecast::last_safe_day;
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
                let after_safe = (found.next_working - day).num_days();
                return Some(BeforeBreak {
                    safe: day,
                    first: found.first,
                    last: found.last,
                    name: found.name,
                    lapses_inside,
                    outlasts_window: after_safe >= window_days,
                    certain: found.certain,
                });
            }
        }
        day = day.succ_opt()?;
    }
    None
}

/// The advice in words.
pub fn advice(found: &BeforeBreak) -> String {
    let day = |day: NaiveDate| day.format("%-m月%-d日").to_string();
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
    if found.outlasts_window {
        text.push_str(";假期长于更新期限,假期内还须安排定时发布");
    }
    if !found.certain {
        text.push_str("(该年放假安排尚未公布,按常规推算)");
    }
    text
}

#[cfg(test)]
mod tests;
