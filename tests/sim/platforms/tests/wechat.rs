//! Tokens, statistics, publications, menus and articles of the simulated WeChat.

use chrono::TimeDelta;
use freshd_core::civil;
use serde_json::{Value, json};

use super::{Province, get, send, start};
use crate::weather::{Site, WeatherKind};
use crate::world::{Account, Behaviour, Gone, Kind, MenuTarget, PostChannel};

fn verified(account: &Account) -> bool {
    matches!(account.kind, Kind::Wechat { verified: true, .. })
}

fn daily(account: &Account) -> bool {
    verified(account) && account.behaviour == Behaviour::Daily
}

async fn post(province: &Province, target: &str, body: &Value) -> Value {
    let base = &province.platforms.bases().wechat;
    send(base, "POST", target, &body.to_string()).await.unwrap().json()
}

async fn token(province: &Province, account: &Account) -> Value {
    let Kind::Wechat { app_id, secret, .. } = &account.kind else { unreachable!() };
    let body = json!({"grant_type": "client_credential", "appid": app_id, "secret": secret});
    post(province, "/cgi-bin/stable_token", &body).await
}

/// A call with a fresh token.
async fn call(province: &Province, account: &Account, path: &str, body: Value) -> Value {
    let answer = token(province, account).await;
    let token = answer["access_token"].as_str().unwrap();
    post(province, &format!("{path}?access_token={token}"), &body).await
}

#[tokio::test]
async fn a_stable_token_stays_the_same_until_its_renewal_and_then_expires() {
    let province = Province::start().await;
    let account = province.account(verified);
    let first = token(&province, account).await;
    let life = first["expires_in"].as_i64().unwrap();
    assert!((301..=7_200).contains(&life), "{life}");
    province.clock.set(start() + TimeDelta::seconds(life - 301));
    assert_eq!(token(&province, account).await["access_token"], first["access_token"]);
    province.clock.set(start() + TimeDelta::seconds(life - 299));
    assert_ne!(token(&province, account).await["access_token"], first["access_token"]);
    let old = first["access_token"].as_str().unwrap();
    let target = format!("/cgi-bin/get_current_selfmenu_info?access_token={old}");
    assert!(get(&province.platforms.bases().wechat, &target).await.json()["errcode"].is_null());
    province.clock.set(start() + TimeDelta::seconds(life));
    assert_eq!(get(&province.platforms.bases().wechat, &target).await.json()["errcode"], 42001);
}

#[tokio::test]
async fn bad_credentials_are_told_apart() {
    let province = Province::start().await;
    let Kind::Wechat { app_id, .. } = &province.account(verified).kind else { unreachable!() };
    let ask = |appid: &str, secret: &str| json!({"grant_type": "client_credential", "appid": appid, "secret": secret});
    for (body, code) in [
        (ask(app_id, "wrong"), 40125),
        (ask("wx0", "x"), 40013),
        (ask("", "x"), 41002),
        (ask(app_id, ""), 41004),
        (json!({}), 40002),
    ] {
        assert_eq!(post(&province, "/cgi-bin/stable_token", &body).await["errcode"], code);
    }
    let base = &province.platforms.bases().wechat;
    assert_eq!(get(base, "/cgi-bin/stable_token").await.json()["errcode"], 43002);
    let menu = "/cgi-bin/get_current_selfmenu_info";
    assert_eq!(get(base, menu).await.json()["errcode"], 41001);
    assert_eq!(get(base, &format!("{menu}?access_token=9_x_y")).await.json()["errcode"], 40001);
}

#[tokio::test]
async fn a_forced_refresh_retires_the_old_token_twenty_times_a_day() {
    let province = Province::start().await;
    let account = province.account(verified);
    let Kind::Wechat { app_id, secret, .. } = &account.kind else { unreachable!() };
    let body = json!({"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": true});
    let old = token(&province, account).await["access_token"].clone();
    for _ in 0..20 {
        assert!(post(&province, "/cgi-bin/stable_token", &body).await["errcode"].is_null());
    }
    assert_eq!(post(&province, "/cgi-bin/stable_token", &body).await["errcode"], 45009);
    let target =
        format!("/cgi-bin/get_current_autoreply_info?access_token={}", old.as_str().unwrap());
    assert_eq!(get(&province.platforms.bases().wechat, &target).await.json()["errcode"], 40001);
}

