//! 体检: how far can this ledger be judged as it is? Needs no configuration, store or mail.

use std::path::Path;
use std::sync::Arc;

use freshd_connectors::http::HttpClient;
use freshd_connectors::registry::default_sources;
use freshd_connectors::{NoSecrets, Registry, Target, TargetProblem};
use freshd_core::account::{Account, Source};
use freshd_core::breaker::Breaker;
use freshd_core::civil::minute_text;
use freshd_core::forecast::last_safe_day;
use freshd_core::schedule::Intervals;
use freshd_core::state::AccountState;
use freshd_core::verdict::Judgement;
use futures::StreamExt;
use serde_json::{Value, json};

use super::exec::{DONE, USAGE};
use super::output::Output;
use crate::app::POLL_BUDGET;
use crate::cli::progress::Progress;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::ledger::checkup::{Checkup, CheckupRow, Facts, checkup, is_public};
use crate::ledger::handle::platform_title;
use crate::ledger::row::Rules;
use crate::ledger::{rows, table};
use crate::poll::apply::{Terms, apply, reconsider};
use crate::poll::run::{Errand, Means, ask};
use crate::report::book::{self, Sheet, SheetColumn};
use crate::report::export::Rows;
use crate::report::table::{Cell, Column, Table};

/// Accounts asked at once.
const AT_ONCE: usize = 8;

/// Runs the checkup; exit 2 when the ledger cannot be read at all.
pub async fn run(ledger: &Path, output: Option<&Path>, offline: bool) -> anyhow::Result<i32> {
    let config = Config::built_in();
    let registry = Registry::built_in(&config.connectors.settings);
    let output = output.map(|path| (path, Output::prepare(path, &[ledger.to_owned()])));
    let output = match output {
        Some((path, prepared)) => Some((path, prepared?)),
        None => None,
    };
    let bytes = match std::fs::read(ledger) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("无法读取 {}:{}", ledger.display(), super::words_of(&error));
            return Ok(USAGE);
        }
    };
    let book = match table::read(&ledger.display().to_string(), &bytes) {
        Ok(book) => book,
        Err(problem) => {
            eprintln!("{problem}");
            return Ok(USAGE);
        }
    };
    let checkup = looked_at(&registry, book);
    print!("{}", checkup.text());
    let means = Means {
        registry,
        http: HttpClient::reading_only(
            config.net.clone(),
            &config.connectors.settings.reading_only(),
        )?,
        secrets: Arc::new(NoSecrets),
        budget: POLL_BUDGET,
        at_once: Default::default(),
    };
    let terms = Terms { policy: config.policy(), intervals: Intervals::default() };
    let found = polled(&checkup, &means, &terms, offline).await;
    print!("{}", found_text(&checkup, &found, offline));
    let written = output.is_some();
    if let Some((path, output)) = output {
        output.write(&workbook(&checkup, &found)?)?;
        println!("已写入 {}", path.display());
    }
    print!("{}", next_step(&checkup, ledger, written));
    Ok(if checkup.rows.is_empty() && !checkup.problems.is_empty() { USAGE } else { DONE })
}

fn looked_at(registry: &Registry, book: table::Book) -> Checkup {
    let admit = |source: &Source| match registry.find(&source.connector) {
        Some(connector) => connector.admit(&Target::new(source.target.clone())),
        None => Err(TargetProblem::new(
            format!("没有名为 {} 的采集器", source.connector),
            "用 freshd connector list 查看全部采集器",
        )),
    };
    let rules = Rules { admit: &admit, default_sources: &default_sources };
    let facts = |source: &Source| {
        let descriptor = registry.find(&source.connector)?.descriptor();
        let public = is_public(&source.connector);
        Some(Facts { proves_silence: descriptor.proves_silence, public })
    };
    checkup(rows::parse(&[book], &rules), &facts)
}

/// What a row's publicly reachable sources said; `None` where there are none.
type Found = Option<(Judgement, Vec<String>)>;

async fn polled(checkup: &Checkup, means: &Means, terms: &Terms, offline: bool) -> Vec<Found> {
    let asked = checkup.rows.iter().map(|row| async move {
        let wanted = !offline && row.account.lifecycle.is_judged();
        if wanted && !row.public_sources.is_empty() {
            Some(look(row, means, terms).await)
        } else {
            None
        }
    });
    let bar = Progress::new("体检", checkup.rows.len(), false);
    let mut done = 0;
    let told = futures::stream::iter(asked).buffered(AT_ONCE).inspect(|_| {
        done += 1;
        bar.at(done);
    });
    told.collect().await
}

async fn look(row: &CheckupRow, means: &Means, terms: &Terms) -> (Judgement, Vec<String>) {
    let now = SystemClock.now();
    let mut outcomes = Vec::new();
    let mut faults = Vec::new();
    for source in &row.public_sources {
        let errand = Errand { source: source.clone(), memo: None, fresh: true };
        let outcome = ask(means, errand, now, false).await;
        if let Err(fault) = &outcome.result {
            faults.push(format!("{source}:{}", fault.detail));
        }
        outcomes.push(outcome);
    }
    let account: &Account = &row.account;
    let mut breaker = Breaker::default();
    let state = AccountState::default();
    let state = apply(account, state, outcomes, &mut breaker, terms, now).state;
    (reconsider(account, state, terms, SystemClock.now()).judgement, faults)
}

