//! What happened since yesterday? The digest for the operators: totals, what turned bad, what fails, letters, gaps.

use freshd_core::account::Account;
use freshd_core::civil::{chinese, rfc3339};
use freshd_core::owner::OwnerWord;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::rulebook::Policy;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, Outcome};
use freshd_core::{Timestamp, civil};

use super::App;
use super::owner::requests::word_line;
use super::troubles::Gathered;
use crate::config::calendar::{gap, gap_text};
use crate::notify::META_RELAY_FAILING_SINCE;
use crate::notify::operator::{Matter, OperatorLetter};
use crate::report::view::Totals;
use crate::report::words::platform_chinese;
use crate::store::{LetterState, StoreError};

/// What one walk through the accounts gathers.
#[derive(Default)]
struct Walk {
    totals: Totals,
    failing: Vec<String>,
    at_risk: Vec<String>,
    gathered: Gathered,
    without_address: Vec<String>,
}

/// The digest of an appointed time; `since` is the one before.
pub(super) fn letter(
    app: &App,
    fire: Timestamp,
    since: Timestamp,
    now: Timestamp,
) -> anyhow::Result<OperatorLetter> {
    let walk = walk(app, since, now)?;
    let mut matters = vec![totals(&walk.totals, format!("digest {}", rfc3339(fire)))];
    let lists = [
        ("新增疑似不达标", "以下账号自上次日报以来转为疑似不达标。", walk.failing),
        ("新增预警", "以下账号自上次日报以来临近更新期限。", walk.at_risk),
    ];
    for (title, words, lines) in lists {
        matters.extend(listed(title, words, lines));
    }
    let troubles = walk.gathered.troubles(&app.env.failing());
    let mut lines: Vec<String> = troubles.iter().map(|trouble| trouble.line(now)).collect();
    if walk.gathered.own > 0 {
        lines.push(format!("账号自身的问题:{} 个账号,详见 freshd status", walk.gathered.own));
    }
    let words = "以下故障影响采集,有关账号暂时无法核实;故障本身不会使账号被判为不达标。";
    matters.extend(listed("采集故障", words, lines));
    matters.extend(requests(app)?);
    matters.extend(mail(app, since)?);
    let left = super::mailbox::reading(app)?.left;
    let left = left.iter().map(|(file, why)| format!("{file}:{why}")).collect();
    let words =
        "收件目录里的这些文件读不了或不能移走,没有处理。请改正权限,或移走(freshd mail inbox)。";
    matters.extend(listed("未能处理的来信文件", words, left));
    let words =
        "这些账号在台账里没有可用的联系人、责任人或主管单位邮箱,提醒无法送达。请补填后重新导入。";
    matters.extend(listed("没有可用邮箱的账号", words, walk.without_address));
    matters.extend(app.contacts()?.matter());
    matters.extend(calendar(app, now));
    let subject = format!(
        "日报 {}:疑似不达标 {},预警 {},待核实 {}",
        civil::chinese_day(fire),
        walk.totals.fail,
        walk.totals.at_risk,
        walk.totals.undetermined
    );
    Ok(OperatorLetter {
        reason: Reason::Operator,
        subject: Some(subject),
        matters,
        attachments: Vec::new(),
    })
}

fn walk(app: &App, since: Timestamp, now: Timestamp) -> Result<Walk, StoreError> {
    let parts = app.env.parts();
    let policy = &parts.terms.policy;
    let mut walk = Walk::default();
    app.for_each_judged(now, |account, state, judgement| {
        let Some(verdict) = judgement.verdict else { return Ok(true) };
        walk.totals.add(judgement.verdict);
        walk.gathered.add(&account, &state, &parts.means.registry);
        if is_new(&state, &judgement, policy, since) {
            match verdict {
                Outcome::Fail => walk.failing.push(line(&account, &judgement)),
                Outcome::AtRisk => walk.at_risk.push(line(&account, &judgement)),
                Outcome::Pass | Outcome::Undetermined => {}
            }
        }
        if crate::notify::addresses(&account, Audience::Owner).is_empty() {
            walk.without_address.push(named(&account));
        }
        Ok(true)
    })?;
    Ok(walk)
}

