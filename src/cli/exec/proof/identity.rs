//! Whose article is it? What a page says of its account, held against what the ledger says of ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_connectors::article::Whose;
use freshd_connectors::registry::default_sources;
use freshd_core::account::{Account, platform};
use url::Url;

/// A biz is the base64 of a number of at least so many digits; shorter ones are words that look like one.
const BIZ_DIGITS_MIN: usize = 8;

/// Sites where many offices have a page each: being there says nothing of whose a page is.
const SHARED: [&str; 12] = [
    "qq.com",
    "weibo.com",
    "weibo.cn",
    "douyin.com",
    "kuaishou.com",
    "toutiao.com",
    "ixigua.com",
    "xiaohongshu.com",
    "bilibili.com",
    "163.com",
    "sohu.com",
    "baidu.com",
];

/// What the page says of its account.
pub(crate) struct Identity(pub(super) Whose);

impl Identity {
    /// Does the account hold one of the page's identifiers, or is the page on its own site?
    pub(super) fn is_held_by(&self, account: &Account) -> bool {
        if self.0.platform.is_empty() {
            return !names_a_platform(account) && self.is_on_site_of(account);
        }
        self.0.platform == account.platform
            && (self.0.ids.iter().any(|id| held(account).iter().any(|it| same(it, id)))
                || self.is_known_by_wechat_id(account))
    }

    /// Has the account the name that the page shows?
    pub(super) fn names(&self, account: &Account) -> bool {
        same_words(&self.0.name, &account.name)
    }

    /// Is it this account's? By an identifier that is known; at first use by its name.
    ///
    /// # Errors
    /// Why not, in words that name both.
    pub(crate) fn belongs_to(&self, account: &Account) -> Result<(), String> {
        if self.0.platform.is_empty() {
            return self.is_a_page_of(account);
        }
        if self.0.platform != account.platform {
            return Err(format!(
                "这是{}“{}”的文章,而“{}”({})是{}账号;没有采用",
                self.0.platform_chinese(),
                self.0.name,
                account.name,
                account.id,
                platform_words(&account.platform)
            ));
        }
        let known = held(account);
        for id in &self.0.ids {
            let alike: Vec<&str> =
                known.iter().map(String::as_str).filter(|it| kind(it) == kind(id)).collect();
            if !alike.is_empty() && !alike.iter().any(|it| same(it, id)) {
                return Err(format!(
                    "这篇文章属于“{}”({id}),不是“{}”({});没有采用",
                    self.0.name,
                    account.name,
                    alike.join("、")
                ));
            }
        }
        if self.0.ids.is_empty() && self.0.name.is_empty() {
            return Err(format!(
                "页面没有写明是哪个账号发布的,不能作为“{}”的佐证;没有采用",
                account.name
            ));
        }
        if self.is_held_by(account) || self.names(account) {
            return Ok(());
        }
        let whose = match self.0.name.as_str() {
            "" => format!("页面没有写账号名称({})", self.0.ids.join("、")),
            name => format!("这篇文章属于“{name}”"),
        };
        Err(format!(
            "{whose},与台账中的账号名称“{}”(主办单位“{}”)不一致,第一次使用不能绑定,没有采用;\
             若账号已更名,请先更新台账,或把文章的账号标识({})写入台账的账号标识,再提交",
            account.name,
            account.sponsor,
            self.0.ids.join("、")
        ))
    }

    /// Is an ordinary web page one of this account's own site? Accounts of a platform publish on the platform.
    fn is_a_page_of(&self, account: &Account) -> Result<(), String> {
        let (name, host) = (&self.0.name, &self.0.host);
        let site = match name.as_str() {
            "" => host.clone(),
            name => format!("{name} {host}"),
        };
        if names_a_platform(account) {
            return Err(format!(
                "这是网站“{site}”的网页,而“{}”({})是{}账号,只能用它自己发布的文章作为佐证;没有采用",
                account.name,
                account.id,
                platform_words(&account.platform)
            ));
        }
        if !self.0.site_domain.is_empty() && bare(&self.0.site_domain) != bare(host) {
            return Err(format!(
                "网页写明属于 {},却在 {host} 上打开,可能是转载,不能作为“{}”的佐证;没有采用",
                self.0.site_domain, account.name
            ));
        }
        let official = bare(host).ends_with(".gov.cn");
        let units = [&account.name, &account.sponsor, &account.supervisor];
        let named = |said: &str| units.iter().any(|unit| same_words(said, unit));
        if self.is_on_site_of(account) || official && (named(name) || named(&self.0.unit)) {
            return Ok(());
        }
        Err(format!(
            "这个网页属于“{site}”,台账里的“{}”(主办单位“{}”)没有登记这个网站,没有采用;\
             请把网站首页写入台账的账号标识或采集方式后再提交,或用 freshd confirm 登记",
            account.name, account.sponsor
        ))
    }

