//! Which connectors are there? The registry: one line of registration each.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::connector::Connector;

/// What the built-in connectors need to know from `[connectors.*]`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[connectors.wechat] base_url`, default `https://api.weixin.qq.com`.
    pub wechat_base: Url,
    /// `[connectors.wechat] article_base_url`, default `https://mp.weixin.qq.com`.
    pub wechat_article_base: Url,
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
            weibo_mode: WeiboMode::Api,
            weibo_base: url("https://api.weibo.com"),
            nanfang_bases: vec![
                url("https://api.nfapp.southcn.com"),
                url("https://nfplusapi.nfnews.com"),
            ],
            appstore_base: url("https://itunes.apple.com"),
            appstore_country: "cn".to_owned(),
        }
    }
}

/// All connectors by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Connector>>);

impl Registry {
    /// The built-in connectors with these settings.
    pub fn built_in(_settings: &Settings) -> Self {
        Self::default()
    }

    /// Adds one; a later one of the same name wins.
    pub fn register(&mut self, connector: Arc<dyn Connector>) {
        self.0.insert(connector.descriptor().name, connector);
    }

    /// The connector of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Connector>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Connector>> {
        self.0.values()
    }
}
