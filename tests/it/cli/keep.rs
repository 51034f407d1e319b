//! Do the data come back from a backup, and does a damaged or unfinished one stay out?

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::daemon::Daemon;
use super::stage::{Stage, days_ago, finished, ledger};

fn mode(stage: &Stage, name: &str) -> u32 {
    std::fs::metadata(stage.path(name)).unwrap().permissions().mode() & 0o777
}

/// `status --json` without what moves from one second to the next.
async fn status(stage: &Stage) -> Value {
    let mut status = stage.json(&["status", "--json"]).await;
    status["as_of"] = Value::Null;
    for account in status["accounts"].as_array_mut().unwrap() {
        account.as_object_mut().unwrap().retain(|key, _| key != "days_left" && key != "rulings");
    }
    status
}

async fn prepared() -> Stage {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局"), ("乙", "卫健局")])).await;
    let posted = days_ago(2);
    let word = ["confirm", "甲", "--published-at", &posted, "--note", "看到"];
    stage.run(&word).await.exits(0);
    stage
}

#[tokio::test]
async fn what_was_backed_up_while_the_daemon_runs_is_there_again_after_the_store_was_lost() {
    let stage = prepared().await;
    let daemon = Daemon::start(&stage).await;
    stage.run(&["backup", "copies/one"]).await.exits(0).says(&["已备份到", "账号 2 个"]);
    assert_eq!((mode(&stage, "copies/one"), mode(&stage, "copies/one/records.gz")), (0o700, 0o600));
    assert_eq!(mode(&stage, "copies/one/backup.json"), 0o600);
    assert_eq!(std::fs::read_dir(stage.path("copies/one")).unwrap().count(), 2);
    assert_eq!(std::fs::read_dir(stage.path("store/spool")).unwrap().count(), 0);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(stage.path("copies/one/backup.json")).unwrap())
            .unwrap();
    assert_eq!(manifest["format"], "freshd-backup/1");
    assert_eq!(manifest["records"]["account"], 2);
    let before = status(&stage).await;
    // Later than the backup: it will be gone.
    stage.write("more.csv", ledger(&[("丙", "教育局")]));
    stage.run(&["import", "more.csv"]).await.exits(0);
    stage.run(&["restore", "copies/one"]).await.exits(1).says(&["正被占用", "停止守护程序"]);
    daemon.stop().await;

    std::fs::remove_file(stage.path("store/db")).unwrap();
    stage.run(&["status"]).await.exits(1).says(&["丢失"]);
    let done = stage.run(&["restore", "copies/one"]).await.exits(0);
    done.says(&["账号 2 个", "before-restore-", "mail release"]);
    assert_eq!(status(&stage).await, before);
    stage.run(&["explain", "乙"]).await.exits(0);
    let daemon = Daemon::start(&stage).await;
    assert_eq!(status(&stage).await, before);
    daemon.stop().await;
}

