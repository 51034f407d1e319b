//! Who may bring what was seen elsewhere, and in which form? `POST /api/v1/observations`.
//!
//! First who asks (401, 403), then whether it can be read at all (413, 415), then every mistake at once (422).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use freshd_connectors::claim::{self, Objection};
use freshd_core::observation::Observation;
use freshd_core::verdict::Outcome;
use freshd_core::{Timestamp, civil};
use serde_json::{Map, Value, json};

use super::WebState;
use super::form;
use super::problem::Problem;
use crate::config::TokenConfig;
use crate::config::tokens::hash_of;

/// Largest body, bytes: as long as a line of `observation/1`.
pub(super) const BODY_BYTES_MAX: usize = freshd_connectors::wire::LINE_BYTES_MAX;
/// Characters of an account's id or alias.
const ACCOUNT_CHARS_MAX: usize = 500;
/// The keys of a push.
const KEYS: [&str; 3] = ["account", "at", "observation"];

/// What a token's holder says was seen.
#[derive(Clone, Debug)]
pub struct Push {
    /// Whose token.
    pub by: TokenConfig,
    /// Id, alias or unique name.
    pub account: String,
    /// When it was seen.
    pub at: Timestamp,
    /// What was seen.
    pub observation: Observation,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Pushed {
    /// Taken.
    Taken(Taken),
    /// There is no such account; Chinese.
    Unknown(String),
    /// The token may not speak for it; Chinese.
    Forbidden(String),
    /// It says what cannot be.
    Wrong(Vec<Objection>),
}

/// A push that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The account's id.
    pub account: String,
    /// Did it tell anything new?
    pub changed: bool,
    /// The parts that did not count, by name.
    pub ignored: Vec<&'static str>,
    /// What the account comes to now.
    pub verdict: Option<Outcome>,
}

pub(super) async fn push(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let by = authorised(&state, &headers).await?;
    let now = state.data.now();
    let value = read(&headers, body).await.map_err(IntoResponse::into_response)?;
    let push = push_of(by, &value, now).map_err(|wrong| refused(wrong).into_response())?;
    let pushed = state.read(move |data| data.push(&push)).await;
    Ok(match pushed.map_err(IntoResponse::into_response)? {
        Pushed::Taken(taken) => axum::Json(json!({
            "account": taken.account,
            "changed": taken.changed,
            "ignored": taken.ignored,
            "verdict": taken.verdict,
        }))
        .into_response(),
        Pushed::Unknown(detail) => Problem::new(StatusCode::NOT_FOUND, detail).into_response(),
        Pushed::Forbidden(detail) => Problem::new(StatusCode::FORBIDDEN, detail).into_response(),
        Pushed::Wrong(wrong) => refused(wrong).into_response(),
    })
}

fn refused(wrong: Vec<Objection>) -> Problem {
    let detail = format!("推送的内容有 {} 个问题,什么都没有改变", wrong.len());
    Problem { errors: wrong, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
}

/// The token that was shown, if it may push.
pub(super) async fn authorised(
    state: &WebState,
    headers: &HeaderMap,
) -> Result<TokenConfig, Response> {
    let unauthorised = |detail: &str| {
        let challenge = HeaderValue::from_static("Bearer realm=\"freshd\"");
        let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        ([(header::WWW_AUTHENTICATE, challenge)], problem).into_response()
    };
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.split_once(' '));
    let token = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        return Err(unauthorised("请带上令牌:Authorization: Bearer 令牌([[web.tokens]] 里配置)"));
    };
    let presented = hash_of(token.trim());
    let found = state.read(move |data| Ok(holder(data.tokens(), &presented))).await;
    match found.map_err(IntoResponse::into_response)? {
        None => {
            tracing::warn!("a push with an unknown token was refused");
            Err(unauthorised("令牌不对或已停用"))
        }
        Some(by) if !by.role.may_push() => {
            let detail = format!("令牌 {} 的角色是 {},不能登记和推送", by.name, by.role.key());
            Err(Problem::new(StatusCode::FORBIDDEN, detail).into_response())
        }
        Some(by) => Ok(by),
    }
}

