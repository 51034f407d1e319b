//! What follows from mails that come back: bounces, replies, machines' answers, forgeries? And what never does?

use freshd_core::civil;
use freshd_sim::mail::{MailBehaviour, ca_der};
use freshd_sim::{ImapServer, MailServer};
use serde_json::Value;

use super::proof::pages::{GH, serve};
use super::stage::{Stage, account_of, days_ago, finished, mail_server, real_now, workbook};

const HEADER: &str =
    "账号名称,平台,账号标识,主办单位,联系人,联系电话,电子邮箱,责任人邮箱,主管单位邮箱";
const FOLDER: &str = "[mail.inbox]\nfolder = \"in\"\n";

/// The built program with a mail server, pages to prove with, and an account at risk whose contact is `u0`.
struct Scene {
    stage: Stage,
    mail: MailServer,
}

impl Scene {
    async fn new(inbox: &str, rows: &str) -> Self {
        let (mail, config) = mail_server().await;
        let pages = serve().await;
        let stage = Stage::new(&format!(
            "{config}mode = \"send\"\n{inbox}\
             [net]\nallow_private = [\"127.0.0.0/8\"]\n\
             [connectors.wechat]\nbase_url = \"{pages}\"\narticle_base_url = \"{pages}\"\n\
             [connectors.article]\nper_minute = 0\n"
        ));
        std::fs::create_dir(stage.path("in")).unwrap();
        stage.write("imap-password", "secret word");
        let scene = Self { stage, mail };
        scene.import(rows).await;
        scene
    }

    /// With one WeChat account at risk, and everybody in the chain.
    async fn chain(inbox: &str) -> Self {
        let scene = Self::new(inbox, &row("u0@example.gov.test")).await;
        scene.posted("茂名发布", 12).await;
        scene
    }

    async fn import(&self, rows: &str) {
        self.stage.import(&format!("{HEADER}\n{rows}")).await;
    }

    async fn posted(&self, name: &str, days: i64) {
        let at = days_ago(days);
        let word = ["confirm", name, "--published-at", &at, "--note", "看到"];
        self.stage.run(&word).await.exits(0);
    }

    /// Runs the notifier; the newest letter to this address.
    async fn told(&self, to: &str) -> Value {
        self.stage.run(&["notify"]).await.exits(0);
        self.letter(to).await.unwrap_or_else(|| panic!("no letter to {to}"))
    }

    async fn letter(&self, to: &str) -> Option<Value> {
        let outbox = self.stage.json(&["mail", "outbox", "--json"]).await;
        outbox["letters"].as_array().unwrap().iter().find(|it| it["to"] == to).cloned()
    }

    /// Drops a mail into the folder and reads it: what became of it.
    async fn receive(&self, name: &str, raw: &[u8]) -> Value {
        std::fs::write(self.stage.path("in").join(name), raw).unwrap();
        self.stage.run(&["mail", "fetch"]).await.exits(0).says(&["读到新邮件 1 封"]);
        assert!(self.stage.path("in").join("done").join(name).exists());
        self.received().await.remove(0)
    }

    async fn received(&self) -> Vec<Value> {
        let told = self.stage.json(&["mail", "inbox", "--json"]).await;
        told["mails"].as_array().unwrap().clone()
    }

    async fn findings(&self, kind: &str) -> Vec<Value> {
        let told = self.stage.json(&["contacts", "--json"]).await;
        let all = told["findings"].as_array().unwrap();
        all.iter().filter(|one| one["kind"] == kind).cloned().collect()
    }
}

fn row(email: &str) -> String {
    format!(
        "茂名发布,微信公众号,{GH},市府办,张三,0668-100,{email},o0@example.gov.test,s0@example.gov.test\n"
    )
}

/// A fixture about this letter, from this person.
fn fixture(name: &str, letter: &Value, from: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/mail/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    let mut out = std::fs::read(path).unwrap();
    let id = letter["message_id"].as_str().unwrap();
    let bare = id.trim_matches(['<', '>']);
    let to = letter["to"].as_str().unwrap();
    for (mark, text) in [("{MESSAGE_ID}", id), ("{MID}", bare), ("{TO}", to), ("{FROM}", from)] {
        let mark = mark.as_bytes();
        while let Some(at) = out.windows(mark.len()).position(|window| window == mark) {
            out.splice(at..at + mark.len(), text.bytes());
        }
    }
    out
}

