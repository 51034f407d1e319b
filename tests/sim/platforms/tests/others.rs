//! Weibo, 南方号, the App Store, feeds, packages and health addresses.

use chrono::{DateTime, TimeDelta};
use freshd_core::civil;
use serde_json::Value;

use super::{Province, get, send, start};
use crate::weather::{Site, WeatherKind};
use crate::world::{Account, Behaviour, Kind};

fn weibo(account: &Account) -> bool {
    matches!(account.kind, Kind::Weibo { .. }) && account.behaviour == Behaviour::Daily
}

async fn mobile(province: &Province, query: &str) -> Value {
    let cookie = format!("Cookie: XSRF=1; {}\r\n\r\n", province.world.weibo_cookie);
    let target = format!("/api/container/getIndex?{query}");
    send(&province.platforms.bases().weibo, "GET", &target, &cookie).await.unwrap().json()
}

#[tokio::test]
async fn weibo_s_official_interface_shows_the_user_and_the_timeline() {
    let province = Province::start().await;
    let account = province.account(weibo);
    let (uid, token) = (&account.handle, &province.world.weibo_token);
    let base = &province.platforms.bases().weibo;
    let call = |path: &str, more: &str| {
        let target = format!("/2/{path}?access_token={token}&uid={uid}{more}");
        async move { get(base, &target).await.json() }
    };
    let newest = province.world.last_post_before(account.index, start()).unwrap();
    let user = call("users/show.json", "").await;
    let written = user["status"]["created_at"].as_str().unwrap();
    assert_eq!(DateTime::parse_from_str(written, "%a %b %d %H:%M:%S %z %Y").unwrap(), newest);
    let id = user["status"]["id"].as_i64().unwrap();
    assert_eq!((id >> 22) + 515_483_463, newest.timestamp());
    let timeline = call("statuses/user_timeline.json", "&count=5&page=2").await;
    let expected = account.visible(start()).nth(5).unwrap().1.title();
    assert_eq!(timeline["statuses"][0]["text"], expected);
    assert_eq!(timeline["statuses"].as_array().unwrap().len(), 5);
    assert_eq!(timeline["total_number"], account.visible(start()).count());
}

#[tokio::test]
async fn weibo_s_errors_carry_their_codes() {
    let province = Province::start().await;
    let (base, token) = (&province.platforms.bases().weibo, &province.world.weibo_token);
    let show = "/2/users/show.json";
    let missing = get(base, show).await;
    assert_eq!((missing.status, &missing.json()["error_code"]), (400, &Value::from("10006")));
    let wrong = get(base, &format!("{show}?access_token=x&uid=1")).await.json();
    assert_eq!(wrong["error_code"], 21332);
    let nobody = get(base, &format!("{show}?access_token={token}&uid=1")).await.json();
    assert_eq!(nobody["error_code"], 20003);
    let gone = province.account(|a| matches!(a.kind, Kind::Weibo { .. }) && a.gone.is_some());
    let target = format!("{show}?access_token={token}&uid={}", gone.handle);
    assert!(get(base, &target).await.json()["error_code"].is_null());
    province.clock.set(gone.gone.unwrap().0);
    assert_eq!(get(base, &target).await.json()["error_code"], 20003);
    assert_eq!(mobile(&province, &format!("containerid=107603{}", gone.handle)).await["ok"], 0);
}

#[tokio::test]
async fn weibo_s_mobile_list_puts_an_old_pinned_post_first() {
    let province = Province::start().await;
    let pinned = |a: &Account| weibo(a) && a.posts.iter().any(|post| post.pinned);
    let account = province.account(pinned);
    let uid = &account.handle;
    let profile = mobile(&province, &format!("type=uid&value={uid}")).await;
    let tabs = profile["data"]["tabsInfo"]["tabs"].as_array().unwrap();
    let tab = tabs.iter().find(|tab| tab["tab_type"] == "weibo").unwrap();
    assert_eq!(tab["containerid"], format!("107603{uid}"));
    let list = mobile(&province, &format!("type=uid&value={uid}&containerid=107603{uid}")).await;
    let cards = list["data"]["cards"].as_array().unwrap();
    assert_eq!((cards.len(), &cards[0]["mblog"]["isTop"]), (11, &Value::from(1)));
    let time = |card: &Value| {
        let text = card["mblog"]["created_at"].as_str().unwrap();
        DateTime::parse_from_str(text, "%a %b %d %H:%M:%S %z %Y").unwrap()
    };
    assert!(time(&cards[0]) < time(&cards[1]) - TimeDelta::days(30));
    let newest = province.world.last_post_before(account.index, start()).unwrap();
    assert_eq!(time(&cards[1]), newest);
    let base = &province.platforms.bases().weibo;
    let target = format!("/api/container/getIndex?containerid=107603{uid}");
    assert_eq!(get(base, &target).await.json()["ok"], -100, "without a cookie");
}

