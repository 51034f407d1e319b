//! How does Weibo answer? The official interface with its error bodies; the mobile web is in `weibo_mobile`.

use chrono::{Datelike as _, Timelike as _};
use freshd_core::{Timestamp, civil};
use serde_json::{Value, json};

use super::ask::{Ask, HTML, JSON, Reply};
use super::{Scene, weibo_mobile};
use crate::rng::mix;
use crate::world::{Account, Kind, Post};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Tue May 24 18:04:53 +0800 2011`.
pub(super) fn ruby_date(at: Timestamp) -> String {
    let at = civil::local(at);
    let weekday = DAYS[at.weekday().num_days_from_monday() as usize];
    let (month, day, year) = (MONTHS[at.month0() as usize], at.day(), at.year());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} +0800 {year}")
}

/// A post's id, which carries its second: `(id >> 22) + 515483463`.
pub(super) fn status_id(account: &Account, number: usize, post: &Post) -> u64 {
    let seconds = u64::try_from(post.time.timestamp() - 515_483_463).unwrap_or_default();
    let low = mix((account.index as u64) << 32 | number as u64) & 0x3f_ffff;
    seconds << 22 | low
}

pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    match ask.path {
        "/api/container/getIndex" => weibo_mobile::answer(scene, ask),
        "/2/users/show.json" | "/2/statuses/user_timeline.json" => official(scene, ask),
        path if path.starts_with("/2/") => error(404, ask, &json!(10020), "Request Api not found!"),
        _ => Reply::page(404, "404错误", ""),
    }
}

/// What the anti-bot wall says.
pub(super) fn captcha(ask: &Ask<'_>) -> Reply {
    if ask.path.starts_with("/2/") {
        return error(403, ask, &json!(10022), "IP requests out of rate limit!");
    }
    match ask.now.timestamp() / 3_600 % 3 {
        0 => Reply::new(432, HTML, ""),
        1 => weibo_mobile::login_wanted(),
        _ => Reply::page(200, "微博安全验证", "<div>访问过于频繁，请完成验证</div>"),
    }
}

fn error(status: u16, ask: &Ask<'_>, code: &Value, text: &str) -> Reply {
    let body = json!({"request": ask.path, "error_code": code, "error": text});
    Reply::new(status, JSON, body.to_string())
}

/// The account of a UID; `None` also when it was cancelled.
pub(super) fn find<'a>(scene: &'a Scene, uid: &str, at: Timestamp) -> Option<(&'a Account, u64)> {
    let account = scene.world.find(&format!("weibo:{uid}"))?;
    match account.kind {
        Kind::Weibo { uid } if account.gone_by(at).is_none() => Some((account, uid)),
        _ => None,
    }
}

fn official(scene: &Scene, ask: &Ask<'_>) -> Reply {
    match ask.param("access_token") {
        None | Some("") => {
            // The code is a string here, as it was seen.
            return error(400, ask, &json!("10006"), "source paramter(appkey) is missing");
        }
        Some(_) if ask.refused => return error(400, ask, &json!(21327), "expired_token"),
        Some(token) if token != scene.world.weibo_token => {
            return error(400, ask, &json!(21332), "invalid_access_token");
        }
        Some(_) => {}
    }
    let uid = ask.param("uid").unwrap_or_default();
    if uid.is_empty() {
        return error(400, ask, &json!(10016), "miss required parameter (uid)");
    }
    let Some((account, uid)) = find(scene, uid, ask.now) else {
        let reply = error(400, ask, &json!(20003), "User does not exists!");
        let known = scene.world.find(&format!("weibo:{uid}"));
        return match known {
            Some(account) => reply.about(account.index),
            None => reply,
        };
    };
    let reply = if ask.path == "/2/users/show.json" {
        let mut user = user(account, uid, ask);
        if let Some((number, post)) = account.visible(ask.as_of).next().filter(|_| !ask.empty) {
            let status = status(account, number, &post);
            user["status"] = serde_json::from_str(&status).expect("written as JSON");
        }
        Reply::json(&user)
    } else {
        timeline(account, ask)
    };
    reply.about(account.index)
}

fn user(account: &Account, uid: u64, ask: &Ask<'_>) -> Value {
    json!({
        "id": uid, "idstr": uid.to_string(), "screen_name": account.name, "name": account.name,
        "statuses_count": account.visible(ask.as_of).count(), "followers_count": 12_345,
        "verified": true, "verified_type": 1, "verified_reason": format!("{}官方微博", account.name),
        "created_at": "Tue May 24 18:04:53 +0800 2011"
    })
}

/// A post as the official interface shows it.
fn status(account: &Account, number: usize, post: &Post) -> String {
    let id = status_id(account, number, post);
    let (created, title) = (ruby_date(post.time), post.title());
    // The deleted original: an empty time and no user; only the outer time counts.
    let original = match post.repost {
        true => format!(
            r#","retweeted_status":{{"created_at":"","id":{},"deleted":"1","text":"抱歉，此微博已被作者删除。"}}"#,
            id - ((90_u64 * 86_400) << 22)
        ),
        false => String::new(),
    };
    format!(r#"{{"created_at":"{created}","id":{id},"idstr":"{id}","mid":"{id}","text":"{title}","#)
        + r#""source":"<a href=\"http://weibo.com\" rel=\"nofollow\">微博 weibo.com</a>","reposts_count":1,"#
        + &format!(
            r#""comments_count":2,"attitudes_count":3,"visible":{{"type":0,"list_id":0}}{original}}}"#
        )
}

fn timeline(account: &Account, ask: &Ask<'_>) -> Reply {
    let count = ask.number("count").unwrap_or(20).clamp(1, 100);
    let page = ask.number("page").unwrap_or(1).max(1);
    let skip = usize::try_from((page - 1).saturating_mul(count)).unwrap_or(usize::MAX);
    let take = if ask.empty { 0 } else { usize::try_from(count).unwrap_or(20) };
    let shown = account.visible(ask.as_of).skip(skip).take(take);
    let statuses: Vec<String> =
        shown.map(|(number, post)| status(account, number, &post)).collect();
    let total = if ask.empty { 0 } else { account.visible(ask.as_of).count() };
    let statuses = statuses.join(",");
    Reply::raw_json(format!(
        r#"{{"statuses":[{statuses}],"hasvisible":false,"previous_cursor":0,"next_cursor":0,"total_number":{total}}}"#
    ))
}