#[tokio::test]
async fn a_bounce_goes_on_to_the_next_in_the_chain_until_nobody_is_left() {
    let scene = Scene::chain(FOLDER).await;
    let mut letter = scene.told("u0@example.gov.test").await;
    assert_eq!((&letter["state"], &letter["reason"]), (&"accepted".into(), &"reminder".into()));
    let chain = [
        ("dsn-postfix", "5.1.1", "o0@example.gov.test"),
        ("dsn-exchange", "5.1.10", "s0@example.gov.test"),
    ];
    for (name, status, next) in chain {
        let got = scene.receive(name_of(name).as_str(), &fixture(name, &letter, "")).await;
        assert_eq!((&got["outcome"], &got["letter"]), (&"bounced".into(), &letter["id"]));
        let old = scene.letter(letter["to"].as_str().unwrap()).await.unwrap();
        assert_eq!(old["state"], "bounced");
        assert!(old["last_reply"].as_str().unwrap().contains(status), "{old}");
        letter = scene.told(next).await;
        assert_eq!(letter["reason"], "reminder", "the same reason, to the next");
        assert_eq!(letter["state"], "accepted");
    }
    assert_eq!(scene.findings("dead").await.len(), 2);
    assert!(scene.mail.mails().iter().any(|mail| {
        mail.to == ["ops@example.gov.test"] && mail.text_body().unwrap().contains("被退回")
    }));

    scene.receive("last.eml", &fixture("dsn-exim", &letter, "")).await;
    let ops = scene.told("ops@example.gov.test").await;
    assert!(ops["subject"].as_str().unwrap().contains("没有可用邮箱"), "{ops}");
    let told = scene.stage.json(&["contacts", "--json"]).await;
    let call = &told["phone_list"][0];
    assert_eq!((&call["contact"], &call["phone"]), (&"张三".into(), &"0668-100".into()));
    assert!(call["say"].as_str().unwrap().contains("前发布"), "{call}");
    scene.stage.run(&["contacts"]).await.exits(0).says(&["拒收退信", "电话催办清单 1 个账号"]);
    let list = ["export", "phone-list", "--format", "xlsx", "-o", "calls.xlsx"];
    scene.stage.run(&list).await.exits(0);
    let sheets = workbook(&scene.stage.path("calls.xlsx"));
    assert!(sheets[0].1[0].iter().any(|title| title == "联系电话"));
    assert!(sheets[0].1[1].iter().any(|cell| cell == "0668-100"), "{sheets:?}");

    scene.import(&row("new@example.gov.test")).await;
    let dead = scene.findings("dead").await;
    assert!(dead.iter().all(|one| one["address"] != "u0@example.gov.test"), "{dead:?}");
    scene.import(&row("u0@example.gov.test")).await;
    assert_eq!(scene.findings("dead").await.len(), 2, "put in again, it is a new statement");
}

fn name_of(fixture: &str) -> String {
    format!("{fixture}.eml")
}

