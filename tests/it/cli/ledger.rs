//! Does a ledger go in as it is, or not at all with every reason?

use encoding_rs::GBK;

use super::stage::{HEADER, Stage, account_of, ledger, workbook};

const BROKEN: &str = "\
账号名称,平台,账号标识,主办单位,主管单位,电子邮箱,备案状态,采集方式
甲,抖音,dy1,教育局,市政府,a@example.gov.test,已备案,
乙,微博,1.23E+09,教育局,市政府,b@example.gov.test,已备案,
丙,抖音,dy3,,市政府,c@example.gov.test,已备案,
丁,抖音,dy4,教育局,市政府,不是邮箱,已备案,
戊,抖音,dy5,教育局,市政府,e@example.gov.test,也许,
己,抖音,dy6,教育局,市政府,f@example.gov.test,已备案,wecaht:wx0123456789abcdef
";

async fn count(stage: &Stage) -> usize {
    stage.json(&["status", "--json"]).await["accounts"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_broken_ledger_says_every_cell_and_imports_nothing() {
    let stage = Stage::new("");
    stage.write("broken.csv", BROKEN);
    let told = stage.run(&["import", "broken.csv"]).await.exits(2);
    let expected = [
        ("第 3 行", "账号标识", "1.23E+09"),
        ("第 4 行", "主办单位", ""),
        ("第 5 行", "电子邮箱", "不是邮箱"),
        ("第 6 行", "备案状态", "也许"),
        ("第 7 行", "采集方式", "wecaht"),
    ];
    for (row, column, value) in expected {
        let line = told.stdout.lines().find(|line| {
            line.contains("broken.csv") && line.contains(row) && line.contains(column)
        });
        let line = line.unwrap_or_else(|| panic!("nothing of {row} {column}:\n{}", told.stdout));
        assert!(line.contains(value), "{line}");
    }
    assert_eq!(count(&stage).await, 0, "nothing was imported");
    stage.run(&["import", "nowhere.csv"]).await.exits(2).says(&["nowhere.csv"]);
    let several = ["import", "nowhere.csv", "broken.csv", "--good-rows"];
    let both = stage.run(&several).await.exits(2);
    let both = both.says(&["nowhere.csv", "没有这个文件或目录", "第 6 行", "也许"]);
    assert!(!both.stdout.contains("os error"), "{}", both.stdout);
    assert_eq!(count(&stage).await, 0, "a mistyped name is no bad row");
}

#[tokio::test]
async fn all_problems_are_told_however_many() {
    let stage = Stage::new("");
    let rows: String = (0..130).map(|n| format!("号{n},抖音,dy{n},,,,,\n")).collect();
    stage.write("many.csv", format!("{HEADER}\n{rows}"));
    let told = stage.run(&["import", "many.csv"]).await.exits(2);
    for n in [2, 60, 131] {
        assert!(told.stdout.contains(&format!("第 {n} 行")), "row {n} is told");
    }
}

#[tokio::test]
async fn good_rows_go_in_and_the_rest_is_returned() {
    let stage = Stage::new("");
    stage.write("broken.csv", BROKEN);
    let args = ["import", "broken.csv", "--good-rows", "--return", "back.xlsx"];
    stage.run(&args).await.exits(0);
    assert_eq!(count(&stage).await, 1);
    let sheets = workbook(&stage.path("back.xlsx"));
    let rows = &sheets[0].1;
    let reasons = rows[0].iter().position(|cell| cell == "问题说明").unwrap();
    let name = rows[0].iter().position(|cell| cell == "账号名称").unwrap();
    assert_eq!(rows.len(), 7);
    for row in &rows[1..] {
        assert_eq!(row[reasons].is_empty(), row[name] == "甲", "{row:?}");
    }
    assert!(rows.iter().any(|row| row[reasons].contains("1.23E+09")));
    let only = Stage::new("");
    only.write("broken.csv", BROKEN);
    only.run(&["import", "broken.csv", "--return", "back.xlsx"]).await.exits(2);
    assert_eq!(workbook(&only.path("back.xlsx"))[0].1.len(), 7, "returned although refused");
    assert_eq!(count(&only).await, 0);
}

#[tokio::test]
async fn a_dry_run_shows_the_differences_and_changes_nothing() {
    let stage = Stage::new("");
    stage.write("one.csv", ledger(&[("甲", "教育局")]));
    stage.run(&["import", "one.csv", "--dry-run"]).await.exits(0).says(&["新增 1", "甲"]);
    assert_eq!(count(&stage).await, 0);
    stage.run(&["import", "one.csv"]).await.exits(0).says(&["新增 1", "已导入"]);
    stage.run(&["import", "one.csv"]).await.exits(0).says(&["新增 0", "不变 1"]);
    let moved = ledger(&[("甲", "教育局")]).replace("市政府", "省政府");
    stage.write("two.csv", moved);
    let shown = stage.run(&["import", "two.csv", "--dry-run"]).await.exits(0);
    let shown = shown.says(&["变更 1", "市政府", "省政府"]);
    assert!(shown.stdout.contains("试运行"));
    let status = stage.json(&["status", "--json"]).await;
    assert_eq!(account_of(&status, "甲")["supervisor"], "市政府");
}

#[tokio::test]
async fn a_row_that_changes_keeps_its_history() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let posted = super::stage::days_ago(2);
    stage.run(&["confirm", "甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
    let before = stage.json(&["status", "--json"]).await;
    stage.import(&ledger(&[("甲", "教育局")]).replace("市政府", "省政府")).await;
    let after = stage.json(&["status", "--json"]).await;
    assert_eq!(account_of(&after, "甲")["supervisor"], "省政府");
    let (before, after) = (account_of(&before, "甲"), account_of(&after, "甲"));
    assert_eq!(before["last_update"], after["last_update"]);
    assert_eq!((&after["verdict"], &before["id"]), (&"pass".into(), &after["id"]));
}

#[tokio::test]
async fn gbk_and_title_rows_are_read() {
    let stage = Stage::new("");
    let text = format!("二〇二六年政务新媒体台账,,,,,,,\n{}", ledger(&[("茂名发布", "教育局")]));
    let (bytes, _, lossy) = GBK.encode(&text);
    assert!(!lossy);
    stage.write("gbk.csv", &bytes);
    stage.run(&["import", "gbk.csv"]).await.exits(0);
    let status = stage.json(&["status", "--json"]).await;
    assert_eq!(account_of(&status, "茂名发布")["sponsor"], "教育局");
}

#[tokio::test]
async fn replace_marks_only_the_units_of_the_file_and_asks_when_many_go() {
    let stage = Stage::new("");
    let all = [("甲", "教育局"), ("乙", "教育局"), ("丙", "卫健局")];
    let unit = |text: String| text.replace("市政府", "同一通报");
    let mut csv = String::from("账号名称,平台,账号标识,主办单位,通报对象\n");
    for (name, unit) in all {
        csv.push_str(&format!("{name},抖音,dy{name},{unit},{unit}\n"));
    }
    stage.import(&csv).await;
    let fewer: String = csv
        .lines()
        .filter(|line| !line.starts_with(['乙', '丙']))
        .map(|l| format!("{l}\n"))
        .collect();
    stage.write("fewer.csv", unit(fewer));
    let refused = stage.run(&["import", "fewer.csv", "--replace"]).await.exits(2);
    assert!(refused.stdout.contains("--yes"), "one of three is more than 2 %: {}", refused.stdout);
    let marked = async |name: &str| {
        account_of(&stage.json(&["status", "--json"]).await, name)["to_remove"].clone()
    };
    assert_eq!(marked("乙").await, false);
    stage.run(&["import", "fewer.csv", "--replace", "--yes"]).await.exits(0);
    assert_eq!(marked("乙").await, true);
    assert_eq!(marked("丙").await, false, "another unit's accounts are not touched");
    assert_eq!(marked("甲").await, false);
}

#[tokio::test]
async fn a_return_that_cannot_be_written_or_is_the_ledger_itself_changes_nothing() {
    let stage = Stage::new("");
    let csv = ledger(&[("甲", "教育局")]);
    let path = stage.write("one.csv", &csv);
    std::os::unix::fs::symlink(&path, stage.path("link.csv")).unwrap();
    let nowhere = ["import", "one.csv", "--return", "nowhere/x.xlsx"];
    stage.run(&nowhere).await.exits(2).says(&["无法写入", "nowhere/x.xlsx", "没有这个文件或目录"]);
    for target in ["one.csv", "./one.csv", "link.csv"] {
        for dry in [&["--dry-run"][..], &[]] {
            let args = [&["import", "one.csv", "--return", target], dry].concat();
            stage.run(&args).await.exits(2).says(&["不能覆盖"]);
        }
    }
    let own = ["checkup", "one.csv", "--offline", "-o", "one.csv"];
    stage.run(&own).await.exits(2).says(&["不能覆盖"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    assert_eq!(count(&stage).await, 0, "nothing was imported");
    stage.run(&["import", "one.csv", "--return", "back.xlsx"]).await.exits(0);
    assert_eq!(count(&stage).await, 1);
}

#[tokio::test]
async fn an_exported_ledger_fills_an_empty_store_with_everything() {
    let stage = Stage::new("");
    let header = "账号名称,平台,账号标识,主办单位,主管单位,通报对象,地区,层级,联系人,联系电话,电子邮箱,责任领导,\
                  责任人邮箱,主管单位邮箱,备案状态,运行状态,采集方式,菜单地址,互动功能,上季度通报情况,备注,自有列";
    let row = "甲,抖音,dy1,局,市政府,茂名市,广东省/茂名市,市级,张三,13800138000,a@b.test;c@b.test,李四,\
               d@b.test,e@b.test,已备案,关停办理中,feed:https://a.example/f manual:x,服务/指南=https://a.example/z,\
               留言,被通报一次,一句话,自有";
    stage.import(&format!("{header}\n{row}\n乙,微博,1234567890,局,,,,,,,,,,,,,,,,,,\n")).await;
    let export = ["export", "ledger", "--format", "csv"];
    let first = stage.run(&[&export[..], &["-o", "out.csv"]].concat()).await.exits(0);
    drop(first);
    let bytes = std::fs::read(stage.path("out.csv")).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for part in ["张三", "13800138000", "a@b.test;c@b.test", "feed:https://a.example/f", "自有列"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let other = Stage::new("");
    other.write("in.csv", &bytes);
    other.run(&["import", "in.csv"]).await.exits(0);
    other.run(&[&export[..], &["-o", "out.csv"]].concat()).await.exits(0);
    let again = String::from_utf8(std::fs::read(other.path("out.csv")).unwrap()).unwrap();
    assert_eq!(again, text);
}
