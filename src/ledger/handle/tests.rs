//! Identifiers as people write them.

use super::*;

#[test]
fn platforms_are_known_by_many_names_and_others_are_kept() {
    for (text, expected) in [
        ("微信公众号", "wechat"),
        ("订阅号", "wechat"),
        ("微信(服务号)", "wechat"),
        ("WeChat", "wechat"),
        ("新浪微博", "weibo"),
        ("微 博", "weibo"),
        ("南方号", "nanfang"),
        ("南方+", "nanfang"),
        ("移动客户端(APP)", "app"),
        ("移动客户端", "app"),
        ("App", "app"),
        ("抖音", "抖音"),
        ("微信视频号", "微信视频号"),
        ("小程序", "小程序"),
        ("腾讯微博", "腾讯微博"),
    ] {
        assert_eq!(platform_of(text), expected, "{text}");
    }
    assert_eq!(platform_in("2026年微信公众号台账"), Some("wechat"));
    assert_eq!(platform_in("微博、南方号"), None);
    assert_eq!(platform_in("微信视频号"), None);
    assert_eq!(platform_in("Sheet1"), None);
}

#[test]
fn each_kind_is_recognised_and_brought_into_one_spelling() {
    use Kind as K;
    for (platform, text, kind, spelt) in [
        ("wechat", "wx0123456789abcdef", K::AppId, "wx0123456789abcdef"),
        ("wechat", "Wx0123456789ABCDEF", K::AppId, "wx0123456789abcdef"),
        ("wechat", "GH_0123456789ab", K::OriginalId, "gh_0123456789ab"),
        ("wechat", "maoming-fabu", K::WechatName, "maoming-fabu"),
        ("wechat", "https://mp.weixin.qq.com/s/AbC-1", K::Link, "https://mp.weixin.qq.com/s/AbC-1"),
        ("weibo", "1234567890", K::WeiboUid, "1234567890"),
        ("weibo", "https://weibo.com/u/1234567890?x=1", K::WeiboUid, "1234567890"),
        ("weibo", "m.weibo.cn/profile/1234567890", K::WeiboUid, "1234567890"),
        ("weibo", "https://weibo.com/p/1005051234567890/home", K::WeiboUid, "1234567890"),
        ("weibo", "https://weibo.com/maoming", K::Link, "https://weibo.com/maoming"),
        ("weibo", "https://evil.com/u/1234567890", K::Link, "https://evil.com/u/1234567890"),
        ("nanfang", "1356", K::NanfangColumn, "1356"),
        (
            "nanfang",
            "https://static.nfapp.southcn.com/nfh/shareNFNum/index.html?nfhId=3392",
            K::NanfangColumn,
            "3392",
        ),
        ("nanfang", "https://m.nfapp.southcn.com/38", K::NanfangColumn, "38"),
        ("app", "1234567890", K::AppStoreId, "1234567890"),
        ("app", "https://apps.apple.com/cn/app/x/id1234567890?mt=8", K::AppStoreId, "1234567890"),
        ("app", "c100404489", K::HuaweiId, "C100404489"),
        ("app", "cn.gov.maoming.app", K::Package, "cn.gov.maoming.app"),
        ("app", "https://sj.qq.com/appdetail/cn.gov.x", K::Package, "cn.gov.x"),
        (
            "app",
            "https://www.example.gov.cn/app.apk",
            K::Link,
            "https://www.example.gov.cn/app.apk",
        ),
        ("抖音", "茂名发布 123", K::Other, "茂名发布 123"),
    ] {
        let got = classify(platform, text).unwrap();
        assert_eq!((got.kind, got.text.as_str()), (kind, spelt), "{platform} {text}");
        assert_eq!(got.link.is_some(), text.contains('/') && kind != K::Link, "{text}");
    }
    for (platform, text) in [
        ("wechat", "茂名发布"),
        ("wechat", "12345678"),
        ("weibo", "茂名发布"),
        ("weibo", "12"),
        ("nanfang", "南方"),
        ("app", "随便"),
    ] {
        assert!(classify(platform, text).is_err(), "{platform} {text}");
    }
}

#[test]
fn a_cell_may_hold_several_or_none() {
    let full = "wx1\u{ff1b}gh_2、abc\n原始ID\u{ff1a}gh_3";
    assert_eq!(split("wechat", full), ["wx1", "gh_2", "abc", "gh_3"]);
    assert_eq!(split("app", "123456 C100"), ["123456", "C100"]);
    assert_eq!(split("抖音", " 抖音号 abc "), ["抖音号 abc"]);
    for nothing in ["", "无", "-", "/", "待补", "N/A", "——"] {
        assert!(split("weibo", nothing).is_empty(), "{nothing}");
    }
    let link = "https://weibo.com/u/1234567890?a=b";
    assert_eq!(split("weibo", link), [link]);
}
