//! Does an office clerk learn what to do next from what the program prints?

use chrono::TimeDelta;
use freshd_core::civil;

use super::stage::{Stage, account_of, days_ago, finished, ledger, real_now, workbook};

const STRANGE: &str = "\
账号名称,平台,账号标识,主办单位,主管单位,电子邮件地址,ID,粉丝数
甲,抖音,dy1,教育局,市政府,a@example.gov.test,7,100
乙,抖音,dy2,公安局,市政府,b@example.gov.test,8,
";

#[tokio::test]
async fn columns_that_are_not_known_are_named_kept_exported_and_read_again() {
    let stage = Stage::new("");
    stage.write("strange.csv", STRANGE);
    let named = "没有认出的列(原样保留):电子邮件地址(是不是“电子邮箱”?";
    stage.run(&["import", "strange.csv", "--dry-run"]).await.exits(0).says(&[named, "ID、粉丝数"]);
    let planned = stage.run(&["import", "strange.csv", "--dry-run", "--json"]).await.exits(0);
    let columns = &planned.json()["unknown"][0]["columns"];
    assert_eq!((&columns[0]["near"], &columns[1]["title"]), (&"电子邮箱".into(), &"ID".into()));
    assert_eq!(planned.json()["imported"], false);
    let checkup = stage.bare(&["checkup", "strange.csv", "--offline", "-o", "report.xlsx"]);
    finished(checkup).await.exits(0).says(&[named, "下一步:", "freshd import strange.csv"]);
    let sheets = workbook(&stage.path("report.xlsx"));
    let (name, rows) = &sheets[1];
    assert_eq!((name.as_str(), rows.len()), ("没有认出的列", 4));
    assert_eq!((rows[1][2].as_str(), rows[1][3].as_str()), ("电子邮件地址", "电子邮箱"));

    stage.run(&["import", "strange.csv"]).await.exits(0).says(&[named]);
    stage.run(&["explain", "甲"]).await.exits(0).says(&["台账其他列:ID、电子邮件地址、粉丝数"]);
    let lines = stage.run(&["export", "accounts", "--format", "jsonl"]).await.exits(0);
    let first: serde_json::Value =
        serde_json::from_str(lines.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["ID"], &first["verdict"]), (&"7".into(), &"undetermined".into()));
    for (format, file) in [("csv", "back.csv"), ("xlsx", "back.xlsx")] {
        stage.run(&["export", "accounts", "--format", format, "-o", file]).await.exits(0);
        stage.run(&["import", file]).await.exits(0).says(&["新增 0,变更 0,不变 2"]);
    }
    let again = stage.run(&["export", "accounts", "--format", "csv"]).await.exits(0);
    let again = again.says(&["系统id,账号名称,平台,", "判定", "待核实", ",ID,电子邮件地址,粉丝数"]);
    assert!(!again.stdout.contains("evidence_class") && !again.stdout.contains("undetermined"));
}