/// Whose token has this hash? Every token is compared, whichever it is.
pub(super) fn holder(tokens: Vec<TokenConfig>, presented: &[u8; 32]) -> Option<TokenConfig> {
    let mut found = None;
    for token in tokens {
        match token.is(presented) {
            Ok(true) => found = Some(token),
            Ok(false) => {}
            Err(problem) => tracing::error!(token = token.name, why = problem.0, "token unusable"),
        }
    }
    found
}

/// The body as JSON.
async fn read(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    read_json(headers, body, BODY_BYTES_MAX).await
}

/// The body as JSON of at most so many bytes.
pub(super) async fn read_json(
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Value, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "内容类型应为 Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let bytes = form::bytes(headers, body, most).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = format!("不是正确的 JSON(第 {} 行第 {} 列)", error.line(), error.column());
        refused(vec![Objection::new("", what, "用 UTF-8 编码的 JSON")])
    })
}

/// Every mistake of a push at once.
fn push_of(by: TokenConfig, value: &Value, now: Timestamp) -> Result<Push, Vec<Objection>> {
    let Some(parts) = value.as_object() else {
        let help = "写成 {\"account\": \"…\", \"at\": \"…\", \"observation\": {…}}";
        return Err(vec![Objection::new("", "应当是一个 JSON 对象", help)]);
    };
    let mut wrong = Vec::new();
    for key in parts.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let shown: String = key.chars().take(40).collect();
        let help = format!("可用的有 {}", KEYS.join("、"));
        wrong.push(Objection::new(format!("/{shown}"), "不认识的部分", help));
    }
    let account = account_of(parts).map_err(|objection| wrong.push(objection)).ok();
    let at = at_of(parts, now).map_err(|objection| wrong.push(objection)).ok();
    let observation = match parts.get("observation") {
        None => {
            let help = "写成 \"observation\": {\"sightings\": […], …}";
            wrong.push(Objection::new("/observation", "没有写看到了什么", help));
            None
        }
        Some(value) => claim::read(value).map_err(|found| wrong.extend(inside(found))).ok(),
    };
    match (account, at, observation) {
        (Some(account), Some(at), Some(observation)) if wrong.is_empty() => {
            Ok(Push { by, account, at, observation })
        }
        _ => Err(wrong),
    }
}

/// Places within the observation as places within the body.
pub fn inside(found: Vec<Objection>) -> impl Iterator<Item = Objection> {
    found.into_iter().map(|found| Objection { at: format!("/observation{}", found.at), ..found })
}

fn account_of(parts: &Map<String, Value>) -> Result<String, Objection> {
    let account = parts.get("account").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let fits = !account.is_empty() && account.chars().count() <= ACCOUNT_CHARS_MAX;
    let help = "写账号的 id、别名或唯一的名称,如 \"weibo:1234567890\"";
    let objection = || Objection::new("/account", "没有写是哪个账号", help);
    fits.then(|| account.to_owned()).ok_or_else(objection)
}

fn at_of(parts: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, Objection> {
    let example = civil::rfc3339(now);
    let help = format!("写查看的时刻,如 \"{example}\"");
    let text = parts.get("at").and_then(Value::as_str);
    let text = text.ok_or_else(|| Objection::new("/at", "没有写何时看到的", help.clone()))?;
    let at = chrono::DateTime::parse_from_rfc3339(text.trim()).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        Objection::new("/at", format!("「{shown}」不是带时区的时间"), help.clone())
    })?;
    if at > now {
        let help = format!("检查时钟和时区;这里现在是 {example}");
        return Err(Objection::new("/at", "查看的时刻在将来", help));
    }
    Ok(at.to_utc())
}
