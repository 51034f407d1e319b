//! How do posts from elsewhere get in? Read, found among the accounts, told, and applied; nothing of it if anything is
//! wrong.
//!
//! A file of posts is a source `ingest:NAME`. Only with `--complete`, and only for the accounts that it names, does its
//! silence prove something: a named person vouches for it, with the file as proof.

use std::collections::BTreeMap;

use freshd_core::coverage::Span;
use freshd_core::{Timestamp, civil};

use super::confirm::person;
use super::{DONE, USAGE, Usage, file_bytes, json, printed};
use crate::app::App;
use crate::bundle;
use crate::cli::caller::Caller;
use crate::cli::request::{Ingest, SentFile};
use crate::config::problem::Problem;
use crate::control::Response;
use crate::ledger::posts::plan::{Options, plan};
use crate::ledger::posts::whose::Directory;
use crate::ledger::posts::{self, span};
use crate::store::{EVIDENCE_BYTES_MAX, EvidenceId, StoreError};

mod bundles;
mod keep;
mod tell;

use keep::Held;
use tell::Report;

/// `Claims`, with the hash of the file behind it.
const META_FILE: &str = "ingest.file.";
/// Claims that are remembered of one file; the oldest go first.
const CLAIMS_MAX: usize = 50;

/// What was vouched for with a file, as it was written, and when first: the same words again claim no more.
type Claims = BTreeMap<String, Timestamp>;

/// One file on its way in.
pub(super) struct Table {
    /// Its name as given.
    name: String,
    bytes: Vec<u8>,
    id: EvidenceId,
    /// What it is said to list completely, as it was written.
    claim: Option<String>,
    /// What it lists completely, at most.
    complete: Option<Span>,
}

pub(super) fn run(app: &App, asked: &Ingest, caller: &Caller) -> anyhow::Result<Response> {
    let sent = bundles_of(asked)?;
    if !sent.is_empty() {
        if sent.len() < asked.files.len() || asked.complete.is_some() {
            let what = "网闸采集文件要单独导入,不与表格一起,也不用 --complete";
            return Err(Usage(what.to_owned()).into());
        }
        return bundles::take(app, &sent, asked, caller);
    }
    let now = app.now();
    let by = giver(asked, caller)?;
    if asked.complete.is_some() && asked.files.len() > 1 {
        let what = "--complete 一次只为一个文件作证;请逐个文件执行";
        return Err(Usage(what.to_owned()).into());
    }
    let complete = asked.complete.as_deref().map(|text| span::read(text, now)).transpose();
    let complete = complete.map_err(Usage)?;
    let mut report = Report::new(&by, asked.dry_run);
    let directory = directory(app)?;
    let mut held = Vec::new();
    for file in &asked.files {
        let Some(mut table) = opened(file, &mut report)? else { continue };
        table.claim = asked.complete.as_ref().map(|text| text.trim().to_owned());
        if let Some(span) = complete {
            table.complete = Some(capped(app, file, &table, span, &mut report)?);
        }
        let posts = posts::read(&table.name, &table.bytes, now);
        report.read(&table, &posts);
        let options = Options { good_rows: asked.good_rows, complete: table.complete };
        let plan = plan(posts, &directory, options);
        report.planned(&plan);
        held.push(Held { table, plan });
    }
    if report.refuses(asked.good_rows) || held.iter().any(|held| !held.plan.applies) {
        return told(&report, asked, USAGE);
    }
    let giver = keep::Giver { by: &by, named: asked.by.is_some(), caller };
    for held in &held {
        keep::keep(app, held, &giver, asked.dry_run, &mut report)?;
    }
    told(&report, asked, DONE)
}

/// The files that are bundles.
fn bundles_of(asked: &Ingest) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for file in asked.files.iter().filter(|file| file.unread.is_none()) {
        let bytes = file_bytes(file)?;
        if bundle::is_bundle(&bytes) {
            found.push((file.name.clone(), bytes));
        }
    }
    Ok(found)
}

fn told(report: &Report, asked: &Ingest, exit: i32) -> anyhow::Result<Response> {
    if asked.json {
        json(exit, &report.json(exit == DONE))
    } else {
        Ok(printed(exit, report.text(exit == DONE)))
    }
}

/// Whose word it is. A completeness that nobody stands for proves nothing.
fn giver(asked: &Ingest, caller: &Caller) -> anyhow::Result<String> {
    let named = asked.by.as_deref().map(person::shown);
    if named.as_deref() == Some("") {
        return Err(Usage("--by 是空的;写提供或作证的人的姓名".to_owned()).into());
    }
    let by = named.unwrap_or_else(|| person::shown(&caller.name));
    let nameless = by.is_empty() || by.starts_with("uid:");
    if asked.complete.is_some() && nameless {
        let what = "--complete 要由具名的人作证,当前用户没有登录名;用 --by 写上姓名";
        return Err(Usage(what.to_owned()).into());
    }
    Ok(by)
}

fn opened(file: &SentFile, report: &mut Report) -> anyhow::Result<Option<Table>> {
    if let Some(why) = &file.unread {
        let what = format!("无法读取:{why}");
        report.unread(Problem::in_file(&file.name, what, "检查文件名和权限"));
        return Ok(None);
    }
    let bytes = file_bytes(file)?;
    if bytes.len() > EVIDENCE_BYTES_MAX {
        let what = format!("文件过大({} MiB),上限 8 MiB", bytes.len() >> 20);
        report.unread(Problem::in_file(&file.name, what, "拆成几个文件"));
        return Ok(None);
    }
    let id = EvidenceId::of(&bytes);
    Ok(Some(Table { name: file.name.clone(), bytes, id, claim: None, complete: None }))
}

/// No file lists what was published after it was made.
fn capped(
    app: &App,
    file: &SentFile,
    table: &Table,
    span: Span,
    report: &mut Report,
) -> anyhow::Result<Span> {
    let held: Option<Claims> = app.store().meta(&format!("{META_FILE}{}", table.id))?;
    let first = held.and_then(|held| held.get(table.claim.as_deref()?).copied());
    let caps = [(first, "同一文件当时已经这样作过证"), (file.modified, "文件最后修改于此时")];
    let mut until = span.until;
    for (at, why) in caps {
        let Some(at) = at.filter(|at| *at < until) else { continue };
        until = at;
        let at = civil::minute_text(at);
        let what = format!("完整范围只算到 {at}:{why},其后的发布不会在里面");
        report.notice(Problem::in_file(&file.name, what, ""));
    }
    let none = || {
        let at = civil::minute_text(until);
        Usage(format!("{}:文件不晚于 {at},列不出完整范围里的发布;核对 --complete", file.name))
    };
    Ok(Span::new(span.since, until).ok_or_else(none)?)
}

fn directory(app: &App) -> Result<Directory, StoreError> {
    let mut accounts = Vec::new();
    app.store().for_each_account(|account| {
        accounts.push(account);
        Ok(true)
    })?;
    Ok(accounts.into_iter().collect())
}
