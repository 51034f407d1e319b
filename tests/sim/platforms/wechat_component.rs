//! How does WeChat treat a third-party platform 第三方平台? Tickets, tokens, authorisations and their pushes.
//!
//! Written from the open platform's documents: refresh tokens change with each use (the old one works for five minutes
//! more), a withdrawn or frozen account answers 61003, and pushes are sealed as the documents describe.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;
use serde_json::{Value, json};

use super::Scene;
use super::ask::{Ask, Reply};
use super::wechat::error;
use crate::world::{Account, Gone, Kind};

mod seal;

/// The platform's own credentials.
pub const APPID: &str = "wx00c0ffee00c0ffee";
/// Its AppSecret.
pub const SECRET: &str = "component-secret-0123456789abcdef";
/// 消息校验 Token.
pub const TOKEN: &str = "componentcheck";
/// 消息加解密 Key: 43 characters.
pub const AES_KEY: &str = "ZnJlc2hkLXNpbXVsYXRlZC1jb21wb25lbnQta2V5LTE";

/// A ticket can be used for so long.
const TICKET_LIVES: TimeDelta = TimeDelta::hours(12);
/// Access tokens live so long.
const TOKEN_LIVES_S: i64 = 7_200;
/// A `pre_auth_code` lives so long.
const PREAUTH_LIVES_S: i64 = 1_800;
/// An old refresh token works for so long after a new one was given.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// A sealed push: post `body` to the callback's address with `query` behind it.
#[derive(Clone, Debug)]
pub struct Push {
    /// The query of the address.
    pub query: String,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Grant {
    sets: Vec<i64>,
    at: Option<Timestamp>,
    code: Option<String>,
    refresh: String,
    before: Option<(String, Timestamp)>,
    token: Option<(String, Timestamp)>,
    turns: u32,
}

#[derive(Debug, Default)]
struct State {
    ticket: Option<(String, Timestamp)>,
    token: Option<(String, Timestamp)>,
    issued: u64,
    push_asked: u32,
    grants: BTreeMap<usize, Grant>,
}

/// What WeChat holds about the platform.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<State>);

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A text that nobody can guess, and never the same twice.
    fn draw(&mut self, what: &str) -> String {
        self.issued += 1;
        let number = self.issued.to_le_bytes();
        format!("{what}@@@{:016x}", stable_hash(&[what.as_bytes(), &number]))
    }
}

/// The hand that moves it: what owners and WeChat do.
#[derive(Clone)]
pub struct Component(pub(super) Arc<Scene>);

impl Component {
    fn push(&self, now: Timestamp, inner: &str) -> Push {
        let head = format!(
            "<AppId><![CDATA[{APPID}]]></AppId><CreateTime>{}</CreateTime>",
            now.timestamp()
        );
        seal::sealed(&format!("<xml>{head}{inner}</xml>"), now)
    }

    /// WeChat pushes a new ticket, as it does every ten minutes.
    pub fn ticket(&self) -> Push {
        let now = self.0.clock.now();
        let mut state = self.0.component.state();
        let ticket = state.draw("ticket");
        state.ticket = Some((ticket.clone(), now));
        self.push(
            now,
            &format!(
                "<InfoType><![CDATA[component_verify_ticket]]></InfoType>\
                 <ComponentVerifyTicket><![CDATA[{ticket}]]></ComponentVerifyTicket>"
            ),
        )
    }

    /// The ticket that was pushed last; empty before the first.
    pub fn newest_ticket(&self) -> String {
        self.0.component.state().ticket.as_ref().map_or_else(String::new, |held| held.0.clone())
    }

    /// The owner scans the code and grants these sets.
    pub fn authorise(&self, account: &Account, sets: &[i64]) -> Push {
        let now = self.0.clock.now();
        let mut state = self.0.component.state();
        let (code, refresh) = (state.draw("code"), state.draw("refreshtoken"));
        let grant = state.grants.entry(account.index).or_default();
        let kind = if grant.at.is_some() { "updateauthorized" } else { "authorized" };
        *grant = Grant {
            sets: sets.to_vec(),
            at: Some(now),
            code: Some(code.clone()),
            refresh,
            turns: grant.turns,
            ..Grant::default()
        };
        let appid = app_id(account);
        let ends = now.timestamp() + 3_600;
        self.push(
            now,
            &format!(
                "<InfoType><![CDATA[{kind}]]></InfoType>\
                 <AuthorizerAppid><![CDATA[{appid}]]></AuthorizerAppid>\
                 <AuthorizationCode><![CDATA[{code}]]></AuthorizationCode>\
                 <AuthorizationCodeExpiredTime>{ends}</AuthorizationCodeExpiredTime>\
                 <PreAuthCode><![CDATA[preauthcode]]></PreAuthCode>"
            ),
        )
    }

