//! Which letters are there, and what becomes of them? The notifier and the outbox by hand.

use crate::zone::rfc3339;
use freshd_core::Timestamp;
use freshd_core::civil::minute_text;
use serde_json::json;

use super::{DONE, FOUND, json, printed};
use crate::app::App;
use crate::app::notices::{self, ByHand};
use crate::app::takeover::take_over;
use crate::config::MailMode;
use crate::control::Response;
use crate::notify::META_RELAY_FAILING_SINCE;
use crate::notify::deliver::DeliverReport;
use crate::notify::release::RetryError;
use crate::notify::smtp::Outcome;
use crate::report::table::{Cell, Column, Table};
use crate::report::words::letter_chinese;
use crate::store::meta::RESTORED;
use crate::store::{Letter, LetterState, StoreError};

mod told;

/// What stands below a list of letters while a restored store's are held.
const RESTORED_TOLD: &str = "数据是从备份恢复的,起草的信一律先暂存;核对后 freshd mail release(不写编号)放行,此后恢复正常发信\n";

pub(super) async fn notify(app: &App, dry_run: bool, as_json: bool) -> anyhow::Result<Response> {
    if !dry_run && !app.is_serving() {
        take_over(app, app.now())?;
    }
    let mut report = app.notifier().tick(app.now(), dry_run).await?;
    // The daemon looks at what fails by itself.
    let faults = match app.is_serving() {
        true => ByHand::default(),
        false => notices::by_hand(app, app.now(), dry_run)?,
    };
    report.letters.extend(faults.letters.iter().cloned());
    let sent = if dry_run { None } else { deliver(app).await? };
    for letter in report.letters.iter_mut().filter(|_| sent.is_some()) {
        if let Some(now) = app.store().letter(&letter.id)? {
            (letter.state, letter.next_attempt) = (now.state, now.next_attempt);
        }
    }
    if as_json {
        let mut told = serde_json::to_value(&report)?;
        told["credential_faults"] = json!(faults.begun);
        told["delivered"] = json!(sent.as_ref().map(|sent| json!({
            "accepted": sent.accepted,
            "refused": sent.refused,
            "deferred": sent.deferred,
            "waiting": sent.waiting,
            "given_up": sent.given_up,
            "relay_fault": sent.relay_fault,
        })));
        return json(DONE, &told);
    }
    let mut text = told::text(&report, sent.as_ref());
    text.push_str(&told::faults(&faults, dry_run));
    if app.restored_at().is_some() {
        text.push_str(RESTORED_TOLD);
    }
    Ok(printed(DONE, text))
}

/// Sends what is due; `None` where a daemon does, or where letters are held and none is released.
async fn deliver(app: &App) -> anyhow::Result<Option<DeliverReport>> {
    let holds = app.config().mail.mode == MailMode::Hold;
    let released = app.store().letter_counts()?.get(&LetterState::Queued).is_some_and(|n| *n > 0);
    if app.is_serving() || (holds && !released) {
        return Ok(None);
    }
    let deliverer = app.deliverer();
    let mut all = DeliverReport::default();
    loop {
        let now = app.now();
        let done = deliverer.tick(now).await?;
        all.accepted += done.accepted;
        all.refused += done.refused;
        all.deferred += done.deferred;
        all.given_up += done.given_up;
        all.waiting += done.waiting;
        all.relay_fault = done.relay_fault.or(all.relay_fault);
        // A tick sends so many and gives its turn back; more are due only then.
        let more = done.next.is_some_and(|next| next <= now);
        if !more || done.accepted + done.refused == 0 {
            return Ok(Some(all));
        }
    }
}

pub(super) async fn test(app: &App, address: &str) -> anyhow::Result<Response> {
    let outcome = match app.deliverer().test(address, app.now()).await {
        Ok(outcome) => outcome,
        Err(error) => return refused(error),
    };
    Ok(told(&outcome))
}

pub(super) async fn retry(app: &App, id: &str) -> anyhow::Result<Response> {
    let (deliverer, now) = (app.deliverer(), app.now());
    let outcome = match deliverer.retry(id, now).await {
        Ok((_, outcome)) => outcome,
        Err(error) => return refused(error),
    };
    let mut response = told(&outcome);
    if let Outcome::Deferred { .. } = outcome {
        response.stdout.push_str(if app.is_serving() {
            "守护程序会按间隔再试\n"
        } else {
            "守护程序(freshd run)运行时会按间隔再试;也可以稍后再用 mail retry\n"
        });
    }
    if let Some(opens) = deliverer.opens_later(now) {
        let opens = minute_text(opens);
        let words = "mail retry 不受发信时间限制,已立即投递";
        response.stdout.push_str(&format!("现在不在发信时间内({opens} 起才是);{words}\n"));
    }
    Ok(response)
}

