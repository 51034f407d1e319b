//! What do owners see who authorise their account, and what does the office see of how far it has come?
//!
//! The owners' pages lie open to the public network: they show one account's name to whoever holds its signed link,
//! ask WeChat for a `pre_auth_code`, and keep what WeChat's page sends back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use super::login::go;
use super::problem::Problem;
use super::query::Asked;
use super::session;
use super::{WebState, qr};
use crate::config::TokenConfig;
use crate::report::authorisations::{AuthorisationsView, Row, Standing};

/// Accounts listed by name on the page of progress unless one unit is chosen.
const LISTED_MAX: usize = 300;
/// Codes on one sheet.
const CODES_MAX: usize = 600;

/// Whose page it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 账号名称.
    pub name: String,
    /// 主办单位.
    pub sponsor: String,
    /// Its AppID, if it is known: then WeChat lets only this account be chosen.
    pub appid: Option<String>,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// We did not make it.
    Forged,
    /// It was good once.
    Expired,
    /// The account is no longer in the ledger.
    Unknown,
    /// There is no third-party platform, or no public address.
    NotSet,
    /// WeChat gave nothing now.
    Later,
    /// WeChat's `auth_code` is used or has run out.
    Spent,
}

impl Refusal {
    fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "这个链接不是本系统生成的,或没有复制完整。请重新扫描监测单位发的二维码。",
            ),
            Self::Expired => (StatusCode::GONE, "这个二维码已过期。请向监测单位要一张新的。"),
            Self::Unknown => {
                (StatusCode::NOT_FOUND, "这个账号已不在监测台账里,不用授权。有疑问请联系监测单位。")
            }
            Self::NotSet => (
                StatusCode::SERVICE_UNAVAILABLE,
                "监测单位还没有配置好第三方平台,现在不能授权。请联系监测单位。",
            ),
            Self::Later => (
                StatusCode::SERVICE_UNAVAILABLE,
                "暂时没有从微信取得授权页面。请过几分钟再扫一次;仍然不行,请联系监测单位。",
            ),
            Self::Spent => (
                StatusCode::GONE,
                "这次授权的授权码已失效。如果公众号还没有收到授权成功的通知,请重新扫码再做一次。",
            ),
        }
    }
}

/// What an owner gets who opens a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invited {
    /// WeChat's pages.
    Links {
        /// Whose.
        page: Page,
        /// For a computer.
        computer: String,
        /// For WeChat on a telephone.
        phone: String,
        /// Until when they work, RFC 3339.
        until: String,
    },
    /// Nothing is to be done.
    Already(Page),
    /// It leads nowhere.
    Refused(Refusal),
}

/// What an owner gets who comes back from WeChat's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Some account is authorised.
    Authorised {
        /// Whose link it was.
        page: Page,
        /// The name of what was authorised, or its AppID.
        name: String,
        /// It is another account than the link was for.
        other: bool,
        /// Some account of the ledger reads it.
        listed: bool,
        /// Permission sets that were not granted.
        lacks: Vec<String>,
    },
    /// It leads nowhere.
    Refused(Refusal),
}

/// Leads owners to WeChat's page and takes in what comes back.
#[async_trait]
pub trait Reception: Send + Sync + 'static {
    /// How far authorisation has come, of accounts of these units (none = all) and of this one, if it is named.
    fn progress(&self, units: &[String], unit: Option<&str>) -> Result<AuthorisationsView, String>;
    /// A link was opened; `again` = though the account is authorised.
    async fn invite(&self, id: &str, token: &str, again: bool) -> Result<Invited, String>;
    /// WeChat's page led back with an `auth_code`. What it changed is durable when this returns.
    async fn arrive(&self, id: &str, token: &str, code: &str) -> Result<Arrived, String>;
}

/// The account and the token as they stand in the path.
type AskedLink = Result<Path<(String, String)>, PathRejection>;

fn queried(asked: Asked) -> Result<BTreeMap<String, String>, Problem> {
    let bad = |error| Problem::new(StatusCode::BAD_REQUEST, format!("看不懂查询参数:{error}"));
    asked.map(|Query(asked)| asked).map_err(bad)
}

async fn view(
    state: &WebState,
    by: &TokenConfig,
    unit: Option<String>,
) -> Result<AuthorisationsView, Problem> {
    let Some(reception) = state.reception.clone() else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "没有授权页面"));
    };
    let units = by.units.clone();
    state.read(move |_| reception.progress(&units, unit.as_deref())).await
}

fn unit_of(asked: &BTreeMap<String, String>) -> Option<String> {
    asked.get("unit").map(|unit| unit.trim().to_owned()).filter(|unit| !unit.is_empty())
}

