//! How is one interface asked, and what becomes of the answer? The run of calls of one poll.

use chrono::{Days, NaiveDate, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::{Evidence, Observation, Part, Profile, ProfileState};
use serde_json::Value;
use url::Url;

use super::component::{self, Component, ComponentSettings};
use super::errcode::{self, Class, Refusal};
use super::interface::Interface;
use super::keep::{Granted, Keep, VaultError, vault_fault};
use super::memory::Doors;
use super::token::NoToken;
use crate::connector::PollContext;
use crate::http::{self, Request, Response};
use crate::lenient;

mod allowance;
mod aside;

/// An optional interface that was refused is asked again after so many days.
const OPTIONAL_AGAIN_DAYS: u64 = 7;

/// What an interface answered.
pub(crate) enum Asked {
    /// A body to be read.
    Body(Value),
    /// 61503: the figures do not exist yet.
    NotReady,
    /// Nothing: a fault was recorded, or there honestly is none.
    Nothing,
}

/// Where and with what accounts are asked; the same for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// Base address of the interfaces.
    pub(crate) base: &'a Url,
    /// Tokens and durable records.
    pub(crate) keep: &'a Keep,
    /// The third-party platform, if there is one.
    pub(crate) component: Option<&'a ComponentSettings>,
}

/// One poll of one account: asks, and gathers what was seen.
pub(crate) struct Session<'a> {
    /// The poll's context.
    pub(crate) cx: &'a PollContext<'a>,
    /// What was seen so far.
    pub(crate) seen: Observation,
    /// What is known of the interfaces.
    pub(crate) doors: Doors,
    /// What the account itself was said to be.
    pub(crate) profile: Option<Profile>,
    /// Did a code say that the account is restricted, or not authorised? Then who knows more is asked.
    pub(crate) doubted: bool,
    /// The third-party platform, where the account is asked through it.
    pub(crate) through: Option<Component<'a>>,
    /// Whose account.
    pub(crate) appid: &'a str,
    way: Way<'a>,
    called: bool,
    answered: bool,
    frozen: bool,
    halted: bool,
}

impl<'a> Session<'a> {
    /// A session that has asked nothing yet.
    pub(crate) fn new(
        cx: &'a PollContext<'a>,
        way: Way<'a>,
        appid: &'a str,
        mut doors: Doors,
    ) -> Self {
        doors.quiet.retain(|_, until| *until > cx.now);
        let mut session = Self {
            cx,
            seen: Observation::default(),
            doors,
            profile: None,
            doubted: false,
            through: None,
            appid,
            way,
            called: false,
            answered: false,
            frozen: false,
            halted: false,
        };
        match way.through(cx, appid) {
            Ok(through) => session.through = through,
            Err(why) => session.tokenless(why),
        }
        session
    }

    /// The Beijing day of the poll.
    pub(crate) fn today(&self) -> NaiveDate {
        civil::day(self.cx.now)
    }

    /// Is there no use in asking anything further?
    pub(crate) fn is_halted(&self) -> bool {
        self.halted
    }

    /// Nothing further is asked.
    pub(crate) fn halt(&mut self) {
        self.halted = true;
    }

    /// Days between two readings of what seldom changes. Where other interfaces were refused today, one: somebody must
    /// answer for the look to be one.
    pub(crate) fn rest_days(&self, usual: u64) -> u64 {
        let today = self.today();
        if self.doors.refused.values().any(|day| *day == today) { 1 } else { usual }
    }

    /// Asks an interface; with a body it is a POST, else a GET. A stale token is renewed once and the call repeated.
    pub(crate) async fn ask(&mut self, interface: Interface, body: Option<&Value>) -> Asked {
        if self.halted || self.is_shut(interface) || !self.may_call(interface).await {
            return Asked::Nothing;
        }
        let told = match self.call(interface, body).await {
            None => return Asked::Nothing,
            Some(Ok(answer)) => {
                self.in_use();
                let today = self.today();
                self.doors.worked.insert(interface.path.to_owned(), today);
                self.doors.refused.remove(interface.path);
                return Asked::Body(answer);
            }
            Some(Err(told)) => told,
        };
        if errcode::class(told.code, false) == Class::PerDay {
            self.used_up(interface, &told).await;
            return Asked::Nothing;
        }
        self.told(interface, &told)
    }

