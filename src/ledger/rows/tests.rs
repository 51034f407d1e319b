//! Whole ledgers as offices send them.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::ledger::samples::{Build, encodings, rules, told, with};
use crate::ledger::table::read;

const CSV: &str = "某市政务新媒体台账,,,,\n填报单位:市政府办,,,,\n序号,新媒体名称,新媒体类型,账号标识,开办单位\n\
1,甲发布,订阅号,gh_0123456789ab,甲局\n2,乙发布,新浪微博,1234567890,乙局\n\n合计,2,,,\n填表人:张三,,审核人:李四,,\n（单位盖章）,,,,\n";

fn names(parsed: &Parsed) -> Vec<&str> {
    parsed.rows.iter().map(|row| row.account.name.as_str()).collect()
}

#[test]
fn a_real_looking_ledger_in_every_encoding() {
    for (name, bytes) in encodings(CSV) {
        let parsed = parse(&[read("台账.csv", &bytes).unwrap()], &rules());
        assert_eq!(told(&parsed), [""; 0], "{name}");
        assert_eq!(names(&parsed), ["甲发布", "乙发布"], "{name}");
        assert_eq!(parsed.rows[1].row_no, 5);
        assert_eq!(parsed.rows[1].account.id.as_str(), "weibo:1234567890");
        let passed: Vec<&str> = parsed.notices.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(passed, ["合计行,跳过", "签字或说明行,跳过", "签字或说明行,跳过"]);
    }
}

#[test]
fn a_workbook_with_title_merged_cells_footers_and_several_sheets() {
    let mut build = Build::new();
    build.sheet("微信公众号").row(&["茂名市政务新媒体台账"]);
    build.row(&["序号", "账号名称", "账号标识", "主办单位", "联系方式", ""]);
    build.row(&["", "", "", "", "联系人", "邮箱"]);
    build.row(&["1", "甲", "gh_0123456789ab", "茂名市政府办", "张三", "a@b.cn"]);
    build.row(&["2", "乙", "gh_1123456789ab", "", "李四", "c@d.cn"]);
    build.row(&["3", "丙", "", "", "", ""]);
    build.row(&["合计", "3 个"]).row(&["填表人:王五"]);
    build.merge(0, 0, 0, 5, "茂名市政务新媒体台账").merge(3, 3, 5, 3, "茂名市政府办");
    for (column, text) in [(0, "序号"), (1, "账号名称"), (2, "账号标识"), (3, "主办单位")]
    {
        build.merge(1, column, 2, column, text);
    }
    build.merge(1, 4, 1, 5, "联系方式");
    build.sheet("微博").row(&["账号名称", "平台", "账号标识", "主办单位"]);
    build.row(&["丁", "微博", "", "丁局"]).number(1, 2, 1_234_567_890.0);
    build.row(&["戊", "微博", "1.23E+09", "戊局"]);
    build.row(&["己", "微博", "", "己局"]).number(3, 2, 1.5);
    build.sheet("说明").row(&["填写说明", "请如实填写"]);
    build.sheet("草稿").row(&["账号名称", "平台", "主办单位"]).row(&["影", "微博", "局"]).hide();
    let parsed = parse(&[read("台账.xlsx", &build.bytes()).unwrap()], &rules());
    assert_eq!(names(&parsed), ["甲", "乙", "丙", "丁", "戊", "己"]);
    let sponsors: Vec<&str> = parsed.rows.iter().map(|row| row.account.sponsor.as_str()).collect();
    assert_eq!(sponsors[..3], ["茂名市政府办"; 3]);
    assert_eq!(parsed.rows[0].account.platform, "wechat");
    assert_eq!(parsed.rows[0].account.email, ["a@b.cn"]);
    assert_eq!(parsed.rows[0].account.contact, "张三");
    assert_eq!(parsed.rows[3].account.handle, "1234567890");
    let told = told(&parsed);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("工作表「微博」第 3 行 C 账号标识 列 值 «1.23E+09»"), "{told:#?}");
    assert!(told[1].contains("第 4 行") && told[1].contains("«1.5»"), "{told:#?}");
    let notices: Vec<String> = parsed.notices.iter().map(ToString::to_string).collect();
    for word in ["按表名都算作微信公众号", "「说明」没有表头", "「草稿」是隐藏的", "合计行", "签字"]
    {
        assert!(notices.iter().any(|notice| notice.contains(word)), "{word} in {notices:#?}");
    }
}