#[tokio::test]
async fn a_backup_goes_into_an_empty_directory_only_and_a_damaged_one_changes_nothing() {
    let stage = prepared().await;
    let before = status(&stage).await;
    std::fs::create_dir(stage.path("full")).unwrap();
    stage.write("full/mine", "x");
    stage.run(&["backup", "full"]).await.exits(2).says(&["不是空目录"]);
    stage.run(&["backup", "full/mine"]).await.exits(2).says(&["full/mine"]);
    assert_eq!(std::fs::read_dir(stage.path("full")).unwrap().count(), 1);
    stage.run(&["backup"]).await.exits(2);
    std::fs::create_dir(stage.path("empty")).unwrap();
    stage.run(&["backup", "empty"]).await.exits(0);
    assert_eq!(mode(&stage, "empty"), 0o700);

    stage.run(&["restore", "nowhere"]).await.exits(2).says(&["nowhere"]);
    stage.run(&["restore", "full"]).await.exits(1).says(&["backup.json", "没有改动"]);
    let mut bytes = std::fs::read(stage.path("empty/records.gz")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(stage.path("empty/records.gz"), bytes).unwrap();
    stage.run(&["restore", "empty"]).await.exits(1).says(&["校验值不符", "没有改动"]);
    assert_eq!(status(&stage).await, before);
    let stores = std::fs::read_dir(stage.path("")).unwrap();
    let stores = stores.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("store")
    });
    assert_eq!(stores.count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn after_a_restore_letters_are_drafted_only_until_an_operator_releases_them() {
    let (server, config) = super::stage::mail_server().await;
    let stage = Stage::new(&format!("{config}mode = \"send\"\n"));
    stage.import(&ledger(&[("甲", "教育局")])).await;
    stage.run(&["backup", "copy"]).await.exits(0);
    let posted = days_ago(11);
    let word = ["confirm", "甲", "--published-at", &posted, "--note", "看到"];
    stage.run(&["restore", "copy"]).await.exits(0).says(&["待发的 0 封"]);
    stage.run(&word).await.exits(0);
    stage.run(&["notify"]).await.exits(0).says(&["备份恢复", "先暂存"]);
    let outbox = stage.json(&["mail", "outbox", "--json"]).await;
    let letters = outbox["letters"].as_array().unwrap();
    assert!(!letters.is_empty() && letters.iter().all(|it| it["state"] == "held"), "{outbox}");
    assert!(outbox["restored_at"].is_string());
    stage.run(&["mail", "outbox"]).await.exits(0).says(&["备份恢复"]);
    assert_eq!(server.count(), 0);
    stage.run(&["mail", "release"]).await.exits(0).says(&["恢复备份后的暂存到此为止"]);
    let done = stage.run(&["notify"]).await.exits(0);
    assert!(!done.stdout.contains("备份"), "{}", done.stdout);
    assert_eq!(server.count(), letters.len());
}

#[tokio::test]
async fn the_manual_names_every_command_of_the_help() {
    let stage = Stage::new("");
    let page = finished(stage.bare(&["man"])).await.exits(0).stdout;
    let help = finished(stage.bare(&["--help"])).await.exits(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "命令:").skip(1);
    let listed: Vec<&str> = listed
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(listed.len() > 20 && listed.contains(&"backup"), "{listed:?}");
    for command in listed {
        let heads = page.lines().filter(|line| line.starts_with(".SS \"freshd "));
        let mut named = heads.filter(|line| line.split([' ', '"']).nth(3) == Some(command));
        assert!(named.next().is_some(), "{command} in:\n{page}");
    }
    assert!(page.contains(".SH \"EXIT STATUS") && page.contains(".SH \"FILES"));
}

#[tokio::test]
async fn an_index_that_does_not_fit_is_found_and_mended_while_the_daemon_runs() {
    use freshd::store::engine::Batch;
    use freshd::store::{Store, StoreOptions};
    let stage = prepared().await;
    let whole = stage.json(&["store", "check", "--json"]).await;
    assert_eq!((&whole["whole"], &whole["records"]["account"]), (&true.into(), &2.into()));
    stage.run(&["store", "check"]).await.exits(0).says(&["台账账号 2 条", "没有发现问题"]);
    // A due time of nobody: it would be claimed for ever.
    let mut engine = None;
    let store = Store::open_through(&stage.path("store"), StoreOptions::default(), |it| {
        engine = Some(it.clone());
        it
    });
    let mut batch = Batch::default();
    batch.put(b"d\x80\x00\x00\x00\x00\x00\x00\x01nobody\x00\x01".to_vec(), b"".to_vec());
    let engine = engine.unwrap();
    engine.commit(batch).unwrap();
    engine.barrier().unwrap();
    drop((store, engine));
    let before = status(&stage).await;
    let told = stage.run(&["store", "check", "--json"]).await.exits(1).json();
    assert_eq!((&told["found"], &told["problems"][0]["kind"]), (&1.into(), &"poll_due".into()));
    stage.run(&["store", "check"]).await.exits(1).says(&["索引项没有对应的记录", "--repair"]);
    let daemon = Daemon::start(&stage).await;
    stage
        .run(&["store", "check", "--repair"])
        .await
        .exits(0)
        .says(&["已删去这个索引项", "都已修好"]);
    stage.run(&["store", "check"]).await.exits(0).says(&["没有发现问题"]);
    daemon.stop().await;
    stage.run(&["store", "check"]).await.exits(0);
    assert_eq!(status(&stage).await, before);
    stage.run(&["store"]).await.exits(2);
}
