//! Is the patrol list right, does its sheet come back, and is nothing accused on one person's word?

use freshd_sim::world::Kind;
use serde_json::Value;

use super::stage::{Province, Stage, account_of, days_ago, ledger, workbook};

const CONFIG: &str = "[patrol]\npeople = [\"张三\", \"李四\"]\ndaily = 3\nseconds_each = 40\n";
const PNG: &[u8] = include_bytes!("../../../src/cli/demo/screenshot.png");
const HEADS: [&str; 9] = [
    "账号编号",
    "账号名称",
    "结果",
    "最新发布时间",
    "文章链接",
    "核查人",
    "查看时间",
    "截图文件名",
    "说明",
];

/// Writes a filled sheet.
fn fill(stage: &Stage, name: &str, rows: &[[&str; 9]]) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet();
    for (line, row) in (0..).zip(std::iter::once(&HEADS).chain(rows)) {
        for (at, text) in (0..).zip(row) {
            page.write_string(line, at, *text).unwrap();
        }
    }
    stage.write(name, book.save_to_buffer().unwrap());
}

async fn id(stage: &Stage, name: &str) -> String {
    let status = stage.json(&["status", "--json"]).await;
    account_of(&status, name)["id"].as_str().unwrap().to_owned()
}

async fn ids(stage: &Stage, names: [&str; 4]) -> [String; 4] {
    let status = stage.json(&["status", "--json"]).await;
    names.map(|name| account_of(&status, name)["id"].as_str().unwrap().to_owned())
}

fn names(list: &Value) -> Vec<&str> {
    list["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_list_names_who_looks_at_what_and_how_much_it_is() {
    let stage = Stage::new(CONFIG);
    let rows: Vec<String> = (0..8).map(|n| format!("号{n}")).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|name| (name.as_str(), "教育局")).collect();
    stage.import(&ledger(&rows)).await;
    let list = stage.json(&["patrol", "list", "--json"]).await;
    assert_eq!((list["load"]["unproven"].as_u64(), list["beyond"].as_u64()), (Some(8), Some(2)));
    assert_eq!(names(&list).len(), 6, "three a person");
    let mut again = stage.json(&["patrol", "list", "--json"]).await;
    again["as_of"] = list["as_of"].clone();
    assert_eq!(list, again, "the same list all day");
    let own = stage.json(&["patrol", "list", "--json", "--person", "张三"]).await;
    assert!(own["tasks"].as_array().unwrap().iter().all(|task| task["person"] == "张三"));
    assert_eq!(own["tasks"].as_array().unwrap().len(), 3);
    let told = stage.run(&["patrol", "list", "--all"]).await.exits(0);
    let told =
        told.says(&["8 个待核实账号,按 14 天一轮每天约 1 个,按每个 40 秒约 1 分钟", "从未核查"]);
    assert_eq!(told.stdout.matches("教育局").count(), 8);
    stage.run(&["patrol", "list", "--person", "王五"]).await.exits(2).says(&["没有核查人 王五"]);
    stage.run(&["patrol", "list", "--day", &days_ago(3)]).await.exits(2).says(&["今天到今后"]);
    stage.run(&["patrol", "export", "-o", "list.xlsx"]).await.exits(0);
    let book = workbook(&stage.path("list.xlsx"));
    assert_eq!((book[0].0.as_str(), book[0].1.len()), ("核查单", 7));
    assert_eq!(book[0].1[0][8], "结果");
    assert_eq!(book[0].1[1][15], list["tasks"][0]["id"].as_str().unwrap());
    stage.run(&["patrol", "import", "list.xlsx"]).await.exits(0).says(&["还没有看 6 行"]);
}

