//! Which connectors are there? The registry: one line of registration each.

use std::collections::BTreeMap;
use std::sync::Arc;

use freshd_core::account::{Source, platform};
use url::Url;

use crate::app::apk::ApkConnector;
use crate::app::appstore::AppstoreConnector;
use crate::app::huawei::{self, HuaweiConnector};
use crate::app::tencent::TencentConnector;
use crate::article::ArticleConnector;
use crate::connector::Connector;
use crate::feed::FeedConnector;
use crate::http::Api;
use crate::manual::ManualConnector;
use crate::nanfang::NanfangConnector;
use crate::probe::ProbeConnector;
use crate::wechat::WechatConnector;
use crate::wechat::component::ComponentSettings;
use crate::wechat::keep::Keep;
use crate::weibo::WeiboConnector;

/// What the built-in connectors need to know from `[connectors.*]`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[connectors.wechat] base_url`, default `https://api.weixin.qq.com`.
    pub wechat_base: Url,
    /// `[connectors.wechat] article_base_url`, default `https://mp.weixin.qq.com`.
    pub wechat_article_base: Url,
    /// `[connectors.wechat.component]`: the third-party platform, if there is one.
    pub wechat_component: Option<ComponentSettings>,
    /// `[connectors.weibo] mode`: official API, or an operator's web session.
    pub weibo_mode: WeiboMode,
    /// `[connectors.weibo] base_url`, default by mode.
    pub weibo_base: Url,
    /// `[connectors.nanfang] base_urls`, tried in order.
    pub nanfang_bases: Vec<Url>,
    /// `[connectors.appstore] base_url`, default `https://itunes.apple.com`.
    pub appstore_base: Url,
    /// `[connectors.appstore] country`, default `cn`.
    pub appstore_country: String,
    /// `[connectors.appstore] control`: an app that certainly is in the store; default 微信; empty = none.
    pub appstore_control: String,
    /// `[connectors.huawei]`.
    pub huawei: HuaweiSettings,
    /// `[connectors.tencent] base_url`, default `https://sj.qq.com`.
    pub tencent_base: Url,
    /// `[connectors.tencent] second_base_url`, default `https://a.app.qq.com`.
    pub tencent_second: Url,
    /// `[connectors.tencent] control`: a package that certainly is in the store; default 微信.
    pub tencent_control: String,
}

/// `[connectors.huawei]`.
#[derive(Clone, Debug)]
pub struct HuaweiSettings {
    /// `base_url`, default `https://web-drcn.hispace.dbankcloud.com`.
    pub base: Url,
    /// `control`: an app that certainly is in the store, asked when another seems not to be.
    pub control: String,
    /// `interface_code`: send the code that the interface gives to every visitor.
    pub with_code: bool,
}

/// How Weibo is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeiboMode {
    /// `api.weibo.com` with the `token` secret.
    Api,
    /// `m.weibo.cn` with the `cookie` secret of an operator's session.
    Web,
}

impl Default for Settings {
    fn default() -> Self {
        let url = |text: &str| Url::parse(text).expect("a literal address parses");
        Self {
            wechat_base: url("https://api.weixin.qq.com"),
            wechat_article_base: url("https://mp.weixin.qq.com"),
            wechat_component: None,
            weibo_mode: WeiboMode::Api,
            weibo_base: url("https://api.weibo.com"),
            nanfang_bases: vec![
                url("https://api.nfapp.southcn.com"),
                url("https://nfplusapi.nfnews.com"),
            ],
            appstore_base: url("https://itunes.apple.com"),
            appstore_country: "cn".to_owned(),
            appstore_control: "414478124".to_owned(),
            huawei: HuaweiSettings {
                base: url("https://web-drcn.hispace.dbankcloud.com"),
                control: "com.tencent.mm".to_owned(),
                with_code: false,
            },
            tencent_base: url("https://sj.qq.com"),
            tencent_second: url("https://a.app.qq.com"),
            tencent_control: "com.tencent.mm".to_owned(),
        }
    }
}

impl Settings {
    /// Where an interface is asked that could change an account, and so the promise 只读 holds.
    pub fn reading_only(&self) -> Vec<(Api, Url)> {
        let mut bases = vec![(Api::Wechat, self.wechat_base.clone())];
        if self.weibo_mode == WeiboMode::Api {
            bases.push((Api::Weibo, self.weibo_base.clone()));
        }
        bases
    }
}

/// All connectors by name.
#[derive(Clone, Default)]
pub struct Registry {
    all: BTreeMap<String, Arc<dyn Connector>>,
    articles: Option<Arc<ArticleConnector>>,
}

impl Registry {
    /// The built-in connectors with these settings, remembering nothing beyond the process.
    pub fn built_in(settings: &Settings) -> Self {
        Self::keeping(settings, &Arc::new(Keep::in_memory()))
    }

