//! What does each rule come to? One function a rule; each says why in plain Chinese.

use chrono::TimeDelta;

use super::stale::{Stale, content_stale, gaps, silent_for};
use super::{MenuHealth, Outcome, Ruling, day_text, oldest_as_of};
use crate::Timestamp;
use crate::account::{Account, Filing, platform};
use crate::coverage::Spans;
use crate::forecast::Forecast;
use crate::history::{Backing, EvidenceRef, History, Seen};
use crate::id::Channel;
use crate::link::MenuState;
use crate::looks::CONFIRM_APART_MIN;
use crate::observation::ProfileState;
use crate::patrol::RECTIFIED_WITHIN_DAYS;
use crate::rulebook::{Policy, Rule};
use crate::word::{Word, Words};

/// Connectors that say whether an app can be downloaded.
pub const DOWNLOAD_CONNECTORS: [&str; 4] = ["appstore", "huawei", "tencent", "apk"];
/// A store that had the app counts for this long.
const DOWNLOAD_AGE_MAX_DAYS: i64 = 7;

/// What the rules look at.
pub(super) struct Subject<'a> {
    pub(super) account: &'a Account,
    pub(super) history: &'a History,
    pub(super) joined: &'a Spans,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

pub(super) fn content_stale_ruling(s: &Subject<'_>, outlook: Option<Forecast>) -> Ruling {
    let days = s.policy.window_days();
    let last = s.history.last_update(s.now);
    let found = content_stale(&s.history.sightings, s.joined, s.policy.window, s.now);
    let (outcome, as_of, reason) = match found {
        Stale::Fresh(_) => {
            let outlook = outlook.expect("a fresh account has a last update with an earliest time");
            let risky = outlook.deadline - s.now <= s.policy.risk();
            let outcome = if risky { Outcome::AtRisk } else { Outcome::Pass };
            let reason =
                format!("{};将于{}满{days}天", last_text(last), day_text(outlook.deadline));
            (outcome, s.now, reason)
        }
        Stale::Silent(as_of) => {
            let reason = format!("截至{}的{days}天内无更新;{}", day_text(as_of), last_text(last));
            (Outcome::Fail, as_of, reason)
        }
        Stale::Unknown => (Outcome::Undetermined, s.now, unknown_text(s, last)),
    };
    let evidence = match outcome {
        Outcome::Pass | Outcome::AtRisk => {
            last.and_then(|seen| seen.evidence.clone()).into_iter().collect()
        }
        _ => newest_proofs(s.history, last),
    };
    Ruling { rule: Rule::ContentStale, outcome, as_of, reason, evidence }
}

fn last_text(last: Option<&Seen>) -> String {
    let Some(seen) = last else {
        return "没有采集到任何发布".to_owned();
    };
    let published = seen.sighting.published;
    let when = match published.earliest {
        None => format!("不晚于{}(日期不详)", day_text(published.latest)),
        Some(earliest) if published.latest - earliest < TimeDelta::minutes(1) => day_text(earliest),
        Some(earliest) => format!("{}至{}之间", day_text(earliest), day_text(published.latest)),
    };
    if seen.sighting.title.is_empty() {
        format!("最近更新:{when}")
    } else {
        format!("最近更新:{when}《{}》", seen.sighting.title)
    }
}

fn unknown_text(s: &Subject<'_>, last: Option<&Seen>) -> String {
    let days = s.policy.window_days();
    let since = s.now - s.policy.window;
    let straddles = last.is_some_and(|seen| {
        let at = seen.sighting.published;
        at.latest > since && at.earliest.is_none_or(|earliest| earliest <= since)
    });
    let why = if straddles {
        format!("最近一条发布的时间不够确切,无法断定是否在{days}天内")
    } else if s.joined.is_empty() && last.is_none() {
        return "还没有取得任何数据".to_owned();
    } else if s.joined.is_empty() {
        "现有来源只能证明发布过,不能证明没有发布".to_owned()
    } else if s.joined.until().is_some_and(|until| until < oldest_as_of(s.now)) {
        match lapsed_text(s, last) {
            Some(told) => told,
            None => {
                let until = s.joined.until().map(day_text).unwrap_or_default();
                format!("数据完整截至{until},已超过48小时")
            }
        }
    } else {
        gap_text(s)
    };
    format!("{why};{}", last_text(last))
}

