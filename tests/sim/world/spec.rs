//! What shall be simulated? How many accounts of which kinds, over which span.

use freshd_core::Timestamp;

/// What to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldSpec {
    /// How many accounts.
    pub accounts: usize,
    /// Where the simulated span begins.
    pub start: Timestamp,
    /// How many days it lasts.
    pub days: u32,
    /// How many days of posts exist before the start.
    pub history_days: u32,
    /// How many accounts a unit runs, on average.
    pub accounts_per_unit: usize,
    /// Which kinds, which behaviours.
    pub mix: Mix,
}

impl WorldSpec {
    /// `accounts` accounts for `days` days from `start`, everything else usual.
    pub fn new(accounts: usize, start: Timestamp, days: u32) -> Self {
        let mix = Mix::default();
        Self { accounts, start, days, history_days: 60, accounts_per_unit: 4, mix }
    }
}

/// Shares of kinds and behaviours. The first seven (kinds) and the next eight (behaviours) are each weights among
/// themselves. The default is a hard world, several times worse than reported ones: every trouble is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    /// WeChat, verified.
    pub wechat: u32,
    /// WeChat without verification (48001).
    pub wechat_unverified: u32,
    /// Weibo.
    pub weibo: u32,
    /// 南方号.
    pub nanfang: u32,
    /// Apps.
    pub app: u32,
    /// WeChat accounts known through a feed only.
    pub bridge: u32,
    /// Accounts that nothing reads.
    pub unsourced: u32,
    /// Post daily.
    pub daily: u32,
    /// Post every few days.
    pub every_few_days: u32,
    /// Post weekly.
    pub weekly: u32,
    /// Post near the line.
    pub irregular: u32,
    /// Fall silent for ever.
    pub silent_for_ever: u32,
    /// Fall silent and come back.
    pub silent_spell: u32,
    /// One post in two years.
    pub zombie: u32,
    /// Disappear.
    pub gone: u32,
    /// Percent of posts that their owner deletes within 20 days.
    pub deleted_percent: u64,
    /// Percent of the WeChat accounts that authorise nothing at first and do so within the span.
    pub joins_percent: u64,
    /// Percent of apps whose offer or health address breaks within the span.
    pub app_trouble_percent: u64,
}

impl Mix {
    /// A province as the circulars describe one: at any check less than one account in a hundred fails.
    pub fn calm() -> Self {
        Self {
            daily: 62,
            every_few_days: 30,
            weekly: 7,
            irregular: 0,
            silent_for_ever: 0,
            silent_spell: 1,
            zombie: 0,
            gone: 0,
            app_trouble_percent: 2,
            ..Self::default()
        }
    }

    /// A province at its beginning: of a fifth an authorised or public list tells all, of two fifths a bridge shows some
    /// posts, of two fifths nothing is read.
    pub fn unauthorised() -> Self {
        Self {
            wechat: 8,
            wechat_unverified: 0,
            weibo: 6,
            nanfang: 4,
            app: 2,
            bridge: 40,
            unsourced: 40,
            joins_percent: 30,
            ..Self::default()
        }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            wechat: 40,
            wechat_unverified: 5,
            weibo: 18,
            nanfang: 14,
            app: 9,
            bridge: 8,
            unsourced: 6,
            daily: 32,
            every_few_days: 28,
            weekly: 12,
            irregular: 5,
            silent_for_ever: 8,
            silent_spell: 7,
            zombie: 4,
            gone: 4,
            deleted_percent: 2,
            joins_percent: 0,
            app_trouble_percent: 40,
        }
    }
}
