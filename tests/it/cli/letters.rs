//! Do letters wait until they may leave, leave when they may, and say what became of them?

use std::time::Duration;

use freshd_core::civil;
use freshd_sim::mail::MailBehaviour;
use serde_json::Value;

use super::stage::{Stage, days_ago, ledger, mail_server, real_now};

/// One account at risk and one that fails.
async fn stage(config: &str) -> Stage {
    let stage = Stage::new(config);
    stage.import(&ledger(&[("甲", "教育局"), ("乙", "卫健局"), ("丙", "民政局")])).await;
    let (old, past, now) = (days_ago(12), days_ago(20), days_ago(0));
    stage.run(&["confirm", "甲", "--published-at", &old, "--note", "看到"]).await.exits(0);
    stage.write("shot.png", include_bytes!("../../../src/cli/demo/screenshot.png"));
    let silent = [
        "confirm",
        "乙",
        "--none-since",
        &past,
        "--seen-at",
        &now,
        "--note",
        "x",
        "--file",
        "shot.png",
    ];
    stage.run(&silent).await.exits(0);
    stage
}

async fn outbox(stage: &Stage) -> Vec<Value> {
    let told = stage.json(&["mail", "outbox", "--json"]).await;
    let letters = told["letters"].as_array().unwrap().clone();
    for letter in &letters {
        for key in ["id", "state", "to", "reason", "message_id"] {
            assert!(letter[key].is_string(), "{key} in {letter}");
        }
        assert!(letter["attempts"].is_u64());
        assert!(letter.get("next_attempt").is_some() && letter.get("last_reply").is_some());
    }
    letters
}

