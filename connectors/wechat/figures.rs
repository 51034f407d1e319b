//! On which days was something published? The daily figures `getbizsummary`, complete up to yesterday.
//!
//! A row with pieces is a sighting of that day; a row with none is a proved silence of that day on both channels, but
//! only in an answer whose `is_delay` is false. A day without a row is unknown.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta, Timelike};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::Channel;
use freshd_core::observation::{InteractionSign, Part, Published, Sighting};
use serde_json::{Value, json};

use super::interface::Interface;
use super::memory::{Memory, Walked};
use super::publish;
use super::session::{Asked, Session};
use crate::lenient;

/// The daily figures of an account; at most 30 days per call.
const SUMMARY: Interface = Interface::new("/datacube/getbizsummary", "发表内容统计概况", &[7]);
/// Days per call.
const WINDOW_DAYS: u64 = 30;
/// Further windows asked in one poll when the newest window shows no publication.
const WALK_WINDOWS_MAX: usize = 3;
/// Beijing hour from which yesterday's figures may be asked for.
const READY_HOUR: u32 = 8;

/// The first day that the statistics know.
pub(crate) fn era() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 11, 1).expect("a literal date exists")
}

/// What the figures told.
#[derive(Default)]
pub(crate) struct Figures {
    /// Publishing days with their number of pieces.
    pub(crate) hits: BTreeMap<NaiveDate, i64>,
    /// The figures of the newest day are still to come.
    pub(crate) late: bool,
    /// The newest day whose figures were read and are complete.
    pub(crate) complete: Option<NaiveDate>,
    /// They were read whole at an earlier look and not asked for again.
    pub(crate) known: bool,
}

/// One answer, read.
struct Rows {
    days: BTreeMap<NaiveDate, i64>,
    delayed: bool,
    /// The newest day with comments, and how many.
    comments: Option<(NaiveDate, i64)>,
}

/// Asks for the newest 30 days, and further back only while no publication is found.
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) -> Figures {
    let mut figures = Figures::default();
    let newest = newest_day(session.cx.now);
    // Known already, and something else will be asked, so that this look is one.
    if memory.complete == Some(newest) && !session.cx.fresh && publish::is_due(session, memory) {
        figures.complete = memory.complete;
        figures.known = true;
        return figures;
    }
    let Some(rows) = ask(session, newest, &mut figures).await else {
        return figures;
    };
    let from = window_start(newest);
    absorb(session, &mut figures, &rows, from, newest);
    if rows.delayed {
        // The delay is about the newest figures: an answer that ends a day earlier may be complete.
        figures.late = true;
        if let Some(before) = newest.pred_opt()
            && let Some(rows) = ask(session, before, &mut figures).await
        {
            absorb(session, &mut figures, &rows, window_start(before), before);
        }
    }
    if figures.hits.is_empty() {
        walk_back(session, memory, &mut figures, from, newest).await;
    } else {
        memory.walked = Some(Walked { from, until: newest, hit: true });
    }
    memory.complete = figures.complete;
    figures
}

/// The newest day whose figures may be asked for: yesterday, or before 08:00 Beijing the day before.
pub(crate) fn newest_day(now: Timestamp) -> NaiveDate {
    let back = if civil::local(now).hour() >= READY_HOUR { 1 } else { 2 };
    civil::day(now) - Days::new(back)
}

/// The next 08:30 Beijing after `now`: then yesterday's figures are there.
pub(crate) fn next_figures(now: Timestamp) -> Timestamp {
    let today = civil::start_of(civil::day(now)) + TimeDelta::minutes(8 * 60 + 30);
    if today > now { today } else { today + TimeDelta::days(1) }
}

/// A publishing day as a sighting: some time on that day; the summary does not tell the channel.
pub(crate) fn day_sighting(day: NaiveDate, pieces: i64) -> Sighting {
    Sighting {
        key: key_of(day),
        channel: Channel::new(Channel::NOTIFIED),
        published: on_day(day),
        title: format!("当日发表 {pieces} 篇"),
        url: None,
        pinned: false,
        repost: false,
    }
}

/// The key of a publishing day of which no article is known.
pub(crate) fn key_of(day: NaiveDate) -> String {
    format!("day:{day}")
}

/// Some time on a Beijing day.
pub(crate) fn on_day(day: NaiveDate) -> Published {
    let start = civil::start_of(day);
    Published::between(start, start + TimeDelta::days(1) - TimeDelta::seconds(1))
}

