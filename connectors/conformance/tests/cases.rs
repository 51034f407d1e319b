//! What does each built-in connector need to be tried? Its target and its platform in good order.

use serde_json::{Value, json};

use super::super::stage::{Answer, Asked};
use super::*;
use crate::app::apk::ApkConnector;
use crate::app::apk::tests::archive;
use crate::app::appstore::AppstoreConnector;
use crate::app::huawei::HuaweiConnector;
use crate::app::tencent::TencentConnector;
use crate::article::ArticleConnector;
use crate::connector::SecretTable;
use crate::feed::FeedConnector;
use crate::manual::ManualConnector;
use crate::nanfang::NanfangConnector;
use crate::probe::ProbeConnector;
use crate::process::{ProcessConnector, ProcessSettings};
use crate::registry::WeiboMode;
use crate::wechat::WechatConnector;
use crate::wechat::component::ComponentSettings;
use crate::wechat::keep::Keep;
use crate::weibo::WeiboConnector;

pub(super) const CANARY: &str = "CANARY5d41402abc4b2a76";

type Build = Box<dyn Fn(&Url) -> Arc<dyn Connector> + Sync + Send>;

/// A case that owns what it is made of.
pub(super) struct Kit {
    pub(super) name: &'static str,
    pub(super) build: Build,
    pub(super) target: Box<dyn Fn(&Url) -> Target + Sync + Send>,
    pub(super) nonsense: Vec<&'static str>,
    pub(super) good: Box<dyn Script>,
    pub(super) secrets: SecretTable,
    pub(super) judges_link: bool,
}

impl Kit {
    pub(super) fn new(
        name: &'static str,
        target: &'static str,
        build: impl Fn(&Url) -> Arc<dyn Connector> + Sync + Send + 'static,
        good: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            build: Box::new(build),
            target: Box::new(move |_| Target::new(target)),
            nonsense: vec!["", " ", "不是标识", "javascript:alert(1)", "../../etc/passwd"],
            good: Box::new(good),
            secrets: SecretTable::default(),
            judges_link: false,
        }
    }

    /// The target is a page of the platform.
    fn at(mut self, path: &'static str) -> Self {
        self.target = Box::new(move |base| Target::new(base.join(path).unwrap()));
        self
    }

    fn secret(mut self, connector: &str, key: &str) -> Self {
        let key = (connector.to_owned(), key.to_owned());
        self.secrets.0.insert(key, format!("SUB={CANARY}"));
        self
    }

    pub(super) fn case(&self) -> Case<'_> {
        Case {
            build: &*self.build,
            target: &*self.target,
            nonsense: &self.nonsense,
            judges_link: self.judges_link,
            good: &*self.good,
            secrets: &self.secrets,
            canary: CANARY,
            now: chrono::DateTime::parse_from_rfc3339("2026-11-22T10:30:00+08:00")
                .unwrap()
                .to_utc(),
        }
    }
}

pub(super) fn all() -> Vec<Kit> {
    vec![
        wechat(),
        weibo_web(),
        nanfang(),
        appstore(),
        huawei(),
        tencent(),
        article(),
        feed(),
        feed_complete(),
        manual(),
        process(),
    ]
}

pub(super) fn fixture(name: &str) -> String {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

pub(super) fn wechat() -> Kit {
    const APPID: &str = "wx0123456789abcdef";
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(WechatConnector::new(base.clone(), base.clone()))
    };
    let figures = |asked: &Asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let day = |key: &str| body[key].as_str().unwrap().parse::<chrono::NaiveDate>().unwrap();
        let until = day("end_date");
        let days = day("begin_date").iter_days().take_while(move |day| *day <= until);
        let rows: Vec<Value> = days
            .map(|day| json!({"ref_date": day.to_string(), "detail": {"send_page_count": 0}}))
            .collect();
        json!({"list": rows, "is_delay": false})
    };
    let good = move |asked: &Asked| {
        Answer::json(&match asked.path.as_str() {
            "/cgi-bin/stable_token" => {
                json!({"access_token": format!("T-{CANARY}"), "expires_in": 7200})
            }
            "/cgi-bin/get_current_selfmenu_info" => json!({"is_menu_open": 0}),
            "/cgi-bin/get_current_autoreply_info" => {
                json!({"is_add_friend_reply_open": 0, "is_autoreply_open": 0})
            }
            "/cgi-bin/freepublish/batchget" => {
                json!({"total_count": 0, "item_count": 0, "item": []})
            }
            "/datacube/getbizsummary" => figures(asked),
            _ => json!({"list": [], "is_delay": false}),
        })
    };
    Kit::new("wechat", APPID, build, good).secret("wechat", APPID)
}