#[test]
fn both_rows_of_a_duplicate_are_named() {
    let columns = "账号名称,平台,账号标识,主办单位,曾用标识";
    let parsed = with(
        columns,
        &[
            "甲,微博,1234567890,局,",
            "乙,微博,https://weibo.com/u/1234567890,处,",
            "丙,微博,2234567890,局,1234567890",
            "丁,抖音,1234567890,局,",
        ],
    );
    let told = told(&parsed);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("第 3 行") && told[0].contains("与第 2 行是同一个账号标识"));
    assert!(told[1].contains("第 4 行") && told[1].contains("与第 2 行"), "{told:#?}");
    assert_eq!(parsed.rows[0].duplicate_of.as_deref(), Some("第 4 行"));
}

#[test]
fn rows_alike_without_a_handle_are_only_pointed_out() {
    let columns = "账号名称,平台,账号标识,主办单位";
    let parsed = with(columns, &["甲,微博,,局", "甲,微博,,局", "甲,微博,,别的局", "甲,抖音,,局"]);
    assert_eq!(told(&parsed), [""; 0]);
    let similar: Vec<bool> = parsed.rows.iter().map(|row| row.similar_to.is_some()).collect();
    assert_eq!(similar, [false, true, false, false]);
}

#[test]
fn a_second_file_with_the_same_account_is_told_by_name() {
    let text = "账号名称,平台,账号标识,主办单位\n甲,微博,1234567890,局\n";
    let books = ["a.csv", "b.csv"].map(|file| read(file, text.as_bytes()).unwrap());
    let parsed = parse(&books, &rules());
    assert!(told(&parsed)[0].starts_with("b.csv:第 2 行"), "{:?}", told(&parsed));
    assert!(told(&parsed)[0].contains("a.csv 第 2 行"));
}

#[test]
fn rows_of_real_accounts_are_never_taken_for_footers() {
    let columns = "序号,账号名称,平台,账号标识,主办单位,备注";
    let parsed = with(
        columns,
        &[
            "1,审核在线,微博,1234567890,市审核局,",
            "2,合计数据,微博,2234567890,统计局,合计",
            "序号,账号名称,平台,账号标识,主办单位,备注",
            "3,丙,微博,3234567890,局,",
            "4,,,,,",
        ],
    );
    assert_eq!(names(&parsed), ["审核在线", "合计数据", "丙"]);
}

/// A workbook and a CSV that every mangling starts from.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds);

fn seeds() -> Vec<Vec<u8>> {
    let mut build = Build::new();
    build.sheet("台账").row(&["账号名称", "平台", "账号标识", "主办单位"]);
    build.row(&["甲", "微博", "1234567890", "局"]).merge(3, 0, 5, 2, "并");
    let mut seeds: Vec<Vec<u8>> = encodings(CSV).into_iter().map(|(_, bytes)| bytes).collect();
    seeds.push(build.bytes());
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mangled_bytes_never_panic(
        seed in 0_usize..8,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        keep in 1_usize..=100,
    ) {
        let mut bytes = SEEDS[seed].clone();
        for (at, byte) in &cuts {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        bytes.truncate(bytes.len() * keep / 100);
        match read("坏.xlsx", &bytes) {
            Ok(book) => {
                let parsed = parse(&[book], &rules());
                prop_assert!(told(&parsed).iter().all(|line| !line.contains('\n')));
            }
            Err(problem) => prop_assert!(!problem.what.is_empty()),
        }
    }

    #[test]
    fn any_text_in_any_cell_is_an_account_or_a_problem(
        cells in proptest::collection::vec(".{0,40}", 11),
    ) {
        let header = "账号名称,平台,账号标识,主办单位,地区,电子邮箱,运行状态,采集方式,菜单地址,上次通报,曾用标识";
        let quoted: Vec<String> =
            cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"").replace('\0', ""))).collect();
        let parsed = with(header, &[&quoted.join(",")]);
        for row in &parsed.rows {
            let account = &row.account;
            let shown = account.name.chars().any(|c| c.is_control());
            prop_assert!(!shown);
            if row.problems.is_empty() {
                prop_assert!(!account.name.is_empty() && !account.sponsor.is_empty());
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_stands_beside_the_rows_of_the_others() {
    let good = "账号名称,平台,主办单位\n甲,微博,局\n".as_bytes().to_vec();
    let files = [("坏.xlsx".to_owned(), b"PK".to_vec()), ("好.csv".to_owned(), good)];
    let parsed = crate::ledger::read(&files, &rules());
    assert_eq!(names(&parsed), ["甲"]);
    assert!(told(&parsed)[0].starts_with("坏.xlsx "), "{:?}", told(&parsed));
}