    /// The `auth_code` of the account's newest authorisation, as WeChat's page sends it back; empty once redeemed.
    pub fn auth_code(&self, account: &Account) -> String {
        let state = self.0.component.state();
        state.grants.get(&account.index).and_then(|grant| grant.code.clone()).unwrap_or_default()
    }

    /// The owner withdraws the authorisation.
    pub fn withdraw(&self, account: &Account) -> Push {
        let now = self.0.clock.now();
        self.0.component.state().grants.remove(&account.index);
        let appid = app_id(account);
        self.push(
            now,
            &format!(
                "<InfoType><![CDATA[unauthorized]]></InfoType>\
                 <AuthorizerAppid><![CDATA[{appid}]]></AuthorizerAppid>"
            ),
        )
    }

    /// How often the account's refresh token was turned into an access token.
    pub fn turns(&self, account: &Account) -> u32 {
        self.0.component.state().grants.get(&account.index).map_or(0, |grant| grant.turns)
    }

    /// How often the pushing of tickets was asked for.
    pub fn push_asked(&self) -> u32 {
        self.0.component.state().push_asked
    }
}

fn app_id(account: &Account) -> &str {
    match &account.kind {
        Kind::Wechat { app_id, .. } => app_id,
        _ => "",
    }
}

/// Answers `/cgi-bin/component/…`.
pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.method != "POST" {
        return error(43002, "require POST method");
    }
    let body = ask.json();
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if field("component_appid") != APPID {
        return error(61011, "invalid component");
    }
    let mut state = scene.component.state();
    match ask.path {
        "/cgi-bin/component/api_start_push_ticket" => {
            if field("component_secret") != SECRET {
                return error(40125, "invalid appsecret");
            }
            state.push_asked += 1;
            return Reply::json(&json!({"errcode": 0, "errmsg": "ok"}));
        }
        "/cgi-bin/component/api_component_token" => {
            return own_token(&mut state, ask, &field);
        }
        _ => {}
    }
    let given = ask.param("access_token").unwrap_or_default();
    match &state.token {
        Some((token, ends)) if token == given && ask.now < *ends => {}
        Some((token, _)) if token == given => return error(42001, "access_token expired"),
        _ => return error(40001, "invalid credential, access_token is invalid or not latest"),
    }
    if ask.path == "/cgi-bin/component/api_get_authorizer_list" {
        return list(scene, &state, &body);
    }
    if ask.path == "/cgi-bin/component/api_create_preauthcode" {
        let code = state.draw("preauthcode");
        return Reply::json(&json!({"pre_auth_code": code, "expires_in": PREAUTH_LIVES_S}));
    }
    if ask.path == "/cgi-bin/component/api_query_auth" {
        return redeem(scene, &mut state, ask, &field("authorization_code"));
    }
    let appid = field("authorizer_appid");
    let Some(account) = scene.world.find(&appid) else {
        return error(40013, "invalid appid");
    };
    let reply = match ask.path {
        "/cgi-bin/component/api_authorizer_token" => {
            turn(&mut state, account, ask, &field("authorizer_refresh_token"))
        }
        "/cgi-bin/component/api_get_authorizer_info" => info(&state, account, ask),
        _ => Reply::page(404, "404 Not Found", ""),
    };
    reply.about(account.index)
}

fn own_token(state: &mut State, ask: &Ask<'_>, field: &dyn Fn(&str) -> String) -> Reply {
    if field("component_appsecret") != SECRET {
        return error(40001, "invalid credential");
    }
    let given = field("component_verify_ticket");
    match &state.ticket {
        Some((ticket, at)) if *ticket == given && ask.now - *at < TICKET_LIVES => {}
        Some((ticket, _)) if *ticket == given => {
            return error(61005, "component ticket is expired");
        }
        _ => return error(61006, "component ticket is invalid"),
    }
    let token = state.draw("componenttoken");
    state.token = Some((token.clone(), ask.now + TimeDelta::seconds(TOKEN_LIVES_S)));
    Reply::json(&json!({"component_access_token": token, "expires_in": TOKEN_LIVES_S}))
}

fn not_authorised() -> Reply {
    error(61003, "component is not authorized by this account")
}

fn sets(grant: &Grant) -> Value {
    grant.sets.iter().map(|id| json!({"funcscope_category": {"id": id}})).collect()
}

fn redeem(scene: &Scene, state: &mut State, ask: &Ask<'_>, code: &str) -> Reply {
    let found = state.grants.iter().find(|(_, held)| held.code.as_deref() == Some(code));
    let Some(index) = found.map(|(index, _)| *index) else {
        return error(61010, "code is expired");
    };
    let token = state.draw("authorizertoken");
    let grant = state.grants.get_mut(&index).expect("found above");
    grant.code = None;
    grant.turns += 1;
    grant.token = Some((token.clone(), ask.now + TimeDelta::seconds(TOKEN_LIVES_S)));
    Reply::json(&json!({"authorization_info": {
        "authorizer_appid": app_id(&scene.world.accounts[index]),
        "authorizer_access_token": token,
        "expires_in": TOKEN_LIVES_S,
        "authorizer_refresh_token": grant.refresh,
        "func_info": sets(grant),
    }}))
    .about(index)
}