/// The same platform, asked through a third-party platform whose every token holds the canary.
pub(super) fn wechat_component() -> Kit {
    const COMPONENT: &str = "wxcccccccccccccccc";
    const APPID: &str = "wx0123456789abcdef";
    let build = |base: &Url| -> Arc<dyn Connector> {
        let keep = Arc::new(Keep::in_memory());
        let ticket = json!({"value": format!("T@{CANARY}"), "created": "2026-11-22T02:00:00Z"});
        keep.put(&format!("wechat.ticket.{COMPONENT}"), &ticket).unwrap();
        let settings = ComponentSettings { appid: COMPONENT.to_owned(), callback: "/c".to_owned() };
        Arc::new(WechatConnector::new(base.clone(), base.clone()).with(keep, Some(settings)))
    };
    let inner = wechat().good;
    let good = move |asked: &Asked| {
        let token = |name: &str| format!("{name}-{CANARY}");
        Answer::json(&match asked.path.as_str() {
            "/cgi-bin/component/api_component_token" => {
                json!({"component_access_token": token("C"), "expires_in": 7200})
            }
            "/cgi-bin/component/api_authorizer_token" => json!({
                "authorizer_access_token": token("A"), "expires_in": 7200,
                "authorizer_refresh_token": token("R"),
            }),
            "/cgi-bin/component/api_get_authorizer_list" => json!({"total_count": 1, "list": [
                {"authorizer_appid": APPID, "refresh_token": token("R"), "auth_time": 1}]}),
            "/cgi-bin/component/api_get_authorizer_info" => json!({
                "authorizer_info": {"nick_name": "名称", "account_status": 1},
                "authorization_info": {"authorizer_refresh_token": token("R"), "func_info": [
                    {"funcscope_category": {"id": 3}}, {"funcscope_category": {"id": 7}}]},
            }),
            _ => return inner.answer(asked),
        })
    };
    Kit::new("wechat", APPID, build, good).secret("wechat.component", "secret")
}

pub(super) fn weibo_api() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(WeiboConnector::new(WeiboMode::Api, base.clone()))
    };
    let good = |asked: &Asked| {
        let name = if asked.path.contains("users") { "user_show" } else { "user_timeline" };
        Answer::ok("application/json", fixture(&format!("weibo/{name}.json")))
    };
    Kit::new("weibo", "1234567890", build, good).secret("weibo", "token")
}

pub(super) fn weibo_web() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(WeiboConnector::new(WeiboMode::Web, base.clone()))
    };
    let good = |asked: &Asked| {
        let name = if asked.param("containerid").is_some() { "posts" } else { "profile" };
        Answer::ok("application/json", fixture(&format!("weibo/{name}.json")))
    };
    Kit::new("weibo", "1234567890", build, good).secret("weibo", "cookie")
}

pub(super) fn nanfang() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(NanfangConnector::new(["a", "b"].map(|host| base.join(host).unwrap()).to_vec()))
    };
    let good = |_: &Asked| {
        let article = |id: u32, column: u32, release: &str| {
            json!({"articleId": id, "articleType": 0, "columnId": column, "columnName": "示例", "title": "示例",
                "releaseTime": release, "updateTime": release, "countDiscuss": 1, "shareUrl": ""})
        };
        let list = [
            article(1, 1356, "2026-11-20 09:30:00"),
            article(2, 38, "2026-11-19 09:30:00"),
            article(3, 1356, "2026-11-02 09:30:00"),
        ];
        Answer::json(
            &json!({"success": true, "code": 200, "data": {"list": list, "hasNextPage": true}}),
        )
    };
    Kit::new("nanfang", "1356", build, good)
}

pub(super) fn appstore() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(AppstoreConnector::new(base.clone(), "cn".to_owned(), "414478124".to_owned()))
    };
    let good = |_: &Asked| {
        let app = json!({"trackId": 1_234_567_890_u64, "trackName": "示例", "sellerName": "示例单位", "version": "1.0"});
        Answer::json(&json!({"resultCount": 1, "results": [app]}))
    };
    Kit::new("appstore", "1234567890", build, good)
}

pub(super) fn huawei() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(HuaweiConnector::new(base.clone(), "com.tencent.mm", true))
    };
    let good = |asked: &Asked| match asked.path.as_str() {
        "/edge/webedge/getInterfaceCode" => Answer::json(&json!("eyJ0eXAiOiJKV1QifQ.a.b")),
        _ => Answer::json(
            &json!({"appId": "C100404489", "pkgName": "cn.gov.example.app", "name": "示例",
            "version": "2.4.1", "versionCode": 241, "releaseDate": 1_790_000_000_000_u64,
            "developerName": "示例单位", "isShelves": 1, "isDisciplined": 0, "deleteArchive": 0, "rtnCode": 0}),
        ),
    };
    Kit::new("huawei", "C100404489", build, good)
}

