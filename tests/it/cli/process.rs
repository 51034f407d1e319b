//! Does a program of the operator's own work as a connector of the built program, and is it contained when it does not?

use std::path::Path;

use serde_json::Value;

use super::daemon::Daemon;
use super::stage::{HEADER, Stage, account_of, days_ago};

const CANARY: &str = "CANARY9f86d081884c7d65";
const HELLO: &str = r#"read -r hello; echo '{"v":1,"hello":{"name":"board","platform":"board","channels":["posts"],"courtesy":{"at_once":2,"per_minute":0}}}'"#;
const CONFIG: &str = "[connectors.process.board]\ncommand = [\"/bin/sh\", \"./board.sh\"]\nsecrets_file = \"board.toml\"\n";

/// A child that writes down that it was started and says hello; `$id` is the number of each question.
fn child(body: &str) -> String {
    format!(
        "echo $$ >>started\n{HELLO}\nwhile read -r line; do id=${{line#*:}}; id=${{id%%,*}}\n{body}\ndone\n"
    )
}

/// Answers with a post of so many days ago and the proof of 30 days.
fn answer(posted: i64) -> String {
    let (posted, since, until) = (days_ago(posted), days_ago(30), days_ago(-3));
    format!(
        "echo \"{{\\\"id\\\":$id,\\\"observation\\\":{{\\\"sightings\\\":[{{\\\"key\\\":\\\"a\\\",\\\"published\\\":\\\"{posted}\\\"}}],\
         \\\"coverage\\\":[{{\\\"channel\\\":\\\"posts\\\",\\\"since\\\":\\\"{since}\\\",\\\"until\\\":\\\"{until}\\\"}}]}}}}\""
    )
}

async fn stage(body: &str) -> Stage {
    let stage = Stage::new(CONFIG);
    stage.write("board.sh", child(body));
    stage.write("board.toml", format!("token = \"{CANARY}\"\n"));
    let rows = "甲,公告板,b1,教育局,市政府,u@example.gov.test,已备案,board:1\n\
                乙,公告板,b2,教育局,市政府,u@example.gov.test,已备案,board:2\n";
    stage.import(&format!("{HEADER}\n{rows}")).await;
    stage
}

fn lines(stage: &Stage, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(stage.path(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn lives(process: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim().starts_with('Z'))
}

/// Does any file below hold these bytes?
fn holds(directory: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => holds(&path, needle),
            false => std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle)),
        }
    })
}

#[tokio::test]
async fn it_is_polled_like_any_other_and_started_by_polls_alone() {
    let stage = stage(&answer(2)).await;
    let listed = stage.json(&["connector", "list", "--json"]).await;
    let all = listed["connectors"].as_array().unwrap();
    let board = all.iter().find(|held| held["name"] == "board").unwrap();
    assert_eq!((&board["kind"], &board["met"]), (&"process".into(), &false.into()));
    stage.run(&["connector", "list"]).await.exits(0).says(&["board", "进程", "内置"]);
    stage.run(&["config", "check"]).await.exits(0);
    stage.json(&["status", "--json"]).await;
    assert_eq!(lines(&stage, "started").len(), 0, "nothing was polled");
    stage.run(&["poll", "--all"]).await.exits(0).says(&["达标", "看到 1 条"]);
    assert_eq!(lines(&stage, "started").len(), 1, "one child for both accounts");
    assert_eq!(stage.verdict("甲").await, "pass");
    let told = stage.json(&["explain", "甲", "--json"]).await;
    assert!(told.to_string().contains("board:1"), "{told}");
    for process in lines(&stage, "started") {
        assert!(!lives(&process), "it ends with the command");
    }
}

#[tokio::test]
async fn silence_that_it_proves_counts() {
    let stage = stage(&answer(20)).await;
    stage.run(&["poll", "--all"]).await.exits(0);
    assert_eq!(stage.verdict("甲").await, "fail");
    let shown = stage.json(&["status", "--json"]).await;
    let until = account_of(&shown, "甲")["proven_until"].as_str().unwrap().to_owned();
    assert!(until <= days_ago(0), "and no further than the look: {until}");
}

#[tokio::test]
async fn whatever_it_does_wrong_the_account_stays_undetermined() {
    for (body, says) in [
        ("echo nonsense", "observation/1"),
        ("exit 7", "exit status: 7"),
        ("echo 'Traceback: boom' >&2; exit 1", "boom"),
        ("head -c 1200000 /dev/zero | tr '\\0' x; echo", "1 MiB"),
        ("echo '{\"id\":77,\"observation\":{}}'", "77"),
        (
            "echo \"{\\\"id\\\":$id,\\\"observation\\\":{\\\"coverage\\\":[{\\\"channel\\\":\\\"all\\\",\\\"since\\\":\\\"2020-01-01T00:00:00Z\\\",\\\"until\\\":\\\"2030-01-01T00:00:00Z\\\"}]}}\"",
            "没有渠道",
        ),
        ("echo \"{\\\"id\\\":$id,\\\"observation\\\":{}}\"", ""),
    ] {
        let stage = stage(body).await;
        let done = stage.run(&["poll", "--account", "甲", "--json"]).await;
        let told = done.json();
        let source = &told["polls"][0]["sources"][0];
        if says.is_empty() {
            assert_eq!((done.exit, source["outcome"].as_str()), (0, Some("ok")), "{source}");
        } else {
            assert_eq!((done.exit, &source["faults"][0]["scope"]), (1, &"connector".into()));
            let detail = source["faults"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(says), "{says}: {detail}");
        }
        assert_eq!(stage.verdict("甲").await, "undetermined", "{body}");
    }
}

