//! The explanation as a person reads it, section by section.

use std::fmt::Write as _;

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::civil::minute_text;
use freshd_core::coverage::{Span, Spans};
use freshd_core::history::{Attested, EvidenceRef, History};
use freshd_core::id::Channel;
use freshd_core::observation::Blind;
use freshd_core::rulebook::Policy;
use freshd_core::state::{AccountState, SourceState};
use freshd_core::verdict::{Judgement, Ruling, gaps, joined_coverage, menu_state_chinese};

use super::blind::{blind_text, channel_word};
use super::links::links_table;
use super::tried::{tried, tried_table};
use crate::report::services::services_lines;
use crate::report::table::{Cell, Column, Table};
use crate::report::view::evidence_help;
use crate::report::words::{
    class_chinese, filing_chinese, kind_chinese, left_chinese, lifecycle_chinese, link_chinese,
    outcome_chinese, plain, platform_chinese, scope_chinese, source_chinese,
};

/// A page of text: what the account is, each rule with its clause and evidence, what each source's silence
/// proves, what is missing, what was seen, what goes wrong, the menu, and when it is polled next.
pub fn explain_text(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    policy: &Policy,
) -> String {
    let mut out = Lines::default();
    head(&mut out, account, judgement);
    renamed(&mut out, account, state);
    rules(&mut out, state, judgement, policy);
    coverage(&mut out, account, state, judgement.now);
    holes(&mut out, account, state, judgement, policy);
    sightings(&mut out, state);
    sources(&mut out, account, state);
    for (nth, line) in services_lines(state, judgement.now).iter().enumerate() {
        if nth == 0 {
            out.section("探测与版本(仅供参考,不影响判定)");
        }
        out.line(1, line);
    }
    interaction(&mut out, account, state, judgement);
    menu(&mut out, judgement);
    if let Some(table) = links_table(judgement) {
        out.section("其他链接(仅供参考,不影响菜单状态和判定)");
        out.table(&table);
    }
    let next = state.next_poll.map_or_else(|| "未安排".to_owned(), minute_text);
    out.section(&format!("下次采集:{next}"));
    out.0
}

/// Text that grows line by line; nothing in a line can steer a terminal.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn section(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.line(0, title);
    }

    fn line(&mut self, depth: usize, text: &str) {
        let indent = "  ".repeat(depth);
        writeln!(self.0, "{indent}{}", plain(text)).expect("a string takes everything");
    }

    fn table(&mut self, table: &Table) {
        for line in table.render(false).lines() {
            self.line(1, line);
        }
    }
}

fn head(out: &mut Lines, account: &Account, judgement: &Judgement) {
    let named = |title: &str, value: &str| {
        if value.is_empty() { String::new() } else { format!("{title} {value}") }
    };
    let joined = |parts: &[String]| {
        let told: Vec<_> = parts.iter().filter(|p| !p.is_empty()).map(String::as_str).collect();
        told.join(" · ")
    };
    let platform = platform_chinese(&account.platform);
    out.section(&format!("{}({platform})  {}", account.name, account.id));
    out.line(
        1,
        &joined(&[
            named("主办单位", &account.sponsor),
            named("主管单位", &account.supervisor),
            named("通报对象", &account.reporting_unit),
            named("地区", &account.region),
        ]),
    );
    let filing = filing_chinese(account.filing);
    let lifecycle = lifecycle_chinese(account.lifecycle);
    let removed = if account.to_remove { "拟移出台账" } else { "" };
    out.line(
        1,
        &joined(&[
            named("运行状态", lifecycle),
            named("备案状态", filing),
            named("别名", &account.aliases.join("、")),
            removed.to_owned(),
        ]),
    );
    let others: Vec<&str> = account.extra.keys().map(String::as_str).collect();
    if !others.is_empty() {
        // They may hold contacts: named here, told in the export.
        out.line(1, &format!("台账其他列:{}(内容见 freshd export accounts)", others.join("、")));
    }
    let verdict = judgement.verdict.map_or("不判定", |verdict| verdict.chinese());
    let until = judgement.proven_until.map_or_else(|| "无".to_owned(), minute_text);
    out.line(
        1,
        &joined(&[
            format!("判定:{verdict}"),
            format!("活跃度:{}", judgement.activity.chinese()),
            format!(
                "证据:{}",
                class_chinese(judgement.evidence_class, !account.sources.is_empty())
            ),
            format!("数据完整截至:{until}"),
        ]),
    );
    if let Some(help) = evidence_help(judgement.evidence_class, account) {
        out.line(1, &format!("依据:{help}"));
    }
    if let Some(forecast) = judgement.forecast {
        let days = forecast.days_left;
        let left = left_chinese(days, judgement.verdict);
        let left = if days < 0.0 { left } else { format!("剩 {left}") };
        out.line(1, &format!("截止:{}({left})", minute_text(forecast.deadline)));
    }
    out.line(1, &format!("截至:{}", minute_text(judgement.now)));
}