#[tokio::test]
async fn answers_count_as_far_as_they_prove_and_twice_is_once() {
    let stage = Stage::new(CONFIG);
    stage.import(&ledger(&[("甲", "局"), ("乙", "局"), ("丙", "局"), ("丁", "局")])).await;
    let [a, b, c, d] = ids(&stage, ["甲", "乙", "丙", "丁"]).await;
    let (posted, seen) = (days_ago(1), days_ago(0));
    fill(
        &stage,
        "one.xlsx",
        &[
            [&a, "甲", "有更新", &posted, "", "张三", &seen, "", ""],
            [&b, "乙", "未见更新", "", "", "张三", &seen, "", "逐条看过"],
            [&c, "丙", "搜不到账号", "", "", "张三", &seen, "", ""],
            [&d, "丁", "菜单异常", "", "", "张三", &seen, "", "第二项打不开"],
        ],
    );
    stage
        .run(&["patrol", "import", "one.xlsx", "--dry-run"])
        .await
        .exits(0)
        .says(&["可以登记 4 行"]);
    assert_eq!(stage.verdict("甲").await, "undetermined", "a trial changes nothing");
    stage.run(&["patrol", "import", "one.xlsx"]).await.exits(0).says(&["登记了 4 行"]);
    let before = stage.json(&["status", "--json"]).await;
    let seen = stage.run(&["export", "observations", "--format", "jsonl"]).await.exits(0);
    let again = stage.run(&["patrol", "import", "one.xlsx"]).await.exits(0);
    again.says(&["登记了 0 行,已登记过 4 行"]);
    let now = stage.run(&["export", "observations", "--format", "jsonl"]).await.exits(0);
    assert_eq!((seen.stdout.lines().count(), &seen.stdout), (1, &now.stdout));
    let verdicts =
        ["甲", "乙", "丙", "丁"].map(|name| account_of(&before, name)["verdict"].as_str().unwrap());
    assert_eq!(verdicts, ["pass", "undetermined", "undetermined", "undetermined"]);
    stage.run(&["explain", &c]).await.exits(0).says(&["张三", "搜不到账号"]);
    stage.run(&["explain", &d]).await.exits(0).says(&["第二项打不开", "需人工复核"]);

    let list = stage.json(&["patrol", "list", "--json"]).await;
    assert!(!names(&list).contains(&"甲"), "a post gives days");
    let task = list["tasks"].as_array().unwrap().iter().find(|task| task["name"] == "乙").unwrap();
    assert_eq!(
        (task["why"].as_str(), task["person"].as_str()),
        (Some("second_person"), Some("李四"))
    );
    fill(&stage, "two.xlsx", &[[&b, "乙", "未见更新", "", "", "李四", &days_ago(0), "", ""]]);
    stage.run(&["patrol", "import", "two.xlsx"]).await.exits(0).says(&["疑似不达标"]);
    assert_eq!(stage.verdict("乙").await, "fail", "two persons");
    let list = stage.json(&["patrol", "list", "--json", "--all"]).await;
    assert!(!names(&list).contains(&"乙"), "what counted asks for nobody yet: {list}");
    fill(&stage, "gone.xlsx", &[[&c, "丙", "搜不到账号", "", "", "李四", &days_ago(0), "", ""]]);
    stage.run(&["patrol", "import", "gone.xlsx"]).await.exits(0);
    assert_eq!(stage.verdict("丙").await, "undetermined", "an empty answer never accuses");
    let told = stage.run(&["patrol", "list"]).await.exits(0);
    told.says(&["两人都搜不到,请核对台账的账号标识"]);
}

#[tokio::test]
async fn a_picture_counts_alone_and_must_be_one() {
    let stage = Stage::new(CONFIG);
    stage.import(&ledger(&[("甲", "局")])).await;
    let id = id(&stage, "甲").await;
    std::fs::create_dir(stage.path("shots")).unwrap();
    stage.write("shots/a.png", PNG);
    stage.write("shots/b.png", b"MZ\x90\0 a program");
    let seen = days_ago(0);
    let row = |picture| [id.as_str(), "甲", "未见更新", "", "", "", seen.as_str(), picture, ""];
    for (picture, told) in
        [("b.png", "不是图片"), ("c.png", "没有这个文件"), ("../freshd.toml", "没有收到这个文件")]
    {
        fill(&stage, "bad.xlsx", &[row(picture)]);
        let import = ["patrol", "import", "bad.xlsx", "--files", "shots", "--by", "张三"];
        stage.run(&import).await.exits(2).says(&[told, "截图文件名", "什么都没有改变"]);
    }
    fill(&stage, "good.xlsx", &[row("a.png")]);
    let import = ["patrol", "import", "good.xlsx", "--files", "shots"];
    stage.run(&import).await.exits(2).says(&["没有写核查人"]);
    stage.run(&[&import[..], &["--by", "张三"]].concat()).await.exits(0).says(&["疑似不达标"]);
    let status = stage.json(&["status", "--json"]).await;
    let evidence = &account_of(&status, "甲")["rulings"][0]["evidence"];
    assert!(!evidence[0]["id"].as_str().unwrap().is_empty(), "kept by its hash: {evidence}");
}

