//! How does an account's owner come to authorise our third-party platform, and who has? Links to WeChat's own page,
//! what comes back from it, and what is known of every authorisation.
//!
//! Facts: `api_create_preauthcode` and the two forms of the link are of the open platform's 授权流程技术说明. The page that
//! leads there and `redirect_uri` must lie on the 授权发起页域名, and WeChat looks at the `Referer`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::stable_hash;
use serde_json::{Value, json};
use url::Url;

use super::component::{Component, ComponentSettings, look_up};
use super::errcode;
use super::is_appid;
use super::keep::{Authorizer, Keep, Token, VaultError, vault_fault};
use super::token::NoToken;
use crate::connector::PollContext;
use crate::lenient;

const CREATE: &str = "/cgi-bin/component/api_create_preauthcode";
const QUERY_AUTH: &str = "/cgi-bin/component/api_query_auth";
/// WeChat's page for a computer, which shows a code to scan.
const COMPUTER: &str = "https://mp.weixin.qq.com/cgi-bin/componentloginpage";
/// WeChat's page for a telephone, opened inside WeChat.
const PHONE: &str = "https://open.weixin.qq.com/wxaopen/safe/bindcomponent";
/// A `pre_auth_code` lives so long, seconds (documentation of the interface; older pages say 600).
const CODE_LIVES_S: i64 = 1_800;
/// One is handed out while it lives so much longer: its reader has to find a telephone.
const CODE_LEFT: TimeDelta = TimeDelta::minutes(5);
/// New codes, and redemptions of codes that nobody announced, within an hour: 10 000 calls a day were seen to be allowed.
const ASKS_PER_HOUR: usize = 300;
/// Longest `auth_code`, bytes.
const AUTH_CODE_BYTES_MAX: usize = 512;
/// 61010: the code is spent or has run out.
const CODE_EXPIRED: i64 = 61010;
/// The names of authorised accounts that are asked for in one round of [`Desk::tend`].
const NAMES_AT_ONCE: usize = 20;
/// What the monitor needs: any set of each group, and its name (`get_current_selfmenu_info`; `getbizsummary`).
const NEEDED: [(&[i64], &str); 2] = [(&[1, 3, 15], "账号服务"), (&[7], "群发与通知")];

/// Links to WeChat's page of authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// To be opened on a computer: shows a code to be scanned.
    pub computer: Url,
    /// To be opened inside WeChat on a telephone.
    pub phone: Url,
    /// Until when both work.
    pub ends: Timestamp,
}

/// What became of an `auth_code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// The account is authorised; told again for the same code.
    Authorised(Box<Authorisation>),
    /// The code is not one, was used elsewhere, or has run out.
    Spent,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Authorised; it can be read.
    Stands,
    /// Authorised, without these permission sets (their names).
    Lacks(Vec<&'static str>),
    /// Its owner withdrew.
    Withdrawn(Timestamp),
    /// WeChat's own list no longer holds it.
    Vanished,
    /// We hold no refresh token for it.
    TokenGone,
}

/// What is known of one account's authorisation. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Its AppID.
    pub appid: String,
    /// How it stands.
    pub hold: Hold,
    /// When that was said; `None` = not known.
    pub since: Option<Timestamp>,
    /// `nick_name`, as far as it was asked for.
    pub name: Option<String>,
    /// 原始ID `gh_…`.
    pub handle: Option<String>,
}

/// Everything that is known about authorisations to a third-party platform.
pub fn authorisations(
    keep: &Keep,
    settings: &ComponentSettings,
) -> Result<Vec<Authorisation>, VaultError> {
    let listed = keep.component(&settings.appid)?.list_whole;
    let records = keep.authorizers(&settings.appid)?;
    Ok(records.into_iter().map(|(appid, record)| told(appid, &record, listed)).collect())
}

fn told(
    appid: String,
    record: &Authorizer,
    list_whole: Option<chrono::NaiveDate>,
) -> Authorisation {
    // Not on a whole list that was read on a later day than any word of it.
    let heard = record.listed.max(record.event_at.map(freshd_core::civil::day));
    let vanished = heard.is_some_and(|day| list_whole.is_some_and(|whole| day < whole));
    let lacks = || {
        let lacking = NEEDED.iter().filter(|(sets, _)| {
            !record.sets.is_empty() && !sets.iter().any(|set| record.sets.contains(set))
        });
        lacking.map(|(_, name)| *name).collect::<Vec<_>>()
    };
    let hold = match record.withdrawn {
        Some(at) => Hold::Withdrawn(at),
        None if vanished => Hold::Vanished,
        None if !record.stands() => Hold::TokenGone,
        None => match lacks() {
            lacks if lacks.is_empty() => Hold::Stands,
            lacks => Hold::Lacks(lacks),
        },
    };
    Authorisation {
        appid,
        hold,
        since: record.withdrawn.or(record.event_at),
        name: record.name.clone(),
        handle: record.handle.clone(),
    }
}