    /// Records that an answer was not understood.
    pub(crate) fn malformed(&mut self, interface: Interface, why: &str) {
        let detail = format!("{}:应答与接口文档不符,{why}", interface.name);
        self.seen.faults.push(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail));
    }

    /// What was seen, or the first fault when nothing at all could be read.
    pub(crate) fn finish(mut self) -> Result<Observation, Fault> {
        if let Some(profile) = self.profile.take() {
            self.seen.profile = Some(profile);
        } else if self.frozen {
            self.seen.profile = Some(Profile { state: ProfileState::Frozen, ..Profile::default() });
        } else if self.answered {
            self.seen.profile = Some(Profile::default());
        } else if self.called && !self.seen.faults.is_empty() {
            // Where nothing was asked, for it was known to be in vain, nothing has failed anew.
            return Err(self.seen.faults.swap_remove(0));
        }
        Ok(self.seen)
    }

    /// An interface that is known not to open is not asked; what that means is said, unless it is no loss.
    fn is_shut(&mut self, interface: Interface) -> bool {
        if let Some(until) = self.doors.quiet.get(interface.path).copied() {
            self.hush(interface, until, "调用过于频繁");
            return true;
        }
        let record = self.through.as_ref().map(|way| way.record(self.appid));
        if let Some(Ok(Some(record))) = record
            && record.granted(interface.sets) == Granted::No
        {
            if !interface.optional {
                let fault = component::not_granted(interface.name, interface.sets);
                self.seen.faults.push(fault);
            }
            return true;
        }
        let Some(day) = self.doors.refused.get(interface.path).copied() else { return false };
        let days = if interface.optional { OPTIONAL_AGAIN_DAYS } else { 1 };
        if self.cx.fresh && !interface.optional || self.today() >= day + Days::new(days) {
            return false;
        }
        if !interface.optional {
            let what = format!("{}:今日已答复没有此接口权限(48001),今日不再调用", interface.name);
            let worked = self.doors.worked.get(interface.path).copied();
            self.seen.faults.push(component::lapsed(&what, worked));
        }
        true
    }

    /// One call with a token that is renewed once; `None`: no answer, and a fault was recorded.
    async fn call(
        &mut self,
        interface: Interface,
        body: Option<&Value>,
    ) -> Option<Result<Value, Refusal>> {
        let mut renewed = false;
        self.called = true;
        loop {
            let token = self.way.token(self.cx, self.through.as_ref(), self.appid).await;
            let token = match token {
                Ok(token) => token,
                Err(why) => {
                    self.tokenless(why);
                    return None;
                }
            };
            let answer = match self.send(interface, body, &token).await {
                Ok(answer) => answer,
                // What only adds to the rest may be missing where somebody else answers for WeChat.
                Err(fault) if interface.optional && fault.scope == FaultScope::Connector => {
                    tracing::debug!(fault = fault.detail, "an optional interface is not there");
                    self.doors.refused.insert(interface.path.to_owned(), self.today());
                    return None;
                }
                Err(fault) => {
                    self.halted = fault.scope != FaultScope::Connector;
                    self.seen.faults.push(fault);
                    return None;
                }
            };
            match errcode::refusal(&answer) {
                None => return Some(Ok(answer)),
                Some(told) if !renewed && errcode::class(told.code, false) == Class::TokenStale => {
                    renewed = true;
                    self.way.forget(self.through.as_ref(), self.appid, &token).await;
                }
                Some(told) => return Some(Err(told)),
            }
        }
    }

    async fn send(
        &mut self,
        interface: Interface,
        body: Option<&Value>,
        token: &str,
    ) -> Result<Value, Fault> {
        let plain = address(self.way.base, interface.path);
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
        let (now, today) = (self.cx.now, self.today());
        match errcode::class(told.code, false) {
            Class::NotReady => {
                self.in_use();
                return Asked::NotReady;
            }
            Class::No => self.answered = true,
            Class::Sanctioned => {
                self.restricted();
                self.doubted = true;
            }
            Class::PerMinute => {
                let until = now + TimeDelta::seconds(60);
                self.doors.quiet.insert(interface.path.to_owned(), until);
                self.halted = true;
            }
            Class::NotGranted => return self.lacking(interface, told),
            Class::NotAuthorised if told.code == 61007 => {
                self.doors.refused.insert(interface.path.to_owned(), today);
                if interface.optional {
                    return Asked::Nothing;
                }
            }
            Class::NotAuthorised => {
                self.doubted = true;
                self.halted = true;
            }
            Class::TokenStale
            | Class::Credential
            | Class::AllowList
            | Class::Confirmation(_)
            | Class::Component => self.halted = true,
            Class::Transient | Class::PerDay | Class::Retired | Class::OurBug | Class::Unknown => {}
        }
        self.seen.faults.extend(errcode::fault(told, false, interface.name, now));
        Asked::Nothing
    }

    /// The answer read last says that the account is restricted.
    fn restricted(&mut self) {
        if !self.frozen && self.profile.is_none() {
            self.seen.carried(&[Part::Profile]);
        }
        self.frozen = true;
    }

    /// The answer read last is one that only an account in use gives.
    fn in_use(&mut self) {
        if !self.answered && !self.frozen && self.profile.is_none() {
            self.seen.carried(&[Part::Profile]);
        }
        self.answered = true;
    }

    /// 48001: the account lacks that interface, or has lost it.
    fn lacking(&mut self, interface: Interface, told: &Refusal) -> Asked {
        let today = self.today();
        self.doors.refused.insert(interface.path.to_owned(), today);
        if !interface.optional {
            let fault = errcode::fault(told, false, interface.name, self.cx.now);
            let what = fault.map(|fault| fault.detail).unwrap_or_default();
            let worked = self.doors.worked.get(interface.path).copied();
            self.seen.faults.push(component::lapsed(&what, worked));
        }
        Asked::Nothing
    }

    /// Without a token nothing further can be asked.
    pub(crate) fn tokenless(&mut self, why: NoToken) {
        (self.halted, self.called) = (true, true);
        match why {
            NoToken::Fault(fault) => self.seen.faults.push(fault),
            NoToken::Refused { told, asked, secret } => {
                let class = errcode::class(told.code, secret);
                if class == Class::Sanctioned {
                    let body = format!("{asked}:errcode {} {}", told.code, told.words);
                    let (url, at) = (self.way.base.to_string(), self.cx.now);
                    self.seen.evidence.push(Evidence { url, at, body });
                    self.restricted();
                }
                self.doubted |= matches!(class, Class::Sanctioned | Class::NotAuthorised);
                let fault = errcode::fault(&told, secret, asked, self.cx.now);
                self.seen.faults.push(fault.unwrap_or_else(|| {
                    let detail = format!("{asked}:意外的 errcode {}", told.code);
                    Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
                }));
            }
        }
    }

    /// Our own records failed: without counts and tokens in safety nothing is asked.
    fn lost(&mut self, error: &VaultError) {
        (self.halted, self.called) = (true, true);
        self.seen.faults.push(vault_fault(error));
    }

    fn hush(&mut self, interface: Interface, until: Timestamp, what: &str) {
        let when = civil::minute_text(until);
        let detail = format!("{}:{what},{when} 之前不再调用", interface.name);
        self.seen.faults.push(Fault::new(FaultScope::Account, FaultKind::RateLimited, detail));
    }
}

/// The address of an interface below the base address, which may have a path of its own. Only what reads is ever
/// named here: see `http::promise`.
pub(crate) fn address(base: &Url, path: &str) -> Url {
    debug_assert!(http::promise::is_wechat_reading(path), "{path} is not on the list of reading");
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
