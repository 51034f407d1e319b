//! Is a link dead, or did it only fail? Answers joined over time.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Author, LinkHealth};
use crate::Timestamp;
use crate::history::EvidenceRef;

/// A host must be missing at two looks at least this many minutes apart.
pub const HOST_GONE_CONFIRM_MIN: i64 = 10;
/// Failures closer together than this count once, minutes.
const APART_MIN: i64 = 60;

/// When a link that fails is called dead; `[policy] link_dead_checks` and `link_dead_hours`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// Checks that must have failed, at least an hour apart.
    pub checks: u32,
    /// From the first of them to the last.
    pub span: TimeDelta,
}

impl Default for LinkTerms {
    /// 3 checks over 24 hours.
    fn default() -> Self {
        Self { checks: 3, span: TimeDelta::hours(24) }
    }
}

impl LinkTerms {
    /// How long a failing link waits for its next look, so that the checks fill the span.
    pub fn step(&self) -> TimeDelta {
        let steps = i32::try_from(self.checks.saturating_sub(1)).unwrap_or(i32::MAX).max(1);
        (self.span / steps).max(TimeDelta::minutes(APART_MIN))
    }
}

/// What the last check of one address found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCheck {
    /// The finding.
    pub health: LinkHealth,
    /// Why, in words for people.
    pub reason: String,
    /// When it was checked.
    pub checked_at: Timestamp,
    /// Since when it has been found like this without a break.
    pub since: Timestamp,
    /// Since when the host's name has not resolved, without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_gone_since: Option<Timestamp>,
    /// How it has been failing since its last good answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Ailing>,
    /// Since when it has said 维护中, without a good answer between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upkeep_since: Option<Timestamp>,
    /// What was received when it was last found dead or unstable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRef>,
    /// Whose article it was when a page last said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
}

/// Failures without a good answer between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ailing {
    /// The first.
    pub since: Timestamp,
    /// The last that counted.
    pub last: Timestamp,
    /// Those that counted: at least an hour apart.
    pub times: u32,
}

impl Ailing {
    fn once_more(before: Option<Self>, now: Timestamp) -> Self {
        match before {
            None => Self { since: now, last: now, times: 1 },
            Some(held) if now - held.last < TimeDelta::minutes(APART_MIN) => held,
            Some(held) => Self { last: now, times: held.times.saturating_add(1), ..held },
        }
    }

    fn is_proof(&self, terms: &LinkTerms) -> bool {
        self.times >= terms.checks && self.last - self.since >= terms.span
    }
}

/// What one request for a link brought, before it is joined with what was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkAnswer {
    /// Content that looks alive.
    Alive,
    /// Proven dead by this answer alone (404, 410, a tombstone), with the reason.
    Dead(String),
    /// An answer that is no content (a soft-dead page 软死链, a server's error), with the reason: dead only by
    /// [`LinkTerms`].
    Failing(String),
    /// No answer (no connection, nothing in time), with the reason: as [`LinkAnswer::Failing`], and it counts only
    /// while other sites answer us.
    Unreachable(String),
    /// The site says that it is being worked on 维护中, with the reason: unstable for as long as it says so, never
    /// dead.
    Upkeep(String),
    /// The host's name does not resolve: dead only if a second look at least [`HOST_GONE_CONFIRM_MIN`] minutes later
    /// agrees while other names resolve.
    HostGone,
    /// Nothing can be concluded, with the reason.
    Unknown(String),
}

