//! What do the custom menus hold? `get_current_selfmenu_info`: every account, console- or API-set; and `menu/get` for
//! the conditional ones.

use freshd_core::civil;
use freshd_core::link::{Menu, MenuEntry};
use serde_json::Value;

use super::interface::Interface;
use super::memory::{self, Memory};
use super::session::{Asked, Session};
use crate::lenient;

/// The menu as followers see it.
const SELFMENU: Interface =
    Interface::new("/cgi-bin/get_current_selfmenu_info", "自定义菜单", &[1, 3, 15]);
/// Menus that were set through the interface, and conditional ones; a menu made in the console is not there (46003).
const CUSTOM: Interface = Interface::new("/cgi-bin/menu/get", "接口设置的菜单", &[15]).optional();
/// A menu changes a few times a year: days from one reading to the next.
const EVERY_DAYS: u64 = 3;
/// Entries taken at most (the platform allows 3 × 5; articles of `news` entries come on top).
const ENTRIES_MAX: usize = 200;
/// Levels below the top that are followed.
const DEPTH_MAX: usize = 4;

/// Reads the menus, every [`EVERY_DAYS`] days unless asked freshly. A poll that does not read them leaves `menu` at `None`,
/// which means "as it was", never "no menu".
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) {
    let today = civil::day(session.cx.now);
    if !memory::is_due(memory.menu_day, today, session.rest_days(EVERY_DAYS)) && !session.cx.fresh {
        return;
    }
    let Asked::Body(answer) = session.ask(SELFMENU, None).await else { return };
    let Some(mut menu) = read(&answer) else {
        return session.malformed(SELFMENU, "没有 is_menu_open 和 selfmenu_info");
    };
    let faults = session.seen.faults.len();
    match session.ask(CUSTOM, None).await {
        Asked::Body(answer) => {
            menu.entries.extend(conditional(&answer));
            menu.entries.truncate(ENTRIES_MAX);
            menu.whole &= menu.entries.len() < ENTRIES_MAX;
        }
        // Refused for good, or none was set: the public menu is all there is to see.
        Asked::NotReady | Asked::Nothing => menu.whole &= session.seen.faults.len() == faults,
    }
    memory.menu_day = Some(today);
    session.seen.menu = Some(menu);
}

/// The entries of the conditional menus 个性化菜单, each below the name of its rule. Menus by sex, place or language have
/// no effect any more although they are still listed.
fn conditional(answer: &Value) -> Vec<MenuEntry> {
    let menus = answer.get("conditionalmenu").and_then(Value::as_array);
    let mut entries = Vec::new();
    for (nth, menu) in menus.into_iter().flatten().enumerate() {
        let rule = menu.get("matchrule").and_then(Value::as_object);
        let rule: Vec<(&str, String)> = rule
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), lenient::text(value)?)))
            .collect();
        let without_effect = ["sex", "country", "province", "city", "language"]
            .map(|key| rule.iter().any(|(held, value)| *held == key && value != "0"));
        let aside = without_effect.contains(&true);
        let words: Vec<String> = rule.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let effect = if aside { ",已不生效" } else { "" };
        let name = format!("个性化菜单{}({}{effect})", nth + 1, words.join("、"));
        let mut own = Vec::new();
        gather(children(menu.get("button")), &[name], &mut own);
        entries.extend(own.into_iter().map(|entry| MenuEntry { aside, ..entry }));
    }
    entries
}

/// The menu of an answer. Without `selfmenu_info` no menu was ever set: no entries.
pub(crate) fn read(answer: &Value) -> Option<Menu> {
    let open = answer.get("is_menu_open").and_then(lenient::flag);
    let buttons = answer.pointer("/selfmenu_info/button");
    if open.is_none() && buttons.is_none() {
        return None;
    }
    let mut entries = Vec::new();
    gather(children(buttons), &[], &mut entries);
    let open = open.unwrap_or(!entries.is_empty());
    Some(Menu { open, whole: entries.len() < ENTRIES_MAX, entries })
}

/// The children of a button: `{"list": […]}` in this interface, a plain array in `menu/get`.
pub(crate) fn children(held: Option<&Value>) -> &[Value] {
    let list = held.and_then(|held| held.as_array().or_else(|| held.get("list")?.as_array()));
    list.map(Vec::as_slice).unwrap_or_default()
}

fn gather(buttons: &[Value], above: &[String], entries: &mut Vec<MenuEntry>) {
    for button in buttons {
        let mut path = above.to_vec();
        path.push(button.get("name").and_then(lenient::text).unwrap_or_default());
        let below = children(button.get("sub_button"));
        if !below.is_empty() && path.len() <= DEPTH_MAX {
            gather(below, &path, entries);
        } else {
            leaves(button, path, entries);
        }
        entries.truncate(ENTRIES_MAX);
    }
}

/// A leaf as entries: one, or one per article of a `news` button (and per source that an article names), and one per
/// address in a text. A button without type and children has kind `""`.
fn leaves(button: &Value, path: Vec<String>, entries: &mut Vec<MenuEntry>) {
    let kind = button.get("type").and_then(lenient::text).unwrap_or_default();
    let entry = |kind: &str, target: Option<String>| MenuEntry {
        path: path.clone(),
        kind: kind.to_owned(),
        target,
        aside: false,
    };
    let articles = children(button.get("news_info"));
    if kind == "news" && !articles.is_empty() {
        for article in articles {
            let link = |key: &str| article.get(key).and_then(lenient::text);
            entries.push(entry("news", link("content_url")));
            entries.extend(link("source_url").map(|source| entry("news", Some(source))));
        }
        return;
    }
    let target = target(&kind, button);
    let text = target.clone().filter(|_| kind == "text").unwrap_or_default();
    entries.push(entry(&kind, target));
    entries.extend(addresses(&text).map(|address| entry("text_link", Some(address))));
}

/// The web addresses in a text.
pub(crate) fn addresses(text: &str) -> impl Iterator<Item = String> {
    let found = freshd_core::link::addresses(text);
    found.filter(|found| url::Url::parse(found).is_ok()).map(str::to_owned)
}

/// What an entry of that type points at. Media ids and video addresses of console buttons change at every call, so
/// they are left out: a menu that did not change must not look changed.
fn target(kind: &str, button: &Value) -> Option<String> {
    let text = |key: &str| button.get(key).and_then(lenient::text);
    match kind {
        "view" => text("url"),
        "text" => text("value"),
        "news" | "img" | "photo" | "voice" | "video" | "" => None,
        "media_id" | "view_limited" => text("media_id"),
        "article_id" | "article_view_limited" => text("article_id"),
        "miniprogram" => match (text("appid"), text("pagepath")) {
            (Some(appid), Some(page)) => Some(format!("{appid}/{page}")),
            (appid, page) => appid.or(page),
        },
        _ => text("key").or_else(|| text("url")).or_else(|| text("value")),
    }
}

#[cfg(test)]
mod tests;
