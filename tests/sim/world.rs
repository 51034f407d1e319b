//! What is true? Accounts that post, fall silent and die, from a seed; every query about them at an instant.

mod generate;
mod ledger;
mod menu;
mod names;
mod posts;
mod spec;

use std::collections::HashMap;
use std::sync::RwLock;

use base64::Engine as _;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::{AccountId, Channel, stable_hash};

pub use ledger::{LEDGER_HEADER, csv};
pub use menu::{MenuEntry, MenuTarget, MenuTruth};
pub use spec::{Mix, WorldSpec};

/// The whole simulated province. Time is an argument of every query; once made it changes only by what owners publish
/// because they were written to ([`World::publish`]).
#[derive(Debug)]
pub struct World {
    /// The seed it was made from; print it when a test fails.
    pub seed: u64,
    /// What was asked for.
    pub spec: WorldSpec,
    /// Every account, by index.
    pub accounts: Vec<Account>,
    /// The units 主办单位 that run them.
    pub units: Vec<Unit>,
    /// The operator's token for Weibo's official interface.
    pub weibo_token: String,
    /// The operator's session cookie for Weibo's mobile web.
    pub weibo_cookie: String,
    index: HashMap<String, usize>,
}

/// A unit 主办单位 and the people who are written to.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its full name.
    pub name: String,
    /// The word that its accounts carry in their names.
    pub short: String,
    /// The city 地市 under which it is reported 通报对象.
    pub city: &'static str,
    /// Where its letters go, e.g. `unit-07@example.gov.test`.
    pub email: String,
    /// 主管单位.
    pub supervisor: String,
    /// Where escalations go, e.g. `supervisor-03@example.gov.test`.
    pub supervisor_email: String,
}

/// One account and everything that is true of it.
#[derive(Debug)]
pub struct Account {
    /// Its place in [`World::accounts`].
    pub index: usize,
    /// The id that the ledger gives it: `platform:handle`.
    pub id: AccountId,
    /// 账号名称.
    pub name: String,
    /// 账号标识.
    pub handle: String,
    /// 平台 as the ledger writes it.
    pub platform: &'static str,
    /// What it is and how it can be read.
    pub kind: Kind,
    /// Its place in [`World::units`].
    pub unit: usize,
    /// How it posts.
    pub behaviour: Behaviour,
    /// Every post that the owner makes unasked, from the history to the end, oldest first.
    pub posts: Vec<Post>,
    /// What the owner published because somebody wrote; see [`World::publish`].
    asked: RwLock<Vec<Post>>,
    /// When it authorises the operator, if it did not from the beginning and ever does.
    pub joins: Option<Joining>,
    /// When the account itself disappears, and how.
    pub gone: Option<(Timestamp, Gone)>,
    /// The custom menu; `None` = it never set one (or the platform has none).
    pub menu: Option<MenuTruth>,
    /// Has it set an automatic reply?
    pub auto_reply: bool,
}

/// What an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A WeChat account that authorised the operator.
    Wechat {
        /// `wx` and 16 hexadecimal digits.
        app_id: String,
        /// Its AppSecret.
        secret: String,
        /// WeChat verification 认证: without it statistics and `freepublish` answer 48001.
        verified: bool,
    },
    /// A Weibo account.
    Weibo {
        /// The numeric UID.
        uid: u64,
    },
    /// A 南方号.
    Nanfang {
        /// Its columnId.
        column: u32,
    },
    /// A mobile client.
    App(AppTruth),
    /// A WeChat account that authorises nothing; a bridge's feed shows some of its posts.
    Bridge,
    /// An account that nothing reads.
    Unsourced,
}

/// A WeChat account that authorises the operator in the course of the simulation, being verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// From when on the interface answers for it.
    pub at: Timestamp,
    /// `wx` and 16 hexadecimal digits.
    pub app_id: String,
    /// Its AppSecret.
    pub secret: String,
}

/// How WeChat's interface is asked about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface<'a> {
    /// `wx` and 16 hexadecimal digits.
    pub app_id: &'a str,
    /// Its AppSecret.
    pub secret: &'a str,
    /// WeChat verification 认证.
    pub verified: bool,
}

/// Where an app is offered and until when each place works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppTruth {
    /// Its id in the App Store, if it is declared there.
    pub store_id: Option<u64>,
    /// Bundle id and package name.
    pub package: String,
    /// Is an APK link declared?
    pub apk: bool,
    /// Does the operator vouch that its news feed lists every post (`feed-complete`)?
    pub feed_complete: bool,
    /// When the store stops listing it.
    pub store_removed_at: Option<Timestamp>,
    /// When the APK link becomes an HTML page.
    pub apk_page_at: Option<Timestamp>,
    /// When its health address starts to answer 404.
    pub probe_dead_at: Option<Timestamp>,
}

/// How an account disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// 注销: cancelled by its owner.
    Deregistered,
    /// 冻结: frozen by the platform.
    Frozen,
}

/// How an account posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// About once a day.
    Daily,
    /// Every two to four days.
    EveryFewDays,
    /// Every six to eight days.
    Weekly,
    /// Every nine to seventeen days: near the line, sometimes over it.
    Irregular,
    /// Every few days, and nothing after this instant, for ever.
    SilentFrom(Timestamp),
    /// Every few days, with nothing between the two instants.
    SilentSpell(Timestamp, Timestamp),
    /// One post, long before the start.
    Zombie,
    /// Daily until the account disappears (see [`Account::gone`]).
    UntilGone,
}

/// A channel of the simulated platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostChannel {
    /// WeChat 群发, publish_type 0.
    Notified,
    /// WeChat 发布, publish_type 1.
    Unnotified,
    /// The single channel of the others.
    Posts,
}

