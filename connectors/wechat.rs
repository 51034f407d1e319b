//! What did a WeChat official account publish, and how are its menu and auto-replies? Read with its AppID and secret.
//!
//! Two channels count: *notified* posts (pushed to followers) and *un-notified* ones. `getbizsummary` covers both
//! up to yesterday, `freepublish/batchget` the second up to now, so silence on both is proved up to yesterday only.

mod articles;
mod errcode;
mod figures;
mod memory;
mod menu;
mod publish;
mod reply;
mod session;
mod token;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use figures::Figures;
use memory::Memory;
use session::Session;
use token::Tokens;

/// Reads official accounts through the platform's interfaces, one token per AppID shared by all polls.
pub struct WechatConnector {
    descriptor: Descriptor,
    base: Url,
    article_base: Url,
    tokens: Tokens,
}

impl WechatConnector {
    /// A connector that asks the interfaces below `base`; article addresses are completed with `article_base`.
    pub fn new(base: Url, article_base: Url) -> Self {
        let descriptor = Descriptor {
            name: "wechat".into(),
            platform: "wechat".into(),
            channels: vec![Channel::new(Channel::NOTIFIED), Channel::new(Channel::UNNOTIFIED)],
            proves_silence: true,
            lag_h: 0,
            courtesy: Courtesy { at_once: 4, per_minute: 120 },
            about: "用公众号的 AppID 和 AppSecret 读取发表统计、已发布消息、自定义菜单和自动回复"
                .into(),
        };
        Self { descriptor, base, article_base, tokens: Tokens::default() }
    }
}

#[async_trait]
impl Connector for WechatConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        admit(target.as_str())
    }

    /// One look. The menu and the auto-replies are read once a day, the un-notified posts at most hourly: where one
    /// was not read, the observation says nothing of it, and what was known stays.
    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        if let Err(problem) = self.admit(target) {
            let detail = format!("{}。{}", problem.what, problem.help);
            return Err(
                Fault::new(FaultScope::Account, FaultKind::Refused, detail).retry(Retry::Operator)
            );
        }
        let mut memory = Memory::read(cx.memo);
        let quiet = std::mem::take(&mut memory.quiet);
        let mut session = Session::new(cx, &self.base, &self.tokens, target.as_str(), quiet);
        let figures = figures::look(&mut session, &mut memory).await;
        articles::look(&mut session, &mut memory, &figures.hits, &self.article_base).await;
        publish::look(&mut session, &mut memory).await;
        menu::look(&mut session, &mut memory).await;
        reply::look(&mut session, &mut memory).await;
        session.seen.hint.not_before = Some(next_look(cx.now, &figures, &memory));
        memory.quiet = std::mem::take(&mut session.quiet);
        session.seen.hint.memo = Some(memory.write());
        session.finish()
    }

    /// Is the base address one that can be asked? Each account has its own secret, read when it is polled.
    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        match self.base.scheme() {
            "http" | "https" if self.base.has_host() => Ok(()),
            _ => {
                let detail = format!("微信接口地址不可用:{}", self.base);
                Err(Fault::new(FaultScope::Local, FaultKind::Refused, detail)
                    .retry(Retry::Operator))
            }
        }
    }

    fn credential(&self, target: &Target) -> Option<String> {
        Some(target.as_str().to_owned())
    }
}

/// When something new can be known at the earliest: late figures after an hour, un-notified posts hourly (where
/// they can be read), else the figures of the next morning.
fn next_look(now: Timestamp, figures: &Figures, memory: &Memory) -> Timestamp {
    let morning = figures::next_figures(now);
    if figures.late || memory.publish_at.is_some() {
        morning.min(now + TimeDelta::hours(1))
    } else {
        morning
    }
}

/// An AppID: `wx` and sixteen letters or digits.
fn admit(target: &str) -> Result<(), TargetProblem> {
    let appid = target.strip_prefix("wx").is_some_and(|rest| {
        rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if appid {
        return Ok(());
    }
    let what = if target.starts_with("gh_") {
        format!("{target} 是公众号的原始ID,不能用来调用接口")
    } else {
        format!("{target} 不是 AppID(可能是微信号)")
    };
    Err(TargetProblem::new(
        what,
        "请填写以 wx 开头的 18 位 AppID:登录公众平台,在“设置与开发→基本配置”(或微信开发者平台)查看",
    ))
}

#[cfg(test)]
mod tests;
