//! Is each sentence put in its class, and an unknown one in none?

use super::TombstoneClass::*;
use super::*;

#[test]
fn the_platform_s_sentences_are_known() {
    for (sentence, class) in [
        ("该内容已被发布者删除", DeletedByOwner),
        ("The content has been deleted by the author.", DeletedByOwner),
        ("此内容因违规无法查看", Violation),
        ("该内容暂时无法查看", Unviewable),
        ("此内容被投诉且经审核涉嫌侵权,无法查看。", Complaint),
        ("此内容被多人投诉,相关的内容无法进行查看。", Complaint),
        ("此内容被投诉且经审核确认存在不实信息", Complaint),
        ("此内容发送失败无法查看", SendFailed),
        ("链接已过期", Expired),
        ("参数错误", WrongParameters),
        ("Parameter error", WrongParameters),
        ("此帐号已被屏蔽, 内容无法查看", AccountBlocked),
        ("此账号已被屏蔽,内容无法查看", AccountBlocked),
        ("此账号已自主注销,内容无法查看", AccountCancelled),
        ("此帐号被投诉且经审核涉嫌侵权。此帐号已注销,内容无法查看。", AccountCancelled),
        ("该公众号已迁移", AccountMigrated),
        ("此帐号处于帐号迁移流程中", AccountMigrated),
        ("此帐号已申请帐号迁移", AccountMigrated),
        ("此帐号已申请公众号帐号迁移流程,被冻结/回收", AccountMigrated),
        ("原帐号迁移时未将文章素材同步至新帐号,该链接已不可访问", NotCarriedOver),
        ("帐号已被系统回收", AccountReclaimed),
        ("该账号已冻结", AccountFrozen),
        ("已停止访问该网页", Violation),
        ("根据作者隐私设置,无法查看该内容", Restricted),
        ("付费后可继续阅读", Restricted),
    ] {
        assert_eq!(classify(sentence), Some(class), "{sentence}");
    }
}

#[test]
fn what_is_not_known_proves_nothing() {
    for sentence in ["系统出错", "未知错误,请稍后再试", "请在微信客户端打开链接", "操作成功", ""]
    {
        assert_eq!(classify(sentence), None, "{sentence}");
    }
}

#[test]
fn only_classes_about_the_account_touch_the_account() {
    assert_eq!(AccountCancelled.account_state(), Some(ProfileState::Deregistered));
    assert_eq!(AccountBlocked.account_state(), Some(ProfileState::Frozen));
    assert_eq!(AccountMigrated.account_state(), Some(ProfileState::Moved));
    for class in
        [DeletedByOwner, Violation, Unviewable, Complaint, Expired, Restricted, NotCarriedOver]
    {
        assert_eq!(class.account_state(), None, "{class:?}");
    }
}
