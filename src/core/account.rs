//! What does the ledger 台账 say of an account? Who runs it, where it is polled, who is written to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, Channel};
use crate::link::addresses;

/// Canonical names of the platforms that freshd knows by name; any other name is kept as written.
pub mod platform {
    /// 微信公众号 (订阅号、服务号).
    pub const WECHAT: &str = "wechat";
    /// 新浪微博.
    pub const WEIBO: &str = "weibo";
    /// 南方号.
    pub const NANFANG: &str = "nanfang";
    /// 移动客户端 (APP).
    pub const APP: &str = "app";
}

/// 运行状态.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// 在运行.
    #[default]
    Running,
    /// 关停办理中: still under the rule until the cancellation is complete.
    Closing,
    /// 已关停.
    Closed,
    /// 已注销.
    Deregistered,
}

impl Lifecycle {
    /// Is it judged, polled and counted in the totals?
    pub fn is_judged(self) -> bool {
        matches!(self, Self::Running | Self::Closing)
    }
}

/// 备案状态.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Filing {
    /// 已备案.
    Filed,
    /// 变更备案中.
    Changing,
    /// 已注销备案.
    Withdrawn,
    /// 未备案.
    Unfiled,
    /// 未填(待核实).
    #[default]
    Unknown,
}

/// One place where an account is polled: `connector:target`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The connector's name.
    pub connector: String,
    /// What to ask it for.
    pub target: String,
}

impl Source {
    /// Joins the two.
    pub fn new(connector: impl Into<String>, target: impl Into<String>) -> Self {
        Self { connector: connector.into(), target: target.into() }
    }

    /// Reads `connector:target`; the target may hold colons itself.
    pub fn parse(text: &str) -> Option<Self> {
        let (connector, target) = text.split_once(':')?;
        let named = !connector.is_empty()
            && connector
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        (named && !target.is_empty()).then(|| Self::new(connector, target))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.connector, self.target)
    }
}

/// One row of the ledger, normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Fixed at first import.
    pub id: AccountId,
    /// Other identifiers that find it: AppID, gh_, 微信号, link.
    pub aliases: Vec<String>,
    /// 账号名称; not unique.
    pub name: String,
    /// 平台: a canonical name of [`platform`], or as written.
    pub platform: String,
    /// 账号标识 as in the ledger now; empty = 标识待补.
    pub handle: String,
    /// 主办单位.
    pub sponsor: String,
    /// 主管单位.
    pub supervisor: String,
    /// 通报对象.
    pub reporting_unit: String,
    /// 地区, e.g. `广东省/茂名市`.
    pub region: String,
    /// 层级.
    pub level: String,
    /// 联系人.
    pub contact: String,
    /// 联系电话.
    pub phone: String,
    /// 电子邮箱 of the contacts.
    pub email: Vec<String>,
    /// 责任领导.
    pub officer: String,
    /// 责任人邮箱.
    pub officer_email: Vec<String>,
    /// 主管单位邮箱.
    pub supervisor_email: Vec<String>,
    /// 备案状态.
    pub filing: Filing,
    /// 运行状态.
    pub lifecycle: Lifecycle,
    /// 采集方式.
    pub sources: Vec<Source>,
    /// 菜单地址, self-reported: path and address.
    pub menu: Vec<(Vec<String>, String)>,
    /// Was that menu told by the owner through a letter's page, and not by the ledger?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub menu_by_owner: bool,
    /// 互动功能, free text (a `probe:URL` is also among the sources' interaction probes).
    pub interaction: String,
    /// 上季度通报情况, plain words or `2026Q3:content-stale`.
    pub last_circular: Vec<String>,
    /// 曾用标识.
    pub previous_handle: String,
    /// 备注.
    pub note: String,
    /// Columns that freshd does not know, kept and shown.
    pub extra: BTreeMap<String, String>,
    /// Missing from the last `--replace` import of its unit: 拟移出.
    pub to_remove: bool,
}

impl Default for AccountId {
    fn default() -> Self {
        Self::new("")
    }
}

impl Account {
    /// The channels that count for the rule, as far as the platform itself says: WeChat has two. `None` = those
    /// of its connectors.
    pub fn platform_channels(&self) -> Option<Vec<Channel>> {
        (self.platform == platform::WECHAT)
            .then(|| vec![Channel::new(Channel::NOTIFIED), Channel::new(Channel::UNNOTIFIED)])
    }

    /// The addresses in the text of 互动功能. That of a probe is none of them: the probe asks it, and knows what to expect.
    pub fn interaction_links(&self) -> impl Iterator<Item = &str> {
        let text = if self.interaction_probe().is_some() { "" } else { self.interaction.as_str() };
        addresses(text)
    }

    /// The probe of 互动功能, if it names one: the address, without what is written behind it for people.
    pub fn interaction_probe(&self) -> Option<&str> {
        let written = self.interaction.trim().strip_prefix("probe:")?.trim_start();
        let written = written.split(char::is_whitespace).next().unwrap_or_default();
        // What is expected of the answer (behind `#`) may be Chinese, an address is not.
        let address = written.split('#').next().unwrap_or_default();
        let prose = address.find(|c: char| !c.is_ascii());
        match prose {
            None if address.len() < written.len() => Some(written),
            cut => Some(
                address[..cut.unwrap_or(address.len())]
                    .trim_end_matches([';', ',', '.', '(', '[', '<']),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
