//! Who would fail the quarterly check 季度检查? The precheck 自查 as a value, and the forms it is written in.

use chrono::{NaiveDate, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::calendar::Calendar;
use freshd_core::circular::RECTIFY_DAYS;
use freshd_core::rulebook::{Policy, Rule};
use freshd_core::state::AccountState;
use freshd_core::verdict::{EvidenceClass, Judgement};
use serde::Serialize;

use super::services::{ReleaseView, UptimeView};
use super::view::EvidenceView;

mod build;
mod forms;
mod sheets;
mod wording;

pub use build::Builder;

/// What the deadline rests on: the heading 通报整改 of the yearly self-assessment (2 weeks after publication). It is
/// counted from the check, because the day of the circular is not known yet.
pub const RECTIFY_BASIS: &str = "参照年度考核口径“通报公开之日起2周内对问题全部整改到位”,从监测时间点起算;通报写明期限的,以通报为准";
/// The key of those in `by_evidence_class` that have a source which has brought nothing yet 尚未取得数据.
pub const NO_DATA: &str = "no_data";

/// The precheck. Times are RFC 3339, rates per cent with two decimals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Precheck {
    /// `2026Q4`; `None` when it is of no quarter.
    pub quarter: Option<String>,
    /// The instant that it speaks of 监测时间点.
    pub at: String,
    /// Does that instant lie ahead? Then nothing fails; `at_risk` passes today and has to publish before it, and is
    /// counted among the undetermined of `scope`, for nobody knows yet.
    pub ahead: bool,
    /// The instant of the evidence, where `at` lies ahead of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<String>,
    /// How many of the undetermined have to publish before an instant ahead; 0 where it does not lie ahead.
    pub must_publish: usize,
    /// What `rectification_deadline` rests on, Chinese.
    pub rectification_basis: &'static str,
    /// Days without a post that fail.
    pub window_days: i64,
    /// Everything together.
    pub scope: Counts,
    /// By 通报对象.
    pub by_reporting_unit: Vec<GroupRow>,
    /// By 地区.
    pub by_region: Vec<GroupRow>,
    /// By 平台.
    pub by_platform: Vec<GroupRow>,
    /// By 证据类别, the key: what the verdicts rest on, strongest first.
    pub by_evidence_class: Vec<GroupRow>,
    /// 突出问题名单: one row per failing veto rule.
    pub problems: Vec<ProblemRow>,
    /// 预警名单.
    pub at_risk: Vec<RiskRow>,
    /// 无法判定名单.
    pub undetermined: Vec<OpenRow>,
    /// 节前提醒: what lapses before anybody is at work again.
    pub lapses_before_next_working_day: Vec<RiskRow>,
    /// Own services with probes 探测情况: the quarter's tallies, lowest rate first; no part of the rates above.
    pub services: Vec<ServiceRow>,
    /// The next working day after `at`, e.g. `2026-11-23`.
    pub next_working_day: NaiveDate,
    /// False if that day lies in a year whose holiday plan is not known: it was told by its weekday.
    pub calendar_certain: bool,
}

/// How many accounts, and their pass rate. `checked` = `verified` + `undetermined`; `verified` = `passed` + `failed`;
/// at_risk counts as passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// 在运行, those being closed included: they are still under the rule.
    pub running: usize,
    /// Every running account: all are judged.
    pub checked: usize,
    /// Not undetermined.
    pub verified: usize,
    /// Verified and not failed.
    pub passed: usize,
    /// 待核实.
    pub undetermined: usize,
    /// 疑似不达标.
    pub failed: usize,
    /// `passed / verified`, per cent; `None` when nothing is verified.
    pub pass_rate: Option<f64>,
    /// The undetermined counted as failed: `passed / checked`, per cent; `None` when nothing is checked.
    pub pass_rate_low: Option<f64>,
    /// The undetermined counted as passed: `(passed + undetermined) / checked`, per cent.
    pub pass_rate_high: Option<f64>,
}

/// One unit, region or platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// Its name; `(未填)` where the ledger has none.
    pub name: String,
    /// Its accounts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Who an account of a list is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Who {
    /// 通报对象.
    pub reporting_unit: String,
    /// 账号名称.
    pub name: String,
    /// Fixed id.
    pub id: String,
    /// 平台, the key.
    pub platform: String,
    /// 主办单位.
    pub sponsor: String,
    /// 主管单位.
    pub supervisor: String,
}