#[tokio::test]
async fn every_mistake_is_told_at_once_and_nothing_changes() {
    let stage = Stage::new(CONFIG);
    stage.import(&ledger(&[("甲", "局"), ("乙", "局")])).await;
    let a = id(&stage, "甲").await;
    let (yesterday, tomorrow, now) = (days_ago(1), days_ago(-1), days_ago(0));
    fill(
        &stage,
        "bad.xlsx",
        &[
            [&a, "甲", "有更新", &yesterday, "", "张三", &now, "", ""],
            [&a, "甲", "有更新", &tomorrow, "", "张三", &now, "", ""],
            [&a, "甲", "有更新", &now, "", "张三", &yesterday, "", ""],
            [&a, "甲", "有更新", "", "", "张三", &now, "", ""],
            [&a, "甲", "未见更新", "", "", "张三", &tomorrow, "", ""],
            ["抖音:无", "丙", "未见更新", "", "", "张三", &now, "", ""],
            [&a, "甲", "不清楚", "", "", "张三", "前年吧", "", ""],
        ],
    );
    let told = stage.run(&["patrol", "import", "bad.xlsx"]).await.exits(2);
    let told = told.says(&[
        "发布时间在将来",
        "发布时间晚于查看时间",
        "没有写何时发布",
        "查看时间在将来",
        "没有账号 抖音:无",
        "没有这种结果",
        "看不懂这个时间",
        "共 7 个问题,什么都没有改变",
    ]);
    assert!(told.stdout.contains("第 3 行 D 最新发布时间"), "{}", told.stdout);
    assert_eq!(stage.verdict("甲").await, "undetermined");
    let good = stage.run(&["patrol", "import", "bad.xlsx", "--good-rows"]).await.exits(0);
    good.says(&["登记了 1 行"]);
    assert_eq!(stage.verdict("甲").await, "pass");
    stage.write("other.csv", "姓名,电话\n张三,1\n");
    stage.run(&["patrol", "import", "other.csv"]).await.exits(2).says(&["表头"]);
    stage.run(&["patrol", "import", "none.xlsx"]).await.exits(2).says(&["none.xlsx"]);
}

#[tokio::test]
async fn a_link_on_the_sheet_is_opened_and_must_be_the_accounts_own() {
    let province = Province::start(60).await;
    province.import().await;
    let posters: Vec<_> = province
        .world
        .accounts
        .iter()
        .filter(|it| matches!(it.kind, Kind::Wechat { .. } | Kind::Bridge) && it.gone.is_none())
        .filter_map(|it| Some((it, it.visible(province.now).next()?.0)))
        .collect();
    let (own, number) = posters[0];
    let (id, other) = (own.id.as_str(), posters[1].0.id.as_str());
    let url = province.platforms.article_link(own, number);
    let now = days_ago(0);
    fill(&province.stage, "other.xlsx", &[[other, "", "有更新", "", &url, "张三", &now, "", ""]]);
    let refused = province.stage.run(&["patrol", "import", "other.xlsx"]).await.exits(2);
    refused.says(&["文章链接", "什么都没有改变"]);
    fill(&province.stage, "own.xlsx", &[[id, "", "有更新", "", &url, "张三", &now, "", ""]]);
    province.stage.run(&["patrol", "import", "own.xlsx"]).await.exits(0).says(&["登记了 1 行"]);
    let asked = province.platforms.log.total();
    let again = province.stage.run(&["patrol", "import", "own.xlsx"]).await.exits(0);
    again.says(&["已登记过 1 行"]);
    assert_eq!(province.platforms.log.total(), asked, "what is known is not opened again");
}

