//! How does Weibo's mobile web answer? `getIndex` as a profile and as a list: pinned first, cards within cards.

use serde_json::{Value, json};

use super::Scene;
use super::ask::{Ask, JSON, Reply};
use super::weibo::{find, ruby_date, status_id};
use crate::world::{Account, Post};

/// Cards on a page.
const PAGE: usize = 10;

/// `ok:-100`: the cookie is missing or stale.
pub(super) fn login_wanted() -> Reply {
    Reply::new(
        200,
        JSON,
        r#"{"ok":-100,"url":"https://passport.weibo.com/sso/signin?entry=wapsso&source=wapsso"}"#,
    )
}

fn nothing_here() -> Reply {
    Reply::json(&json!({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}))
}

/// `/api/container/getIndex`.
pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    let cookie = ask.cookie.unwrap_or_default();
    if ask.refused || !cookie.contains(scene.world.weibo_cookie.as_str()) {
        return login_wanted();
    }
    let container = ask.param("containerid").unwrap_or_default();
    let list = container.strip_prefix("107603");
    let profile = container.strip_prefix("100505").or_else(|| ask.param("value"));
    let Some(uid) = list.or(profile) else { return nothing_here() };
    let Some((account, uid)) = find(scene, uid, ask.now) else {
        let gone = scene.world.find(&format!("weibo:{uid}"));
        return match gone {
            Some(account) => {
                let body = json!({"ok": 0, "msg": "该用户不存在(20003)"});
                Reply::json(&body).about(account.index)
            }
            None => nothing_here(),
        };
    };
    let reply = match list {
        Some(_) if ask.empty => nothing_here(),
        Some(_) => posts(account, uid, ask),
        None => self::profile(account, uid, ask),
    };
    reply.about(account.index)
}

fn user(account: &Account, uid: u64, ask: &Ask<'_>) -> Value {
    json!({
        "id": uid, "screen_name": account.name, "statuses_count": account.visible(ask.as_of).count(),
        "verified": true, "verified_type": 1, "verified_reason": format!("{}官方微博", account.name),
        "close_blue_v": false, "followers_count": "1.2万", "follow_count": 33
    })
}

fn profile(account: &Account, uid: u64, ask: &Ask<'_>) -> Reply {
    Reply::json(&json!({"ok": 1, "data": {
        "isStarStyle": 0,
        "userInfo": user(account, uid, ask),
        "tabsInfo": {"selectedTab": 1, "tabs": [
            {"id": 1, "tabKey": "profile", "must_show": 1, "hidden": 0, "title": "主页", "tab_type": "profile",
             "containerid": format!("230283{uid}")},
            {"id": 2, "tabKey": "weibo", "must_show": 1, "hidden": 0, "title": "微博", "tab_type": "weibo",
             "containerid": format!("107603{uid}"), "url": "/index/weibo"}
        ]},
        "scheme": format!("sinaweibo://userinfo?uid={uid}"), "showAppTips": 0
    }}))
}

fn posts(account: &Account, uid: u64, ask: &Ask<'_>) -> Reply {
    let page = usize::try_from(ask.number("page").unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let mut cards: Vec<String> = Vec::with_capacity(PAGE + 1);
    let mut since = 0;
    if page == 1 {
        let pinned = account.visible(ask.as_of).filter(|(_, post)| post.pinned);
        cards.extend(pinned.map(|(number, post)| card(account, number, &post, uid)));
    }
    let plain = account.visible(ask.as_of).filter(|(_, post)| !post.pinned);
    let page_of = plain.skip((page - 1).saturating_mul(PAGE)).take(PAGE);
    for (nth, (number, post)) in page_of.enumerate() {
        since = status_id(account, number, &post);
        let card = card(account, number, &post, uid);
        // With nothing pinned the newest post sits inside a group card on some accounts.
        let grouped = nth == 0 && page == 1 && cards.is_empty() && account.index.is_multiple_of(3);
        cards.push(match grouped {
            true => {
                format!(r#"{{"card_type":11,"itemid":"","show_type":1,"card_group":[{card}]}}"#)
            }
            false => card,
        });
    }
    if cards.is_empty() {
        return nothing_here();
    }
    let (cards, total, next) =
        (cards.join(","), account.published_by(ask.as_of).len() + 7, page.saturating_add(1));
    let info = format!(
        r#"{{"containerid":"107603{uid}","v_p":42,"show_style":1,"total":{total},"page":{next},"since_id":{since}}}"#
    );
    Reply::raw_json(format!(
        r#"{{"ok":1,"data":{{"cardlistInfo":{info},"cards":[{cards}],"scheme":"","showAppTips":0}}}}"#
    ))
}

fn card(account: &Account, number: usize, post: &Post, uid: u64) -> String {
    let id = status_id(account, number, post);
    let (created, title, name) = (ruby_date(post.time), post.title(), &account.name);
    let pinned = match post.pinned {
        true => r#""isTop":1,"mblogtype":2,"title":{"text":"置顶","base_color":1}"#,
        false => r#""mblogtype":0"#,
    };
    let original = match post.repost {
        true => format!(
            r#","retweeted_status":{{"created_at":"{}","deleted":"1","state":7,"id":"{}","user":null,"text":"抱歉，此微博已被作者删除。查看帮助"}}"#,
            ruby_date(post.time - chrono::TimeDelta::days(90)),
            id - ((90_u64 * 86_400) << 22)
        ),
        false => String::new(),
    };
    let place = if post.pinned { "proweibotop_" } else { "proweibo_" };
    format!(
        r#"{{"card_type":9,"itemid":"107603{uid}_-_{id}","scheme":"https://m.weibo.cn/status/{id}","#
    ) + &format!(
        r#""profile_type_id":"{place}","mblog":{{"visible":{{"type":0,"list_id":0}},"created_at":"{created}","#
    ) + &format!(
        r#""id":"{id}","mid":"{id}","bid":"K{:x}","text":"{title}","source":"微博 weibo.com","#,
        id & 0xffff_ffff
    ) + &format!(
        r#""user":{{"id":{uid},"screen_name":"{name}","verified":true}},"reposts_count":1,"comments_count":2,"#
    ) + &format!(r#""attitudes_count":3,"isLongText":false,{pinned}{original}}}}}"#)
}