/// Where owners are led to WeChat's page and come back from it.
pub struct Desk<'a> {
    way: Component<'a>,
}

impl<'a> Desk<'a> {
    /// Of this platform, asked at this base address.
    pub fn new(
        cx: &'a PollContext<'a>,
        base: &'a Url,
        keep: &'a Keep,
        settings: &'a ComponentSettings,
    ) -> Self {
        Self { way: Component { cx, base, keep, settings } }
    }

    fn slot_of(&self, whose: &str) -> String {
        format!("invitation:{}:{whose}", self.way.settings.appid)
    }

    /// Links for whoever `whose` names, back to `back`; with an AppID only that account can be chosen there. The code in
    /// them is made once and used again while it lives.
    ///
    /// # Errors
    /// WeChat gives none, or too many were asked for.
    pub async fn invite(
        &self,
        whose: &str,
        appid: Option<&str>,
        back: &Url,
    ) -> Result<Invitation, Fault> {
        let now = self.way.cx.now;
        let slot = self.way.keep.slot(&self.slot_of(whose));
        let mut held = slot.lock().await;
        let lives = |token: &&Token| token.ends - now > CODE_LEFT;
        let (code, ends) = match held.as_ref().filter(lives) {
            Some(token) => (token.value.clone(), token.ends),
            None => {
                let token = self.new_code().await?;
                let made = (token.value.clone(), token.ends);
                *held = Some(token);
                made
            }
        };
        Ok(Invitation {
            computer: self.link(COMPUTER, &[], &code, appid, back),
            phone: self.link(
                PHONE,
                &[("action", "bindcomponent"), ("no_scan", "1")],
                &code,
                appid,
                back,
            ),
            ends,
        })
    }

    /// The code that was handed out to `whose` is used: the next one gets a new one.
    pub async fn used(&self, whose: &str) {
        *self.way.keep.slot(&self.slot_of(whose)).lock().await = None;
    }

    async fn new_code(&self) -> Result<Token, Fault> {
        self.may_ask("preauthcode")?;
        let now = self.way.cx.now;
        let body = json!({"component_appid": self.way.settings.appid});
        let answer = self.way.ask(CREATE, "获取预授权码", &body).await;
        let answer = answer.map_err(|why| self.fault(why))?;
        let code = answer.get("pre_auth_code").and_then(lenient::text);
        let life = answer.get("expires_in").and_then(lenient::int);
        let Some(value) = code else {
            return Err(malformed("获取预授权码:应答中没有 pre_auth_code"));
        };
        let life = life.unwrap_or(600).clamp(0, CODE_LIVES_S);
        Ok(Token { value, ends: now + TimeDelta::seconds(life), made_for: None })
    }

    fn link(
        &self,
        page: &str,
        fixed: &[(&str, &str)],
        code: &str,
        appid: Option<&str>,
        back: &Url,
    ) -> Url {
        let mut url: Url = page.parse().expect("a constant address");
        let mut query = url.query_pairs_mut();
        for (key, value) in fixed {
            query.append_pair(key, value);
        }
        query.append_pair("component_appid", &self.way.settings.appid);
        query.append_pair("pre_auth_code", code);
        query.append_pair("redirect_uri", back.as_str());
        // One or the other: where the account is named its kind needs no naming.
        match appid.filter(|appid| is_appid(appid)) {
            Some(appid) => query.append_pair("biz_appid", appid),
            None => query.append_pair("auth_type", "1"),
        };
        drop(query);
        if page == PHONE {
            url.set_fragment(Some("wechat_redirect"));
        }
        url
    }

    /// The `auth_code` that WeChat's page sent back: it becomes an authorisation, unless a push already made one of it.
    ///
    /// # Errors
    /// WeChat, or our own records, cannot be had.
    pub async fn welcome(&self, code: &str) -> Result<Welcome, Fault> {
        if code.is_empty() || code.len() > AUTH_CODE_BYTES_MAX {
            return Ok(Welcome::Spent);
        }
        let hash = stable_hash(&[code.as_bytes()]);
        if let Some(appid) = self.announced(code, hash)? {
            let record = self.record(&appid)?;
            if record.redeemed != Some(hash) {
                let token = self.way.authorizer_token(&appid).await;
                token.map_err(|why| self.fault(why))?;
            }
            return self.arrived(appid).await;
        }
        self.may_ask("query_auth")?;
        let body = json!({
            "component_appid": self.way.settings.appid, "authorization_code": code,
        });
        match self.way.ask(QUERY_AUTH, "换取授权信息", &body).await {
            Ok(answer) => self.take_in(&answer, hash).await,
            Err(NoToken::Refused { told, .. }) if told.code == CODE_EXPIRED => {
                // A push, or the same page opened twice, may have been quicker.
                match self.announced(code, hash)? {
                    Some(appid) => self.arrived(appid).await,
                    None => Ok(Welcome::Spent),
                }
            }
            Err(why) => Err(self.fault(why)),
        }
    }

