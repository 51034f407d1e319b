//! Do the links work that an account shows elsewhere than in its menu? Advice, each with its place.

use freshd_core::civil::minute_text;
use freshd_core::link::{LinkHealth, Place};
use freshd_core::verdict::{Judgement, MenuEntryHealth};
use serde::Serialize;

use crate::report::table::{Cell, Column, Table};
use crate::report::words::link_chinese;
use crate::zone::rfc3339;

/// One link that is shown elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// `auto_reply`, `app_page` or `interaction`.
    pub place: Place,
    /// Where, in words for people: the place and the names below it.
    pub shown_at: String,
    /// The address.
    pub target: Option<String>,
    /// Its health.
    pub health: LinkHealth,
    /// Why, Chinese.
    pub reason: String,
    /// When it was checked, RFC 3339; `None` = not yet.
    pub checked_at: Option<String>,
}

/// The place and the names below it.
fn shown_at(place: Place, link: &MenuEntryHealth) -> String {
    let names = link.entry.path.iter().map(String::as_str);
    [place.chinese()].into_iter().chain(names).collect::<Vec<_>>().join("/")
}

/// The links that are shown elsewhere, as they were last checked.
pub fn links(judgement: &Judgement) -> Vec<LinkView> {
    let view = |(place, link): &(Place, MenuEntryHealth)| LinkView {
        place: *place,
        shown_at: shown_at(*place, link),
        target: link.entry.target.clone(),
        health: link.health,
        reason: link.reason.clone(),
        checked_at: link.checked_at.map(rfc3339),
    };
    judgement.menu.others.iter().map(view).collect()
}

/// The same as a table; `None` = there are none.
pub(super) fn links_table(judgement: &Judgement) -> Option<Table> {
    let mut table = Table::new([
        Column::text("位置", 36),
        Column::text("状态", 10),
        Column::text("说明", 40),
        Column::text("核验时间", 16),
        Column::text("地址", 80),
    ]);
    for (place, link) in &judgement.menu.others {
        table.row([
            Cell::from(shown_at(*place, link)),
            Cell::from(link_chinese(link.health)),
            Cell::from(&link.reason),
            Cell::from(link.checked_at.map(minute_text).unwrap_or_default()),
            Cell::from(link.entry.target.as_deref().unwrap_or_default()),
        ]);
    }
    (!table.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests;
