//! Connectors without code, from the outside: shipped manifests against a platform on loopback.

use chrono::TimeDelta;
use freshd_connectors::conformance::stage::{Answer, Asked, Stage as Platform};
use serde_json::json;

use super::stage::{HEADER, Stage, account_of, real_now};

/// A shipped manifest, put beside the configuration.
fn put(stage: &Stage, name: &str, change: impl Fn(String) -> String) {
    let shipped = format!("{}/config/connectors/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(shipped).unwrap();
    let _ = std::fs::create_dir(stage.path("connectors"));
    stage.write(&format!("connectors/{name}.toml"), change(text));
}

/// Posts so many days old, in the shape of the platform.
fn posts(days: &[i64]) -> Answer {
    let post = |days: &i64| {
        let at = (real_now() - TimeDelta::days(*days)).timestamp_millis();
        json!({"contId": days.to_string(), "name": "示例", "pubTimeLong": at})
    };
    let list: Vec<_> = days.iter().map(post).collect();
    Answer::json(&json!({"code": 200, "data": {"list": list}}))
}

#[tokio::test]
async fn a_manifest_judges_as_far_as_somebody_vouches_for_it() {
    let platform = Platform::open().await.unwrap();
    let base = format!("base_url = \"{}\"\n", platform.url());
    let stage = Stage::new(&format!(
        "[net]\nallow_private = [\"127.0.0.0/8\"]\n\
         [connectors.thepaper]\n{base}complete = true\n[connectors.thepaper-gov]\n{base}"
    ));
    put(&stage, "thepaper", |text| text);
    put(&stage, "thepaper-gov", |text| text);
    let row = |name: &str, source: &str| {
        format!("{name},澎湃,{name},示例局,市政府,a@example.gov.test,已备案,{source}\n")
    };
    let rows = [
        row("新", "thepaper:1"),
        row("旧", "thepaper:2"),
        row("只证有", "thepaper-gov:2"),
        row("空", "thepaper:3"),
    ];
    stage.import(&format!("{HEADER}\n{}", rows.concat())).await;
    let script = |asked: &Asked| match asked.body.contains("\"pphId\":\"1\"") {
        true => posts(&[2, 9, 30]),
        false if asked.body.contains("\"pphId\":\"2\"") => posts(&[40, 50, 60]),
        false => posts(&[]),
    };
    platform.during(&script, stage.run(&["poll", "--all", "--json"])).await.exits(0).json();
    let status = stage.json(&["status", "--json"]).await;
    let verdict = |name: &str| account_of(&status, name)["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict("新"), "pass");
    assert_eq!(verdict("旧"), "fail");
    assert_eq!(verdict("只证有"), "undetermined", "nobody vouched for that list");
    assert_eq!(verdict("空"), "undetermined", "an empty list proves nothing");
    let classes = ["旧", "只证有"].map(|name| account_of(&status, name)["evidence_class"].clone());
    assert_eq!(classes, ["auto", "hits_only"]);
}

#[tokio::test]
async fn a_wrong_manifest_stops_the_start_and_a_right_one_is_listed() {
    let stage = Stage::new("");
    put(&stage, "jpage", |text| text);
    put(&stage, "netease", |text| text.replace("at = \"/ptime\"", "att = \"/ptime\""));
    for command in [&["config", "check"][..], &["run"], &["poll", "--all"]] {
        let refused = stage.run(command).await.exits(2);
        refused.says(&["connectors/netease.toml", "第 25 行", "fields.published.att"]);
    }
    assert!(!stage.path("store").exists(), "nothing was started");
    put(&stage, "netease", |text| text);
    let listed = stage.json(&["connector", "list", "--json"]).await;
    let names: Vec<_> =
        listed["connectors"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert!(names.contains(&&json!("jpage")) && names.contains(&&json!("netease")), "{names:?}");
    let bad = stage
        .write("bad.csv", format!("{HEADER}\n甲,网易号,x,示例局,市政府,,已备案,netease:abc\n"));
    let refused = stage.run(&["import", bad.to_str().unwrap()]).await.exits(2);
    refused.says(&["data-wemediaid"]);
}

#[tokio::test]
async fn a_manifest_cannot_call_what_changes_an_account() {
    let platform = Platform::open().await.unwrap();
    let (asked, script) = (std::sync::Mutex::new(0), |_: &Asked| Answer::json(&json!({})));
    let counting = |request: &Asked| {
        *asked.lock().unwrap() += 1;
        script(request)
    };
    let address = platform.url().to_string();
    let base = address.trim_end_matches('/');
    let stage = Stage::new(&format!(
        "[net]\nallow_private = [\"127.0.0.0/8\"]\n[connectors.wechat]\nbase_url = \"{base}\"\n"
    ));
    for host in ["https://api.weixin.qq.com", base] {
        put(&stage, "thepaper", |text| {
            let own = "https://api.thepaper.cn/contentapi/cont/pph/user";
            text.replace(own, &format!("{host}/cgi-bin/freepublish/submit"))
        });
        let check = stage.run(&["connector", "check", "thepaper", "1"]);
        let done = platform.during(&counting, check).await.exits(1);
        done.says(&["不在只读接口清单内"]);
    }
    assert_eq!(*asked.lock().unwrap(), 0, "nothing was sent");
}