    /// Whose code is it, if it was announced or redeemed before?
    fn announced(&self, code: &str, hash: u64) -> Result<Option<String>, Fault> {
        let records = self.way.keep.authorizers(&self.way.settings.appid);
        let records = records.map_err(|error| vault_fault(&error))?;
        let is_it = |record: &Authorizer| {
            let held = record.code.as_ref().is_some_and(|held| held.value == code);
            record.withdrawn.is_none() && (held || record.redeemed == Some(hash))
        };
        Ok(records.into_iter().find(|(_, record)| is_it(record)).map(|(appid, _)| appid))
    }

    fn record(&self, appid: &str) -> Result<Authorizer, Fault> {
        let held = self.way.keep.authorizer(&self.way.settings.appid, appid);
        held.map(Option::unwrap_or_default).map_err(|error| vault_fault(&error))
    }

    /// Keeps what `api_query_auth` gave: an authorisation that no push has told of yet.
    async fn take_in(&self, answer: &Value, hash: u64) -> Result<Welcome, Fault> {
        let held = answer.get("authorization_info").unwrap_or(&Value::Null);
        let named = held.get("authorizer_appid").or_else(|| held.get("appid"));
        let Some(appid) = named.and_then(lenient::text).filter(|appid| is_appid(appid)) else {
            return Err(malformed("换取授权信息:应答中没有 authorizer_appid"));
        };
        let (keep, component) = (self.way.keep, &self.way.settings.appid);
        let slot = keep.slot(&self.way.slot_of(&appid));
        let mut place = slot.lock().await;
        let mut record = self.record(&appid)?;
        record.withdrawn = None;
        record.event_at = record.event_at.max(Some(self.way.cx.now));
        record.redeemed = Some(hash);
        keep.put_authorizer(component, &appid, &record).map_err(|error| vault_fault(&error))?;
        let token = self.way.accept(&appid, held, Some(super::component::sets(held))).await;
        *place = Some(token.map_err(|why| self.fault(why))?);
        drop(place);
        self.arrived(appid).await
    }

    /// Who it is; its name is a courtesy, without which the authorisation stands all the same.
    async fn arrived(&self, appid: String) -> Result<Welcome, Fault> {
        let mut record = self.record(&appid)?;
        if record.name.is_none() {
            let _ = look_up(&self.way, &appid).await;
            record = self.record(&appid)?;
        }
        Ok(Welcome::Authorised(Box::new(told(appid, &record, None))))
    }

    /// Reads WeChat's own list once a day, and the names of authorised accounts that `known` does not hold. How many
    /// names were learnt?
    ///
    /// # Errors
    /// WeChat, or our own records, cannot be had.
    pub async fn tend(&self, known: &BTreeSet<String>) -> Result<usize, Fault> {
        self.way.reconcile().await.map_err(|why| self.fault(why))?;
        let records = self.way.keep.authorizers(&self.way.settings.appid);
        let records = records.map_err(|error| vault_fault(&error))?;
        let nameless = records.into_iter().filter(|(appid, record)| {
            record.stands() && record.name.is_none() && !known.contains(appid)
        });
        let mut learnt = 0;
        for (appid, _) in nameless.take(NAMES_AT_ONCE) {
            match look_up(&self.way, &appid).await {
                Ok(_) => learnt += 1,
                // This one is no longer authorised; the others may be.
                Err(NoToken::Refused { .. }) => {}
                Err(why) => return Err(self.fault(why)),
            }
        }
        Ok(learnt)
    }

    fn may_ask(&self, what: &'static str) -> Result<(), Fault> {
        if self.way.keep.may_ask(what, self.way.cx.now, ASKS_PER_HOUR) {
            return Ok(());
        }
        let detail = format!("一小时内已请求 {ASKS_PER_HOUR} 次,暂不再请求");
        Err(Fault::new(FaultScope::Local, FaultKind::RateLimited, detail))
    }

    fn fault(&self, why: NoToken) -> Fault {
        match why {
            NoToken::Fault(fault) => fault,
            NoToken::Refused { told, asked, secret } => {
                let fault = errcode::fault(&told, secret, asked, self.way.cx.now);
                fault.unwrap_or_else(|| malformed(&format!("{asked}:意外的 errcode {}", told.code)))
            }
        }
    }
}

fn malformed(detail: &str) -> Fault {
    Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
}

#[cfg(test)]
mod tests;