/// Did the verdict become what it is after `since`? By the record where a poll saw it turn, else by the clock.
fn is_new(state: &AccountState, judgement: &Judgement, policy: &Policy, since: Timestamp) -> bool {
    match (&state.standing, judgement.forecast) {
        (Some(standing), _) if standing.verdict == judgement.verdict => standing.since > since,
        (_, Some(outlook)) if judgement.verdict == Some(Outcome::AtRisk) => {
            outlook.deadline - policy.risk() > since
        }
        _ => true,
    }
}

fn named(account: &Account) -> String {
    let platform = platform_chinese(&account.platform);
    format!("{}({platform},{}){}", account.name, account.id, account.sponsor)
}

fn line(account: &Account, judgement: &Judgement) -> String {
    let bad = judgement.vetoes().find(|ruling| Some(ruling.outcome) == judgement.verdict);
    let why =
        bad.map_or(String::new(), |ruling| format!(":{},{}", ruling.rule.chinese(), ruling.reason));
    format!("{}{why}", named(account))
}

fn totals(totals: &Totals, key: String) -> Matter {
    let line = format!(
        "在运行账号 {} 个:达标 {},预警 {},疑似不达标 {},待核实 {}",
        totals.all(),
        totals.pass,
        totals.at_risk,
        totals.fail,
        totals.undetermined
    );
    Matter::new("总体情况".to_owned(), "供自查,不作为通报依据。", vec![line], key)
}

fn listed(title: &str, words: &str, lines: Vec<String>) -> Option<Matter> {
    let title = format!("{title} {} 项", lines.len());
    (!lines.is_empty()).then(|| Matter::new(title, words, lines, String::new()))
}

/// Letters that wait or did not arrive, and the mail server.
fn mail(app: &App, since: Timestamp) -> Result<Option<Matter>, StoreError> {
    let mut lines = Vec::new();
    if let Some(down) = app.store().meta::<Timestamp>(META_RELAY_FAILING_SINCE)? {
        lines.push(format!("邮件服务器自{}起无法使用,信件顺延", chinese(down)));
    }
    let counts = app.store().letter_counts()?;
    let count = |state: LetterState| counts.get(&state).copied().unwrap_or(0);
    let waiting = count(LetterState::Queued) + count(LetterState::Sending);
    if waiting > 0 {
        lines.push(format!("待发 {waiting} 封"));
    }
    let held = count(LetterState::Held);
    if held > 0 {
        lines.push(format!("暂存待放行 {held} 封(freshd mail outbox、freshd mail release)"));
    }
    let mut failed = 0;
    app.store().for_each_letter(|letter| {
        let lost = [LetterState::Refused, LetterState::Bounced, LetterState::GivenUp];
        if lost.contains(&letter.state) && letter.first_attempt.is_some_and(|at| at > since) {
            failed += 1;
        }
        Ok(true)
    })?;
    if failed > 0 {
        lines.push(format!("上次日报以来被拒收或未能送达 {failed} 封"));
    }
    Ok(listed("信件", "信件的情况。", lines))
}

/// What owners said and an operator has not decided on yet.
fn requests(app: &App) -> Result<Option<Matter>, StoreError> {
    let line = |(word, account): &(OwnerWord, Option<Account>)| {
        let name = account.as_ref().map_or_else(|| word.account.to_string(), named);
        format!("[{}] {name}:{}({},信 {})", word.id, word_line(word), word.to, word.letter)
    };
    let lines = super::owner::requests::listed(app, None, false)?.iter().map(line).collect();
    let words = "账号方从信里的链接反馈,等待处理:freshd requests approve 编号,或 reject 编号。";
    Ok(listed("账号方待处理请求", words, lines))
}

/// A year is near whose working days nobody has told us.
fn calendar(app: &App, now: Timestamp) -> Option<Matter> {
    let year = gap(&app.config().calendar, now)?;
    listed("日历", "缺放假安排。", vec![gap_text(year)])
}

#[cfg(test)]
mod tests;
