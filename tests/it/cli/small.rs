//! The commands that need no store: configuration, connectors, completions, checkup.

use super::stage::{Province, Stage, finished, ledger, workbook};

#[tokio::test]
async fn every_problem_of_a_configuration_is_told_at_once_and_nothing_starts() {
    let stage = Stage::new("");
    let lines = [
        "timezone = \"Asia/Shanghei\"",
        "[store]",
        "path = \"store\"",
        "cache_mb = 2",
        "[web]",
        "listen = \"0.0.0.0:8080\"",
        "[mail]",
        "server = \"smtp+insecure://mail.example.gov.cn\"",
        "mode = \"sned\"",
        "send_between = \"18:00-08:30\"",
        "[policy]",
        "profile = \"nationnal\"",
        "[schedule]",
        "digest = \"every day\"",
        "[connectors.weibo]",
        "token_flie = \"x\"",
        "token_file = \"missing\"",
    ];
    stage.write("freshd.toml", lines.join("\n"));
    let expected = [
        ("第 1 行", "timezone"),
        ("第 4 行", "store.cache_mb"),
        ("第 6 行", "web.listen"),
        ("第 8 行", "mail.server"),
        ("第 9 行", "mail.mode"),
        ("第 10 行", "mail.send_between"),
        ("第 12 行", "policy.profile"),
        ("第 14 行", "schedule.digest"),
        ("第 16 行", "connectors.weibo.token_flie"),
        ("第 17 行", "connectors.weibo.token_file"),
    ];
    let check = stage.run(&["config", "check"]).await.exits(2);
    for (line, key) in expected {
        let told = check.stdout.lines().find(|told| told.contains(&format!("{line} {key}")));
        let told = told.unwrap_or_else(|| panic!("nothing of {line} {key}:\n{}", check.stdout));
        assert!(told.contains("freshd.toml"), "the file: {told}");
        assert!(told.contains(';'), "how to mend it: {told}");
    }
    assert!(check.stdout.contains(&format!("共 {} 个问题", expected.len())), "{}", check.stdout);
    for command in [&["run"][..], &["status"], &["poll", "--all"], &["import", "freshd.toml"]] {
        stage.run(command).await.exits(2).says(&["policy.profile", "connectors.weibo.token_flie"]);
    }
    assert!(!stage.path("store").exists(), "nothing was started");
    stage.configure("");
    stage.run(&["config", "check"]).await.exits(0);
    assert!(!stage.path("store").exists());
}

#[tokio::test]
async fn a_variable_overrides_a_key_and_a_missing_file_is_told() {
    let stage = Stage::new("");
    let mut command = stage.command(&["config", "check"]);
    command.env("FRESHD__MAIL__MODE", "sned");
    finished(command).await.exits(2).says(&["mail.mode"]);
    stage
        .run(&["--config", "nowhere.toml", "config", "check"])
        .await
        .exits(2)
        .says(&["nowhere.toml"]);
    let wrong = stage.run(&["status", "--verdict", "good"]).await.exits(2);
    assert!(wrong.stdout.is_empty());
    stage.run(&["no-such-command"]).await.exits(2);
}