#[tokio::test]
async fn a_wrong_version_is_refused_in_words() {
    let stage = stage("").await;
    stage.write(
        "board.sh",
        "read -r hello; echo '{\"v\":2,\"hello\":{\"name\":\"board\"}}'; read -r x\n",
    );
    stage
        .run(&["poll", "--account", "甲"])
        .await
        .exits(1)
        .says(&["采集故障,答复无法识别(采集器)", "第 2 版"]);
    stage.run(&["connector", "check", "board"]).await.exits(1).says(&["第 2 版"]);
}

#[tokio::test]
async fn secrets_reach_the_child_on_its_standard_input_and_nothing_else() {
    let body = format!(
        "echo \"$line\" >&2; case \"$line\" in *{CANARY}*) told=yes;; *) told=no;; esac\n\
         env >environment; tr '\\0' ' ' </proc/$$/cmdline >>environment\n\
         echo \"{{\\\"id\\\":$id,\\\"observation\\\":{{\\\"sightings\\\":[{{\\\"key\\\":\\\"$told\\\",\\\"title\\\":\\\"{CANARY}\\\",\\\"published\\\":\\\"{}\\\"}}],\
         \\\"evidence\\\":[{{\\\"url\\\":\\\"http://x/?token={CANARY}\\\",\\\"at\\\":\\\"2026-01-01T00:00:00Z\\\",\\\"body\\\":\\\"{CANARY}\\\"}}]}}}}\"",
        days_ago(2)
    );
    let stage = stage(&body).await;
    let mut command = stage.command(&["poll", "--all", "--explain", "--json"]);
    command.env("FRESHD__LOG__LEVEL", "trace").env("SECRET_OF_THE_DAEMON", CANARY);
    let done = super::stage::finished(command).await.exits(0);
    assert!(!done.stdout.contains(CANARY) && !done.stderr.contains(CANARY), "{}", done.stderr);
    assert!(done.stderr.contains("***"), "its standard error is logged, without the secret");
    let told = done.json();
    assert_eq!(told["polls"][0]["sources"][0]["sightings"][0]["key"], "yes");
    assert!(!holds(&stage.path("store"), CANARY.as_bytes()), "nor is it stored");
    let environment = lines(&stage, "environment").join("\n");
    assert!(!environment.contains(CANARY) && !environment.contains("FRESHD"), "{environment}");
    assert!(environment.contains("PATH="), "{environment}");
}

#[tokio::test]
async fn a_check_tries_it_once_and_keeps_nothing() {
    let stage = stage(&answer(2)).await;
    let facts = stage.json(&["connector", "check", "board", "--json"]).await;
    assert_eq!((&facts["ok"], &facts["connector"]["platform"]), (&true.into(), &"board".into()));
    let tried = stage.json(&["connector", "check", "board", "1", "--json"]).await;
    assert_eq!(tried["trial"]["sightings"].as_array().unwrap().len(), 1);
    assert!(tried["trial"]["coverage"]["posts"].is_array(), "{tried}");
    assert_eq!(
        (&tried["stored"], &tried["broken_promises"]),
        (&false.into(), &Value::Array(vec![]))
    );
    stage.run(&["connector", "check", "board", "1"]).await.exits(0).says(&[
        "看到 1 条",
        "未列出的发布不存在",
        "什么都没有保存",
    ]);
    let shown = stage.json(&["status", "--json"]).await;
    assert!(account_of(&shown, "甲")["last_update"].is_null(), "{shown}");
    stage.run(&["connector", "check", "bord", "1"]).await.exits(2).says(&["board", "wechat"]);
    stage.run(&["connector", "check", "weibo", "不是"]).await.exits(1).says(&["目标不能采集"]);
    stage
        .run(&["connector", "check", "feed", "http://127.0.0.1:1/x"])
        .await
        .exits(1)
        .says(&["故障"]);

    let daemon = Daemon::start(&stage).await;
    stage.run(&["connector", "check", "board", "1"]).await.exits(0).says(&["看到 1 条"]);
    stage.run(&["connector", "check", "bord"]).await.exits(2);
    daemon.stop().await;
}

#[tokio::test]
async fn the_daemon_keeps_one_child_and_starts_another_when_it_ends() {
    let once = format!("{}; [ -e fine ] || {{ touch fine; exit 1; }}", answer(2));
    let stage = stage(&once).await;
    let daemon = Daemon::start(&stage).await;
    let seen = async {
        while stage.verdict("甲").await != "pass" || stage.verdict("乙").await != "pass" {
            stage.run(&["poll", "--all"]).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), seen).await.expect("both are seen");
    stage.run(&["poll", "--all"]).await.exits(0);
    let started = lines(&stage, "started");
    assert_eq!(started.len(), 2, "one ended, one was started: {started:?}");
    assert!(lives(&started[1]), "and lives as long as the daemon");
    daemon.stop().await;
    let gone = async {
        while lives(&started[1]) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("not longer");
}
