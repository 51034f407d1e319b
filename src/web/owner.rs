//! What does an account's owner see and do by the link of a letter? One account, without a login: the link is the key.
//!
//! **Invariant:** to look changes nothing, for mail scanners open every link; to act takes a POST from this very page.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use freshd_core::Timestamp;
use serde_json::{Value, json};

use super::WebState;
use super::form::Form;
use super::login::refuse_foreign;
use super::problem::Problem;
use crate::config::tokens::hash_of;

/// POSTs by one link within [`POSTS_MIN`] minutes; then it must wait.
const POSTS_MAX: usize = 12;
/// Minutes in which POSTs by one link are counted.
const POSTS_MIN: i64 = 10;
/// Links that are counted at once; the oldest are forgotten.
const LINKS_MAX: usize = 10_000;
/// Largest form, bytes.
const FORM_BYTES_MAX: usize = 64 << 10;
/// Rows of the menu's form: with the other fields they stay below what a form may hold.
pub const MENU_ROWS_MAX: usize = 16;

/// What an owner fills in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerDeed {
    /// Which of the forms: `posted`, `objection`, `working`, `closing`, `contact`, `menu`.
    pub act: String,
    /// The article's link.
    pub link: String,
    /// In the owner's words.
    pub text: String,
    /// The successor's name.
    pub name: String,
    /// The successor's telephone.
    pub phone: String,
    /// The successor's address.
    pub email: String,
    /// The menu: names and addresses; rows of which both are empty are left out.
    pub menu: Vec<(String, String)>,
}

/// What is behind a link.
#[derive(Clone, Debug, PartialEq)]
pub enum Door {
    /// The page's values.
    Open(Box<Value>),
    /// It was ours, and opens nothing any more; why, Chinese.
    Over(String),
    /// It is not ours.
    Forged,
}

/// What became of a deed.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnerDone {
    /// Taken, or taken before.
    Kept,
    /// It cannot be taken: every reason, Chinese.
    Wrong(Vec<String>),
    /// The link does not open.
    Closed(Door),
}

/// How often links were used, by the hash of each.
#[derive(Default)]
pub(super) struct Uses(Mutex<BTreeMap<[u8; 32], VecDeque<Timestamp>>>);

impl Uses {
    /// Counts one; was it one too many?
    fn too_many(&self, token: &str, now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now - TimeDelta::minutes(POSTS_MIN);
        if held.len() >= LINKS_MAX {
            held.retain(|_, used| used.back().is_some_and(|at| *at > since && *at <= now));
        }
        if held.len() >= LINKS_MAX {
            held.pop_first();
        }
        let used = held.entry(hash_of(token)).or_default();
        used.retain(|at| *at > since && *at <= now);
        used.push_back(now);
        if used.len() > POSTS_MAX {
            used.pop_front();
            return true;
        }
        false
    }
}

/// On every answer: no crawler keeps it, no cache, and nobody is told where the reader came from.
fn private(mut response: Response) -> Response {
    let all = [
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in all {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn shown(state: &WebState, door: Door, status: StatusCode) -> Result<Response, Problem> {
    let (status, template, context) = match door {
        Door::Open(page) => (status, "owner.html", *page),
        Door::Over(why) => {
            (StatusCode::GONE, "closed.html", json!({"title": "链接已失效", "why": why}))
        }
        Door::Forged => {
            let why = "链接不完整,或不是本系统发出的。请从原信中重新点开,或完整复制整个链接。";
            (StatusCode::FORBIDDEN, "closed.html", json!({"title": "链接无效", "why": why}))
        }
    };
    let page = state.pages.render(template, context)?;
    Ok(private((status, page).into_response()))
}

async fn door(state: &WebState, token: &str) -> Result<Door, Problem> {
    let token = token.to_owned();
    state.read(move |data| data.door(&token)).await
}

/// The page of one account of one letter. Changes nothing.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut door = door(&state, &token).await?;
    if let Door::Open(page) = &mut door {
        page["done"] = json!(query.as_deref() == Some("done"));
    }
    shown(&state, door, StatusCode::OK)
}

/// A form of that page.
pub(super) async fn act(
    State(state): State<WebState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    refuse_foreign(&state, &headers)?;
    if state.uses.too_many(&token, state.data.now()) {
        let told = "提交太频繁,请过几分钟再试;已登记的内容不会丢失";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, told);
        let after = [(header::RETRY_AFTER, HeaderValue::from_static("600"))];
        return Ok(private((after, problem).into_response()));
    }
    let form = Form::read_most(&headers, body, FORM_BYTES_MAX).await?;
    let deed = deed(&form);
    let typed = json!({
        "act": deed.act, "link": deed.link, "text": deed.text, "name": deed.name,
        "phone": deed.phone, "email": deed.email,
    });
    let rows = rows(&deed.menu);
    let taken = {
        let token = token.clone();
        state.work(&state.acts, move |data| data.owner_act(&token, &deed)).await?
    };
    match taken {
        OwnerDone::Kept => {
            let to = HeaderValue::from_static("?done");
            Ok(private((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()))
        }
        OwnerDone::Closed(door) => shown(&state, door, StatusCode::OK),
        OwnerDone::Wrong(all) => {
            let mut door = door(&state, &token).await?;
            if let Door::Open(page) = &mut door {
                page["wrong"] = json!(all);
                if typed["act"] == "menu" {
                    page["menu"] = json!(rows);
                }
                page["typed"] = typed;
            }
            shown(&state, door, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

fn deed(form: &Form) -> OwnerDeed {
    let text = |name: &str| form.text(name).to_owned();
    let row = |at: usize| (text(&format!("path{at}")), text(&format!("url{at}")));
    let menu = (1..=MENU_ROWS_MAX).map(row);
    OwnerDeed {
        act: text("act"),
        link: text("link"),
        text: text("text"),
        name: text("name"),
        phone: text("phone"),
        email: text("email"),
        menu: menu.filter(|(path, url)| !(path.is_empty() && url.is_empty())).collect(),
    }
}

/// The menu's rows as the form shows them, with some to fill in.
pub fn rows(menu: &[(String, String)]) -> Vec<Value> {
    let more = (menu.len() + 3).clamp(5, MENU_ROWS_MAX);
    let empty = (String::new(), String::new());
    let rows = menu.iter().chain(std::iter::repeat(&empty)).take(more.max(menu.len())).enumerate();
    rows.map(|(at, (path, url))| json!({"no": at + 1, "path": path, "url": url})).collect()
}
