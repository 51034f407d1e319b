//! How are thousands of accounts read with one credential? The third-party platform 第三方平台: its own token, the
//! tokens of accounts authorised to it, and what the platform says of those accounts.

use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::stable_hash;
use serde_json::{Value, json};
use url::Url;

use super::errcode::{self, Class};
use super::keep::{Authorizer, Keep, Token, vault_fault};
use super::session;
use super::token::{self, NoToken};
use crate::connector::PollContext;
use crate::http::Request;
use crate::lenient;

mod info;
mod roster;
mod words;

pub(crate) use info::{look_up, sets};
pub(crate) use words::{NOT_AUTHORISED, lapsed, not_granted};

/// The name under which the platform's secrets are asked for: `secret`, `token`, `aes_key`.
pub const SECRETS: &str = "wechat.component";

/// The path of the 授权事件接收URL unless the configuration names another.
pub const CALLBACK: &str = "/wechat/component";

/// A ticket can be used for so long (documentation of `component_verify_ticket`).
const TICKET_H: i64 = 12;
/// Pushes come every ten minutes; when they have stopped they are asked for at most so often, minutes.
const PUSH_ASK_MIN: i64 = 60;
/// Seconds of remaining life at which the platform's token is renewed: 7200 s are given, 1 h 50 are used.
const RENEW_BEFORE_S: i64 = 600;

const TOKEN: &str = "/cgi-bin/component/api_component_token";
const START_PUSH: &str = "/cgi-bin/component/api_start_push_ticket";
const QUERY_AUTH: &str = "/cgi-bin/component/api_query_auth";
const AUTHORIZER_TOKEN: &str = "/cgi-bin/component/api_authorizer_token";

/// `[connectors.wechat.component]`, save the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSettings {
    /// AppID of the third-party platform.
    pub appid: String,
    /// Path of the 授权事件接收URL on the web listener.
    pub callback: String,
}

/// One poll's way to the platform.
pub(crate) struct Component<'a> {
    pub(crate) cx: &'a PollContext<'a>,
    pub(crate) base: &'a Url,
    pub(crate) keep: &'a Keep,
    pub(crate) settings: &'a ComponentSettings,
}

