//! How is a platform's push let in? By its exact path, as a bounded POST, before the rules for readers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Callback, Taken, WebState};

/// Bytes of a push at most.
const BODY_BYTES_MAX: usize = 64 << 10;

/// How long a push may take to arrive.
const BODY_MAX: Duration = Duration::from_secs(5);

/// Who takes a push at this path, if anybody.
pub(super) fn taker(state: &WebState, path: &str) -> Option<Arc<dyn Callback>> {
    let callback = state.callback.as_ref()?;
    (callback.path()? == path).then(|| Arc::clone(callback))
}

/// The plain words that the platform expects, and nothing else.
pub(super) async fn answer(taker: Arc<dyn Callback>, request: Request) -> Response {
    let said = |status: StatusCode, text: &'static str| (status, text).into_response();
    if request.method() != Method::POST {
        let allow = [(header::ALLOW, HeaderValue::from_static("POST"))];
        return (allow, said(StatusCode::METHOD_NOT_ALLOWED, "POST only\n")).into_response();
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_MAX, body).await else {
        return said(StatusCode::PAYLOAD_TOO_LARGE, "refused\n");
    };
    match taker.take(&query, &body).await {
        Taken::Kept => said(StatusCode::OK, "success"),
        Taken::Refused => said(StatusCode::FORBIDDEN, "refused\n"),
        Taken::Later => said(StatusCode::SERVICE_UNAVAILABLE, "later\n"),
    }
}
