//! Where do the buttons of a WeChat menu lead, and since when do they lead nowhere?

use chrono::TimeDelta;
use freshd_core::Timestamp;

use super::WorldSpec;
use crate::rng::Rng;

/// A custom menu 自定义菜单.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuTruth {
    /// `is_menu_open`.
    pub open: bool,
    /// Its leaves; those that share a first path element are children of one button.
    pub entries: Vec<MenuEntry>,
}

/// One leaf of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuEntry {
    /// The names from the top button down, one or two.
    pub path: Vec<&'static str>,
    /// Where it leads.
    pub target: MenuTarget,
}

/// Where a leaf leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuTarget {
    /// A page of the unit's site that works until the instant, if any; then 404.
    Page(Option<Timestamp>),
    /// A page that says 页面不存在 with status 200.
    SoftDead,
    /// A WeChat article that can be read.
    Article,
    /// A WeChat article that its author deleted.
    Tombstone,
    /// A `view` button with the address `#`.
    Hash,
    /// A `view` button with no address.
    Empty,
    /// A `click` button: only the account's own server knows the answer.
    Click,
    /// A `text` button set in the console.
    Text,
    /// A mini-program with a placeholder as its fallback address.
    MiniProgram,
}

impl MenuTarget {
    /// Does it lead somewhere at `at`? `None` = nobody can tell from outside.
    pub fn is_alive(self, at: Timestamp) -> Option<bool> {
        match self {
            Self::Page(until) => Some(until.is_none_or(|until| at < until)),
            Self::Article | Self::Text => Some(true),
            Self::SoftDead | Self::Tombstone | Self::Hash | Self::Empty => Some(false),
            Self::Click | Self::MiniProgram => None,
        }
    }
}

/// The menu of the `nth` WeChat account: every sort of trouble appears once in eight.
pub(super) fn generate(nth: usize, spec: &WorldSpec, rng: &mut Rng) -> Option<MenuTruth> {
    let day = rng.between(0, i64::from(spec.days.max(1)) / 2);
    let broken_at = spec.start + TimeDelta::days(day);
    let odd = match nth % 8 {
        0 | 6 => MenuTarget::Page(None),
        1 => MenuTarget::Page(Some(spec.start - TimeDelta::days(30))),
        2 => MenuTarget::Hash,
        3 => MenuTarget::SoftDead,
        4 => MenuTarget::Tombstone,
        5 => MenuTarget::Page(Some(broken_at)),
        _ => MenuTarget::Empty,
    };
    if nth % 13 == 12 {
        return None;
    }
    let entry = |path: &[&'static str], target| MenuEntry { path: path.to_vec(), target };
    let mut entries = vec![
        entry(&["服务", "办事指南"], MenuTarget::Page(None)),
        entry(&["服务", "我要咨询"], odd),
        entry(&["服务", "粤省办"], MenuTarget::MiniProgram),
        entry(&["政务公开", "最新政策"], MenuTarget::Article),
        entry(&["政务公开", "机构职能"], MenuTarget::Page(None)),
    ];
    let about = if rng.percent(50) { MenuTarget::Click } else { MenuTarget::Text };
    entries.push(entry(&["联系我们"], about));
    Some(MenuTruth { open: nth % 17 != 16, entries })
}
