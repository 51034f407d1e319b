//! What does the account's menu hold, and do its links work? The menu 自定义菜单 and the health of its entries.

use serde::{Deserialize, Serialize};

mod elsewhere;
mod glance;
mod watch;

pub use elsewhere::{ELSEWHERE_MAX, Elsewhere, Place, addresses};
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

/// Whose article a link of WeChat leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Its name 账号名称; empty where the page does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its 原始ID `gh_…` and its biz, as far as they are known.
    pub ids: Vec<String>,
}

impl Author {
    /// Is it certainly another than the account of these identifiers? Only identifiers of one kind can differ.
    pub fn is_not(&self, own: &[String]) -> bool {
        let kind = |id: &str| (id.starts_with("gh_"), is_biz(id));
        if self.ids.iter().any(|id| own.contains(id)) {
            return false;
        }
        let known = |id: &&String| kind(id) != (false, false);
        let alike = |id: &String| own.iter().filter(known).any(|held| kind(held) == kind(id));
        self.ids.iter().filter(known).any(alike)
    }
}

/// Does it look like a biz: the base64 of a decimal number of at least eight digits?
fn is_biz(id: &str) -> bool {
    let body = id.trim_end_matches('=');
    let base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    body.starts_with('M')
        && body.len() >= 11
        && id.len().is_multiple_of(4)
        && body.chars().all(base64)
}

/// Is it a preview of an article 临时链接, which works for a while only?
pub fn is_temporary(link: &str) -> bool {
    let Some((head, query)) = link.split_once('?') else { return false };
    let ours = head.contains("://mp.weixin.qq.com/");
    ours && query.split(['&', '#']).any(|part| part.len() > 8 && part.starts_with("tempkey="))
}

/// One leaf of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
