//! How does the WeChat interface answer? Tokens, error classes, quotas, and the un-notified posts.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::NaiveDate;
use freshd_core::id::stable_hash;
use freshd_core::{Timestamp, civil};
use serde_json::{Value, json};

use super::ask::{Ask, Reply};
use super::{Scene, article, datacube, wechat_component, wechat_menu};
use crate::world::{Account, Gone, Interface, Post, PostChannel, World};

/// A stable token lives 7200 s and is renewed five minutes before it ends; old and new overlap.
const TOKEN_RENEWED_S: i64 = 6_900;
const TOKEN_LIVES_S: i64 = 7_200;
/// Calls of `freepublish/batchget` per account and Beijing day.
const FREEPUBLISH_PER_DAY: u32 = 100;
/// Forced refreshes per account and Beijing day.
const FORCED_PER_DAY: u32 = 20;

/// What the interface counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    freepublish: Mutex<HashMap<usize, (NaiveDate, u32)>>,
    /// Generation of an account's tokens: a forced refresh retires the earlier ones at once.
    forced: Mutex<HashMap<usize, (NaiveDate, u32, u32)>>,
}

impl Counters {
    /// Counts one call; `false` = the day's quota was used up before.
    fn freepublish(&self, account: usize, day: NaiveDate) -> bool {
        let mut used = self.freepublish.lock().expect("counters are never poisoned");
        let entry = used.entry(account).or_insert((day, 0));
        if entry.0 != day {
            *entry = (day, 0);
        }
        entry.1 += 1;
        entry.1 <= FREEPUBLISH_PER_DAY
    }

    /// Calls counted on that day.
    fn used(&self, account: usize, day: NaiveDate) -> u32 {
        let used = self.freepublish.lock().expect("counters are never poisoned");
        used.get(&account).filter(|(held, _)| *held == day).map_or(0, |(_, calls)| *calls)
    }

    fn generation(&self, account: usize) -> u32 {
        let forced = self.forced.lock().expect("counters are never poisoned");
        forced.get(&account).map_or(0, |(_, _, generation)| *generation)
    }

    fn force(&self, account: usize, day: NaiveDate) -> bool {
        let mut forced = self.forced.lock().expect("counters are never poisoned");
        let entry = forced.entry(account).or_insert((day, 0, 0));
        if entry.0 != day {
            (entry.0, entry.1) = (day, 0);
        }
        if entry.1 >= FORCED_PER_DAY {
            return false;
        }
        (entry.1, entry.2) = (entry.1 + 1, entry.2 + 1);
        true
    }
}

/// An error as WeChat writes it: status 200, `errcode`, and a request id in the text.
pub(super) fn error(code: i64, text: &str) -> Reply {
    let rid = stable_hash(&[text.as_bytes(), &code.to_le_bytes()]);
    let rid =
        format!("{:08x}-{:08x}-{:08x}", rid >> 32, rid & 0xffff_ffff, rid >> 17 & 0xffff_ffff);
    Reply::json(&json!({"errcode": code, "errmsg": format!("{text} rid: {rid}")}))
}

pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.path == "/cgi-bin/stable_token" {
        return stable_token(scene, ask);
    }
    if ask.path.starts_with("/cgi-bin/component/") {
        return wechat_component::answer(scene, ask);
    }
    let held = wechat_component::holder(scene, ask);
    let account = match held.unwrap_or_else(|| holder(scene, ask)) {
        Ok(account) => account,
        Err(reply) => return reply,
    };
    let index = account.index;
    if let Some(gone) = account.gone_by(ask.now) {
        return sanctioned(gone).about(index);
    }
    let Some(Interface { verified, .. }) = account.interface(ask.now) else {
        return error(40013, "invalid appid").about(index);
    };
    let granted = |reply: &dyn Fn() -> Reply| {
        if verified { reply() } else { error(48001, "api unauthorized") }
    };
    let reply = match ask.path {
        "/datacube/getbizsummary" => granted(&|| datacube::biz_summary(account, ask)),
        "/datacube/getarticletotaldetail" => {
            granted(&|| datacube::article_total_detail(scene, account, ask))
        }
        "/cgi-bin/freepublish/batchget" => granted(&|| freepublish(scene, account, ask)),
        // Every menu of this world is made in the console, which this interface does not show.
        "/cgi-bin/menu/get" => granted(&|| error(46003, "menu no exist")),
        "/cgi-bin/openapi/quota/get" => quota(scene, account, ask),
        "/cgi-bin/get_current_selfmenu_info" => wechat_menu::self_menu(scene, account),
        "/cgi-bin/get_current_autoreply_info" => wechat_menu::auto_reply(account),
        // Nobody comments, no message server is configured, and no agent was ever named.
        "/cgi-bin/comment/list" => granted(&|| error(88000, "without comment privilege")),
        "/datacube/getinterfacesummary" => granted(&|| Reply::json(&json!({"list": []}))),
        "/cgi-bin/customservice/getkflist" => granted(&|| Reply::json(&json!({"kf_list": []}))),
        "/datacube/getarticlesummary" | "/datacube/getarticletotal" | "/datacube/getuserread" => {
            error(47009, "this api is offline, please use the new api")
        }
        _ => Reply::page(404, "404 Not Found", ""),
    };
    reply.about(index)
}

