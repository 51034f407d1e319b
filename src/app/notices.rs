//! Which faults have lasted long enough to tell the operators, and which are over? One letter each way, never one per
//! account.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::chinese;
use freshd_core::fault::FaultScope;
use freshd_core::reminder::Reason;
use serde::{Deserialize, Serialize};

use super::App;
use super::troubles::{Gathered, LOCAL, Trouble, of_breaker, one_network};
use crate::notify::META_RELAY_FAILING_SINCE;
use crate::notify::operator::{Matter, OperatorLetter};
use crate::notify::report::WrittenLetter;
use crate::notify::tick::NotifyError;

/// `Told`: what the operators have been told of.
const META_TOLD: &str = "operators.told";
/// A fault of platform, connector or machine is told when it has lasted for so long.
pub const LASTS_AFTER: TimeDelta = TimeDelta::hours(1);
/// A platform that cannot be reached is told only now, while no other has been asked: it may be our own network.
pub const ALONE_AFTER: TimeDelta = TimeDelta::hours(6);
/// Credentials are told at once, and further ones together after this: each account may have its own.
pub const CREDENTIALS_AGAIN: TimeDelta = TimeDelta::hours(1);
/// How exactly is remembered when a trouble was last seen.
const SEEN_STEP: TimeDelta = TimeDelta::minutes(10);
/// The key of the mail server's trouble.
const MAIL: &str = "mail";
/// The key of the mailbox's trouble.
const INBOX: &str = "inbox";
/// The key of the full disk.
const DISK: &str = "disk";

/// What the operators have been told of and is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    open: BTreeMap<String, Open>,
    credentials_at: Option<Timestamp>,
    /// When the machine's own network came back: what has failed since before may still be on its way back.
    network_back: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    name: String,
    since: Timestamp,
    seen: Timestamp,
}

impl Told {
    /// Has it been found to fail since the machine's own network came back? Before that nobody could be reached.
    fn is_fresh(&self, trouble: &Trouble) -> bool {
        trouble.key == LOCAL || self.network_back.is_none_or(|back| trouble.seen > back)
    }

    /// From when a trouble is counted.
    fn counted_from(&self, trouble: &Trouble) -> Timestamp {
        match trouble.key == LOCAL {
            true => trouble.since,
            false => self.network_back.map_or(trouble.since, |back| trouble.since.max(back)),
        }
    }
}

/// What is to be told now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Troubles that have lasted.
    pub begun: Vec<Trouble>,
    /// Names of those that are over, with their beginning.
    pub over: Vec<(String, Timestamp)>,
}

