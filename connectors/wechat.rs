//! What did a WeChat official account publish, and how are its menu and auto-replies? Read with its AppID and secret,
//! or through a third-party platform 第三方平台 that it is authorised to.
//!
//! Two channels count: *notified* posts (pushed to followers) and *un-notified* ones. `getbizsummary` covers both
//! up to yesterday, `freepublish/batchget` the second up to now, so silence on both is proved up to yesterday only.

mod articles;
pub mod authorise;
pub mod component;
mod dealings;
mod errcode;
mod figures;
mod interface;
pub mod keep;
mod memory;
mod menu;
mod publish;
pub mod push;
mod reply;
mod session;
mod standing;
mod token;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Blind, InteractionSign, Observation};
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use component::ComponentSettings;
use figures::Figures;
use keep::Keep;
use memory::Memory;
use session::{Session, Way};

/// Reads official accounts through the platform's interfaces, one token per AppID shared by all polls.
pub struct WechatConnector {
    descriptor: Descriptor,
    base: Url,
    article_base: Url,
    keep: Arc<Keep>,
    component: Option<ComponentSettings>,
}

impl WechatConnector {
    /// A connector that asks the interfaces below `base`; article addresses are completed with `article_base`. It
    /// remembers nothing beyond the process, and knows no third-party platform.
    pub fn new(base: Url, article_base: Url) -> Self {
        let descriptor = Descriptor {
            name: "wechat".into(),
            platform: "wechat".into(),
            channels: vec![Channel::new(Channel::NOTIFIED), Channel::new(Channel::UNNOTIFIED)],
            proves_silence: true,
            lag_h: 0,
            courtesy: Courtesy { at_once: 4, per_minute: 120 },
            about: "用公众号的 AppID 和 AppSecret(或第三方平台授权)读取发表统计、已发布消息、自定义菜单、自动回复和留言回复情况"
                .into(),
        };
        let keep = Arc::new(Keep::in_memory());
        Self { descriptor, base, article_base, keep, component: None }
    }

    /// The same over these durable records, and with this third-party platform.
    #[must_use]
    pub fn with(self, keep: Arc<Keep>, component: Option<ComponentSettings>) -> Self {
        Self { keep, component, ..self }
    }

    fn way(&self) -> Way<'_> {
        Way { base: &self.base, keep: &self.keep, component: self.component.as_ref() }
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

    /// One look. The menu and the auto-replies are read every three days, the figures of a day once they are whole, the
    /// un-notified posts at most hourly: where one was not read, the observation says nothing of it, and what was known stays.
    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        if let Err(problem) = self.admit(target) {
            let detail = format!("{}。{}", problem.what, problem.help);
            return Err(
                Fault::new(FaultScope::Account, FaultKind::Refused, detail).retry(Retry::Operator)
            );
        }
        let mut memory = Memory::read(cx.memo);
        let doors = std::mem::take(&mut memory.doors);
        let mut session = Session::new(cx, self.way(), target.as_str(), doors);
        standing::look(&mut session, &mut memory).await;
        let figures = figures::look(&mut session, &mut memory).await;
        articles::look(&mut session, &mut memory, &figures.hits, &self.article_base).await;
        publish::look(&mut session, &mut memory, &figures).await;
        menu::look(&mut session, &mut memory).await;
        reply::look(&mut session, &mut memory).await;
        standing::settle(&mut session, &mut memory, &self.article_base).await;
        dealings::look(&mut session, &mut memory).await;
        comments_sought(&mut session.seen, &figures);
        if figures.known {
            bytes_of_news(&mut session.seen, &figures);
        }
        session.seen.hint.not_before = Some(next_look(cx.now, &figures, &memory));
        session.seen.hint.blind = blind(cx.now, &figures);
        memory.doors = std::mem::take(&mut session.doors);
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

    /// Accounts that are authorised to the third-party platform share its credential.
    fn credential(&self, target: &Target) -> Option<String> {
        let shared = self.component.as_ref().filter(|component| {
            let record = self.keep.authorizer(&component.appid, target.as_str());
            record.is_ok_and(|record| record.is_some_and(|record| record.stands()))
        });
        Some(shared.map_or(target.as_str(), |component| &component.appid).to_owned())
    }
}

/// The figures were read and show no comment: looked for and not found, which proves nothing.
fn comments_sought(seen: &mut Observation, figures: &Figures) {
    let known = seen.interaction.iter().any(|sign| sign.kind == "comments");
    if known || figures.known || figures.complete.is_none() {
        return;
    }
    seen.interaction.push(InteractionSign {
        kind: "comments".to_owned(),
        works: None,
        what: "统计中没有留言,也未见开放留言的文章".to_owned(),
    });
}

/// Where the figures were known already, what else was read is kept as bytes only if it shows a later post: it must not
/// take the place of the figures behind a ruling.
fn bytes_of_news(seen: &mut Observation, figures: &Figures) {
    let until = figures.complete.map(|day| civil::start_of(day + chrono::Days::new(1)));
    let news = seen.sightings.iter().any(|s| until.is_none_or(|until| s.published.latest >= until));
    if !news && seen.profile.is_none() {
        seen.evidence.clear();
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

/// What cannot be seen before the figures come: pushed posts since the end of the newest complete day.
fn blind(now: Timestamp, figures: &Figures) -> Vec<Blind> {
    let Some(complete) = figures.complete else { return Vec::new() };
    let again = figures::next_figures(now);
    let again = if figures.late { again.min(now + TimeDelta::hours(1)) } else { again };
    vec![Blind {
        channel: Channel::new(Channel::NOTIFIED),
        since: civil::start_of(complete + chrono::Days::new(1)),
        again,
    }]
}

/// An AppID: `wx` and sixteen letters or digits.
pub fn is_appid(text: &str) -> bool {
    text.strip_prefix("wx").is_some_and(|rest| {
        rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn admit(target: &str) -> Result<(), TargetProblem> {
    if is_appid(target) {
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
