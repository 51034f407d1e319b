//! What do people see? One page with every account, and a page for each account with why.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use freshd_core::verdict::Outcome;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{self, Asked, AskedId};
use super::session;
use super::words::{self, segment};
use super::{Page, PageFilter, WebState};
use crate::report::table::{note_of, when_text};
use crate::report::view::{AccountView, Totals};
use crate::report::words::{day_of, instant_of, left_chinese};

/// The templates, parsed once.
pub(super) struct Pages(Environment<'static>);

impl Pages {
    pub(super) fn new() -> Self {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        words::add_to(&mut templates);
        for (name, text) in [
            ("base.html", include_str!("templates/base.html")),
            ("index.html", include_str!("templates/index.html")),
            ("account.html", include_str!("templates/account.html")),
            ("patrol.html", include_str!("templates/patrol.html")),
            ("print.html", include_str!("templates/print.html")),
            ("proof.html", include_str!("templates/proof.html")),
            ("public.html", include_str!("templates/public.html")),
            ("authorise.html", include_str!("templates/authorise.html")),
            ("authorise_guide.html", include_str!("templates/authorise_guide.html")),
            ("authorise_sheet.html", include_str!("templates/authorise_sheet.html")),
            ("authorisations.html", include_str!("templates/authorisations.html")),
            ("login.html", include_str!("templates/login.html")),
            ("notice.html", include_str!("templates/notice.html")),
            ("owner.html", include_str!("templates/owner.html")),
            ("closed.html", include_str!("templates/closed.html")),
            ("missing.html", include_str!("templates/missing.html")),
        ] {
            templates.add_template(name, text).expect("the embedded templates parse");
        }
        Self(templates)
    }

    pub(super) fn render(&self, name: &str, context: Value) -> Result<Html<String>, Problem> {
        let page = self.0.get_template(name).and_then(|page| page.render(Serde(context)));
        page.map(Html).map_err(|error| Problem::internal(&format!("{error:#}")))
    }
}

/// Tiles, filters and a table of accounts.
pub(super) async fn index(
    State(state): State<WebState>,
    asked: Asked,
) -> Result<Html<String>, Problem> {
    let filter = query::filter(asked)?;
    let read = filter.clone();
    let (page, totals) = state
        .read(move |data| {
            let page = data.status(&read)?;
            // The tiles count every verdict, whichever is on the page.
            let totals = if read.verdict.is_some() {
                let all = PageFilter { verdict: None, cursor: None, limit: 1, ..read.clone() };
                data.status(&all)?.view.totals
            } else {
                page.view.totals
            };
            Ok((page, totals))
        })
        .await?;
    state.pages.render("index.html", index_context(&filter, &page, totals))
}

fn index_context(filter: &PageFilter, page: &Page, totals: Totals) -> Value {
    let tile = |outcome: Outcome, count: usize| {
        json!({
            "key": outcome.key(),
            "word": outcome.chinese(),
            "count": count,
            "share": share(count, totals.all()),
            "href": href(&PageFilter { verdict: Some(outcome), cursor: None, ..filter.clone() }),
            "on": filter.verdict == Some(outcome),
        })
    };
    let next = page
        .next
        .clone()
        .map(|cursor| href(&PageFilter { cursor: Some(cursor), ..filter.clone() }));
    let mut platforms = page.platforms.clone();
    platforms.extend(filter.platform.clone());
    json!({
        "as_of": page.view.as_of,
        "total": totals.all(),
        "rests_on": page.view.evidence_classes.chinese(),
        "all_href": href(&PageFilter { verdict: None, cursor: None, ..filter.clone() }),
        "first_href": href(&PageFilter { cursor: None, ..filter.clone() }),
        "tiles": [
            tile(Outcome::Fail, totals.fail),
            tile(Outcome::Undetermined, totals.undetermined),
            tile(Outcome::AtRisk, totals.at_risk),
            tile(Outcome::Pass, totals.pass),
        ],
        "outcomes": Outcome::ALL.map(Outcome::key),
        "platforms": platforms,
        "filter": {
            "verdict": filter.verdict.map(Outcome::key),
            "platform": filter.platform,
            "region": filter.region,
            "unit": filter.unit,
            "q": filter.q,
            "limit": filter.limit,
        },
        "filtered": *filter != PageFilter { limit: filter.limit, ..PageFilter::default() },
        "paged": filter.cursor.is_some(),
        "accounts": page.view.accounts.iter().map(row).collect::<Vec<_>>(),
        "next": next,
    })
}

/// Per cent of the whole, one decimal.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 { String::new() } else { format!("{:.1}%", part as f64 * 100.0 / whole as f64) }
}

