//! What does a poll see, and do all the ways of showing it agree with the truth and the contract?

use std::collections::BTreeSet;

use freshd_core::civil;
use freshd_sim::world::Kind;
use freshd_sim::{Site, WeatherKind};
use serde_json::Value;

use super::stage::{Province, Stage, days_ago, ledger, workbook};

/// What a value must be.
enum Must {
    Text,
    TextOrNull,
    NumberOrNull,
    List,
    Object,
    ObjectOrNull,
    OneOf(&'static [&'static str]),
}

impl Must {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::TextOrNull => value.is_string() || value.is_null(),
            Self::NumberOrNull => value.is_number() || value.is_null(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::ObjectOrNull => value.is_object() || value.is_null(),
            Self::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }
}

const OUTCOMES: &[&str] = &["pass", "at_risk", "fail", "undetermined"];

#[track_caller]
fn check(value: &Value, keys: &[(&str, Must)]) {
    for (key, must) in keys {
        let held = value.get(key).unwrap_or_else(|| panic!("no {key} in {value}"));
        assert!(must.holds(held), "{key} is {held}");
    }
}

fn check_account(account: &Value) {
    use Must::*;
    check(
        account,
        &[
            ("id", Text),
            ("aliases", List),
            ("name", Text),
            ("platform", Text),
            ("handle", Text),
            ("sponsor", Text),
            ("supervisor", Text),
            ("reporting_unit", Text),
            ("region", Text),
            ("lifecycle", OneOf(&["running", "closing", "closed", "deregistered"])),
            ("filing", OneOf(&["filed", "changing", "withdrawn", "unfiled", "unknown"])),
            ("evidence_class", OneOf(&["auto", "hits_only", "attested", "none"])),
            ("activity", OneOf(&["active", "dormant", "zombie", "undetermined"])),
            ("verdict", OneOf(OUTCOMES)),
            ("last_update", ObjectOrNull),
            ("proven_until", TextOrNull),
            ("deadline", TextOrNull),
            ("days_left", NumberOrNull),
            ("rulings", List),
            ("menu", Object),
            ("faults", List),
            ("next_poll", TextOrNull),
        ],
    );
    if account["last_update"].is_object() {
        check(
            &account["last_update"],
            &[
                ("earliest", TextOrNull),
                ("latest", Text),
                ("title", Text),
                ("url", TextOrNull),
                ("source", Text),
            ],
        );
    }
    for ruling in account["rulings"].as_array().unwrap() {
        check(
            ruling,
            &[
                ("rule", Text),
                ("outcome", OneOf(OUTCOMES)),
                ("as_of", Text),
                ("clause", Text),
                ("reason", Text),
                ("evidence", List),
            ],
        );
        assert!(ruling["veto"].is_boolean());
        for evidence in ruling["evidence"].as_array().unwrap() {
            check(evidence, &[("id", Text), ("at", Text), ("url", Text), ("what", Text)]);
        }
    }
    let states = ["healthy", "degraded", "broken", "absent", "closed", "undetermined"];
    assert!(states.contains(&account["menu"]["state"].as_str().unwrap()));
    for entry in account["menu"]["entries"].as_array().unwrap() {
        let health =
            OneOf(&["alive", "dead", "unstable", "placeholder", "undetermined", "not_checkable"]);
        check(
            entry,
            &[
                ("path", List),
                ("type", Text),
                ("target", TextOrNull),
                ("health", health),
                ("reason", Text),
                ("checked_at", TextOrNull),
            ],
        );
    }
    for fault in account["faults"].as_array().unwrap() {
        check(
            fault,
            &[
                ("scope", Text),
                ("kind", Text),
                ("source", Text),
                ("detail", Text),
                ("since", TextOrNull),
            ],
        );
    }
}

/// Is what the status says of every account possible in the truth?
fn check_truth(province: &Province, status: &Value) -> usize {
    let mut exact = 0;
    for shown in status["accounts"].as_array().unwrap() {
        let account = province.world.find(shown["id"].as_str().unwrap()).unwrap();
        let truth = province.world.truth_of(account, province.now);
        let silent = truth.is_silent(province.now, 14);
        let stale = &shown["rulings"][0];
        assert_eq!(stale["rule"], "content-stale");
        if stale["outcome"] == "fail" {
            assert!(silent, "{} is called silent and is not", shown["id"]);
        }
        if matches!(stale["outcome"].as_str(), Some("pass" | "at_risk")) {
            let published = truth.last_published.unwrap();
            assert!(province.now - published < chrono::TimeDelta::days(14), "{}", shown["id"]);
        }
        let readable = matches!(account.kind, Kind::Weibo { .. } | Kind::Nanfang { .. });
        if readable && truth.gone.is_none() {
            assert_ne!(stale["outcome"], "undetermined", "{}: {stale}", shown["id"]);
            let seen = &shown["last_update"]["earliest"];
            let last = truth.last_post.map(civil::rfc3339);
            assert_eq!(seen.as_str(), last.as_deref(), "{}", shown["id"]);
            exact += 1;
        }
    }
    exact
}

