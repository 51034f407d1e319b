//! What does a dead WeChat article page say, and is it about the article or about the whole
//! account?

use freshd_core::observation::ProfileState;
use scraper::Selector;

use crate::{markup, page};

/// The classes of tombstones; by the texts of the platform's own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TombstoneClass {
    /// 该内容已被发布者删除.
    DeletedByOwner,
    /// 此内容因违规无法查看.
    Violation,
    /// 该内容暂时无法查看.
    Unviewable,
    /// 此内容被投诉且经审核…
    Complaint,
    /// 此内容发送失败无法查看.
    SendFailed,
    /// 链接已过期.
    Expired,
    /// 参数错误.
    WrongParameters,
    /// 根据作者隐私设置,无法查看该内容; 付费后可继续阅读: it is there, and closed to us.
    Restricted,
    /// The article was not carried over when its account moved: 原帐号迁移时未将文章素材同步至新帐号.
    NotCarriedOver,
    /// 此帐号已被屏蔽 — the whole account.
    AccountBlocked,
    /// 该帐号已冻结 — the whole account.
    AccountFrozen,
    /// 此帐号已自主注销, 此帐号已注销 — the whole account.
    AccountCancelled,
    /// 帐号已被系统回收 — the whole account.
    AccountReclaimed,
    /// 该公众号已迁移, 此帐号处于帐号迁移流程中 — the whole account.
    AccountMigrated,
}

/// What a notice says of the article behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// It is out of reach for everybody.
    Gone,
    /// It is out of reach now: only failing over time shows more.
    Perhaps,
    /// It is there, and closed to us.
    There,
}

impl TombstoneClass {
    /// What it says of the account as a whole, if anything.
    pub fn account_state(self) -> Option<ProfileState> {
        match self {
            Self::AccountBlocked | Self::AccountFrozen => Some(ProfileState::Frozen),
            Self::AccountCancelled | Self::AccountReclaimed => Some(ProfileState::Deregistered),
            Self::AccountMigrated => Some(ProfileState::Moved),
            _ => None,
        }
    }

    /// Is the article out of reach for everybody, and for good? 暂时无法查看 says itself that it may come back, and
    /// 参数错误 may be the platform's own trouble.
    pub fn lasts(self) -> Lasting {
        match self {
            Self::Restricted => Lasting::There,
            Self::Unviewable | Self::WrongParameters => Lasting::Perhaps,
            _ => Lasting::Gone,
        }
    }
}

/// Words of a title, all of which must occur, and what they mean. Account-level ones first, and
/// "migrated" before "reclaimed", which its sentences also mention.
const WORDS: &[(&[&str], TombstoneClass)] = &[
    (&["未将文章素材同步"], TombstoneClass::NotCarriedOver),
    (&["公众号已迁移"], TombstoneClass::AccountMigrated),
    (&["帐号迁移流程"], TombstoneClass::AccountMigrated),
    (&["已申请帐号迁移"], TombstoneClass::AccountMigrated),
    (&["此帐号已自主注销"], TombstoneClass::AccountCancelled),
    (&["帐号已注销"], TombstoneClass::AccountCancelled),
    (&["帐号已被屏蔽"], TombstoneClass::AccountBlocked),
    (&["帐号已被系统回收"], TombstoneClass::AccountReclaimed),
    (&["帐号已冻结"], TombstoneClass::AccountFrozen),
    (&["已被发布者删除"], TombstoneClass::DeletedByOwner),
    (&["deleted by the author"], TombstoneClass::DeletedByOwner),
    (&["违规", "无法查看"], TombstoneClass::Violation),
    (&["已停止访问该网页"], TombstoneClass::Violation),
    (&["投诉", "侵权"], TombstoneClass::Complaint),
    (&["投诉", "无法进行查看"], TombstoneClass::Complaint),
    (&["投诉", "不实信息"], TombstoneClass::Complaint),
    (&["发送失败无法查看"], TombstoneClass::SendFailed),
    (&["暂时无法查看"], TombstoneClass::Unviewable),
    (&["链接已过期"], TombstoneClass::Expired),
    (&["参数错误"], TombstoneClass::WrongParameters),
    (&["parameter error"], TombstoneClass::WrongParameters),
    (&["隐私设置", "无法查看"], TombstoneClass::Restricted),
    (&["付费后可继续阅读"], TombstoneClass::Restricted),
];

/// The class of a tombstone's sentence; `None` for words that are not known (系统出错, 请在微信客户端打开链接 and
/// whatever comes next), which prove nothing.
pub fn classify(sentence: &str) -> Option<TombstoneClass> {
    let plain: String = sentence
        .chars()
        .map(|c| if c == '账' { '帐' } else { c })
        .flat_map(char::to_lowercase)
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let known = WORDS.iter().find(|(words, _)| words.iter().all(|word| plain.contains(word)));
    known.map(|(_, class)| *class)
}

/// Where a tombstone's sentence stands, layout by layout, in the order in which they are looked
/// for.
const TITLES: [&str; 6] = [
    ".weui-msg .weui-msg__title",
    ".mesg-block p",
    ".page_msg .title",
    ".page_msg",
    ".global_error_msg",
    "h2.weui-msg__title",
];

/// What the page says instead of an article: the sentence, and the reason if one is given.
pub(super) fn sentence(html: &str) -> Option<(String, Option<String>)> {
    let tree = markup::tree(html)?;
    let first = |selector: &str| {
        let selector = Selector::parse(selector).expect("a literal selector parses");
        tree.select(&selector).map(page::text).find(|text| !text.is_empty())
    };
    let said = TITLES.into_iter().find_map(first)?;
    let reason = first(".weui-msg .weui-msg__desc p.tips");
    Some((said.trim_end_matches('。').to_owned(), reason))
}

#[cfg(test)]
mod tests;