const HEADINGS: [&str; 9] = [
    "行",
    "账号名称",
    "平台",
    "主办单位",
    "可判程度",
    "最近更新",
    "剩余天数",
    "最迟发布日",
    "说明",
];

/// One row of the result.
fn cells(row: &CheckupRow, found: &Found) -> Vec<String> {
    let mut cells = vec![
        row.row_no.to_string(),
        row.account.name.clone(),
        platform_title(&row.account.platform).to_owned(),
        row.account.sponsor.clone(),
        row.judged_by.clone(),
    ];
    let Some((judgement, faults)) = found else {
        cells.extend([String::new(), String::new(), String::new(), said(row, &[])]);
        return cells;
    };
    let last = judgement.last_update.as_ref().map(|seen| seen.sighting.published);
    cells.push(last.map(|at| minute_text(at.earliest.unwrap_or(at.latest))).unwrap_or_default());
    let outlook = judgement.forecast;
    cells.push(outlook.map(|f| format!("{:.1}", f.days_left)).unwrap_or_default());
    let safe = outlook.and_then(|f| last_safe_day(f.deadline, judgement.now));
    cells.push(safe.map(|day| day.to_string()).unwrap_or_default());
    cells.push(said(row, faults));
    cells
}

fn said(row: &CheckupRow, faults: &[String]) -> String {
    let problems = row.problems.iter().map(ToString::to_string);
    let contact = row.lacks_contact.then(|| "没有可用邮箱".to_owned());
    let double = row.duplicate_of.as_ref().map(|other| format!("与{other}重复"));
    let all: Vec<String> =
        problems.chain(contact).chain(double).chain(faults.iter().cloned()).collect();
    all.join(";")
}

fn found_text(checkup: &Checkup, found: &[Found], offline: bool) -> String {
    let public = checkup.rows.iter().filter(|row| !row.public_sources.is_empty()).count();
    if offline || public == 0 {
        return format!("\n公开可访问来源的账号 {public} 个,这次没有访问。\n");
    }
    let mut table = Table::new(HEADINGS.map(|title| Column::text(title, 44)));
    for (row, found) in checkup.rows.iter().zip(found).filter(|(_, found)| found.is_some()) {
        table.row(cells(row, found).into_iter().map(Cell::from));
    }
    format!("\n公开可访问来源的账号({public} 个):\n{}", table.render(false))
}

fn workbook(checkup: &Checkup, found: &[Found]) -> anyhow::Result<Vec<u8>> {
    let line = |(row, found): (&CheckupRow, &Found)| -> Vec<Value> {
        cells(row, found).into_iter().map(|cell| json!(cell)).collect()
    };
    let mut rows = Rows::new(HEADINGS);
    checkup.rows.iter().zip(found).map(line).for_each(|row| rows.push(row));
    let columns = [("文件", 30), ("工作表", 16), ("没有认出的列(原样保留)", 26), ("是不是", 16)];
    let mut unknown = Vec::new();
    for sheet in &checkup.unknown {
        for column in &sheet.columns {
            unknown.push(vec![
                json!(sheet.file),
                json!(sheet.sheet),
                json!(column.title),
                json!(column.near),
            ]);
        }
    }
    let unknown = Sheet {
        name: "没有认出的列".to_owned(),
        columns: columns.map(|(title, width)| SheetColumn::new(title, width)).to_vec(),
        rows: unknown,
    };
    Ok(book::workbook(&[rows.sheet(), unknown])?)
}

/// What to do with what was found.
fn next_step(checkup: &Checkup, ledger: &Path, written: bool) -> String {
    let file = ledger.display();
    let bad =
        checkup.problems.len() + checkup.rows.iter().filter(|row| !row.problems.is_empty()).count();
    let mut steps = Vec::new();
    if bad > 0 {
        steps.push(format!(
            "先改正上面的问题;或用 freshd import {file} --dry-run --return 退回.xlsx 生成退回表,\
             发给填报单位改"
        ));
    }
    if checkup.unknown.iter().flat_map(|sheet| &sheet.columns).any(|it| it.near.is_some()) {
        steps.push("核对没有认出的列,写错的表头改成系统认识的名称".to_owned());
    }
    if checkup.lacks_contact + checkup.lacks_handle > 0 {
        steps.push("补齐邮箱和账号标识(可在导入之后再补,重新导入即可)".to_owned());
    }
    steps.push(format!("freshd import {file} --dry-run 先看会有什么变化"));
    steps.push(format!("freshd import {file} 正式导入(先写好 config/freshd.toml)"));
    if !written {
        steps.push(format!("要逐行的表格:freshd checkup {file} -o 体检.xlsx"));
    }
    let numbered = (1..).zip(steps).map(|(no, step): (usize, String)| format!("  {no}. {step}\n"));
    format!("\n下一步:\n{}", numbered.collect::<String>())
}