#[tokio::test]
async fn the_summary_counts_every_day_up_to_yesterday_once_it_is_eight() {
    let province = Province::start().await;
    let account = province.account(daily);
    let path = "/datacube/getbizsummary";
    let span = json!({"begin_date": "2026-08-10", "end_date": "2026-08-31"});
    let answer = call(&province, account, path, span.clone()).await;
    assert_eq!(answer["is_delay"], false);
    let rows = answer["list"].as_array().unwrap();
    assert_eq!(rows.len(), 22);
    for row in rows {
        let day = row["ref_date"].as_str().unwrap().parse().unwrap();
        let from = civil::start_of(day);
        let count = account.between(from, from + TimeDelta::days(1)).count();
        assert_eq!(row["detail"]["send_page_count"], count, "{day}");
    }
    province.clock.set(start() - TimeDelta::seconds(1));
    let early = call(&province, account, path, span).await;
    assert_eq!((&early["is_delay"], early["list"].as_array().unwrap().len()), (&json!(true), 21));
}

#[tokio::test]
async fn wrong_dates_are_refused() {
    let province = Province::start().await;
    let account = province.account(daily);
    let table = [
        ("2026-08-10", "2026-09-01", 61501),
        ("2026-08-01", "2026-08-31", 61501),
        ("2026-08-31", "2026-08-30", 61501),
        ("2026-8-1", "2026-08-02", 61500),
    ];
    for (begin, end, code) in table {
        let body = json!({"begin_date": begin, "end_date": end});
        let answer = call(&province, account, "/datacube/getbizsummary", body).await;
        assert_eq!(answer["errcode"], code, "{begin}..{end}");
    }
    let two_days = json!({"begin_date": "2026-08-10", "end_date": "2026-08-11"});
    let answer = call(&province, account, "/datacube/getarticletotaldetail", two_days).await;
    assert_eq!(answer["errcode"], 61501);
}

