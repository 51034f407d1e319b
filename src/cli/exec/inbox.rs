//! What came back by mail, and who cannot be reached by it? `freshd mail inbox`, `mail fetch`, `contacts`.

use freshd_core::civil::minute_text;
use serde_json::json;

use super::{DONE, FOUND, Usage, json, printed};
use crate::app::App;
use crate::app::mailbox;
use crate::control::Response;
use crate::report::table::{Cell, Column, Table};
use crate::store::Received;
use crate::zone::rfc3339;

/// Mails listed at most, newest first.
const LISTED_MAX: usize = 1_000;

pub(super) fn list(app: &App, as_json: bool) -> anyhow::Result<Response> {
    let mut mails: Vec<Received> = Vec::new();
    app.store().for_each_received(|mail| {
        mails.push(mail);
        Ok(mails.len() < LISTED_MAX)
    })?;
    let reading = mailbox::reading(app)?;
    if as_json {
        let mails: Vec<_> = mails.iter().map(one).collect();
        return json(
            DONE,
            &json!({
                "mails": mails,
                "read_at": reading.read_at.map(rfc3339),
                "failing_since": reading.failing_since.map(rfc3339),
                "fault": reading.fault,
                "left": reading.left,
            }),
        );
    }
    let mut table = Table::new([
        Column::text("收到", 16),
        Column::text("发件人", 28),
        Column::text("主题", 30),
        Column::text("结果", 12),
        Column::text("信", 16),
        Column::text("说明", 60),
    ]);
    for mail in &mails {
        let letter = mail.letter.clone().unwrap_or_default();
        let at = minute_text(mail.at);
        let cells: [&str; 6] =
            [&at, &mail.from, &mail.subject, mail.outcome.chinese(), &letter, &mail.told];
        table.row(cells.map(Cell::from));
    }
    let mut text = table.render(false);
    text.push_str(&format!("共 {} 封\n", mails.len()));
    if let Some(since) = reading.failing_since {
        text.push_str(&format!("邮箱自 {} 起读不到:{}\n", minute_text(since), reading.fault));
    }
    if !reading.left.is_empty() {
        text.push_str("这些文件读不了或不能移走,留在原处,没有处理:\n");
    }
    for (file, why) in &reading.left {
        text.push_str(&format!("  {file}:{why}\n"));
    }
    if !app.config().mail.inbox.is_used() {
        text.push_str("没有配置收件邮箱([mail.inbox] folder 或 server)\n");
    }
    Ok(printed(DONE, text))
}

fn one(mail: &Received) -> serde_json::Value {
    json!({
        "id": mail.id,
        "at": rfc3339(mail.at),
        "sent": mail.sent.map(rfc3339),
        "from": mail.from,
        "subject": mail.subject,
        "letter": mail.letter,
        "accounts": mail.accounts,
        "outcome": mail.outcome,
        "told": mail.told,
        "text": mail.text,
    })
}

pub(super) async fn fetch(app: &App) -> anyhow::Result<Response> {
    if !app.config().mail.inbox.is_used() {
        let what = "没有配置收件邮箱;在配置里写 [mail.inbox] folder 或 server";
        return Err(Usage(what.to_owned()).into());
    }
    let (did, fault) = mailbox::fetch(app, app.now()).await?;
    let text = format!("读到新邮件 {did} 封;查看:freshd mail inbox\n");
    Ok(match fault {
        None => printed(DONE, text),
        Some(fault) => Response {
            exit: FOUND,
            stdout: text,
            stderr: format!("{fault}\n"),
            ..Response::default()
        },
    })
}

pub(super) fn contacts(app: &App, as_json: bool) -> anyhow::Result<Response> {
    let contacts = app.contacts()?;
    if as_json { json(DONE, &contacts) } else { Ok(printed(DONE, contacts.text())) }
}
