//! Does the account pass, fail, or is it undetermined? Three-valued rulings, each with its clause and evidence.
//!
//! A fail needs proof: the whole window covered on every counting channel and no post that can lie in it. A
//! fault, an empty answer or a gap is never a fail; it is `undetermined` 待核实.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::account::Account;
use crate::coverage::Spans;
use crate::fault::Fault;
use crate::forecast::{Forecast, forecast};
use crate::history::{EvidenceRef, History, Seen};
use crate::id::Channel;
use crate::link::MenuState;
use crate::rulebook::{AS_OF_AGE_MAX_H, Policy, Rule};
use crate::state::AccountState;
use crate::{circular, civil};

mod interaction;
mod menu;
mod rules;
mod stale;

pub use interaction::{INTERACTION_AGE_MAX_DAYS, consultations, interaction_chinese, last_said};
pub use menu::{MenuEntryHealth, MenuHealth, menu_health};
pub use rules::{DOWNLOAD_CONNECTORS, channel_chinese};
pub use stale::{Stale, content_stale, gaps, silent_for};

/// What a rule, or the account, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 达标.
    Pass,
    /// 预警: a pass with a deadline in sight.
    AtRisk,
    /// 疑似不达标.
    Fail,
    /// 待核实.
    Undetermined,
}

impl Outcome {
    /// The four, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Pass, Self::AtRisk, Self::Fail, Self::Undetermined];

    /// The key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::AtRisk => "at_risk",
            Self::Fail => "fail",
            Self::Undetermined => "undetermined",
        }
    }

    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Pass => "达标",
            Self::AtRisk => "预警",
            Self::Fail => "疑似不达标",
            Self::Undetermined => "待核实",
        }
    }
}

/// How alive the account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// A post within the window.
    Active,
    /// 睡眠: proven silent past the window.
    Dormant,
    /// 僵尸: proven silent past `zombie_days`, or gone, or unusable.
    Zombie,
    /// Not known.
    Undetermined,
}

impl Activity {
    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Active => "活跃",
            Self::Dormant => "睡眠",
            Self::Zombie => "僵尸",
            Self::Undetermined => "待核实",
        }
    }
}

/// What the evidence of an account rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceClass {
    /// 自动可判: a source whose silence proves something.
    Auto,
    /// 只能证有: hits without coverage.
    HitsOnly,
    /// 人工或自报: a person's word.
    Attested,
    /// 无来源.
    None,
}

impl EvidenceClass {
    /// All of them, strongest first.
    pub const ALL: [Self; 4] = [Self::Auto, Self::HitsOnly, Self::Attested, Self::None];

    /// The key in interfaces.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::HitsOnly => "hits_only",
            Self::Attested => "attested",
            Self::None => "none",
        }
    }

    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Auto => "自动可判",
            Self::HitsOnly => "只能证有",
            Self::Attested => "人工或自报",
            Self::None => "无来源",
        }
    }
}

/// One rule's outcome, with why.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// Which rule.
    pub rule: Rule,
    /// What it comes to.
    pub outcome: Outcome,
    /// The instant that the outcome speaks of 数据截至.
    pub as_of: Timestamp,
    /// Why, in words for people.
    pub reason: String,
    /// What backs it.
    pub evidence: Vec<EvidenceRef>,
}

/// Everything there is to say of one account at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The instant.
    pub now: Timestamp,
    /// `None` for accounts that are not judged (已关停, 已注销).
    pub verdict: Option<Outcome>,
    /// Active, dormant, zombie or undetermined.
    pub activity: Activity,
    /// What the evidence rests on.
    pub evidence_class: EvidenceClass,
    /// The post with the newest certain time.
    pub last_update: Option<Seen>,
    /// End of the joined coverage 数据完整截至.
    pub proven_until: Option<Timestamp>,
    /// Deadline and days left, where a last update is known.
    pub forecast: Option<Forecast>,
    /// Each rule's outcome.
    pub rulings: Vec<Ruling>,
    /// The menu and its entries.
    pub menu: MenuHealth,
    /// The rules that the last quarter's circular named it for.
    pub named: Vec<Rule>,
    /// Does a source fail in a way that only the account's owner can mend?
    pub owner_can_mend: bool,
}

impl Judgement {
    /// The ruling of one rule.
    pub fn ruling(&self, rule: Rule) -> Option<&Ruling> {
        self.rulings.iter().find(|ruling| ruling.rule == rule)
    }

    /// The rules that fail and veto.
    pub fn vetoes(&self) -> impl Iterator<Item = &Ruling> {
        self.rulings.iter().filter(|r| r.rule.is_veto() && r.outcome == Outcome::Fail)
    }
}

/// The channels that count for an account: the platform's own, else those of its connectors.
pub fn counting_channels(account: &Account, history: &History) -> Vec<Channel> {
    account.platform_channels().unwrap_or_else(|| {
        if history.channels.is_empty() {
            vec![Channel::posts()]
        } else {
            history.channels.iter().cloned().collect()
        }
    })
}

