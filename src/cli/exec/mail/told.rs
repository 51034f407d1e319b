//! What did a run of the notifier do? Letter by letter: to whom, why, of which accounts, and what became of it.

use std::fmt::Write as _;

use freshd_core::Timestamp;
use freshd_core::civil::minute_text;
use freshd_core::reminder::Reason;

use crate::app::notices::ByHand;
use crate::notify::deliver::DeliverReport;
use crate::notify::report::{NotifyReport, ToldAccount, WrittenLetter};
use crate::report::words::plain;
use crate::store::LetterState;

/// The report for people; `sent` if letters were delivered, too.
pub(super) fn text(report: &NotifyReport, sent: Option<&DeliverReport>) -> String {
    let mut out = format!("{}\n", plain_lines(&report.summary()));
    for letter in &report.letters {
        letter_text(&mut out, letter, report);
    }
    if let Some(sent) = sent {
        let _ = write!(out, "已发出 {} 封", sent.accepted);
        let others = [
            (sent.refused, "被拒收"),
            (sent.deferred, "暂未发出"),
            (sent.waiting, "等待发信时间"),
            (sent.given_up, "放弃"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            let _ = write!(out, ",{what} {count} 封");
        }
        out.push_str("。\n");
        if let Some(fault) = &sent.relay_fault {
            let _ = writeln!(out, "邮件服务器无法使用:{}", plain(fault));
        }
    }
    out
}

/// Faults of credentials that the operators are told of.
pub(super) fn faults(found: &ByHand, dry_run: bool) -> String {
    if found.begun.is_empty() {
        return String::new();
    }
    let what = match (dry_run, found.letters.is_empty()) {
        (true, _) => "正式运行时会写信告知管理员",
        (false, false) => "已写信告知管理员",
        (false, true) => "没有写信:配置里没有管理员邮箱([mail] operators)",
    };
    let mut out = format!("授权凭证类的故障 {} 项,{what}:\n", found.begun.len());
    for line in &found.begun {
        let _ = writeln!(out, "  {}", plain(line));
    }
    out
}

/// When released letters leave, and what sends them.
pub(super) fn leaving(
    (first, last): (Timestamp, Timestamp),
    has_server: bool,
    serving: bool,
    now: Timestamp,
) -> String {
    if !has_server {
        return "还没有配置邮件服务器([mail] server),配置之前发不出去\n".to_owned();
    }
    let when = match (first > now, last > now) {
        (false, false) => "现在就可以发出".to_owned(),
        (false, true) => format!("现在就可以发出(其余 {} 起)", minute_text(last)),
        (true, _) => format!("现在不在发信时间内,{} 起可以发出", minute_text(first)),
    };
    let by = match (serving, first > now) {
        (true, _) => "由正在运行的守护程序发出",
        (false, true) => "到那时须有守护程序(freshd run)在运行,或者再运行一次 freshd notify",
        (false, false) => {
            "守护程序没有在运行:运行 freshd notify 发出这些信,或者启动守护程序(freshd run)"
        }
    };
    format!("{when};{by}。要立即发出一封:freshd mail retry 编号\n")
}

fn letter_text(out: &mut String, letter: &WrittenLetter, report: &NotifyReport) {
    let reasons: Vec<&str> = letter.reason.iter().map(|reason| reason_chinese(*reason)).collect();
    let _ = writeln!(out, "  {}({})", plain(&letter.to), reasons.join("、"));
    let _ = writeln!(out, "    《{}》:{}", plain(&letter.subject), state(letter));
    let to_them = |told: &&ToldAccount| {
        letter.accounts.contains(&told.account) && told.to.contains(&letter.to)
    };
    let mut named: Vec<&str> = Vec::new();
    for told in report.told.iter().filter(to_them) {
        let (name, rule) = (plain(&told.name), told.rule.chinese());
        let why = reason_chinese(told.reason);
        let _ = writeln!(out, "    {name}({}):{rule},{why}", plain(&told.account));
        named.push(&told.account);
    }
    for account in letter.accounts.iter().filter(|account| !named.contains(&account.as_str())) {
        let _ = writeln!(out, "    {}", plain(account));
    }
}

/// What becomes of it, or became.
fn state(letter: &WrittenLetter) -> String {
    let next = letter.next_attempt.map(minute_text).unwrap_or_default();
    match letter.state {
        LetterState::Held => format!("暂存;{}", letter.why),
        LetterState::Queued => {
            format!("待发;{}", if next.is_empty() { &letter.why } else { &next })
        }
        LetterState::Sending => "正在发出".to_owned(),
        LetterState::Accepted => "邮件服务器已接收".to_owned(),
        LetterState::Bounced | LetterState::Refused => "被拒收".to_owned(),
        LetterState::Cancelled => "已撤回".to_owned(),
        LetterState::GivenUp => "已放弃".to_owned(),
    }
}

/// Why a letter is written, for people.
fn reason_chinese(reason: Reason) -> &'static str {
    match reason {
        Reason::Overdue => "已超期",
        Reason::Reminder => "临近期限",
        Reason::Escalation => "提请主管单位督促",
        Reason::Rectified => "已整改",
        Reason::PreHoliday => "节前提醒",
        Reason::Precheck => "季度自查",
        Reason::EvidenceRequest => "请核实更新情况",
        Reason::Operator => "告知管理员",
    }
}

fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
