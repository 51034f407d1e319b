//! How does the open web answer? Menu targets, feeds with Chinese times, packages and health addresses.

use std::fmt::Write as _;

use freshd_core::{Timestamp, civil};

use super::Scene;
use super::app;
use super::ask::{Ask, JSON, Reply};
use crate::world::{Account, MenuTarget};

/// Items in a feed.
const FEED_ITEMS: usize = 20;

pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    let mut parts = ask.path.trim_start_matches('/').split('/');
    let (place, rest, slot) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    let number = rest.split('.').next().and_then(|text| text.parse::<usize>().ok());
    let Some(account) = number.and_then(|number| scene.world.accounts.get(number)) else {
        return not_found();
    };
    let reply = match place {
        Some("page") => page(account, slot, ask.as_of),
        Some("feed") => feed(account, ask),
        Some("app") => app::answer(account, ask),
        Some("health") => health(account, ask.as_of),
        _ => not_found(),
    };
    reply.about(account.index)
}

fn not_found() -> Reply {
    Reply::page(404, "404 Not Found", "<p>nginx</p>")
}

fn page(account: &Account, slot: Option<&str>, at: Timestamp) -> Reply {
    let slot = slot.and_then(|text| text.parse::<usize>().ok());
    let entry = account.menu.as_ref().zip(slot).and_then(|(menu, slot)| menu.entries.get(slot));
    let name = entry.and_then(|entry| entry.path.last()).copied().unwrap_or_default();
    match entry.map(|entry| entry.target) {
        Some(MenuTarget::Page(until)) if until.is_none_or(|until| at < until) => {
            let text =
                format!("<p>{}为您提供{name}服务。办理时间:工作日 9:00-17:00。</p>", account.name);
            Reply::page(200, name, &text)
        }
        Some(MenuTarget::SoftDead) => {
            Reply::page(200, "页面不存在", "<p>您访问的页面不存在或已删除</p>")
        }
        _ => not_found(),
    }
}

fn health(account: &Account, at: Timestamp) -> Reply {
    match account.app() {
        Some(app) if app.probe_dead_at.is_none_or(|dead| at < dead) => {
            Reply::new(200, JSON, r#"{"status":"UP"}"#)
        }
        _ => not_found(),
    }
}

/// A time as the feed of this account writes it.
fn feed_time(account: &Account, at: Timestamp) -> String {
    let local = civil::local(at);
    let form = match account.index % 6 {
        0 => "%a, %d %b %Y %H:%M:%S +0800",
        1 => "%Y-%m-%d %H:%M:%S",
        2 => "%Y年%m月%d日 %H:%M",
        3 => "%a, %d %b %Y %H:%M:%S CST",
        4 => "%Y/%m/%d %H:%M:%S",
        _ => "%Y-%m-%dT%H:%M:%S+08:00",
    };
    local.format(form).to_string()
}

/// RSS 2.0; `lastBuildDate` is the time of the request, as bridges write it.
fn feed(account: &Account, ask: &Ask<'_>) -> Reply {
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{name}</title>\
         <link>https://example.gov.test/{index}</link><description>{name}</description>\
         <lastBuildDate>{now}</lastBuildDate>\n",
        name = account.name,
        index = account.index,
        now = ask.now.format("%a, %d %b %Y %H:%M:%S GMT"),
    );
    let shown = if ask.empty { 0 } else { FEED_ITEMS };
    for (number, post) in account.visible(ask.as_of).take(shown) {
        let time = feed_time(account, post.time);
        let item = writeln!(
            body,
            "<item><title>{title}</title><link>https://example.gov.test/{index}/{number}</link>\
             <guid isPermaLink=\"false\">{index}-{number}</guid><pubDate>{time}</pubDate></item>",
            title = post.title(),
            index = account.index,
        );
        item.expect("a string takes everything");
    }
    body.push_str("</channel></rss>\n");
    Reply::new(200, "application/rss+xml; charset=utf-8", body)
}
