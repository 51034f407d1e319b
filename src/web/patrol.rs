//! What do people see and answer who look by hand? Today's list on a telephone, on paper and as JSON, and a box for links.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use freshd_core::word::Finding;
use serde_json::{Value, json};

use super::act::{Act, Acted, Answered, Deed};
use super::form::Form;
use super::login::{go, refuse_foreign};
use super::problem::Problem;
use super::query::Asked;
use super::session::{self, Visitor};
use super::{WebData, WebState};

/// Whose list is asked for, and whether all of it.
fn asked(asked: Asked) -> Result<(Option<String>, bool), Problem> {
    let bad = |error| Problem::new(StatusCode::BAD_REQUEST, format!("看不懂查询参数:{error}"));
    let Query(asked): Query<BTreeMap<String, String>> = asked.map_err(bad)?;
    let person = asked.get("person").filter(|name| !name.is_empty()).cloned();
    Ok((person, asked.get("all").is_some_and(|all| all == "true")))
}

async fn listed(
    state: &WebState,
    visitor: Option<&Visitor>,
    query: Asked,
) -> Result<Value, Problem> {
    let (person, all) = asked(query)?;
    // Who came in with a name sees that person's list; who asks for another's gets it.
    let person = person.or_else(|| visitor.and_then(|visitor| visitor.person.clone()));
    let units = visitor.map(|visitor| visitor.by.units.clone()).unwrap_or_default();
    let known = state.read(|data| Ok(data.people())).await?;
    if person.as_ref().is_some_and(|name| !known.contains(name)) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "没有这个核查人"));
    }
    let told = person.clone();
    let read = move |data: &dyn WebData| data.patrol(person.as_deref(), &units, all);
    let mut view = serde_json::to_value(state.read(read).await?)
        .map_err(|error| Problem::internal(&error.to_string()))?;
    view["person"] = json!(told);
    if visitor.is_none() {
        // Who looks is nobody's business who has not come in.
        view["people"] = json!([]);
        let tasks = view["tasks"].as_array_mut().into_iter().flatten();
        tasks.for_each(|task| task["person"] = Value::Null);
    }
    Ok(view)
}

/// `patrol list --json`.
pub(super) async fn tasks(
    State(state): State<WebState>,
    query: Asked,
) -> Result<Json<Value>, Problem> {
    listed(&state, None, query).await.map(Json)
}

async fn shown(
    state: &WebState,
    headers: &HeaderMap,
    query: Asked,
    template: &str,
) -> Result<Html<String>, Problem> {
    let visitor = session::visitor(state, headers).await?;
    let mut view = listed(state, visitor.as_ref(), query).await?;
    view["name"] = json!(visitor.as_ref().map(Visitor::name));
    view["notice"] = json!(visitor.as_ref().and_then(|visitor| state.sessions.told(visitor)));
    let open = state.read(|data| Ok(!data.tokens().is_empty())).await?;
    view["open"] = json!(open);
    view["answers"] =
        Finding::ALL.map(|it| json!({"key": it.key(), "word": it.chinese()})).to_vec().into();
    state.pages.render(template, view)
}

/// Today's list for a telephone.
pub(super) async fn page(
    State(state): State<WebState>,
    headers: HeaderMap,
    query: Asked,
) -> Result<Html<String>, Problem> {
    shown(&state, &headers, query, "patrol.html").await
}

/// The same for paper.
pub(super) async fn print(
    State(state): State<WebState>,
    headers: HeaderMap,
    query: Asked,
) -> Result<Html<String>, Problem> {
    shown(&state, &headers, query, "print.html").await
}

/// A box for a link.
pub(super) async fn proof_page(
    State(state): State<WebState>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let visitor = session::visitor(&state, &headers).await?;
    let open = state.read(|data| Ok(!data.tokens().is_empty())).await?;
    let notice = visitor.as_ref().and_then(|visitor| state.sessions.told(visitor));
    let name = visitor.as_ref().map(Visitor::name);
    state.pages.render("proof.html", json!({"name": name, "open": open, "notice": notice}))
}

/// Who is logged in, on a page of ours; else to the login.
async fn actor(state: &WebState, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    refuse_foreign(state, headers)?;
    session::visitor(state, headers).await
}

/// An answer of the list's form.
pub(super) async fn answer(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Some(visitor) = actor(&state, &headers).await? else { return Ok(go("/login")) };
    let mut form = Form::read(&headers, body).await?;
    let Some(found) = Finding::read(form.text("found")) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "没有选结果"));
    };
    let answered = Answered {
        found,
        link: form.some("link"),
        published: form.some("published"),
        since: None,
        seen_at: None,
        note: form.text("note").to_owned(),
        picture: form.file.take(),
    };
    let deed = Deed::Answer(Box::new(answered));
    done(&state, &visitor, form.some("id"), deed, "/patrol").await
}

/// A link of the box.
pub(super) async fn proof(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Some(visitor) = actor(&state, &headers).await? else { return Ok(go("/login")) };
    let form = Form::read(&headers, body).await?;
    let deed = Deed::Proof(form.text("link").to_owned());
    done(&state, &visitor, form.some("account"), deed, "/proof").await
}

async fn done(
    state: &WebState,
    visitor: &Visitor,
    account: Option<String>,
    deed: Deed,
    back: &'static str,
) -> Result<Response, Problem> {
    let act = Act { by: visitor.by.clone(), person: visitor.person.clone(), account, deed };
    let (status, wrong) = match state.act(act).await? {
        Acted::Done { text, .. } => {
            state.sessions.tell(visitor, text);
            return Ok(go(back));
        }
        Acted::Unknown(why) => (StatusCode::NOT_FOUND, vec![why]),
        Acted::Forbidden(why) => (StatusCode::FORBIDDEN, vec![why]),
        Acted::Wrong(all) => {
            let told = |(what, help): (String, String)| match help.as_str() {
                "" => what,
                help => format!("{what};{help}"),
            };
            let all = all.into_iter().map(|it| told((it.what, it.help))).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, all)
        }
    };
    let context = json!({"wrong": wrong, "back": back, "name": visitor.name()});
    Ok((status, state.pages.render("notice.html", context)?).into_response())
}
