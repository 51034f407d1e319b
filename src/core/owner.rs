//! What does an account's owner say through a letter's page? Kept beside the account as it was said; it judges nothing.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::account::Lifecycle;
use crate::id::AccountId;

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerAct {
    /// 已发布, with the article's link, which was opened and fits.
    Posted,
    /// 已发布, without a link: looked at again the next morning.
    PostedUnseen,
    /// 有异议.
    Objection,
    /// 正在处理.
    Working,
    /// 账号正在关停.
    Closing,
    /// 我已不是联系人, with a successor.
    Contact,
    /// 自报菜单.
    Menu,
}

impl OwnerAct {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Posted,
        Self::PostedUnseen,
        Self::Objection,
        Self::Working,
        Self::Closing,
        Self::Contact,
        Self::Menu,
    ];

    /// The key in JSON, forms and the audit trail.
    pub fn key(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::PostedUnseen => "posted-unseen",
            Self::Objection => "objection",
            Self::Working => "working",
            Self::Closing => "closing",
            Self::Contact => "contact",
            Self::Menu => "menu",
        }
    }

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Posted => "已发布(附链接)",
            Self::PostedUnseen => "已发布(无链接)",
            Self::Objection => "有异议",
            Self::Working => "正在处理",
            Self::Closing => "账号正在关停",
            Self::Contact => "已不是联系人",
            Self::Menu => "自报菜单",
        }
    }

    /// Must an operator decide on it?
    pub fn wants_decision(self) -> bool {
        matches!(self, Self::Objection | Self::Closing | Self::Contact)
    }
}

/// Who takes over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// 姓名.
    pub name: String,
    /// 电话; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// One bare address.
    pub email: String,
}

/// How it stands with what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// Taken note of; nobody has to decide.
    #[default]
    Noted,
    /// 待处理: an operator has to decide.
    Open,
    /// 已同意.
    Approved,
    /// 未同意.
    Rejected,
}

impl RequestState {
    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Noted => "已登记",
            Self::Open => "待管理员处理",
            Self::Approved => "已同意",
            Self::Rejected => "未同意",
        }
    }
}

/// An operator's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why, in the operator's words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One thing that an owner said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerWord {
    /// Made of letter, account, act and text: saying the same again is the same word.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Of which account.
    pub account: AccountId,
    /// What.
    pub act: OwnerAct,
    /// In the owner's words: the link, the reason, the menu.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What came of it at once, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// By which letter.
    pub letter: String,
    /// To whom that letter went.
    pub to: String,
    /// Who takes over, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Successor>,
    /// The lifecycle before, where it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Lifecycle>,
    /// How it stands.
    #[serde(default)]
    pub state: RequestState,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
}
