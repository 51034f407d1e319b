//! Is it seen what became of an account: a verification that lapsed, a migration, a menu for some only?

use chrono::TimeDelta;
use freshd_core::fault::FaultScope;
use freshd_core::id::Channel;
use freshd_core::observation::{Blind, Part, ProfileState};
use serde_json::{Value, json};

use super::fake::{Platform, at, figures, poll};
use super::start;

const FIGURES: &str = "/datacube/getbizsummary";
const BATCH: &str = "/cgi-bin/freepublish/batchget";

fn no(code: i64) -> Value {
    json!({"errcode": code, "errmsg": "words rid: 0"})
}

#[tokio::test]
async fn a_lapsed_verification_is_told_to_the_owner_and_the_interface_rests_for_the_day() {
    let platform = Platform::start(|path, body, nth| match path {
        FIGURES if nth == 1 => figures(body, &[("2026-11-20", 1)], false),
        FIGURES | BATCH => no(48001),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let first = poll(&platform, now, None, false).await.unwrap();
    let never = first.faults[0].owner.as_ref().unwrap();
    assert!(never.contains("尚未通过微信认证"), "it never worked: {never}");
    let tomorrow = now + TimeDelta::days(1);
    let memo = first.hint.memo.unwrap();
    let seen = poll(&platform, tomorrow, Some(&memo), false).await.unwrap();
    let told = &seen.faults[0];
    assert_eq!(told.scope, FaultScope::Account);
    assert!(told.detail.contains("2026-11-22 还可以调用"), "{}", told.detail);
    let act = told.owner.as_ref().unwrap();
    assert!(act.contains("很可能已过期") && act.contains("mp.weixin.qq.com"), "{act}");
    assert!(!act.contains("AppSecret"), "never asked for in a letter");
    assert!(seen.coverage.is_empty() && seen.menu.is_some());

    let asked = || platform.bodies(FIGURES).len() + platform.bodies(BATCH).len();
    let before = asked();
    let memo = seen.hint.memo.unwrap();
    let later = tomorrow + TimeDelta::hours(4);
    let again = poll(&platform, later, Some(&memo), false).await.unwrap();
    assert_eq!((asked(), again.faults.len()), (before, 2), "known, said, and not asked again");
    assert_eq!(again.faults[0].owner, seen.faults[0].owner);
    poll(&platform, later, Some(&memo), true).await.unwrap();
    assert_eq!(asked(), before + 2, "unless asked freshly");
    poll(&platform, tomorrow + TimeDelta::days(1), Some(&memo), false).await.unwrap();
    assert_eq!(asked(), before + 4, "and on the next day");
}

#[tokio::test]
async fn a_restricted_account_is_looked_for_at_its_newest_article() {
    for (title, state) in [
        ("该公众号已迁移", ProfileState::Moved),
        ("此帐号已自主注销，内容无法查看", ProfileState::Deregistered),
        ("该帐号已冻结", ProfileState::Frozen),
        ("系统出错", ProfileState::Frozen),
    ] {
        let page = format!(
            "<html><body><div class=\"weui-msg\"><div class=\"weui-msg__title warn\">{title}</div>\
             </div></body></html>"
        );
        let platform = Platform::start(move |path, body, nth| match path {
            FIGURES if nth == 1 => figures(body, &[("2026-11-20", 1)], false),
            "/datacube/getarticletotaldetail" => json!({"is_delay": false, "list": [
                {"ref_date": "2026-11-20", "msgid": "1_1", "publish_type": 0, "title": "头条",
                 "content_url": "https://mp.weixin.qq.com/s/abc"}]}),
            "/s/abc" => json!(page),
            FIGURES | BATCH => no(50002),
            _ => Value::Null,
        })
        .await;
        let now = at("2026-11-22T10:00:00+08:00");
        let first = poll(&platform, now, None, false).await.unwrap();
        let seen = poll(&platform, now + TimeDelta::days(1), first.hint.memo.as_deref(), false);
        let seen = seen.await.unwrap();
        let told = &seen.evidence[seen.carrier(Part::Profile).unwrap()];
        // A page that says nothing of the account leaves it with the refusal.
        let word = if title == "系统出错" { "50002" } else { title };
        assert!(told.body.contains(word) && seen.evidence.len() > 1, "{word}: {told:?}");
        assert_eq!(seen.profile.map(|profile| profile.state), Some(state), "{title}");
        assert!(seen.coverage.is_empty());
        assert_eq!(platform.bodies("/s/abc").len(), 2, "once a day");
    }
}

#[tokio::test]
async fn conditional_menus_are_listed_and_those_without_effect_set_aside() {
    let platform = Platform::start(|path, _, _| match path {
        "/cgi-bin/get_current_selfmenu_info" => super::fake::fixture("selfmenu.json"),
        "/cgi-bin/menu/get" => super::fake::fixture("menu_get.json"),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    let menu = seen.menu.unwrap();
    assert!(menu.whole);
    let told: Vec<_> = menu.entries[11..]
        .iter()
        .map(|entry| (entry.path.join("/"), entry.link().unwrap_or_default(), entry.aside))
        .collect();
    assert_eq!(
        told,
        [
            (
                "个性化菜单1(client_platform_type=2、tag_id=2)/办事/社保".to_owned(),
                "https://a.example.gov.cn/",
                false
            ),
            (
                "个性化菜单2(language=zh_TW,已不生效)/旧栏目".to_owned(),
                "https://b.example.gov.cn/",
                true
            ),
        ]
    );
    assert_eq!(platform.bodies("/cgi-bin/menu/get").len(), 1);

    // None set, or not granted: no fault, and not asked again for a week.
    for code in [46003, 48001, 61007] {
        let platform = Platform::start(move |path, _, _| match path {
            "/cgi-bin/menu/get" => no(code),
            _ => Value::Null,
        })
        .await;
        let seen = poll(&platform, now, None, false).await.unwrap();
        assert_eq!(seen.faults, [], "{code}");
        assert!(seen.menu.is_some_and(|menu| menu.whole), "{code}");
        let memo = seen.hint.memo.unwrap();
        poll(&platform, now + TimeDelta::days(3), Some(&memo), false).await.unwrap();
        let asked = platform.bodies("/cgi-bin/menu/get").len();
        assert_eq!(asked, if code == 46003 { 2 } else { 1 }, "{code}");
    }
    // Not there at all, behind a gateway that passes some paths only: no fault either.
    let platform = Platform::start(move |path, _, _| match path {
        "/cgi-bin/menu/get" => json!(404),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, now, None, false).await.unwrap();
    assert_eq!(seen.faults, []);
    assert!(seen.menu.is_some());
}

#[tokio::test]
async fn what_cannot_be_seen_yet_is_said_with_the_time_of_the_next_look() {
    let blind = |since: &str, again: &str| Blind {
        channel: Channel::new(Channel::NOTIFIED),
        since: start(since),
        again: at(again),
    };
    for (delayed, now, want) in [
        (false, "2026-11-22T10:00:00+08:00", blind("2026-11-22", "2026-11-23T08:30:00+08:00")),
        (false, "2026-11-22T07:00:00+08:00", blind("2026-11-21", "2026-11-22T08:30:00+08:00")),
        (true, "2026-11-22T10:00:00+08:00", blind("2026-11-21", "2026-11-22T11:00:00+08:00")),
    ] {
        let platform = Platform::start(move |path, body, _| match path {
            FIGURES => figures(body, &[], delayed && body["end_date"] == "2026-11-21"),
            _ => Value::Null,
        })
        .await;
        let seen = poll(&platform, at(now), None, false).await.unwrap();
        assert_eq!(seen.hint.blind, [want], "{now} {delayed}");
    }
}
