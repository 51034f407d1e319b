//! Rows into accounts, and everything wrong at once.

use freshd_core::account::{Filing, Lifecycle};

use crate::ledger::samples::{parsed, told, with};

const HEADER: &str =
    "账号名称,平台,账号标识,主办单位,主管单位,地区,电子邮箱,运行状态,备案状态,采集方式,互动功能";

#[test]
fn a_full_row_becomes_an_account() {
    let parsed = parsed(include_str!("../../../config/ledger.example.csv"));
    assert_eq!(told(&parsed), [""; 0]);
    assert_eq!(parsed.rows.len(), 5);
    let wechat = &parsed.rows[0].account;
    assert_eq!(wechat.id.as_str(), "wechat:wx0123456789abcdef");
    assert_eq!(wechat.email.len(), 2);
    assert_eq!(wechat.menu[0].0, ["服务", "办事指南"]);
    assert_eq!(wechat.filing, Filing::Filed);
    assert_eq!(wechat.sources[0].to_string(), "wechat:wx0123456789abcdef");
    let weibo = &parsed.rows[1].account;
    assert_eq!(weibo.last_circular, ["2026Q3:content-stale"]);
    let app = &parsed.rows[3].account;
    assert_eq!(app.id.as_str(), "app:1234567890");
    assert_eq!(app.handle, "1234567890 cn.example.shilitong");
    assert_eq!(app.aliases, ["cn.example.shilitong"]);
    assert_eq!(app.sources.last().unwrap().to_string(), "probe:https://www.example.gov.cn/api/ask");
    assert_eq!(app.reporting_unit, "示例市");
    let tiktok = &parsed.rows[4].account;
    assert_eq!((tiktok.platform.as_str(), tiktok.id.as_str()), ("抖音", ""));
    assert_eq!((tiktok.lifecycle, tiktok.filing), (Lifecycle::Closing, Filing::Unknown));
}

#[test]
fn everything_wrong_with_a_row_is_told_at_once() {
    let rows = [",微博,1.23E+09,,主管,,a@b,差不多,也许,none:x bad,probe:bad"];
    let parsed = with(HEADER, &rows);
    let expected = [
        ("A 账号名称", "必填的账号名称是空的"),
        ("C 账号标识", "科学计数"),
        ("D 主办单位", "必填的主办单位是空的"),
        ("G 电子邮箱", "不是邮箱地址"),
        ("H 运行状态", "不认识的运行状态"),
        ("I 备案状态", "不认识的备案状态"),
        ("J 采集方式", "不是采集方式"),
        ("J 采集方式", "没有这个采集器"),
        ("K 互动功能", "目标不对"),
    ];
    let told = told(&parsed);
    for (column, what) in expected {
        let hit = |line: &&String| line.contains(column) && line.contains(what);
        assert!(told.iter().any(|line| hit(&line)), "{column} {what} in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    assert!(told.iter().all(|line| line.starts_with("台账.csv:第 2 行 ")), "{told:#?}");
}

#[test]
fn identifiers_beside_the_handle_become_aliases() {
    let columns = "名称,平台,账号标识,原始ID,主页链接,主办单位";
    let parsed = with(
        columns,
        &[
            "甲,微信公众号,wx0123456789abcdef,gh_0123456789ab,https://mp.weixin.qq.com/s/x,局",
            "乙,微信公众号,,gh_1123456789ab,,局",
            "丙,微博,,,https://weibo.com/u/1234567890,局",
        ],
    );
    assert_eq!(told(&parsed), [""; 0]);
    let [one, two, three] = [0, 1, 2].map(|at| &parsed.rows[at].account);
    assert_eq!(one.handle, "wx0123456789abcdef");
    assert_eq!(one.aliases, ["gh_0123456789ab", "https://mp.weixin.qq.com/s/x"]);
    assert_eq!(two.id.as_str(), "wechat:gh_1123456789ab");
    assert_eq!(three.id.as_str(), "weibo:1234567890");
    assert_eq!(three.aliases, ["https://weibo.com/u/1234567890"]);
    assert_eq!(three.sources[0].to_string(), "weibo:1234567890");
}

#[test]
fn unknown_columns_are_kept_and_the_number_is_not() {
    let parsed = with("序号,账号名称,平台,主办单位,粉丝数", &["1,甲,微博,局,9"]);
    assert_eq!(parsed.rows[0].account.extra.len(), 1);
    assert_eq!(parsed.rows[0].account.extra["粉丝数"], "9");
}

#[test]
fn what_hides_in_a_name_is_removed_and_said() {
    let parsed = with(HEADER, &["茂\u{202e}名\u{7},微博,1234567890,局,,,,,,,"]);
    assert_eq!(parsed.rows[0].account.name, "茂名");
    assert!(parsed.rows[0].notices[0].what.contains("2 个看不见的字符"));
}

#[test]
fn a_field_without_end_is_refused() {
    let row = format!("{},微博,1234567890,局,,,,,,,", "长".repeat(501));
    let parsed = with(HEADER, &[&row]);
    assert!(told(&parsed)[0].contains("太长(501 字),上限 500 字"), "{:?}", told(&parsed));
}

#[test]
fn a_near_app_id_is_pointed_out() {
    let parsed = with(HEADER, &["甲,微信公众号,wx0123456789abcdeg,局,,,,,,,"]);
    assert!(parsed.rows[0].problems.is_empty());
    assert!(parsed.rows[0].notices[0].what.contains("像 AppID"));
    assert_eq!(parsed.rows[0].account.handle, "wx0123456789abcdeg");
}

#[test]
fn what_is_probably_a_slip_is_worth_a_notice() {
    let parsed = with(
        "账号名称,平台,主办单位,层级",
        &["甲,抖音,局,市直", "乙,抖音,局,星球级", "丙,抖音,局,县级,多出来"],
    );
    assert_eq!(told(&parsed), [""; 0]);
    let notices: Vec<String> = parsed.all_notices().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("第 3 行") && notices[0].contains("星球级"), "{notices:?}");
    assert!(notices[1].contains("第 4 行 E 列") && notices[1].contains("没有表头"), "{notices:?}");
    assert_eq!(parsed.rows[1].account.level, "星球级");
}
