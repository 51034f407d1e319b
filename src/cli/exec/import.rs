//! How does a ledger get in? Read, planned, told, and applied in one import; nothing of it if anything is wrong.

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_connectors::Target;
use freshd_connectors::registry::default_sources;
use freshd_core::account::{Account, Source};
use freshd_core::state::AccountState;

use super::{DONE, USAGE, file_bytes};
use crate::app::App;
use crate::cli::request::Request;
use crate::config::problem::Problem;
use crate::control::Response;
use crate::ledger::existing::Directory;
use crate::ledger::plan::{Options, Plan, plan};
use crate::ledger::row::Rules;
use crate::ledger::rows::Parsed;
use crate::ledger::{self, returned};
use crate::poll::apply::reconsider;
use crate::poll::write;
use crate::store::{Audit, LedgerChange, StoreError, meta};

pub(super) fn run(app: &App, request: Request, who: &str) -> anyhow::Result<Response> {
    let Request::Import { files, dry_run, good_rows, want_return, replace, yes, json } = request
    else {
        return Err(anyhow!("not an import"));
    };
    let (mut named, mut unread) = (Vec::new(), Vec::new());
    for file in &files {
        match &file.unread {
            Some(why) => {
                let what = format!("无法读取:{why}");
                unread.push(Problem::in_file(&file.name, what, "检查文件名和权限"));
            }
            None => named.push((file.name.clone(), file_bytes(file)?)),
        }
    }
    let all_read = unread.is_empty();
    let mut parsed = parsed(app, &named);
    parsed.problems.splice(0..0, unread);
    let file = if want_return { Some(STANDARD.encode(returned::workbook(&parsed)?)) } else { None };
    let existing = directory(app)?;
    let next_number = app.store().meta(meta::LEDGER_NUMBER)?.unwrap_or(1);
    // Good rows are asked for, not good files: a name that was mistyped is no row.
    let good_rows = good_rows && all_read;
    let plan = plan(parsed, &existing, Options { good_rows, replace, yes, next_number });
    let mut stdout = plan.summary();
    let exit = if plan.applies { DONE } else { USAGE };
    let imported = plan.applies && !dry_run;
    if imported {
        apply(app, &plan, who)?;
        crate::notify::reach::forget_unlisted(app.store())?;
        stdout.push_str("已导入。\n");
    } else if dry_run {
        stdout.push_str("试运行:什么都没有改动。\n");
    }
    if json {
        let mut told = serde_json::to_value(&plan)?;
        told["imported"] = imported.into();
        return Ok(Response { file, ..super::json(exit, &told)? });
    }
    Ok(Response { exit, stdout, file, ..Response::default() })
}

fn parsed(app: &App, files: &[(String, Vec<u8>)]) -> Parsed {
    let parts = app.env.parts();
    let registry = &parts.means.registry;
    let admit = |source: &Source| match registry.find(&source.connector) {
        Some(connector) => connector.admit(&Target::new(source.target.clone())),
        None => Err(freshd_connectors::TargetProblem::new(
            format!("没有名为 {} 的采集器", source.connector),
            "用 freshd connector list 查看全部采集器",
        )),
    };
    ledger::read(files, &Rules { admit: &admit, default_sources: &default_sources })
}

fn directory(app: &App) -> Result<Directory, StoreError> {
    let mut accounts: Vec<Account> = Vec::new();
    app.store().for_each_account(|account| {
        accounts.push(account);
        Ok(true)
    })?;
    Ok(accounts.into_iter().collect())
}

/// Writes what the plan changes; accounts that changed are judged again, so that their due times follow.
fn apply(app: &App, plan: &Plan, who: &str) -> anyhow::Result<()> {
    let now = app.now();
    let mut puts: Vec<Account> = plan.added.iter().chain(&plan.updated).cloned().collect();
    for id in &plan.to_remove {
        if let Some(account) = app.store().account(id)? {
            puts.push(Account { to_remove: true, ..account });
        }
    }
    let changed: Vec<Account> = puts[plan.added.len()..].to_vec();
    let detail = format!(
        "新增 {},变更 {},拟移出 {}",
        plan.added.len(),
        plan.updated.len(),
        plan.to_remove.len()
    );
    app.store().replace_ledger(&LedgerChange {
        puts,
        deletes: Vec::new(),
        first_poll: now,
        ledger_number: Some(plan.next_number),
        audit: Audit {
            at: now,
            who: who.to_owned(),
            what: "import".to_owned(),
            on: String::new(),
            detail,
        },
    })?;
    let parts = app.env.parts();
    for account in changed {
        app.store().update(|change| {
            let state: Option<AccountState> = change.state(&account.id)?;
            let applied = reconsider(&account, state.unwrap_or_default(), &parts.terms, now);
            write(change, &account, &applied, now)
        })?;
    }
    Ok(())
}
