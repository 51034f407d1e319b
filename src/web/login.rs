//! How does a person who looks by hand come in? With a token of `[[web.tokens]]` and a name.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::form::Form;
use super::guard::is_own_page;
use super::problem::Problem;
use super::push::holder;
use super::session::set_cookie;
use super::{WebState, session};
use crate::config::tokens::hash_of;

/// Goes to another page of ours.
pub(super) fn go(to: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, HeaderValue::from_static(to))]).into_response()
}

/// A foreign page may not act in a visitor's name.
pub(super) fn refuse_foreign(state: &WebState, headers: &HeaderMap) -> Result<(), Problem> {
    if is_own_page(headers, state.public_host.as_deref()) {
        return Ok(());
    }
    let detail = "请求不是从本系统的页面发出的,没有执行";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// The form.
pub(super) async fn page(
    State(state): State<WebState>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let visitor = session::visitor(&state, &headers).await?;
    let context = state
        .read(|data| Ok(json!({"people": data.people(), "open": !data.tokens().is_empty()})))
        .await?;
    let mut context = context;
    context["name"] = json!(visitor.map(|visitor| visitor.name().to_owned()));
    state.pages.render("login.html", context)
}

/// Opens a session with the token of the form.
pub(super) async fn login(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    refuse_foreign(&state, &headers)?;
    let form = Form::read(&headers, body).await?;
    let now = state.data.now();
    let presented = hash_of(form.text("token"));
    let found =
        state.read(move |data| Ok((holder(data.tokens(), &presented), data.people()))).await?;
    let by = match found.0 {
        Some(by) if by.role.may_push() => by,
        Some(by) => {
            let detail = format!("令牌 {} 的角色是 {},不能登记", by.name, by.role.key());
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        // Who has the right token is let in, whatever others have tried.
        None if state.sessions.is_barred(now) => {
            let told = "错误的令牌太多,请几分钟后再试";
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, told);
            let after = [(header::RETRY_AFTER, HeaderValue::from_static("300"))];
            return Ok((after, problem).into_response());
        }
        None => {
            state.sessions.failed(now);
            tracing::warn!("a login with an unknown token was refused");
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "令牌不对或已停用"));
        }
    };
    let person = form.some("person");
    if person.as_ref().is_some_and(|name| !found.1.contains(name)) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "没有这个核查人"));
    }
    tracing::info!(token = by.name, person, "logged in");
    let secret = state.sessions.open(presented, person, now);
    let mut response = go("/patrol");
    let cookie = HeaderValue::from_str(&set_cookie(&secret, &headers));
    response.headers_mut().insert(header::SET_COOKIE, cookie.expect("a cookie of hex digits"));
    Ok(response)
}

/// Ends the session.
pub(super) async fn logout(
    State(state): State<WebState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    refuse_foreign(&state, &headers)?;
    state.sessions.close(&headers);
    let mut response = go("/login");
    let cookie = HeaderValue::from_str(&set_cookie("", &headers));
    response.headers_mut().insert(header::SET_COOKIE, cookie.expect("an empty cookie"));
    Ok(response)
}
