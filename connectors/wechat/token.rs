//! Who holds the access token of an AppID? One holder for all polls: shared, and refreshed by one of them at a time.
//! An account that is authorised to our third-party platform is asked through it, every other with its own secret.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use serde_json::json;
use url::Url;

use super::component::Component;
use super::errcode::{self, Refusal};
use super::keep::Token;
use super::session::{self, Way};
use crate::connector::PollContext;
use crate::http::Request;
use crate::lenient;

/// Seconds of remaining life at which the token is asked for anew: the platform renews it about then, and the old
/// and the new one both work in between (documentation of `stable_token`).
const RENEW_BEFORE_S: i64 = 300;

/// The interface that hands out the token. Unlike `/cgi-bin/token` it never retires the token of another holder
/// as long as nobody sets `force_refresh`, and we never do.
const PATH: &str = "/cgi-bin/stable_token";

/// Why there is no token.
pub(crate) enum NoToken {
    /// The platform refused with a code.
    Refused {
        /// What it said.
        told: Refusal,
        /// What was asked, for people.
        asked: &'static str,
        /// Was a secret shown, so that 40001 is about it?
        secret: bool,
    },
    /// No understandable answer, or no secret to ask with.
    Fault(Fault),
}

/// The token in a slot, unless at most five minutes of its life remain.
pub(super) fn in_force(held: &Option<Token>, now: Timestamp) -> Option<String> {
    let token = held.as_ref()?;
    (token.ends - now > TimeDelta::seconds(RENEW_BEFORE_S)).then(|| token.value.clone())
}

impl<'a> Way<'a> {
    /// Is the account asked through the third-party platform? Where it is authorised there; and where it has no secret
    /// of its own, so that what is missing is said of the authorisation.
    pub(crate) fn through(
        &self,
        cx: &'a PollContext<'a>,
        appid: &str,
    ) -> Result<Option<Component<'a>>, NoToken> {
        let Some(settings) = self.component else { return Ok(None) };
        let way = Component { cx, base: self.base, keep: self.keep, settings };
        let authorised = way.record(appid)?.is_some_and(|record| record.stands());
        let own = || cx.secrets.secret("wechat", appid).is_ok();
        Ok((authorised || !own()).then_some(way))
    }

    /// The slot of an account's token.
    fn own_slot(appid: &str) -> String {
        format!("own:{appid}")
    }

    /// The token of an AppID: the one held, or a newly asked one when at most five minutes of its life remain.
    pub(crate) async fn token(
        &self,
        cx: &PollContext<'_>,
        through: Option<&Component<'_>>,
        appid: &str,
    ) -> Result<String, NoToken> {
        if let Some(way) = through {
            return way.authorizer_token(appid).await;
        }
        let slot = self.keep.slot(&Self::own_slot(appid));
        let mut held = slot.lock().await;
        if let Some(value) = in_force(&held, cx.now) {
            return Ok(value);
        }
        let token = ask(cx, self.base, appid).await?;
        let value = token.value.clone();
        *held = Some(token);
        Ok(value)
    }

    /// Drops a token that the platform called stale, unless another poll has already replaced it.
    pub(crate) async fn forget(&self, through: Option<&Component<'_>>, appid: &str, stale: &str) {
        let slot = through.map_or_else(|| Self::own_slot(appid), |way| way.slot_of(appid));
        self.keep.forget(&slot, stale).await;
    }
}

/// Asks the platform for the token of an AppID.
async fn ask(cx: &PollContext<'_>, base: &Url, appid: &str) -> Result<Token, NoToken> {
    let secret = cx.secrets.secret("wechat", appid).map_err(|problem| {
        let fault = Fault::new(FaultScope::Credential, FaultKind::Unauthorized, problem.0);
        NoToken::Fault(fault.retry(Retry::Operator))
    })?;
    let body = json!({
        "grant_type": "client_credential",
        "appid": appid,
        "secret": secret.expose(),
        "force_refresh": false,
    });
    let asked = "获取 access_token";
    let request = Request::post_json(session::address(base, PATH), &body);
    let sent = cx.http.send(request).await;
    let response = sent.map_err(|error| NoToken::Fault(error.fault(FaultScope::Platform)))?;
    let body = session::json_of(&response, asked, cx.now).map_err(NoToken::Fault)?;
    if let Some(told) = errcode::refusal(&body) {
        return Err(NoToken::Refused { told, asked, secret: true });
    }
    let value = body.get("access_token").and_then(lenient::text);
    let life = body.get("expires_in").and_then(lenient::int);
    match (value, life) {
        (Some(value), Some(life)) => {
            let ends = cx.now + TimeDelta::seconds(life.clamp(0, 7200));
            Ok(Token { value, ends, made_for: None })
        }
        _ => Err(NoToken::Fault(Fault::new(
            FaultScope::Connector,
            FaultKind::Malformed,
            "获取 access_token:应答中没有 access_token 或 expires_in",
        ))),
    }
}