fn refused(error: RetryError) -> anyhow::Result<Response> {
    match error {
        RetryError::Store(error) => Err(error.into()),
        other => Ok(Response { exit: FOUND, stderr: format!("{other}\n"), ..Response::default() }),
    }
}

fn told(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Accepted(reply) => printed(DONE, format!("邮件服务器已接收:{reply}\n")),
        Outcome::Refused(reply) => printed(FOUND, format!("邮件服务器拒绝:{reply}\n")),
        Outcome::Deferred { detail, .. } => printed(FOUND, format!("暂时没有发出:{detail}\n")),
    }
}

fn letter_json(letter: &Letter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "state": letter.state,
        "to": letter.to,
        "reason": letter.reasons.join(", "),
        "subject": letter.subject,
        "message_id": letter.message_id,
        "attempts": letter.attempts,
        "next_attempt": letter.next_attempt.map(rfc3339),
        "lease_until": letter.lease_until.map(rfc3339),
        "last_reply": letter.last_reply,
        "created_at": rfc3339(letter.created_at),
        "accounts": letter.accounts,
    })
}

/// When it is tried next; of one that is being handed in, until when its sender has it to itself.
fn next_text(letter: &Letter) -> String {
    match (letter.state, letter.lease_until, letter.next_attempt) {
        (LetterState::Sending, Some(until), _) => {
            format!("投递中,中断则{}再试", freshd_core::civil::local(until).format("%H:%M"))
        }
        (_, _, next) => next.map(minute_text).unwrap_or_default(),
    }
}

pub(super) fn outbox(app: &App, as_json: bool) -> anyhow::Result<Response> {
    let failing: Option<Timestamp> = app.store().meta(META_RELAY_FAILING_SINCE)?;
    let mut letters = Vec::new();
    app.store().for_each_letter(|letter| {
        letters.push(letter);
        Ok(true)
    })?;
    if as_json {
        let letters: Vec<_> = letters.iter().map(letter_json).collect();
        let failing = failing.map(rfc3339);
        let restored = app.restored_at().map(rfc3339);
        return json(
            DONE,
            &json!({
                "letters": letters,
                "mail_failing_since": failing,
                "restored_at": restored,
            }),
        );
    }
    let mut table = Table::new([
        Column::text("编号", 16),
        Column::text("状态", 16),
        Column::text("收件人", 32),
        Column::text("主题", 44),
        Column::number("次数", 4),
        Column::text("下次", 22),
        Column::text("答复", 40),
    ]);
    for letter in &letters {
        let cells: [&str; 7] = [
            &letter.id,
            letter_chinese(letter.state),
            &letter.to,
            &letter.subject,
            &letter.attempts.to_string(),
            &next_text(letter),
            letter.last_reply.as_deref().unwrap_or_default(),
        ];
        table.row(cells.map(Cell::from));
    }
    let mut text = table.render(false);
    text.push_str(&format!("共 {} 封\n", letters.len()));
    if let Some(since) = failing {
        let since = minute_text(since);
        text.push_str(&format!("邮件服务器自 {since} 起无法使用,待发的信恢复后自动补发\n"));
    }
    if app.restored_at().is_some() {
        text.push_str(RESTORED_TOLD);
    }
    Ok(printed(DONE, text))
}

pub(super) async fn release(app: &App, ids: &[String], who: &str) -> anyhow::Result<Response> {
    let (deliverer, now) = (app.deliverer(), app.now());
    let done = deliverer.release(ids, who, now).await?;
    let restored = app.restored_at().is_some();
    if restored && ids.is_empty() {
        app.store().update(|change| {
            change.delete_meta(RESTORED);
            Ok::<(), StoreError>(())
        })?;
    }
    let mut text = format!("已放行 {} 封", done.released.len());
    if !done.cancelled.is_empty() {
        text.push_str(&format!(",情况已变化而撤回 {} 封", done.cancelled.len()));
    }
    text.push('\n');
    text.push_str(match (restored, ids.is_empty()) {
        (false, _) => "",
        (true, true) => "恢复备份后的暂存到此为止,今后按 [mail] mode 发信\n",
        (true, false) => RESTORED_TOLD,
    });
    if let Some(leaves) = done.leaves {
        let server = deliverer.has_server();
        text.push_str(&told::leaving(leaves, server, app.is_serving(), now));
    }
    if done.not_held.is_empty() {
        return Ok(printed(DONE, text));
    }
    let stderr = format!("这些编号不是暂存的信:{}\n", done.not_held.join("、"));
    Ok(Response { exit: FOUND, stdout: text, stderr, ..Response::default() })
}
