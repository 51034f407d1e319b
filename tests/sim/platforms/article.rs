//! How do WeChat's article pages look? Live ones, tombstones with status 200, and the captcha wall.

use chrono::{TimeZone as _, Utc};
use freshd_core::id::stable_hash;
use freshd_core::{Timestamp, civil};

use super::ask::{Ask, HTML, Reply};
use super::{Bases, Scene};
use crate::world::{Account, Gone};

/// Number of an article that every account wrote long ago and keeps: menus point to it.
pub(super) const LASTING: usize = 0xff_fffe;
/// Number of an article that its author deleted.
pub(super) const DELETED: usize = 0xff_ffff;

/// First part of `msgid`, and `mid` of the link.
pub(super) fn mid(number: usize) -> usize {
    2_247_480_000 + number
}

fn token(account: &Account, number: usize) -> String {
    let seal = stable_hash(&[account.biz().as_bytes(), &number.to_le_bytes()]) >> 24;
    format!("{:06x}{number:06x}{seal:010x}", account.index)
}

/// `/s/` and 22 characters: readable by anybody.
pub(super) fn short_link(bases: &Bases, account: &Account, number: usize) -> String {
    format!("{}/s/{}", bases.article, token(account, number))
}

/// `/s?__biz=…`: sent to the captcha for anonymous readers.
pub(super) fn long_link(bases: &Bases, account: &Account, number: usize) -> String {
    let (base, biz, mid) = (&bases.article, account.biz(), mid(number));
    let sn = stable_hash(&[biz.as_bytes(), &mid.to_le_bytes()]);
    format!("{base}/s?__biz={biz}&mid={mid}&idx=1&sn={sn:016x}{sn:016x}#rd")
}

pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.path == "/s" {
        return captcha(ask);
    }
    if ask.path == "/mp/wappoc_appmsgcaptcha" {
        return wall();
    }
    let Some(token) = ask.path.strip_prefix("/s/") else {
        return Reply::page(404, "404 Not Found", "");
    };
    let Some((account, number)) = parse(scene, token) else {
        return tombstone("参数错误");
    };
    page(account, number, ask.as_of).about(account.index)
}

/// Account and number of a token that this platform gave out.
fn parse<'a>(scene: &'a Scene, given: &str) -> Option<(&'a Account, usize)> {
    let hex = |range: std::ops::Range<usize>| {
        given.get(range).and_then(|text| usize::from_str_radix(text, 16).ok())
    };
    let account = scene.world.accounts.get(hex(0..6)?)?;
    let number = hex(6..12)?;
    (token(account, number) == given).then_some((account, number))
}

fn page(account: &Account, number: usize, at: Timestamp) -> Reply {
    match account.gone_by(at) {
        Some(Gone::Deregistered) => return tombstone("此帐号已自主注销，内容无法查看"),
        Some(Gone::Frozen) => return tombstone("此帐号已被屏蔽, 内容无法查看"),
        None => {}
    }
    match number {
        DELETED => tombstone("该内容已被发布者删除"),
        LASTING => {
            let long_ago = Utc.timestamp_opt(1_736_906_400, 0).single().expect("a literal instant");
            live(account, number, long_ago, "办事指南")
        }
        _ => match account.post(number) {
            Some(post) if post.is_visible(at) => live(account, number, post.time, &post.title()),
            Some(post) if post.time <= at => tombstone("该内容已被发布者删除"),
            _ => tombstone("参数错误"),
        },
    }
}

/// A dead article answers 200.
fn tombstone(text: &str) -> Reply {
    let body = format!(
        r#"<!DOCTYPE html>
<html class=""><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title></title>
<script type="text/javascript">window.LANG = "zh_CN"; var biz = "" || "";</script></head>
<body class="zh_CN"><div class="weui-msg"><div class="weui-msg__icon-area"><i class="weui-icon-warn weui-icon_msg"></i></div>
<div class="weui-msg__text-area"><div class="weui-msg__title warn">{text}</div></div></div></body></html>
"#
    );
    Reply::new(200, HTML, body)
}

fn live(account: &Account, number: usize, time: Timestamp, title: &str) -> Reply {
    let (seconds, wall) = (time.timestamp(), civil::minute_text(time));
    let (biz, gh, name, mid) = (account.biz(), account.gh(), &account.name, mid(number));
    // The word 已注销 stands in scripts of every live page: only selectors may be believed.
    let body = format!(
        r#"<!DOCTYPE html>
<html class=""><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title></title>
<meta property="og:title" content="{title}" /><meta property="og:type" content="article" />
<meta property="og:site_name" content="微信公众平台" />
<script type="text/javascript">
var biz = "" || "{biz}";
var mid = "{mid}" || "" || ""; var idx = "1" || "" || "";
window.LANG = "zh_CN"; var shop_text = '该店铺已注销，内容无法查看';
</script></head><body id="activity-detail" class="zh_CN wx_wap_page mm_appmsg">
<div id="js_article" style="position:relative;" class="rich_media"><div id="img-content" class="rich_media_wrp">
<h1 class="rich_media_title" id="activity-name">{title}</h1>
<div id="meta_content"><a id="js_name" href="javascript:void(0);">{name}</a><em id="publish_time"></em></div>
<div class="rich_media_content" id="js_content"><p>正文</p></div></div></div>
<script type="text/javascript">
var user_name = "{gh}"; var nickname = htmlDecode("{name}"); var ct = "{seconds}";
var oriCreateTime = '{seconds}'; var createTime = '{wall}';
var msg_title = '{title}'.html(false); var item_show_type = "0"; var comment_id = '0';
window.cgiDataNew = {{ user_name: JsDecode('{gh}'), nick_name: JsDecode('{name}'),
 ori_create_time: '{seconds}' * 1, create_time: JsDecode('{wall}'), item_show_type: '0' * 1 }};
</script></body></html>
"#
    );
    Reply::new(200, HTML, body)
}

/// Sent to the captcha wall.
pub(super) fn captcha(ask: &Ask<'_>) -> Reply {
    let target = format!("/mp/wappoc_appmsgcaptcha?poc_token=HBSIM&target_url={}", ask.path);
    // Whoever follows the redirect arrives at the wall itself.
    if ask.path == "/mp/wappoc_appmsgcaptcha" { wall() } else { redirect(&target) }
}

fn redirect(target: &str) -> Reply {
    Reply::page(302, "302 Found", "").with("location", target)
}

fn wall() -> Reply {
    Reply::page(
        200,
        "环境异常",
        "<div id=\"js_verify\">当前环境异常，完成验证后即可继续访问。<a>去验证</a></div>\
         <script>var PAGE_MID='mmbizwap:secitptpage/verify.html'</script>",
    )
}