/// Silence was proven and nothing came since; only that proof has aged. So that nobody wonders where the fail went.
fn lapsed_text(s: &Subject<'_>, last: Option<&Seen>) -> Option<String> {
    let until = s.joined.until()?;
    let proven = silent_for(&s.history.sightings, s.joined, s.policy.window, until)?;
    if last.is_some_and(|seen| seen.sighting.published.latest > proven) {
        return None;
    }
    let by_hand = s.history.attested_spans().until().is_some_and(|told| told >= until);
    let next = if by_hand {
        format!("人工核查将在{RECTIFIED_WITHIN_DAYS}天内或季度检查前再看")
    } else {
        "采集到新的数据后再判定".to_owned()
    };
    let (days, proven) = (s.policy.window_days(), day_text(proven));
    Some(format!("曾证实截至{proven}的{days}天内无更新,佐证已超过48小时,现状待核实;{next}"))
}

fn gap_text(s: &Subject<'_>) -> String {
    let holes = gaps(s.account, s.history, s.policy.window, s.now);
    let parts: Vec<_> = holes
        .iter()
        .filter_map(|(channel, spans)| {
            let first = spans.first()?;
            let name = channel_chinese(channel);
            Some(format!(
                "{name}在{}至{}之间没有数据",
                day_text(first.since),
                day_text(first.until)
            ))
        })
        .collect();
    if parts.is_empty() { "数据不足以判定".to_owned() } else { parts.join(",") }
}

/// The word for a channel.
pub fn channel_chinese(channel: &Channel) -> &str {
    match channel.as_str() {
        Channel::NOTIFIED => "群发",
        Channel::UNNOTIFIED => "发布(不通知)",
        Channel::POSTS => "发布",
        other => other,
    }
}

fn newest_proofs(history: &History, last: Option<&Seen>) -> Vec<EvidenceRef> {
    let proofs = history.proofs.values().filter_map(|proof| proof.evidence.clone());
    let words = history.attested.values().filter_map(|word| word.evidence.clone());
    let last = last.and_then(|seen| seen.evidence.clone());
    let mut all: Vec<_> = proofs.chain(words).chain(last).collect();
    all.sort();
    all.dedup();
    all
}

/// The bytes that carry what was said last; none where the newest that were kept say something else.
pub(super) fn newest_saying<T: Clone + Ord>(
    backing: &Backing<T>,
    said: &T,
    now: Timestamp,
) -> Option<EvidenceRef> {
    backing.newest(now).filter(|(_, answer)| answer == said).map(|(held, _)| held.clone())
}

/// The bytes of the two looks that confirm each other: the newest, and the newest at least an hour before it; while
/// one look stands alone, its own.
fn confirming(
    history: &History,
    wanted: impl Fn(&ProfileState) -> bool,
    now: Timestamp,
) -> Vec<EvidenceRef> {
    let run = history.states_backing.run(now, wanted);
    let Some(newest) = run.first() else { return Vec::new() };
    let apart = TimeDelta::minutes(CONFIRM_APART_MIN);
    let other = run.iter().find(|held| newest.at - held.at >= apart);
    other.into_iter().chain([newest]).map(|held| (*held).clone()).collect()
}

/// 移动客户端(APP)无法下载或使用: fails only when every declared download source is proved negative.
pub(super) fn app_unusable(s: &Subject<'_>) -> Option<Ruling> {
    if s.account.platform != platform::APP {
        return None;
    }
    let declared: Vec<String> = s
        .account
        .sources
        .iter()
        .filter(|source| DOWNLOAD_CONNECTORS.contains(&source.connector.as_str()))
        .map(ToString::to_string)
        .collect();
    let newest =
        |source: &String| s.history.downloads.get(source).and_then(|looks| looks.newest(s.now));
    let yes = declared.iter().find(|source| {
        newest(source).is_some_and(|(at, available)| {
            *available == Some(true) && s.now - *at <= TimeDelta::days(DOWNLOAD_AGE_MAX_DAYS)
        })
    });
    let all_no = !declared.is_empty()
        && declared.iter().all(|source| {
            newest(source).is_some_and(|(at, available)| {
                *available == Some(false) && *at >= oldest_as_of(s.now)
            })
        });
    let (outcome, as_of, reason) = if let Some(source) = yes {
        (Outcome::Pass, s.now, format!("可以下载({source})"))
    } else if all_no {
        let as_of = declared.iter().filter_map(newest).map(|(at, _)| *at).min().unwrap_or(s.now);
        (Outcome::Fail, as_of, format!("登记的下载渠道均无法下载:{}", declared.join("、")))
    } else if declared.is_empty() {
        (Outcome::Undetermined, s.now, "台账没有登记下载渠道,无法核验能否下载".to_owned())
    } else {
        (Outcome::Undetermined, s.now, "下载渠道尚未全部核实".to_owned())
    };
    // A pass rests on the one source that has the app; anything else on what each of them said.
    let named = yes.map_or(declared.as_slice(), std::slice::from_ref);
    let evidence = named
        .iter()
        .filter_map(|source| {
            let said = newest(source).map(|(_, available)| available)?;
            newest_saying(s.history.downloads_backing.get(source)?, said, s.now)
        })
        .collect();
    Some(Ruling { rule: Rule::AppUnusable, outcome, as_of, reason, evidence })
}