#[tokio::test]
async fn a_check_that_lies_ahead_is_told_as_ahead_and_fails_nobody() {
    let stage = Stage::new("");
    stage
        .import(&ledger(&[("新", "教育局"), ("旧", "公安局"), ("静", "财政局"), ("无", "局")]))
        .await;
    for (name, days) in [("新", 1), ("旧", 12)] {
        let posted = days_ago(days);
        stage.run(&["confirm", name, "--published-at", &posted, "--note", "看到"]).await.exits(0);
    }
    let (since, seen) = (days_ago(20), days_ago(0));
    let silent = ["confirm", "静", "--none-since", &since, "--seen-at", &seen, "--note", "看过"];
    for by in ["张三", "李四"] {
        stage.run(&[&silent[..], &["--by", by]].concat()).await.exits(0);
    }
    assert_eq!(stage.verdict("静").await, "fail");
    let at = civil::rfc3339(real_now() + TimeDelta::days(7));
    let told = stage.run(&["precheck", "--at", &at, "--format", "json"]).await.exits(3).json();
    assert_eq!((&told["ahead"], &told["must_publish"]), (&true.into(), &1.into()));
    assert_eq!((&told["scope"]["failed"], &told["scope"]["undetermined"]), (&0.into(), &3.into()));
    assert_eq!(told["at_risk"][0]["name"], "旧");
    assert!(told["problems"].as_array().unwrap().is_empty());
    let open = told["undetermined"].as_array().unwrap();
    let silent = open.iter().find(|row| row["name"] == "静").unwrap();
    assert!(silent["reason"].as_str().unwrap().starts_with("现在疑似不达标:"), "{silent}");
    let text = stage.run(&["precheck", "--at", &at]).await.exits(3);
    text.says(&["尚未到来", "届时仍达标 1 个", "须在检查时点之前再发布 1 个"]);
    let year = civil::rfc3339(real_now())[..4].parse::<i32>().unwrap();
    let next = format!("{}Q4", year + 1);
    let json =
        stage.run(&["precheck", "--quarter", &next, "--format", "json"]).await.exits(3).json();
    assert_eq!((&json["ahead"], &json["must_publish"]), (&true.into(), &2.into()));
    assert!(json["at_risk"][0]["post_from"].is_string() && json["at"].is_string());
    let now = stage.run(&["precheck", "--format", "json"]).await.exits(1).json();
    assert_eq!((&now["ahead"], &now["scope"]["failed"]), (&false.into(), &1.into()));
    let row = &now["problems"][0];
    assert!(row["also_last_quarter"].is_null(), "the ledger does not say: {row}");
    let text = stage.run(&["precheck", "--format", "text"]).await.exits(1);
    text.says(&["整改期限:参照年度考核口径", "通报公开之日起2周内"]);
}

#[tokio::test]
async fn a_word_says_whether_it_counts_and_why_not() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    stage.write("shot.png", include_bytes!("../../../src/cli/demo/screenshot.png"));
    let (since, seen) = (days_ago(20), days_ago(0));
    let word = ["confirm", "甲", "--none-since", &since, "--seen-at", &seen, "--note", "看过"];
    let by = |more: &[&'static str]| [&word[..], more].concat();
    stage.run(&word).await.exits(0).says(&["还不能采信:须另一人也核查"]);
    let second = stage.run(&by(&["--by", "张三"])).await.exits(0);
    second.says(&["出自同一登录用户,未以 --by 写明两个人,不能算作两人"]);
    let told = stage.run(&["explain", "甲"]).await.exits(0);
    told.says(&["人工核查:张三", "不采信:与", "不能算作两人"]);
    let twice = stage.run(&by(&["--by", "张三"])).await.exits(0);
    twice.says(&["不能算作两人"]);
    let other = stage.run(&by(&["--by", "李四"])).await.exits(0);
    other.says(&["两人一致:与张三的核查重合的时段予以采信", "疑似不达标"]);
    stage.run(&["explain", "甲"]).await.exits(0).says(&["与另一人一致,采信:"]);

    let filed = Stage::new("");
    filed.import(&ledger(&[("甲", "教育局")])).await;
    filed.write("shot.png", include_bytes!("../../../src/cli/demo/screenshot.png"));
    let done = filed.run(&by(&["--file", "shot.png"])).await.exits(0);
    let done = done.says(&["附有文件,一人核查即可采信"]);
    assert!(!done.stdout.contains("需两人") && !done.stdout.contains("须另一人"));
}

#[tokio::test]
async fn what_could_not_be_asked_is_nobodys_fault_and_names_the_key() {
    let stage = Stage::new("");
    let header = super::stage::HEADER;
    let apk = "apk:https://no-such-host.invalid/a.apk";
    stage
        .import(&format!(
            "{header}\n甲,微信公众号,wx0123456789abcdef,局,市政府,,已备案,\n\
             乙,移动客户端,,局,市政府,,已备案,{apk}\n"
        ))
        .await;
    let secret = stage.run(&["poll", "--account", "甲"]).await.exits(1);
    let secret = secret.says(&["[connectors.wechat] secrets_file", "运维人员", "不是账号的问题"]);
    assert!(!secret.stdout.contains("无来源") && !secret.stdout.contains("credential/"));
    let app = stage.run(&["poll", "--account", "乙"]).await.exits(1);
    let app = app.says(&["能否下载:待核实", "系统会自动再试"]);
    for blame in ["核对账号标识", "(账号)"] {
        assert!(!app.stdout.contains(blame), "{}", app.stdout);
    }
    let status = stage.run(&["status"]).await.exits(0);
    let status = status.says(&["尚未取得数据 100.0%", "无来源 0.0%"]);
    assert!(status.stdout.contains("待核实"));
    let why = stage.run(&["explain", "甲"]).await.exits(0);
    assert!(!why.stdout.contains("无来源"), "{}", why.stdout);
    let precheck = stage.run(&["precheck", "--format", "text"]).await.exits(3);
    let precheck = precheck.says(&["[connectors.wechat] secrets_file"]);
    assert!(!precheck.stdout.contains("账号管理方"), "{}", precheck.stdout);
}

