//! Whose post does a page given as proof show? What the page itself says, to be held against the ledger.

use freshd_core::account::platform;
use freshd_core::observation::Observation;

/// What was seen behind a link, and whose it is.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The post.
    pub observation: Observation,
    /// Whose it is; `None` where there is no post.
    pub whose: Option<Whose>,
}

/// Whose post it is, by the page's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The platform's canonical name; empty = an ordinary web page.
    pub platform: &'static str,
    /// The account's name there 账号名称; of a web page `SiteName`.
    pub name: String,
    /// The unit that the page names 来源 (`ContentSource`); empty where it names none.
    pub unit: String,
    /// What identifies the account: `biz` and `gh_…`, a UID, a column number. None for a web page.
    pub ids: Vec<String>,
    /// 微信号, where the page tells it.
    pub wechat_id: Option<String>,
    /// Host, with its port unless that is the usual one; of a web page.
    pub host: String,
    /// `SiteDomain`, which a copied page still names.
    pub site_domain: String,
    /// Is it somebody else's article, published again (转载)?
    pub reprint: bool,
}

impl Whose {
    /// The platform as people call it.
    pub fn platform_chinese(&self) -> &'static str {
        match self.platform {
            platform::WECHAT => "微信公众号",
            platform::WEIBO => "微博",
            platform::NANFANG => "南方号",
            _ => "网站",
        }
    }
}
