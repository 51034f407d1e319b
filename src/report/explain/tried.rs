//! What was tried to see whether the interaction works 互动功能? Each sign with its source, and what persons said; also what
//! was looked for and never seen.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::civil::minute_text;
use freshd_core::link::{LinkHealth, Place};
use freshd_core::observation::PROBE_KIND;
use freshd_core::state::{AccountState, PERSON_PREFIX};
use freshd_core::verdict::{
    INTERACTION_AGE_MAX_DAYS, Judgement, MenuEntryHealth, consultations, interaction_chinese,
    last_said,
};
use freshd_core::word::Finding;
use serde::Serialize;

use crate::report::table::{Cell, Column, Table};
use crate::report::words::source_chinese;
use crate::zone::rfc3339;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// `comments`, `auto_reply`, `probe`, …; `person` for a person's word.
    pub kind: String,
    /// The kind in words for people.
    pub name: String,
    /// `connector:target`, `人工:NAME`, or the menu's leaf.
    pub source: String,
    /// The last answer: it works, it does not, or no such sign was seen (which proves nothing).
    pub works: Option<bool>,
    /// When it was last looked at, RFC 3339; `None` = no look has told anything yet.
    pub at: Option<String>,
    /// When it was last seen to work, RFC 3339, where that is known.
    pub worked_at: Option<String>,
    /// Until when the answer counts, RFC 3339; `None` where it counts for nothing.
    pub until: Option<String>,
    /// More in words; may be empty.
    pub note: String,
}

/// Everything that was tried by the instant of the judgement: signs, pages, then words, the newest last.
pub fn tried(account: &Account, state: &AccountState, judgement: &Judgement) -> Vec<Tried> {
    let now = judgement.now;
    let history = &state.history;
    let declared = account.sources.iter().filter(|source| source.connector == "probe");
    let probes = declared.map(|source| format!("{source}/{PROBE_KIND}"));
    let mut keys: Vec<String> = history.interaction.keys().cloned().chain(probes).collect();
    keys.extend(history.sought.keys().cloned());
    keys.sort();
    keys.dedup();
    let mut all: Vec<Tried> = keys.iter().map(|key| sign(key, state, now)).collect();
    all.extend(consultations(&judgement.menu).map(|(place, page)| consultation(place, page, now)));
    all.extend(persons(state, now));
    all
}

fn until(at: Timestamp) -> Timestamp {
    at + TimeDelta::days(INTERACTION_AGE_MAX_DAYS)
}

fn sign(key: &str, state: &AccountState, now: Timestamp) -> Tried {
    let (source, kind) = key.rsplit_once('/').unwrap_or(("", key));
    let looks = state.history.interaction.get(key);
    let said = looks.and_then(|looks| last_said(key, looks, now));
    let worked = looks.and_then(|looks| {
        let mut by_now = looks.iter().rev().filter(|(at, _)| *at <= now);
        by_now.find(|(_, works)| *works == Some(true)).map(|(at, _)| *at)
    });
    let missed = state.history.sought.get(key).filter(|(at, _)| *at <= now);
    let at = said.map(|(at, _)| at).max(missed.map(|(at, _)| *at));
    let newest = said.filter(|(said_at, _)| Some(*said_at) == at);
    let works = newest.and_then(|(_, works)| works);
    // What was seen to work and is not seen at the moment still counts for its time.
    let counts = said.filter(|(_, works)| *works == Some(true)).map(|(at, _)| until(at));
    let counts = counts.filter(|until| *until >= now);
    let failing = state.sources.get(source).filter(|held| held.failures > 0);
    let note = match (at, failing) {
        (None, Some(_)) => "采集失败,还没有得到回答".to_owned(),
        (None, None) => "还没有得到回答".to_owned(),
        (at, _) => missed.filter(|it| Some(it.0) == at).map(|it| it.1.clone()).unwrap_or_default(),
    };
    let name = if kind == PROBE_KIND { "探测地址" } else { interaction_chinese(kind) };
    Tried {
        kind: kind.to_owned(),
        name: name.to_owned(),
        source: source.to_owned(),
        works,
        at: at.map(rfc3339),
        worked_at: worked.map(rfc3339),
        until: counts.map(rfc3339),
        note,
    }
}

/// A page where people can ask: that it opens is a sign, that it does not is none against the account.
fn consultation(place: Option<Place>, page: &MenuEntryHealth, now: Timestamp) -> Tried {
    let works = match page.health {
        LinkHealth::Alive => Some(true),
        LinkHealth::Dead | LinkHealth::Placeholder => Some(false),
        LinkHealth::Unstable | LinkHealth::Undetermined | LinkHealth::NotCheckable => None,
    };
    let worked = page.checked_at.filter(|_| works == Some(true));
    let source = match place {
        Some(place) => format!("{}:{}", place.chinese(), page.entry.link().unwrap_or_default()),
        None => format!("菜单:{}", page.entry.path.join("/")),
    };
    Tried {
        kind: "consultation".to_owned(),
        name: interaction_chinese("consultation").to_owned(),
        source,
        works,
        at: page.checked_at.map(rfc3339),
        worked_at: worked.map(rfc3339),
        until: worked.map(until).filter(|until| *until >= now).map(rfc3339),
        note: if works == Some(true) { String::new() } else { page.reason.clone() },
    }
}

fn persons(state: &AccountState, now: Timestamp) -> impl Iterator<Item = Tried> + '_ {
    let since = now - TimeDelta::days(INTERACTION_AGE_MAX_DAYS);
    let by_now = state.words.iter().filter(move |word| word.at > since && word.at <= now);
    by_now.filter(|word| word.found.is_of_interaction()).map(|word| {
        let works = word.found == Finding::InteractionWorks;
        let filed = if word.filed { "(附截图)" } else { "" };
        Tried {
            kind: "person".to_owned(),
            name: "人工核查".to_owned(),
            source: format!("{PERSON_PREFIX}{}", word.by),
            works: Some(works),
            at: Some(rfc3339(word.at)),
            worked_at: works.then(|| rfc3339(word.at)),
            until: works.then(|| rfc3339(until(word.at))),
            note: format!("{}{filed}", word.detail),
        }
    })
}

/// The last answer in words for people.
pub fn works_chinese(works: Option<bool>) -> &'static str {
    match works {
        Some(true) => "可用",
        Some(false) => "不可用",
        None => "未见",
    }
}

/// What was tried as a table; `None` = nothing could be tried.
pub(super) fn tried_table(all: &[Tried]) -> Option<Table> {
    let mut table = Table::new([
        Column::text("方式", 16),
        Column::text("最近结果", 10),
        Column::text("时间", 16),
        Column::text("来源", 60),
        Column::text("说明", 60),
    ]);
    let minute = |text: &Option<String>| {
        let at = text.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        at.map(minute_text)
    };
    for one in all {
        let mut note = vec![one.note.clone()];
        if one.works != Some(true) {
            note.extend(minute(&one.worked_at).map(|at| format!("上次可用 {at}")));
        }
        note.extend(minute(&one.until).map(|at| format!("有效至 {at}")));
        note.retain(|part| !part.is_empty());
        table.row([
            Cell::from(&one.name),
            Cell::from(works_chinese(one.works)),
            Cell::from(minute(&one.at).unwrap_or_default()),
            Cell::from(source_chinese(&one.source)),
            Cell::from(note.join(";")),
        ]);
    }
    (!table.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests;