/// One failing veto rule of one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProblemRow {
    /// From 1.
    pub no: usize,
    /// The account.
    #[serde(flatten)]
    pub who: Who,
    /// Which rule.
    pub rule: Rule,
    /// In the words of real notices.
    pub problem: String,
    /// The clause.
    pub clause: String,
    /// Why.
    pub reason: String,
    /// 数据截至: nothing is assumed after it.
    pub as_of: String,
    /// 检查时最近更新: the latest that it can have been; `None` = nothing was ever seen.
    pub last_update: Option<String>,
    /// Whole days from it to `as_of`.
    pub days: Option<i64>,
    /// What backs it.
    pub evidence: Vec<EvidenceView>,
    /// Was it named for this in the last quarter's circular? `None` where the ledger does not say (未填).
    pub also_last_quarter: Option<bool>,
    /// [`RECTIFY_DAYS`] after `at`.
    pub rectification_deadline: String,
}

/// A pass with a deadline in sight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskRow {
    /// From 1.
    pub no: usize,
    /// The account.
    #[serde(flatten)]
    pub who: Who,
    /// The earliest that its last update can have been.
    pub last_update: Option<String>,
    /// From then on it no longer passes.
    pub deadline: String,
    /// Days until then, two decimals.
    pub days_left: f64,
    /// Publish on or after this day, or it does not count at an instant that lies ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_from: Option<NaiveDate>,
    /// Publish on or before this day; `None` when only hours are left.
    pub post_by: Option<NaiveDate>,
}

/// An account that cannot be judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenRow {
    /// From 1.
    pub no: usize,
    /// The account.
    #[serde(flatten)]
    pub who: Who,
    /// What the evidence rests on.
    pub evidence_class: EvidenceClass,
    /// Does the ledger name a source? Then `none` means that nothing came from it yet.
    #[serde(skip)]
    pub has_source: bool,
    /// The latest that its last update can have been.
    pub last_update: Option<String>,
    /// Why it cannot be judged.
    pub reason: String,
    /// What would lift it.
    pub how: String,
}

/// The probes of one account in the quarter, and the age of its app's version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceRow {
    /// From 1.
    pub no: usize,
    /// The account.
    #[serde(flatten)]
    pub who: Who,
    /// Each address.
    pub uptime: Vec<UptimeView>,
    /// The newest version that a store dates.
    pub release: Option<ReleaseView>,
}

impl ServiceRow {
    /// The lowest rate of its addresses in this quarter.
    fn rate(&self) -> f64 {
        let rates = self.uptime.iter().filter_map(|uptime| uptime.current.as_ref()?.rate);
        rates.fold(f64::INFINITY, f64::min)
    }

    /// Its addresses and its version, in words.
    fn texts(&self) -> Vec<String> {
        let told = |it: &UptimeView| Some(format!("{}:{}", it.source, it.current.as_ref()?.text));
        let advice = self.release.iter().filter_map(|release| release.advice.clone());
        self.uptime.iter().filter_map(told).chain(advice).collect()
    }
}

/// The precheck of accounts that are at hand together; see [`Builder`] for a walk over many.
pub fn build(
    rows: &[(Account, AccountState, Judgement)],
    quarter: Option<&str>,
    at: Timestamp,
    calendar: &Calendar,
    policy: &Policy,
) -> Precheck {
    let mut builder = Builder::new(quarter, at, calendar, policy);
    for (account, state, judgement) in rows {
        builder.add(account, state, judgement);
    }
    builder.finish()
}

impl Precheck {
    /// 0 none fails · 1 some fail · 3 none fails, some undetermined.
    pub fn exit(&self) -> i32 {
        match (self.scope.failed, self.scope.undetermined) {
            (0, 0) => 0,
            (0, _) => 3,
            _ => 1,
        }
    }
}

impl Counts {
    /// Fills in what follows from `passed`, `failed` and `undetermined`.
    fn settle(&mut self) {
        self.verified = self.passed + self.failed;
        self.checked = self.verified + self.undetermined;
        self.running = self.checked;
        self.pass_rate = percent(self.passed, self.verified);
        self.pass_rate_low = percent(self.passed, self.checked);
        self.pass_rate_high = percent(self.passed + self.undetermined, self.checked);
    }
}

/// Per cent with two decimals; `None` of nothing.
fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 10_000.0 / whole as f64).round() / 100.0)
}

/// When rectification is due.
fn rectification(at: Timestamp) -> Timestamp {
    at + TimeDelta::days(RECTIFY_DAYS)
}

#[cfg(test)]
mod tests;