/// 安全、泄密事故: never decided by a machine.
pub(super) fn safety(now: Timestamp) -> Ruling {
    Ruling {
        rule: Rule::Safety,
        outcome: Outcome::Undetermined,
        as_of: now,
        reason: "需人工复核".to_owned(),
        evidence: Vec::new(),
    }
}

/// 账号注销、冻结: two looks at least an hour apart must agree. That persons do not find it by name is an empty answer:
/// it is said, and proves nothing.
pub(super) fn account_gone(s: &Subject<'_>, words: &Words) -> Ruling {
    let mut ruling = platform_state(s);
    let missed = words.not_found(s.now);
    let newest = missed.iter().map(|word| word.at).max();
    let answered = s.history.states.newest(s.now).map(|(at, _)| *at);
    if ruling.outcome != Outcome::Fail && newest > answered {
        let told: Vec<_> =
            missed.iter().map(|word| format!("{}({})", word.by, day_text(word.at))).collect();
        ruling.reason = format!(
            "{};{}搜不到账号,请核对账号标识,或确认是否已关停(不据此判定)",
            ruling.reason,
            told.join("、")
        );
    }
    ruling
}

fn platform_state(s: &Subject<'_>) -> Ruling {
    let bad = |state: &ProfileState| state.is_bad();
    let newest = s.history.states.newest(s.now);
    let evidence = match newest {
        Some((_, state)) if state.is_bad() => confirming(s.history, bad, s.now),
        Some((_, state)) => {
            newest_saying(&s.history.states_backing, state, s.now).into_iter().collect()
        }
        None => Vec::new(),
    };
    let rule = Rule::AccountGone;
    let ruling = |outcome, as_of, reason: String| Ruling { rule, outcome, as_of, reason, evidence };
    let Some((at, state)) = newest else {
        return ruling(Outcome::Undetermined, s.now, "平台没有给出账号状态".to_owned());
    };
    if let Some(as_of) =
        s.history.states.confirmed(s.now, bad).filter(|at| *at >= oldest_as_of(s.now))
    {
        let what = match state {
            ProfileState::Frozen => "账号已被冻结或封禁",
            _ => "账号已注销或不存在",
        };
        return ruling(Outcome::Fail, as_of, format!("{what}(两次核验一致,{})", day_text(as_of)));
    }
    if bad(state) {
        let reason = format!("平台答复账号异常({}),待相隔1小时以上再次核验", day_text(*at));
        return ruling(Outcome::Undetermined, *at, reason);
    }
    match state {
        ProfileState::Moved => {
            ruling(Outcome::Undetermined, *at, "账号已迁移,请更新台账标识".to_owned())
        }
        _ => ruling(Outcome::Pass, *at, format!("账号正常({})", day_text(*at))),
    }
}

/// 菜单链接: advises.
pub(super) fn menu_links(menu: &MenuHealth, doubt: Option<&Word>, now: Timestamp) -> Ruling {
    let outcome = match menu.state {
        MenuState::Healthy | MenuState::Absent => Outcome::Pass,
        MenuState::Degraded | MenuState::Broken | MenuState::Closed => Outcome::Fail,
        MenuState::Undetermined => Outcome::Undetermined,
    };
    let mut reason = menu.reason();
    if let Some(word) = doubt {
        let said = if word.detail.is_empty() { "菜单异常" } else { word.detail.as_str() };
        let at = day_text(word.at);
        reason = format!("{reason};{}({at})核查:{said},需人工复核", word.by);
    }
    let as_of = menu.read_at.unwrap_or(now);
    let evidence = menu.entries.iter().filter_map(|entry| entry.evidence.clone()).collect();
    Ruling { rule: Rule::MenuLinks, outcome, as_of, reason, evidence }
}

/// 备案: advises.
pub(super) fn filing(account: &Account, now: Timestamp) -> Ruling {
    let (outcome, reason) = match account.filing {
        Filing::Filed => (Outcome::Pass, "已备案"),
        Filing::Changing => (Outcome::Pass, "变更备案中"),
        Filing::Withdrawn => (Outcome::Fail, "已注销备案但仍在运行"),
        Filing::Unfiled => (Outcome::Fail, "未备案"),
        Filing::Unknown => (Outcome::Undetermined, "台账未填备案状态"),
    };
    let reason = reason.to_owned();
    Ruling { rule: Rule::Filing, outcome, as_of: now, reason, evidence: Vec::new() }
}
