//! What does each command do to the store? Carries a request out, for the command line and for the control socket.

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::timetext;

use super::caller::Caller;
use super::request::{Request, SentFile};
use crate::app::App;
use crate::control::Response;
use crate::ledger::handle::platform_title;
use crate::report::words::screen;

mod authorise;
mod check;
pub(crate) mod confirm;
mod export;
mod import;
mod inbox;
mod ingest;
pub(super) mod keep;
mod mail;
pub(crate) mod patrol;
mod poll;
mod precheck;
mod preview;
pub(crate) mod proof;
mod requests;
mod status;
pub(crate) mod word;

pub use precheck::{asked as precheck_asked, made as precheck_at};
pub use status::Filter;

/// Exit: done.
pub const DONE: i32 = 0;
/// Exit: done, and something is wrong with what was looked at.
pub const FOUND: i32 = 1;
/// Exit: wrong usage or wrong input; nothing was done.
pub const USAGE: i32 = 2;

/// Exit of `precheck` when it could not be made, where 1 and 3 are its findings.
pub const TROUBLE: i32 = 4;

/// Carries out a request; `who` acted.
pub async fn execute(app: &App, request: Request, who: impl Into<Caller>) -> Response {
    let caller = who.into();
    let who = caller.name.as_str();
    let done = match request {
        Request::Import { .. } => import::run(app, request, who),
        Request::Ingest(asked) => ingest::run(app, &asked, &caller),
        Request::Export { kind, format } => export::run(app, kind, format),
        Request::Poll { .. } => poll::run(app, request).await,
        Request::Status { verdict, platform, unit, json, colour } => {
            status::status(app, &status::Filter { verdict, platform, unit }, json, colour)
        }
        Request::Explain { id, json } => status::explain(app, &id, json),
        Request::Precheck { quarter, at, format, colour } => {
            precheck::run(app, quarter.as_deref(), at.as_deref(), format, colour)
        }
        Request::Notify { dry_run, json } => mail::notify(app, dry_run, json).await,
        Request::MailTest { address } => mail::test(app, &address).await,
        Request::MailOutbox { json } => mail::outbox(app, json),
        Request::MailInbox { json } => inbox::list(app, json),
        Request::MailFetch => inbox::fetch(app).await,
        Request::Contacts { json } => inbox::contacts(app, json),
        Request::MailRetry { id } => mail::retry(app, &id).await,
        Request::MailPreview { id, html } => preview::run(app, id.as_deref(), html),
        Request::MailRelease { ids } => mail::release(app, &ids, who).await,
        Request::ConnectorCheck { name, target, json } => {
            check::run(app, &name, target.as_deref(), json).await
        }
        Request::Confirm { .. } => confirm::run(app, request, &caller),
        Request::AuthoriseList { unit, json } => authorise::list(app, unit.as_deref(), json),
        Request::PatrolList { day, person, all, json } => {
            patrol::list(app, patrol::ListAsked { day, person, all, json })
        }
        Request::PatrolExport { person, all } => patrol::export(app, person, all),
        Request::PatrolImport { sheet, files, by, dry_run, good_rows } => {
            let (sheet, files) = (&sheet, files.as_slice());
            let brought = patrol::Brought { sheet, files, by, dry_run, good_rows };
            patrol::import(app, brought, &caller).await
        }
        Request::RequestsList { all, json } => requests::list(app, all, json),
        Request::RequestsSettle { id, approve, note } => {
            requests::settle(app, &id, approve, &note, who)
        }
        Request::BackupMake => keep::make(app, &caller).await,
        Request::BackupRead { id, offset } => keep::read(app, &caller, &id, offset),
        Request::BackupDrop { id } => keep::discard(app, &caller, &id),
        Request::StoreCheck { repair, json } => keep::check(app, repair, json, &caller).await,
        Request::Proof { url, account } => proof::run(app, &url, account.as_deref(), who).await,
    };
    let response = done.unwrap_or_else(|error| failed(&error));
    if let Err(error) = app.store().barrier().await {
        return failed(&anyhow!(error));
    }
    response
}

/// A refusal of wrong input: exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

fn failed(error: &anyhow::Error) -> Response {
    let exit = if error.is::<Usage>() { USAGE } else { FOUND };
    Response { exit, stderr: format!("{}\n", screen(&format!("{error:#}"))), ..Response::default() }
}

/// An answer on standard output, for people: platforms' words in it cannot steer a terminal.
fn printed(exit: i32, stdout: String) -> Response {
    Response { exit, stdout: screen(&stdout), ..Response::default() }
}

/// An answer that is a JSON document.
fn json<T: serde::Serialize>(exit: i32, value: &T) -> anyhow::Result<Response> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(Response { exit, stdout: text, ..Response::default() })
}

/// An answer that is bytes for a file, or text where it is text.
fn bytes(exit: i32, bytes: &[u8]) -> Response {
    Response { exit, file: Some(STANDARD.encode(bytes)), ..Response::default() }
}

fn file_bytes(file: &SentFile) -> anyhow::Result<Vec<u8>> {
    STANDARD.decode(&file.base64).map_err(|error| anyhow!("{}:{error}", file.name))
}

/// The account that a person means: by id, by alias, or by a name that only one account has.
fn account_named(app: &App, text: &str) -> anyhow::Result<AccountId> {
    let mut found = app.store().find(text)?;
    if found.is_empty() {
        app.store().for_each_account(|account| {
            if account.name == text || account.handle == text {
                found.push(account.id);
            }
            Ok(true)
        })?;
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Usage(no_such_account(app, text)?).into()),
        many => {
            let mut lines = vec![format!("“{text}”对应多个账号,请改写 id:")];
            for id in many {
                let account = app.store().account(id)?.unwrap_or_default();
                let platform = platform_title(&account.platform);
                lines.push(format!("  {id}  {}({platform},{})", account.name, account.sponsor));
            }
            Err(Usage(lines.join("\n")).into())
        }
    }
}

/// Most accounts that are offered where none was found.
const NEAR_MAX: usize = 5;

/// That there is no such account, with those whose names hold the text.
fn no_such_account(app: &App, text: &str) -> anyhow::Result<String> {
    let mut near = Vec::new();
    app.store().for_each_account(|account| {
        if !text.trim().is_empty() && account.name.contains(text.trim()) {
            near.push(format!("{}({})", account.name, account.id));
        }
        Ok(near.len() < NEAR_MAX)
    })?;
    Ok(if near.is_empty() {
        format!("没有账号 {text};用 freshd export accounts --format csv 查看全部账号和 id")
    } else {
        format!("没有账号 {text};名称相近的:{}", near.join("、"))
    })
}

/// A time as people write it: RFC 3339, or Beijing time without a zone. A day alone is its beginning.
fn time_of(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let at = timetext::parse(text, now).and_then(|published| published.earliest);
    at.ok_or_else(|| {
        let example = crate::zone::rfc3339(now);
        Usage(format!("看不懂时间“{text}”;写成 {example} 或北京时间 2026-11-22 10:00")).into()
    })
}
