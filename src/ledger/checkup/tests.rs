//! What a ledger is worth.

use super::*;
use crate::ledger::samples::with;

fn facts(source: &Source) -> Option<Facts> {
    let proves_silence = match source.connector.as_str() {
        "wechat" | "weibo" | "nanfang" => true,
        "feed" | "appstore" | "probe" => false,
        _ => return None,
    };
    Some(Facts { proves_silence, public: is_public(&source.connector) })
}

#[test]
fn a_ledger_is_counted_and_each_account_told_how_it_is_judged() {
    let parsed = with(
        "账号名称,平台,账号标识,主办单位,电子邮箱,主管邮箱,运行状态,采集方式",
        &[
            "甲,微信公众号,wx0123456789abcdef,局,a@b.cn,,,",
            "乙,微信公众号,gh_0123456789ab,局,,c@d.cn,,feed:https://a.cn/x",
            "丙,南方号,3392,局,,,,",
            "丁,抖音,,局,a@b.cn,,,",
            "丁,抖音,,局,,,已注销,",
            ",微博,1234567890,局,a@b.cn,,,",
        ],
    );
    let checkup = checkup(parsed, &facts);
    let class: Vec<Judged> = checkup.rows.iter().map(|row| row.class).collect();
    use Judged::{Auto, HitsOnly, None};
    assert_eq!(class, [Auto, HitsOnly, Auto, None, None, Auto]);
    assert_eq!(checkup.rows[0].judged_by, "wechat:能证明有更新,也能证明无更新(需要授权或登录凭据)");
    assert!(checkup.rows[0].public_sources.is_empty());
    assert_eq!(checkup.rows[2].public_sources, [Source::new("nanfang", "3392")]);
    assert!(checkup.rows[3].judged_by.contains("标识待补"));
    assert_eq!(checkup.rows[3].account.id.as_str(), "抖音:n-4");
    let wechat = checkup.by_platform["wechat"];
    assert_eq!((wechat.accounts, wechat.auto, wechat.hits_only), (2, 1, 1));
    let tiktok = checkup.by_platform["抖音"];
    assert_eq!((tiktok.accounts, tiktok.running, tiktok.lacks_handle), (2, 1, 2));
    assert_eq!((checkup.lacks_contact, checkup.lacks_handle, checkup.duplicates), (1, 2, 1));
    let text = checkup.text();
    for part in [
        "读懂 6 行、6 个账号(重复的行只算一次),其中在运行 5 个;有问题的行 1",
        "微信公众号:2 个,在运行 2;可自动判定 1,只能证有 1,无来源 0;标识待补 0",
        "必填的账号名称是空的",
        "无人可发邮件(本单位和主管单位都没有邮箱)(1):\n  第 4 行 丙(南方号)",
        "第 6 行 丁(抖音) 与第 5 行",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn it_can_be_written_as_json() {
    let checkup = checkup(with("账号名称,平台,主办单位", &["甲,微博,局"]), &facts);
    let json = serde_json::to_value(&checkup).unwrap();
    assert_eq!(json["rows"][0]["class"], "none");
    assert_eq!(json["by_platform"]["weibo"]["lacks_handle"], 1);
}

#[test]
fn a_store_says_only_whether_it_can_be_downloaded_and_a_repeated_row_is_no_further_account() {
    let columns = "账号名称,平台,账号标识,主办单位,采集方式";
    let rows = [
        "甲,移动客户端,,局,appstore:123456789",
        "乙,微博,1234567890,局,",
        "乙,微博,1234567890,局,",
    ];
    let checkup = checkup(with(columns, &rows), &facts);
    let app = &checkup.rows[0];
    assert_eq!(app.class, Judged::None);
    for part in ["appstore:只能判能否下载", "缺内容更新的来源"] {
        assert!(app.judged_by.contains(part), "{}", app.judged_by);
    }
    assert_eq!(checkup.by_platform["weibo"].accounts, 1);
    assert!(checkup.text().contains("读懂 3 行、2 个账号"), "{}", checkup.text());
}
