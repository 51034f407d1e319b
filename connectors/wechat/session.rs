//! How is one interface asked, and what becomes of the answer? The run of calls of one poll.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::{Evidence, Observation, Profile, ProfileState};
use serde_json::Value;
use url::Url;

use super::errcode::{self, Class, Refusal};
use super::token::{NoToken, Tokens};
use crate::connector::PollContext;
use crate::http::{self, Request, Response};
use crate::lenient;

/// One interface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    /// Path from the base address.
    pub(crate) path: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
}

/// What an interface answered.
pub(crate) enum Asked {
    /// A body to be read.
    Body(Value),
    /// 61503: the figures do not exist yet.
    NotReady,
    /// Nothing: a fault was recorded, or there honestly is none.
    Nothing,
}

/// One poll of one account: asks, and gathers what was seen.
pub(crate) struct Session<'a> {
    /// The poll's context.
    pub(crate) cx: &'a PollContext<'a>,
    /// What was seen so far.
    pub(crate) seen: Observation,
    /// Interfaces that must not be asked before an instant (a quota is used up).
    pub(crate) quiet: BTreeMap<String, Timestamp>,
    base: &'a Url,
    tokens: &'a Tokens,
    appid: &'a str,
    answered: bool,
    frozen: bool,
    halted: bool,
}

impl<'a> Session<'a> {
    /// A session that has asked nothing yet.
    pub(crate) fn new(
        cx: &'a PollContext<'a>,
        base: &'a Url,
        tokens: &'a Tokens,
        appid: &'a str,
        quiet: BTreeMap<String, Timestamp>,
    ) -> Self {
        let quiet = quiet.into_iter().filter(|(_, until)| *until > cx.now).collect();
        let seen = Observation::default();
        Self { cx, seen, quiet, base, tokens, appid, answered: false, frozen: false, halted: false }
    }

    /// Asks an interface; with a body it is a POST, else a GET. A stale token is renewed once and the call repeated.
    pub(crate) async fn ask(&mut self, interface: Interface, body: Option<&Value>) -> Asked {
        if self.halted {
            return Asked::Nothing;
        }
        if let Some(until) = self.quiet.get(interface.path).copied() {
            self.hush(interface, until);
            return Asked::Nothing;
        }
        for last in [false, true] {
            let token = match self.tokens.token(self.cx, self.base, self.appid).await {
                Ok(token) => token,
                Err(no_token) => {
                    self.tokenless(no_token);
                    return Asked::Nothing;
                }
            };
            let answer = match self.send(interface, body, &token).await {
                Ok(answer) => answer,
                Err(fault) => {
                    self.halted = fault.scope != FaultScope::Connector;
                    self.seen.faults.push(fault);
                    return Asked::Nothing;
                }
            };
            match errcode::refusal(&answer) {
                None => {
                    self.answered = true;
                    return Asked::Body(answer);
                }
                Some(told) if !last && errcode::class(told.code, false) == Class::TokenStale => {
                    self.tokens.forget(self.appid, &token).await;
                }
                Some(told) => return self.told(interface, &told),
            }
        }
        Asked::Nothing
    }