async fn walk_back(
    session: &mut Session<'_>,
    memory: &mut Memory,
    figures: &mut Figures,
    from: NaiveDate,
    newest: NaiveDate,
) {
    let known = memory.walked.filter(|walked| {
        !session.cx.fresh && walked.until.succ_opt().is_some_and(|next| from <= next)
    });
    let mut walked = Walked { from, until: newest, hit: false };
    if let Some(known) = known {
        walked = Walked { from: known.from.min(from), until: newest, hit: known.hit };
    }
    for _ in 0..WALK_WINDOWS_MAX {
        let last = walked.from.pred_opt().filter(|last| *last >= era());
        let (Some(last), false) = (last, walked.hit) else { break };
        let Some(rows) = ask(session, last, figures).await else { break };
        let first = window_start(last);
        absorb(session, figures, &rows, first, last);
        walked.from = first;
        walked.hit = !figures.hits.is_empty();
    }
    memory.walked = Some(walked);
}

async fn ask(session: &mut Session<'_>, last: NaiveDate, figures: &mut Figures) -> Option<Rows> {
    if last < era() {
        return None;
    }
    let body = json!({
        "begin_date": window_start(last).to_string(),
        "end_date": last.to_string(),
    });
    match session.ask(SUMMARY, Some(&body)).await {
        Asked::Body(answer) => {
            let rows = read(&answer);
            if rows.is_none() {
                session.malformed(SUMMARY, "没有 list");
            }
            rows
        }
        Asked::NotReady => {
            figures.late = true;
            None
        }
        Asked::Nothing => None,
    }
}

fn window_start(last: NaiveDate) -> NaiveDate {
    (last - Days::new(WINDOW_DAYS - 1)).max(era())
}

/// Takes what an answer about the days `from..=until` proves. Rows of other days are hits, never silence.
fn absorb(
    session: &mut Session<'_>,
    figures: &mut Figures,
    rows: &Rows,
    from: NaiveDate,
    until: NaiveDate,
) {
    let today = civil::day(session.cx.now);
    if let Some((day, count)) = rows.comments.filter(|_| session.seen.interaction.is_empty()) {
        session.seen.carried(&[Part::Interaction("comments")]);
        session.seen.interaction.push(InteractionSign {
            kind: "comments".to_owned(),
            works: Some(true),
            what: format!("{day} 收到 {count} 条留言"),
        });
    }
    // The newest days, asked first, are those that a silence hangs on.
    if !rows.delayed && session.seen.carried_by.coverage.is_none() {
        session.seen.carried(&[Part::Coverage]);
    }
    for (day, pieces) in &rows.days {
        if *pieces > 0 && *day <= today {
            figures.hits.insert(*day, *pieces);
            session.seen.carried(&[Part::Sighting(&key_of(*day))]);
        }
        if !rows.delayed && *day >= from && *day <= until {
            figures.complete = figures.complete.max(Some(*day));
            let since = civil::start_of(*day);
            for channel in [Channel::NOTIFIED, Channel::UNNOTIFIED] {
                let until = since + TimeDelta::days(1);
                session.seen.coverage.add(Channel::new(channel), since, until);
            }
        }
    }
}

/// The rows of an answer; `None` when it has no list. An answer without `is_delay` counts as delayed.
fn read(answer: &Value) -> Option<Rows> {
    let list = answer.get("list")?.as_array()?;
    let mut days = BTreeMap::new();
    let mut comments: Option<(NaiveDate, i64)> = None;
    for row in list {
        let day = row.get("ref_date").and_then(Value::as_str).and_then(|day| day.parse().ok());
        let count = row.pointer("/detail/comment_count").and_then(lenient::int);
        comments = comments.max(day.zip(count.filter(|count| *count > 0)));
        // A count below zero is none.
        let pieces = row.pointer("/detail/send_page_count").and_then(lenient::int);
        let pieces = pieces.filter(|pieces| *pieces >= 0);
        if let (Some(day), Some(pieces)) = (day, pieces) {
            let held: &mut i64 = days.entry(day).or_default();
            *held = pieces.max(*held);
        }
    }
    let delayed = answer.get("is_delay").and_then(lenient::flag).unwrap_or(true);
    Some(Rows { days, delayed, comments })
}