    /// The built-in connectors with these settings, over what must not be forgotten.
    pub fn keeping(settings: &Settings, keep: &Arc<Keep>) -> Self {
        let settings = settings.clone();
        let mut all = Self::default();
        let articles = settings.wechat_article_base;
        let wechat = WechatConnector::new(settings.wechat_base, articles.clone());
        all.register(Arc::new(wechat.with(Arc::clone(keep), settings.wechat_component)));
        let weibo = (settings.weibo_mode, settings.weibo_base.clone());
        let articles = ArticleConnector::new(articles).with(weibo, settings.nanfang_bases.clone());
        let articles = Arc::new(articles);
        all.register(Arc::clone(&articles) as Arc<dyn Connector>);
        all.articles = Some(articles);
        all.register(Arc::new(WeiboConnector::new(settings.weibo_mode, settings.weibo_base)));
        all.register(Arc::new(NanfangConnector::new(settings.nanfang_bases)));
        all.register(Arc::new(AppstoreConnector::new(
            settings.appstore_base,
            settings.appstore_country,
            settings.appstore_control,
        )));
        let store = settings.huawei;
        all.register(Arc::new(HuaweiConnector::new(store.base, store.control, store.with_code)));
        let (base, second) = (settings.tencent_base, settings.tencent_second);
        all.register(Arc::new(TencentConnector::new(base, second, settings.tencent_control)));
        all.register(Arc::new(ApkConnector::new()));
        all.register(Arc::new(ProbeConnector::new()));
        all.register(Arc::new(FeedConnector::bridge()));
        all.register(Arc::new(FeedConnector::complete()));
        all.register(Arc::new(ManualConnector::new()));
        all
    }

    /// Adds one; a later one of the same name wins.
    pub fn register(&mut self, connector: Arc<dyn Connector>) {
        self.all.insert(connector.descriptor().name.to_string(), connector);
    }

    /// The connector of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Connector>> {
        self.all.get(name)
    }

    /// The built-in one that opens links given as proof, which can also say whose they are.
    pub fn articles(&self) -> Option<&Arc<ArticleConnector>> {
        self.articles.as_ref()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Connector>> {
        self.all.values()
    }
}

/// Where an account is polled when its row names no source 采集方式: what its platform and handle alone
/// say. Empty where they do not suffice: a 原始ID or 微信号 opens no interface, and one article's link
/// is a proof, not a source.
pub fn default_sources(platform: &str, handle: &str) -> Vec<Source> {
    let handle = handle.trim();
    let link = Url::parse(handle).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let source = match (platform, link) {
        (platform::WECHAT, None) => appid(handle).map(|id| Source::new("wechat", id)),
        (platform::WEIBO, None) => number(handle, 5).map(|id| Source::new("weibo", id)),
        (platform::WEIBO, Some(link)) => weibo_uid(&link).map(|id| Source::new("weibo", id)),
        (platform::NANFANG, None) => number(handle, 1).map(|id| Source::new("nanfang", id)),
        (platform::NANFANG, Some(link)) => column_id(&link).map(|id| Source::new("nanfang", id)),
        (platform::APP, None) if huawei::is_number(handle) => Some(Source::new("huawei", handle)),
        (platform::APP, None) => number(handle, 6).map(|id| Source::new("appstore", id)),
        (platform::APP, Some(link)) => app_source(&link),
        _ => None,
    };
    source.into_iter().collect()
}

/// An AppID: `wx` and sixteen letters or digits.
fn appid(handle: &str) -> Option<&str> {
    let rest = handle.strip_prefix("wx")?;
    (rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(handle)
}

/// A number of at least so many and at most 14 digits.
fn number(text: &str, digits_min: usize) -> Option<String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (digits_min..=14).contains(&text.len())).then(|| text.to_owned())
}

fn on_host(link: &Url, domain: &str) -> bool {
    let Some(host) = link.host_str() else { return false };
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// `weibo.com/u/UID`, `m.weibo.cn/u/UID`, `weibo.com/UID`; a personal domain says no UID.
fn weibo_uid(link: &Url) -> Option<String> {
    if !on_host(link, "weibo.com") && !on_host(link, "weibo.cn") {
        return None;
    }
    let mut path = link.path_segments()?.filter(|part| !part.is_empty());
    let uid = match path.next()? {
        "u" | "profile" => path.next()?,
        other => other,
    };
    path.next().is_none().then(|| number(uid, 5))?
}

/// A share link of a 南方号: `…?nfhId=3392`, `m.nfapp.southcn.com/3392`.
fn column_id(link: &Url) -> Option<String> {
    if !on_host(link, "southcn.com") && !on_host(link, "nfnews.com") {
        return None;
    }
    let named = link
        .query_pairs()
        .find(|(name, _)| matches!(name.as_ref(), "nfhId" | "columnId"))
        .and_then(|(_, id)| number(&id, 1));
    named.or_else(|| {
        let mut path = link.path_segments()?.filter(|part| !part.is_empty());
        let id = path.next()?;
        path.next().is_none().then(|| number(id, 1))?
    })
}

/// An App Store or AppGallery page names its number, one of 应用宝 its package; an address that ends in
/// `.apk` is a package.
fn app_source(link: &Url) -> Option<Source> {
    if on_host(link, "apple.com") {
        let id = link.path_segments()?.find_map(|part| number(part.strip_prefix("id")?, 6))?;
        return Some(Source::new("appstore", id));
    }
    if on_host(link, "huawei.com") {
        // Also in the fragment: `appgallery.huawei.com/#/app/C1`.
        let fragment = link.fragment().unwrap_or_default().split(['?', '&']).next();
        let mut parts = link.path().split('/').chain(fragment.unwrap_or_default().split('/'));
        return parts.find(|part| huawei::is_number(part)).map(|id| Source::new("huawei", id));
    }
    if on_host(link, "qq.com") && !link.path().ends_with(".apk") {
        let named = |name: &str| matches!(name, "pkgname" | "apkName" | "pkgName");
        let query = link.query_pairs().find(|(name, _)| named(name)).map(|(_, id)| id.into_owned());
        let path = link.path().strip_prefix("/appdetail/").map(str::to_owned);
        let package = path.or(query).filter(|package| crate::app::is_package(package))?;
        return Some(Source::new("tencent", package));
    }
    link.path().to_ascii_lowercase().ends_with(".apk").then(|| Source::new("apk", link.as_str()))
}

#[cfg(test)]
mod tests;
