//! A WeChat platform on loopback that answers in the documented shapes and keeps what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use freshd_core::Timestamp;
use freshd_core::fault::Fault;
use freshd_core::observation::Observation;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::WechatConnector;
use crate::connector::{Connector, PollContext, SecretTable, Target};
use crate::http::{HttpClient, NetSettings};

/// The account of the tests.
pub(crate) const APPID: &str = "wx0123456789abcdef";

type Answer = dyn Fn(&str, &Value, usize) -> Value + Send + Sync;

/// What was asked: path, token, body.
type Asked = (String, String, Value);

/// The running platform. `answer(path, body, n)` gives the n-th answer of a path; `null` stands for the plain
/// default, a number for a bare HTTP status.
pub(crate) struct Platform {
    pub(crate) connector: WechatConnector,
    asked: Arc<Mutex<Vec<Asked>>>,
}

struct Inner {
    answer: Box<Answer>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Platform {
    /// Starts it on a free port.
    pub(crate) async fn start(
        answer: impl Fn(&str, &Value, usize) -> Value + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let inner = Arc::new(Inner { answer: Box::new(answer), asked: asked.clone() });
        let router = Router::new().fallback(handle).with_state(inner);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test server")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { connector: connector(&base), asked }
    }

    /// The bodies that a path was asked with, in order.
    pub(crate) fn bodies(&self, path: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(held, ..)| held == path).map(|(.., body)| body.clone()).collect()
    }

    /// The tokens that were shown, in order.
    pub(crate) fn tokens(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(held, ..)| held == path).map(|(_, token, _)| token.clone()).collect()
    }
}

/// A connector of that base address.
pub(crate) fn connector(base: &str) -> WechatConnector {
    WechatConnector::new(base.parse().unwrap(), base.parse().unwrap())
}

async fn handle(State(inner): State<Arc<Inner>>, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect();
    let token = query.get("access_token").cloned().unwrap_or_default();
    // The promise 只读: nothing but reading is ever asked.
    let reading = crate::http::promise::is_wechat_reading(uri.path());
    assert!(reading || uri.path().starts_with("/s/"), "{uri}");
    let nth = {
        let mut asked = inner.asked.lock().unwrap();
        asked.push((uri.path().to_owned(), token, body.clone()));
        asked.iter().filter(|(path, ..)| path == uri.path()).count()
    };
    let answer = match (inner.answer)(uri.path(), &body, nth) {
        Value::Null => plain(uri.path()),
        answer => answer,
    };
    match answer {
        Value::Number(status) => {
            let status = u16::try_from(status.as_u64().unwrap()).unwrap();
            (StatusCode::from_u16(status).unwrap(), "<html>gateway</html>".to_owned())
        }
        Value::String(raw) => (StatusCode::OK, raw),
        answer => (StatusCode::OK, answer.to_string()),
    }
}

/// An account that is fine and says nothing.
fn plain(path: &str) -> Value {
    match path {
        "/cgi-bin/stable_token" => json!({"access_token": "TOKEN-A", "expires_in": 7200}),
        "/cgi-bin/get_current_selfmenu_info" => json!({"is_menu_open": 0}),
        "/cgi-bin/get_current_autoreply_info" => {
            json!({"is_add_friend_reply_open": 0, "is_autoreply_open": 0})
        }
        "/cgi-bin/freepublish/batchget" => json!({"total_count": 0, "item_count": 0, "item": []}),
        _ => json!({"list": [], "is_delay": false}),
    }
}

/// The daily figures of the window that `body` asks for: zero save on the days named.
pub(crate) fn figures(body: &Value, hits: &[(&str, i64)], delayed: bool) -> Value {
    let date = |key: &str| body[key].as_str().unwrap().parse::<chrono::NaiveDate>().unwrap();
    let (from, until) = (date("begin_date"), date("end_date"));
    assert!((until - from).num_days() < 30, "at most 30 days: {body}");
    let rows: Vec<Value> = from
        .iter_days()
        .take_while(|day| *day <= until)
        .map(|day| {
            let hit = hits.iter().find(|(hit, _)| *hit == day.to_string());
            let pieces = hit.map_or(0, |(_, pieces)| *pieces);
            json!({"ref_date": day.to_string(), "detail": {"send_page_count": pieces}})
        })
        .collect();
    json!({"list": rows, "is_delay": delayed})
}

/// A fixture of the documented shape.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/wechat/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// An instant as RFC 3339.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap().to_utc()
}

/// A client that may ask loopback, without courtesy.
pub(crate) fn client() -> HttpClient {
    HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_at_once: 0,
        host_per_minute: 0,
        ..NetSettings::default()
    })
    .unwrap()
}

/// One poll of the account of the tests.
pub(crate) async fn poll(
    platform: &Platform,
    now: Timestamp,
    memo: Option<&str>,
    fresh: bool,
) -> Result<Observation, Fault> {
    let secret = (("wechat".to_owned(), APPID.to_owned()), "SECRET".to_owned());
    let secrets = SecretTable([secret].into());
    let http = client();
    let budget = Duration::from_secs(30);
    let cx = PollContext { now, budget, http: &http, secrets: &secrets, memo, fresh };
    platform.connector.poll(&Target::new(APPID), &cx).await
}