#[tokio::test]
async fn a_refused_address_is_passed_over_at_the_next_run_and_mended_by_a_retry() {
    let scene = Scene::chain(FOLDER).await;
    scene.mail.set_behaviour(Some("u0@example.gov.test"), MailBehaviour::Refuse);
    let refused = scene.told("u0@example.gov.test").await;
    assert_eq!(refused["state"], "refused");
    let next = scene.told("o0@example.gov.test").await;
    assert_eq!((&next["reason"], &next["state"]), (&"reminder".into(), &"accepted".into()));
    let dead = scene.findings("dead").await;
    assert_eq!(dead[0]["address"], "u0@example.gov.test");
    assert!(dead[0]["detail"].as_str().unwrap().contains("550"), "{dead:?}");
    scene.stage.run(&["notify"]).await.exits(0);
    let outbox = scene.stage.json(&["mail", "outbox", "--json"]).await;
    let about =
        |to: &str| outbox["letters"].as_array().unwrap().iter().filter(|it| it["to"] == to).count();
    assert_eq!((about("u0@example.gov.test"), about("o0@example.gov.test")), (1, 1), "told once");
    scene.mail.set_behaviour(Some("u0@example.gov.test"), MailBehaviour::Accept);
    scene.stage.run(&["mail", "retry", refused["id"].as_str().unwrap()]).await.exits(0);
    assert!(scene.findings("dead").await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_a_bounce_changes_nothing() {
    let scene = Scene::chain(FOLDER).await;
    let letter = scene.told("u0@example.gov.test").await;
    let late = scene.receive("late.eml", &fixture("dsn-delayed", &letter, "")).await;
    assert_eq!(late["outcome"], "delayed");
    let other = scene.receive("other.eml", &fixture("dsn-other-recipient", &letter, "")).await;
    assert_eq!(other["outcome"], "unmatched");
    assert!(other["told"].as_str().unwrap().contains("收件人"), "{other}");
    let mut forged = letter.clone();
    let id = letter["message_id"].as_str().unwrap().replacen("<freshd.", "<freshd.00", 1);
    forged["message_id"] = id.into();
    let unknown = scene.receive("unknown.eml", &fixture("dsn-exim", &forged, "")).await;
    assert_eq!(unknown["outcome"], "unmatched");
    assert_eq!(scene.letter("u0@example.gov.test").await.unwrap()["state"], "accepted");
    assert!(scene.findings("dead").await.is_empty());
    let bounce = fixture("dsn-163", &letter, "");
    assert_eq!(scene.receive("a.eml", &bounce).await["outcome"], "bounced");
    std::fs::write(scene.stage.path("in").join("b.eml"), &bounce).unwrap();
    scene.stage.run(&["mail", "fetch"]).await.exits(0).says(&["读到新邮件 0 封"]);
    let twice = scene.receive("c.eml", &fixture("dsn-postfix", &letter, "")).await;
    assert_eq!(twice["outcome"], "unmatched", "a letter comes back once");
    scene.stage.run(&["mail", "inbox"]).await.exits(0).says(&["退信", "对不上信件", "投递延迟"]);
    let ops = scene.told("ops@example.gov.test").await;
    assert!(ops["subject"].as_str().unwrap().contains("来信"), "{ops}");
}

#[tokio::test]
async fn a_link_in_a_reply_is_proof_for_the_letters_own_account_only() {
    let scene = Scene::chain(FOLDER).await;
    let letter = scene.told("u0@example.gov.test").await;
    let (owner, stranger) = ("u0@example.gov.test", "x@elsewhere.test");
    let quiet = [
        ("vacation-exchange", owner, "automatic"),
        ("vacation-qq", owner, "automatic"),
        ("read-receipt", owner, "automatic"),
        ("reply-gbk-link", stranger, "unmatched"),
        ("reply-words", owner, "reply"),
        ("reply-other-article", owner, "refused"),
    ];
    for (name, from, outcome) in quiet {
        let got = scene.receive(&name_of(name), &fixture(name, &letter, from)).await;
        assert_eq!(got["outcome"], outcome, "{got}");
        assert_eq!(scene.stage.verdict("茂名发布").await, "at_risk", "{name}");
    }
    let refused = scene.received().await.remove(0);
    assert!(refused["told"].as_str().unwrap().contains("别的号"), "{refused}");
    let got = scene.receive("own.eml", &fixture("reply-gbk-link", &letter, owner)).await;
    assert_eq!(got["outcome"], "proof", "{got}");
    assert!(got["told"].as_str().unwrap().contains("已采用"), "{got}");
    assert_eq!(scene.stage.verdict("茂名发布").await, "pass");
    let ops = scene.told("ops@example.gov.test").await;
    let body = scene.stage.run(&["mail", "preview", ops["id"].as_str().unwrap()]).await.exits(0);
    body.says(&["来信", "正在办理", "别的号", "已采用", "没有打开"]);
}

#[tokio::test]
async fn of_several_accounts_in_one_letter_the_article_says_whose_it_is() {
    let one = "u0@example.gov.test,,\n";
    let rows = format!(
        "茂名教育,微信公众号,gh_aaaaaaaaaaaa,教育局,,,{one}茂名发布,微信公众号,,市府办,,,{one}"
    );
    let scene = Scene::new(FOLDER, &rows).await;
    scene.posted("茂名教育", 12).await;
    scene.posted("茂名发布", 12).await;
    let letter = scene.told("u0@example.gov.test").await;
    let got = scene.receive("r.eml", &fixture("reply-html", &letter, "U0@example.gov.test")).await;
    assert_eq!(got["outcome"], "proof", "{got}");
    assert_eq!(scene.stage.verdict("茂名发布").await, "pass");
    assert_eq!(scene.stage.verdict("茂名教育").await, "at_risk");
    let status = scene.stage.json(&["status", "--json"]).await;
    assert!(account_of(&status, "茂名发布")["aliases"].to_string().contains(GH), "bound");
    let other = fixture("reply-other-article", &letter, "u0@example.gov.test");
    assert_eq!(scene.receive("o.eml", &other).await["outcome"], "refused");
}

#[tokio::test]
async fn the_mailbox_is_read_over_tls_each_mail_once_and_never_changed() {
    let server = ImapServer::start("freshd@example.gov.test", "secret word", true).await.unwrap();
    let inbox = format!(
        "[mail.inbox]\nserver = \"imaps://freshd%40example.gov.test@localhost:{}\"\n\
         password_file = \"imap-password\"\n",
        server.addr.port()
    );
    let scene = Scene::chain(&inbox).await;
    let distrusted = scene.stage.run(&["mail", "fetch"]).await.exits(1);
    distrusted.says(&["加密失败"]);
    let failing = scene.stage.json(&["mail", "inbox", "--json"]).await;
    assert!(failing["failing_since"].is_string(), "{failing}");
    assert_eq!(server.commands(), Vec::<String>::new(), "nothing is said to a server unknown");

    scene.stage.write("ca.pem", pem(ca_der()));
    let fetch = async |words: &str| {
        let mut command = scene.stage.command(&["mail", "fetch"]);
        command.env("SSL_CERT_FILE", scene.stage.path("ca.pem"));
        finished(command).await.exits(0).says(&[words]);
    };
    let today = civil::day(real_now());
    let letter = scene.told("u0@example.gov.test").await;
    let old = fixture("reply-words", &letter, "old@example.gov.test");
    server.put(&old, today - chrono::TimeDelta::days(30));
    fetch("读到新邮件 0 封").await;
    server.put(&fixture("reply-gbk-link", &letter, "u0@example.gov.test"), today);
    server.put(&fixture("vacation-qq", &letter, "u0@example.gov.test"), today);
    fetch("读到新邮件 2 封").await;
    assert_eq!(scene.stage.verdict("茂名发布").await, "pass");
    fetch("读到新邮件 0 封").await;
    let fetched =
        |commands: &[String]| commands.iter().filter(|it| it.starts_with("UID FETCH")).count();
    assert_eq!(fetched(&server.commands()), 2, "each once, and not the old one");
    server.renumber(8);
    fetch("读到新邮件 0 封").await;
    server.put(&fixture("dsn-postfix", &letter, ""), today);
    fetch("读到新邮件 1 封").await;
    assert_eq!(scene.letter("u0@example.gov.test").await.unwrap()["state"], "bounced");
    let reading = ["CAPABILITY", "LOGIN", "ID ", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT"];
    for command in server.commands() {
        assert!(reading.iter().any(|begin| command.starts_with(begin)), "{command}");
        assert!(!command.starts_with("UID FETCH") || command.contains("BODY.PEEK"), "{command}");
    }
    let inbox = scene.stage.json(&["mail", "inbox", "--json"]).await;
    assert!(inbox["failing_since"].is_null() && inbox["read_at"].is_string(), "{inbox}");
    scene.stage.write("imap-password", "wrong");
    let mut command = scene.stage.command(&["mail", "fetch"]);
    command.env("SSL_CERT_FILE", scene.stage.path("ca.pem"));
    let wrong = finished(command).await.exits(1).says(&["登录邮箱失败"]);
    assert!(!wrong.stderr.contains("wrong\""), "{}", wrong.stderr);
}

/// A certificate as a text file.
fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_running_daemon_reads_the_folder_by_itself() {
    let scene = Scene::chain(FOLDER).await;
    let letter = scene.told("u0@example.gov.test").await;
    let mut daemon = super::daemon::Daemon::start(&scene.stage).await;
    let raw = fixture("dsn-postfix", &letter, "");
    std::fs::write(scene.stage.path("in").join("x.eml"), raw).unwrap();
    let read = daemon.log("mail read").await;
    assert_eq!(read["outcome"], "Bounced", "{read}");
    let sent = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while !scene.mail.mails().iter().any(|mail| mail.to == ["o0@example.gov.test"]) {
            scene.mail.received(scene.mail.count() + 1).await;
        }
    });
    sent.await.expect("the next in the chain is told by the daemon itself");
    daemon.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_put_aside_is_named_and_hinders_no_other() {
    let scene = Scene::chain(FOLDER).await;
    let letter = scene.told("u0@example.gov.test").await;
    // Where mails are put aside is taken by a file.
    let folder = scene.stage.path("in");
    std::fs::write(folder.join("done"), "x").unwrap();
    for (name, fixture_name) in [("a.eml", "reply-words"), ("b.eml", "vacation-qq")] {
        let raw = fixture(fixture_name, &letter, "u0@example.gov.test");
        std::fs::write(folder.join(name), raw).unwrap();
    }
    let done = scene.stage.run(&["mail", "fetch"]).await.exits(1);
    done.says(&["a.eml", "b.eml", "留在原处"]);
    assert_eq!(scene.received().await.len(), 2, "both were read");
    scene.stage.run(&["mail", "inbox"]).await.exits(0).says(&["留在原处,没有处理", "a.eml"]);
    std::fs::remove_file(folder.join("done")).unwrap();
    scene.stage.run(&["mail", "fetch"]).await.exits(0).says(&["读到新邮件 0 封"]);
    let told = scene.stage.json(&["mail", "inbox", "--json"]).await;
    assert_eq!(told["left"], serde_json::json!({}), "{told}");
}

#[tokio::test]
async fn samples_of_every_kind_can_be_looked_at() {
    let stage = Stage::new("");
    let mut list = stage.run(&["mail", "preview"]).await.exits(0);
    for kind in ["reminder", "overdue", "evidence-request", "pre-holiday", "operator"] {
        list = list.says(&[kind]);
        stage.run(&["mail", "preview", kind]).await.exits(0).says(&["样例,不会发出", "主题:【"]);
    }
    let html = stage.run(&["mail", "preview", "overdue", "--html"]).await.exits(0);
    assert!(html.stdout.starts_with("<!DOCTYPE html>"), "{}", html.stdout);
    stage.run(&["mail", "preview", "no-such"]).await.exits(2).says(&["没有编号为 no-such 的信"]);
    assert!(
        stage.json(&["mail", "outbox", "--json"]).await["letters"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn the_configuration_of_the_mailbox_is_checked() {
    let stage = Stage::new(
        "[mail.inbox]\nserver = \"imap://u@mail.example.gov.cn\"\nfolder = \"none\"\nevery_min = 0\n",
    );
    let done = stage.run(&["config", "check"]).await.exits(2);
    done.says(&["imap:// 会不加密地发出密码", "every_min", "password_file"]);
    stage.configure("[mail.inbox]\nserver = \"imap+insecure://u@mail.example.gov.cn\"\n");
    stage.run(&["config", "check"]).await.exits(2).says(&["只许用于本机"]);
    stage.configure("[mail.inbox]\nfolder = \"in\"\n");
    stage.run(&["config", "check"]).await.exits(0).says(&["没有目录"]);
    stage.configure("");
    stage.run(&["mail", "fetch"]).await.exits(2).says(&["没有配置收件邮箱"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_put_aside_does_not_stop_the_others() {
    let scene = Scene::chain(FOLDER).await;
    let letter = scene.told("u0@example.gov.test").await;
    let (folder, bad) = (scene.stage.path("in"), b"Subject: stuck\r\n\r\nx\r\n");
    // Both places where it could be put are taken.
    let id: String = freshd::notify::inbox::id_of(bad);
    for taken in ["a.eml".to_owned(), format!("{id}.eml")] {
        std::fs::create_dir_all(folder.join("done").join(taken).join("full")).unwrap();
    }
    std::fs::write(folder.join("a.eml"), bad).unwrap();
    std::fs::write(folder.join("b.eml"), fixture("dsn-postfix", &letter, "")).unwrap();
    let told = scene.stage.run(&["mail", "fetch"]).await;
    let told = format!("{}{}", told.stdout, told.stderr);
    assert!(told.contains("a.eml"), "{told}");
    assert!(folder.join("done/b.eml").is_file(), "{told}");
    let read = scene.received().await;
    assert!(read.iter().any(|mail| mail["outcome"] == "bounced"), "{read:?}");
}