pub(super) fn tencent() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        Arc::new(TencentConnector::new(base.clone(), base.clone(), "com.tencent.mm"))
    };
    let good = |asked: &Asked| match asked.path.as_str() {
        "/o/simple.jsp" => Answer::ok("text/html; charset=utf-8", fixture("tencent/simple.html")),
        _ => Answer::ok("text/html; charset=utf-8", fixture("tencent/detail.html")),
    };
    Kit::new("tencent", "cn.gov.example.app", build, good)
}

pub(super) fn article() -> Kit {
    let build =
        |base: &Url| -> Arc<dyn Connector> { Arc::new(ArticleConnector::new(base.clone())) };
    let good = |_: &Asked| Answer::ok("text/html; charset=utf-8", fixture("article/alive.html"));
    Kit::new("article", "", build, good).at("s/abcdefghijklmnopqrstuv")
}

fn rss(_: &Asked) -> Answer {
    let item = |guid: &str, date: &str| {
        format!("<item><guid>{guid}</guid><title>公告</title><pubDate>{date}</pubDate></item>")
    };
    let items = item("b", "Fri, 20 Nov 2026 10:00:00 CST") + &item("a", "2026-11-01 10:00");
    let text = format!("<rss version=\"2.0\"><channel><title>x</title>{items}</channel></rss>");
    Answer::ok("application/rss+xml", text).header("etag", "\"1\"")
}

pub(super) fn feed() -> Kit {
    Kit::new("feed", "", |_: &Url| -> Arc<dyn Connector> { Arc::new(FeedConnector::bridge()) }, rss)
        .at("rss.xml")
}

pub(super) fn feed_complete() -> Kit {
    let build = |_: &Url| -> Arc<dyn Connector> { Arc::new(FeedConnector::complete()) };
    Kit::new("feed-complete", "", build, rss).at("rss.xml")
}

pub(super) fn manual() -> Kit {
    let build = |_: &Url| -> Arc<dyn Connector> { Arc::new(ManualConnector::new()) };
    let mut kit = Kit::new("manual", "任何账号", build, |_: &Asked| Answer::status(500));
    kit.nonsense.clear();
    kit
}

/// The shipped example, as a real child that asks the stage itself. Its targets only it knows: what it is asked is the
/// page's address.
pub(super) fn process() -> Kit {
    let found = std::process::Command::new("python3").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(
        found,
        "the example of a process connector needs python3 (Debian: apt-get install python3)"
    );
    let build = |_: &Url| -> Arc<dyn Connector> {
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/json_list.py");
        Arc::new(ProcessConnector::new(ProcessSettings {
            name: "jsonlist".to_owned(),
            command: ["python3", example, "--allow-private"].map(str::to_owned).to_vec(),
            directory: std::path::PathBuf::new(),
            at_once: None,
            per_minute: None,
            daemon: "freshd/test".to_owned(),
        }))
    };
    let good = |_: &Asked| {
        Answer::json(&json!({"items": [
            {"id": "b", "published": "2026-11-20 09:30", "title": "公告"},
            {"id": 1, "published": "2026-11-02", "title": "公告"},
        ]}))
    };
    let mut kit =
        Kit::new("process", "", build, good).at("posts.json").secret("jsonlist", "127.0.0.1");
    // Which words name a board only the program knows; the connector itself refuses what is no line of text.
    kit.nonsense = vec!["", " ", "两\n行"];
    kit
}

pub(super) fn probe() -> Kit {
    let build = |_: &Url| -> Arc<dyn Connector> { Arc::new(ProbeConnector::new()) };
    let good = |_: &Asked| Answer::json(&json!({"status": "UP"}));
    let kit = Kit::new("probe", "", build, good).at("health");
    Kit { judges_link: true, ..kit }
}

/// A file server that keeps ranges.
pub(super) fn apk() -> Kit {
    let build = |_: &Url| -> Arc<dyn Connector> { Arc::new(ApkConnector::new()) };
    let good = |asked: &Asked| {
        let file = archive(&["AndroidManifest.xml", "classes.dex"], 200_000);
        let range = asked.header("range").and_then(|range| range.strip_prefix("bytes="));
        let Some((from, to)) = range.and_then(|range| range.split_once('-')) else {
            return Answer::ok("application/octet-stream", file);
        };
        let last = file.len() - 1;
        let (from, to) = match from {
            "" => (file.len() - to.parse::<usize>().unwrap().min(file.len()), last),
            from => (from.parse().unwrap(), to.parse::<usize>().unwrap_or(last).min(last)),
        };
        Answer::status(206)
            .header("content-range", &format!("bytes {from}-{to}/{}", file.len()))
            .body(file[from..=to].to_vec())
    };
    let kit = Kit::new("apk", "", build, good).at("app.apk");
    Kit { judges_link: true, ..kit }
}
