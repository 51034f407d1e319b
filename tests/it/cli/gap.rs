//! Do observations cross a gap 网闸 as if they were made inside, and does nothing else?

use std::fs;

use chrono::TimeDelta;
use freshd_sim::{Site, WeatherKind};
use serde_json::Value;

use super::stage::{Province, Stage};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Another machine with the same configuration, and this key.
fn like(province: &Province, key: &str) -> Stage {
    let stage = Stage::new("");
    for file in ["weibo-token", "wechat.toml"] {
        stage.write(file, fs::read(province.stage.path(file)).unwrap());
    }
    let config = fs::read_to_string(province.stage.path("freshd.toml")).unwrap();
    stage.write("freshd.toml", format!("{config}[collect]\nkey_file = \"key\"\n"));
    stage.write("key", key);
    stage
}

/// What is known of each account, without what a second between two polls changes.
async fn known(stage: &Stage) -> Vec<(String, Value, Value, Value)> {
    let status = stage.json(&["status", "--json"]).await;
    let accounts = status["accounts"].as_array().unwrap().iter();
    let known = accounts.map(|account| {
        let last = account["last_update"].clone();
        let id = account["id"].as_str().unwrap().to_owned();
        (id, account["verdict"].clone(), account["evidence_class"].clone(), last)
    });
    known.collect()
}