/// Judges one account at one instant. Pure: the same inputs give the same judgement.
pub fn judge(
    account: &Account,
    state: &AccountState,
    policy: &Policy,
    now: Timestamp,
) -> Judgement {
    let history = &state.history;
    let joined = joined_coverage(account, history);
    let doubt = state.words.menu_wrong(now);
    let menu = menu::doubted(menu_health(account, state), doubt);
    let last_update = history.last_update(now).cloned();
    let forecast = last_update
        .as_ref()
        .and_then(|seen| seen.sighting.published.earliest)
        .map(|earliest| forecast(earliest, policy.window, now));
    let mut rulings = Vec::with_capacity(Rule::ALL.len());
    let subject = rules::Subject { account, history, joined: &joined, policy, now };
    rulings.push(rules::content_stale_ruling(&subject, forecast));
    rulings.extend(rules::app_unusable(&subject));
    rulings.push(interaction::interaction_poor(&subject, &state.words, &menu));
    rulings.push(rules::safety(now));
    rulings.push(rules::account_gone(&subject, &state.words));
    rulings.push(rules::menu_links(&menu, doubt, now));
    rulings.push(rules::filing(account, now));
    let verdict = account.lifecycle.is_judged().then(|| verdict_of(&rulings));
    let activity = activity_of(&subject, &rulings);
    Judgement {
        now,
        verdict,
        activity,
        evidence_class: evidence_class(account, history, now),
        last_update,
        proven_until: joined.until(),
        forecast,
        rulings,
        menu,
        named: circular::named(account, now),
        owner_can_mend: faults(state).any(|fault| fault.owner.is_some()),
    }
}

fn faults(state: &AccountState) -> impl Iterator<Item = &Fault> {
    state.sources.values().flat_map(|held| &held.faults)
}

/// What is covered on every counting channel, machines and persons together.
pub fn joined_coverage(account: &Account, history: &History) -> Spans {
    history.coverage().joined(&counting_channels(account, history))
}

fn verdict_of(rulings: &[Ruling]) -> Outcome {
    if rulings.iter().any(|r| r.rule.is_veto() && r.outcome == Outcome::Fail) {
        return Outcome::Fail;
    }
    let decisive =
        rulings.iter().filter(|r| matches!(r.rule, Rule::ContentStale | Rule::AppUnusable));
    let outcomes: Vec<_> = decisive.map(|r| r.outcome).collect();
    if outcomes.contains(&Outcome::Undetermined) {
        Outcome::Undetermined
    } else if outcomes.contains(&Outcome::AtRisk) {
        Outcome::AtRisk
    } else {
        Outcome::Pass
    }
}

fn activity_of(subject: &rules::Subject<'_>, rulings: &[Ruling]) -> Activity {
    let fails = |rule| rulings.iter().any(|r| r.rule == rule && r.outcome == Outcome::Fail);
    let stale = rulings.iter().find(|r| r.rule == Rule::ContentStale).map(|r| r.outcome);
    let silent = || {
        let zombie = subject.policy.zombie;
        silent_for(&subject.history.sightings, subject.joined, zombie, subject.now)
    };
    if fails(Rule::AccountGone) || fails(Rule::AppUnusable) {
        return Activity::Zombie;
    }
    match stale {
        Some(Outcome::Pass | Outcome::AtRisk) => Activity::Active,
        Some(Outcome::Fail) if silent().is_some() => Activity::Zombie,
        Some(Outcome::Fail) => Activity::Dormant,
        _ => Activity::Undetermined,
    }
}

/// Coverage by machines counts as `auto` while it reaches into the last week.
const AUTO_AGE_MAX_DAYS: i64 = 7;

fn evidence_class(account: &Account, history: &History, now: Timestamp) -> EvidenceClass {
    let channels = counting_channels(account, history);
    let machine = history.proven().joined(&channels).until();
    if machine.is_some_and(|until| now - until <= TimeDelta::days(AUTO_AGE_MAX_DAYS)) {
        return EvidenceClass::Auto;
    }
    // What a person stands for counts before hits that prove nothing: it may make a fail.
    let attested = history.attested_spans().until();
    if attested.is_some_and(|until| now - until <= TimeDelta::days(AUTO_AGE_MAX_DAYS)) {
        return EvidenceClass::Attested;
    }
    let by_person = |seen: &&Seen| seen.source.starts_with(crate::state::PERSON_PREFIX);
    if history.sightings.iter().any(|seen| !by_person(&seen)) {
        EvidenceClass::HitsOnly
    } else if !history.attested.is_empty() || history.sightings.iter().any(|s| by_person(&s)) {
        EvidenceClass::Attested
    } else {
        EvidenceClass::None
    }
}

/// The oldest instant that a present-day proof may speak of.
fn oldest_as_of(now: Timestamp) -> Timestamp {
    now - TimeDelta::hours(AS_OF_AGE_MAX_H)
}

fn day_text(at: Timestamp) -> String {
    civil::minute_text(at)
}

/// Does this connector list posts? Stores and probes say only whether something works.
pub fn lists_posts(connector: &str) -> bool {
    !DOWNLOAD_CONNECTORS.contains(&connector) && connector != "probe"
}

/// The words for a menu's state.
pub fn menu_state_chinese(state: MenuState) -> &'static str {
    match state {
        MenuState::Healthy => "正常",
        MenuState::Degraded => "部分异常",
        MenuState::Broken => "全部失效",
        MenuState::Absent => "未设置",
        MenuState::Closed => "已关闭",
        MenuState::Undetermined => "待核实",
    }
}

#[cfg(test)]
mod tests;
