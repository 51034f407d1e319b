//! What may programs do to an account? `POST /api/v1/accounts/{id}/confirm`, `/proof`, `/poll`, with a token.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_connectors::claim::Objection;
use freshd_core::verdict::Outcome;
use freshd_core::word::{Finding, same_person};
use serde_json::{Map, Value, json};

use super::WebState;
use super::problem::Problem;
use super::push::{authorised, read_json};
use super::query::{self, AskedId};
use crate::config::TokenConfig;

/// Largest body, bytes: a picture in base64 and what stands beside it.
const BODY_BYTES_MAX: usize = 8 << 20;
/// The keys of a confirmation.
const KEYS: [&str; 8] =
    ["found", "published_at", "url", "none_since", "seen_at", "note", "file", "by"];

/// What somebody does to an account.
#[derive(Clone, Debug)]
pub struct Act {
    /// Whose token.
    pub by: TokenConfig,
    /// The person's name, if it is not the token's.
    pub person: Option<String>,
    /// Id, alias or unique name; `None` = whose the article is.
    pub account: Option<String>,
    /// What.
    pub deed: Deed,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A person looked.
    Answer(Box<Answered>),
    /// An article is a proof.
    Proof(String),
    /// Let it be polled soon.
    Poll,
}

/// What a person found, as written.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Which of those that there are.
    pub found: Finding,
    /// The article.
    pub link: Option<String>,
    /// The time of the newest post.
    pub published: Option<String>,
    /// Since when there is nothing.
    pub since: Option<String>,
    /// When the person looked; `None` = now.
    pub seen_at: Option<String>,
    /// In the person's words.
    pub note: String,
    /// A picture: its name and bytes.
    pub picture: Option<(String, Vec<u8>)>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Acted {
    /// Done.
    Done {
        /// The account's id.
        account: String,
        /// For people.
        text: String,
        /// What the account comes to now.
        verdict: Option<Outcome>,
    },
    /// There is no such account; Chinese.
    Unknown(String),
    /// The token may not act on it; Chinese.
    Forbidden(String),
    /// It cannot be taken.
    Wrong(Vec<Objection>),
}

async fn acted(state: &WebState, act: Act) -> Result<Response, Response> {
    let acted = state.act(act).await.map_err(IntoResponse::into_response)?;
    Ok(match acted {
        Acted::Done { account, text, verdict } => {
            Json(json!({"account": account, "text": text, "verdict": verdict})).into_response()
        }
        Acted::Unknown(detail) => Problem::new(StatusCode::NOT_FOUND, detail).into_response(),
        Acted::Forbidden(detail) => Problem::new(StatusCode::FORBIDDEN, detail).into_response(),
        Acted::Wrong(wrong) => refused(wrong).into_response(),
    })
}

fn refused(wrong: Vec<Objection>) -> Problem {
    let detail = format!("有 {} 个问题,什么都没有改变", wrong.len());
    Problem { errors: wrong, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
}

fn id_of(id: AskedId) -> Result<String, Response> {
    query::id(id).map_err(IntoResponse::into_response)
}

async fn object(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, Response> {
    let value = read_json(headers, body, BODY_BYTES_MAX).await;
    match value.map_err(IntoResponse::into_response)? {
        Value::Object(parts) => Ok(parts),
        _ => {
            let wrong =
                Objection::new("", "应当是一个 JSON 对象", "写成 {\"published_at\": \"…\"}");
            Err(refused(vec![wrong]).into_response())
        }
    }
}

/// A person's word.
pub(super) async fn confirm(
    State(state): State<WebState>,
    id: AskedId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let by = authorised(&state, &headers).await?;
    let account = Some(id_of(id)?);
    let parts = object(&headers, body).await?;
    let people = state.read(|data| Ok(data.people())).await.map_err(IntoResponse::into_response)?;
    let (answered, person) =
        answered(&parts, &people).map_err(|wrong| refused(wrong).into_response())?;
    acted(&state, Act { by, person, account, deed: Deed::Answer(Box::new(answered)) }).await
}

/// An article as a proof.
pub(super) async fn proof(
    State(state): State<WebState>,
    id: AskedId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let by = authorised(&state, &headers).await?;
    let account = Some(id_of(id)?);
    let parts = object(&headers, body).await?;
    let url = parts.get("url").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    acted(&state, Act { by, person: None, account, deed: Deed::Proof(url) }).await
}

/// Sets the due time and wakes the loop.
pub(super) async fn poll(
    State(state): State<WebState>,
    id: AskedId,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let by = authorised(&state, &headers).await?;
    let account = Some(id_of(id)?);
    acted(&state, Act { by, person: None, account, deed: Deed::Poll }).await
}

/// Every mistake of a confirmation at once.
fn answered(
    parts: &Map<String, Value>,
    people: &[String],
) -> Result<(Answered, Option<String>), Vec<Objection>> {
    let mut wrong = Vec::new();
    for key in parts.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let shown: String = key.chars().take(40).collect();
        let help = format!("可用的有 {}", KEYS.join("、"));
        wrong.push(Objection::new(format!("/{shown}"), "不认识的部分", help));
    }
    let mut text = |key: &str| match parts.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(_) => {
            wrong.push(Objection::new(format!("/{key}"), "应当是文本", "加上引号"));
            None
        }
    };
    let (published, link, since) = (text("published_at"), text("url"), text("none_since"));
    let (seen_at, note, by, found) = (text("seen_at"), text("note"), text("by"), text("found"));
    let found = match &found {
        Some(key) => Finding::read(key),
        None if since.is_some() => Some(Finding::NothingSince),
        None => (published.is_some() || link.is_some()).then_some(Finding::Updated),
    };
    if found.is_none() {
        let help = "updated、nothing_since、not_found、menu_wrong、interaction_works 或 interaction_broken";
        wrong.push(Objection::new("/found", "没有写看到了什么", help));
    }
    if by.as_ref().is_some_and(|name| !people.iter().any(|held| same_person(held, name))) {
        wrong.push(Objection::new("/by", "没有这个核查人", "写配置 [patrol] people 里的姓名"));
    }
    let picture = match parts.get("file") {
        None | Some(Value::Null) => None,
        Some(file) => {
            let name = file["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
            let bytes = file["base64"].as_str().and_then(|text| STANDARD.decode(text).ok());
            if name.is_none() || bytes.is_none() {
                let help = "写成 {\"name\": \"a.png\", \"base64\": \"…\"}";
                wrong.push(Objection::new("/file", "看不懂附件", help));
            }
            name.map(str::to_owned).zip(bytes)
        }
    };
    match found {
        Some(found) if wrong.is_empty() => {
            let note = note.unwrap_or_default();
            Ok((Answered { found, link, published, since, seen_at, note, picture }, by))
        }
        _ => Err(wrong),
    }
}
