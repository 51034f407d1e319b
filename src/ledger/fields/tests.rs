//! The words of cells.

use super::*;

#[test]
fn status_words_are_understood_and_others_refused() {
    for (text, expected) in [
        ("", Lifecycle::Running),
        ("正常", Lifecycle::Running),
        ("关停办理中", Lifecycle::Closing),
        ("拟注销", Lifecycle::Closing),
        ("停用", Lifecycle::Closed),
        ("已注销", Lifecycle::Deregistered),
        ("closed", Lifecycle::Closed),
    ] {
        assert_eq!(lifecycle(text).ok(), Some(expected), "{text}");
    }
    assert!(lifecycle("差不多").is_err());
    for (text, expected) in [
        ("已备案", Filing::Filed),
        ("变更备案中", Filing::Changing),
        ("已注销备案", Filing::Withdrawn),
        ("未备案", Filing::Unfiled),
        ("", Filing::Unknown),
    ] {
        assert_eq!(filing(text).ok(), Some(expected), "{text}");
    }
    assert!(filing("也许").is_err());
    assert_eq!(level("县(区)级"), "县级");
    assert_eq!(level("功能区"), "功能区");
}

#[test]
fn addresses_are_split_and_checked() {
    let (good, wrong) = emails("a@b.cn;c.d@e.gov.cn\u{ff1b}f@g.cn、A@b.cn h\u{ff20}i.cn 无");
    assert_eq!(good, ["a@b.cn", "c.d@e.gov.cn", "f@g.cn", "h@i.cn"]);
    assert!(wrong.is_empty());
    for bad in
        ["a", "a@b", "@b.cn", "a@@b.cn", "a b@", "张@b.cn", "a@-b.cn", "a..b@c.cn", "a@b..cn"]
    {
        let (good, wrong) = emails(bad);
        assert!(good.is_empty() && !wrong.is_empty(), "{bad}");
    }
}

#[test]
fn menus_and_circulars() {
    let (entries, wrong) = menu("服务/办事指南=https://a.cn/x?y=1;首页\u{ff1d}#\n坏的;=x");
    assert_eq!(entries[0].0, ["服务", "办事指南"]);
    assert_eq!(entries[0].1, "https://a.cn/x?y=1");
    assert_eq!(entries[1], (vec!["首页".to_owned()], "#".to_owned()));
    let values: Vec<&str> = wrong.iter().map(|it| it.value.as_str()).collect();
    assert_eq!(values, ["坏的", "=x"]);
    let (said, wrong) = circular("2026q3\u{ff1a}content-stale;内容不更新;无;2026Q2:tired");
    assert_eq!(said, ["2026Q3:content-stale", "内容不更新"]);
    assert_eq!(wrong[0].value, "tired");
}

#[test]
fn sources_by_space_and_forgiven_semicolons() {
    let (good, wrong) =
        sources("feed:https://a.cn/x;y=1;probe:https://b.cn\nwechat:wx1 wechat:wx1 manual");
    let texts: Vec<String> = good.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["feed:https://a.cn/x;y=1", "probe:https://b.cn", "wechat:wx1"]);
    assert_eq!(wrong[0].value, "manual");
}

#[test]
fn the_unit_follows_the_second_level_of_the_region() {
    for (region, supervisor, unit) in [
        ("广东省/茂名市", "某办", "茂名市"),
        ("广东省\u{ff0f}茂名市/高州市", "", "茂名市"),
        ("广东省茂名市高州市", "", "茂名市"),
        ("广西壮族自治区南宁市", "", "南宁市"),
        ("云南省红河哈尼族彝族自治州", "", "红河哈尼族彝族自治州"),
        ("茂名市", "茂名市政府办", "茂名市政府办"),
        ("广东省", "省教育厅", "省教育厅"),
        ("", "省教育厅", "省教育厅"),
    ] {
        assert_eq!(default_unit(region, supervisor), unit, "{region}");
    }
}

#[test]
fn numbers_that_a_spreadsheet_rewrote_are_seen() {
    for text in ["1.23E+09", "1.23457E+18", "1e+10", "1.2e9", "5E+15"] {
        assert!(is_mangled(text), "{text}");
    }
    for text in ["1234567890", "gh_1e9", "E10", "1E9", "wx1.2", "C100404489", "cn.gov.e1", ""] {
        assert!(!is_mangled(text), "{text}");
    }
}

#[test]
fn what_hides_is_removed_and_counted() {
    assert_eq!(cleaned("茂\u{202e}名\u{200b}\n发布\u{7}", false), ("茂名发布".to_owned(), 3));
    assert_eq!(cleaned("a\nb", true), ("a\nb".to_owned(), 0));
}

#[test]
fn a_quarter_that_does_not_exist_is_no_plain_word() {
    for text in ["2026Q9:content-stale", "2026q0:filing", "上季:content-stale", "2026Q:safety"] {
        let (said, wrong) = circular(text);
        assert!(said.is_empty() && wrong[0].what == "没有这个季度", "{text}");
    }
    assert_eq!(circular("2026Q3 被通报:内容不更新").0.len(), 1, "a sentence");
    let (said, wrong) = circular("二季度被通报:内容不更新;2026q3:filing");
    assert_eq!(
        (said.join("|").as_str(), wrong.len()),
        ("二季度被通报:内容不更新|2026Q3:filing", 0)
    );
}
