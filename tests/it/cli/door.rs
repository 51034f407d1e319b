//! Can an owner act by the link of a letter that really arrived, once, and only on that account?

use freshd_core::civil;
use freshd_sim::MailServer;
use serde_json::Value;

use super::daemon::Daemon;
use super::proof::pages::{GH, serve};
use super::stage::{Stage, account_of, days_ago, mail_server, real_now};

const HEADER: &str = "账号名称,平台,账号标识,主办单位,联系人,联系电话,电子邮箱,责任人邮箱,菜单地址";
const TOKEN: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
const OWN: &str =
    "content-type: application/x-www-form-urlencoded\r\norigin: http://ours.gov.test\r\n";

/// Four accounts whose deadlines are near, their letters, and the daemon.
struct Scene {
    stage: Stage,
    server: MailServer,
    daemon: Daemon,
}

impl Scene {
    async fn start() -> Self {
        let pages = serve().await;
        let (server, mail) = mail_server().await;
        let stage = Stage::new("");
        let usual = std::fs::read_to_string(stage.path("freshd.toml")).unwrap();
        let usual = usual.replace("[web]\n", "[web]\npublic_url = \"http://ours.gov.test\"\n");
        let token =
            "[[web.tokens]]\nname = \"office\"\ntoken_file = \"token\"\nrole = \"operator\"\n";
        let net = format!(
            "[net]\nallow_private = [\"127.0.0.0/8\"]\n[connectors.wechat]\nbase_url = \"{pages}\"\n\
             article_base_url = \"{pages}\"\n[connectors.article]\nper_minute = 0\n"
        );
        let mail = format!("{mail}mode = \"send\"\nhold_min_recipients = 50\n");
        stage.write("freshd.toml", format!("{usual}{token}{mail}{net}"));
        stage.write("token", TOKEN);
        let row = |name: &str, handle: &str, n: usize| {
            format!(
                "{name},微信公众号,{handle},局{n},人{n},0668-{n},u{n}@a.gov.test,boss@a.gov.test,\n"
            )
        };
        let rows =
            [row("茂名发布", GH, 0), row("乙<b>号", "", 1), row("丙号", "", 2), row("丁号", "", 3)];
        stage.import(&format!("{HEADER}\n{}", rows.concat())).await;
        let old = days_ago(12);
        for name in ["茂名发布", "乙<b>号", "丙号", "丁号"] {
            let word = ["confirm", name, "--published-at", &old, "--note", "看到"];
            stage.run(&word).await.exits(0);
        }
        stage.run(&["notify"]).await.exits(0);
        assert_eq!(server.count(), 4);
        let daemon = Daemon::start(&stage).await;
        Self { stage, server, daemon }
    }

    /// The path of the link in the letter to this contact.
    fn door(&self, to: &str) -> String {
        let mails = self.server.mails();
        let mail = mails.iter().rev().find(|mail| mail.to == [to]).unwrap();
        let (text, html) = (mail.text_body().unwrap(), mail.html_body().unwrap());
        let link = text.split_once("http://ours.gov.test/o/").unwrap().1;
        let token = link.split_whitespace().next().unwrap();
        assert!(
            html.contains(&format!("href=\"http:&#x2f;&#x2f;ours.gov.test&#x2f;o&#x2f;{token}\""))
        );
        format!("/o/{token}")
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.daemon.say("GET", path, "", "").await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.daemon.say("POST", path, OWN, &form.finish()).await
    }

    async fn explained(&self, name: &str) -> Value {
        self.stage.json(&["explain", name, "--json"]).await
    }

    /// Everything that a look must not change.
    async fn all(&self) -> String {
        let accounts = self.stage.run(&["export", "accounts", "--format", "jsonl"]).await.exits(0);
        let mut told = self.stage.json(&["requests", "list", "--all", "--json"]).await;
        for name in ["茂名发布", "乙<b>号", "丙号", "丁号"] {
            let (_, history) =
                self.get(&format!("/api/v1/accounts/{}/history", self.id(name).await)).await;
            told[name] = serde_json::from_str(&history).unwrap();
        }
        format!("{}{told}", accounts.stdout)
    }