/// Joins an answer with what was known. One good answer makes a link alive; `others_answer` says whether other sites
/// were reached lately, for else it may be our own network that is ill.
pub fn join(
    before: Option<&LinkCheck>,
    answer: &LinkAnswer,
    others_answer: bool,
    terms: &LinkTerms,
    now: Timestamp,
) -> LinkCheck {
    let mut next = LinkCheck {
        health: LinkHealth::Undetermined,
        reason: String::new(),
        checked_at: now,
        since: now,
        host_gone_since: None,
        failing: before.and_then(|check| check.failing),
        upkeep_since: before.and_then(|check| check.upkeep_since),
        evidence: before.and_then(|check| check.evidence.clone()),
        author: before.and_then(|check| check.author.clone()),
    };
    match answer {
        LinkAnswer::Alive => {
            let was_dead = before.is_some_and(|check| check.health == LinkHealth::Dead);
            let reason = if was_dead { "曾经失效,已恢复" } else { "可以打开" };
            (next.health, next.reason) = (LinkHealth::Alive, reason.to_owned());
            (next.failing, next.upkeep_since, next.evidence) = (None, None, None);
        }
        LinkAnswer::Dead(reason) => {
            next.failing = Some(Ailing::once_more(next.failing, now));
            (next.health, next.reason) = (LinkHealth::Dead, reason.clone());
        }
        LinkAnswer::Failing(reason) => next.failed(before, reason, terms, now),
        LinkAnswer::Unreachable(reason) if others_answer => {
            next.failed(before, reason, terms, now);
        }
        LinkAnswer::Unreachable(reason) => {
            next.reason = format!("{reason};本机网络可能有问题,暂不判定");
        }
        LinkAnswer::Upkeep(reason) => {
            let since = *next.upkeep_since.get_or_insert(now);
            (next.health, next.reason) = (LinkHealth::Unstable, lasting(reason, since, now));
        }
        LinkAnswer::HostGone if !others_answer => {
            next.reason = "本机域名解析可能有问题,暂不判定".to_owned();
        }
        LinkAnswer::HostGone => next.host_gone(before, now),
        LinkAnswer::Unknown(reason) => next.reason.clone_from(reason),
    }
    let same = before.filter(|check| check.health == next.health);
    next.since = same.map_or(now, |check| check.since);
    next
}

impl LinkCheck {
    /// It failed: unstable, until it has failed often and long enough. What was dead stays dead.
    fn failed(
        &mut self,
        before: Option<&LinkCheck>,
        reason: &str,
        terms: &LinkTerms,
        now: Timestamp,
    ) {
        let ailing = Ailing::once_more(self.failing, now);
        self.failing = Some(ailing);
        let was_dead = before.is_some_and(|check| check.health == LinkHealth::Dead);
        if was_dead || ailing.is_proof(terms) {
            let hours = (now - ailing.since).num_hours();
            let reason = format!("{reason}({hours}小时内{}次核验均失败)", ailing.times);
            (self.health, self.reason) = (LinkHealth::Dead, reason);
        } else {
            let (times, checks, hours) = (ailing.times, terms.checks, terms.span.num_hours());
            self.health = LinkHealth::Unstable;
            self.reason =
                format!("{reason}(第{times}次失败;{hours}小时内{checks}次核验均失败才判为失效)");
        }
    }

    fn host_gone(&mut self, before: Option<&LinkCheck>, now: Timestamp) {
        let first = before.and_then(|check| check.host_gone_since).unwrap_or(now);
        self.host_gone_since = Some(first);
        let reason;
        (self.health, reason) = if now - first >= TimeDelta::minutes(HOST_GONE_CONFIRM_MIN) {
            (LinkHealth::Dead, "域名不存在(两次核验一致)")
        } else {
            (LinkHealth::Undetermined, "域名无法解析,待10分钟后复核")
        };
        self.reason = reason.to_owned();
    }

    /// When it is to be looked at again.
    pub fn next_look(&self, terms: &LinkTerms) -> Timestamp {
        let wait = match (self.health, self.host_gone_since, self.failing) {
            (LinkHealth::Undetermined, Some(_), _) => TimeDelta::minutes(HOST_GONE_AGAIN_MIN),
            (LinkHealth::Alive, ..) => TimeDelta::hours(ALIVE_H),
            (LinkHealth::Unstable, _, Some(_)) if self.upkeep_since.is_none() => {
                terms.step().min(TimeDelta::hours(OTHER_H + 1))
            }
            _ => TimeDelta::hours(OTHER_H),
        };
        self.checked_at + wait
    }
}

/// A link that answered is checked again after so many hours.
const ALIVE_H: i64 = 71;
/// A link that did not is checked again after so many hours.
const OTHER_H: i64 = 11;
/// A host that was missing is looked up again after so many minutes.
const HOST_GONE_AGAIN_MIN: i64 = 11;

fn lasting(reason: &str, since: Timestamp, now: Timestamp) -> String {
    match (now - since).num_days() {
        0 => format!("{reason};维护结束前不判定为失效"),
        days => format!("{reason},已持续 {days} 天"),
    }
}
