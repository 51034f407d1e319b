//! What does a poll see now? Runs it, tells what was seen, what its silence proves, and the ruling.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::zone::{restamp, rfc3339};
use anyhow::anyhow;
use freshd_core::account::Source;
use freshd_core::civil::minute_text;
use freshd_core::fault::FaultScope;
use freshd_core::id::AccountId;
use freshd_core::observation::{DownloadSign, Observation};
use freshd_core::verdict::{DOWNLOAD_CONNECTORS, channel_chinese};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{DONE, FOUND, Usage, account_named, json, printed};
use crate::app::App;
use crate::cli::progress::Progress;
use crate::cli::request::Request;
use crate::control::Response;
use crate::poll::Poller;
use crate::poll::now::PollReport;
use crate::poll::run::SourceOutcome;
use crate::report::view::account_view;
use crate::report::whose::{fault_text, whose};
use crate::report::words::{outcome_chinese, plain, scope_chinese};
use crate::store::Index;

pub(super) async fn run(app: &App, request: Request) -> anyhow::Result<Response> {
    let Request::Poll { accounts, all, due, json: as_json, explain } = request else {
        return Err(anyhow!("not a poll"));
    };
    let ids = chosen(app, &accounts, all, due)?;
    let poller = Poller::new(app.env.clone(), CancellationToken::new());
    let bar = Progress::new("采集", ids.len(), app.is_serving());
    let reports = poller.poll_now(&ids, explain, |done| bar.at(done)).await?;
    drop(bar);
    let exit = if reports.iter().any(PollReport::has_fault) { FOUND } else { DONE };
    if as_json {
        let polls: Vec<_> =
            reports.iter().map(|report| report_json(app, report, explain)).collect();
        let mut told = json!({"as_of": rfc3339(app.now()), "polls": polls});
        restamp(&mut told);
        return json(exit, &told);
    }
    let mut text = String::new();
    for report in &reports {
        report_text(&mut text, report, explain);
    }
    let _ = writeln!(text, "{}", summary(&reports));
    Ok(printed(exit, text))
}

/// `共采集 3 个账号,有故障 2 个(授权凭证 1,平台 1)`: an account with several kinds counts in each.
fn summary(reports: &[PollReport]) -> String {
    let faulty: Vec<BTreeSet<FaultScope>> = reports.iter().map(PollReport::fault_scopes).collect();
    let count = faulty.iter().filter(|scopes| !scopes.is_empty()).count();
    let mut text = format!("共采集 {} 个账号,有故障 {count} 个", reports.len());
    let mut by_scope: BTreeMap<FaultScope, usize> = BTreeMap::new();
    faulty.into_iter().flatten().for_each(|scope| *by_scope.entry(scope).or_default() += 1);
    if !by_scope.is_empty() {
        let one = |(scope, n): (&FaultScope, &usize)| format!("{} {n}", scope_chinese(*scope));
        text.push_str(&format!("({})", by_scope.iter().map(one).collect::<Vec<_>>().join(",")));
    }
    text
}

fn chosen(app: &App, named: &[String], all: bool, due: bool) -> anyhow::Result<Vec<AccountId>> {
    let mut ids = Vec::new();
    if due {
        let due = app.store().due(Index::Poll, app.now(), usize::MAX)?;
        ids.extend(due.into_iter().map(|(_, id)| id));
    } else if all {
        app.store().for_each_account(|account| {
            if account.lifecycle.is_judged() {
                ids.push(account.id);
            }
            Ok(true)
        })?;
    } else if named.is_empty() {
        return Err(Usage("请指明 --account ID、--all 或 --due".to_owned()).into());
    }
    for name in named {
        ids.push(account_named(app, name)?);
    }
    Ok(ids)
}

fn report_json(app: &App, report: &PollReport, explain: bool) -> Value {
    let policy = app.policy();
    let sources = report.outcomes.iter().map(|outcome| source_json(outcome, explain));
    let waiting = report
        .waiting
        .iter()
        .map(|(source, until)| json!({"source": source, "not_asked_until": rfc3339(*until)}));
    json!({
        "id": report.account.id,
        "sources": sources.collect::<Vec<_>>(),
        "waiting": waiting.collect::<Vec<_>>(),
        "account": account_view(&report.account, &report.state, &report.judgement, &policy),
    })
}

pub(super) fn source_json(outcome: &SourceOutcome, explain: bool) -> Value {
    let mut told = json!({"source": outcome.source.to_string(), "at": rfc3339(outcome.at)});
    match &outcome.result {
        Ok(seen) => {
            told["outcome"] = if seen.faults.is_empty() { "ok" } else { "partial" }.into();
            told["sightings"] = json!(seen.sightings);
            told["coverage"] = json!(seen.coverage);
            told["menu"] = json!(seen.menu);
            told["profile"] = json!(seen.profile);
            told["interaction"] = json!(seen.interaction);
            told["download"] = json!(seen.download);
            told["faults"] = json!(seen.faults);
            if explain {
                told["evidence"] = json!(seen.evidence);
            }
        }
        Err(fault) => {
            told["outcome"] = "fault".into();
            told["faults"] = json!([fault]);
        }
    }
    if explain {
        told["requests"] = json!(outcome.trace);
    }
    told
}