#[tokio::test]
async fn a_poll_of_all_agrees_with_the_truth_and_status_has_every_key() {
    let province = Province::start(48).await;
    province.import().await;
    let stage = &province.stage;
    let untouched = stage.json(&["status", "--json"]).await;
    for account in untouched["accounts"].as_array().unwrap() {
        check_account(account);
        assert_eq!(account["verdict"], "undetermined", "nothing is known before the first poll");
    }
    let polled = stage.run(&["poll", "--all", "--json", "--explain"]).await;
    let told = polled.json();
    let polls = told["polls"].as_array().unwrap();
    assert_eq!(polls.len(), 48);
    let faulty = |poll: &&Value| {
        poll["sources"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| !s["faults"].as_array().unwrap().is_empty())
    };
    let faults = polls.iter().filter(faulty).count();
    assert_eq!(polled.exit, i32::from(faults > 0), "1 if any ended in a fault");
    let asked = polls.iter().flat_map(|poll| poll["sources"].as_array().unwrap());
    for source in asked {
        let requests = source["requests"].as_array().unwrap();
        assert!(!requests.is_empty(), "each request is shown: {source}");
        let all = source.to_string();
        for (_, _, secret) in province.world.secrets() {
            assert!(!all.contains(&secret), "a secret is shown: {source}");
        }
    }
    let status = stage.json(&["status", "--json"]).await;
    let accounts = status["accounts"].as_array().unwrap();
    accounts.iter().for_each(check_account);
    let counted = |verdict: &str| accounts.iter().filter(|a| a["verdict"] == verdict).count();
    for verdict in OUTCOMES {
        assert_eq!(status["totals"][verdict], counted(verdict));
    }
    assert!(check_truth(&province, &status) >= 8, "enough accounts were read exactly");
    assert!(counted("pass") > 10 && counted("fail") > 0, "{}", status["totals"]);
    assert!(province.platforms.log.violations().is_empty());

    let failing = stage.json(&["status", "--verdict", "fail", "--json"]).await;
    assert_eq!(failing["accounts"].as_array().unwrap().len(), counted("fail"));
    assert_eq!(failing["totals"]["pass"], 0, "totals cover the filter");
    let weibo = stage.json(&["status", "--platform", "weibo", "--json"]).await;
    assert!(weibo["accounts"].as_array().unwrap().iter().all(|a| a["platform"] == "weibo"));
    let table = stage.run(&["status"]).await.exits(0).says(&["共 48 个账号", "疑似不达标"]);
    assert!(!table.stdout.contains('\u{1b}'), "no colour where nobody sees it");
    agree(&province, &status).await;
}

