//! What leaves in bulk? Accounts, rulings, observations and letters as CSV, XLSX or JSON lines.

use serde_json::{Value, json};

use std::collections::BTreeSet;

use freshd_core::account::Filing;
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{Activity, EvidenceClass, Outcome};

use super::{DONE, bytes};
use crate::app::App;
use crate::bundle::targets::COLUMNS;
use crate::cli::args::{ExportFormat, ExportKind};
use crate::control::Response;
use crate::ledger::handle::platform_title;
use crate::report::export::Rows;
use crate::report::precheck::NO_DATA;
use crate::report::view::account_view;
use crate::report::words::{class_chinese, filing_chinese, letter_chinese, lifecycle_chinese};
use crate::store::StoreError;

mod ledger;

pub(super) fn run(app: &App, kind: ExportKind, format: ExportFormat) -> anyhow::Result<Response> {
    let rows = match kind {
        ExportKind::Accounts => accounts(app, format != ExportFormat::Jsonl)?,
        ExportKind::Ledger => ledger::rows(app)?,
        ExportKind::Rulings => rulings(app)?,
        ExportKind::Observations => journal(app, "observed")?,
        ExportKind::Mail => mail(app)?,
        ExportKind::Targets => targets(app)?,
        ExportKind::PhoneList => app.contacts()?.phone_rows(),
    };
    Ok(bytes(
        DONE,
        &match format {
            ExportFormat::Csv => for_people(rows).csv(),
            ExportFormat::Xlsx => for_people(rows).xlsx()?,
            ExportFormat::Jsonl => rows.jsonl(),
        },
    ))
}

/// Keys and their headings in tables for people; those of accounts are the ledger's, so that `import` reads them.
const TITLES: [(&str, &str); 41] = [
    ("id", "系统id"),
    ("name", "账号名称"),
    ("platform", "平台"),
    ("handle", "账号标识"),
    ("sponsor", "主办单位"),
    ("supervisor", "主管单位"),
    ("reporting_unit", "通报对象"),
    ("region", "地区"),
    ("lifecycle", "运行状态"),
    ("filing", "备案状态"),
    ("evidence_class", "证据类别"),
    ("verdict", "判定"),
    ("activity", "活跃度"),
    ("last_update", "最近更新"),
    ("deadline", "截止时间"),
    ("days_left", "剩余天数"),
    ("rule", "指标"),
    ("veto", "单项否决"),
    ("outcome", "结论"),
    ("as_of", "数据截至"),
    ("clause", "条款"),
    ("reason", "理由"),
    ("at", "采集时间"),
    ("source", "来源"),
    ("key", "发布编号"),
    ("earliest", "发布时间(不早于)"),
    ("latest", "发布时间(不晚于)"),
    ("title", "标题"),
    ("url", "链接"),
    ("state", "状态"),
    ("to", "收件人"),
    ("subject", "主题"),
    ("message_id", "Message-ID"),
    ("attempts", "投递次数"),
    ("created_at", "生成时间"),
    ("last_reply", "服务器答复"),
    ("contact", "联系人"),
    ("phone", "联系电话"),
    ("officer", "责任领导"),
    ("why", "为何打电话"),
    ("say", "说什么"),
];

/// With the headings and words that people read; a letter's own keys are left as they are.
fn for_people(mut rows: Rows) -> Rows {
    for (at, column) in rows.columns.iter().enumerate() {
        for row in &mut rows.rows {
            if let Some(word) = row[at].as_str().and_then(|key| word(column, key)) {
                row[at] = word.into();
            }
        }
    }
    rows.titled(&TITLES).titled(&ledger::COLUMNS)
}

/// The Chinese word for a value of a column, if it is a key.
fn word(column: &str, key: &str) -> Option<String> {
    fn read<T: serde::de::DeserializeOwned>(key: &str) -> Option<T> {
        serde_json::from_value(key.into()).ok()
    }
    Some(match column {
        "platform" => platform_title(key).to_owned(),
        "lifecycle" => lifecycle_chinese(read(key)?).to_owned(),
        "filing" => match read(key)? {
            Filing::Unknown => String::new(),
            filing => filing_chinese(filing).to_owned(),
        },
        "evidence_class" => match key {
            NO_DATA => class_chinese(EvidenceClass::None, true).to_owned(),
            key => class_chinese(read(key)?, false).to_owned(),
        },
        "verdict" | "outcome" => read::<Outcome>(key)?.chinese().to_owned(),
        "activity" => read::<Activity>(key)?.chinese().to_owned(),
        "state" => letter_chinese(read(key)?).to_owned(),
        "rule" => read::<Rule>(key)?.chinese().to_owned(),
        _ => return None,
    })
}

/// Is there a source that has brought nothing yet? For people that is another word than 无来源.
fn has_no_data(view: &Value) -> bool {
    let word = class_chinese(EvidenceClass::None, true);
    view["evidence_word"] == word
}

/// The ledger's columns and what the account comes to; then every column that the ledger has and freshd does not know.
fn accounts(app: &App, for_people: bool) -> anyhow::Result<Rows> {
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
    let mut extra: BTreeSet<String> = BTreeSet::new();
    app.store().for_each_account(|account| {
        extra.extend(account.extra.into_keys());
        Ok(true)
    })?;
    // A key twice in a line of JSON would hide the one or the other.
    extra.retain(|title| !NAMES.contains(&title.as_str()));
    let mut rows = Vec::new();
    app.for_each_judged(app.now(), |account, state, judgement| {
        let view = json!(account_view(&account, &state, &judgement, &policy));
        let cell = |name: &&str| match *name {
            "last_update" => view["last_update"]["earliest"].clone(),
            "evidence_class" if for_people && has_no_data(&view) => NO_DATA.into(),
            name => view[name].clone(),
        };
        let kept = extra.iter().map(|title| json!(account.extra.get(title)));
        rows.push(NAMES.iter().map(cell).chain(kept).collect());
        Ok(true)
    })?;
    let columns = NAMES.iter().map(|name| (*name).to_owned()).chain(extra.iter().cloned());
    Ok(Rows { columns: columns.collect(), rows })
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