fn report_text(text: &mut String, report: &PollReport, explain: bool) {
    let account = &report.account;
    let _ = writeln!(text, "{} {}({})", account.id, account.name, account.sponsor);
    for (source, until) in &report.waiting {
        let _ = writeln!(text, "  {source}:对方要求{}之后再访问,这次没有访问", minute_text(*until));
    }
    for outcome in &report.outcomes {
        source_text(text, outcome, explain);
    }
    if report.outcomes.is_empty() && report.waiting.is_empty() {
        let _ = writeln!(text, "  没有可采集的来源(请补采集方式、文章链接或人工核查)");
    }
    for entry in &report.judgement.menu.entries {
        let path = entry.entry.path.join("/");
        let target = entry.entry.target.as_deref().unwrap_or("");
        let _ = writeln!(text, "  菜单 {path} [{}] {target}:{}", entry.entry.kind, entry.reason);
    }
    let verdict = report.judgement.verdict.map_or("不判定", |verdict| verdict.chinese());
    let _ = writeln!(text, "  判定:{verdict}");
    for ruling in &report.judgement.rulings {
        let _ = writeln!(
            text,
            "    {} {}:{}",
            ruling.rule.chinese(),
            outcome_chinese(ruling.rule, ruling.outcome),
            ruling.reason
        );
    }
}

pub(super) fn source_text(text: &mut String, outcome: &SourceOutcome, explain: bool) {
    match &outcome.result {
        Ok(seen) => seen_text(text, &outcome.source, seen),
        Err(fault) => {
            let _ = writeln!(text, "  {}:采集故障,{}", outcome.source, fault_text(fault));
            let _ = writeln!(text, "    {}", whose(fault, &outcome.source.connector));
            if DOWNLOAD_CONNECTORS.contains(&outcome.source.connector.as_str()) {
                let _ = writeln!(text, "    能否下载:待核实(没有取得答复)");
            }
        }
    }
    if !explain {
        return;
    }
    for request in &outcome.trace {
        let status = request.status.map_or_else(|| "无答复".to_owned(), |s| s.to_string());
        let error = request.error.as_deref().unwrap_or("");
        let _ = writeln!(
            text,
            "    {} {} → {status} {} 字节 {error}",
            request.method, request.url, request.bytes
        );
        let excerpt: String = request.excerpt.chars().take(300).collect();
        if !excerpt.is_empty() {
            let _ = writeln!(text, "      {}", plain(&excerpt));
        }
    }
    if let Ok(seen) = &outcome.result {
        for evidence in &seen.evidence {
            let bytes = evidence.body.len();
            let _ = writeln!(text, "    佐证 {}({bytes} 字节)", evidence.url);
        }
    }
}

fn seen_text(text: &mut String, source: &Source, seen: &Observation) {
    let newest = seen.sightings.iter().max_by_key(|s| (s.published.earliest, s.published.latest));
    let last = match newest {
        Some(sighting) => {
            let at = sighting.published;
            let when = at.earliest.map_or("日期不详".to_owned(), minute_text);
            let title = match sighting.title.as_str() {
                "" => String::new(),
                title => format!("《{title}》"),
            };
            let title = plain(&title);
            format!("看到 {} 条,最新 {when}{title}", seen.sightings.len())
        }
        None if lists_posts(seen) => "没有看到发布".to_owned(),
        None => "已核验".to_owned(),
    };
    let _ = writeln!(text, "  {source}:{last}");
    for (channel, spans) in seen.coverage.iter() {
        for span in spans.as_slice() {
            let (since, until) = (minute_text(span.since), minute_text(span.until));
            let _ = writeln!(
                text,
                "    {}:{since} 至 {until} 之间未列出的发布不存在",
                channel_chinese(channel)
            );
        }
    }
    if let Some(sign) = &seen.download {
        let _ = writeln!(text, "    能否下载:{}", download_text(sign, seen));
    }
    for sign in &seen.interaction {
        let works = match sign.works {
            Some(true) => "可用",
            Some(false) => "不可用",
            None => "待核实",
        };
        let what = if sign.what.is_empty() { "" } else { "," };
        let _ = writeln!(text, "    互动功能:{works}{what}{}", plain(&sign.what));
    }
    if seen.coverage.is_empty() && lists_posts(seen) {
        let _ = writeln!(text, "    这个来源没有列出的,不能证明没有发布");
    }
    for fault in &seen.faults {
        let _ = writeln!(text, "    部分故障,{}", fault_text(fault));
        let _ = writeln!(text, "      {}", whose(fault, &source.connector));
    }
}

/// A source that only says whether something works, or can be downloaded, lists no posts.
fn lists_posts(seen: &Observation) -> bool {
    !seen.sightings.is_empty()
        || !seen.coverage.is_empty()
        || (seen.download.is_none() && seen.interaction.is_empty())
}

/// `可下载,… (已试 ADDRESS)`.
fn download_text(sign: &DownloadSign, seen: &Observation) -> String {
    let word = match sign.available {
        Some(true) => "可下载",
        Some(false) => "不可下载",
        None => "待核实",
    };
    let mut tried: Vec<&str> = seen.evidence.iter().map(|kept| kept.url.as_str()).collect();
    tried.dedup();
    let what = if sign.what.is_empty() { String::new() } else { format!(",{}", sign.what) };
    let times = seen.evidence.len();
    let tried = match tried.as_slice() {
        [] => String::new(),
        [one] if times > 1 => format!("(已试 {times} 次:{one})"),
        all => format!("(已试:{})", all.join("、")),
    };
    plain(&format!("{word}{what}{tried}"))
}

#[cfg(test)]
mod tests;
