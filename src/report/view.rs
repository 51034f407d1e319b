//! How does one account look in JSON? The account object of `status --json` and `GET /api/v1/accounts`.

use super::classes::Classes;
use super::services::{ReleaseView, UptimeView, release_view, uptimes};
use super::words::{class_chinese, kept_chinese};
use crate::zone::rfc3339;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::{Account, Filing, Lifecycle};
use freshd_core::fault::{FaultKind, FaultScope};
use freshd_core::history::{Attested, EvidenceRef, History};
use freshd_core::link::{LinkHealth, MenuState};
use freshd_core::rulebook::{AS_OF_AGE_MAX_H, Policy, Rule};
use freshd_core::state::AccountState;
use freshd_core::verdict::{Activity, EvidenceClass, Judgement, Outcome, lists_posts};
use serde::Serialize;

/// One account as users see it; no contacts.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    /// Fixed id.
    pub id: String,
    /// Other identifiers.
    pub aliases: Vec<String>,
    /// 账号名称.
    pub name: String,
    /// 平台.
    pub platform: String,
    /// 账号标识.
    pub handle: String,
    /// 主办单位.
    pub sponsor: String,
    /// 主管单位.
    pub supervisor: String,
    /// 通报对象.
    pub reporting_unit: String,
    /// 地区.
    pub region: String,
    /// 运行状态.
    pub lifecycle: Lifecycle,
    /// 备案状态.
    pub filing: Filing,
    /// 拟移出: missing from the last full ledger of its unit.
    pub to_remove: bool,
    /// What the evidence rests on.
    pub evidence_class: EvidenceClass,
    /// Does the ledger name a source?
    #[serde(skip)]
    pub has_source: bool,
    /// The class in words for people.
    pub evidence_word: &'static str,
    /// That one person's word waits for a second, in words for people.
    pub awaits_second: Option<String>,
    /// What would lift it, Chinese; `None` for `auto`.
    pub evidence_help: Option<&'static str>,
    /// `None` for accounts that are not judged.
    pub verdict: Option<Outcome>,
    /// Active, dormant, zombie or undetermined.
    pub activity: Activity,
    /// The post with the newest certain time.
    pub last_update: Option<LastUpdate>,
    /// End of the joined coverage, RFC 3339.
    pub proven_until: Option<String>,
    /// `last_update.earliest` + window, RFC 3339.
    pub deadline: Option<String>,
    /// Days until the deadline, two decimals; negative when past.
    pub days_left: Option<f64>,
    /// Each rule's outcome.
    pub rulings: Vec<RulingView>,
    /// The menu.
    pub menu: MenuView,
    /// How its own services did this quarter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uptime: Vec<UptimeView>,
    /// The app's newest version that a store dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseView>,
    /// What is going wrong now.
    pub faults: Vec<FaultView>,
    /// When it is polled next, RFC 3339.
    pub next_poll: Option<String>,
}

/// When and what was last published.
#[derive(Clone, Debug, Serialize)]
pub struct LastUpdate {
    /// No earlier than; `None` = no lower bound.
    pub earliest: Option<String>,
    /// No later than.
    pub latest: String,
    /// Its title.
    pub title: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// The connector, or `人工:NAME`.
    pub source: String,
}

/// One rule's outcome.
#[derive(Clone, Debug, Serialize)]
pub struct RulingView {
    /// Which rule.
    pub rule: Rule,
    /// Does it veto?
    pub veto: bool,
    /// What it comes to.
    pub outcome: Outcome,
    /// 数据截至.
    pub as_of: String,
    /// The clause.
    pub clause: String,
    /// Why.
    pub reason: String,
    /// What backs it.
    pub evidence: Vec<EvidenceView>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceView {
    /// Its hash in the store; empty when only the address was kept.
    pub id: String,
    /// When it was read.
    pub at: String,
    /// Where it was read.
    pub url: String,
    /// What it is.
    pub what: String,
}

/// The menu.
#[derive(Clone, Debug, Serialize)]
pub struct MenuView {
    /// As a whole.
    pub state: MenuState,
    /// `read` by a connector, `self_reported` in the ledger 自报, or nobody told it.
    pub source: Option<&'static str>,
    /// Every leaf.
    pub entries: Vec<MenuEntryView>,
}

/// One leaf of the menu.
#[derive(Clone, Debug, Serialize)]
pub struct MenuEntryView {
    /// Names from the top.
    pub path: Vec<String>,
    /// The platform's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Address, key or text.
    pub target: Option<String>,
    /// Its health.
    pub health: LinkHealth,
    /// Why.
    pub reason: String,
    /// When it was checked.
    pub checked_at: Option<String>,
}

/// One thing that is going wrong.
#[derive(Clone, Debug, Serialize)]
pub struct FaultView {
    /// Whose concern.
    pub scope: FaultScope,
    /// What kind.
    pub kind: FaultKind,
    /// The connector.
    pub source: String,
    /// What was seen.
    pub detail: String,
    /// Since when.
    pub since: Option<String>,
    /// What only the account's owner can mend, and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_action: Option<String>,
}

/// How many accounts come to what; accounts that are not judged are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// 达标.
    pub pass: usize,
    /// 预警.
    pub at_risk: usize,
    /// 疑似不达标.
    pub fail: usize,
    /// 待核实.
    pub undetermined: usize,
}