/// Compares what fails with what was told. `cured` says whether a trouble that is not seen any more is over: after a
/// restart nobody knows until an answer has come.
pub fn decide(
    told: &mut Told,
    troubles: &[Trouble],
    cured: impl Fn(&str, Timestamp) -> bool,
    now: Timestamp,
) -> News {
    let mut news = News::default();
    let over: Vec<String> = told
        .open
        .iter()
        .filter(|(key, open)| {
            !troubles.iter().any(|trouble| trouble.key == **key) && cured(key, open.seen)
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in over {
        if let Some(open) = told.open.remove(&key) {
            if key == LOCAL {
                told.network_back = Some(now);
            }
            news.over.push((open.name, open.since));
        }
    }
    let opens = told.credentials_at.is_none_or(|at| at > now || now - at >= CREDENTIALS_AGAIN);
    for trouble in troubles {
        if let Some(open) = told.open.get_mut(&trouble.key) {
            if now - open.seen >= SEEN_STEP {
                open.seen = now;
            }
            continue;
        }
        let due = match trouble.scope {
            FaultScope::Credential => opens,
            _ => {
                let after = if trouble.alone { ALONE_AFTER } else { LASTS_AFTER };
                let lasts = trouble.paused && told.is_fresh(trouble);
                lasts && now - told.counted_from(trouble) > after
            }
        };
        if !due {
            continue;
        }
        if trouble.scope == FaultScope::Credential {
            told.credentials_at = Some(now);
        }
        let open = Open { name: trouble.name.clone(), since: trouble.since, seen: now };
        told.open.insert(trouble.key.clone(), open);
        // While the mail server is down a letter about it only comes when it is up again.
        if trouble.key != MAIL {
            news.begun.push(trouble.clone());
        }
    }
    news
}

/// Looks at what fails now and writes to the operators what they should know; the number of letters.
pub fn tick(app: &App, gathered: &Gathered, now: Timestamp) -> Result<usize, NotifyError> {
    let mut troubles = one_network(of_breaker(&app.env.failing()), gathered);
    troubles.extend(own(app, now)?);
    Ok(write(app, gathered, &troubles, now)?.len())
}

/// The notifier by hand, where no daemon runs: credentials are told at once, so what the records know of them suffices.
/// What must last before it is told needs somebody who watches. `dry_run` only says what would be told.
pub fn by_hand(app: &App, now: Timestamp, dry_run: bool) -> Result<ByHand, NotifyError> {
    let survey = app.survey(now)?;
    let mut troubles = survey.gathered.troubles(&[]);
    troubles.retain(|trouble| trouble.scope == FaultScope::Credential);
    let mut told: Told = app.store().meta(META_TOLD)?.unwrap_or_default();
    let news = decide(&mut told, &troubles, |_, _| false, now);
    let begun = news.begun.iter().map(|trouble| trouble.line(now)).collect();
    let letters = if dry_run { Vec::new() } else { write(app, &survey.gathered, &troubles, now)? };
    Ok(ByHand { begun, letters })
}

/// What [`by_hand`] found and wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByHand {
    /// Faults of credentials that the operators have not been told of, a line each.
    pub begun: Vec<String>,
    /// The letters.
    pub letters: Vec<WrittenLetter>,
}

fn write(
    app: &App,
    gathered: &Gathered,
    troubles: &[Trouble],
    now: Timestamp,
) -> Result<Vec<WrittenLetter>, NotifyError> {
    let before: Told = app.store().meta(META_TOLD)?.unwrap_or_default();
    if troubles.is_empty() && before.open.is_empty() {
        return Ok(Vec::new());
    }
    let cured = |key: &str, seen: Timestamp| match key {
        MAIL | INBOX | DISK => true,
        key => gathered.clean_at(key).is_some_and(|at| at > seen),
    };
    let notifier = app.notifier();
    app.store().update(|change| {
        let mut told: Told = change.meta(META_TOLD)?.unwrap_or_default();
        let news = decide(&mut told, troubles, cured, now);
        if told != before {
            change.put_meta(META_TOLD, &told)?;
        }
        let matters = matters(&news, now);
        if matters.is_empty() {
            return Ok(Vec::new());
        }
        let letter = OperatorLetter {
            reason: Reason::Operator,
            subject: None,
            matters,
            attachments: Vec::new(),
        };
        notifier.tell(change, &letter, now)
    })
}

/// What goes wrong on this machine and is no fault of a poll.
fn own(app: &App, now: Timestamp) -> Result<Vec<Trouble>, NotifyError> {
    let one = |key: &str, name: &str, since: Timestamp, detail: &str| Trouble {
        key: key.to_owned(),
        scope: FaultScope::Local,
        name: name.to_owned(),
        since: since.min(now),
        seen: now,
        accounts: 0,
        paused_until: None,
        paused: true,
        unreached: false,
        alone: false,
        detail: detail.to_owned(),
    };
    let relay: Option<Timestamp> = app.store().meta(META_RELAY_FAILING_SINCE)?;
    let mail = relay.map(|since| one(MAIL, "邮件服务器", since, "信件顺延,恢复后自动补发"));
    let low = app.health.disk_low_since();
    let disk = low.map(|since| one(DISK, "磁盘空间", since, "空间不足,已停止采集;请清理磁盘"));
    let inbox = super::mailbox::reading(app)?;
    let used = app.config().mail.inbox.server.is_some();
    let inbox = inbox
        .failing_since
        .filter(|_| used)
        .map(|since| one(INBOX, "收件邮箱", since, &format!("退信和回信读不到:{}", inbox.fault)));
    Ok(mail.into_iter().chain(inbox).chain(disk).collect())
}

fn matters(news: &News, now: Timestamp) -> Vec<Matter> {
    let mut matters = Vec::new();
    if !news.begun.is_empty() {
        let lines = news.begun.iter().map(|trouble| trouble.line(now)).collect();
        let keys = news.begun.iter().map(|it| format!("{} {}", it.key, it.since.timestamp()));
        let keys: Vec<String> = keys.collect();
        let words = "以下故障影响采集,相关账号暂时无法核实;故障本身不会使任何账号被判为不达标。授权凭证类的故障需要\
                     人工处理(更新凭证、在平台后台加入 IP 白名单或开通接口),其余恢复后自动继续。";
        let title = format!("{} 项故障", news.begun.len());
        matters.push(Matter::new(title, words, lines, format!("trouble {}", keys.join("; "))));
    }
    if !news.over.is_empty() {
        let line = |(name, since): &(String, Timestamp)| {
            format!("{name}:自{}起的故障已恢复", chinese(*since))
        };
        let lines = news.over.iter().map(line).collect();
        let keys = news.over.iter().map(|(name, since)| format!("{name} {}", since.timestamp()));
        let keys: Vec<String> = keys.collect();
        let title = format!("{} 项故障已恢复", news.over.len());
        let key = format!("trouble over {}", keys.join("; "));
        matters.push(Matter::new(title, "以下故障已经恢复,无需处理。", lines, key));
    }
    matters
}

#[cfg(test)]
mod tests;