#[tokio::test]
async fn the_detail_of_a_day_names_title_kind_and_a_readable_link() {
    let province = Province::start().await;
    let account = province.account(daily);
    let readable = |(_, post): &(usize, crate::world::Post)| {
        post.deleted_at.is_none() && civil::day(post.time) < civil::day(start())
    };
    let (_, post) = account.visible(start()).find(readable).unwrap();
    let day = civil::day(post.time).to_string();
    let body = json!({"begin_date": day, "end_date": day});
    let answer = call(&province, account, "/datacube/getarticletotaldetail", body).await;
    let row = &answer["list"][0];
    assert_eq!((&row["title"], &row["ref_date"]), (&json!(post.title()), &json!(day)));
    assert_eq!(row["publish_type"], u8::from(post.channel == PostChannel::Unnotified));
    let link = row["content_url"].as_str().unwrap();
    let base = &province.platforms.bases().article;
    let page = get(base, link.strip_prefix(base.as_str()).unwrap()).await.text();
    assert!(page.contains(r#"id="js_article""#));
    assert!(page.contains(&format!("ori_create_time: '{}' * 1", post.time.timestamp())));
    assert!(page.contains(&format!("var biz = \"\" || \"{}\"", account.biz())));
}

#[tokio::test]
async fn publications_are_unnotified_newest_first_and_have_a_quota() {
    let province = Province::start().await;
    let account = province.account(daily);
    let ask = json!({"offset": 0, "count": 20, "no_content": 1});
    let path = "/cgi-bin/freepublish/batchget";
    let answer = call(&province, account, path, ask.clone()).await;
    let expected: Vec<i64> = account
        .visible(start())
        .filter(|(_, post)| post.channel == PostChannel::Unnotified)
        .map(|(_, post)| post.time.timestamp())
        .collect();
    let times: Vec<i64> = answer["item"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["content"]["create_time"].as_i64().unwrap())
        .collect();
    assert_eq!(answer["total_count"], expected.len());
    assert_eq!(times, expected[..expected.len().min(20)]);
    for _ in 1..100 {
        assert!(call(&province, account, path, ask.clone()).await["errcode"].is_null());
    }
    assert_eq!(call(&province, account, path, ask.clone()).await["errcode"], 45009);
    province.hours(24);
    assert!(call(&province, account, path, ask).await["errcode"].is_null());
}

#[tokio::test]
async fn an_unverified_account_has_a_menu_but_no_statistics() {
    let province = Province::start().await;
    let unverified = |account: &Account| {
        matches!(account.kind, Kind::Wechat { verified: false, .. }) && account.menu.is_some()
    };
    let account = province.account(unverified);
    let day = json!({"begin_date": "2026-08-31", "end_date": "2026-08-31"});
    let answer = call(&province, account, "/datacube/getbizsummary", day).await;
    assert_eq!(answer["errcode"], 48001);
    let ask = json!({"offset": 0, "count": 1, "no_content": 1});
    let answer = call(&province, account, "/cgi-bin/freepublish/batchget", ask).await;
    assert_eq!(answer["errcode"], 48001);
    let menu = call(&province, account, "/cgi-bin/get_current_selfmenu_info", json!({})).await;
    assert_eq!(menu["selfmenu_info"]["button"].as_array().unwrap().len(), 3);
    assert!(menu["selfmenu_info"]["button"][0]["sub_button"]["list"][0]["url"].is_string());
}

#[tokio::test]
async fn an_account_that_disappeared_says_how() {
    let province = Province::start().await;
    for (how, code) in [(Gone::Frozen, 50007), (Gone::Deregistered, 50002)] {
        let account =
            province.account(|a| verified(a) && a.gone.is_some_and(|(_, gone)| gone == how));
        province.clock.set(start());
        assert!(token(&province, account).await["access_token"].is_string());
        province.clock.set(account.gone.unwrap().0);
        assert_eq!(token(&province, account).await["errcode"], code);
    }
}

#[tokio::test]
async fn menu_links_live_and_die_as_the_truth_says() {
    let province = Province::start().await;
    let now = province.hours(24 * 100);
    for account in province.world.accounts.iter().filter(|a| verified(a) && a.gone.is_none()) {
        let Some(menu) = &account.menu else { continue };
        for (slot, entry) in menu.entries.iter().enumerate() {
            let target = format!("/page/{}/{slot}", account.index);
            let dead = entry.target.is_alive(now) == Some(false);
            match entry.target {
                MenuTarget::Page(_) => {
                    let status = get(&province.platforms.bases().web, &target).await.status;
                    assert_eq!(status, if dead { 404 } else { 200 });
                }
                MenuTarget::SoftDead => {
                    let page = get(&province.platforms.bases().web, &target).await;
                    assert!(page.status == 200 && page.text().contains("<title>页面不存在"));
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_tombstone_answers_200_and_a_long_link_meets_the_wall() {
    let province = Province::start().await;
    let account = province.account(verified);
    let bases = province.platforms.bases();
    let dead = super::super::article::short_link(bases, account, super::super::article::DELETED);
    let page = get(&bases.article, dead.strip_prefix(&bases.article).unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains(r#"<div class="weui-msg__title warn">该内容已被发布者删除</div>"#)
    );
    let long = get(&bases.article, "/s?__biz=MzI=&mid=1&idx=1&sn=2").await;
    assert_eq!(long.status, 302);
    assert!(long.head.contains("location: /mp/wappoc_appmsgcaptcha?"));
}

#[tokio::test]
async fn a_refused_credential_names_the_address_and_kills_the_tokens() {
    let province = Province::start().await;
    let account = province.account(verified);
    let held = token(&province, account).await["access_token"].clone();
    province.weather.refuse_token(account.index, start(), start() + TimeDelta::hours(1));
    let answer = token(&province, account).await;
    assert_eq!(answer["errcode"], 40164);
    assert!(answer["errmsg"].as_str().unwrap().starts_with("invalid ip "));
    let target =
        format!("/cgi-bin/get_current_selfmenu_info?access_token={}", held.as_str().unwrap());
    let base = &province.platforms.bases().wechat;
    assert_eq!(get(base, &target).await.json()["errcode"], 40001);
    let other = province.account(|a| verified(a) && a.index != account.index);
    assert!(token(&province, other).await["access_token"].is_string());
    province.hours(1);
    assert!(token(&province, account).await["access_token"].is_string());
}

#[tokio::test]
async fn empty_statistics_are_a_lie_that_a_reader_can_see() {
    let province = Province::start().await;
    let account = province.account(daily);
    let (from, to) = (start(), start() + TimeDelta::hours(1));
    province.weather.force(Site::Wechat, WeatherKind::SilentEmpty, from, to);
    let day = json!({"begin_date": "2026-08-10", "end_date": "2026-08-31"});
    let summary = call(&province, account, "/datacube/getbizsummary", day).await;
    assert!(summary["list"].as_array().unwrap().is_empty(), "no row is no zero");
    let ask = json!({"offset": 0, "count": 20, "no_content": 1});
    let list = call(&province, account, "/cgi-bin/freepublish/batchget", ask).await;
    assert!(list["item_count"] == 0 && list["total_count"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn stale_statistics_lack_the_last_days_and_say_so() {
    let province = Province::start().await;
    let account = province.account(daily);
    let (from, to) = (start(), start() + TimeDelta::hours(1));
    province.weather.force(Site::Wechat, WeatherKind::Stale(48), from, to);
    let day = json!({"begin_date": "2026-08-28", "end_date": "2026-08-31"});
    let summary = call(&province, account, "/datacube/getbizsummary", day).await;
    assert_eq!(
        (&summary["is_delay"], summary["list"].as_array().unwrap().len()),
        (&json!(true), 2)
    );
}