impl PostChannel {
    /// The channel's name in observations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notified => Channel::NOTIFIED,
            Self::Unnotified => Channel::UNNOTIFIED,
            Self::Posts => Channel::POSTS,
        }
    }
}

/// One post.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// When it was published, to the second.
    pub time: Timestamp,
    /// Where.
    pub channel: PostChannel,
    /// Pinned 置顶: platforms put it first whatever its age.
    pub pinned: bool,
    /// A repost 转发 of somebody else's older post.
    pub repost: bool,
    /// When its owner deleted it.
    pub deleted_at: Option<Timestamp>,
    title: u32,
}

impl Post {
    /// Its title.
    pub fn title(&self) -> String {
        names::title(self.title)
    }

    /// Published by then, and not yet deleted?
    pub fn is_visible(&self, at: Timestamp) -> bool {
        self.time <= at && self.deleted_at.is_none_or(|deleted| deleted > at)
    }
}

/// What is true of an account at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The newest post that can still be read (published by then, not deleted by then).
    pub last_post: Option<Timestamp>,
    /// The newest post published by then, even if it has been deleted since.
    pub last_published: Option<Timestamp>,
    /// Has the account disappeared?
    pub gone: Option<Gone>,
    /// App only: can it still be had from any declared place?
    pub app_usable: Option<bool>,
    /// App only: does its health address answer?
    pub probe_alive: Option<bool>,
    /// Can any source of this account prove silence (class `auto`)?
    pub provable: bool,
}

impl Truth {
    /// Silent for longer than `window_days` at `at` (the instant that the truth was asked for)?
    pub fn is_silent(&self, at: Timestamp, window_days: i64) -> bool {
        self.last_post.is_none_or(|last| at - last > TimeDelta::days(window_days))
    }
}

impl Account {
    /// Has it disappeared by `at`?
    pub fn gone_by(&self, at: Timestamp) -> Option<Gone> {
        self.gone.filter(|(since, _)| *since <= at).map(|(_, how)| how)
    }

    /// 原始ID of a WeChat account (`gh_` and 12 hexadecimal digits).
    pub fn gh(&self) -> String {
        if self.handle.starts_with("gh_") {
            return self.handle.clone();
        }
        format!("gh_{:012x}", stable_hash(&[b"gh", self.handle.as_bytes()]) >> 16)
    }

    /// `__biz` of a WeChat account's articles.
    pub fn biz(&self) -> String {
        let number = 3_200_000_000 + stable_hash(&[self.gh().as_bytes()]) % 600_000_000;
        base64::engine::general_purpose::STANDARD.encode(number.to_string())
    }

    /// What WeChat's interface knows of it at `at`; `None` = it has not authorised the operator.
    pub fn interface(&self, at: Timestamp) -> Option<Interface<'_>> {
        match (&self.kind, &self.joins) {
            (Kind::Wechat { app_id, secret, verified }, _) => {
                Some(Interface { app_id, secret, verified: *verified })
            }
            (_, Some(Joining { at: from, app_id, secret })) if *from <= at => {
                Some(Interface { app_id, secret, verified: true })
            }
            _ => None,
        }
    }

    /// The app, if it is one.
    pub fn app(&self) -> Option<&AppTruth> {
        match &self.kind {
            Kind::App(app) => Some(app),
            _ => None,
        }
    }
}

impl World {
    /// What is true of an account at an instant; `None` for an id that is not of this world.
    pub fn truth(&self, id: &AccountId, at: Timestamp) -> Option<Truth> {
        self.find(id.as_str()).map(|account| self.truth_of(account, at))
    }

    /// What is true of this account at an instant.
    pub fn truth_of(&self, account: &Account, at: Timestamp) -> Truth {
        let passed = |when: Option<Timestamp>| when.is_some_and(|when| when <= at);
        Truth {
            last_post: account.visible(at).next().map(|(_, post)| post.time),
            last_published: account.last_published(at),
            gone: account.gone_by(at),
            app_usable: account.app().map(|app| {
                let in_store = app.store_id.is_some() && !passed(app.store_removed_at);
                in_store || (app.apk && !passed(app.apk_page_at))
            }),
            probe_alive: account.app().map(|app| !passed(app.probe_dead_at)),
            provable: match &account.kind {
                Kind::Wechat { verified, .. } => *verified,
                Kind::Weibo { .. } | Kind::Nanfang { .. } => true,
                Kind::App(app) => app.feed_complete,
                Kind::Bridge | Kind::Unsourced => account.interface(at).is_some(),
            },
        }
    }

    /// The newest post of account `index` published by `at` and not deleted by then.
    pub fn last_post_before(&self, index: usize, at: Timestamp) -> Option<Timestamp> {
        self.accounts.get(index)?.visible(at).next().map(|(_, post)| post.time)
    }

    /// The account with this id, AppID, UID (`weibo:…`), columnId (`nanfang:…`), store id or package.
    pub fn find(&self, key: &str) -> Option<&Account> {
        self.index.get(key).and_then(|index| self.accounts.get(*index))
    }

    /// What the daemon must hold: (connector, key, value) of every secret.
    pub fn secrets(&self) -> Vec<(&'static str, String, String)> {
        let mut secrets = vec![
            ("weibo", "token".to_owned(), self.weibo_token.clone()),
            ("weibo", "cookie".to_owned(), self.weibo_cookie.clone()),
        ];
        let end = Timestamp::MAX_UTC;
        secrets.extend(self.accounts.iter().filter_map(|account| {
            let Interface { app_id, secret, .. } = account.interface(end)?;
            Some(("wechat", app_id.to_owned(), secret.to_owned()))
        }));
        secrets
    }
}

#[cfg(test)]
mod tests;
