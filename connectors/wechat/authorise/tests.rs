//! Is it told rightly who is authorised, who lost it and how, and where do the links lead?

use std::time::Duration;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::FaultKind;

use super::super::component::ComponentSettings;
use super::super::keep::{Authorizer, Keep};
use super::super::tests::fake::{APPID, at, client};
use super::{ASKS_PER_HOUR, Desk, Hold, Token, authorisations};
use crate::connector::{NoSecrets, PollContext};

const COMPONENT: &str = "wxcccccccccccccccc";

fn noon() -> Timestamp {
    at("2026-11-22T12:00:00+08:00")
}

fn settings() -> ComponentSettings {
    ComponentSettings { appid: COMPONENT.to_owned(), callback: "/c".to_owned() }
}

#[test]
fn each_way_to_lose_an_authorisation_is_told_apart() {
    let (today, day) = (civil::day(noon()), TimeDelta::days(1));
    let held = Authorizer {
        refresh_token: Some("R".to_owned()),
        event_at: Some(noon() - day * 9),
        listed: Some(today),
        sets: [3, 7].into(),
        ..Authorizer::default()
    };
    let table = [
        (held.clone(), Hold::Stands),
        (Authorizer { sets: [].into(), ..held.clone() }, Hold::Stands),
        (Authorizer { sets: [1, 7].into(), ..held.clone() }, Hold::Stands),
        (Authorizer { sets: [3].into(), ..held.clone() }, Hold::Lacks(vec!["群发与通知"])),
        (
            Authorizer { sets: [2].into(), ..held.clone() },
            Hold::Lacks(vec!["账号服务", "群发与通知"]),
        ),
        (Authorizer { refresh_token: None, ..held.clone() }, Hold::TokenGone),
        (Authorizer { listed: today.pred_opt(), ..held.clone() }, Hold::Vanished),
        // Authorised today, after the list was read.
        (Authorizer { listed: None, event_at: Some(noon()), ..held.clone() }, Hold::Stands),
        (Authorizer { withdrawn: Some(noon()), ..held }, Hold::Withdrawn(noon())),
    ];
    let keep = Keep::in_memory();
    let mut record = keep.component(COMPONENT).unwrap();
    record.list_whole = Some(today);
    keep.put_component(COMPONENT, &record).unwrap();
    for (record, wanted) in table {
        keep.put_authorizer(COMPONENT, APPID, &record).unwrap();
        keep.put_authorizer("wxother", APPID, &Authorizer::default()).unwrap();
        let told = authorisations(&keep, &settings()).unwrap();
        assert_eq!((told.len(), &told[0].hold), (1, &wanted), "{record:?}");
    }
}

#[tokio::test]
async fn links_carry_the_code_that_lives_and_name_the_account_if_it_is_known() {
    let (keep, http, settings) = (Keep::in_memory(), client(), settings());
    let budget = Duration::from_secs(5);
    let cx = PollContext {
        now: noon(),
        budget,
        http: &http,
        secrets: &NoSecrets,
        memo: None,
        fresh: true,
    };
    let base = "http://127.0.0.1:9/".parse().unwrap();
    let desk = Desk::new(&cx, &base, &keep, &settings);
    let ends = noon() + TimeDelta::minutes(20);
    let code = Token { value: "preauthcode@@@a b".to_owned(), ends, made_for: None };
    *keep.slot(&desk.slot_of("x")).lock().await = Some(code);
    let back = "https://m.example.gov.cn/authorise/x/t/done".parse().unwrap();
    let told = desk.invite("x", Some(APPID), &back).await.unwrap();
    assert_eq!(
        told.computer.as_str(),
        "https://mp.weixin.qq.com/cgi-bin/componentloginpage?component_appid=wxcccccccccccccccc\
         &pre_auth_code=preauthcode%40%40%40a+b\
         &redirect_uri=https%3A%2F%2Fm.example.gov.cn%2Fauthorise%2Fx%2Ft%2Fdone\
         &biz_appid=wx0123456789abcdef"
    );
    let told = desk.invite("x", None, &back).await.unwrap();
    let phone = told.phone.as_str();
    assert!(phone.starts_with("https://open.weixin.qq.com/wxaopen/safe/bindcomponent?action="));
    assert!(phone.contains("&no_scan=1&") && phone.contains("&auth_type=1"), "{phone}");
    assert!(phone.ends_with("#wechat_redirect") && !phone.contains("biz_appid"), "{phone}");

    // A code that was used is not handed out again; and whoever opens links without end is stopped.
    desk.used("x").await;
    for _ in 0..ASKS_PER_HOUR {
        assert_ne!(
            desk.invite("x", None, &back).await.unwrap_err().kind,
            FaultKind::RateLimited,
            "no ticket"
        );
    }
    let fault = desk.invite("x", None, &back).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RateLimited);
}