#[tokio::test]
async fn the_links_of_a_sheet_are_opened_side_by_side() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let net = "[net]\nallow_private = [\"127.0.0.0/8\"]\ntimeout_s = 3\n";
    let stage = Stage::new(&format!("{CONFIG}{net}"));
    stage.import(&ledger(&[("甲", "局"), ("乙", "局"), ("丙", "局"), ("丁", "局")])).await;
    let [a, b, ..] = ids(&stage, ["甲", "乙", "丙", "丁"]).await;
    let (now, one, two) = (days_ago(0), format!("{base}/1"), format!("{base}/2"));
    let rows = [
        [&a, "甲", "有更新", "", &one, "张三", &now, "", ""],
        [&b, "乙", "有更新", "", &two, "张三", &now, "", ""],
    ];
    fill(&stage, "links.xlsx", &rows);
    // Nobody is answered before both have come.
    let serve = async {
        let mut lines = [listener.accept().await.unwrap().0, listener.accept().await.unwrap().0];
        for line in &mut lines {
            let mut asked = [0; 2048];
            let _read = line.read(&mut asked).await;
            let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _written = line.write_all(answer.as_bytes()).await;
        }
    };
    let (told, ()) = tokio::join!(stage.run(&["patrol", "import", "links.xlsx"]), serve);
    let told = told.exits(2).says(&["共 2 个问题", "什么都没有改变"]);
    assert!(!told.stdout.contains("超时"), "{}", told.stdout);
    let place = |what: &str| told.stdout.find(what).unwrap_or(usize::MAX);
    assert!(place("第 2 行") < place("第 3 行"), "in the sheet's order: {}", told.stdout);
}

#[tokio::test]
async fn who_is_not_on_the_list_of_people_has_seen_nothing() {
    let stage = Stage::new(CONFIG);
    stage.import(&ledger(&[("甲", "局"), ("乙", "局"), ("丙", "局")])).await;
    let list = ["甲", "乙", "丙", "丙"];
    let [a, b, c, _] = ids(&stage, list).await;
    let (posted, seen) = (days_ago(1), days_ago(0));
    fill(
        &stage,
        "in.xlsx",
        &[
            [&a, "甲", "有更新", &posted, "", " 张 三 ", &seen, "", ""],
            [&b, "乙", "有更新", &posted, "", "王五", &seen, "", ""],
            [&c, "丙", "有更新", &posted, "", "", &seen, "", ""],
        ],
    );
    let words = ["王五", "核查人", "张三、李四", "[patrol] people", "第 3 行"];
    let import = ["patrol", "import", "in.xlsx", "--by", "李四"];
    stage.run(&import).await.exits(2).says(&words).says(&["什么都没有改变"]);
    assert_eq!(stage.verdict("甲").await, "undetermined");
    let by = ["patrol", "import", "in.xlsx", "--by", "赵六"];
    stage.run(&by).await.exits(2).says(&["--by", "赵六", "[patrol] people"]);
    let good = ["patrol", "import", "in.xlsx", "--by", "李四", "--good-rows"];
    stage.run(&good).await.exits(0).says(&words[..4]).says(&["登记了 2 行"]);
    assert_eq!(stage.verdict("甲").await, "pass");
    assert_eq!(stage.verdict("乙").await, "undetermined", "nothing of that row counts");
    assert_eq!(stage.verdict("丙").await, "pass");
}

#[tokio::test]
async fn a_picture_that_is_no_file_of_that_folder_is_not_read() {
    let stage = Stage::new(CONFIG);
    stage.import(&ledger(&[("甲", "局"), ("乙", "局")])).await;
    let [a, b, ..] = ids(&stage, ["甲", "乙", "甲", "乙"]).await;
    let pictures = stage.path("pictures");
    std::fs::create_dir(&pictures).unwrap();
    stage.write("secret.png", PNG);
    std::os::unix::fs::symlink(stage.path("secret.png"), pictures.join("link.png")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(pictures.join("pipe.png")).status();
    assert!(made.unwrap().success());
    let now = days_ago(0);
    let rows = [
        [a.as_str(), "甲", "未见更新", "", "", "张三", &now, "link.png", ""],
        [b.as_str(), "乙", "未见更新", "", "", "张三", &now, "pipe.png", ""],
    ];
    fill(&stage, "in.xlsx", &rows);
    let import = ["patrol", "import", "in.xlsx", "--files", pictures.to_str().unwrap()];
    let limit = std::time::Duration::from_secs(30);
    let told =
        tokio::time::timeout(limit, stage.run(&import)).await.expect("a pipe holds nobody up");
    let told = told.exits(2).says(&["第 2 行", "第 3 行", "什么都没有改变"]);
    assert_eq!(told.stdout.matches("不是普通文件").count(), 2, "{}", told.stdout);
}