    fn is_on_site_of(&self, account: &Account) -> bool {
        let host = bare(&self.0.host);
        let shared = SHARED.iter().any(|name| host == *name || host.ends_with(&format!(".{name}")));
        let copied = !self.0.site_domain.is_empty() && bare(&self.0.site_domain) != host;
        !shared && !copied && hosts(account).any(|held| bare(&held) == host)
    }

    fn is_known_by_wechat_id(&self, account: &Account) -> bool {
        let Some(id) = &self.0.wechat_id else { return false };
        let written = [&account.handle].into_iter().chain(&account.aliases);
        written.flat_map(|text| text.split(' ')).any(|held| held.eq_ignore_ascii_case(id))
    }

    /// The account with the page's identifiers among its aliases, and which of them are new.
    pub(crate) fn bound_to(&self, account: Account) -> (Account, Vec<String>) {
        let (mut bound, mut new) = (account, Vec::new());
        for id in &self.0.ids {
            if !held(&bound).iter().any(|it| same(it, id)) {
                bound.aliases.push(id.clone());
                new.push(id.clone());
            }
        }
        (bound, new)
    }
}

/// Is it an account of a platform that publishes at its own place? Whatever is no app and no website is one: 抖音, 视频号, 小程序.
fn names_a_platform(account: &Account) -> bool {
    let own = ["网站", "门户", "网页", "website"];
    let name = account.platform.to_lowercase();
    account.platform != platform::APP && !own.iter().any(|word| name.contains(word))
}

pub(super) fn platform_words(name: &str) -> &str {
    match name {
        platform::WECHAT => "微信公众号",
        platform::WEIBO => "微博",
        platform::NANFANG => "南方号",
        platform::APP => "移动客户端",
        other => other,
    }
}

/// Everything that the ledger has written down of the account's identity.
fn written(account: &Account) -> impl Iterator<Item = &str> {
    let id = account.id.as_str().split_once(':').map(|(_, handle)| handle);
    let texts = [&account.handle, &account.previous_handle].into_iter();
    texts
        .flat_map(|text| text.split(' '))
        .chain(id)
        .chain(account.aliases.iter().map(String::as_str))
        .filter(|text| !text.is_empty())
}

/// The identifiers by which a post is known to be the account's: `gh_` and biz, UIDs, column numbers.
fn held(account: &Account) -> Vec<String> {
    if account.platform == platform::WECHAT {
        return written(account).filter(|it| kind(it) != Kind::Number).map(str::to_owned).collect();
    }
    let named = written(account).flat_map(|text| default_sources(&account.platform, text));
    let polled = account.sources.iter().cloned();
    let own = named.chain(polled).filter(|source| source.connector == account.platform);
    own.map(|source| source.target).collect()
}

/// Is the account a website, and the address one of its own origin?
pub(super) fn is_website_at(account: &Account, url: &Url) -> bool {
    let is_website = account.platform != platform::APP && !names_a_platform(account);
    is_website && addresses(account).any(|own| own.origin() == url.origin())
}

/// The addresses that the ledger names as places where the account publishes: where its app is downloaded or a service is
/// probed, others may publish.
fn addresses(account: &Account) -> impl Iterator<Item = Url> {
    let service = |connector: &str| matches!(connector, "apk" | "probe");
    let sources = account.sources.iter().filter(move |source| !service(&source.connector));
    let targets = sources.map(|source| source.target.as_str());
    written(account).chain(targets).filter_map(|text| Url::parse(text).ok())
}

/// The hosts of the addresses that the ledger names.
fn hosts(account: &Account) -> impl Iterator<Item = String> {
    addresses(account).filter_map(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")))
    })
}

/// A host or a domain as it was written, without `www.` and what surrounds it.
fn bare(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let host = host.split_once("://").map_or(host.as_str(), |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

/// The identifiers that a post carries, of which an account has one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Original,
    Biz,
    Number,
}

fn kind(text: &str) -> Kind {
    if text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("gh_")) {
        return Kind::Original;
    }
    let number = STANDARD.decode(text).unwrap_or_default();
    match number.len() >= BIZ_DIGITS_MIN && number.iter().all(u8::is_ascii_digit) {
        true => Kind::Biz,
        false => Kind::Number,
    }
}

fn same(one: &str, other: &str) -> bool {
    match kind(one) {
        Kind::Original => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// Are these the same words? Space and width do not matter; empty words are nobody's.
fn same_words(one: &str, other: &str) -> bool {
    let folded = crate::ledger::header::folded;
    !folded(one).is_empty() && folded(one) == folded(other)
}

#[cfg(test)]
mod tests;