#[tokio::test]
async fn a_nanfang_list_mixes_in_another_column_and_pages() {
    let province = Province::start().await;
    let daily =
        |a: &Account| matches!(a.kind, Kind::Nanfang { .. }) && a.behaviour == Behaviour::Daily;
    let account = province.account(daily);
    let list = |more: &str| {
        let base = &province.platforms.bases().nanfang;
        let target = format!(
            "/nfplus-manuscript-web/article/list?columnId={}&pageSize=20{more}",
            account.handle
        );
        async move { get(base, &target).await.json() }
    };
    let page = list("&nfhSubCount=1&pageNum=1").await;
    let own = |item: &&Value| item["columnId"].as_u64() == account.handle.parse().ok();
    let items = page["data"]["list"].as_array().unwrap();
    assert!(items.iter().any(|item| !own(&item)));
    let newest = items.iter().filter(own).filter_map(|item| item["releaseTime"].as_str()).max();
    let last = province.world.last_post_before(account.index, start()).unwrap();
    assert_eq!(newest.unwrap(), civil::local(last).format("%Y-%m-%d %H:%M:%S").to_string());
    assert_eq!(page["data"]["hasNextPage"], true);
    let clean = list("&nfhSubCount=0&pageNum=9").await;
    assert_eq!((&clean["data"]["hasNextPage"], &clean["success"]), (&false.into(), &true.into()));
    assert!(clean["data"]["list"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_store_lists_an_app_until_it_is_removed_and_only_in_its_storefront() {
    let province = Province::start().await;
    let removed = |a: &Account| a.app().is_some_and(|app| app.store_removed_at.is_some());
    let account = province.account(removed);
    let app = account.app().unwrap();
    let (id, base) = (app.store_id.unwrap(), &province.platforms.bases().itunes);
    let look = |query: String| async move { get(base, &format!("/lookup?{query}")).await.json() };
    let found = look(format!("id={id}&country=cn&entity=software")).await;
    assert_eq!((&found["resultCount"], &found["results"][0]["trackId"]), (&1.into(), &id.into()));
    assert_eq!(look(format!("id={id}")).await["resultCount"], 0);
    assert_eq!(look(format!("bundleId={}&country=cn", app.package)).await["resultCount"], 1);
    assert!(look("id=abc&country=cn".to_owned()).await["resultCount"].is_null());
    province.clock.set(app.store_removed_at.unwrap());
    assert_eq!(look(format!("id={id}&country=cn")).await["resultCount"], 0);
}

#[tokio::test]
async fn a_package_answers_ranges_until_it_becomes_a_page() {
    let province = Province::start().await;
    let account = province.account(|a| a.app().is_some_and(|app| app.apk_page_at.is_some()));
    let base = &province.platforms.bases().web;
    let target = format!("/app/{}.apk", account.index);
    let range = |text: &'static str| {
        let header = format!("Range: {text}\r\n\r\n");
        let target = target.clone();
        async move { send(base, "GET", &target, &header).await.unwrap() }
    };
    let head = range("bytes=0-3").await;
    assert_eq!((head.status, head.body.as_slice()), (206, b"PK\x03\x04".as_slice()));
    let whole = get(base, &target).await.body;
    assert!(head.head.contains(&format!("content-range: bytes 0-3/{}", whole.len())));
    assert!(whole.len() > 100 * 1024);
    let tail = range("bytes=-200").await.body;
    assert!(whole.ends_with(&tail) && tail[tail.len() - 22..].starts_with(b"PK\x05\x06"));
    // The end record's offset leads to the central directory, which names the manifest.
    let offset = u32::from_le_bytes(tail[tail.len() - 6..tail.len() - 2].try_into().unwrap());
    let directory = &whole[offset as usize..];
    assert!(
        directory.starts_with(b"PK\x01\x02") && directory[46..].starts_with(b"AndroidManifest.xml")
    );
    province.clock.set(account.app().unwrap().apk_page_at.unwrap());
    let page = range("bytes=0-3").await;
    assert!(page.status == 200 && page.body.starts_with(b"<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_feed_shows_what_is_published_and_a_dead_probe_is_not_found() {
    let province = Province::start().await;
    let base = &province.platforms.bases().web;
    let account =
        province.account(|a| matches!(a.kind, Kind::Bridge) && a.behaviour == Behaviour::Daily);
    let target = format!("/feed/{}.xml", account.index);
    let before = get(base, &target).await.text();
    let titles = |text: &str| text.matches("<item>").count();
    assert_eq!(titles(&before), 20);
    let next = account.posts.iter().find(|post| post.time > start()).unwrap();
    assert!(!before.contains(&next.title()));
    province.clock.set(next.time);
    assert!(get(base, &target).await.text().contains(&next.title()));
    let dead = province.account(|a| a.app().is_some_and(|app| app.probe_dead_at.is_some()));
    let target = format!("/health/{}", dead.index);
    province.clock.set(start());
    assert_eq!(get(base, &target).await.status, 200);
    province.clock.set(dead.app().unwrap().probe_dead_at.unwrap());
    assert_eq!(get(base, &target).await.status, 404);
}

#[tokio::test]
async fn weibo_s_walls_and_lost_logins_have_their_own_answers() {
    let province = Province::start().await;
    let account = province.account(weibo);
    let (base, token) = (&province.platforms.bases().weibo, &province.world.weibo_token);
    let show = format!("/2/users/show.json?access_token={token}&uid={}", account.handle);
    let container = format!("containerid=107603{}", account.handle);
    let list = format!("/api/container/getIndex?{container}");
    let end = start() + TimeDelta::hours(3);
    province.weather.force(Site::Weibo, WeatherKind::Credential, start(), end);
    let lost = get(base, &show).await;
    assert_eq!((lost.status, &lost.json()["error_code"]), (400, &Value::from(21327)));
    assert_eq!(mobile(&province, &container).await["ok"], -100);
    province.weather.force(Site::Weibo, WeatherKind::Captcha, start(), end);
    assert_eq!(get(base, &show).await.status, 403);
    let mut seen = Vec::new();
    for hour in 0..3 {
        province.hours(hour);
        let wall = get(base, &list).await;
        let login = wall.text().contains(r#""ok":-100"#);
        seen.push((wall.status, login, wall.text().contains("安全验证")));
    }
    seen.sort_unstable();
    assert_eq!(seen, [(200, false, true), (200, true, false), (432, false, false)]);
}
