//! Is each kind of page told apart, and nothing unknown called dead?

use super::*;

const ALIVE: &str = include_str!("../../fixtures/article/alive.html");
const DELETED: &str = include_str!("../../fixtures/article/deleted.html");
const VIOLATION: &str = include_str!("../../fixtures/article/violation.html");

fn read_at(html: &str, url: &str) -> ArticlePage {
    parse(html.as_bytes(), Some("text/html; charset=UTF-8"), &Url::parse(url).unwrap())
}

fn read(html: &str) -> ArticlePage {
    read_at(html, "https://mp.weixin.qq.com/s/x")
}

fn weui(title: &str) -> String {
    format!("<div class=weui-msg><h2 class='weui-msg__title'>{title}</h2></div>")
}

#[test]
fn a_live_page_is_alive_whatever_its_scripts_say() {
    assert!(matches!(read(ALIVE), ArticlePage::Alive(_)));
    let hidden = r#"<script>document.write('<div id="js_article">')</script>"#;
    assert_eq!(read(hidden), ArticlePage::Unrecognised);
    assert_eq!(read(r#"<!-- <div id="js_article"> -->"#), ArticlePage::Unrecognised);
}

#[test]
fn tombstones_are_read_from_their_place_only() {
    let ArticlePage::Tombstone { class, text } = read(DELETED) else { panic!() };
    assert_eq!((class, text.as_str()), (TombstoneClass::DeletedByOwner, "该内容已被发布者删除"));
    let ArticlePage::Tombstone { class, text } = read(VIOLATION) else { panic!() };
    assert_eq!(class, TombstoneClass::Violation);
    assert_eq!(text, "此内容因违规无法查看(由用户投诉并经平台审核,涉嫌冒名侵权)");
    for (html, class) in [
        (
            "<title>x</title><div class=mesg-block><p>该内容暂时无法查看</p></div>",
            TombstoneClass::Unviewable,
        ),
        ("<div class=page_msg>此账号已被屏蔽,内容无法查看</div>", TombstoneClass::AccountBlocked),
        (
            "<p class='global_error_msg warn'>此内容被多人投诉,相关的内容无法进行查看。</p>",
            TombstoneClass::Complaint,
        ),
        (&weui("此帐号已自主注销,内容无法查看。"), TombstoneClass::AccountCancelled),
    ] {
        assert!(
            matches!(read(html), ArticlePage::Tombstone { class: held, .. } if held == class),
            "{html}"
        );
    }
    let bare = "<p>此帐号已注销</p><script>'<div class=weui-msg__title>此帐号已注销'</script>";
    assert_eq!(read(bare), ArticlePage::Unrecognised, "words outside their place prove nothing");
}

#[test]
fn walls_are_unknown_and_never_dead() {
    for url in [
        "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=x&target_url=y",
        "https://mp.weixin.qq.com/mp/verify?x=1",
        "http://127.0.0.1:9/mp/wappoc_appmsgcaptcha",
    ] {
        assert!(matches!(read_at(DELETED, url), ArticlePage::Blocked(_)), "{url}");
    }
    for html in [
        "<div id=\"js_verify\">",
        "<script>PAGE_MID='mmbizwap:secitptpage/verify.html'</script>",
        "<script src=https://x/TCaptcha.js></script>",
        "<script>var poc_token=''</script>",
        "<p>当前环境异常,完成验证后即可继续访问</p><a>去验证</a>",
        "<title>请在微信客户端打开链接</title>",
        &weui("操作频繁,请稍候再试"),
        "<p>访问过于频繁,请用微信扫描二维码进行访问</p>",
    ] {
        assert!(matches!(read(html), ArticlePage::Blocked(_)), "{html}");
    }
}

#[test]
fn what_is_not_known_is_unrecognised() {
    for html in
        ["", "x", "<html>", "<title>公众号主页</title>", &weui("系统出错"), &"<div>".repeat(99_999)]
    {
        assert_eq!(read(html), ArticlePage::Unrecognised);
    }
    let deep = format!("<div id=js_article>{}", "<section>".repeat(9000));
    assert_eq!(read(&deep), ArticlePage::Unrecognised);
}
