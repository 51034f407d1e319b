//! Can another system tell the daemon what it saw, and only with a token that may?

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::stage::{Stage, days_ago, ledger};

const CONFIG: &str = "[[web.tokens]]\nname = \"sheng\"\ntoken_file = \"push-token\"\nrole = \"operator\"\n\
                      units = [\"教育局\"]\nvouch = true\n\
                      [[web.tokens]]\nname = \"bare\"\ntoken_file = \"bare-token\"\nrole = \"operator\"\n";
const VOUCHING: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
const BARE: &str = "e99a18c428cb38d5f260853678922e03";

async fn push(daemon: &Daemon, token: &str, body: &Value) -> (u16, Value) {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let (status, told) =
        daemon.say("POST", "/api/v1/observations", &headers, &body.to_string()).await;
    (status, serde_json::from_str(&told).unwrap())
}

fn id_of(status: &Value, name: &str) -> String {
    super::stage::account_of(status, name)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_other_systems_saw_is_taken_from_those_who_may() {
    let stage = Stage::new(CONFIG);
    stage.write("push-token", VOUCHING);
    stage.write("bare-token", BARE);
    stage.import(&ledger(&[("甲", "教育局"), ("乙", "卫健局")])).await;
    let status = stage.json(&["status", "--json"]).await;
    let (ours, other) = (id_of(&status, "甲"), id_of(&status, "乙"));
    let daemon = Daemon::start(&stage).await;
    let silent = |account: &str| {
        json!({"account": account, "at": days_ago(0), "observation": {
            "sightings": [{"key": "a", "published": days_ago(20), "title": "旧闻"}],
            "coverage": [{"since": days_ago(30), "until": days_ago(0)}],
        }})
    };
    assert_eq!(push(&daemon, "nobody's", &silent(&ours)).await.0, 401);
    assert_eq!(push(&daemon, VOUCHING, &silent(&other)).await.0, 403, "not its unit");
    assert_eq!(push(&daemon, BARE, &silent("nobody")).await.0, 404);
    let (status, told) = push(&daemon, BARE, &silent(&ours)).await;
    assert_eq!((status, &told["ignored"]), (200, &json!(["coverage"])));
    assert_eq!(told["verdict"], "undetermined", "its silence proves nothing");
    let body = silent(&ours);
    let (status, told) = push(&daemon, VOUCHING, &body).await;
    assert_eq!((status, &told["verdict"], &told["changed"]), (200, &"fail".into(), &true.into()));
    let (_, again) = push(&daemon, VOUCHING, &body).await;
    assert_eq!(again["changed"], false, "twice is once");
    let fresh = json!({"account": "乙", "at": days_ago(0), "observation": {
        "sightings": [{"key": "b", "published": days_ago(1), "url": "https://example.gov.test/1"}],
    }});
    assert_eq!(push(&daemon, BARE, &fresh).await.1["verdict"], "pass", "found by its name");
    let future = json!({"account": ours, "at": days_ago(-1), "observation": {}});
    assert_eq!(push(&daemon, VOUCHING, &future).await.0, 422);
    let wrong = json!({"account": ours, "at": "now", "observation": {"sightings": [{}], "x": 1}});
    let (status, told) = push(&daemon, VOUCHING, &wrong).await;
    assert_eq!((status, told["errors"].as_array().unwrap().len()), (422, 3), "{told}");
    let huge = json!({"account": ours, "at": "x".repeat(1 << 20), "observation": {}});
    assert_eq!(push(&daemon, VOUCHING, &huge).await.0, 413);
    daemon.stop().await;

    // What was answered with 200 is there after a restart, and nothing of what was refused.
    assert_eq!(stage.verdict("甲").await, "fail");
    assert_eq!(stage.verdict("乙").await, "pass");
    let told = stage.json(&["explain", &ours, "--json"]).await.to_string();
    assert!(told.contains("push:sheng"), "{told}");
    assert!(!told.contains(VOUCHING));
}

#[tokio::test]
async fn without_tokens_nothing_can_be_pushed_and_pages_need_none() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let daemon = Daemon::start(&stage).await;
    let body = json!({"account": "甲", "at": days_ago(0), "observation": {}});
    assert_eq!(push(&daemon, VOUCHING, &body).await.0, 401);
    assert_eq!(daemon.say("GET", "/api/v1/accounts", "", "").await.0, 200);
    assert_eq!(daemon.say("POST", "/api/v1/accounts", "", "").await.0, 405);
    daemon.stop().await;
}
