//! Is an article taken for its own account only, and bound where its name agrees?

use freshd_core::account::Source;
use freshd_core::id::AccountId;

use super::*;

fn page(name: &str, ids: &[&str]) -> Identity {
    let ids = ids.iter().map(|it| (*it).to_owned()).collect();
    Identity(Whose { platform: platform::WECHAT, name: name.to_owned(), ids, ..Whose::default() })
}

fn account(handle: &str, aliases: &[&str]) -> Account {
    Account {
        id: AccountId::of("wechat", if handle.is_empty() { "n-7" } else { handle }),
        name: "茂名发布".to_owned(),
        platform: platform::WECHAT.to_owned(),
        handle: handle.to_owned(),
        sponsor: "市府办".to_owned(),
        aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
        ..Account::default()
    }
}

const BIZ: &str = "MzA1MjM4NzY1NA==";
const GH: &str = "gh_fe02be2b2ff0";

#[test]
fn what_the_ledger_says_is_not_contradicted() {
    let read = page("茂名发布", &[BIZ, GH]);
    let contradicted = [
        account("gh_other1234567", &[]),
        account("wx0123456789abcdef", &["gh_other1234567"]),
        account("", &["MzI5OTk5OTk5OQ=="]),
        Account { handle: "mmfb".to_owned(), ..account("gh_other1234567", &[]) },
        // Bound to the biz, and yet the original id is another's.
        account("gh_other1234567", &[BIZ]),
        Account { platform: "weibo".to_owned(), ..account("", &[]) },
    ];
    for account in contradicted {
        let why = read.belongs_to(&account).unwrap_err();
        assert!(why.contains("没有采用") && why.contains("茂名发布"), "{why}");
    }
    for account in [account("GH_FE02BE2B2FF0", &[]), account("", &[BIZ]), account("wx01", &[])] {
        assert_eq!(read.belongs_to(&account), Ok(()));
    }
    let moved = account("gh_other1234567", &[]);
    let moved = Account { previous_handle: GH.to_owned(), ..moved };
    assert_eq!(read.belongs_to(&moved), Ok(()), "its former self's");
}

#[test]
fn a_first_use_wants_the_name() {
    let free = account("", &[]);
    assert_eq!(page("茂名 发布", &[GH]).belongs_to(&free), Ok(()));
    for read in [page("别名", &[GH]), page("", &[GH]), page("别名", &[])] {
        let why = read.belongs_to(&free).unwrap_err();
        assert!(why.contains("茂名发布") && why.contains("不能绑定"), "{why}");
    }
    let silent = page("", &[]).belongs_to(&free).unwrap_err();
    assert!(silent.contains("没有写明是哪个账号"), "{silent}");
    assert_eq!(page("别名", &[GH]).belongs_to(&account("", &[GH])), Ok(()), "renamed since");
    let mut known = page("别名", &[GH]);
    known.0.wechat_id = Some("MMFB".to_owned());
    assert_eq!(known.belongs_to(&account("mmfb", &[])), Ok(()), "by its 微信号");
}

#[test]
fn a_number_of_a_platform_is_read_from_every_form_that_the_ledger_has() {
    let of = |platform: &'static str, name: &str, id: &str| {
        let (name, ids) = (name.to_owned(), vec![id.to_owned()]);
        Identity(Whose { platform, name, ids, ..Whose::default() })
    };
    let on = |name: &str, handle: &str| Account {
        platform: name.to_owned(),
        id: AccountId::of(name, "n-1"),
        ..account(handle, &[])
    };
    let uid = "1234567890";
    for handle in [uid, "https://weibo.com/u/1234567890", "https://m.weibo.cn/u/1234567890"] {
        assert!(of(platform::WEIBO, "别名", uid).is_held_by(&on("weibo", handle)), "{handle}");
        let why = of(platform::WEIBO, "别名", "1999999999").belongs_to(&on("weibo", handle));
        assert!(why.unwrap_err().contains("没有采用"));
    }
    let column = of(platform::NANFANG, "别名", "3392");
    assert!(column.is_held_by(&on("nanfang", "https://m.nfapp.southcn.com/3392")));
    let polled = Account { sources: vec![Source::new("nanfang", "3392")], ..on("nanfang", "") };
    assert!(column.is_held_by(&polled) && column.belongs_to(&on("nanfang", "38")).is_err());
    let (bound, new) = column.bound_to(on("nanfang", ""));
    assert_eq!((bound.aliases.as_slice(), new.len()), (&["3392".to_owned()][..], 1));
    assert!(column.is_held_by(&bound));
}

#[test]
fn a_web_page_is_taken_on_its_own_site_only() {
    let site = |host: &str, domain: &str, name: &str, unit: &str| {
        Identity(Whose {
            host: host.to_owned(),
            site_domain: domain.to_owned(),
            name: name.to_owned(),
            unit: unit.to_owned(),
            ..Whose::default()
        })
    };
    let portal = Account {
        platform: "网站".to_owned(),
        id: AccountId::of("网站", "n-1"),
        ..account("https://www.maoming.gov.cn/", &[])
    };
    let own = site("www.maoming.gov.cn", "www.maoming.gov.cn", "茂名市人民政府", "新华社");
    assert_eq!(own.belongs_to(&portal), Ok(()));
    assert!(own.is_held_by(&portal));
    let unnamed = Account { handle: String::new(), ..portal.clone() };
    assert_eq!(site("a.maoming.gov.cn", "", "x", "市府办").belongs_to(&unnamed), Ok(()));
    for page in [
        site("www.example.com", "www.maoming.gov.cn", "茂名市人民政府", ""),
        site("www.example.com", "", "茂名发布", "市府办"),
        site("other.gov.cn", "", "别的网站", "别的单位"),
        site("maoming.gov.cn.example.com", "", "", ""),
    ] {
        let why = page.belongs_to(&portal).unwrap_err();
        assert!(why.contains("没有采用") && why.contains("茂名发布"), "{why}");
        assert!(!page.is_held_by(&portal));
    }
    let why = own.belongs_to(&account("", &[])).unwrap_err();
    assert!(why.contains("茂名市人民政府") && why.contains("微信公众号"), "{why}");
    let short_videos = Account { platform: "抖音".to_owned(), ..portal.clone() };
    let why = own.belongs_to(&short_videos).unwrap_err();
    assert!(why.contains("抖音账号") && why.contains("只能用它自己发布的文章"), "{why}");
    assert!(!own.is_held_by(&short_videos), "whatever address stands in its row");
    // Where the app is downloaded others publish.
    let app = Account {
        platform: "app".to_owned(),
        handle: String::new(),
        sponsor: "别的单位".to_owned(),
        name: "茂名通".to_owned(),
        sources: vec![Source::new("apk", "https://www.maoming.gov.cn/app.apk")],
        ..portal.clone()
    };
    assert!(own.belongs_to(&app).is_err() && !own.is_held_by(&app));
    let shared = Account { handle: "https://www.douyin.com/user/x".to_owned(), ..portal };
    assert!(site("www.douyin.com", "", "", "").belongs_to(&shared).is_err());
}

#[test]
fn binding_adds_what_is_new_only() {
    let read = page("茂名发布", &[BIZ, GH]);
    assert_eq!(read.bound_to(account(GH, &[])).0.aliases, [BIZ]);
    assert_eq!(read.bound_to(account("", &[])).1, [BIZ, GH]);
    assert!(kind("NjY2") == Kind::Number && kind("mmfabu") == Kind::Number);
}
