//! What leaves in bulk? Accounts, rulings, observations and letters as CSV, XLSX or JSON lines.

use serde_json::{Value, json};

use super::{DONE, bytes};
use crate::app::App;
use crate::bundle::targets::COLUMNS;
use crate::cli::args::{ExportFormat, ExportKind};
use crate::control::Response;
use crate::report::export::Rows;
use crate::report::view::account_view;
use crate::store::StoreError;

pub(super) fn run(app: &App, kind: ExportKind, format: ExportFormat) -> anyhow::Result<Response> {
    let rows = match kind {
        ExportKind::Accounts => accounts(app)?,
        ExportKind::Rulings => rulings(app)?,
        ExportKind::Observations => journal(app, "observed")?,
        ExportKind::Mail => mail(app)?,
        ExportKind::Targets => targets(app)?,
    };
    Ok(bytes(
        DONE,
        &match format {
            ExportFormat::Csv => rows.csv(),
            ExportFormat::Xlsx => rows.xlsx()?,
            ExportFormat::Jsonl => rows.jsonl(),
        },
    ))
}

fn accounts(app: &App) -> anyhow::Result<Rows> {
    const NAMES: [&str; 16] = [
        "id",
        "name",
        "platform",
        "handle",
        "sponsor",
        "supervisor",
        "reporting_unit",
        "region",
        "lifecycle",
        "filing",
        "evidence_class",
        "verdict",
        "activity",
        "last_update",
        "deadline",
        "days_left",
    ];
    let policy = app.policy();
    let mut rows = Vec::new();
    app.for_each_judged(app.now(), |account, state, judgement| {
        let view = json!(account_view(&account, &state, &judgement, &policy));
        let cell = |name: &&str| match *name {
            "last_update" => view["last_update"]["earliest"].clone(),
            name => view[name].clone(),
        };
        rows.push(NAMES.iter().map(cell).collect());
        Ok(true)
    })?;
    Ok(Rows { columns: NAMES.map(str::to_owned).to_vec(), rows })
}

/// What is to be asked from outside a gap, and nothing else of the ledger.
fn targets(app: &App) -> anyhow::Result<Rows> {
    let mut rows = Vec::new();
    app.store().for_each_account(|account| {
        let polled = account.sources.iter().filter(|source| source.connector != "manual");
        let sources: Vec<String> = polled.map(ToString::to_string).collect();
        if account.lifecycle.is_judged() && !sources.is_empty() {
            rows.push(vec![json!(account.id), json!(sources.join(" "))]);
        }
        Ok(true)
    })?;
    Ok(Rows { columns: COLUMNS.map(str::to_owned).to_vec(), rows })
}

fn rulings(app: &App) -> anyhow::Result<Rows> {
    let names = ["id", "name", "rule", "veto", "outcome", "as_of", "clause", "reason"];
    let policy = app.policy();
    let mut rows = Vec::new();
    app.for_each_judged(app.now(), |account, state, judgement| {
        let view = account_view(&account, &state, &judgement, &policy);
        for ruling in &view.rulings {
            let ruling = json!(ruling);
            let mut row = vec![json!(view.id), json!(view.name)];
            row.extend(names[2..].iter().map(|name| ruling[*name].clone()));
            rows.push(row);
        }
        Ok(true)
    })?;
    Ok(Rows { columns: names.map(str::to_owned).to_vec(), rows })
}

/// Journal lines of one kind, a row per post.
fn journal(app: &App, event: &str) -> anyhow::Result<Rows> {
    let names = ["id", "at", "source", "key", "earliest", "latest", "title", "url"];
    let mut rows = Vec::new();
    app.store().for_each_account(|account| {
        let lines: Vec<(freshd_core::Timestamp, Value)> =
            app.store().last_events(&account.id, usize::MAX)?;
        for (_, mut line) in lines.into_iter().rev().filter(|(_, line)| line["event"] == event) {
            crate::zone::restamp(&mut line);
            for post in line["posts"].as_array().into_iter().flatten() {
                rows.push(vec![
                    json!(account.id),
                    line["at"].clone(),
                    line["source"].clone(),
                    post["key"].clone(),
                    post["published"]["earliest"].clone(),
                    post["published"]["latest"].clone(),
                    post["title"].clone(),
                    post["url"].clone(),
                ]);
            }
        }
        Ok::<_, StoreError>(true)
    })?;
    Ok(Rows { columns: names.map(str::to_owned).to_vec(), rows })
}

fn mail(app: &App) -> anyhow::Result<Rows> {
    let names = [
        "id",
        "state",
        "to",
        "reason",
        "subject",
        "message_id",
        "attempts",
        "created_at",
        "last_reply",
    ];
    let mut rows = Vec::new();
    app.store().for_each_letter(|letter| {
        rows.push(vec![
            json!(letter.id),
            json!(letter.state),
            json!(letter.to),
            json!(letter.reasons.join(", ")),
            json!(letter.subject),
            json!(letter.message_id),
            json!(letter.attempts),
            json!(crate::zone::rfc3339(letter.created_at)),
            json!(letter.last_reply),
        ]);
        Ok(true)
    })?;
    Ok(Rows { columns: names.map(str::to_owned).to_vec(), rows })
}
