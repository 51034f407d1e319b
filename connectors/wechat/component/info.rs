//! What does the platform say of an authorised account itself? `api_get_authorizer_info`: name, subject, state,
//! verification, permission sets. It asks with the platform's token, so it answers when the account's own is refused.

use std::collections::BTreeSet;

use freshd_core::observation::{Evidence, Profile, ProfileState};
use serde_json::{Value, json};

use super::super::token::NoToken;
use super::{Component, malformed};
use crate::http::redact;
use crate::lenient;

const INFO: &str = "/cgi-bin/component/api_get_authorizer_info";
const NAME: &str = "读取授权账号的信息";

/// What was read.
pub(crate) struct Standing {
    /// Name, subject, state and other identifiers.
    pub(crate) profile: Profile,
    /// `account_status` as the platform wrote it; it is missing in older answers.
    pub(crate) status: Option<i64>,
    /// `verify_type_info`: is the account verified? `None` = not said.
    pub(crate) verified: Option<bool>,
    /// What backs it, without the authorisation's tokens.
    pub(crate) evidence: Evidence,
    /// A mini program, no official account.
    pub(crate) mini_program: bool,
}

/// The state that an `account_status` means: 1 normal, 14 cancelled, 16 banned, 18 warned, 19 frozen.
fn state_of(status: Option<i64>) -> ProfileState {
    match status {
        Some(14) => ProfileState::Deregistered,
        Some(16 | 19) => ProfileState::Frozen,
        _ => ProfileState::Open,
    }
}

/// Ids of the permission sets in `func_info`.
pub(crate) fn sets(held: &Value) -> BTreeSet<i64> {
    let list = held.get("func_info").and_then(Value::as_array);
    let id = |entry: &Value| entry.pointer("/funcscope_category/id").and_then(lenient::int);
    list.into_iter().flatten().filter_map(id).collect()
}

/// Asks for one account, and keeps which sets are granted and a refresh token that we did not have.
pub(crate) async fn look_up(way: &Component<'_>, appid: &str) -> Result<Standing, NoToken> {
    let body = json!({"component_appid": way.appid(), "authorizer_appid": appid});
    let answer = way.ask(INFO, NAME, &body).await?;
    let Some(info) = answer.get("authorizer_info").filter(|info| info.is_object()) else {
        return Err(malformed("读取授权账号的信息:应答中没有 authorizer_info"));
    };
    let text = |key: &str| info.get(key).and_then(lenient::text);
    let name = |key: &str| info.get(key).and_then(lenient::name);
    let held = answer.get("authorization_info").unwrap_or(&Value::Null);
    take_up(way, appid, held, (name("nick_name"), text("user_name")))?;
    way.keep.durable().await?;
    let status = info.get("account_status").and_then(lenient::int);
    let verified = info.pointer("/verify_type_info/id").and_then(lenient::int);
    let url = super::session::address(way.base, INFO).to_string();
    let body = redact::text(&info.to_string()).into_owned();
    let body = lenient::cut(&body, lenient::EVIDENCE_BYTES_MAX).to_owned();
    Ok(Standing {
        profile: Profile {
            name: name("nick_name"),
            holder: name("principal_name"),
            state: state_of(status),
            aliases: [text("user_name"), text("alias")].into_iter().flatten().collect(),
        },
        status,
        verified: verified.map(|id| id >= 0),
        evidence: Evidence { url, at: way.cx.now, body },
        mini_program: info.get("MiniProgramInfo").is_some_and(Value::is_object),
    })
}

fn take_up(
    way: &Component<'_>,
    appid: &str,
    held: &Value,
    (name, handle): (Option<String>, Option<String>),
) -> Result<(), NoToken> {
    let before = way.record(appid)?.unwrap_or_default();
    let mut record = before.clone();
    if record.withdrawn.is_some() {
        return Ok(());
    }
    if record.refresh_token.is_none() {
        record.refresh_token = held.get("authorizer_refresh_token").and_then(lenient::text);
    }
    record.name = name.or(record.name);
    record.handle = handle.or(record.handle);
    let granted = sets(held);
    if !granted.is_empty() {
        record.sets = granted;
    }
    if record != before {
        way.keep.put_authorizer(way.appid(), appid, &record)?;
    }
    Ok(())
}
