//! The simulated third-party platform: tickets, rotating refresh tokens, grants and their refusals.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Province, send, start};
use crate::platforms::wechat_component::{APPID, SECRET};
use crate::world::{Account, Gone, Kind};

async fn post(province: &Province, target: &str, body: &Value) -> Value {
    let base = &province.platforms.bases().wechat;
    send(base, "POST", target, &body.to_string()).await.unwrap().json()
}

async fn own_token(province: &Province, ticket: &str) -> Value {
    let body = json!({"component_appid": APPID, "component_appsecret": SECRET,
                      "component_verify_ticket": ticket});
    post(province, "/cgi-bin/component/api_component_token", &body).await
}

async fn ask(province: &Province, token: &str, what: &str, mut body: Value) -> Value {
    body["component_appid"] = json!(APPID);
    post(province, &format!("/cgi-bin/component/{what}?access_token={token}"), &body).await
}

fn app_id(account: &Account) -> &str {
    let Kind::Wechat { app_id, .. } = &account.kind else { unreachable!() };
    app_id
}

#[tokio::test]
async fn a_grant_opens_what_it_names_until_it_is_withdrawn() {
    let province = Province::start().await;
    let hand = province.platforms.component();
    let verified = |account: &Account| matches!(account.kind, Kind::Wechat { verified: true, .. });
    let account = province.account(|held| verified(held) && held.gone.is_none());
    assert_eq!(own_token(&province, "made up").await["errcode"], 61006);
    hand.ticket();
    let ticket = hand.newest_ticket();
    let token = own_token(&province, &ticket).await;
    let token = token["component_access_token"].as_str().unwrap().to_owned();
    let list =
        ask(&province, &token, "api_get_authorizer_list", json!({"offset": 0, "count": 500}));
    assert_eq!(list.await["total_count"], 0);
    hand.authorise(account, &[3]);
    let list =
        ask(&province, &token, "api_get_authorizer_list", json!({"offset": 0, "count": 500}));
    let refresh = list.await["list"][0]["refresh_token"].clone();
    let turn = |refresh: Value| {
        let body =
            json!({"authorizer_appid": app_id(account), "authorizer_refresh_token": refresh});
        ask(&province, &token, "api_authorizer_token", body)
    };
    let first = turn(refresh.clone()).await;
    assert_ne!(first["authorizer_refresh_token"], refresh, "it changes with each use");
    assert_eq!(turn(refresh.clone()).await["errcode"], Value::Null, "five minutes more");
    province.clock.set(start() + TimeDelta::minutes(6));
    assert_eq!(turn(refresh).await["errcode"], 61023);
    let newest = turn(first["authorizer_refresh_token"].clone()).await;
    let held = newest["authorizer_access_token"].as_str().unwrap();
    let call = async |path: &str| {
        post(&province, &format!("{path}?access_token={held}"), &json!({})).await["errcode"].clone()
    };
    assert_eq!(call("/datacube/getbizsummary").await, 61007);
    assert_eq!(call("/cgi-bin/menu/get").await, 61007);
    assert_eq!(call("/cgi-bin/get_current_selfmenu_info").await, Value::Null);
    hand.withdraw(account);
    assert_eq!(call("/cgi-bin/get_current_selfmenu_info").await, 61003);
    assert_eq!(turn(newest["authorizer_refresh_token"].clone()).await["errcode"], 61003);
    province.clock.set(start() + TimeDelta::hours(13));
    assert_eq!(own_token(&province, &ticket).await["errcode"], 61005);
}

#[tokio::test]
async fn a_frozen_account_is_known_by_its_status_only() {
    let province = Province::start().await;
    let hand = province.platforms.component();
    hand.ticket();
    let token = own_token(&province, &hand.newest_ticket()).await;
    let token = token["component_access_token"].as_str().unwrap().to_owned();
    let dead = |account: &Account| {
        matches!(account.kind, Kind::Wechat { .. })
            && account.gone.as_ref().is_some_and(|(_, gone)| matches!(gone, Gone::Frozen))
    };
    let account = province.account(dead);
    hand.authorise(account, &[3, 7]);
    let at = account.gone.as_ref().unwrap().0;
    province.clock.set(at.max(start()));
    let token = match province.clock.now() > start() {
        true => {
            hand.ticket();
            let token = own_token(&province, &hand.newest_ticket()).await;
            token["component_access_token"].as_str().unwrap().to_owned()
        }
        false => token,
    };
    let body = json!({"authorizer_appid": app_id(account)});
    let info = ask(&province, &token, "api_get_authorizer_info", body.clone()).await;
    assert_eq!(info["authorizer_info"]["account_status"], 19);
    let turn = ask(&province, &token, "api_authorizer_token", body).await;
    assert_eq!(turn["errcode"], 61003);
}