    async fn id(&self, name: &str) -> String {
        let status = self.stage.json(&["status", "--json"]).await;
        account_of(&status, name)["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_article_is_proven_where_the_letter_is_read_and_looking_changes_nothing() {
    let scene = Scene::start().await;
    let door = scene.door("u0@a.gov.test");
    let before = scene.all().await;
    for _ in 0..3 {
        let (status, page) = scene.get(&door).await;
        assert_eq!(status, 200, "{page}");
        for words in ["茂名发布", "预警", "请于", "noindex"] {
            assert!(page.contains(words), "{words}");
        }
        for foreign in ["丙号", "u1@a.gov.test", "boss@a.gov.test", "0668-0", "人0"] {
            assert!(!page.contains(foreign), "{foreign} is nobody's business here");
        }
        assert_eq!(scene.daemon.say("HEAD", &door, "", "").await.0, 200);
    }
    let cut = &door[..door.len() - 2];
    assert_eq!(scene.get(cut).await.0, 403);
    assert_eq!(scene.post(cut, &[("act", "closing")]).await.0, 403);
    let plain = "content-type: application/x-www-form-urlencoded\r\n";
    assert_eq!(scene.daemon.say("POST", &door, plain, "act=closing").await.0, 403, "no origin");
    assert_eq!(scene.all().await, before, "nothing was changed by looking");

    let other = "https://mp.weixin.qq.com/s/other";
    let (status, page) = scene.post(&door, &[("act", "posted"), ("link", other)]).await;
    assert_eq!(status, 422);
    assert!(page.contains("别的号") && page.contains("没有采用"), "{page}");
    assert_eq!(scene.all().await, before, "nor by another account's article");
    let own = [("act", "posted"), ("link", "https://mp.weixin.qq.com/s/article")];
    let (one, two, three) =
        tokio::join!(scene.post(&door, &own), scene.post(&door, &own), scene.post(&door, &own));
    let statuses = [one.0, two.0, three.0];
    assert!(
        statuses.contains(&303) && statuses.iter().all(|it| [303, 422].contains(it)),
        "{statuses:?}"
    );
    assert_eq!(scene.post(&door, &own).await.0, 303, "once more is the same");
    let told = scene.explained("茂名发布").await;
    assert_eq!(told["verdict"], "pass");
    let said = told["owner_said"].as_array().unwrap();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!((&said[0]["act"], &said[0]["to"]), (&"posted".into(), &"u0@a.gov.test".into()));
    let letters = scene.stage.json(&["mail", "outbox", "--json"]).await.to_string();
    assert!(letters.contains(said[0]["letter"].as_str().unwrap()));
    let (_, page) = scene.get(&format!("{door}?done")).await;
    assert!(page.contains("已登记") && page.contains("已采用"), "{page}");
    scene.daemon.stop().await;
}

#[tokio::test]
async fn posted_without_a_link_waits_for_the_next_morning_and_is_no_pass() {
    let scene = Scene::start().await;
    let door = scene.door("u1@a.gov.test");
    assert_eq!(scene.post(&door, &[("act", "posted"), ("link", "")]).await.0, 303);
    let told = scene.explained("乙<b>号").await;
    assert_eq!(told["verdict"], "at_risk", "a claim proves nothing");
    let tomorrow = civil::day(real_now()).succ_opt().unwrap();
    assert_eq!(told["next_poll"], format!("{tomorrow}T08:30:00+08:00"));
    let (_, page) = scene.get(&format!("{door}?done")).await;
    assert!(page.contains("将于明日 08:30 复核") && !page.contains("乙<b>号"), "{page}");

    let text = "<script>alert(1)</script>\" onload=x 我们上周发过";
    assert_eq!(scene.post(&door, &[("act", "objection"), ("text", text)]).await.0, 303);
    assert_eq!(scene.post(&door, &[("act", "objection"), ("text", text)]).await.0, 303);
    assert_eq!(scene.post(&door, &[("act", "working"), ("text", "")]).await.0, 303);
    let (_, page) = scene.get(&door).await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    let list = scene.stage.json(&["requests", "list", "--json"]).await;
    let open = list["requests"].as_array().unwrap();
    assert_eq!(open.len(), 1, "only what needs a decision, and once: {list}");
    assert_eq!((&open[0]["text"], &open[0]["state"]), (&text.into(), &"open".into()));
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    assert_eq!(scene.get("/api/v1/requests").await.0, 401);
    let (_, api) = scene.daemon.say("GET", "/api/v1/requests", &bearer, "").await;
    assert_eq!(serde_json::from_str::<Value>(&api).unwrap(), list);
    let id = open[0]["id"].as_str().unwrap();
    let approve = ["requests", "approve", id, "--note", "已核实"];
    scene.stage.run(&approve).await.exits(0).says(&["已同意"]);
    scene.stage.run(&approve).await.exits(2).says(&["不能再改"]);
    scene.stage.run(&["requests", "reject", "nothing"]).await.exits(2).says(&["没有请求"]);
    assert!(scene.get(&door).await.1.contains("管理员:已核实"));
    scene.stage.run(&["explain", "乙<b>号"]).await.exits(0).says(&["账号方反馈", "u1@a.gov.test"]);
    scene.daemon.stop().await;
}

#[tokio::test]
async fn another_contact_and_the_end_of_an_account_wait_for_an_operator() {
    let scene = Scene::start().await;
    let (second, third) = (scene.door("u2@a.gov.test"), scene.door("u3@a.gov.test"));
    let (status, page) = scene.post(&second, &[("act", "contact"), ("phone", "x")]).await;
    assert_eq!(status, 422);
    assert!(
        page.contains("姓名") && page.contains("电话只写") && page.contains("不是电子邮箱"),
        "{page}"
    );
    let heir =
        [("act", "contact"), ("name", "新人"), ("phone", "0668-9"), ("email", "new@a.gov.test")];
    assert_eq!(scene.post(&second, &heir).await.0, 303);
    assert_eq!(scene.post(&third, &[("act", "closing"), ("text", "已申请注销")]).await.0, 303);
    let closing = scene.explained("丁号").await;
    assert_eq!(
        (&closing["lifecycle"], &closing["verdict"]),
        (&"closing".into(), &"at_risk".into())
    );
    // What the ledger would change again tells what stands there now.
    let again = ["import", "ledger.csv", "--dry-run", "--json"];
    let before = scene.stage.run(&again).await.exits(0).stdout;
    assert!(!before.contains("new@a.gov.test"), "nothing before the operator says so");
    // Without the daemon, too.
    let Scene { stage, server, daemon } = scene;
    daemon.stop().await;
    let list = stage.json(&["requests", "list", "--json"]).await;
    let of = |act: &str| {
        let all = list["requests"].as_array().unwrap();
        all.iter().find(|it| it["act"] == act).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let told = stage.run(&["requests", "approve", &of("contact")]).await.exits(0);
    told.says(&["u2@a.gov.test 改为 new@a.gov.test"]);
    stage.run(&["requests", "reject", &of("closing")]).await.exits(0).says(&["恢复为在运行"]);
    let daemon = Daemon::start(&stage).await;
    let scene = Scene { stage, server, daemon };
    let after = scene.stage.run(&again).await.exits(0).stdout;
    assert!(after.contains("new@a.gov.test") && after.contains("新人"), "{after}");
    assert_eq!(scene.explained("丁号").await["lifecycle"], "running");
    let (status, page) = scene.get(&second).await;
    assert_eq!(status, 410, "the old contact's link is over: {page}");
    assert_eq!(scene.post(&second, &[("act", "working")]).await.0, 410);
    scene.daemon.stop().await;
}

#[tokio::test]
async fn a_menu_that_the_owner_told_stays_until_the_ledger_says_another() {
    let scene = Scene::start().await;
    let door = scene.door("u1@a.gov.test");
    let bad = [("act", "menu"), ("path1", "服务"), ("path2", "新闻"), ("url2", "javascript:x")];
    let (status, page) = scene.post(&door, &bad).await;
    assert_eq!(status, 422);
    assert!(
        page.contains("第 1 项") && page.contains("第 2 项") && page.contains("value=\"新闻\""),
        "{page}"
    );
    let good = [
        ("act", "menu"),
        ("path1", "服务/办事"),
        ("url1", "http://127.0.0.1:9/a"),
        ("path3", "信箱"),
        ("url3", "http://127.0.0.1:9/b?x=1&y=2"),
    ];
    assert_eq!(scene.post(&door, &good).await.0, 303);
    let menu = |told: &Value| told["menu"]["entries"].as_array().unwrap().len();
    assert_eq!(menu(&scene.explained("乙<b>号").await), 2);
    let row = |cell: &str| {
        format!(
            "{HEADER}\n乙<b>号,微信公众号,,局1,人1,0668-1,u1@a.gov.test,boss@a.gov.test,{cell}\n"
        )
    };
    scene.stage.import(&row("")).await;
    assert_eq!(menu(&scene.explained("乙<b>号").await), 2, "an empty cell keeps it");
    scene.stage.import(&row("首页=https://example.gov.test/")).await;
    assert_eq!(menu(&scene.explained("乙<b>号").await), 1, "the ledger wins");
    scene.stage.import(&row("")).await;
    let told = scene.explained("乙<b>号").await;
    assert!(told["menu"]["entries"].as_array().is_none_or(Vec::is_empty), "and is emptied by it");
    let closed =
        format!("{HEADER},运行状态\n乙<b>号,微信公众号,,局1,人1,0668-1,u1@a.gov.test,,,已注销\n");
    scene.stage.import(&closed).await;
    let (status, page) = scene.get(&door).await;
    assert_eq!(status, 410);
    assert!(page.contains("已注销") && !page.contains("<form"), "{page}");
    scene.daemon.stop().await;
}

#[tokio::test]
async fn what_an_owner_types_opens_nothing_inside() {
    let scene = Scene::start().await;
    let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}/secret.html", inside.local_addr().unwrap());
    let door = scene.door("u1@a.gov.test");
    let (status, page) = scene.post(&door, &[("act", "posted"), ("link", &link)]).await;
    assert_eq!(status, 422);
    assert!(page.contains("不允许访问本机地址") && page.contains("没有采用"), "{page}");
    let header = format!("authorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\n");
    let path = format!("/api/v1/accounts/{}/proof", scene.id("丙号").await);
    let body = serde_json::json!({"url": link}).to_string();
    let (status, told) = scene.daemon.say("POST", &path, &header, &body).await;
    assert!((400..500).contains(&status) && told.contains("不允许访问本机地址"), "{status} {told}");
    let menu = [("act", "menu"), ("path1", "服务"), ("url1", link.as_str())];
    assert_eq!(scene.post(&door, &menu).await.0, 303);
    let mut entry = Value::Null;
    for _ in 0..300 {
        entry = scene.explained("乙<b>号").await["menu"]["entries"][0].clone();
        if entry["checked_at"].is_string() {
            break;
        }
    }
    assert_eq!(entry["health"], "undetermined", "{entry}");
    assert!(entry["reason"].as_str().unwrap().contains("本机地址"), "{entry}");
    let asked = std::time::Duration::from_millis(1);
    assert!(tokio::time::timeout(asked, inside.accept()).await.is_err(), "nobody was there");
    scene.daemon.stop().await;
}

#[tokio::test]
async fn a_menu_that_is_put_back_is_put_back() {
    let scene = Scene::start().await;
    let door = scene.door("u1@a.gov.test");
    let menu = |name| [("act", "menu"), ("path1", name), ("url1", "https://a.gov.test/")];
    for name in ["甲", "乙", "甲"] {
        assert_eq!(scene.post(&door, &menu(name)).await.0, 303);
    }
    let told = scene.explained("乙<b>号").await;
    assert_eq!(told["menu"]["entries"][0]["path"], serde_json::json!(["甲"]), "{told}");
    assert_eq!(told["owner_said"].as_array().unwrap().len(), 3);
    assert_eq!(scene.post(&door, &menu("甲")).await.0, 303);
    let told = scene.explained("乙<b>号").await;
    assert_eq!(told["owner_said"].as_array().unwrap().len(), 3, "the same at once is one word");
    scene.daemon.stop().await;
}