fn states(letters: &[Value]) -> Vec<&str> {
    letters.iter().map(|letter| letter["state"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn drafts_are_held_until_somebody_releases_them() {
    let (server, config) = mail_server().await;
    let stage = stage(&config).await;
    let dry = stage.json(&["notify", "--dry-run", "--json"]).await;
    assert_eq!(dry["dry_run"], true);
    let told = dry["told"].as_array().unwrap();
    let reasons: Vec<&str> = told.iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert!(reasons.contains(&"overdue") && reasons.contains(&"reminder"), "{reasons:?}");
    assert!(told.iter().all(|one| one["name"] != "丙"), "never about what is undetermined");
    assert!(outbox(&stage).await.is_empty(), "a dry run changes nothing");

    let shown = stage.run(&["notify", "--dry-run"]).await.exits(0);
    let whom = ["试运行", "u0@example.gov.test(临近期限)", "甲(抖音:dy甲):内容不更新,临近期限"];
    let shown = shown.says(&whom).says(&["u1@example.gov.test(已超期)", "乙(抖音:dy乙)"]);
    assert!(shown.stdout.ends_with('\n') && !shown.stdout.contains("丙"), "{}", shown.stdout);
    let held = stage.run(&["notify"]).await.exits(0).says(&["暂存", "mail outbox"]);
    held.says(&["u0@example.gov.test(临近期限)", "只起草,不发送"]);
    assert_eq!(server.count(), 0);
    let letters = outbox(&stage).await;
    assert_eq!(states(&letters), ["held", "held"]);
    let again = stage.json(&["notify", "--json"]).await;
    assert_eq!(again["letters"], serde_json::json!([]), "nobody is told twice");
    let overdue = letters.iter().find(|letter| letter["reason"] == "overdue").unwrap();
    let id = overdue["id"].as_str().unwrap();
    let shown = stage.run(&["mail", "preview", id]).await.exits(0);
    shown.says(&["u1@example.gov.test", "X-Freshd-Reason: overdue", "系统自动提示", "数据截至"]);
    stage.run(&["mail", "preview", "nothing"]).await.exits(2);
    stage.run(&["mail", "retry", id]).await.exits(1).says(&["mail release"]);
    stage.run(&["mail", "release", "nothing"]).await.exits(1).says(&["nothing"]);
    stage.run(&["mail", "release", id]).await.exits(0).says(&[
        "已放行 1 封",
        "现在就可以发出;守护程序没有在运行",
        "freshd notify",
        "freshd run",
    ]);
    let sent = stage.run(&["mail", "retry", id]).await.exits(0);
    assert!(!sent.stdout.contains("发信时间"), "{}", sent.stdout);
    assert_eq!(server.count(), 1, "the other one is still held");
    let mail = &server.mails()[0];
    assert_eq!(mail.to, ["u1@example.gov.test"]);
    assert_eq!(mail.header("Message-ID").unwrap(), overdue["message_id"].as_str().unwrap());
    let letters = outbox(&stage).await;
    let accepted = letters.iter().find(|letter| letter["id"] == id).unwrap();
    assert_eq!(accepted["state"], "accepted");
    assert!(accepted["last_reply"].as_str().unwrap().contains("250"));
    stage.run(&["mail", "outbox"]).await.exits(0).says(&["邮件服务器已接收", "暂存", "共 2 封"]);
    let over = stage.run(&["mail", "retry", id]).await.exits(1);
    over.says(&["邮件服务器已经接收,不再发送"]);
    let all = stage.run(&["mail", "release"]).await.exits(0).says(&["已放行 1 封"]);
    assert_eq!(server.count(), 1, "{}", all.stdout);
    stage.run(&["notify"]).await.exits(0).says(&["已发出 1 封"]);
    assert_eq!(server.count(), 2, "what a person released leaves with the next run");
}

#[tokio::test]
async fn outside_the_sending_hours_it_is_said_when_letters_leave() {
    let (server, config) = mail_server().await;
    let hour = civil::local(real_now()).format("%H").to_string().parse::<u32>().unwrap();
    // Two hours that do not hold the present one, whichever it is.
    let from = (hour + 12) % 23;
    let hours = format!("send_between = \"{from:02}:00-{from:02}:30\"");
    let stage = stage(&config.replace("send_between = \"00:00-23:59\"", &hours)).await;
    stage.run(&["notify"]).await.exits(0);
    let letters = outbox(&stage).await;
    let reminder = letters.iter().find(|letter| letter["reason"] == "reminder").unwrap();
    let id = reminder["id"].as_str().unwrap();
    let opening = format!("{from:02}:00 起");
    let told = stage.run(&["mail", "release", id]).await.exits(0);
    told.says(&["现在不在发信时间内", &opening, "freshd run", "freshd notify", "mail retry"]);
    stage.run(&["notify"]).await.exits(0).says(&["已发出 0 封"]);
    assert_eq!(server.count(), 0);
    let told = stage.run(&["mail", "retry", id]).await.exits(0);
    told.says(&["邮件服务器已接收", "现在不在发信时间内", &opening, "不受发信时间限制"]);
    assert_eq!(server.count(), 1);
    stage.configure("");
    stage.run(&["mail", "release"]).await.exits(0).says(&["[mail] server", "发不出去"]);
}

#[tokio::test]
async fn a_refused_letter_keeps_its_reply_and_its_message_id() {
    let (server, config) = mail_server().await;
    let stage = stage(&format!("{config}mode = \"send\"\n")).await;
    server.set_behaviour(None, MailBehaviour::TryLater);
    let told = stage.run(&["notify"]).await.exits(0).says(&["已发出 0 封,暂未发出 2 封"]);
    assert!(told.stdout.ends_with("。\n"), "{}", told.stdout);
    let letters = outbox(&stage).await;
    assert_eq!(states(&letters), ["queued", "queued"]);
    let id = letters[0]["id"].as_str().unwrap();
    stage.run(&["mail", "retry", id]).await.exits(1).says(&["450"]);
    server.set_behaviour(None, MailBehaviour::Refuse);
    stage.run(&["mail", "retry", id]).await.exits(1).says(&["550"]);
    let now = outbox(&stage).await;
    let refused = now.iter().find(|letter| letter["id"] == id).unwrap();
    assert_eq!((&refused["state"], &refused["attempts"]), (&"refused".into(), &3.into()));
    server.set_behaviour(None, MailBehaviour::Accept);
    stage.run(&["mail", "retry", id]).await.exits(0);
    let first = &server.mails()[0];
    assert_eq!(first.header("Message-ID").unwrap(), letters[0]["message_id"].as_str().unwrap());
    let report = stage.json(&["notify", "--json"]).await;
    let told = report["letters"].as_array().unwrap();
    assert!(told.len() <= 1, "at most the operators hear of it: {report}");
}

#[tokio::test]
async fn a_test_letter_goes_at_once_and_says_how_it_went() {
    let (server, config) = mail_server().await;
    let stage = Stage::new(&config);
    stage.run(&["mail", "test", "you@example.gov.test"]).await.exits(0).says(&["250"]);
    assert_eq!(server.mails()[0].to, ["you@example.gov.test"]);
    server.set_behaviour(Some("no@example.gov.test"), MailBehaviour::Refuse);
    stage.run(&["mail", "test", "no@example.gov.test"]).await.exits(1).says(&["550"]);
    stage.configure("");
    stage.run(&["mail", "test", "you@example.gov.test"]).await.exits(1).says(&["[mail] server"]);
}

#[tokio::test]
async fn the_daemon_sends_what_a_word_makes_due() {
    let (server, config) = mail_server().await;
    let stage = stage(&format!("{config}mode = \"send\"\n")).await;
    let daemon = super::daemon::Daemon::start(&stage).await;
    let arrived = tokio::time::timeout(Duration::from_secs(30), server.received(2)).await;
    arrived.expect("both letters leave by themselves, well within a minute");
    let mut to: Vec<String> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["u0@example.gov.test", "u1@example.gov.test"]);
    daemon.stop().await;
    assert_eq!(states(&outbox(&stage).await), ["accepted", "accepted"]);
}

#[tokio::test]
async fn without_a_daemon_a_run_sends_what_it_wrote() {
    let (server, config) = mail_server().await;
    let stage = stage(&format!("{config}mode = \"send\"\n")).await;
    stage.run(&["notify", "--dry-run"]).await.exits(0);
    assert_eq!(server.count(), 0, "a dry run sends nothing");
    let told = stage.json(&["notify", "--json"]).await;
    assert_eq!(told["delivered"]["accepted"], 2, "{told}");
    assert_eq!(states(told["letters"].as_array().unwrap()), ["accepted", "accepted"]);
    assert_eq!(server.count(), 2);
    assert_eq!(states(&outbox(&stage).await), ["accepted", "accepted"]);
    stage.run(&["notify"]).await.exits(0).says(&["起草 0 封", "已发出 0 封"]);
    assert_eq!(server.count(), 2, "nobody gets it twice");
}
