//! How is an error answered? `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use freshd_connectors::claim::Objection;
use serde_json::json;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What to do about it, Chinese.
    pub detail: String,
    /// Each mistake with its place, where there are several.
    pub errors: Vec<Objection>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new() }
    }

    /// Our own trouble: the cause goes to the log, not to the reader.
    pub(super) fn internal(error: &str) -> Self {
        tracing::error!(error, "a page could not be read");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "读取数据时出错,详见守护程序日志")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if !self.errors.is_empty() {
            let told =
                |error: &Objection| json!({"at": error.at, "what": error.what, "help": error.help});
            body["errors"] = self.errors.iter().map(told).collect();
        }
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
    }
}

/// There is no such path.
pub(super) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "没有这个地址;接口清单见 /api/v1/openapi.json")
}
