//! Is an address given up only for its own fault?

use super::*;

#[test]
fn only_refusals_of_the_address_count_against_it() {
    for reply in [
        "550 5.1.1 no such user",
        "550 Mailbox not found. http://service.mail.qq.com",
        "551 User not local",
        "550 5.2.1 disabled",
        "553 sorry, that user is not here",
    ] {
        assert!(is_of_address(reply), "{reply}");
    }
    for reply in [
        "550 5.7.1 relaying denied",
        "550 5.1.8 sender address rejected",
        "554 DT:SPM 163 smtp1",
        "550 MI:SPF 163 smtp2",
        "550 Mail content denied",
        "552 5.2.3 message too large",
        "552 5.3.4 too big",
        "无法生成邮件:收件人地址有误",
    ] {
        assert!(!is_of_address(reply), "{reply}");
    }
}
