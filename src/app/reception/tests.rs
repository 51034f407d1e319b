//! Is it told when another account was authorised than the link was for?

use freshd_connectors::wechat::authorise::{Authorisation, Hold};
use freshd_core::account::Account;

use super::{appid_of, is_other};

#[test]
fn another_account_is_told_by_appid_then_gh_then_name() {
    let held = |appid: &str, handle: Option<&str>, name: Option<&str>| Authorisation {
        appid: appid.to_owned(),
        hold: Hold::Stands,
        since: None,
        name: name.map(str::to_owned),
        handle: handle.map(str::to_owned),
    };
    let (a, b) = ("wx0123456789abcdef", "wx0123456789abcdee");
    let account = |handle: &str| Account {
        name: "茂名发布".to_owned(),
        handle: handle.to_owned(),
        ..Account::default()
    };
    assert_eq!(appid_of(&account(a)).as_deref(), Some(a));
    assert!(!is_other(&account(a), &held(a, None, Some("改了名"))));
    assert!(is_other(&account(a), &held(b, None, Some("茂名发布"))));
    assert!(is_other(&account("gh_1"), &held(b, Some("gh_2"), Some("茂名发布"))));
    assert!(!is_other(&account("gh_1"), &held(b, Some("gh_1"), Some("改了名"))));
    assert!(!is_other(&account("gh_1"), &held(b, None, None)), "nothing is known of it");
    assert!(is_other(&account("maoming"), &held(b, None, Some("别家"))));
    assert!(!is_other(&account("maoming"), &held(b, None, Some("茂名发布"))));
}
