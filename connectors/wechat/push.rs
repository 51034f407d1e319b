//! What did WeChat push to us as a third-party platform? Tickets and authorisations, checked, decrypted and kept.
//!
//! A push is believed only if its signature, its age, its encryption and its AppID are right; everything else is
//! refused plainly and changes nothing. Played again it changes nothing either: only what is newer counts.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;

use super::component::{ComponentSettings, SECRETS};
use super::keep::{Authorizer, Keep, Ticket, VaultError};
use crate::connector::SecretSource;

mod crypt;
mod xml;

/// Bytes of a push at most; a real one has about one thousand.
pub const PUSH_BYTES_MAX: usize = 64 << 10;
/// A push may be so much older or newer than our clock.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// What a believed push said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// A new ticket was kept.
    Ticket,
    /// The account with this AppID was authorised, or its permission sets changed.
    Authorized(String),
    /// Its owner withdrew the authorisation.
    Withdrawn(String),
    /// Something that is not ours to act on.
    Ignored,
}

impl Pushed {
    /// The key in metrics and logs.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Authorized(_) => "authorized",
            Self::Withdrawn(_) => "unauthorized",
            Self::Ignored => "ignored",
        }
    }
}

/// Why a push was not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushRefused {
    /// Longer than [`PUSH_BYTES_MAX`], not UTF-8, or no plain XML with an `Encrypt` in it.
    #[error("not a push")]
    Malformed,
    /// `timestamp`, `nonce` or `msg_signature` is missing, or the signature is wrong.
    #[error("wrong signature")]
    Signature,
    /// Too old or too new: perhaps played again.
    #[error("outside the window")]
    Stale,
    /// It cannot be decrypted, or what was decrypted is none of the documented forms.
    #[error("cannot be decrypted")]
    Undecodable,
    /// It is meant for another platform.
    #[error("another platform's")]
    WrongApp,
    /// Our own token or key is missing or unusable; the words are for the operator.
    #[error("{0}")]
    Keys(String),
    /// It could not be kept: WeChat shall send it again.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl PushRefused {
    /// The key in metrics and logs.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Signature => "bad_signature",
            Self::Stale => "stale",
            Self::Undecodable => "undecodable",
            Self::WrongApp => "wrong_app",
            Self::Keys(_) => "no_keys",
            Self::Vault(_) => "not_kept",
        }
    }

    /// Is it our own trouble, so that the same push may be believed later?
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Keys(_) | Self::Vault(_))
    }
}

/// Takes a push: `query` as in the address, `body` as posted. What it says is durable when this returns.
pub async fn receive(
    keep: &Keep,
    settings: &ComponentSettings,
    secrets: &dyn SecretSource,
    query: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Pushed, PushRefused> {
    let secret =
        |key: &str| secrets.secret(SECRETS, key).map_err(|problem| PushRefused::Keys(problem.0));
    let (token, key) = (secret("token")?, secret("aes_key")?);
    let key = crypt::key(key.expose()).ok_or_else(|| {
        PushRefused::Keys("消息加解密 Key(aes_key_file)应为 43 个字母或数字".to_owned())
    })?;
    let fields = open(settings, token.expose(), &key, query, body, now)?;
    take(keep, &settings.appid, &fields, now).await
}

/// The fields of a push that is believed.
fn open(
    settings: &ComponentSettings,
    token: &str,
    key: &crypt::Key,
    query: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<BTreeMap<String, String>, PushRefused> {
    if body.len() > PUSH_BYTES_MAX {
        return Err(PushRefused::Malformed);
    }
    let body = std::str::from_utf8(body).map_err(|_| PushRefused::Malformed)?;
    let outer = xml::fields(body).ok_or(PushRefused::Malformed)?;
    let sealed = outer.get("Encrypt").ok_or(PushRefused::Malformed)?;
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let asked = |name: &str| query.get(name).map(String::as_str).ok_or(PushRefused::Signature);
    let (timestamp, nonce) = (asked("timestamp")?, asked("nonce")?);
    let signature = crypt::signature([token, timestamp, nonce, sealed]);
    if !crypt::same(&signature, &asked("msg_signature")?.to_ascii_lowercase()) {
        return Err(PushRefused::Signature);
    }
    let sent = instant(timestamp).ok_or(PushRefused::Stale)?;
    if (now - sent).abs() > WINDOW {
        return Err(PushRefused::Stale);
    }
    let opened = crypt::open(key, sealed).ok_or(PushRefused::Undecodable)?;
    if opened.appid != settings.appid {
        return Err(PushRefused::WrongApp);
    }
    let fields = xml::fields(&opened.message).ok_or(PushRefused::Undecodable)?;
    match fields.get("AppId") {
        Some(appid) if *appid == settings.appid => Ok(fields),
        _ => Err(PushRefused::WrongApp),
    }
}

/// Seconds since 1970, as text.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::from_timestamp(text.trim().parse().ok()?, 0)
}

async fn take(
    keep: &Keep,
    component: &str,
    fields: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Pushed, PushRefused> {
    let text = |name: &str| fields.get(name).map(|text| text.trim()).filter(|t| !t.is_empty());
    // Never later than now: a clock that runs ahead there must not shut out what comes after.
    let created = text("CreateTime").and_then(instant).map(|at| at.min(now));
    let created = created.ok_or(PushRefused::Undecodable)?;
    let kind = text("InfoType").ok_or(PushRefused::Undecodable)?;
    if kind == "component_verify_ticket" {
        let value = text("ComponentVerifyTicket").ok_or(PushRefused::Undecodable)?;
        keep.keep_ticket(component, Ticket { value: value.to_owned(), created }).await?;
        return Ok(Pushed::Ticket);
    }
    if !matches!(kind, "authorized" | "updateauthorized" | "unauthorized") {
        return Ok(Pushed::Ignored);
    }
    let appid = text("AuthorizerAppid").ok_or(PushRefused::Undecodable)?;
    if !super::is_appid(appid) {
        return Err(PushRefused::Undecodable);
    }
    let mut record = keep.authorizer(component, appid)?.unwrap_or_default();
    if record.event_at.is_some_and(|held| held > created) {
        return Ok(Pushed::Ignored);
    }
    let told = if kind == "unauthorized" {
        // Its name stays: who lost it is to be found again.
        let Authorizer { name, handle, .. } = record;
        record = Authorizer { withdrawn: Some(created), name, handle, ..Authorizer::default() };
        Pushed::Withdrawn(appid.to_owned())
    } else {
        let code = text("AuthorizationCode").ok_or(PushRefused::Undecodable)?;
        if record.redeemed == Some(stable_hash(&[code.as_bytes()])) {
            return Ok(Pushed::Ignored);
        }
        record.announce(code, text("AuthorizationCodeExpiredTime").and_then(instant), created);
        Pushed::Authorized(appid.to_owned())
    };
    record.event_at = Some(created);
    keep.put_authorizer(component, appid, &record)?;
    keep.durable().await?;
    Ok(told)
}

#[cfg(test)]
mod tests;