async fn bundle(inside: &Stage, outside: &Stage) -> Vec<u8> {
    let file = inside.path("targets.csv");
    let file = file.to_str().unwrap();
    let collect = ["collect", "--targets", file, "-o", "out.bundle", "--json"];
    let done = outside.run(&collect).await.exits(0).json();
    assert!(done["observations"].as_u64().unwrap() > 0, "{done}");
    fs::read(outside.path("out.bundle")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_collected_outside_counts_inside_as_a_poll_does() {
    let province = Province::start(10).await;
    let ledger = province.world.ledger_csv(province.platforms.bases());
    let (inside, outside) = (like(&province, KEY), like(&province, KEY));
    inside.import(&ledger).await;
    inside.run(&["export", "targets", "-o", "targets.csv"]).await.exits(0);
    let targets = fs::read_to_string(inside.path("targets.csv")).unwrap();
    assert!(!targets.contains('@') && targets.contains("account"), "{targets}");
    let bytes = bundle(&inside, &outside).await;
    assert!(!outside.path("store").exists(), "the outside machine keeps nothing");
    // A machine of its own that polls: the bundle must come to the same.
    let direct = like(&province, KEY);
    direct.import(&ledger).await;
    direct.run(&["poll", "--all"]).await;
    let before = known(&inside).await;
    inside.write("in.bundle", &bytes);
    inside.run(&["ingest", "in.bundle", "--dry-run"]).await.exits(0).says(&["试运行"]);
    assert_eq!(known(&inside).await, before);
    inside.run(&["ingest", "in.bundle"]).await.exits(0).says(&["已采用"]);
    let after = known(&inside).await;
    assert_ne!(after, before);
    assert_eq!(after, known(&direct).await);
    inside.run(&["ingest", "in.bundle"]).await.exits(0).says(&["与上次相同,没有改变"]);
    // An older one, once a newer one is in.
    let newer = bundle(&inside, &outside).await;
    inside.write("newer.bundle", &newer);
    inside.run(&["ingest", "newer.bundle"]).await.exits(0).says(&["已采用"]);
    inside.run(&["ingest", "in.bundle"]).await.exits(2).says(&["不比已经收下的新"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_is_not_as_it_was_signed_changes_nothing() {
    let province = Province::start(4).await;
    let ledger = province.world.ledger_csv(province.platforms.bases());
    let (inside, outside) = (like(&province, KEY), like(&province, KEY));
    inside.import(&ledger).await;
    inside.run(&["export", "targets", "-o", "targets.csv"]).await.exits(0);
    let bytes = bundle(&inside, &outside).await;
    let before = known(&inside).await;
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    for (name, changed, says) in [
        ("tampered", text.replacen("\"at\":\"2", "\"at\":\"1", 1), "签名不符"),
        ("cut", lines[..lines.len() - 1].join("\n"), "没有签名"),
        ("swapped", swapped.join("\n"), "签名不符"),
    ] {
        inside.write(name, changed);
        inside.run(&["ingest", name]).await.exits(2).says(&[says, "什么都没有改变"]);
    }
    let stranger = like(&province, "another key that is long enough");
    inside.write("foreign", bundle(&inside, &stranger).await);
    inside.run(&["ingest", "foreign"]).await.exits(2).says(&["两边的密钥不同"]);
    // Sources that the ledger does not list: another ledger's.
    let other = like(&province, KEY);
    let few: Vec<&str> = ledger.lines().take(3).collect();
    other.import(&few.join("\n")).await;
    other.write("in.bundle", &bytes);
    other.run(&["ingest", "in.bundle"]).await.exits(2).says(&["台账里没有这个账号"]);
    assert_eq!(known(&inside).await, before);
    let keyless = Stage::new("");
    keyless.write("in.bundle", &bytes);
    keyless.run(&["ingest", "in.bundle"]).await.exits(2).says(&["配置里没有签名的密钥"]);
    let targets = outside.write("bad.csv", "account,sources\nweibo:1,weibo:1 nothere:2 bad\n");
    let targets = targets.to_str().unwrap();
    let collect = ["collect", "--targets", targets, "-o", "x.bundle"];
    outside.run(&collect).await.exits(2).says(&["「bad」不是采集方式"]);
    assert!(!outside.path("x.bundle").exists());
}

/// Scope, kind and source of every fault, by account.
async fn faults(stage: &Stage) -> Vec<String> {
    let status = stage.json(&["status", "--json"]).await;
    let mut found = Vec::new();
    for account in status["accounts"].as_array().unwrap() {
        for fault in account["faults"].as_array().unwrap() {
            let part = |key: &str| fault[key].as_str().unwrap().to_owned();
            let (scope, kind, source) = (part("scope"), part("kind"), part("source"));
            found.push(format!("{} {scope} {kind} {source}", account["id"]));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_outside_is_told_inside_and_accuses_nobody() {
    let province = Province::start(12).await;
    let ledger = province.world.ledger_csv(province.platforms.bases());
    let (from, to) = (province.now - TimeDelta::days(1), province.now + TimeDelta::days(1));
    province.weather.force(Site::Weibo, WeatherKind::Captcha, from, to);
    province.weather.force(Site::Nanfang, WeatherKind::Outage, from, to);
    let (inside, outside) = (like(&province, KEY), like(&province, KEY));
    inside.import(&ledger).await;
    inside.run(&["export", "targets", "-o", "targets.csv"]).await.exits(0);
    inside.write("in.bundle", bundle(&inside, &outside).await);
    inside.run(&["ingest", "in.bundle"]).await.exits(0);
    let direct = like(&province, KEY);
    direct.import(&ledger).await;
    direct.run(&["poll", "--all"]).await;
    let told = faults(&inside).await;
    assert!(!told.is_empty());
    assert_eq!(told, faults(&direct).await);
    assert_eq!(known(&inside).await, known(&direct).await);
}

/// The same bundle with another number in its head, signed by the key.
fn renumbered(bytes: &[u8], sequence: i64) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut head: Value = serde_json::from_str(lines[0]).unwrap();
    head["sequence"] = sequence.into();
    let mut signed = format!("{head}\n");
    lines[1..lines.len() - 1].iter().for_each(|line| signed.push_str(&format!("{line}\n")));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{signed}{}\n", serde_json::json!({ "signature": hex })).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_far_ahead_does_not_shut_out_what_comes_after() {
    let province = Province::start(4).await;
    let ledger = province.world.ledger_csv(province.platforms.bases());
    let (inside, outside) = (like(&province, KEY), like(&province, KEY));
    inside.import(&ledger).await;
    inside.run(&["export", "targets", "-o", "targets.csv"]).await.exits(0);
    let bytes = bundle(&inside, &outside).await;
    let before = known(&inside).await;
    for far in [i64::MAX, super::stage::real_now().timestamp_millis() + 3_600_000] {
        inside.write("far.bundle", renumbered(&bytes, far));
        let told = inside.run(&["ingest", "far.bundle"]).await.exits(2);
        told.says(&["序号在将来", "什么都没有改变"]);
    }
    assert_eq!(known(&inside).await, before);
    inside.write("in.bundle", &bytes);
    inside.run(&["ingest", "in.bundle"]).await.exits(0).says(&["已采用"]);
}