#[tokio::test]
async fn wrong_questions_are_answered_in_chinese_with_what_is_near() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "市教育局"), ("甲", "市公安局")]).replace("dy甲", "")).await;
    let unknown = stage.run(&["status", "--unit", "公安局"]).await.exits(0);
    assert!(unknown.stderr.contains("“公安局”的账号;是不是:市公安局"), "{}", unknown.stderr);
    let json = stage.run(&["status", "--unit", "公安局", "--json"]).await.exits(0);
    assert_eq!(json.json()["accounts"].as_array().unwrap().len(), 0);
    let none = stage.run(&["status", "--platform", "南方号"]).await.exits(0);
    assert!(none.stderr.contains("没有平台为“南方号”的账号"), "{}", none.stderr);
    let held = stage.run(&["status", "--unit", "市公安局", "--verdict", "预警"]).await.exits(0);
    assert!(held.stderr.is_empty(), "the unit is known: {}", held.stderr);
    let all = stage.json(&["status", "--json", "--verdict", "待核实"]).await;
    assert_eq!(account_of(&all, "甲")["verdict"], "undetermined");
    let twins = stage.run(&["explain", "甲"]).await.exits(2);
    twins.says(&["对应多个账号", "甲(抖音,市教育局)", "甲(抖音,市公安局)"]);
    let none = stage.run(&["explain", "市教育局甲"]).await.exits(2);
    none.says(&["没有账号 市教育局甲", "freshd export accounts"]);
    let wrong = stage.run(&["status", "--verdict", "good"]).await.exits(2);
    assert!(wrong.stdout.is_empty() && !wrong.stderr.contains("error"), "{}", wrong.stderr);
    wrong.says(&["不能写“good”", "可写:pass", "详见:freshd status --help"]);
    stage.run(&["help", "status"]).await.exits(0).says(&["用法:freshd status [选项]", "选项:"]);
    stage.run(&[]).await.exits(2).says(&["命令:", "checkup"]);
}

#[tokio::test]
async fn days_are_told_with_their_year() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let posted = days_ago(3);
    stage.run(&["confirm", "甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
    let deadline = civil::day(real_now() + TimeDelta::days(11));
    let told = stage.run(&["status"]).await.exits(0);
    assert!(told.stdout.contains(&format!("天({deadline})")), "{}", told.stdout);
}

#[tokio::test]
async fn notify_by_hand_tells_the_operators_of_a_missing_credential_once() {
    let mail = "from = \"a@example.gov.test\"\noperators = [\"ops@example.gov.test\"]\n";
    let stage = Stage::new(&format!("[mail]\n{mail}"));
    let header = super::stage::HEADER;
    stage.import(&format!("{header}\n甲,微信公众号,wx0123456789abcdef,局,市政府,,已备案,\n")).await;
    let polled = stage.run(&["poll", "--all"]).await.exits(1);
    polled.says(&["共采集 1 个账号,有故障 1 个(授权凭证 1)"]);
    let dry = stage.run(&["notify", "--dry-run"]).await.exits(0);
    dry.says(&["授权凭证类的故障 1 项,正式运行时会写信告知管理员", "wechat"]);
    let done = stage.run(&["notify"]).await.exits(0);
    done.says(&["授权凭证类的故障 1 项,已写信告知管理员", "ops@example.gov.test"]);
    let again = stage.run(&["notify"]).await.exits(0);
    assert!(!again.stdout.contains("授权凭证类"), "{}", again.stdout);
}