/// The other ways to look at the same accounts.
async fn agree(province: &Province, status: &Value) {
    let stage = &province.stage;
    let accounts = status["accounts"].as_array().unwrap();
    let failing = accounts.iter().find(|account| account["verdict"] == "fail").unwrap();
    let id = failing["id"].as_str().unwrap();
    let explained = stage.json(&["explain", id, "--json"]).await;
    for key in ["id", "verdict", "last_update", "menu", "activity"] {
        assert_eq!(explained[key], failing[key], "{key}");
    }
    stage.run(&["explain", id]).await.exits(0).says(&[failing["name"].as_str().unwrap()]);
    stage.run(&["explain", "weibo:nobody"]).await.exits(2).says(&["weibo:nobody"]);

    let precheck = stage.run(&["precheck", "--format", "json"]).await.exits(1).json();
    let (totals, scope) = (&status["totals"], &precheck["scope"]);
    assert_eq!(scope["failed"], totals["fail"]);
    assert_eq!(scope["undetermined"], totals["undetermined"]);
    for key in ["running", "checked", "verified", "pass_rate", "pass_rate_low", "pass_rate_high"] {
        assert!(scope[key].is_number(), "{key}");
    }
    let lists = [
        "by_reporting_unit",
        "by_region",
        "by_platform",
        "problems",
        "at_risk",
        "undetermined",
        "lapses_before_next_working_day",
    ];
    assert!(lists.iter().all(|list| precheck[list].is_array()), "{precheck}");
    let problem = &precheck["problems"][0];
    for key in [
        "no",
        "name",
        "platform",
        "sponsor",
        "supervisor",
        "rule",
        "problem",
        "last_update",
        "days",
        "evidence",
        "also_last_quarter",
        "rectification_deadline",
    ] {
        assert!(problem.get(key).is_some(), "{key} in {problem}");
    }
    stage.run(&["precheck", "-o", "check.xlsx", "--format", "xlsx"]).await.exits(1);
    let names: Vec<String> =
        workbook(&stage.path("check.xlsx")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["检查情况", "突出问题名单", "预警名单", "无法判定名单", "节前提醒"]);
    for format in ["table", "text", "html", "csv"] {
        let shown = stage.run(&["precheck", "--format", format]).await.exits(1);
        assert!(shown.stdout.contains(failing["name"].as_str().unwrap()), "{format}");
    }

    for kind in ["accounts", "rulings", "observations", "mail"] {
        let lines = stage.run(&["export", kind, "--format", "jsonl"]).await.exits(0);
        let rows: Vec<Value> =
            lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.is_empty(), kind == "mail", "{kind}");
        let csv = stage.run(&["export", kind, "--format", "csv"]).await.exits(0);
        assert_eq!(&csv.bytes[..3], [0xef, 0xbb, 0xbf], "spreadsheet programs want the mark");
        let file = format!("{kind}.xlsx");
        stage.run(&["export", kind, "--format", "xlsx", "-o", &file]).await.exits(0);
        assert_eq!(workbook(&stage.path(&file))[0].1.len(), (rows.len() + 1).max(1), "{kind}");
        if kind == "accounts" {
            let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), accounts.len());
        }
    }
}

#[tokio::test]
async fn a_platform_in_trouble_is_a_fault_and_never_a_verdict() {
    let province = Province::start(40).await;
    province.import().await;
    let stage = &province.stage;
    let hour = chrono::TimeDelta::hours(1);
    let (from, to) = (province.now - hour, province.now + hour);
    province.weather.force(Site::Weibo, WeatherKind::Captcha, from, to);
    province.weather.force(Site::Nanfang, WeatherKind::Outage, from, to);
    let told = stage.run(&["poll", "--all", "--json"]).await.exits(1).json();
    for poll in told["polls"].as_array().unwrap() {
        let account = &poll["account"];
        let platform = account["platform"].as_str().unwrap();
        if matches!(platform, "weibo" | "nanfang") {
            assert_eq!(account["verdict"], "undetermined", "{account}");
            assert!(!account["faults"].as_array().unwrap().is_empty());
            assert_ne!(account["faults"][0]["scope"], "account", "{}", account["faults"]);
        }
    }
    let unit = province.world.units[0].name.clone();
    let own = stage.json(&["status", "--unit", &unit, "--json"]).await;
    assert!(own["accounts"].as_array().unwrap().iter().all(|a| a["sponsor"] == unit.as_str()));
}

#[tokio::test]
async fn a_servers_retry_after_holds_for_the_next_command_too() {
    let province = Province::start(40).await;
    province.import().await;
    let hour = chrono::TimeDelta::hours(1);
    let (from, to) = (province.now - hour, province.now + hour);
    province.weather.force(Site::Nanfang, WeatherKind::RateLimit(3600), from, to);
    let nanfang =
        |account: &&freshd_sim::world::Account| matches!(account.kind, Kind::Nanfang { .. });
    let accounts: Vec<_> = province.world.accounts.iter().filter(nanfang).take(3).collect();
    let poll = async |account: &freshd_sim::world::Account| {
        province.stage.run(&["poll", "--json", "--account", account.id.as_str()]).await
    };
    let limited = poll(accounts[0]).await.exits(1).json();
    assert_eq!(limited["polls"][0]["account"]["faults"][0]["kind"], "rate_limited");
    let asked = province.platforms.log.count(Site::Nanfang);
    let again = poll(accounts[0]).await.json();
    assert!(again["polls"][0]["waiting"][0]["not_asked_until"].is_string(), "{again}");
    assert_eq!(province.platforms.log.count(Site::Nanfang), asked, "not asked again");
    let other = poll(accounts[1]).await.json();
    assert!(other["polls"][0]["waiting"][0]["not_asked_until"].is_string(), "{other}");
    assert_eq!(province.platforms.log.count(Site::Nanfang), asked, "nor for another account");
}