#[tokio::test]
async fn the_connectors_are_listed_without_a_configuration() {
    let stage = Stage::new("");
    let listed = finished(stage.bare(&["connector", "list", "--json"])).await.exits(0).json();
    let all = listed["connectors"].as_array().unwrap();
    let names: Vec<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in [
        "wechat",
        "weibo",
        "nanfang",
        "appstore",
        "apk",
        "probe",
        "article",
        "feed",
        "feed-complete",
        "manual",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let of = |name: &str| all.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(of("feed")["proves_silence"], false);
    assert_eq!(of("feed-complete")["proves_silence"], true);
    assert!(of("weibo")["courtesy"]["per_minute"].is_u64());
    assert!(of("wechat")["channels"].as_array().unwrap().len() == 2);
    stage.configure("[connectors.weibo]\nper_minute = 7\n");
    let limited = stage.json(&["connector", "list", "--json"]).await;
    let weibo = limited["connectors"].as_array().unwrap().iter().find(|it| it["name"] == "weibo");
    assert_eq!(weibo.unwrap()["courtesy"]["per_minute"], 7, "the limits in force");
    stage.run(&["connector", "list"]).await.exits(0).says(&["采集器", "feed-complete"]);
}

#[tokio::test]
async fn completions_are_a_script() {
    let stage = Stage::new("");
    let bash = finished(stage.bare(&["completions", "bash"])).await.exits(0);
    assert!(bash.stdout.contains("_freshd()") && bash.stdout.contains("precheck"));
    finished(stage.bare(&["completions", "zsh"])).await.exits(0).says(&["#compdef freshd"]);
    finished(stage.bare(&["--version"])).await.exits(0).says(&["freshd "]);
}

#[tokio::test]
async fn a_checkup_needs_nothing_and_reaches_no_private_address() {
    let stage = Stage::new("");
    let good = ledger(&[("甲", "教育局"), ("乙", "教育局")]);
    stage.write("ledger.csv", format!("{good}丙,微博,1.23E+09,卫健局,市政府,,已备案,\n"));
    let offline = stage.bare(&["checkup", "ledger.csv", "--offline"]);
    finished(offline).await.exits(0).says(&["1.23E+09", "丙"]);
    finished(stage.bare(&["checkup", "nowhere.csv"])).await.exits(2).says(&["nowhere.csv"]);
    stage.write("none.csv", "无\n关\n");
    finished(stage.bare(&["checkup", "none.csv"])).await.exits(2);

    let province = Province::start(60).await;
    let csv = province.world.ledger_csv(province.platforms.bases());
    let bridges: Vec<&str> = csv.lines().filter(|row| row.contains("feed")).collect();
    assert!(!bridges.is_empty(), "the world has feeds");
    let header = csv.lines().next().unwrap();
    stage.write("feeds.csv", format!("{header}\n{}\n", bridges.join("\n")));
    let done = finished(stage.bare(&["checkup", "feeds.csv", "-o", "report.xlsx"])).await.exits(0);
    assert!(province.platforms.log.total() == 0, "nothing was asked of loopback");
    assert!(!done.stdout.contains("疑似不达标"), "{}", done.stdout);
    let book = workbook(&stage.path("report.xlsx"));
    let rows = &book[0].1;
    assert_eq!(rows.len(), bridges.len() + 1, "a row for each account");
    for row in &rows[1..] {
        let said = row.last().unwrap();
        assert!(said.contains("不允许访问"), "refused, in words: {row:?}");
        assert!(!row.concat().contains("失效"), "and never dead: {row:?}");
    }
    assert!(!stage.path("store").exists());
}

#[tokio::test]
async fn times_are_in_the_configured_zone_and_name_the_same_instant() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let posted = "2026-11-01T10:00:00+08:00";
    let url = ["--url", "https://example.gov.test/1"];
    let args = ["confirm", "甲", "--published-at", posted, "--note", "看到", url[0], url[1]];
    stage.run(&args).await.exits(0);
    for args in [
        &["status", "--json"][..],
        &["explain", "甲", "--json"],
        &["precheck", "--format", "json"],
        &["export", "observations", "--format", "jsonl"],
        &["export", "accounts", "--format", "csv"],
    ] {
        let mut command = stage.command(args);
        command.env("FRESHD__TIMEZONE", "UTC");
        let done = finished(command).await;
        let found = |text: &str| done.stdout.contains(text);
        assert!(found("2026-11-01T02:00:00+00:00"), "{args:?}: {}", done.stdout);
        assert!(!found("+08:00") && !found("00Z"), "{args:?}: {}", done.stdout);
    }
}

#[tokio::test]
async fn a_language_is_taken_and_says_honestly_what_is_missing() {
    let stage = Stage::new("");
    let english = stage.run(&["--lang", "en", "status", "--json"]).await.exits(0);
    assert!(english.stderr.contains("not available yet"), "{}", english.stderr);
    english.json();
    let chinese = stage.run(&["status", "--lang", "zh"]).await.exits(0);
    assert!(!chinese.stderr.contains("not available"), "{}", chinese.stderr);
    stage.run(&["--lang", "fr", "status"]).await.exits(2);
}

#[tokio::test]
async fn a_mistake_in_the_toml_is_told_without_guesses_in_chinese_with_its_place() {
    let stage = Stage::new("");
    stage.write(
        "freshd.toml",
        "[store]\npath = \"a\"\n[mail\nserver = \"x\"\n[net]\ntimeout_s = -1\n",
    );
    let told = stage.run(&["config", "check"]).await.exits(2);
    let told = told.says(&["第 3 行", "个字符起不合 TOML 写法", "timeout_s", "共 2 个问题"]);
    assert!(!told.stdout.contains("不认识的配置项"), "{}", told.stdout);
    let list = stage.run(&["connector", "list"]).await.exits(0);
    assert!(list.stderr.contains("只有内置的采集器"), "{}", list.stderr);
}
