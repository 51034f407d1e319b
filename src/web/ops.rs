//! What do machines that look after us ask? Health, readiness, metrics; and the files that pages load.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use super::WebState;
use super::problem::Problem;

/// A type, and that it may be kept for five minutes.
fn kept(kind: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=300")),
    ]
}

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// It can do its work; 503 with why not.
pub(super) async fn readyz(State(state): State<WebState>) -> Result<&'static str, Problem> {
    let unready = |why: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
    state.read(|data| Ok(data.ready())).await?.map_err(unready)?;
    Ok("ready\n")
}

/// Prometheus text.
pub(super) async fn metrics(State(state): State<WebState>) -> Result<impl IntoResponse, Problem> {
    let text = state.read(|data| Ok(data.metrics_text())).await?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text))
}

/// The API's description, OpenAPI 3.1.
pub(super) async fn openapi() -> impl IntoResponse {
    (kept("application/json"), include_str!("assets/openapi.json"))
}

pub(super) async fn script() -> impl IntoResponse {
    (kept("text/javascript; charset=utf-8"), include_str!("assets/app.js"))
}

pub(super) async fn style() -> impl IntoResponse {
    (kept("text/css; charset=utf-8"), include_str!("assets/style.css"))
}
