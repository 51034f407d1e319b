//! Is each kind of page taken as proof for its own account only, and is every refusal in words, changing nothing?

pub(super) mod pages;

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::stage::{Stage, account_of, days_ago};
use pages::{BIZ, GH, UID, days, post_id, serve};

const HEADER: &str = "账号名称,平台,账号标识,主办单位,菜单地址,采集方式";

const APPID: &str = "wx0123456789abcdef";

/// A stage whose platforms are this server.
fn stage(server: &str) -> Stage {
    let stage = Stage::new(&format!(
        "[net]\nallow_private = [\"127.0.0.0/8\"]\n\
         [connectors.wechat]\nbase_url = \"{server}\"\narticle_base_url = \"{server}\"\n\
         secrets_file = \"wechat.toml\"\n\
         [connectors.weibo]\nmode = \"api\"\nbase_url = \"{server}\"\ntoken_file = \"token\"\n\
         [connectors.nanfang]\nbase_urls = [\"{server}\"]\n\
         [connectors.article]\nper_minute = 0\n"
    ));
    stage.write("token", "T");
    stage.write("wechat.toml", format!("{APPID} = \"secret\"\n"));
    stage
}

async fn with(server: &str, rows: &str) -> Stage {
    let stage = stage(server);
    stage.import(&format!("{HEADER}\n{rows}")).await;
    stage
}

fn link(kind: &str) -> String {
    format!("https://mp.weixin.qq.com/s/{kind}")
}