impl Component<'_> {
    fn appid(&self) -> &str {
        &self.settings.appid
    }

    /// The slot of an account's token.
    pub(crate) fn slot_of(&self, appid: &str) -> String {
        format!("authorizer:{}:{appid}", self.appid())
    }

    /// The record of an account's authorisation.
    pub(crate) fn record(&self, appid: &str) -> Result<Option<Authorizer>, NoToken> {
        self.keep.authorizer(self.appid(), appid).map_err(NoToken::from)
    }

    /// An account's token: the one held, or a new one from its authorisation.
    pub(crate) async fn authorizer_token(&self, appid: &str) -> Result<String, NoToken> {
        let slot = self.keep.slot(&self.slot_of(appid));
        let mut held = slot.lock().await;
        let record = self.record(appid)?.unwrap_or_default();
        // A code that waits stands for a newer authorisation than any token held.
        if record.withdrawn.is_none()
            && record.code.is_none()
            && let Some(token) = token::in_force(&held, self.cx.now)
            && held.as_ref().is_some_and(|token| token.made_for == record.event_at)
        {
            return Ok(token);
        }
        *held = None;
        let token = self.authorised(appid, record).await?;
        let value = token.value.clone();
        *held = Some(token);
        Ok(value)
    }

    async fn authorised(&self, appid: &str, record: Authorizer) -> Result<Token, NoToken> {
        if let Some(at) = record.withdrawn {
            return Err(NoToken::Fault(words::withdrawn(appid, at)));
        }
        if let Some(code) = record.code.as_ref().filter(|code| code.ends > self.cx.now) {
            match self.redeem(appid, &code.value).await {
                // A code that was used or has run out: the list may hold the refresh token.
                Err(NoToken::Refused { .. }) => {}
                told => return told,
            }
        }
        let refresh = match record.refresh_token.filter(|_| record.code.is_none()) {
            Some(refresh) => refresh,
            None => self.listed(appid).await?,
        };
        match self.refresh(appid, &refresh).await {
            Err(NoToken::Refused { told, .. }) if told.code == 61023 => {
                let listed = self.listed(appid).await?;
                self.refresh(appid, &listed).await
            }
            told => told,
        }
    }

    /// The refresh token that the platform's list holds for an account.
    async fn listed(&self, appid: &str) -> Result<String, NoToken> {
        self.read_roster().await?;
        let record = self.record(appid)?;
        let token = record.and_then(|record| record.refresh_token);
        token.ok_or_else(|| NoToken::Fault(words::not_listed(appid)))
    }

    /// The code of a new authorisation becomes tokens.
    async fn redeem(&self, appid: &str, code: &str) -> Result<Token, NoToken> {
        let body = json!({"component_appid": self.appid(), "authorization_code": code});
        let answer = self.ask(QUERY_AUTH, "换取授权信息", &body).await?;
        let held = answer.get("authorization_info").unwrap_or(&Value::Null);
        let named = held.get("authorizer_appid").or_else(|| held.get("appid"));
        if named.and_then(lenient::text).is_some_and(|named| named != appid) {
            return Err(malformed("换取授权信息:授权码属于另一个账号"));
        }
        self.accept(appid, held, Some(info::sets(held))).await
    }

    async fn refresh(&self, appid: &str, refresh: &str) -> Result<Token, NoToken> {
        let body = json!({
            "component_appid": self.appid(),
            "authorizer_appid": appid,
            "authorizer_refresh_token": refresh,
        });
        let answer = self.ask(AUTHORIZER_TOKEN, "获取授权账号的 token", &body).await?;
        self.accept(appid, &answer, None).await
    }

    /// Keeps a new refresh token before the access token that came with it is used.
    pub(crate) async fn accept(
        &self,
        appid: &str,
        answer: &Value,
        sets: Option<std::collections::BTreeSet<i64>>,
    ) -> Result<Token, NoToken> {
        let text = |key: &str| answer.get(key).and_then(lenient::text);
        let life = answer.get("expires_in").and_then(lenient::int);
        let refresh = text("authorizer_refresh_token");
        // Read again and put without waiting between: an event may have come meanwhile.
        let before = self.record(appid)?.unwrap_or_default();
        let mut record = before.clone();
        if let Some(refresh) = refresh {
            record.refresh_token = Some(refresh);
        }
        if let Some(code) = record.code.take() {
            record.redeemed = Some(stable_hash(&[code.value.as_bytes()]));
        }
        record.sets = sets.unwrap_or(record.sets);
        if record != before {
            self.keep.put_authorizer(self.appid(), appid, &record)?;
            self.keep.durable().await?;
        }
        match (text("authorizer_access_token"), life) {
            (Some(value), Some(life)) => Ok(Token {
                value,
                ends: self.cx.now + chrono::TimeDelta::seconds(life.clamp(0, 7200)),
                made_for: record.event_at,
            }),
            _ => Err(malformed("获取授权账号的 token:应答中没有 authorizer_access_token")),
        }
    }

    /// Asks with the platform's token; a stale one is renewed once.
    pub(crate) async fn ask(
        &self,
        path: &'static str,
        name: &'static str,
        body: &Value,
    ) -> Result<Value, NoToken> {
        let mut renewed = false;
        loop {
            let token = self.component_token().await?;
            match self.post(path, name, Some(&token), body).await {
                Err(NoToken::Refused { told, .. })
                    if !renewed && errcode::class(told.code, false) == Class::TokenStale =>
                {
                    renewed = true;
                    self.keep.forget(&self.own_slot(), &token).await;
                }
                told => return told,
            }
        }
    }

    fn own_slot(&self) -> String {
        format!("component:{}", self.appid())
    }

    /// The platform's own token, one for all accounts.
    async fn component_token(&self) -> Result<String, NoToken> {
        let slot = self.keep.slot(&self.own_slot());
        let mut held = slot.lock().await;
        if let Some(token) = held
            .as_ref()
            .filter(|token| token.ends - self.cx.now > chrono::TimeDelta::seconds(RENEW_BEFORE_S))
        {
            return Ok(token.value.clone());
        }
        let ticket = self.keep.ticket(self.appid())?;
        let fresh = ticket
            .as_ref()
            .filter(|ticket| self.cx.now - ticket.created < chrono::TimeDelta::hours(TICKET_H));
        let Some(ticket) = fresh else {
            let asked = self.ask_for_push().await?;
            return Err(NoToken::Fault(words::no_ticket(ticket.map(|held| held.created), &asked)));
        };
        let secret = self.secret()?;
        let body = json!({
            "component_appid": self.appid(),
            "component_appsecret": secret.expose(),
            "component_verify_ticket": ticket.value,
        });
        let name = "获取第三方平台的 token";
        let answer = self.post(TOKEN, name, None, &body).await?;
        let value = answer.get("component_access_token").and_then(lenient::text);
        let life = answer.get("expires_in").and_then(lenient::int);
        let (Some(value), Some(life)) = (value, life) else {
            return Err(malformed("获取第三方平台的 token:应答中没有 component_access_token"));
        };
        let ends = self.cx.now + chrono::TimeDelta::seconds(life.clamp(0, 7200));
        *held = Some(Token { value: value.clone(), ends, made_for: None });
        Ok(value)
    }

    fn secret(&self) -> Result<crate::connector::Secret, NoToken> {
        self.cx.secrets.secret(SECRETS, "secret").map_err(|problem| {
            let fault = Fault::new(FaultScope::Credential, FaultKind::Unauthorized, problem.0);
            NoToken::Fault(fault.retry(Retry::Operator))
        })
    }

    /// Asks the platform to push tickets again, at most hourly; says what came of it.
    async fn ask_for_push(&self) -> Result<String, NoToken> {
        let mut record = self.keep.component(self.appid())?;
        let again = chrono::TimeDelta::minutes(PUSH_ASK_MIN);
        if let Some(at) = record.push_asked.filter(|at| self.cx.now - *at < again) {
            return Ok(format!("已于 {} 请求重新推送", civil::minute_text(at)));
        }
        record.push_asked = Some(self.cx.now);
        self.keep.put_component(self.appid(), &record)?;
        let secret = self.secret()?;
        let body = json!({"component_appid": self.appid(), "component_secret": secret.expose()});
        Ok(match self.post(START_PUSH, "请求推送 ticket", None, &body).await {
            Ok(_) => "已请求重新推送".to_owned(),
            Err(NoToken::Refused { told, .. }) => {
                format!("请求重新推送被拒(errcode {}:{})", told.code, told.words)
            }
            Err(NoToken::Fault(fault)) => format!("请求重新推送未成功({})", fault.detail),
        })
    }

    async fn post(
        &self,
        path: &'static str,
        name: &'static str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Value, NoToken> {
        let mut url = session::address(self.base, path);
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("access_token", token);
        }
        let sent = self.cx.http.send(Request::post_json(url, body)).await;
        let response = sent.map_err(|error| NoToken::Fault(error.fault(FaultScope::Platform)))?;
        let answer = session::json_of(&response, name, self.cx.now).map_err(NoToken::Fault)?;
        match errcode::refusal(&answer) {
            Some(told) => Err(NoToken::Refused { told, asked: name, secret: path == TOKEN }),
            None => Ok(answer),
        }
    }
}

fn malformed(detail: &str) -> NoToken {
    NoToken::Fault(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail))
}

impl From<super::keep::VaultError> for NoToken {
    fn from(error: super::keep::VaultError) -> Self {
        Self::Fault(vault_fault(&error))
    }
}

/// Is `at` on an earlier Beijing day than `now`?
fn before_today(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_none_or(|at| civil::day(at) < civil::day(now))
}

#[cfg(test)]
mod tests;