fn turn(state: &mut State, account: &Account, ask: &Ask<'_>, given: &str) -> Reply {
    let (token, next) = (state.draw("authorizertoken"), state.draw("refreshtoken"));
    let grant = state.grants.get_mut(&account.index);
    let Some(grant) = grant.filter(|_| account.gone_by(ask.now).is_none()) else {
        return not_authorised();
    };
    let newest = grant.refresh == given;
    let overlaps =
        grant.before.as_ref().is_some_and(|(old, until)| old == given && ask.now < *until);
    if !newest && !overlaps {
        return error(61023, "refresh_token is invalid");
    }
    if newest {
        let old = std::mem::replace(&mut grant.refresh, next);
        grant.before = Some((old, ask.now + OVERLAP));
    }
    grant.turns += 1;
    grant.token = Some((token.clone(), ask.now + TimeDelta::seconds(TOKEN_LIVES_S)));
    Reply::json(&json!({
        "authorizer_access_token": token,
        "expires_in": TOKEN_LIVES_S,
        "authorizer_refresh_token": grant.refresh,
    }))
}

fn list(scene: &Scene, state: &State, body: &Value) -> Reply {
    let number = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (offset, count) = (number("offset"), number("count"));
    if !(1..=500).contains(&count) {
        return error(40097, "invalid args");
    }
    let page = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let rows: Vec<Value> = state
        .grants
        .iter()
        .skip(page(offset))
        .take(page(count))
        .map(|(index, grant)| {
            json!({
                "authorizer_appid": app_id(&scene.world.accounts[*index]),
                "refresh_token": grant.refresh,
                "auth_time": grant.at.map_or(0, |at| at.timestamp()),
            })
        })
        .collect();
    Reply::json(&json!({"total_count": state.grants.len(), "list": rows}))
}

fn info(state: &State, account: &Account, ask: &Ask<'_>) -> Reply {
    let Some(grant) = state.grants.get(&account.index) else { return not_authorised() };
    let Kind::Wechat { verified, .. } = account.kind else { return not_authorised() };
    let status = match account.gone_by(ask.now) {
        None => 1,
        Some(Gone::Frozen) => 19,
        Some(Gone::Deregistered) => 14,
    };
    Reply::json(&json!({
        "authorizer_info": {
            "nick_name": account.name,
            "head_img": "http://wx.qlogo.cn/mmopen/x/0",
            "service_type_info": {"id": 1},
            "verify_type_info": {"id": if verified { 0 } else { -1 }},
            "user_name": format!("gh_{:012x}", account.index),
            "alias": "",
            "principal_name": "某某局",
            "account_status": status,
            "basic_config": {"is_phone_configured": true, "is_email_configured": true},
        },
        "authorization_info": {
            "authorizer_appid": app_id(account),
            "authorizer_refresh_token": grant.refresh,
            "func_info": sets(grant),
        },
    }))
}

/// Whose token is it, if it is one of ours? `None`: it is an account's own.
pub(super) fn holder<'a>(scene: &'a Scene, ask: &Ask<'_>) -> Option<Result<&'a Account, Reply>> {
    let given = ask.param("access_token").filter(|token| token.starts_with("authorizertoken"))?;
    let state = scene.component.state();
    let found = state
        .grants
        .iter()
        .find(|(_, grant)| grant.token.as_ref().is_some_and(|(token, _)| token == given));
    let Some((index, grant)) = found else {
        return Some(Err(not_authorised()));
    };
    let account = &scene.world.accounts[*index];
    if grant.token.as_ref().is_some_and(|(_, ends)| ask.now >= *ends) {
        return Some(Err(error(42001, "access_token expired").about(*index)));
    }
    let opens = wanted(ask.path);
    if !opens.is_empty() && !opens.iter().any(|set| grant.sets.contains(set)) {
        let text = "component is not authorized by this account with this api";
        return Some(Err(error(61007, text).about(*index)));
    }
    Some(Ok(account))
}

/// The sets, any of which opens a path.
fn wanted(path: &str) -> &'static [i64] {
    match path {
        "/cgi-bin/get_current_selfmenu_info" | "/cgi-bin/get_current_autoreply_info" => &[1, 3, 15],
        "/cgi-bin/menu/get" => &[15],
        "/cgi-bin/openapi/quota/get" => &[],
        "/datacube/getinterfacesummary" => &[3],
        _ => &[7],
    }
}
