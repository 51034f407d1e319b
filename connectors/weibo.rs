//! When did a Weibo account last post? Read by the official interface, or by the mobile web with an operator's session.
//!
//! The newest post is the maximum over the account's own posts, pinned ones included; an empty page proves nothing.

mod api;
mod post;
mod refusal;
pub(crate) mod status;
mod web;

use async_trait::async_trait;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use url::Url;

use crate::connector::{
    Connector, Courtesy, Descriptor, PollContext, Secret, Target, TargetProblem,
};
use crate::listing;
use crate::registry::WeiboMode;

/// Reads Weibo accounts by their numeric UID.
pub struct WeiboConnector {
    descriptor: Descriptor,
    mode: WeiboMode,
    base: Url,
}

impl WeiboConnector {
    /// A connector of that mode that asks below `base`.
    pub fn new(mode: WeiboMode, base: Url) -> Self {
        let courtesy = match mode {
            WeiboMode::Api => Courtesy { at_once: 2, per_minute: 60 },
            WeiboMode::Web => Courtesy { at_once: 1, per_minute: 10 },
        };
        let descriptor = Descriptor {
            name: "weibo".into(),
            platform: "weibo".into(),
            channels: vec![Channel::posts()],
            proves_silence: true,
            lag_h: listing::LAG_H,
            courtesy,
            about:
                "读取微博账号的最新微博:官方接口(access_token),或运维人员自己的网页登录会话(cookie)"
                    .into(),
        };
        Self { descriptor, mode, base }
    }
}

#[async_trait]
impl Connector for WeiboConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        admit(target.as_str())
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        if let Err(problem) = self.admit(target) {
            let detail = format!("{}。{}", problem.what, problem.help);
            return Err(
                Fault::new(FaultScope::Account, FaultKind::Refused, detail).retry(Retry::Operator)
            );
        }
        match self.mode {
            WeiboMode::Api => api::look(target.as_str(), &self.base, cx).await,
            WeiboMode::Web => web::look(target.as_str(), &self.base, cx).await,
        }
    }

    /// Is the token or cookie there to be read?
    async fn probe(&self, cx: &PollContext<'_>) -> Result<(), Fault> {
        let key = match self.mode {
            WeiboMode::Api => "token",
            WeiboMode::Web => "cookie",
        };
        secret(cx, key).map(|_| ())
    }

    fn credential(&self, _target: &Target) -> Option<String> {
        Some("weibo".to_owned())
    }
}

/// The operator's token or cookie.
fn secret(cx: &PollContext<'_>, key: &str) -> Result<Secret, Fault> {
    cx.secrets.secret("weibo", key).map_err(|problem| {
        Fault::new(FaultScope::Credential, FaultKind::Unauthorized, problem.0)
            .retry(Retry::Operator)
    })
}

/// An address below the base address, which may have a path of its own.
fn address(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url
}

/// A UID: digits only.
fn admit(target: &str) -> Result<(), TargetProblem> {
    let digits = (5..=12).contains(&target.len()) && target.bytes().all(|b| b.is_ascii_digit());
    if digits && !target.starts_with('0') {
        return Ok(());
    }
    Err(TargetProblem::new(
        format!("{target} 不是微博 UID"),
        "请填写数字 UID:打开微博主页,地址 weibo.com/u/ 后面的一串数字就是",
    ))
}

#[cfg(test)]
mod tests;
