//! Is every built-in connector there under its name, and does a handle lead to the right source?

use super::*;

#[test]
fn the_built_in_connectors_are_registered_under_their_names() {
    let registry = Registry::built_in(&Settings::default());
    let names: Vec<_> = registry.iter().map(|connector| &*connector.descriptor().name).collect();
    let expected = [
        "apk",
        "appstore",
        "article",
        "feed",
        "feed-complete",
        "huawei",
        "manual",
        "nanfang",
        "probe",
        "tencent",
        "wechat",
        "weibo",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_later_connector_of_the_same_name_wins() {
    let mut registry = Registry::built_in(&Settings::default());
    let before = registry.iter().count();
    registry.register(Arc::new(ManualConnector::new()));
    assert_eq!(registry.iter().count(), before);
}

#[test]
fn handles_lead_to_sources_where_they_suffice() {
    for (platform, handle, source) in [
        ("wechat", "wx0123456789abcdef", "wechat:wx0123456789abcdef"),
        ("wechat", " wx0123456789abcdef ", "wechat:wx0123456789abcdef"),
        ("wechat", "gh_0123456789ab", ""),
        ("wechat", "maoming-fabu", ""),
        ("wechat", "wxshort", ""),
        ("wechat", "https://mp.weixin.qq.com/s/abc", ""),
        ("weibo", "1234567890", "weibo:1234567890"),
        ("weibo", "https://weibo.com/u/1234567890", "weibo:1234567890"),
        ("weibo", "https://weibo.com/u/1234567890?tabtype=feed", "weibo:1234567890"),
        ("weibo", "https://m.weibo.cn/u/1234567890", "weibo:1234567890"),
        ("weibo", "https://weibo.com/1234567890/", "weibo:1234567890"),
        ("weibo", "https://weibo.com/1234567890/Pxyz", ""),
        ("weibo", "https://weibo.com/maoming", ""),
        ("weibo", "https://weibo.com.evil.example/u/1234567890", ""),
        ("weibo", "茂名发布", ""),
        ("nanfang", "3392", "nanfang:3392"),
        (
            "nanfang",
            "https://static.nfapp.southcn.com/nfh/shareNFNum/index.html?nfhId=3392",
            "nanfang:3392",
        ),
        ("nanfang", "https://m.nfapp.southcn.com/3392", "nanfang:3392"),
        ("nanfang", "茂名发布", ""),
        ("app", "1234567890", "appstore:1234567890"),
        ("app", "https://apps.apple.com/cn/app/%E8%8C%82/id1234567890", "appstore:1234567890"),
        (
            "app",
            "https://www.example.gov.cn/down/App.APK",
            "apk:https://www.example.gov.cn/down/App.APK",
        ),
        ("app", "C100404489", "huawei:C100404489"),
        ("app", "https://appgallery.huawei.com/app/C100404489", "huawei:C100404489"),
        ("app", "https://appgallery.huawei.com/#/app/C100404489?locale=zh_CN", "huawei:C100404489"),
        ("app", "https://appgallery.cloud.huawei.com/appdl/C100404489", "huawei:C100404489"),
        ("app", "https://appgallery.huawei.com/", ""),
        ("app", "https://sj.qq.com/appdetail/cn.gov.maoming.app", "tencent:cn.gov.maoming.app"),
        (
            "app",
            "https://a.app.qq.com/o/simple.jsp?pkgname=cn.gov.maoming.app",
            "tencent:cn.gov.maoming.app",
        ),
        ("app", "https://sj.qq.com/appdetail/none", ""),
        ("app", "https://sj.qq.com/", ""),
        (
            "app",
            "https://imtt2.dd.qq.com/sjy.00008/16891/apk/0.apk",
            "apk:https://imtt2.dd.qq.com/sjy.00008/16891/apk/0.apk",
        ),
        ("app", "https://www.example.gov.cn/app.html", ""),
        ("app", "com.example.app", ""),
        ("抖音", "1234567890", ""),
        ("weibo", "", ""),
        ("nanfang", "", ""),
    ] {
        let sources = default_sources(platform, handle);
        let shown = sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(shown, source, "{platform} {handle}");
    }
}

#[test]
fn every_default_source_is_admitted_by_its_connector() {
    let registry = Registry::built_in(&Settings::default());
    for (platform, handle) in [
        ("wechat", "wx0123456789abcdef"),
        ("weibo", "1234567890"),
        ("nanfang", "3392"),
        ("app", "1234567890"),
        ("app", "https://www.example.gov.cn/a.apk"),
        ("app", "https://appgallery.huawei.com/app/C100404489"),
        ("app", "https://sj.qq.com/appdetail/cn.gov.maoming.app"),
    ] {
        for source in default_sources(platform, handle) {
            if let Some(connector) = registry.find(&source.connector) {
                assert_eq!(connector.admit(&crate::Target::new(source.target)), Ok(()), "{handle}");
            }
        }
    }
}
