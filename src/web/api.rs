//! What do programs get? `/api/v1`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::problem::Problem;
use super::push::authorised;
use super::query::{self, Asked, AskedId};
use super::{WebData, WebState};

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("没有账号 {id}"))
}

/// `status --json` with `next`.
pub(super) async fn accounts(
    State(state): State<WebState>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let filter = query::filter(asked)?;
    let page = state.page(filter).await?;
    let mut body =
        serde_json::to_value(page.view).map_err(|error| Problem::internal(&error.to_string()))?;
    body["next"] = json!(page.next);
    Ok(Json(body))
}

/// `explain --json`.
pub(super) async fn account(
    State(state): State<WebState>,
    asked: AskedId,
) -> Result<Json<Value>, Problem> {
    let id = query::id(asked)?;
    let asked = id.clone();
    let found = state.read(move |data| data.account(&asked)).await?;
    found.map(Json).ok_or_else(|| unknown(&id))
}

/// `{"id", "history": […]}`, newest first.
pub(super) async fn history(
    State(state): State<WebState>,
    asked: AskedId,
) -> Result<Json<Value>, Problem> {
    let id = query::id(asked)?;
    let asked = id.clone();
    let found = state.read(move |data| data.history(&asked)).await?;
    let entries = found.ok_or_else(|| unknown(&id))?;
    Ok(Json(json!({"id": id, "history": entries})))
}

/// `precheck --format json`.
pub(super) async fn precheck(
    State(state): State<WebState>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    let (quarter, at) = query::instant(asked)?;
    let read = move |data: &dyn WebData| data.precheck(quarter.as_deref(), at.as_deref());
    let made = state.read(read).await?;
    made.map(Json).map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail))
}

/// `requests list --json`, as far as the token covers the accounts; `?all=true` for what needs no decision, too.
pub(super) async fn requests(
    State(state): State<WebState>,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Response> {
    let by = authorised(&state, &headers).await?;
    let all = asked.is_ok_and(|asked| asked.get("all").is_some_and(|all| all == "true"));
    let found = state.read(move |data| data.requests(&by, None, all)).await;
    let found = found.map_err(IntoResponse::into_response)?;
    Ok(Json(json!({"requests": found})).into_response())
}

/// `mail outbox --json`, addresses masked.
pub(super) async fn outbox(State(state): State<WebState>) -> Result<Json<Value>, Problem> {
    state.read(|data| data.outbox()).await.map(Json)
}
