//! Is an article taken for its own account only, and bound where a name or a holder agrees?

use freshd_core::id::AccountId;

use super::*;

fn page(name: &str, holder: &str, aliases: &[&str]) -> Identity {
    let aliases = aliases.iter().map(|it| (*it).to_owned()).collect();
    Identity { name: name.to_owned(), holder: holder.to_owned(), aliases }
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
    let read = page("茂名发布", "", &[BIZ, GH]);
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
        assert!(why.contains("没有采用"), "{why}");
    }
    for account in [account("GH_FE02BE2B2FF0", &[]), account("", &[BIZ]), account("wx01", &[])] {
        assert_eq!(read.belongs_to(&account), Ok(()));
    }
    let moved = account("gh_other1234567", &[]);
    let moved = Account { previous_handle: GH.to_owned(), ..moved };
    assert_eq!(read.belongs_to(&moved), Ok(()), "its former self's");
}

#[test]
fn a_first_use_wants_the_name_or_the_holder() {
    let free = account("", &[]);
    for read in [page("茂名 发布", "", &[GH]), page("别名", "市府办", &[GH]), page("", "", &[])]
    {
        assert_eq!(read.belongs_to(&free), Ok(()));
    }
    for read in [page("别名", "", &[GH]), page("", "", &[GH]), page("别名", "", &[])] {
        let why = read.belongs_to(&free).unwrap_err();
        assert!(why.contains("茂名发布") && why.contains("不能绑定"), "{why}");
    }
    assert_eq!(page("别名", "", &[GH]).belongs_to(&account("", &[GH])), Ok(()), "renamed since");
}

#[test]
fn binding_adds_what_is_new_only() {
    let read = page("茂名发布", "", &[BIZ, GH]);
    assert_eq!(read.bound_to(account(GH, &[])).aliases, [BIZ]);
    assert_eq!(read.bound_to(account("", &[])).aliases, [BIZ, GH]);
    assert!(kind("NjY2").is_none() && kind("mmfabu").is_none());
}