/// What an account has used of its allowance.
fn quota(scene: &Scene, account: &Account, ask: &Ask<'_>) -> Reply {
    let path = ask.json();
    let path = path.get("cgi_path").and_then(Value::as_str).unwrap_or_default();
    let (limit, used) = match path {
        "/cgi-bin/freepublish/batchget" => {
            (FREEPUBLISH_PER_DAY, scene.wechat.used(account.index, civil::day(ask.now)))
        }
        path if path.starts_with("/cgi-bin/") || path.starts_with("/datacube/") => (10_000, 0),
        _ => return error(76003, "invalid cgi_path"),
    };
    Reply::json(&json!({"errcode": 0, "errmsg": "ok", "quota": {
        "daily_limit": limit, "used": used.min(limit), "remain": limit.saturating_sub(used),
    }}))
}

fn sanctioned(gone: Gone) -> Reply {
    match gone {
        Gone::Frozen => error(50007, "account has been frozen"),
        Gone::Deregistered => error(50002, "user limited"),
    }
}

fn stable_token(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.method != "POST" {
        return error(43002, "require POST method");
    }
    let body = ask.json();
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if field("grant_type") != "client_credential" {
        return error(40002, "invalid grant_type");
    }
    let (app_id, secret) = (field("appid"), field("secret"));
    if app_id.is_empty() {
        return error(41002, "appid missing");
    }
    if secret.is_empty() {
        return error(41004, "appsecret missing");
    }
    let Some((account, right)) = authorised(&scene.world, app_id, ask.now) else {
        return error(40013, "invalid appid");
    };
    let index = account.index;
    if secret != right {
        return error(40125, "invalid appsecret").about(index);
    }
    if let Some(gone) = account.gone_by(ask.now) {
        return sanctioned(gone).about(index);
    }
    if ask.refused || scene.weather.token_refused(index, ask.now) {
        let text = "invalid ip 198.51.100.7 ipv6 ::ffff:198.51.100.7, not in whitelist";
        return error(40164, text).about(index);
    }
    if body.get("force_refresh").and_then(Value::as_bool) == Some(true)
        && !scene.wechat.force(index, civil::day(ask.now))
    {
        return error(45009, "reach max api daily quota limit").about(index);
    }
    let (number, expires_in) = current(account, ask.now);
    let token = token(scene, account, number);
    Reply::json(&json!({"access_token": token, "expires_in": expires_in})).about(index)
}

fn authorised<'a>(
    world: &'a World,
    app_id: &str,
    now: Timestamp,
) -> Option<(&'a Account, &'a str)> {
    let account = world.find(app_id)?;
    account.interface(now).map(|it| (account, it.secret))
}

/// Seconds by which the renewals of accounts are apart.
fn phase(account: &Account) -> i64 {
    i64::try_from(account.index).unwrap_or_default() * 997 % TOKEN_RENEWED_S
}

/// The number of the token that is handed out now, and the seconds it still lives.
fn current(account: &Account, now: Timestamp) -> (i64, i64) {
    let clock = now.timestamp() + phase(account);
    let number = clock.div_euclid(TOKEN_RENEWED_S);
    (number, number * TOKEN_RENEWED_S + TOKEN_LIVES_S - clock)
}

