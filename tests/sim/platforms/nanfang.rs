//! How does 南方号 answer? The article list, with an old pinned item and items of related columns among its own.

use chrono::{Datelike as _, TimeDelta, Timelike as _};
use freshd_core::{Timestamp, civil};
use serde_json::json;

use super::Scene;
use super::ask::{Ask, Reply};
use crate::world::{Account, Post};

/// Items on a page, whatever is asked for.
const PAGE_MAX: u64 = 20;

/// `/nfplus-manuscript-web/article/list`.
pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.path != "/nfplus-manuscript-web/article/list" {
        return Reply::page(405, "405 Not Allowed", "");
    }
    if ask.refused {
        return Reply::json(
            &json!({"success": false, "code": 403, "msg": "无权访问", "data": null}),
        );
    }
    let column = ask.number("columnId").unwrap_or_default();
    let Some(account) = scene.world.find(&format!("nanfang:{column}")) else {
        return Reply::json(
            &json!({"success": false, "code": 500, "msg": "栏目不存在", "data": null}),
        );
    };
    let size = ask.number("pageSize").unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let page = ask.number("pageNum").unwrap_or(1).max(1);
    let size = usize::try_from(size).unwrap_or(20);
    let skip = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size);
    let mut list: Vec<String> = Vec::new();
    let mut more = false;
    if !ask.empty {
        let pinned = account.visible(ask.as_of).filter(|(_, post)| post.pinned && page == 1);
        list.extend(pinned.map(|(number, post)| own(account, column, number, &post, ask.as_of)));
        let plain = account.visible(ask.as_of).filter(|(_, post)| !post.pinned);
        let mut rest = plain.skip(skip);
        let shown = rest.by_ref().take(size);
        list.extend(shown.map(|(number, post)| own(account, column, number, &post, ask.as_of)));
        more = rest.next().is_some();
        if page == 1 && ask.param("nfhSubCount") != Some("0") {
            list.insert(list.len().min(1), related(ask.as_of));
        }
    }
    let list = list.join(",");
    Reply::raw_json(format!(
        r#"{{"success":true,"code":200,"msg":"操作成功","data":{{"list":[{list}],"hasNextPage":{more}}}}}"#
    ))
    .about(account.index)
}

fn wall(at: Timestamp) -> String {
    let at = civil::local(at);
    let (year, month, day) = (at.year(), at.month(), at.day());
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

fn own(account: &Account, column: u64, number: usize, post: &Post, as_of: Timestamp) -> String {
    let id = 10_000_000 + account.index * 10_000 + number;
    // Every seventh is edited days later: an edit is no publication.
    let edited = if number.is_multiple_of(7) { TimeDelta::days(5) } else { TimeDelta::zero() };
    let kind = if number.is_multiple_of(9) { 10 } else { 0 };
    let (release, name, title) = (wall(post.time), &account.name, post.title());
    let (create, update) =
        (wall(post.time - TimeDelta::hours(3)), wall((post.time + edited).min(as_of)));
    let day = format!("{}{}/{}", &release[..4], &release[5..7], &release[8..10]);
    format!(
        r#"{{"articleId":{id},"articleType":{kind},"columnId":{column},"columnName":"{name}","columnDesc":"","#
    ) + &format!(
        r#""title":"{title}","summary":"详见内文","source":"","copyright":"0","createTime":"{create}","#
    ) + &format!(
        r#""releaseTime":"{release}","updateTime":"{update}","countDiscuss":0,"countLike":0,"picMiddle":"","#
    ) + &format!(r#""shareUrl":"https://static.nfnews.com/content/{day}/c{id}.html"}}"#)
}

/// An item of another column, always fresh: it must not count.
fn related(as_of: Timestamp) -> String {
    let time = wall(as_of - TimeDelta::hours(2));
    let head =
        r#"{"articleId":99000001,"articleType":0,"columnId":999999999,"columnName":"关联栏目""#;
    format!(
        r#"{head},"title":"不属于本号的文章","releaseTime":"{time}","updateTime":"{time}","shareUrl":""}}"#
    )
}
