//! Pages of every kind that may be given as proof, on loopback.

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use chrono::TimeDelta;
use freshd_core::{Timestamp, civil};
use serde_json::json;
use std::collections::HashMap;

use super::super::stage::real_now;

pub(in crate::cli) const BIZ: &str = "MzA1MjM4NzY1NA==";
pub(in crate::cli) const GH: &str = "gh_0123456789ab";
pub(in crate::cli) const UID: &str = "1234567890";
pub(in crate::cli) const OTHER_UID: &str = "1999999999";

/// A page that says with status 200 that it is not there.
const GONE: &str = "<html><head><title>提示信息</title></head><body><h2>对不起,您访问的栏目不存在!</h2>\
    <p><a href=\"/\">返回首页</a></p></body></html>";

/// Serves everything; returns the address.
pub(in crate::cli) async fn serve() -> String {
    let router = Router::new()
        .route("/s", get(wall))
        .route("/s/{kind}", get(article))
        .route("/cgi-bin/stable_token", post(|| async { token() }))
        .route("/cgi-bin/get_current_selfmenu_info", get(menu))
        .route("/2/statuses/show.json", get(status))
        .route("/content/{month}/{day}/{file}", get(column))
        .route("/site/{file}", get(site))
        .route("/menu/gone", get(|| async { Html(GONE) }))
        .route("/menu/alive", get(|| async { Html("<title>办事指南</title><p>请按指南办理</p>") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

pub(super) fn days(days: i64) -> Timestamp {
    real_now() - TimeDelta::days(days)
}

fn token() -> axum::Json<serde_json::Value> {
    axum::Json(json!({"access_token": "T", "expires_in": 7200}))
}

/// The menu as WeChat's interface gives it: one entry, on this server.
async fn menu(headers: HeaderMap) -> axum::Json<serde_json::Value> {
    let url = format!("http://{}/menu/alive", headers["host"].to_str().unwrap());
    let button = json!({"type": "view", "name": "接口读到的", "url": url});
    axum::Json(json!({"is_menu_open": 1, "selfmenu_info": {"button": [button]}}))
}

async fn wall() -> Response {
    let to = "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=x";
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn article(uri: Uri) -> Response {
    let kind = uri.path().rsplit('/').next().unwrap_or_default();
    let live = |scripts: String| {
        Html(format!("<html><head><meta property='og:title' content='{kind}'></head><body><div id=\"js_article\"></div><script>{scripts}</script></body></html>"))
            .into_response()
    };
    let notice = |words: &str| {
        Html(format!("<div class=\"weui-msg\"><div class=\"weui-msg__title\">{words}</div></div>"))
            .into_response()
    };
    let (two, nine) = (days(2).timestamp(), days(90).timestamp());
    let own = format!(
        "var biz = \"\" || \"{BIZ}\"; var user_name = \"{GH}\"; var nickname = htmlDecode(\"茂名发布\");"
    );
    match kind {
        // 普通图文, with everything twice.
        "article" => live(format!(
            "{own} var ct = \"{two}\"; var create_time = \"{two}\" * 1;\n window.cgiDataNew = {{ user_name: JsDecode('{GH}'),\n nick_name: JsDecode('茂名发布'),\n ori_create_time: '{two}' * 1,\n }};"
        )),
        // The layout of former years: nothing but variables.
        "old" => live(format!("{own}\nvar ct = \"{two}\";")),
        "images" | "text" => live(format!(
            "window.biz = '' || '{BIZ}';\nwindow.item_show_type = '8' || '';\nd.ct = xml ? getXmlValue('ori_create_time.DATA') : '{two}';\nd.user_name = xml ? getXmlValue('user_name.DATA') : '{GH}';\nd.nick_name = (xml ? getXmlValue('nick_name.DATA') : '茂名发布').html(false);"
        )),
        "video" => live(format!(
            "var biz = \"{BIZ}\";\n window.cgiDataNew = {{ user_name: JsDecode('{GH}'),\n nick_name: JsDecode('茂名发布'),\n item_show_type: '5',\n ori_create_time: '{two}' * 1 }};"
        )),
        "minute" => {
            live(format!("{own}\nvar createTime = '{}';", &civil::minute_text(days(2))[..16]))
        }
        "reprint" => live(format!(
            "{own}\nvar _copyright_stat = \"2\";\nvar ct = \"{two}\";\nvar source_username = \"gh_original00000\";\nvar oriCreateTime = '{nine}';"
        )),
        "edited" => live(format!("{own}\nvar ct = \"{two}\";\nvar oriCreateTime = '{nine}';")),
        "future" => live(format!("{own}\nvar ct = \"{}\";", days(-3).timestamp())),
        "undated" => live(own),
        "other" => live(format!(
            "var biz = \"MzI5OTk5OTk5OQ==\"; var user_name = \"gh_other1234567\"; var nickname = htmlDecode(\"别的号\");\nvar ct = \"{two}\";"
        )),
        "deleted" => notice("该内容已被发布者删除"),
        "violation" => notice("此内容因违规无法查看"),
        "cancelled" => notice("此帐号已自主注销，内容无法查看"),
        _ => wall().await,
    }
}

/// A post's number of that time.
pub(super) fn post_id(at: Timestamp, nth: u64) -> String {
    let seconds = u64::try_from(at.timestamp()).unwrap() - 515_483_463;
    ((seconds << 22) + nth).to_string()
}

async fn status(Query(query): Query<HashMap<String, String>>) -> Response {
    let id = query.get("id").cloned().unwrap_or_default();
    let at = days(2);
    let created = at.format("%a %b %d %H:%M:%S +0000 %Y").to_string();
    let nth = id.parse::<u64>().unwrap_or(0) & 0xff;
    let user = |uid: &str, name: &str| json!({"id": uid.parse::<u64>().unwrap(), "idstr": uid, "screen_name": name});
    let post = |user| json!({"created_at": created, "id": id.parse::<u64>().unwrap(), "idstr": id, "text": "通知", "user": user});
    let body = match nth {
        1 => post(user(UID, "平安茂名")),
        2 => post(user(OTHER_UID, "别的微博")),
        3 => {
            let mut repost = post(user(UID, "平安茂名"));
            repost["retweeted_status"] =
                json!({"created_at": "", "deleted": "1", "id": 1, "user": null});
            repost
        }
        _ => {
            let told = json!({"request": "/2/statuses/show.json", "error_code": "20101", "error": "target weibo does not exist!"});
            return (StatusCode::BAD_REQUEST, axum::Json(told)).into_response();
        }
    };
    axum::Json(body).into_response()
}

async fn column(uri: Uri) -> Response {
    let at = civil::minute_text(days(2));
    let (id, name) =
        if uri.path().contains("c7") { ("3392", "茂名发布") } else { ("38", "别的栏目") };
    Html(format!("<html><head><title>南方+</title></head><body><!--enpproperty <articleid>7</articleid><title>办事</title>/enpproperty--><script>var columnId = \"{id}\"; var columnName = \"{name}\";</script><div class=\"nfhtime pubtime\" data-time=\"{at}\"></div></body></html>"))
        .into_response()
}

async fn site(uri: Uri) -> Response {
    let at = civil::minute_text(days(2));
    let date = match uri.path().ends_with("undated.html") {
        true => String::new(),
        false => format!("<meta name=\"PubDate\" content=\"{at}\">"),
    };
    Html(format!("<html><head><title>通知</title><meta name=\"SiteName\" content=\"茂名市人民政府\">{date}<meta name=\"lastmodifiedtime\" content=\"2099-01-01 00:00\"></head><body>正文</body></html>"))
        .into_response()
}
