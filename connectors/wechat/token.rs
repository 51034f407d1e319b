//! Who holds the access token of an AppID? One holder for all polls: shared, and refreshed by one of them at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use serde_json::json;
use url::Url;

use super::errcode::{self, Refusal};
use super::session;
use crate::connector::PollContext;
use crate::http::Request;
use crate::lenient;

/// Seconds of remaining life at which the token is asked for anew: the platform renews it about then, and the old
/// and the new one both work in between (documentation of `stable_token`).
const RENEW_BEFORE_S: i64 = 300;

/// The interface that hands out the token. Unlike `/cgi-bin/token` it never retires the token of another holder
/// as long as nobody sets `force_refresh`, and we never do.
const PATH: &str = "/cgi-bin/stable_token";

/// A token and the end of its life.
struct Token {
    value: String,
    ends: Timestamp,
}

/// A place for one AppID's token; whoever holds the lock refreshes, the others wait for the result.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of all AppIDs.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, Slot>>);

/// Why there is no token.
pub(crate) enum NoToken {
    /// The platform refused with a code.
    Refused(Refusal),
    /// No understandable answer, or no secret to ask with.
    Fault(Fault),
}

impl Tokens {
    /// The token of an AppID: the one held, or a newly asked one when at most five minutes of its life remain.
    pub(crate) async fn token(
        &self,
        cx: &PollContext<'_>,
        base: &Url,
        appid: &str,
    ) -> Result<String, NoToken> {
        let slot = self.slot(appid);
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref()
            && token.ends - cx.now > TimeDelta::seconds(RENEW_BEFORE_S)
        {
            return Ok(token.value.clone());
        }
        let token = ask(cx, base, appid).await?;
        let value = token.value.clone();
        *held = Some(token);
        Ok(value)
    }

    /// Drops a token that the platform called stale, unless another poll has already replaced it.
    pub(crate) async fn forget(&self, appid: &str, stale: &str) {
        let slot = self.slot(appid);
        let mut held = slot.lock().await;
        if held.as_ref().is_some_and(|token| token.value == stale) {
            *held = None;
        }
    }

    fn slot(&self, appid: &str) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(appid.to_owned()).or_default().clone()
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
    let request = Request::post_json(session::address(base, PATH), &body);
    let response = cx
        .http
        .send(request)
        .await
        .map_err(|error| NoToken::Fault(error.fault(FaultScope::Platform)))?;
    let body = session::json_of(&response, "获取 access_token", cx.now).map_err(NoToken::Fault)?;
    if let Some(refusal) = errcode::refusal(&body) {
        return Err(NoToken::Refused(refusal));
    }
    let value = body.get("access_token").and_then(lenient::text);
    let life = body.get("expires_in").and_then(lenient::int);
    match (value, life) {
        (Some(value), Some(life)) => {
            let ends = cx.now + TimeDelta::seconds(life.clamp(0, 7200));
            Ok(Token { value, ends })
        }
        _ => Err(NoToken::Fault(Fault::new(
            FaultScope::Connector,
            FaultKind::Malformed,
            "获取 access_token:应答中没有 access_token 或 expires_in",
        ))),
    }
}
