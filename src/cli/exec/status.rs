//! What does every account come to now, and why?

use std::collections::BTreeSet;

use freshd_core::account::{Account, platform};
use freshd_core::verdict::Judgement;

use super::{DONE, account_named, json, printed};
use freshd_core::civil::minute_text;

use crate::app::App;
use crate::app::owner::requests::{listed, word_json, word_line};
use crate::config::suggest::nearest;
use crate::control::Response;
use crate::ledger::handle::{platform_of, platform_title};
use crate::ledger::header::folded;
use crate::report::view::{StatusView, account_view};
use crate::report::words::plain;
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
    let mut view = StatusView::at(now);
    app.for_each_judged(now, |account, state, judgement| {
        if filter.takes(&account, &judgement) {
            view.count(&account, &judgement);
            view.accounts.push(account_view(&account, &state, &judgement, &policy));
        }
        Ok(true)
    })?;
    let mut response = if as_json {
        json(DONE, &view)?
    } else {
        printed(DONE, table::status_table(&view, colour))
    };
    if let Some(platform) = filter.platform.as_deref().filter(|_| view.accounts.is_empty()) {
        response.stderr = no_such_platform(app, platform)?;
    }
    if let Some(unit) = filter.unit.as_deref().filter(|_| view.accounts.is_empty()) {
        response.stderr.push_str(&no_such_unit(app, unit)?);
    }
    Ok(response)
}

/// That the ledger has no account on a platform that is known by name; empty where it has.
fn no_such_platform(app: &App, platform: &str) -> anyhow::Result<String> {
    let mut has = false;
    app.store().for_each_account(|account| {
        has |= account.platform == platform;
        Ok(!has)
    })?;
    let title = platform_title(platform);
    Ok(if has {
        String::new()
    } else {
        format!("台账中没有平台为“{title}”的账号\n")
    })
}

/// Most names of units that are offered.
const NEAR_MAX: usize = 5;

/// That no account is of this unit, with the names that may be meant; empty where there are some, of other verdicts.
fn no_such_unit(app: &App, unit: &str) -> anyhow::Result<String> {
    let mut units: BTreeSet<String> = BTreeSet::new();
    app.store().for_each_account(|account| {
        units.extend([account.sponsor, account.supervisor, account.reporting_unit]);
        Ok(true)
    })?;
    if units.contains(unit) {
        return Ok(String::new());
    }
    let wanted = folded(unit);
    let holds = |name: &&String| {
        let name = folded(name);
        !name.is_empty() && !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name))
    };
    let mut near: Vec<&str> = units.iter().filter(holds).map(String::as_str).collect();
    let slip = nearest(unit, units.iter().filter(|name| !name.is_empty()).map(String::as_str));
    if let Some(slip) = slip.filter(|slip| !near.contains(slip)) {
        near.push(slip);
    }
    near.truncate(NEAR_MAX);
    let near = match near.as_slice() {
        [] => "用 freshd status 查看各账号的单位".to_owned(),
        near => format!("是不是:{}", near.join("、")),
    };
    Ok(format!("台账中没有主办单位、主管单位或通报对象为“{}”的账号;{near}\n", plain(unit)))
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
    let said = listed(app, Some(&id), true)?;
    if as_json {
        let mut told = explain::explain_json(&account, &state, &judgement, &policy);
        told["owner_said"] = said.iter().map(|(word, it)| word_json(word, it.as_ref())).collect();
        return json(DONE, &told);
    }
    let mut text = explain::explain_text(&account, &state, &judgement, &policy);
    if !said.is_empty() {
        text.push_str("\n账号方反馈(不作为判定依据,附链接核对过的除外)\n");
    }
    for (word, _) in &said {
        let (at, state) = (minute_text(word.at), word.state.chinese());
        let line = format!("  {at}  {}  {}({state},信 {})", word.to, word_line(word), word.letter);
        text.push_str(&format!("{}\n", plain(&line)));
    }
    Ok(printed(DONE, text))
}