/// What a refusal must not change.
async fn kept(stage: &Stage) -> Value {
    let status = stage.json(&["status", "--json"]).await;
    let of =
        |account: &Value| json!([account["aliases"], account["last_update"], account["verdict"]]);
    status["accounts"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn every_kind_of_wechat_page_gives_time_and_identity() {
    let server = serve().await;
    for kind in ["article", "old", "images", "video", "minute", "reprint", "edited"] {
        let stage = with(&server, "茂名发布,微信公众号,,市府办,,\n").await;
        let done = stage.run(&["proof", &link(kind)]).await.exits(0).says(&["已采用", BIZ]);
        let explained = stage.json(&["explain", "茂名发布", "--json"]).await;
        let age = if kind == "edited" { 90 } else { 2 };
        let at = days_ago(age);
        let told = explained["last_update"]["earliest"].as_str().unwrap();
        assert_eq!(told[..10], at[..10], "{kind}: {}", done.stdout);
        let aliases = explained["aliases"].as_array().unwrap();
        assert!(aliases.iter().any(|it| it == GH) && aliases.iter().any(|it| it == BIZ), "{kind}");
        assert!(!aliases.iter().any(|it| it == "gh_original00000"));
        let verdict = if kind == "edited" { "undetermined" } else { "pass" };
        assert_eq!(explained["verdict"], verdict, "{kind}: an edit is nothing new");
    }
}

#[tokio::test]
async fn every_refusal_is_in_words_and_changes_nothing() {
    let server = serve().await;
    let rows = format!("茂名发布,微信公众号,{GH},市府办,,\n平安茂名,微博,{UID},市公安局,,\n");
    let stage = with(&server, &rows).await;
    let before = kept(&stage).await;
    let gone = post_id(days(2), 9);
    let long = "https://mp.weixin.qq.com/s?__biz=MzA1MjM4NzY1NA%3D%3D&mid=1&idx=1";
    let cases: [(String, &[&str]); 14] = [
        (link("deleted"), &["该内容已被发布者删除", "没有采用"]),
        (link("violation"), &["此内容因违规无法查看"]),
        (link("cancelled"), &["自主注销", "没有采用"]),
        (link("future"), &["在未来"]),
        (link("undated"), &["没有写明发布时间"]),
        (link("other"), &["别的号", "没有采用"]),
        (link("wall"), &["待人工打开", "freshd confirm", "没有采用"]),
        (long.to_owned(), &["请在微信中点右上角“…”复制链接"]),
        (format!("{long}&sn=abc"), &["待人工打开", "请在微信中点右上角“…”复制链接"]),
        ("https://mp.weixin.qq.com/s?src=11&timestamp=1&signature=x".to_owned(), &["临时链接"]),
        ("https://mp.weixin.qq.com/s/article?tempkey=x".to_owned(), &["临时链接"]),
        (format!("https://weibo.com/u/{UID}"), &["不是一条微博"]),
        (format!("https://weibo.com/{UID}/{gone}"), &["不存在、已删除或不公开"]),
        (format!("{server}/site/undated.html"), &["没有写明发布时间"]),
    ];
    for (url, words) in &cases {
        stage.run(&["proof", url, "--account", GH]).await.exits(1).says(words);
    }
    for (url, words) in &cases[..5] {
        stage.run(&["proof", url]).await.exits(1).says(words);
    }
    let post = format!("https://weibo.com/{UID}/{}", post_id(days(2), 1));
    let crossed = [
        (post.clone(), GH, ["平安茂名", "茂名发布"]),
        (link("article"), UID, ["茂名发布", "平安茂名"]),
        (format!("{server}/site/a.html"), GH, ["茂名市人民政府", "茂名发布"]),
        (format!("https://weibo.com/{UID}/{}", post_id(days(2), 2)), UID, ["别的微博", "平安茂名"]),
    ];
    for (url, account, both) in &crossed {
        let done = stage.run(&["proof", url, "--account", account]).await.exits(1);
        done.says(both).says(&["没有采用"]);
    }
    assert_eq!(kept(&stage).await, before);
    stage.run(&["proof", &post]).await.exits(0).says(&["已采用"]);
    stage.run(&["proof", &link("article")]).await.exits(0).says(&["已采用"]);
}

#[tokio::test]
async fn posts_of_weibo_columns_and_sites_are_proofs_too() {
    let server = serve().await;
    let rows = format!(
        "平安茂名,微博,,市公安局,,\n茂名发布,南方号,,市委宣传部,,\n市政府门户,政府网站,{server}/,市政府办,,\n"
    );
    let stage = with(&server, &rows).await;
    let id = post_id(days(2), 3);
    let day = days_ago(2)[..10].replace('-', "");
    let column = format!("{server}/content/{}/{}/c7.html", &day[..6], &day[6..]);
    let links = [
        (format!("https://m.weibo.cn/detail/{id}"), "平安茂名", UID),
        (column, "茂名发布", "3392"),
        (format!("{server}/site/post_1.html"), "市政府门户", ""),
    ];
    for (url, name, bound) in &links {
        stage.run(&["proof", url]).await.exits(0).says(&["已采用", name, bound]);
        let account = stage.json(&["explain", name, "--json"]).await;
        assert_eq!(account["verdict"], "pass", "{name}");
        assert_eq!(account["evidence_class"], "hits_only", "{name}");
        let told = account["last_update"]["earliest"].as_str().unwrap();
        assert_eq!(told[..10], days_ago(2)[..10], "{name}");
    }
    let other = format!("{server}/content/{}/{}/c8.html", &day[..6], &day[6..]);
    let refused = stage.run(&["proof", &other, "--account", "茂名发布"]).await.exits(1);
    refused.says(&["别的栏目", "茂名发布", "没有采用"]);
}

#[tokio::test]
async fn accounts_of_the_same_name_are_listed_for_choice() {
    let server = serve().await;
    let rows = "茂名发布,微信公众号,,甲局,,\n茂名发布,微信公众号,,乙局,,\n茂名发布,微博,,丙局,,\n\
                茂名发布,微信公众号,gh_different123,丁局,,\n";
    let stage = with(&server, rows).await;
    let before = kept(&stage).await;
    let asked = stage.run(&["proof", &link("article")]).await.exits(1);
    let asked =
        asked.says(&["wechat:n-1", "wechat:n-2", "甲局", "乙局", "微信公众号", "--account"]);
    assert!(!asked.stdout.contains("丙局") && !asked.stdout.contains("丁局"), "{}", asked.stdout);
    assert_eq!(kept(&stage).await, before);
    stage.run(&["proof", &link("article"), "--account", "wechat:n-2"]).await.exits(0);
    stage.run(&["proof", &link("images")]).await.exits(0).says(&["wechat:n-2"]);
    let taken = stage.run(&["proof", &link("article"), "--account", "wechat:n-1"]).await.exits(1);
    taken.says(&["已属于 wechat:n-2", "乙局", "没有采用"]);
    let none = stage.run(&["proof", &link("other")]).await.exits(1);
    let none = none.says(&["别的号", "没有唯一对应的账号"]);
    assert!(!none.stdout.contains(":\n"), "no list is announced that is empty: {}", none.stdout);
}

#[tokio::test]
async fn a_self_reported_menu_is_checked_without_any_source() {
    let server = serve().await;
    let row = |menu: &str| format!("茂名发布,微信公众号,,市府办,{menu},\n");
    let menu = format!(
        "服务/办事指南={server}/menu/alive;服务/旧栏目={server}/menu/none;服务/软死链={server}/menu/gone"
    );
    let stage = with(&server, &row(&menu)).await;
    let daemon = Daemon::start(&stage).await;
    let checked = async || {
        let status = stage.json(&["status", "--json"]).await;
        account_of(&status, "茂名发布").clone()
    };
    let mut account = checked().await;
    for _ in 0..300 {
        let entries = account["menu"]["entries"].as_array().unwrap();
        if entries.iter().all(|entry| entry["checked_at"].is_string()) {
            break;
        }
        account = checked().await;
    }
    daemon.stop().await;
    assert_eq!(account["evidence_class"], "none", "{account}");
    assert_eq!(account["menu"]["source"], "self_reported");
    assert_eq!(account["menu"]["state"], "degraded", "{}", account["menu"]);
    assert_eq!(account["menu"]["entries"][0]["health"], "alive", "{account}");
    let gone = &account["menu"]["entries"][2];
    assert_eq!(gone["health"], "unstable", "once is not enough: {gone}");
    let words = "软死链:页面写着“对不起,您访问的栏目不存在!”";
    assert!(gone["reason"].as_str().unwrap().starts_with(words), "{gone}");
    assert!(account["next_poll"].is_string(), "and it will be checked again");
    let explained = stage.run(&["explain", "茂名发布"]).await.exits(0);
    let explained = explained.says(&["自报", words]);
    assert!(explained.stdout.contains("办事指南"));
    stage.run(&["status"]).await.exits(0).says(&["自报"]);
}

#[tokio::test]
async fn a_menu_that_a_connector_read_wins_over_the_self_reported_one() {
    let server = serve().await;
    let menu = format!("自报的={server}/menu/none");
    let stage = with(&server, &format!("茂名发布,微信公众号,{APPID},市府办,{menu},\n")).await;
    let menu = async || {
        let status = stage.json(&["status", "--json"]).await;
        account_of(&status, "茂名发布")["menu"].clone()
    };
    let reported = menu().await;
    assert_eq!(reported["source"], "self_reported");
    assert_eq!(reported["entries"][0]["path"], json!(["自报的"]));
    stage.run(&["poll", "--account", APPID]).await;
    let read = menu().await;
    assert_eq!((&read["source"], &read["state"]), (&json!("read"), &json!("healthy")), "{read}");
    assert_eq!(read["entries"].as_array().unwrap().len(), 1);
    assert_eq!(read["entries"][0]["path"], json!(["接口读到的"]));
    let explained = stage.run(&["explain", "茂名发布"]).await.exits(0);
    assert!(!explained.stdout.contains("自报"), "{}", explained.stdout);
}