#[tokio::test]
async fn a_precheck_ends_as_it_found() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局"), ("乙", "卫健局")])).await;
    let precheck = async |args: &[&str]| {
        let all: Vec<&str> = ["precheck"].iter().chain(args).copied().collect();
        stage.run(&all).await
    };
    precheck(&[]).await.exits(3);
    let yesterday = days_ago(1);
    for name in ["甲", "乙"] {
        let args = ["confirm", name, "--published-at", &yesterday, "--note", "看到"];
        stage.run(&args).await.exits(0);
    }
    precheck(&[]).await.exits(0);
    let later = days_ago(-40);
    precheck(&["--at", &later]).await.exits(3);
    let quarter = precheck(&["--quarter", "2030Q1", "--format", "json"]).await.exits(3).json();
    assert_eq!(quarter["quarter"], "2030Q1");
    assert!(quarter["at"].as_str().unwrap().starts_with("2030-03-29T09:00:00+08:00"), "{quarter}");
    assert_eq!(quarter["scope"]["pass_rate"], Value::Null, "nothing is verified then");
    let low = precheck(&["--quarter", "2030q1", "--format", "json"]).await.exits(3).json();
    assert_eq!(low["quarter"], "2030Q1", "in one spelling");
    for quarter in ["2026Q5", "0000Q1", "99Q1", "+2026Q1"] {
        precheck(&["--quarter", quarter]).await.exits(2).says(&[quarter]);
    }
    precheck(&["-o", "nowhere/a.xlsx", "--format", "xlsx"]).await.exits(2).says(&["无法写入"]);
    precheck(&["--at", "某日", "-o", "left.txt"]).await.exits(2);
    assert!(!stage.path("left.txt").exists(), "no empty report is left behind");
    precheck(&["--at", "某日"]).await.exits(2);
    stage.run(&["poll"]).await.exits(2);
    stage.run(&["poll", "--account", "nobody"]).await.exits(2);
    let none = stage.run(&["poll", "--all", "--json"]).await.exits(0).json();
    assert_eq!(none["polls"][0]["sources"], serde_json::json!([]));
    // What is no finding does not end like one.
    let broken = Stage::new("");
    std::fs::create_dir_all(broken.path("store/db")).expect("a directory where a file should be");
    broken.run(&["precheck"]).await.exits(4);
    broken.run(&["status"]).await.exits(1);
}

#[tokio::test]
async fn a_platform_is_found_by_every_name_and_an_unknown_one_is_told() {
    let stage = Stage::new("");
    stage.import("账号名称,平台,主办单位\n甲,微信公众号,局\n乙,视频号,局\n").await;
    let names = async |platform: &str| -> Vec<String> {
        let status = stage.json(&["status", "--json", "--platform", platform]).await;
        let accounts = status["accounts"].as_array().unwrap().iter();
        accounts.map(|account| account["name"].as_str().unwrap().to_owned()).collect()
    };
    for platform in ["wechat", "微信公众号", "公众号", "订阅号", " WeChat "] {
        assert_eq!(names(platform).await, ["甲"], "{platform}");
    }
    assert_eq!(names("视频号").await, ["乙"]);
    assert_eq!(names("微博").await, [""; 0], "known, and the ledger has none");
    let unknown = stage.run(&["status", "--platform", "微信号号"]).await.exits(2);
    unknown.says(&["微信号号", "微信公众号(wechat)", "视频号"]);
}

/// Courtesy as it is by default: four accounts and a menu link on one host, two requests at a time.
#[tokio::test]
async fn accounts_of_one_host_do_not_keep_each_other_waiting_for_ever() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap();
    let site = async {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _asked = peer.read(&mut request).await;
            let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _told = peer.write_all(answer.as_bytes()).await;
        }
    };
    let stage = Stage::new("");
    let net = "[net]\nallow_private = [\"127.0.0.0/8\"]\n";
    stage.write("freshd.toml", format!("[store]\npath = \"store\"\n{net}"));
    let mut csv = "账号名称,平台,账号标识,主办单位,采集方式,菜单地址\n".to_owned();
    for n in 1..=4 {
        let menu = if n == 1 { format!("服务/指南=http://{host}/menu") } else { String::new() };
        csv +=
            &format!("号{n},微信公众号,wx00000000000000a{n},局,feed:http://{host}/f{n},{menu}\n");
    }
    stage.import(&csv).await;
    let all = ["poll", "--all"];
    let polled = tokio::time::timeout(std::time::Duration::from_secs(60), stage.run(&all));
    let polled = tokio::select! {
        () = site => unreachable!("the site serves for ever"),
        polled = polled => polled.expect("it comes to an end"),
    };
    polled.exits(1).says(&["号1", "号4", "404"]);
}