/// The platform's own name for the account, where it is another than the ledger's: it was renamed, or the row is wrong.
fn renamed(out: &mut Lines, account: &Account, state: &AccountState) {
    let Some((at, name, _)) = &state.history.profile else { return };
    if !name.is_empty() && name.trim() != account.name.trim() {
        let at = minute_text(*at);
        out.line(1, &format!("平台显示的名称:{name}({at}),与台账不同:可能已改名,请核对台账"));
    }
}

fn rules(out: &mut Lines, state: &AccountState, judgement: &Judgement, policy: &Policy) {
    out.section("指标");
    for ruling in &judgement.rulings {
        rule(out, ruling, policy);
        for evidence in &ruling.evidence {
            out.line(2, &evidence_text(evidence, &state.history, judgement.now));
        }
    }
}

fn rule(out: &mut Lines, ruling: &Ruling, policy: &Policy) {
    let veto = if ruling.rule.is_veto() { "单项否决" } else { "提示" };
    out.line(
        1,
        &format!(
            "[{}] {}({veto}) 数据截至 {}",
            outcome_chinese(ruling.rule, ruling.outcome),
            ruling.rule.chinese(),
            minute_text(ruling.as_of)
        ),
    );
    out.line(2, &format!("条款:{}", policy.profile.clause(ruling.rule)));
    out.line(2, &format!("理由:{}", ruling.reason));
}

/// Times, hash and place of what is kept: when it was read, and when a later look last said the same.
fn evidence_text(evidence: &EvidenceRef, history: &History, now: Timestamp) -> String {
    let id = if evidence.id.is_empty() { "(只留地址)" } else { &evidence.id };
    let (read, from) = (minute_text(evidence.at), source_chinese(&evidence.url));
    match history.rechecked(evidence, now).map(minute_text).filter(|again| *again != read) {
        Some(again) => format!("佐证:首次取得 {read},最近核对 {again} {id} {from}"),
        None => format!("佐证:{read} {id} {from}"),
    }
}

fn span_text(span: &Span) -> String {
    format!("{} 至 {}", minute_text(span.since), minute_text(span.until))
}

fn spans_lines(out: &mut Lines, depth: usize, title: &str, spans: &Spans) {
    for span in spans.as_slice() {
        out.line(depth, &format!("{title} {}", span_text(span)));
    }
}

fn coverage(out: &mut Lines, account: &Account, state: &AccountState, now: Timestamp) {
    let history = &state.history;
    out.section("数据完整范围(在此期间,没有列出的就是没有发布)");
    for (source, proof) in &history.proofs {
        out.line(1, source);
        for (channel, spans) in proof.coverage.iter() {
            spans_lines(out, 2, channel_word(channel), spans);
        }
        if let Some(evidence) = &proof.evidence {
            out.line(2, &evidence_text(evidence, history, now));
        }
    }
    for (name, word) in &history.attested {
        out.line(1, &format!("人工核查:{name}"));
        spans_lines(out, 2, "附文件,采信:", &word.filed);
        spans_lines(out, 2, "没有附文件:", &word.bare);
        weight(out, history, name);
        if let Some(evidence) = &word.evidence {
            out.line(2, &evidence_text(evidence, history, now));
        }
    }
    if history.proofs.is_empty() && history.attested.is_empty() {
        out.line(1, "没有来源能证明“没有发布”");
        return;
    }
    let joined = joined_coverage(account, history);
    if joined.is_empty() {
        out.line(1, "各渠道合计:没有同时完整的时段");
    } else {
        spans_lines(out, 1, "各渠道合计", &joined);
    }
}

/// Does a bare word count, and with whose, or why not?
fn weight(out: &mut Lines, history: &History, name: &str) {
    let word = &history.attested[name];
    let others = || history.attested.iter().filter(|(other, _)| other.as_str() != name);
    let agrees = |other: &Attested| {
        let mut theirs = other.bare.clone();
        theirs.join(&other.filed);
        theirs.intersect(&word.bare)
    };
    let mut counts = Spans::default();
    others().filter(|(_, it)| !word.may_be_same(it)).for_each(|(_, it)| counts.join(&agrees(it)));
    let same = others().filter(|(_, it)| word.may_be_same(it) && !agrees(it).is_empty());
    let same: Vec<&str> = same.map(|(other, _)| other.as_str()).collect();
    if !counts.is_empty() {
        spans_lines(out, 2, "与另一人一致,采信:", &counts);
    } else if !same.is_empty() {
        let same = same.join("、");
        let why = "出自同一登录用户,未以 --by 写明两个人,不能算作两人";
        out.line(2, &format!("不采信:与{same}的核查{why}"));
    } else if !word.bare.is_empty() {
        out.line(2, "尚不采信:只有一人核查;须另一人一致,或附文件");
    }
}