impl Totals {
    /// Counts one more.
    pub fn add(&mut self, verdict: Option<Outcome>) {
        match verdict {
            Some(Outcome::Pass) => self.pass += 1,
            Some(Outcome::AtRisk) => self.at_risk += 1,
            Some(Outcome::Fail) => self.fail += 1,
            Some(Outcome::Undetermined) => self.undetermined += 1,
            None => {}
        }
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.pass + self.at_risk + self.fail + self.undetermined
    }
}

/// `status --json`.
#[derive(Clone, Debug, Serialize)]
pub struct StatusView {
    /// The instant that everything speaks of.
    pub as_of: String,
    /// Over the whole filter.
    pub totals: Totals,
    /// On what the verdicts rest, over the whole filter.
    pub evidence_classes: Classes,
    /// The accounts, in the order of ids.
    pub accounts: Vec<AccountView>,
}

impl From<&EvidenceRef> for EvidenceView {
    fn from(evidence: &EvidenceRef) -> Self {
        Self {
            id: evidence.id.clone(),
            at: rfc3339(evidence.at),
            url: evidence.url.clone(),
            what: kept_chinese(&evidence.url).to_owned(),
        }
    }
}

impl StatusView {
    /// Of no account yet, at this instant.
    pub fn at(now: Timestamp) -> Self {
        Self {
            as_of: as_of(now),
            totals: Totals::default(),
            evidence_classes: Classes::default(),
            accounts: Vec::new(),
        }
    }

    /// Counts one more account of the filter.
    pub fn count(&mut self, account: &Account, judgement: &Judgement) {
        self.totals.add(judgement.verdict);
        if judgement.verdict.is_some() {
            let has_source = !account.sources.is_empty();
            self.evidence_classes.add(judgement.evidence_class, has_source);
        }
    }
}

/// Builds an account's view.
pub fn account_view(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    policy: &Policy,
) -> AccountView {
    AccountView {
        id: account.id.to_string(),
        aliases: account.aliases.clone(),
        name: account.name.clone(),
        platform: account.platform.clone(),
        handle: account.handle.clone(),
        sponsor: account.sponsor.clone(),
        supervisor: account.supervisor.clone(),
        reporting_unit: account.reporting_unit.clone(),
        region: account.region.clone(),
        lifecycle: account.lifecycle,
        filing: account.filing,
        to_remove: account.to_remove,
        evidence_class: judgement.evidence_class,
        has_source: !account.sources.is_empty(),
        evidence_word: class_chinese(judgement.evidence_class, !account.sources.is_empty()),
        awaits_second: awaits_second(&state.history, judgement.now),
        evidence_help: evidence_help(judgement.evidence_class, account),
        verdict: judgement.verdict,
        activity: judgement.activity,
        last_update: judgement.last_update.as_ref().map(|seen| LastUpdate {
            earliest: seen.sighting.published.earliest.map(rfc3339),
            latest: rfc3339(seen.sighting.published.latest),
            title: seen.sighting.title.clone(),
            url: seen.sighting.url.clone(),
            source: connector_of(&seen.source),
        }),
        proven_until: judgement.proven_until.map(rfc3339),
        deadline: judgement.forecast.map(|forecast| rfc3339(forecast.deadline)),
        days_left: judgement.forecast.map(|forecast| two_decimals(forecast.days_left)),
        rulings: rulings(judgement, policy),
        menu: menu(judgement),
        uptime: uptimes(state, judgement.now),
        release: release_view(state, judgement.now),
        faults: faults(state),
        next_poll: state.next_poll.map(rfc3339),
    }
}

