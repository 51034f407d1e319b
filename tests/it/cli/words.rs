//! Does a person's word count as much as it should, and no more?

use freshd_sim::world::Kind;
use serde_json::Value;

use super::daemon::Daemon;
use super::stage::{Province, Stage, account_of, days_ago, finished, ledger, real_now};

async fn one() -> Stage {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    stage
}

#[tokio::test]
async fn what_a_person_saw_published_is_a_pass_with_the_persons_name() {
    let stage = one().await;
    assert_eq!(stage.verdict("甲").await, "undetermined");
    let posted = days_ago(2);
    let url = "https://www.example.gov.cn/1";
    let login = freshd::cli::caller::Caller::this_process().name;
    let args = ["confirm", "甲", "--published-at", &posted, "--url", url, "--note", "在平台看到"];
    stage.run(&args).await.exits(0).says(&[&login]);
    let status = stage.json(&["status", "--json"]).await;
    let account = account_of(&status, "甲");
    assert_eq!(
        (&account["verdict"], &account["evidence_class"]),
        (&"pass".into(), &"attested".into())
    );
    assert_eq!(account["last_update"]["url"], url);
    assert_eq!(account["last_update"]["source"], format!("人工:{login}"));
    let backed = &account["rulings"][0]["evidence"][0];
    assert_eq!(backed["id"].as_str().unwrap().len(), 64, "its bytes are kept: {backed}");

    let old = one().await;
    let posted = days_ago(12);
    old.run(&["confirm", "抖音:dy甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
    assert_eq!(old.verdict("甲").await, "at_risk");
}

#[tokio::test]
async fn nothing_since_wants_two_persons_or_a_file() {
    let (since, seen) = (days_ago(20), days_ago(0));
    let words = |by: &'static str| {
        let (since, seen) = (since.clone(), seen.clone());
        [
            "confirm".to_owned(),
            "甲".to_owned(),
            "--none-since".to_owned(),
            since,
            "--seen-at".to_owned(),
            seen,
            "--note".to_owned(),
            "逐条看过".to_owned(),
            "--by".to_owned(),
            by.to_owned(),
        ]
    };
    let run = async |stage: &Stage, by, more: &[&str]| {
        let args = words(by);
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        stage.run(&args).await.exits(0)
    };
    let stage = one().await;
    run(&stage, "张三", &[]).await;
    assert_eq!(stage.verdict("甲").await, "undetermined", "one bare word fails nobody");
    run(&stage, "张三", &[]).await;
    assert_eq!(stage.verdict("甲").await, "undetermined", "nor does the same person twice");
    run(&stage, "李四", &[]).await;
    assert_eq!(stage.verdict("甲").await, "fail");

    let filed = one().await;
    filed.write("shot.png", include_bytes!("../../../src/cli/demo/screenshot.png"));
    run(&filed, "张三", &["--file", "shot.png"]).await;
    let status = filed.json(&["status", "--json"]).await;
    let account = account_of(&status, "甲");
    assert_eq!(account["verdict"], "fail");
    let stale = &account["rulings"][0];
    assert_eq!((&stale["rule"], &stale["outcome"]), (&"content-stale".into(), &"fail".into()));
    assert!(!stale["evidence"].as_array().unwrap().is_empty());
    let posted = days_ago(1);
    filed.run(&["confirm", "甲", "--published-at", &posted, "--note", "又看到一条"]).await.exits(0);
    assert_eq!(filed.verdict("甲").await, "pass", "a hit refutes the silence");
}

#[tokio::test]
async fn one_person_is_one_whatever_the_spelling_the_environment_or_the_daemon() {
    let (since, seen) = (days_ago(20), days_ago(0));
    let stage = one().await;
    let word = ["confirm", "甲", "--none-since", &since, "--seen-at", &seen, "--note", "看过"];
    let by = |names: &[&'static str]| [&word[..], &["--by"], names].concat();
    for user in ["hx9", "hx8"] {
        let mut command = stage.command(&word);
        command.env("USER", user).env("LOGNAME", user).env("SUDO_USER", user);
        finished(command).await.exits(0);
        assert_eq!(stage.verdict("甲").await, "undetermined", "the environment names nobody");
    }
    let daemon = Daemon::start(&stage).await;
    stage.run(&word).await.exits(0);
    assert_eq!(stage.verdict("甲").await, "undetermined", "with the daemon and without: one");
    stage.run(&by(&["张三"])).await.exits(0);
    daemon.stop().await;
    for name in [" 张三 ", "张\u{3000}三", "张三\u{200b}"] {
        stage.run(&by(&[name])).await.exits(0).says(&["已记录:张三核查"]);
    }
    assert_eq!(stage.verdict("甲").await, "undetermined", "a login and its one name are one");
    let empty = stage.write("emptyshot.png", b"");
    let shot = [&by(&["张三"])[..], &["--file", empty.to_str().unwrap()]].concat();
    stage.run(&shot).await.exits(2).says(&["空文件"]);
    stage.run(&by(&[" "])).await.exits(2).says(&["--by"]);
    assert_eq!(stage.verdict("甲").await, "undetermined");
    stage.run(&by(&["李四"])).await.exits(0);
    assert_eq!(stage.verdict("甲").await, "fail", "two names are two");
}

#[tokio::test]
async fn a_word_that_cannot_be_is_refused_and_changes_nothing() {
    let stage = one().await;
    let (tomorrow, past, now) = (days_ago(-1), days_ago(3), days_ago(0));
    let wrong: [&[&str]; 7] = [
        &["confirm", "甲", "--published-at", &tomorrow, "--note", "x"],
        &["confirm", "甲", "--published-at", "昨日某时", "--note", "x"],
        &["confirm", "甲", "--none-since", &past, "--seen-at", &tomorrow, "--note", "x"],
        &["confirm", "甲", "--none-since", &now, "--seen-at", &past, "--note", "x"],
        &["confirm", "甲", "--none-since", &past, "--note", "x"],
        &["confirm", "甲", "--published-at", &past, "--note", " "],
        &["confirm", "乙", "--published-at", &past, "--note", "x"],
    ];
    for args in wrong {
        let done = stage.run(args).await.exits(2);
        assert!(!done.stderr.is_empty() && done.stdout.is_empty(), "{args:?}");
    }
    assert_eq!(stage.verdict("甲").await, "undetermined");
}

/// WeChat accounts with a visible post in the last 10 days: index, name, id, number of the post.
fn posters(province: &Province) -> Vec<(usize, usize)> {
    let recent = |account: &&freshd_sim::world::Account| {
        let wechat = matches!(account.kind, Kind::Wechat { .. } | Kind::Bridge);
        wechat && account.gone.is_none()
    };
    let accounts = province.world.accounts.iter().filter(recent);
    let newest = accounts.filter_map(|account| {
        let (number, post) = account.visible(province.now).next()?;
        (province.now - post.time < chrono::TimeDelta::days(10)).then_some((account.index, number))
    });
    newest.collect()
}

#[tokio::test]
async fn an_article_is_proof_for_its_own_account_only() {
    let province = Province::start(60).await;
    province.import().await;
    let stage = &province.stage;
    let found = posters(&province);
    let (first, other) = (found[0], found[1]);
    let account = |at: (usize, usize)| &province.world.accounts[at.0];
    let link = |at: (usize, usize)| province.platforms.article_link(account(at), at.1);
    let id = account(first).id.to_string();
    stage.run(&["proof", &link(first), "--account", &id]).await.exits(0).says(&["已采用"]);
    let explained: Value = stage.json(&["explain", &id, "--json"]).await;
    let published = account(first).posts[first.1].time;
    let minute = freshd_core::civil::rfc3339(published)[..16].to_owned();
    assert!(explained["last_update"]["earliest"].as_str().unwrap().starts_with(&minute));
    let aliases = explained["aliases"].as_array().unwrap();
    assert!(aliases.iter().any(|alias| *alias == account(first).biz()), "bound: {aliases:?}");
    assert_eq!(
        explained["verdict"],
        if real_now() - published < chrono::TimeDelta::days(9) { "pass" } else { "at_risk" }
    );

    let before = stage.json(&["explain", &id, "--json"]).await;
    let refused = stage.run(&["proof", &link(other), "--account", &id]).await.exits(1);
    let refused = refused.says(&[&account(other).name]);
    assert!(refused.stdout.contains("没有采用") || refused.stdout.contains("不一致"));
    let after = stage.json(&["explain", &id, "--json"]).await;
    for key in ["aliases", "sightings", "coverage", "last_update", "verdict"] {
        assert_eq!(before[key], after[key], "another account's article changes nothing");
    }
    let own = stage.json(&["explain", account(other).id.as_str(), "--json"]).await;
    assert_eq!(own["sightings"], serde_json::json!([]), "nor is it given to anybody else");

    let by_biz = stage.run(&["proof", &link(first)]).await.exits(0);
    assert!(by_biz.stdout.contains(&id), "found by what it was bound to: {}", by_biz.stdout);
    stage.run(&["proof", "http://127.0.0.1:9/x", "--account", &id]).await.exits(1);
    stage.run(&["proof", "not a link", "--account", &id]).await.exits(2);
}

#[tokio::test]
async fn an_article_whose_account_the_ledger_contradicts_is_refused() {
    let province = Province::start(60).await;
    let stage = &province.stage;
    let found = posters(&province);
    let author = &province.world.accounts[found[0].0];
    let link = province.platforms.article_link(author, found[0].1);
    let name = &author.name;
    stage
        .import(&format!(
            "账号名称,平台,账号标识,主办单位\n{name},微信公众号,gh_other1234567,甲局\n\
             {name},微信公众号,,乙局\n另一个,微信公众号,,丙局\n{name},微博,,丁局\n"
        ))
        .await;
    let wrong = ["gh_other1234567", "wechat:n-2", "weibo:n-3"];
    for (account, why) in wrong.into_iter().zip(["没有采用", "不能绑定", "没有采用"]) {
        stage.run(&["proof", &link, "--account", account]).await.exits(1).says(&[why]);
    }
    let status = stage.json(&["status", "--json"]).await;
    for account in status["accounts"].as_array().unwrap() {
        assert_eq!(account["aliases"], serde_json::json!([]), "nothing is bound");
        assert_eq!(account["last_update"], Value::Null, "nor adopted");
    }
    stage.run(&["proof", &link]).await.exits(0).says(&["已采用", "wechat:n-1"]);
    let renamed = format!("账号名称,平台,账号标识,主办单位\n{name},微信公众号,,己局\n");
    stage.import(&renamed).await;
    let taken = stage.run(&["proof", &link, "--account", "wechat:n-4"]).await.exits(1);
    taken.says(&["已属于 wechat:n-1", "乙局"]);
}

#[tokio::test]
async fn a_persons_word_on_the_interaction_counts_and_its_want_of_a_second_is_told() {
    let (seen, tomorrow) = (days_ago(0), days_ago(-1));
    let base = ["confirm", "甲", "--note", "发了留言", "--interaction"];
    let with = |more: &[&'static str]| -> Vec<String> {
        let when = ["--seen-at", seen.as_str()];
        base.iter().chain(more).chain(&when).map(|part| (*part).to_owned()).collect()
    };
    let ruled = async |stage: &Stage| {
        let told = stage.json(&["explain", "甲", "--json"]).await;
        let rulings = told["rulings"].as_array().unwrap().clone();
        let of = |it: &&Value| it["rule"] == "interaction-poor";
        (rulings.iter().find(of).unwrap().clone(), told["tried"].clone())
    };
    let run = async |stage: &Stage, more: &[&'static str]| {
        let args = with(more);
        stage.run(&args.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let stage = one().await;
    let told = run(&stage, &["works", "--by", "张三"]).await.exits(0);
    told.says(&["张三", "互动可用", "有效至"]);
    let (ruling, tried) = ruled(&stage).await;
    assert_eq!(ruling["outcome"], "pass");
    assert_eq!(ruling["evidence"][0]["id"].as_str().unwrap().len(), 64, "{ruling}");
    assert_eq!((&tried[0]["kind"], &tried[0]["works"]), (&"person".into(), &true.into()));
    stage.run(&["explain", "甲"]).await.exits(0).says(&["人工核查:张三", "有效至"]);

    let other = one().await;
    run(&other, &["broken", "--by", "张三"]).await.exits(0).says(&["待核实", "须另一人"]);
    assert_eq!(ruled(&other).await.0["outcome"], "undetermined");
    run(&other, &["broken", "--by", "李四"]).await.exits(0).says(&["疑似不达标", "李四"]);
    assert_eq!(ruled(&other).await.0["outcome"], "fail");
    assert_eq!(other.verdict("甲").await, "fail");

    let filed = one().await;
    filed.write("shot.png", include_bytes!("../../../src/cli/demo/screenshot.png"));
    run(&filed, &["broken", "--by", "张三", "--file", "shot.png"]).await.exits(0);
    assert_eq!(ruled(&filed).await.0["outcome"], "fail");

    let wrong: [&[&str]; 4] = [
        &["confirm", "甲", "--note", "x", "--interaction", "works", "--seen-at", &tomorrow],
        &["confirm", "甲", "--note", "x", "--interaction", "works"],
        &["confirm", "甲", "--note", "x", "--interaction", "maybe", "--seen-at", &seen],
        &["confirm", "甲", "--note", "x", "--seen-at", &seen],
    ];
    for args in wrong {
        stage.run(args).await.exits(2);
    }
}