fn token(scene: &Scene, account: &Account, number: i64) -> String {
    let generation = scene.wechat.generation(account.index);
    let Some(Interface { app_id, secret, .. }) = account.interface(Timestamp::MAX_UTC) else {
        return String::new();
    };
    let salt = number.to_le_bytes();
    let seal = stable_hash(&[secret.as_bytes(), &salt, &generation.to_le_bytes()]);
    // Real tokens are long: whoever reserves too little for one shall notice.
    format!("{number}_{app_id}_{seal:016x}{:_<96}", "")
}

/// Whose valid token came with the request?
fn holder<'a>(scene: &'a Scene, ask: &Ask<'_>) -> Result<&'a Account, Reply> {
    let invalid = || {
        error(
            40001,
            "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
        )
    };
    let Some(given) = ask.param("access_token").filter(|token| !token.is_empty()) else {
        return Err(error(41001, "access_token missing"));
    };
    let mut parts = given.split('_');
    let number = parts.next().and_then(|text| text.parse::<i64>().ok()).ok_or_else(invalid)?;
    let app_id = parts.next().unwrap_or_default();
    let (account, _) = authorised(&scene.world, app_id, ask.now).ok_or_else(invalid)?;
    let invalid = || invalid().about(account.index);
    if given != token(scene, account, number) {
        return Err(invalid());
    }
    if ask.refused || scene.weather.token_refused(account.index, ask.now) {
        return Err(invalid());
    }
    let clock = ask.now.timestamp() + phase(account);
    if clock >= number * TOKEN_RENEWED_S + TOKEN_LIVES_S {
        return Err(error(42001, "access_token expired").about(account.index));
    }
    Ok(account)
}

/// `freepublish/batchget`: un-notified posts only, newest first.
fn freepublish(scene: &Scene, account: &Account, ask: &Ask<'_>) -> Reply {
    if ask.method != "POST" {
        return error(43002, "require POST method");
    }
    if !scene.wechat.freepublish(account.index, civil::day(ask.now)) {
        return error(45009, "reach max api daily quota limit");
    }
    let body = ask.json();
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let offset = number("offset").unwrap_or_default();
    let Some(count) = number("count").filter(|count| (1..=20).contains(count)) else {
        return error(40097, "invalid args");
    };
    let without_content = number("no_content") == Some(1);
    let posts =
        || account.visible(ask.as_of).filter(|(_, post)| post.channel == PostChannel::Unnotified);
    let total = posts().count();
    // A silent-empty answer still affirms the total: a reader that believes the list alone is wrong.
    let wanted = if ask.empty { 0 } else { usize::try_from(count).unwrap_or(20) };
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let items: Vec<String> = posts()
        .skip(skip)
        .take(wanted)
        .map(|(number, post)| publication(scene, account, number, &post, without_content))
        .collect();
    let (item_count, items) = (items.len(), items.join(","));
    Reply::raw_json(format!(
        r#"{{"total_count":{total},"item_count":{item_count},"item":[{items}]}}"#
    ))
}

/// One publish object, times both inside `content` and beside it.
fn publication(
    scene: &Scene,
    account: &Account,
    number: usize,
    post: &Post,
    without_content: bool,
) -> String {
    let url = article::long_link(scene.bases(), account, number);
    let content = if without_content { "" } else { "<p>正文</p>" };
    let (time, done) = (post.time.timestamp(), post.time.timestamp() + 4);
    let id = stable_hash(&[account.handle.as_bytes(), &number.to_le_bytes()]);
    let (title, author, comments) = (post.title(), &account.name, u8::from(account.auto_reply));
    let news = format!(
        r#"{{"title":"{title}","author":"{author}","digest":"","content":"{content}","content_source_url":"","#
    ) + &format!(
        r#""thumb_media_id":"","show_cover_pic":0,"need_open_comment":{comments},"only_fans_can_comment":0,"#
    ) + &format!(r#""url":"{url}","is_deleted":false}}"#);
    format!(
        r#"{{"article_id":"{id:016x}","content":{{"news_item":[{news}],"create_time":{time},"update_time":{done}}},"update_time":{done}}}"#
    )
}
