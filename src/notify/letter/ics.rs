//! By which day must be published, as a calendar understands it? 截止日历(RFC 5545).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use freshd_core::forecast::last_safe_day;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::{Timestamp, civil};
use icalendar::{Alarm, Calendar, Component, Event, EventLike, Trigger};

use super::super::clean::{clean_header_text, clean_line};
use super::Item;
use crate::store::Attachment;

/// Entries of one calendar; a recipient with more gets the earliest.
const EVENTS_MAX: usize = 50;
/// The calendar speaks up so long before the day begins: at 9 in the morning of the day before.
const ALARM_BEFORE_H: i64 = 15;

/// One whole-day entry for each account that its owner must publish on, on the last day on which that is in time. `None` without any: a
/// deadline that has passed, or that nobody knows, is no appointment. The same account's next deadline replaces its entry.
pub(super) fn calendar(items: &[&Item], now: Timestamp) -> Option<Attachment> {
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        let planned = [Reason::Reminder, Reason::PreHoliday, Reason::Precheck];
        let deadline = item.judgement.forecast.map(|outlook| outlook.deadline);
        let day = deadline.filter(|at| *at > now).and_then(|at| last_safe_day(at, now));
        let asked = planned.contains(&item.tell.reason) && item.tell.audience == Audience::Owner;
        if let Some(day) = day.filter(|_| asked)
            && seen.insert(&item.account.id)
        {
            entries.push((day, item));
        }
    }
    entries.sort_by(|a, b| (a.0, &a.1.account.id).cmp(&(b.0, &b.1.account.id)));
    entries.truncate(EVENTS_MAX);
    if entries.is_empty() {
        return None;
    }
    let mut calendar = Calendar::new();
    calendar.append_property(("METHOD", "PUBLISH"));
    for (day, item) in entries {
        let name = clean_header_text(&item.account.name);
        let words = format!("{name}:今天(含)前须发布新内容");
        let uid = format!("{}@deadline.freshd", item.account.id);
        let before = Trigger::before_start(TimeDelta::hours(ALARM_BEFORE_H));
        let mut alarm = Alarm::display(&words, before);
        // The library would invent both, and the same letter would never be the same twice.
        alarm.uid(&format!("alarm-{uid}")).timestamp(now);
        let mut event = Event::new();
        event
            .uid(&uid)
            .timestamp(now)
            .sequence(sequence(now))
            .summary(&words)
            .starts(day)
            .ends(day + TimeDelta::days(1))
            .alarm(alarm);
        if let Some(ruling) = item.judgement.ruling(item.tell.rule) {
            let as_of = civil::minute_text(ruling.as_of);
            let text = format!("{}(数据截至{as_of})", clean_line(&ruling.reason));
            event.description(&text);
        }
        calendar.push(event.done());
    }
    let text = calendar.to_string();
    let kind = "text/calendar; charset=utf-8; method=PUBLISH";
    Some(Attachment::new("deadline.ics", kind, text.as_bytes()))
}

/// A later letter's entry takes the place of an earlier one's: minutes since 2020.
fn sequence(now: Timestamp) -> u32 {
    const BEGIN_S: i64 = 1_577_808_000;
    u32::try_from((now.timestamp() - BEGIN_S) / 60).unwrap_or(0)
}