fn holes(
    out: &mut Lines,
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    policy: &Policy,
) {
    let now = judgement.now;
    let days = policy.window_days();
    out.section(&format!("近 {days} 天的缺口"));
    let all = gaps(account, &state.history, policy.window, now);
    for (channel, spans) in &all {
        for span in spans {
            out.line(1, &format!("{} {}", channel_word(channel), span_text(span)));
        }
    }
    if all.is_empty() {
        out.line(1, "没有缺口");
    }
    // What no other source has covered meanwhile, and when it can be.
    let open = |blind: &&Blind| {
        let on = |channel: &Channel| *channel == blind.channel || channel.is_all();
        let holes = all.iter().filter(|(channel, _)| on(channel)).flat_map(|(_, spans)| spans);
        holes.into_iter().any(|hole| hole.until > blind.since)
    };
    for (source, held) in &state.sources {
        for blind in held.blind.iter().filter(open) {
            out.line(1, &format!("{}({source})", blind_text(blind, now)));
        }
    }
}

fn sightings(out: &mut Lines, state: &AccountState) {
    out.section("采集到的发布");
    let mut table = Table::new([
        Column::text("发布时间", 36),
        Column::text("渠道", 12),
        Column::text("标题", 48),
        Column::text("来源", 30),
        Column::text("链接", 80),
    ]);
    for seen in &state.history.sightings {
        let at = seen.sighting.published;
        let when = match at.earliest {
            None => format!("不晚于 {}", minute_text(at.latest)),
            Some(earliest) if minute_text(earliest) == minute_text(at.latest) => {
                minute_text(earliest)
            }
            Some(earliest) => format!("{} 至 {}", minute_text(earliest), minute_text(at.latest)),
        };
        let pinned = if seen.sighting.pinned { "[置顶] " } else { "" };
        let repost = if seen.sighting.repost { "[转发] " } else { "" };
        table.row([
            Cell::from(when),
            Cell::from(channel_word(&seen.sighting.channel)),
            Cell::from(format!("{pinned}{repost}{}", seen.sighting.title)),
            Cell::from(source_chinese(&seen.source)),
            Cell::from(seen.sighting.url.as_deref().unwrap_or_default()),
        ]);
    }
    if table.is_empty() { out.line(1, "没有采集到任何发布") } else { out.table(&table) }
}

fn sources(out: &mut Lines, account: &Account, state: &AccountState) {
    out.section("采集情况");
    let nothing = SourceState::default();
    let declared = account.sources.iter().map(ToString::to_string);
    let mut names: Vec<String> = declared.chain(state.sources.keys().cloned()).collect();
    names.sort();
    names.dedup();
    for name in &names {
        let held = state.sources.get(name).unwrap_or(&nothing);
        let last = held.last_ok.map_or_else(|| "从未".to_owned(), minute_text);
        out.line(1, &format!("{name} 最近成功:{last}"));
        for fault in &held.faults {
            let since = held.failing_since.map(|at| format!(",自 {} 起", minute_text(at)));
            out.line(
                2,
                &format!(
                    "故障:{}({}){} {}",
                    kind_chinese(fault.kind),
                    scope_chinese(fault.scope),
                    since.unwrap_or_default(),
                    fault.detail
                ),
            );
            if let Some(act) = &fault.owner {
                out.line(2, &format!("需账号管理员处理:{act}"));
            }
        }
        if let Some(at) = held.not_before {
            out.line(2, &format!("服务器要求 {} 之前不再访问", minute_text(at)));
        }
    }
    if names.is_empty() {
        out.line(1, "没有来源:请补账号标识或采集方式,或提供文章链接、人工核查");
    }
}

fn interaction(out: &mut Lines, account: &Account, state: &AccountState, judgement: &Judgement) {
    out.section("互动功能:试过的方式(“未见”不能证明没有)");
    match tried_table(&tried(account, state, judgement)) {
        Some(table) => out.table(&table),
        None => out.line(
            1,
            "没有来源能看到:可登记互动地址(probe:URL),或由人试用后以 freshd confirm --interaction 登记",
        ),
    }
}

fn menu(out: &mut Lines, judgement: &Judgement) {
    let menu = &judgement.menu;
    let read = match menu.read_at {
        Some(at) => format!("({} 读取)", minute_text(at)),
        None if menu.is_self_reported() => "(自报:台账中的菜单地址)".to_owned(),
        None => String::new(),
    };
    out.section(&format!("自定义菜单:{}{read}", menu_state_chinese(menu.state)));
    if menu.entries.is_empty() {
        return;
    }
    let mut table = Table::new([
        Column::text("菜单项", 30),
        Column::text("类型", 12),
        Column::text("状态", 10),
        Column::text("说明", 40),
        Column::text("核验时间", 16),
        Column::text("地址", 80),
    ]);
    for entry in &menu.entries {
        table.row([
            Cell::from(entry.entry.path.join("/")),
            Cell::from(&entry.entry.kind),
            Cell::from(link_chinese(entry.health)),
            Cell::from(&entry.reason),
            Cell::from(entry.checked_at.map(minute_text).unwrap_or_default()),
            Cell::from(entry.entry.target.as_deref().unwrap_or_default()),
        ]);
    }
    out.table(&table);
}
