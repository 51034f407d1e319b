//! Is every mistake of an owner's form told at once, and is the next look where it was promised?

use super::*;

fn deed(act: &str) -> OwnerDeed {
    OwnerDeed { act: act.to_owned(), ..OwnerDeed::default() }
}

fn wrong(deed: &OwnerDeed) -> String {
    understood(deed).unwrap_err().join("\n")
}

#[test]
fn the_look_again_is_the_next_mornings_in_beijing() {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    for (now, then) in [
        ("2026-11-23T00:10:00+08:00", "2026-11-24T08:30:00+08:00"),
        ("2026-11-23T23:59:00+08:00", "2026-11-24T08:30:00+08:00"),
        ("2026-12-31T18:00:00Z", "2027-01-02T08:30:00+08:00"),
    ] {
        assert_eq!(recheck_at(at(now)), at(then), "{now}");
    }
}

#[test]
fn a_form_says_which_act_it_is() {
    let mut posted = deed("posted");
    assert_eq!(understood(&posted).unwrap().act, OwnerAct::PostedUnseen);
    posted.link = "https://mp.weixin.qq.com/s/x".to_owned();
    let said = understood(&posted).unwrap();
    assert_eq!((said.act, said.text.as_str()), (OwnerAct::Posted, posted.link.as_str()));
    let mut objection = deed("objection");
    assert!(wrong(&objection).contains("没有写异议"));
    objection.text = " 昨天\u{202e}发了\r\n\r\n  见公众号 ".to_owned();
    assert_eq!(understood(&objection).unwrap().text, "昨天发了\n见公众号");
    objection.text = "字".repeat(1_001);
    assert!(wrong(&objection).contains("1000 字"));
    assert!(wrong(&deed("")).contains("没有选") && wrong(&deed("fail")).contains("没有选"));
    assert_eq!(understood(&deed("working")).unwrap().act, OwnerAct::Working);
    assert_eq!(understood(&deed("closing")).unwrap().act, OwnerAct::Closing);
}

#[test]
fn a_successor_has_a_name_and_one_address() {
    let mut contact = deed("contact");
    contact.phone = "<b>".to_owned();
    contact.email = "no".to_owned();
    let all = wrong(&contact);
    assert!(all.contains("姓名") && all.contains("电话只写") && all.contains("“no”不是"), "{all}");
    contact.name = "李 四".to_owned();
    contact.phone = "0668-123 转 4".to_owned();
    contact.email = "li@a.gov.cn, x@b.gov.cn".to_owned();
    assert!(wrong(&contact).contains("写一个新联系人的邮箱"));
    contact.email = "li@a.gov.cn".to_owned();
    let heir = understood(&contact).unwrap().successor.unwrap();
    assert_eq!((heir.name.as_str(), heir.email.as_str()), ("李 四", "li@a.gov.cn"));
}

#[test]
fn a_menu_is_read_as_the_ledgers_cell_is() {
    let row = |path: &str, url: &str| (path.to_owned(), url.to_owned());
    let mut menu = deed("menu");
    assert!(wrong(&menu).contains("没有写菜单"));
    menu.menu = vec![
        row("服务/办事", ""),
        row("", "https://a.test"),
        row("a=b", "https://a.test"),
        row("新闻", "javascript:alert(1)"),
        row("新闻", "https://a.test;b"),
        row("信箱", "https://a.test/1"),
        row("信箱", "https://a.test/2"),
    ];
    let all = wrong(&menu);
    for no in [1, 2, 3, 4, 5, 7] {
        assert!(all.contains(&format!("第 {no} 项")), "{no}: {all}");
    }
    assert!(!all.contains("第 6 项"));
    menu.menu = vec![row("服务/办事", "https://a.test/?x=1&y=2"), row("信箱", "http://b.test")];
    let said = understood(&menu).unwrap();
    assert_eq!(said.text, "服务/办事=https://a.test/?x=1&y=2;信箱=http://b.test");
    assert_eq!(said.menu[0].0, ["服务", "办事"]);
    menu.menu = (0..5)
        .map(|n| row(&format!("a{n}"), &format!("https://a.test/{}", "x".repeat(900))))
        .collect();
    assert!(wrong(&menu).contains("太长"));
}
