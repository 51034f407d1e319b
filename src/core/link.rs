//! What does the account's menu hold, and do its links work? The menu 自定义菜单 and the health of its entries.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

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

    /// Can it be judged without asking anybody? `click` and unknown types cannot be checked from outside; a link that
    /// is empty, `#` or `javascript:` is a placeholder 未配置地址.
    pub fn at_a_glance(&self) -> Option<(LinkHealth, &'static str)> {
        let target = self.target.as_deref().unwrap_or("").trim();
        match self.kind.as_str() {
            "view" | "news" | "text_link" => {
                let lower = target.to_ascii_lowercase();
                if target.is_empty() || target == "#" || target.starts_with("#") {
                    Some((LinkHealth::Placeholder, "未配置链接地址"))
                } else if lower.starts_with("javascript:") || lower.starts_with("about:") {
                    Some((LinkHealth::Placeholder, "占位链接,点开没有内容"))
                } else {
                    None
                }
            }
            "" => Some((LinkHealth::Placeholder, "菜单项没有配置任何动作")),
            "text" if target.is_empty() => Some((LinkHealth::Placeholder, "回复文字为空")),
            "text" => Some((LinkHealth::Alive, "回复文字")),
            "click"
            | "media_id"
            | "view_limited"
            | "article_id"
            | "article_view_limited"
            | "miniprogram"
                if target.is_empty() =>
            {
                Some((LinkHealth::Placeholder, "菜单项没有配置内容"))
            }
            "click" => Some((LinkHealth::NotCheckable, "由账号自己的服务器应答,无法从外部核验")),
            "miniprogram" => Some((LinkHealth::NotCheckable, "小程序页面,无法从外部核验")),
            "img"
            | "photo"
            | "voice"
            | "video"
            | "media_id"
            | "view_limited"
            | "article_id"
            | "article_view_limited" => {
                Some((LinkHealth::NotCheckable, "微信素材,只能在微信内查看"))
            }
            "scancode_push" | "scancode_waitmsg" | "pic_sysphoto" | "pic_photo_or_album"
            | "pic_weixin" | "location_select" => {
                Some((LinkHealth::NotCheckable, "调用手机功能的按钮,无法从外部核验"))
            }
            _ => Some((LinkHealth::NotCheckable, "未收录的类型,无法从外部核验")),
        }
    }
}

/// Does a menu entry work?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkHealth {
    /// It answers with content.
    Alive,
    /// Proven dead: 404/410, a host not found twice, a tombstone, a soft-dead page.
    Dead,
    /// It answers now and then.
    Unstable,
    /// Empty, `#` or `javascript:`.
    Placeholder,
    /// Not known: captcha, refused address, time-out.
    Undetermined,
    /// No address that could be asked (`click`, unknown types).
    NotCheckable,
}

/// What the last check of one address found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCheck {
    /// The finding.
    pub health: LinkHealth,
    /// Why, in words for people.
    pub reason: String,
    /// When it was checked.
    pub checked_at: Timestamp,
    /// Since when it has been found like this without a break.
    pub since: Timestamp,
    /// Since when the host's name has not resolved, without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_gone_since: Option<Timestamp>,
}

/// Joins an answer with what was known. A missing host is dead only when two looks at least
/// [`HOST_GONE_CONFIRM_MIN`] minutes apart agree while other names resolve; a link that comes back from the
/// dead is unstable until it answers once more.
pub fn join(
    before: Option<&LinkCheck>,
    answer: &LinkAnswer,
    others_resolve: bool,
    now: Timestamp,
) -> LinkCheck {
    let mut host_gone_since = None;
    let (health, reason) = match answer {
        LinkAnswer::Alive => match before.map(|check| check.health) {
            Some(LinkHealth::Dead) => (LinkHealth::Unstable, "曾经失效,刚刚恢复".to_owned()),
            _ => (LinkHealth::Alive, "可以打开".to_owned()),
        },
        LinkAnswer::Dead(reason) => (LinkHealth::Dead, reason.clone()),
        LinkAnswer::Unknown(reason) => (LinkHealth::Undetermined, reason.clone()),
        LinkAnswer::HostGone if !others_resolve => {
            (LinkHealth::Undetermined, "本机域名解析可能有问题,暂不判定".to_owned())
        }
        LinkAnswer::HostGone => {
            let first = before.and_then(|check| check.host_gone_since).unwrap_or(now);
            host_gone_since = Some(first);
            if now - first >= chrono::TimeDelta::minutes(HOST_GONE_CONFIRM_MIN) {
                (LinkHealth::Dead, "域名不存在(两次核验一致)".to_owned())
            } else {
                (LinkHealth::Undetermined, "域名无法解析,待10分钟后复核".to_owned())
            }
        }
    };
    let since = before.filter(|check| check.health == health).map_or(now, |check| check.since);
    LinkCheck { health, reason, checked_at: now, since, host_gone_since }
}

/// What one request for a link brought, before it is joined with what was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkAnswer {
    /// Content that looks alive.
    Alive,
    /// Proven dead by this answer alone, with the reason.
    Dead(String),
    /// The host's name does not resolve: dead only if a second look at least [`HOST_GONE_CONFIRM_MIN`] minutes later
    /// agrees while other names resolve.
    HostGone,
    /// Nothing can be concluded, with the reason.
    Unknown(String),
}

/// A host must be missing at two looks at least this many minutes apart.
pub const HOST_GONE_CONFIRM_MIN: i64 = 10;

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
