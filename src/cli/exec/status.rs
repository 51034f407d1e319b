//! What does every account come to now, and why?

use std::collections::BTreeSet;

use freshd_core::account::{Account, platform};
use freshd_core::verdict::Judgement;

use super::{DONE, account_named, json, printed};
use crate::app::App;
use crate::control::Response;
use crate::ledger::handle::{platform_of, platform_title};
use crate::ledger::header::folded;
use crate::report::view::{StatusView, Totals, account_view, as_of};
use crate::report::{explain, table};

/// Platforms that are known whether the ledger has them or not.
const PLATFORMS: [&str; 4] = [platform::WECHAT, platform::WEIBO, platform::NANFANG, platform::APP];

/// Which accounts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this verdict's key.
    pub verdict: Option<String>,
    /// Only this platform.
    pub platform: Option<String>,
    /// Only this sponsor, supervisor or reporting unit.
    pub unit: Option<String>,
}

impl Filter {
    /// Is this account wanted?
    pub fn takes(&self, account: &Account, judgement: &Judgement) -> bool {
        let verdict = self.verdict.as_deref();
        let unit = |unit: &str| {
            [&account.sponsor, &account.supervisor, &account.reporting_unit]
                .iter()
                .any(|held| held.as_str() == unit)
        };
        verdict.is_none_or(|wanted| judgement.verdict.is_some_and(|v| v.key() == wanted))
            && self.platform.as_deref().is_none_or(|wanted| account.platform == wanted)
            && self.unit.as_deref().is_none_or(unit)
    }
}

pub(super) fn status(
    app: &App,
    filter: &Filter,
    as_json: bool,
    colour: bool,
) -> anyhow::Result<Response> {
    let now = app.now();
    let policy = app.policy();
    let mut filter = filter.clone();
    filter.platform =
        filter.platform.as_deref().map(|name| platform_named(app, name)).transpose()?;
    let mut view = StatusView { as_of: as_of(now), totals: Totals::default(), accounts: vec![] };
    app.for_each_judged(now, |account, state, judgement| {
        if filter.takes(&account, &judgement) {
            view.totals.add(judgement.verdict);
            view.accounts.push(account_view(&account, &state, &judgement, &policy));
        }
        Ok(true)
    })?;
    if as_json {
        return json(DONE, &view);
    }
    Ok(printed(DONE, table::status_table(&view, colour)))
}

/// The platform that a person means: by key, by any of the names that a ledger may use, or as the ledger writes it.
fn platform_named(app: &App, name: &str) -> anyhow::Result<String> {
    let wanted = platform_of(name.trim());
    let mut held: BTreeSet<String> = PLATFORMS.iter().map(|it| (*it).to_owned()).collect();
    if held.contains(&wanted) {
        return Ok(wanted);
    }
    app.store().for_each_account(|account| {
        held.insert(account.platform);
        Ok(true)
    })?;
    if let Some(one) = held.iter().find(|it| folded(it) == folded(&wanted)) {
        return Ok(one.clone());
    }
    let titles: Vec<String> = held
        .iter()
        .map(|it| match platform_title(it) {
            title if title == it => title.to_owned(),
            title => format!("{title}({it})"),
        })
        .collect();
    Err(super::Usage(format!("没有平台 {name};可写:{}", titles.join("、"))).into())
}

pub(super) fn explain(app: &App, id: &str, as_json: bool) -> anyhow::Result<Response> {
    let id = account_named(app, id)?;
    let (account, state, judgement) =
        app.judged(&id, app.now())?.ok_or_else(|| super::Usage(format!("没有账号 {id}")))?;
    let policy = app.policy();
    if as_json {
        return json(DONE, &explain::explain_json(&account, &state, &judgement, &policy));
    }
    Ok(printed(DONE, explain::explain_text(&account, &state, &judgement, &policy)))
}
