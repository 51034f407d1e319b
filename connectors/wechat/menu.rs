//! What does the custom menu hold? `get_current_selfmenu_info`: every account, console- or API-set.

use freshd_core::civil;
use freshd_core::link::{Menu, MenuEntry};
use serde_json::Value;

use super::interface::Interface;
use super::memory::Memory;
use super::session::{Asked, Session};
use crate::lenient;

/// The menu as followers see it.
const SELFMENU: Interface =
    Interface::new("/cgi-bin/get_current_selfmenu_info", "自定义菜单", &[1, 3, 15]);
/// Entries taken at most (the platform allows 3 × 5; articles of `news` entries come on top).
const ENTRIES_MAX: usize = 200;
/// Levels below the top that are followed.
const DEPTH_MAX: usize = 4;

/// Reads the menu, once a Beijing day unless asked freshly. A poll that does not read it leaves `menu` at `None`,
/// which means "as it was", never "no menu".
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) {
    let today = civil::day(session.cx.now);
    if memory.menu_day == Some(today) && !session.cx.fresh {
        return;
    }
    let Asked::Body(answer) = session.ask(SELFMENU, None).await else { return };
    match read(&answer) {
        Some(menu) => {
            memory.menu_day = Some(today);
            session.seen.menu = Some(menu);
        }
        None => session.malformed(SELFMENU, "没有 is_menu_open 和 selfmenu_info"),
    }
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
fn children(held: Option<&Value>) -> &[Value] {
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

/// A leaf as entries: one, or one per article of a `news` button. A button without type and children has kind `""`.
fn leaves(button: &Value, path: Vec<String>, entries: &mut Vec<MenuEntry>) {
    let kind = button.get("type").and_then(lenient::text).unwrap_or_default();
    let articles = children(button.get("news_info"));
    if kind == "news" && !articles.is_empty() {
        entries.extend(articles.iter().map(|article| MenuEntry {
            path: path.clone(),
            kind: kind.clone(),
            target: article.get("content_url").and_then(lenient::text),
        }));
    } else {
        let target = target(&kind, button);
        entries.push(MenuEntry { path, kind, target });
    }
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