/// The address of the page with this filter.
fn href(filter: &PageFilter) -> String {
    let (usual, _) = super::PAGE_ACCOUNTS;
    let limit = (filter.limit != usual).then(|| filter.limit.to_string());
    let parts = [
        ("verdict", filter.verdict.map(Outcome::key)),
        ("platform", filter.platform.as_deref()),
        ("region", filter.region.as_deref()),
        ("unit", filter.unit.as_deref()),
        ("q", filter.q.as_deref()),
        ("limit", limit.as_deref()),
        ("cursor", filter.cursor.as_deref()),
    ];
    let told = parts.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let told: Vec<_> = told.map(|(key, value)| format!("{key}={}", segment(value))).collect();
    if told.is_empty() { "/".to_owned() } else { format!("/?{}", told.join("&")) }
}

fn row(account: &AccountView) -> Value {
    let days = account.days_left.map(|days| left_chinese(days, account.verdict));
    let unclear = account.verdict == Some(Outcome::Undetermined);
    json!({
        "id": account.id,
        "name": account.name,
        "platform": account.platform,
        "sponsor": account.sponsor,
        "unit": account.reporting_unit,
        "verdict": account.verdict.map(Outcome::key),
        "evidence_class": account.evidence_class,
        "evidence_word": account.evidence_word,
        "last": account.last_update.as_ref().map(when_text),
        "days": days,
        "late": !unclear && account.days_left.is_some_and(|days| days < 0.0),
        "deadline": account.deadline.as_deref().map(day_of),
        "note": note_of(account),
        "to_remove": account.to_remove,
    })
}

/// One account: clause, evidence, coverage and gaps.
pub(super) async fn account(
    State(state): State<WebState>,
    headers: HeaderMap,
    asked: AskedId,
) -> Result<Response, Problem> {
    let id = query::id(asked)?;
    let asked = id.clone();
    let Some(account) = state.read(move |data| data.account(&asked)).await? else {
        let page = state.pages.render("missing.html", json!({"id": id}))?;
        return Ok((StatusCode::NOT_FOUND, page).into_response());
    };
    let strips = strips(&account);
    // What its owner said holds contacts: for those who came in.
    let said = match session::visitor(&state, &headers).await? {
        Some(visitor) => {
            let id = account["id"].as_str().unwrap_or_default().to_owned();
            state.read(move |data| data.requests(&visitor.by, Some(&id), true)).await?
        }
        None => Vec::new(),
    };
    let context = json!({"a": account, "strips": strips, "said": said});
    let page = state.pages.render("account.html", context)?;
    Ok(page.into_response())
}

/// Width of a strip of time, in its own units.
const STRIP_WIDTH: f64 = 1000.0;

/// Where coverage and posts lie in the window, one strip for each source and channel, for drawing.
fn strips(account: &Value) -> Value {
    let instant = |value: &Value| value.as_str().and_then(instant_of);
    let window = &account["window"];
    let (Some(since), Some(until)) = (instant(&window["since"]), instant(&window["until"])) else {
        return json!([]);
    };
    let whole = (until - since).num_seconds().max(1) as f64;
    let place = |value: &Value| {
        let at = (instant(value)? - since).num_seconds() as f64 / whole;
        Some((at.clamp(0.0, 1.0) * STRIP_WIDTH).round())
    };
    let bars = |spans: &Value| -> Vec<Value> {
        let spans = spans.as_array().into_iter().flatten();
        let placed =
            spans.filter_map(|span| Some((place(&span["since"])?, place(&span["until"])?)));
        placed
            .filter(|(x, end)| end > x)
            .map(|(x, end)| json!({"x": x, "width": end - x}))
            .collect()
    };
    let mut strips: Vec<Value> = Vec::new();
    for (source, held) in account["coverage"].as_object().into_iter().flatten() {
        let channels = held["channels"].as_object().into_iter().flatten();
        for (channel, spans) in channels {
            strips.push(json!({"source": source, "channel": channel, "bars": bars(spans)}));
        }
        for (key, word) in [("filed", "附文件"), ("bare", "口头,两人一致方可采信")] {
            if held[key].as_array().is_some_and(|spans| !spans.is_empty()) {
                strips.push(json!({"source": source, "channel": word, "bars": bars(&held[key])}));
            }
        }
    }
    let posts = account["sightings"].as_array().into_iter().flatten();
    let inside = |seen: &&Value| instant(&seen["latest"]).is_some_and(|at| at > since);
    let marks: Vec<f64> = posts.filter(inside).filter_map(|seen| place(&seen["latest"])).collect();
    json!({"rows": strips, "joined": bars(&account["joined"]), "marks": marks})
}