    /// Records that an answer was not understood.
    pub(crate) fn malformed(&mut self, interface: Interface, why: &str) {
        let detail = format!("{}:应答与接口文档不符,{why}", interface.name);
        self.seen.faults.push(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail));
    }

    /// What was seen, or the first fault when nothing at all could be read.
    pub(crate) fn finish(mut self) -> Result<Observation, Fault> {
        if self.frozen {
            self.seen.profile = Some(Profile { state: ProfileState::Frozen, ..Profile::default() });
        } else if self.answered {
            self.seen.profile = Some(Profile::default());
        } else if !self.seen.faults.is_empty() {
            return Err(self.seen.faults.swap_remove(0));
        }
        Ok(self.seen)
    }

    async fn send(
        &mut self,
        interface: Interface,
        body: Option<&Value>,
        token: &str,
    ) -> Result<Value, Fault> {
        let plain = address(self.base, interface.path);
        let mut url = plain.clone();
        url.query_pairs_mut().append_pair("access_token", token);
        let request = match body {
            Some(body) => Request::post_json(url, body),
            None => Request { redirects_max: 0, ..Request::get(url) },
        };
        let sent = self.cx.http.send(request).await;
        let response = sent.map_err(|error| error.fault(FaultScope::Platform))?;
        let body = lenient::excerpt(&response.body);
        self.seen.evidence.push(Evidence { url: plain.to_string(), at: self.cx.now, body });
        json_of(&response, interface.name, self.cx.now)
    }

    fn told(&mut self, interface: Interface, told: &Refusal) -> Asked {
        let now = self.cx.now;
        match errcode::class(told.code, false) {
            Class::NotReady => {
                self.answered = true;
                return Asked::NotReady;
            }
            Class::No => self.answered = true,
            Class::Sanctioned => self.frozen = true,
            Class::PerDay => {
                let until = civil::start_of(civil::day(now) + chrono::Days::new(1));
                self.quiet.insert(interface.path.to_owned(), until);
            }
            Class::PerMinute => {
                let until = now + TimeDelta::seconds(60);
                self.quiet.insert(interface.path.to_owned(), until);
                self.halted = true;
            }
            Class::TokenStale
            | Class::Credential
            | Class::AllowList
            | Class::Confirmation(_)
            | Class::NotAuthorised
            | Class::Component => self.halted = true,
            Class::Transient
            | Class::NotGranted
            | Class::Retired
            | Class::OurBug
            | Class::Unknown => {}
        }
        self.seen.faults.extend(errcode::fault(told, false, interface.name, now));
        Asked::Nothing
    }

    fn tokenless(&mut self, why: NoToken) {
        self.halted = true;
        match why {
            NoToken::Fault(fault) => self.seen.faults.push(fault),
            NoToken::Refused(told) => {
                self.frozen |= errcode::class(told.code, true) == Class::Sanctioned;
                let fault = errcode::fault(&told, true, "获取 access_token", self.cx.now);
                self.seen.faults.push(fault.unwrap_or_else(|| {
                    let detail = format!("获取 access_token:意外的 errcode {}", told.code);
                    Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
                }));
            }
        }
    }

    fn hush(&mut self, interface: Interface, until: Timestamp) {
        let name = interface.name;
        let when = civil::minute_text(until);
        let detail = format!("{name}:调用次数已达上限,{when} 之前不再调用");
        let fault = Fault::new(FaultScope::Credential, FaultKind::RateLimited, detail);
        self.seen.faults.push(fault.retry(Retry::At(until)));
    }
}

/// The address of an interface below the base address, which may have a path of its own.
pub(crate) fn address(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url
}

/// The JSON of an answer with HTTP 200; every other answer is a fault. A refusal by the platform is JSON, too.
pub(crate) fn json_of(response: &Response, asked: &str, now: Timestamp) -> Result<Value, Fault> {
    use FaultKind as Kind;
    use FaultScope as Scope;
    let status = response.status;
    let (scope, kind, meaning) = match status {
        200 => match crate::bounds::json(&response.body) {
            Ok(body) if body.is_object() && !response.truncated => return Ok(body),
            _ => (Scope::Connector, Kind::Malformed, "应答不是完整的 JSON"),
        },
        429 => (Scope::Platform, Kind::RateLimited, "请求过于频繁"),
        401 | 403 | 412 => (Scope::Platform, Kind::Challenged, "请求被网关拦截"),
        500.. => (Scope::Platform, Kind::Unavailable, "微信接口暂不可用"),
        404 => (Scope::Connector, Kind::Malformed, "接口地址不存在,请检查 base_url"),
        _ => (Scope::Connector, Kind::Malformed, "意外的 HTTP 状态"),
    };
    let fault = Fault::new(scope, kind, format!("{asked}:{meaning}(HTTP {status})"));
    Err(fault.retry(http::retry_after_s(response, now).map_or(Retry::Backoff, Retry::After)))
}
