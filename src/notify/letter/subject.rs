//! What does the subject line say?

use chrono::NaiveDate;
use freshd_core::Timestamp;
use freshd_core::reminder::Reason;
use freshd_core::rulebook::Rule;

use super::super::clean::clean_header_text;
use super::{Item, chinese_date, due_text};

/// How every subject begins.
pub const SUBJECT_MARK: &str = "【政务新媒体提醒】";

/// Characters of a unit's name in a subject.
const UNIT_CHARS_MAX: usize = 20;

/// One line: how many accounts for each reason, most urgent first, by when, and whose. `safe`: the last safe day before a break.
pub(super) fn subject(items: &[&Item], safe: Option<NaiveDate>, now: Timestamp) -> String {
    let of = |reason: Reason| items.iter().copied().filter(move |it| it.tell.reason == reason);
    let mut parts = Vec::new();
    let overdue = of(Reason::Overdue);
    let (stale, other): (Vec<_>, Vec<_>) =
        overdue.partition(|it| it.tell.rule == Rule::ContentStale);
    count(&mut parts, &stale, |n| format!("{n} 个账号已超期"));
    count(&mut parts, &other, |n| format!("{n} 个账号疑似不达标"));
    count(&mut parts, &of(Reason::Reminder).collect::<Vec<_>>(), |n| due(items, n, now));
    let day = safe.map(|day| format!(",最晚{}", chinese_date(day))).unwrap_or_default();
    let eve = format!("个账号须在长假前安排发布{day}");
    let more = [
        (Reason::Escalation, "个账号提请督促"),
        (Reason::Rectified, "个账号已整改"),
        (Reason::PreHoliday, eve.as_str()),
        (Reason::Precheck, "个账号的自查结果"),
        (Reason::EvidenceRequest, "个账号请核实更新情况"),
    ];
    for (reason, words) in more {
        count(&mut parts, &of(reason).collect::<Vec<_>>(), |n| format!("{n} {words}"));
    }
    let mut line = format!("{SUBJECT_MARK}{}", parts.join("、"));
    line.push_str(&whose(items));
    line
}

/// The only account, or the unit whose accounts they are.
fn whose(items: &[&Item]) -> String {
    let Some(first) = items.first().map(|item| &item.account) else { return String::new() };
    let one = items.iter().all(|item| item.account.id == first.id);
    let mut units: Vec<_> =
        items.iter().map(|item| clean_header_text(&item.account.sponsor)).collect();
    units.sort();
    units.dedup();
    let mut name = if one { clean_header_text(&first.name) } else { units[0].clone() };
    if name.is_empty() {
        return name;
    }
    if !one && name.chars().count() > UNIT_CHARS_MAX {
        name = name.chars().take(UNIT_CHARS_MAX).chain(['…']).collect();
    }
    match units.len() {
        more if !one && more > 1 => format!("({name}等 {more} 个单位)"),
        _ => format!("({name})"),
    }
}

fn count(parts: &mut Vec<String>, items: &[&Item], words: impl Fn(usize) -> String) {
    let mut ids: Vec<_> = items.iter().map(|it| &it.account.id).collect();
    ids.sort();
    ids.dedup();
    if !ids.is_empty() {
        parts.push(words(ids.len()));
    }
}

fn due(items: &[&Item], n: usize, now: Timestamp) -> String {
    let reminders = items.iter().filter(|it| it.tell.reason == Reason::Reminder);
    let mut deadlines: Vec<_> =
        reminders.filter_map(|it| it.judgement.forecast).map(|it| it.deadline).collect();
    deadlines.sort();
    let mut days: Vec<_> = deadlines.iter().map(|at| due_text(*at, now)).collect();
    days.dedup();
    match days.as_slice() {
        [] => format!("{n} 个账号临近期限"),
        [day] => format!("{n} 个账号须于{day}前发布"),
        [day, ..] => format!("{n} 个账号临近期限(最早须于{day}前发布)"),
    }
}
