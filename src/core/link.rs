//! What does the account's menu hold, and do its links work? The menu 自定义菜单 and the health of its entries.

use serde::{Deserialize, Serialize};

mod glance;
mod watch;

pub use watch::{Ailing, HOST_GONE_CONFIRM_MIN, LinkAnswer, LinkCheck, LinkTerms, join};

/// A custom menu as the platform reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// Is the menu switched on?
    pub open: bool,
    /// Is the list of entries the whole menu?
    pub whole: bool,
    /// Every leaf with its path from the top.
    pub entries: Vec<MenuEntry>,
}

/// One leaf of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuEntry {
    /// Names from the top, e.g. `["服务", "办事指南"]`.
    pub path: Vec<String>,
    /// The platform's type: `view`, `click`, `miniprogram`, … unknown ones are kept.
    #[serde(rename = "type")]
    pub kind: String,
    /// The address, key or text; `None` when the entry has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Nobody is shown it any more (a conditional menu 个性化菜单 whose rule has no effect): checked and listed, and
    /// not counted in the state of the menu.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
}

impl MenuEntry {
    /// The address to check, if this type of entry has one (`view`, `news`, `text_link`).
    pub fn link(&self) -> Option<&str> {
        let has = matches!(self.kind.as_str(), "view" | "news" | "text_link");
        has.then_some(self.target.as_deref()).flatten()
    }
}

/// Does a menu entry work?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkHealth {
    /// It answers with content.
    Alive,
    /// Proven dead: 404/410, a tombstone, a host not found twice, or failing at different times over a span.
    Dead,
    /// It failed lately, and not yet long enough to be called dead; or it says 维护中.
    Unstable,
    /// Empty, `#`, `javascript:`, an example, a platform's home page or a name given for a test.
    Placeholder,
    /// Not known: captcha, refused address.
    Undetermined,
    /// No address that could be asked (`click`, unknown types).
    NotCheckable,
}

/// How a menu as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MenuState {
    /// Every checkable entry is alive.
    Healthy,
    /// Some entry is dead, unstable or a placeholder.
    Degraded,
    /// Every checkable entry is dead or a placeholder.
    Broken,
    /// The account has no menu.
    Absent,
    /// There is a menu and it is switched off.
    Closed,
    /// Not known.
    Undetermined,
}

#[cfg(test)]
mod tests;
