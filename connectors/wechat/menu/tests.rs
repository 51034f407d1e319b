//! Is every documented menu shape read, and is an unknown one kept?

use freshd_core::link::LinkHealth;
use serde_json::json;

use super::read;

#[test]
fn every_leaf_is_listed_with_its_path() {
    let answer = include_str!("../../fixtures/wechat/selfmenu.json");
    let menu = read(&serde_json::from_str(answer).unwrap()).unwrap();
    assert!(menu.open && menu.whole);
    let listed: Vec<_> = menu
        .entries
        .iter()
        .map(|entry| (entry.path.join("/"), entry.kind.as_str(), entry.target.as_deref()))
        .collect();
    let row = |path: &str, kind, target| (path.to_owned(), kind, target);
    assert_eq!(
        listed,
        [
            row("服务/办事指南", "view", Some("https://www.example.gov.cn/guide")),
            row("服务/在线预约", "view", None),
            row("服务/人工咨询", "click", Some("ASK")),
            row("服务/小程序", "miniprogram", Some("wx00000000000000aa/pages/index")),
            row("公开/要闻", "news", Some("http://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1&sn=a#rd")),
            row("公开/要闻", "news", Some("http://mp.weixin.qq.com/s?__biz=A&mid=1&idx=2&sn=b#rd")),
            row("公开/年报", "article_id", Some("ART-1")),
            row("公开/宣传片", "video", None),
            row("公开/新类型", "hologram", Some("H")),
            row("电话", "text", Some("0668-0000000")),
            row("空栏目", "", None),
        ]
    );
    let glance = |at: usize| menu.entries[at].at_a_glance().map(|(health, _)| health);
    assert_eq!(glance(1), Some(LinkHealth::Placeholder));
    assert_eq!(glance(8), Some(LinkHealth::NotCheckable));
    assert_eq!(glance(10), Some(LinkHealth::Placeholder));
}

#[test]
fn a_menu_that_was_never_set_has_no_entries() {
    let menu = read(&json!({"is_menu_open": 0})).unwrap();
    assert!(!menu.open && menu.whole && menu.entries.is_empty());
    let menu = read(&json!({"is_menu_open": "1", "selfmenu_info": {"button": []}})).unwrap();
    assert!(menu.open && menu.entries.is_empty());
}

#[test]
fn something_else_is_no_menu() {
    assert_eq!(read(&json!({"list": []})), None);
}

#[test]
fn a_menu_nested_without_end_is_cut() {
    let mut button = json!({"type": "view", "name": "底", "url": "https://a.example/"});
    for _ in 0..40 {
        button = json!({"name": "层", "sub_button": {"list": [button]}});
    }
    let menu = read(&json!({"is_menu_open": 1, "selfmenu_info": {"button": [button]}})).unwrap();
    assert_eq!(menu.entries.len(), 1);
    assert!(menu.entries[0].path.len() < 10);
}

#[test]
fn addresses_in_a_text_and_sources_of_articles_are_entries_of_their_own() {
    let answer = json!({"is_menu_open": 1, "selfmenu_info": {"button": [
        {"type": "text", "name": "地址", "value": "官网:https://a.example.gov.cn/x?y=1。电话 0668-1,或 http://b.example/"},
        {"type": "news", "name": "要闻", "news_info": {"list": [
            {"content_url": "http://mp.weixin.qq.com/s?__biz=A", "source_url": "https://c.example/"}]}}]}});
    let menu = read(&answer).unwrap();
    let links: Vec<_> = menu.entries.iter().filter_map(|entry| entry.link()).collect();
    let want = [
        "https://a.example.gov.cn/x?y=1",
        "http://b.example/",
        "http://mp.weixin.qq.com/s?__biz=A",
        "https://c.example/",
    ];
    assert_eq!(links, want);
    assert_eq!(
        menu.entries.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(),
        ["text", "text_link", "text_link", "news", "news"]
    );
}

#[test]
fn every_documented_type_is_kept_with_what_can_be_known_of_it() {
    for kind in [
        "img",
        "photo",
        "voice",
        "video",
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
        "media_id",
        "view_limited",
        "article_id",
        "article_view_limited",
        "miniprogram",
        "hologram",
    ] {
        let button = json!({"type": kind, "name": "钮", "key": "K", "media_id": "M",
            "article_id": "A", "appid": "wx0", "pagepath": "p", "value": "CHANGES"});
        let menu =
            read(&json!({"is_menu_open": 1, "selfmenu_info": {"button": [button]}})).unwrap();
        assert_eq!(menu.entries[0].kind, kind);
        let glance = menu.entries[0].at_a_glance().unwrap();
        assert_eq!(glance.0, LinkHealth::NotCheckable, "{kind}");
        assert!(!format!("{:?}", menu.entries[0]).contains("CHANGES"), "{kind}");
    }
}