/// `authorise list --json`: for a token, or who is logged in.
pub(super) async fn api(
    State(state): State<WebState>,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Response> {
    let visitor = session::visitor(&state, &headers).await.map_err(IntoResponse::into_response)?;
    let by = match visitor {
        Some(visitor) => visitor.by,
        None => super::push::authorised(&state, &headers).await?,
    };
    let asked = queried(asked).map_err(IntoResponse::into_response)?;
    let view = view(&state, &by, unit_of(&asked)).await.map_err(IntoResponse::into_response)?;
    Ok(Json(view).into_response())
}

fn listed(view: &AuthorisationsView, standing: Standing) -> Vec<&Row> {
    view.accounts.iter().filter(|row| row.standing == standing).collect()
}

/// How far it has come, for who is logged in.
pub(super) async fn progress(
    State(state): State<WebState>,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some(visitor) = session::visitor(&state, &headers).await? else { return Ok(go("/login")) };
    let unit = unit_of(&queried(asked)?);
    let view = view(&state, &visitor.by, unit.clone()).await?;
    let whole = unit.is_some() || view.accounts.len() <= LISTED_MAX;
    let context = json!({
        "as_of": view.as_of, "text": view.text, "totals": view.totals, "share": view.totals.share(),
        "hindrances": view.hindrances, "units": view.units, "unlisted": view.unlisted,
        "unit": unit, "name": visitor.name(), "whole": whole,
        "lost": listed(&view, Standing::Lost),
        "not_yet": if whole { listed(&view, Standing::NotYet) } else { Vec::new() },
        "authorised": if whole { listed(&view, Standing::Authorised) } else { Vec::new() },
        "own_key": if whole { listed(&view, Standing::OwnKey) } else { Vec::new() },
    });
    Ok(state.pages.render("authorisations.html", context)?.into_response())
}

/// A sheet with a code for each account, of a unit, or of one account; those that need none only if they are asked for.
pub(super) async fn sheet(
    State(state): State<WebState>,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some(visitor) = session::visitor(&state, &headers).await? else { return Ok(go("/login")) };
    let asked = queried(asked)?;
    let (unit, account) = (unit_of(&asked), asked.get("account").filter(|id| !id.is_empty()));
    let view = view(&state, &visitor.by, unit.clone()).await?;
    let wanted = |row: &&Row| match account {
        Some(id) => row.id == *id,
        None => matches!(row.standing, Standing::NotYet | Standing::Lost),
    };
    let rows: Vec<&Row> = view.accounts.iter().filter(wanted).collect();
    if account.is_some() && rows.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "没有这个公众号"));
    }
    if rows.len() > CODES_MAX {
        let told = format!("一张最多印 {CODES_MAX} 个二维码,请加 ?unit= 按通报对象分开印");
        return Err(Problem::new(StatusCode::BAD_REQUEST, told));
    }
    let card = |row: &&Row| json!({"row": row, "svg": row.link.as_deref().and_then(qr::svg), "word": row.standing.chinese()});
    let context = json!({
        "as_of": view.as_of, "unit": unit, "name": visitor.name(), "hindrances": view.hindrances,
        "cards": rows.iter().map(card).collect::<Vec<_>>(),
    });
    Ok(state.pages.render("authorise_sheet.html", context)?.into_response())
}

/// One page for owners: who scans, what is read, how it is taken back.
pub(super) async fn guide(State(state): State<WebState>) -> Result<Html<String>, Problem> {
    state.pages.render("authorise_guide.html", Value::Null)
}

fn public(state: &WebState, status: StatusCode, context: Value) -> Result<Response, Problem> {
    let page = state.pages.render("authorise.html", context)?;
    // WeChat's page wants to be told from which domain one comes, and of that no more than the domain.
    let origin = [(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"))];
    Ok((status, origin, page).into_response())
}

fn refused(state: &WebState, refusal: Refusal) -> Result<Response, Problem> {
    let (status, told) = refusal.told();
    public(state, status, json!({"kind": "refused", "told": told}))
}

fn link_of(asked: AskedLink) -> Option<(String, String)> {
    asked.ok().map(|Path(link)| link)
}

/// An owner opened the link of the code.
pub(super) async fn invite(
    State(state): State<WebState>,
    method: Method,
    headers: HeaderMap,
    link: AskedLink,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some((id, token)) = link_of(link) else { return refused(&state, Refusal::Forged) };
    let Some(reception) = state.reception.clone() else { return refused(&state, Refusal::NotSet) };
    if method == Method::HEAD {
        // Who only looks whether it is there gets no code of WeChat's.
        return Ok(StatusCode::OK.into_response());
    }
    let again = queried(asked)?.contains_key("again");
    let _turn = state.acts.acquire().await;
    let invited = reception.invite(&id, &token, again).await;
    match invited.map_err(|error| Problem::internal(&error))? {
        Invited::Refused(refusal) => refused(&state, refusal),
        Invited::Already(page) => {
            public(&state, StatusCode::OK, json!({"kind": "already", "page": shown(&page)}))
        }
        Invited::Links { page, computer, phone, until } => {
            let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
            let in_wechat = agent.is_some_and(|agent| agent.contains("MicroMessenger"));
            let context = json!({
                "kind": "links", "page": shown(&page), "computer": computer, "phone": phone,
                "until": until, "in_wechat": in_wechat,
            });
            public(&state, StatusCode::OK, context)
        }
    }
}

fn shown(page: &Page) -> Value {
    json!({"name": page.name, "sponsor": page.sponsor, "named": page.appid.is_some()})
}

/// WeChat's page led back.
pub(super) async fn arrive(
    State(state): State<WebState>,
    method: Method,
    link: AskedLink,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some((id, token)) = link_of(link) else { return refused(&state, Refusal::Forged) };
    let Some(reception) = state.reception.clone() else { return refused(&state, Refusal::NotSet) };
    let asked = queried(asked)?;
    let code = asked.get("auth_code").map(String::as_str).unwrap_or_default();
    if method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    let _turn = state.acts.acquire().await;
    let arrived = reception.arrive(&id, &token, code).await;
    match arrived.map_err(|error| Problem::internal(&error))? {
        Arrived::Refused(refusal) => refused(&state, refusal),
        Arrived::Authorised { page, name, other, listed, lacks } => {
            let context = json!({
                "kind": "done", "page": shown(&page), "authorised": name, "other": other,
                "listed": listed, "lacks": lacks,
            });
            public(&state, StatusCode::OK, context)
        }
    }
}
