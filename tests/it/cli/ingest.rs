//! Do posts from elsewhere get in as they are, and does only a voucher's complete file prove silence?

use std::path::Path;

use chrono::TimeDelta;
use freshd_core::civil;
use serde_json::Value;

use super::daemon::Daemon;
use super::stage::{HEADER, Stage, account_of, real_now};

const UNIT: &str = "市教育局";

/// Accounts of 抖音 with these names and units; two may share a name.
async fn stage(rows: &[(&str, &str, &str)]) -> Stage {
    let stage = Stage::new("");
    let lines = rows.iter().map(|(name, handle, unit)| {
        format!("{name},抖音,{handle},{unit},市政府,a@example.gov.test,已备案,\n")
    });
    stage.import(&format!("{HEADER}\n{}", lines.collect::<String>())).await;
    stage
}

fn day(back: i64) -> String {
    civil::day(real_now() - TimeDelta::days(back)).format("%Y-%m-%d").to_string()
}

fn span(from: i64, to: i64) -> String {
    format!("{}..{}", day(from), day(to))
}

async fn outcome(stage: &Stage, name: &str) -> (String, Value) {
    let status = stage.json(&["status", "--json"]).await;
    let account = account_of(&status, name);
    (account["verdict"].as_str().unwrap().to_owned(), account.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_file_proves_silence_and_the_same_file_without_a_voucher_does_not() {
    let stage = stage(&[("城东", "dy1", UNIT), ("城西", "dy2", UNIT), ("城南", "dy3", UNIT)]).await;
    let csv = format!(
        "账号名称,平台,发布时间,标题,链接,阅读量\n\
         城东,抖音,{} 10:00,近况,https://example.gov.test/1,12\n城西,抖音,,,,\n",
        day(3)
    );
    stage.write("posts.csv", &csv);
    let done = stage.run(&["ingest", "posts.csv", "--by", "李四"]).await.exits(0);
    done.says(&["没有用到的列:阅读量", "2 个账号,1 条发布", "已采用"]);
    let (verdict, hit) = outcome(&stage, "城东").await;
    assert_eq!((verdict.as_str(), &hit["evidence_class"]), ("pass", &"hits_only".into()));
    assert_eq!(outcome(&stage, "城西").await.0, "undetermined");
    let complete = span(40, 0);
    let args = ["ingest", "posts.csv", "--complete", &complete, "--by", "张三", "--json"];
    let done = stage.run(&args).await.exits(0).json();
    assert_eq!(done["changed"], true, "{done}");
    let (verdict, silent) = outcome(&stage, "城西").await;
    assert_eq!(verdict, "fail", "{silent}");
    assert_eq!(silent["evidence_class"], "attested");
    let (verdict, hit) = outcome(&stage, "城东").await;
    assert_eq!((verdict.as_str(), &hit["evidence_class"]), ("pass", &"attested".into()));
    // Not in the file: nothing is said of it.
    let (verdict, absent) = outcome(&stage, "城南").await;
    assert_eq!((verdict.as_str(), &absent["proven_until"]), ("undetermined", &Value::Null));
    let explained = stage.run(&["explain", "dy2"]).await.exits(0);
    explained.says(&["人工核查:张三", "posts.csv 第 3 行", "声明列全了"]);
    // What the file listed, it listed when it was first taken.
    let before = stage.json(&["explain", "dy2", "--json"]).await;
    stage
        .run(&args[..6])
        .await
        .exits(0)
        .says(&["同一文件当时已经这样作过证", "与上次相同,没有改变"]);
    let after = stage.json(&["explain", "dy2", "--json"]).await;
    assert_eq!(before["coverage"], after["coverage"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_file_that_ended_too_long_ago_proves_nothing_about_now() {
    let stage = stage(&[("城东", "dy1", UNIT)]).await;
    stage.write("posts.csv", "账号名称,平台,发布时间\n城东,抖音,无\n");
    let complete = span(40, 5);
    stage.run(&["ingest", "posts.csv", "--complete", &complete, "--by", "张三"]).await.exits(0);
    assert_eq!(outcome(&stage, "城东").await.0, "undetermined");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_told_at_once_and_nothing_is_changed() {
    let twins = [("城东", "dy1", UNIT), ("融媒", "dy2", "市一局"), ("融媒", "dy3", "市二局")];
    let stage = stage(&twins).await;
    let csv = format!(
        "新媒体名称,平台,发布日期,标题,网址,ID,主办单位\n\
         城东,抖音,{good},好,,,\n\
         融媒,抖音,{good},谁,,,\n\
         城动,抖音,{good},错字,,,\n\
         城东,抖音,2099-01-01,将来,,,\n\
         城东,抖音,昨天,相对,,,\n\
         城东,抖音,,有题,,,\n\
         城东,抖音,{good},坏链,javascript:x,,\n\
         ,,{good},无名,,,\n\
         城东,抖音,{good},标识,,1.23E+09,\n\
         城东,抖音,{good},张冠,,dy2,\n\
         城东,抖音,{good},单位,,,市三局\n",
        good = day(2)
    );
    stage.write("posts.csv", &csv);
    let done = stage.run(&["ingest", "posts.csv", "--json"]).await.exits(2).json();
    assert_eq!(done["changed"], false);
    let told: Vec<(u64, String)> = done["problems"].as_array().unwrap().iter().map(row).collect();
    let expect = [
        (3, "有 2 个同名账号"),
        (4, "台账里没有这个账号"),
        (5, "在将来"),
        (6, "没有写全年月日"),
        (7, "却没有发布时间"),
        (8, "不是网址"),
        (9, "没有写是哪个账号"),
        (10, "科学计数"),
        (11, "却是"),
        (12, "与台账里的主办单位不同"),
    ];
    assert_eq!(told.len(), expect.len(), "{told:#?}");
    for ((row, what), (at, part)) in told.iter().zip(expect) {
        assert!(*row == at && what.contains(part), "row {row}: {what}");
    }
    let text = stage.run(&["ingest", "posts.csv"]).await.exits(2);
    text.says(&["抖音:dy2(融媒,抖音,市一局)", "是不是 抖音:dy1", "什么都没有改变"]);
    assert_eq!(outcome(&stage, "城东").await.0, "undetermined");
    // With --good-rows the one good row counts, and nobody whose row is in doubt is called silent.
    let complete = span(40, 0);
    let args = ["ingest", "posts.csv", "--good-rows", "--complete", &complete, "--json"];
    let done = stage.run(&args).await.exits(0).json();
    assert_eq!(done["accounts"][0]["coverage"], Value::Null);
    assert!(done["accounts"][0]["withheld"].as_str().unwrap().contains("有问题"), "{done}");
    assert_eq!(outcome(&stage, "城东").await.0, "pass");
}

/// The row and the words of a problem.
fn row(problem: &Value) -> (u64, String) {
    (problem["row"].as_u64().unwrap_or_default(), problem["what"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_withhold_completeness_from_whoever_a_bad_row_may_be_of() {
    let stage =
        stage(&[("城东", "dy1", UNIT), ("城西", "dy2", UNIT), ("乡镇发布", "dy3", UNIT)]).await;
    // The misspelt row may be the silent account's post; another's is not touched by it.
    let csv = format!(
        "账号名称,平台,发布时间\n城东,抖音,无\n乡镇发部,抖音,{}\n乡镇发布,抖音,无\n",
        day(2)
    );
    stage.write("posts.csv", &csv);
    let complete = span(40, 0);
    let args = ["ingest", "posts.csv", "--good-rows", "--complete", &complete];
    stage.run(&args[..3]).await.exits(0);
    stage.run(&args).await.exits(0).says(&["不算列全:抖音:dy3(乡镇发布)"]);
    assert_eq!(outcome(&stage, "乡镇发布").await.0, "undetermined");
    assert_eq!(outcome(&stage, "城东").await.0, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_contradicts_itself_or_its_voucher_is_refused() {
    let stage = stage(&[("城东", "dy1", UNIT)]).await;
    let csv = format!("账号名称,平台,发布时间,标题\n城东,抖音,{},有\n城东,抖音,未发布,\n", day(4));
    stage.write("posts.csv", &csv);
    let complete = span(40, 0);
    let args = ["ingest", "posts.csv", "--complete", &complete];
    stage.run(&args).await.exits(2).says(&["说没有发布,但第 2 行列有"]);
    // Outside the span it is simply a hit.
    let earlier = span(40, 10);
    stage.run(&["ingest", "posts.csv", "--complete", &earlier]).await.exits(0);
    for (bad, says) in [
        ("2026-10-01", "看不懂完整范围"),
        ("2026-10-01..2099-01-01", "在将来"),
        ("2026-10-09..2026-10-01", "不早于终点"),
        ("昨天..今天", "没有写全年月日"),
    ] {
        stage.run(&["ingest", "posts.csv", "--complete", bad]).await.exits(2).says(&[says]);
    }
    let empty = ["ingest", "posts.csv", "--complete", &complete, "--by", " "];
    stage.run(&empty).await.exits(2).says(&["--by 是空的"]);
    stage.run(&["ingest", "nowhere.csv"]).await.exits(2).says(&["没有这个文件"]);
    stage.write("other.csv", "甲,乙\n1,2\n");
    stage.run(&["ingest", "other.csv"]).await.exits(2).says(&["找不到表头"]);
    stage.write("untimed.csv", "账号名称,平台,标题\n城东,抖音,x\n");
    stage.run(&["ingest", "untimed.csv"]).await.exits(2).says(&["缺少「发布时间」列"]);
    let two = ["ingest", "posts.csv", "other.csv", "--complete", &complete];
    stage.run(&two).await.exits(2).says(&["一次只为一个文件作证"]);
    assert_eq!(outcome(&stage, "城东").await.0, "pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_older_than_its_claim_vouches_only_up_to_its_last_change() {
    let stage = stage(&[("城东", "dy1", UNIT)]).await;
    let path = stage.write("posts.csv", "账号名称,平台,发布时间\n城东,抖音,无\n");
    let made = real_now() - TimeDelta::days(3);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(made.into()).unwrap();
    let complete = span(40, 0);
    let done = stage.run(&["ingest", "posts.csv", "--complete", &complete]).await.exits(0);
    done.says(&["文件最后修改于此时"]);
    let (verdict, account) = outcome(&stage, "城东").await;
    assert_eq!(verdict, "undetermined");
    let until: chrono::DateTime<chrono::Utc> =
        account["proven_until"].as_str().unwrap().parse().unwrap();
    assert!((until - made).num_seconds().abs() <= 1, "{until} {made}");
}

/// A workbook with a title row, a merged name, a date cell, and a second sheet.
fn workbook(path: &Path) {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let mut book = Workbook::new();
    let plain = Format::new();
    let date = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let sheet = book.add_worksheet().set_name("抖音").unwrap();
    sheet.merge_range(0, 0, 0, 3, "各账号发布情况", &plain).unwrap();
    for (at, head) in ["账号名称", "平台", "发布时间", "标题"].iter().enumerate() {
        sheet.write(1, u16::try_from(at).unwrap(), *head).unwrap();
    }
    sheet.merge_range(2, 0, 3, 0, "城东", &plain).unwrap();
    sheet.merge_range(2, 1, 3, 1, "抖音", &plain).unwrap();
    for (row, back) in [(2, 2), (3, 6)] {
        let at = ExcelDateTime::parse_from_str(&format!("{} 09:30:00", day(back))).unwrap();
        sheet.write_with_format(row, 2, &at, &date).unwrap();
        sheet.write(row, 3, format!("第{row}篇")).unwrap();
    }
    sheet.write(5, 0, "合计:2").unwrap();
    let second = book.add_worksheet().set_name("其他").unwrap();
    for (at, head) in ["账号", "平台", "时间"].iter().enumerate() {
        second.write(0, u16::try_from(at).unwrap(), *head).unwrap();
    }
    second.write(1, 0, "城西").unwrap();
    second.write(1, 1, "抖音").unwrap();
    second.write(1, 2, day(1)).unwrap();
    book.save(path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn workbooks_gbk_and_jsonl_are_read_as_they_are() {
    let stage = stage(&[("城东", "dy1", UNIT), ("城西", "dy2", UNIT), ("城南", "dy3", UNIT)]).await;
    workbook(&stage.path("posts.xlsx"));
    let done = stage.run(&["ingest", "posts.xlsx", "--json"]).await.exits(0).json();
    assert_eq!((&done["posts"], &done["new_posts"]), (&3.into(), &3.into()), "{done}");
    let (verdict, account) = outcome(&stage, "城东").await;
    assert_eq!((verdict.as_str(), &account["last_update"]["title"]), ("pass", &"第2篇".into()));
    assert_eq!(account["last_update"]["source"], "ingest");
    let csv = format!("账号名称,平台,发布时间\n城南,抖音,{}\n", day(2));
    let (gbk, _, _) = encoding_rs::GBK.encode(&csv);
    stage.write("gbk.csv", gbk);
    stage.run(&["ingest", "gbk.csv", "--dry-run"]).await.exits(0).says(&["试运行"]);
    assert_eq!(outcome(&stage, "城南").await.0, "undetermined");
    let line = format!(
        "{{\"id\": \"抖音:dy3\", \"published\": \"{}T08:00:00+08:00\", \"title\": \"行\"}}\n",
        day(1)
    );
    stage.write("posts.jsonl", format!("{line}\n{line}"));
    stage.run(&["ingest", "posts.jsonl"]).await.exits(0).says(&["新发布 1 条"]);
    assert_eq!(outcome(&stage, "城南").await.1["last_update"]["title"], "行");
    stage.write("bad.jsonl", format!("{line}{{\"id\": [1]}}\nnonsense\n"));
    let done = stage.run(&["ingest", "bad.jsonl"]).await.exits(2);
    done.says(&["第 2 行 id", "第 3 行", "这一行不是 JSON"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_takes_a_file_over_its_socket_and_what_is_dropped_into_its_folder() {
    let stage = stage(&[("城东", "dy1", UNIT), ("城西", "dy2", UNIT)]).await;
    stage.configure("[ingest]\nwatch = \"inbox\"\n");
    std::fs::create_dir(stage.path("inbox")).unwrap();
    let good = format!("账号名称,平台,发布时间\n城东,抖音,{}\n城西,抖音,\n", day(2));
    stage.write("inbox/good.csv", &good);
    stage.write("inbox/bad.csv", "账号名称,平台,发布时间\n城东,抖音,2099-01-01\n");
    stage.write("inbox/half.csv.part", "账号名称");
    let mut daemon = Daemon::start(&stage).await;
    for _ in 0..2 {
        daemon.log("a dropped file was looked at").await;
    }
    assert!(stage.path("inbox/done/good.csv").exists());
    assert!(stage.path("inbox/failed/bad.csv").exists());
    let told = std::fs::read_to_string(stage.path("inbox/failed/bad.csv.txt")).unwrap();
    assert!(told.contains("在将来"), "{told}");
    assert!(stage.path("inbox/half.csv.part").exists());
    assert_eq!(outcome(&stage, "城东").await.0, "pass");
    // Nobody vouches for what was dropped.
    let (verdict, silent) = outcome(&stage, "城西").await;
    assert_eq!((verdict.as_str(), &silent["proven_until"]), ("undetermined", &Value::Null));
    stage.write("complete.csv", &good);
    let complete = span(40, 0);
    let args = ["ingest", "complete.csv", "--complete", &complete, "--by", "张三"];
    stage.run(&args).await.exits(0).says(&["已采用"]);
    assert_eq!(outcome(&stage, "城西").await.0, "fail");
    daemon.stop().await;
}