/// One person has lately seen nothing new, and nobody else says so: `已有一人核查未见更新(李四),待第二人`.
fn awaits_second(history: &History, now: Timestamp) -> Option<String> {
    let since = now - TimeDelta::hours(AS_OF_AGE_MAX_H);
    let counted = history.attested_spans().until();
    let waits = |(name, word): &(&String, &Attested)| {
        let until = word.bare.until()?;
        (until > since && until <= now && counted.is_none_or(|counted| counted < until))
            .then(|| (*name).clone())
    };
    let names: Vec<String> = history.attested.iter().filter_map(|held| waits(&held)).collect();
    (!names.is_empty())
        .then(|| format!("已有一人核查未见更新({}),待第二人或截图", names.join("、")))
}

/// Are there sources, none of which lists posts?
pub fn only_works(account: &Account) -> bool {
    let listed = account.sources.iter().any(|source| lists_posts(&source.connector));
    !account.sources.is_empty() && !listed
}

pub(super) fn evidence_help(class: EvidenceClass, account: &Account) -> Option<&'static str> {
    match class {
        EvidenceClass::Auto => None,
        EvidenceClass::HitsOnly => Some("只能证明发布过:授权接口或登记完整来源后可自动判定"),
        EvidenceClass::Attested => Some("依据人工核查:授权接口或登记公开来源后可自动判定"),
        EvidenceClass::None if only_works(account) => Some(
            "登记的来源只能判能否下载或互动是否可用:内容不更新还缺来源(feed:、article: 或人工核查)",
        ),
        EvidenceClass::None if !account.sources.is_empty() => {
            Some("来源已登记,还没有取得数据:取得后自动判定,采集故障见故障一栏")
        }
        EvidenceClass::None => Some("没有来源:请补账号标识、采集方式,或提供文章链接、人工核查"),
    }
}

/// `wechat:wx…` is told as `wechat`; a person's word keeps the name.
fn connector_of(source: &str) -> String {
    if source.starts_with(freshd_core::state::PERSON_PREFIX) {
        return source.to_owned();
    }
    source.split_once(':').map_or(source, |(connector, _)| connector).to_owned()
}

fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn rulings(judgement: &Judgement, policy: &Policy) -> Vec<RulingView> {
    let view = |ruling: &freshd_core::verdict::Ruling| RulingView {
        rule: ruling.rule,
        veto: ruling.rule.is_veto(),
        outcome: ruling.outcome,
        as_of: rfc3339(ruling.as_of),
        clause: policy.profile.clause(ruling.rule).to_owned(),
        reason: ruling.reason.clone(),
        evidence: ruling.evidence.iter().map(EvidenceView::from).collect(),
    };
    judgement.rulings.iter().map(view).collect()
}

fn menu(judgement: &Judgement) -> MenuView {
    let entries = judgement.menu.entries.iter().map(|entry| MenuEntryView {
        path: entry.entry.path.clone(),
        kind: entry.entry.kind.clone(),
        target: entry.entry.target.clone(),
        health: entry.health,
        reason: entry.reason.clone(),
        checked_at: entry.checked_at.map(rfc3339),
    });
    let source = match (judgement.menu.read_at, judgement.menu.is_self_reported()) {
        (Some(_), _) => Some("read"),
        (None, true) => Some("self_reported"),
        (None, false) => None,
    };
    MenuView { state: judgement.menu.state, source, entries: entries.collect() }
}

fn faults(state: &AccountState) -> Vec<FaultView> {
    let of = |(source, held): (&String, &freshd_core::state::SourceState)| {
        let source = connector_of(source);
        let since = held.failing_since.map(rfc3339);
        held.faults
            .iter()
            .map(|fault| FaultView {
                scope: fault.scope,
                kind: fault.kind,
                source: source.clone(),
                detail: fault.detail.clone(),
                since: since.clone(),
                owner_action: fault.owner.clone(),
            })
            .collect::<Vec<_>>()
    };
    state.sources.iter().flat_map(of).collect()
}

/// `2026-11-22T10:00:00+08:00` of now, for headers of documents.
pub fn as_of(now: Timestamp) -> String {
    rfc3339(now)
}
