//! Are time and identity read from each kind of live page?

use chrono::{TimeZone, Utc};

use super::*;

#[test]
fn an_article_gives_all_its_facts() {
    let facts = read(include_str!("../../fixtures/article/alive.html"));
    let at = Utc.timestamp_opt(1_762_747_210, 0).unwrap();
    assert_eq!(facts.published, Some(Published::at(at)), "not the time that its text quotes");
    assert_eq!(facts.biz.as_deref(), Some("MzA1MjM4NzY1NA=="));
    assert_eq!(facts.gh.as_deref(), Some("gh_0123456789ab"), "not the advertiser");
    assert_eq!(facts.nickname.as_deref(), Some("茂名发布&服务"));
    assert_eq!(facts.title.as_deref(), Some("茂名市召开\"放管服\"推进会"));
    assert_eq!(facts.url.as_deref(), Some("https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"));
    assert_eq!((facts.mid.as_deref(), facts.idx.as_deref()), (Some("2650001234"), Some("2")));
    assert_eq!(facts.item_type, Some(0));
    assert!(facts.quotes.iter().any(|quote| quote.contains("1762747210")));
}

#[test]
fn an_image_share_gives_them_in_its_own_forms() {
    let facts = read(include_str!("../../fixtures/article/images.html"));
    let at = Utc.timestamp_opt(1_762_338_600, 0).unwrap();
    assert_eq!(facts.published, Some(Published::at(at)));
    assert_eq!(facts.biz.as_deref(), Some("MzI2NDk5NzA0Mw=="));
    assert_eq!(facts.gh.as_deref(), Some("gh_abcdef012345"));
    assert_eq!(facts.nickname.as_deref(), Some("茂名文旅"));
    assert_eq!((facts.mid.as_deref(), facts.idx.as_deref()), (Some("2248864730"), Some("1")));
    assert_eq!(facts.item_type, Some(8));
}

#[test]
fn a_text_time_is_a_minute_in_beijing() {
    let facts = read("<script>var createTime = '2025-11-10 12:00';</script>");
    let start = Utc.with_ymd_and_hms(2025, 11, 10, 4, 0, 0).unwrap();
    assert_eq!(facts.published, Some(Published::between(start, start + Duration::seconds(59))));
}

#[test]
fn what_is_missing_or_absurd_stays_unknown() {
    for script in [
        "",
        "var ct = \"0\";",
        "var ct = \"99999999999\";",
        "var createTime = '昨天';",
        "var ct = null;",
    ] {
        let facts =
            read(&format!("<script>{script}\nvar biz = null;var idx = a.indexOf('x');</script>"));
        assert_eq!(facts, ArticleFacts::default(), "{script}");
    }
}

#[test]
fn what_an_edit_or_a_reprint_says_of_another_time_makes_nothing_new() {
    let read = |more: &str| {
        let script = format!("var ct = \"1762747210\";\nvar oriCreateTime = '1760000000';\n{more}");
        read(&format!("<script>{script}</script>"))
    };
    let at = |seconds| Utc.timestamp_opt(seconds, 0).unwrap();
    let edited = read("var _copyright_stat = \"0\";");
    assert!(!edited.reprint);
    assert_eq!(
        edited.published,
        Some(Published::between(at(1_760_000_000), at(1_762_747_210))),
        "certain only that it came out between the two"
    );
    for stat in ["var _copyright_stat = \"2\";", "var o = { copyright_stat: '2' * 1 };"] {
        let again = read(stat);
        assert!(again.reprint, "{stat}");
        assert_eq!(again.published, Some(Published::at(at(1_762_747_210))), "its own time");
    }
}

#[test]
fn the_wechat_id_is_read_where_the_page_tells_it() {
    let of = |text: &str| read(&format!("<script>a = {{ alias: {text} }};</script>")).wechat_id;
    assert_eq!(of("JsDecode('maoming_fabu')").as_deref(), Some("maoming_fabu"));
    for none in ["JsDecode('')", "JsDecode('茂名')", "JsDecode('a b c d')", "null"] {
        assert_eq!(of(none), None, "{none}");
    }
}
