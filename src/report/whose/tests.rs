//! Each fault is sent to whoever can mend it.

use super::*;

fn of(scope: FaultScope, kind: FaultKind) -> String {
    whose(&Fault::new(scope, kind, "x"), "wechat:wx1")
}

#[test]
fn a_missing_secret_is_ours_and_says_which_key() {
    let told = of(FaultScope::Credential, FaultKind::Unauthorized);
    assert!(told.contains("[connectors.wechat] secrets_file"), "{told}");
    assert!(told.contains("运维人员") && !told.contains("账号管理"), "{told}");
    let fault = Fault::new(FaultScope::Credential, FaultKind::Unauthorized, "x");
    assert!(whose(&fault, "weibo").contains("[connectors.weibo] token_file"));
    let owners = fault.for_owner("到公众平台重新授权");
    assert_eq!(whose(&owners, "wechat:wx1"), "需账号管理员处理:到公众平台重新授权");
}

#[test]
fn what_was_not_reached_accuses_nobody() {
    for scope in [FaultScope::Account, FaultScope::Platform, FaultScope::Local] {
        for kind in [FaultKind::Unreachable, FaultKind::TimedOut, FaultKind::Unavailable] {
            let told = of(scope, kind);
            assert!(!told.contains("账号标识") && !told.contains("管理员"), "{told}");
        }
    }
    assert!(of(FaultScope::Account, FaultKind::Gone).contains("核对账号标识"));
    assert!(of(FaultScope::Account, FaultKind::Refused).contains("allow_private"));
}
