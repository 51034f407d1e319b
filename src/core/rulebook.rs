//! By which rules 指标 is an account judged? The rulebook as data: windows, clauses and which rules veto.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;

/// The rules, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// 内容不更新.
    ContentStale,
    /// 移动客户端无法下载或使用.
    AppUnusable,
    /// 互动回应差.
    InteractionPoor,
    /// 安全、泄密事故等严重问题.
    Safety,
    /// 账号已注销、冻结或封禁.
    AccountGone,
    /// 菜单链接.
    MenuLinks,
    /// 备案.
    Filing,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ContentStale,
        Self::AppUnusable,
        Self::InteractionPoor,
        Self::Safety,
        Self::AccountGone,
        Self::MenuLinks,
        Self::Filing,
    ];

    /// The key in JSON and configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::ContentStale => "content-stale",
            Self::AppUnusable => "app-unusable",
            Self::InteractionPoor => "interaction-poor",
            Self::Safety => "safety",
            Self::AccountGone => "account-gone",
            Self::MenuLinks => "menu-links",
            Self::Filing => "filing",
        }
    }

    /// Does a fail of this rule fail the account 单项否决? (The others advise.)
    pub fn is_veto(self) -> bool {
        !matches!(self, Self::MenuLinks | Self::Filing)
    }

    /// The regulator's word.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::ContentStale => "内容不更新",
            Self::AppUnusable => "移动客户端无法下载或使用",
            Self::InteractionPoor => "互动回应差",
            Self::Safety => "安全、泄密事故等严重问题",
            Self::AccountGone => "账号注销、冻结或封禁",
            Self::MenuLinks => "自定义菜单链接",
            Self::Filing => "备案",
        }
    }

    /// Rules that need a person when they cannot be decided 需人工复核, without changing the verdict.
    pub fn is_for_review(self) -> bool {
        matches!(self, Self::InteractionPoor | Self::Safety)
    }
}

/// One rule's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Which rule.
    pub rule: Rule,
    /// Where it stands and what it says, Chinese.
    pub text: String,
}

/// A named set of thresholds and clauses: national, or a province's or city's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its key, e.g. `national`.
    pub name: String,
    /// Its title, Chinese.
    #[serde(default)]
    pub title: String,
    /// Days without a post that fail 内容不更新 (calendar days; national: 14, 监测时间点前2周内无更新).
    pub update_window_days: u32,
    /// The clauses shown beside rulings.
    #[serde(default)]
    pub clauses: Vec<Clause>,
}

impl Profile {
    /// The clause of a rule; its Chinese title where the profile gives none.
    pub fn clause(&self, rule: Rule) -> &str {
        let found = self.clauses.iter().find(|clause| clause.rule == rule);
        found.map_or_else(|| rule.chinese(), |clause| clause.text.as_str())
    }
}

/// All profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rulebook {
    /// In file order; names are unique.
    pub profiles: Vec<Profile>,
}

impl Rulebook {
    /// The profile of that name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

/// The thresholds in force: a profile and what `[policy]` overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The profile in force.
    pub profile: Profile,
    /// 内容不更新: no post for this long.
    pub window: TimeDelta,
    /// Days left at which owners are reminded, descending; at_risk when `0 < days_left <=` the largest.
    pub remind_days_left: Vec<u32>,
    /// 僵尸: proven silent for this long.
    pub zombie: TimeDelta,
    /// 提请主管单位督促: days after the first overdue letter.
    pub escalate_after_days: u32,
    /// 节前提醒 goes out from so many working days before a long break on; 0 = never.
    pub pre_holiday_days: u32,
    /// 请核实更新情况 is not asked again within so many days; 0 = never asked.
    pub evidence_again_days: u32,
    /// Working days.
    pub calendar: Arc<Calendar>,
}

/// Nothing older than this is a proof of a present state.
pub const AS_OF_AGE_MAX_H: i64 = 48;

impl Policy {
    /// A profile with the contract's defaults: remind at 5, 3 and 1 days left, 僵尸 at 90 days, escalate after 2. No
    /// year of the calendar is known.
    pub fn of(profile: Profile) -> Self {
        Self {
            window: TimeDelta::days(i64::from(profile.update_window_days)),
            profile,
            remind_days_left: vec![5, 3, 1],
            zombie: TimeDelta::days(90),
            escalate_after_days: 2,
            pre_holiday_days: 3,
            evidence_again_days: 7,
            calendar: Arc::default(),
        }
    }

    /// The largest reminder threshold.
    pub fn risk(&self) -> TimeDelta {
        let days = self.remind_days_left.iter().copied().max().unwrap_or(0);
        TimeDelta::days(i64::from(days))
    }

    /// Days of the update window, for texts.
    pub fn window_days(&self) -> i64 {
        self.window.num_days()
    }
}
