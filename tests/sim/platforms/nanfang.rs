//! How does 南方号 answer? The article list, with an old pinned item and items of related columns among its own.

use chrono::{Duration, TimeDelta};
use freshd_core::{Timestamp, civil};
use serde_json::{Value, json};

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
    let mut list: Vec<Value> = Vec::new();
    let mut more = false;
    if !ask.empty {
        let pinned = account.visible(ask.as_of).filter(|(_, post)| post.pinned && page == 1);
        list.extend(pinned.map(|(number, post)| own(account, column, number, post, ask.as_of)));
        let plain = account.visible(ask.as_of).filter(|(_, post)| !post.pinned);
        let mut rest = plain.skip(skip);
        let shown = rest.by_ref().take(size);
        list.extend(shown.map(|(number, post)| own(account, column, number, post, ask.as_of)));
        more = rest.next().is_some();
        if page == 1 && ask.param("nfhSubCount") != Some("0") {
            list.insert(list.len().min(1), related(ask.as_of));
        }
    }
    Reply::json(&json!({
        "success": true, "code": 200, "msg": "操作成功",
        "data": {"list": list, "hasNextPage": more}
    }))
    .about(account.index)
}

fn wall(at: Timestamp) -> String {
    civil::local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn own(account: &Account, column: u64, number: usize, post: &Post, as_of: Timestamp) -> Value {
    let id = 10_000_000 + account.index * 10_000 + number;
    // Every seventh is edited days later: an edit is no publication.
    let edited = if number % 7 == 0 { Duration::days(5) } else { TimeDelta::zero() };
    let day = civil::local(post.time).format("%Y%m/%d");
    json!({
        "articleId": id, "articleType": if number % 9 == 0 { 10 } else { 0 },
        "columnId": column, "columnName": account.name, "columnDesc": "",
        "title": post.title(), "summary": "详见内文", "source": "", "copyright": "0",
        "createTime": wall(post.time - TimeDelta::hours(3)), "releaseTime": wall(post.time),
        "updateTime": wall((post.time + edited).min(as_of)),
        "countDiscuss": 0, "countLike": 0, "picMiddle": "",
        "shareUrl": format!("https://static.nfnews.com/content/{day}/c{id}.html")
    })
}

/// An item of another column, always fresh: it must not count.
fn related(as_of: Timestamp) -> Value {
    let time = wall(as_of - TimeDelta::hours(2));
    json!({
        "articleId": 99_000_001, "articleType": 0, "columnId": 999_999_999, "columnName": "关联栏目",
        "title": "不属于本号的文章", "summary": "", "createTime": time, "releaseTime": time, "updateTime": time,
        "shareUrl": ""
    })
}
