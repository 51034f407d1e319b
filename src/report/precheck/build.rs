//! How does one account after the other become a precheck? Only what is listed is kept: a walk over 100,000
//! accounts needs no more memory than its findings.

use std::collections::BTreeMap;

use crate::zone::rfc3339;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::calendar::{Calendar, Counted, work_begins};
use freshd_core::circular::{named_last_quarter, previous_quarter};
use freshd_core::civil;
use freshd_core::forecast::last_safe_day;
use freshd_core::rulebook::Policy;
use freshd_core::state::AccountState;
use freshd_core::verdict::{EvidenceClass, Judgement, Outcome, Ruling};

use super::wording::{how_to_lift, problem, why_open};
use super::{
    Counts, GroupRow, OpenRow, Precheck, ProblemRow, RECTIFY_BASIS, RiskRow, ServiceRow, Who,
    rectification,
};
use crate::report::services::{release_view, uptimes};
use crate::report::view::EvidenceView;

mod ahead;

/// Takes accounts one by one; all are judged at the instant `at`.
pub struct Builder<'a> {
    quarter: Option<String>,
    previous: String,
    at: Timestamp,
    /// Today, where the instant lies ahead of it.
    ahead_of: Option<Timestamp>,
    must_publish: usize,
    policy: &'a Policy,
    next_working: Counted,
    scope: Counts,
    by_reporting_unit: BTreeMap<String, Counts>,
    by_region: BTreeMap<String, Counts>,
    by_platform: BTreeMap<String, Counts>,
    by_evidence_class: BTreeMap<(EvidenceClass, bool), Counts>,
    problems: Vec<ProblemRow>,
    at_risk: Vec<RiskRow>,
    undetermined: Vec<OpenRow>,
    lapses: Vec<RiskRow>,
    services: Vec<ServiceRow>,
}

impl<'a> Builder<'a> {
    /// Of no account yet. `quarter` is a label such as `2026Q4`, whose inspection instant is `at`.
    pub fn new(
        quarter: Option<&str>,
        at: Timestamp,
        calendar: &Calendar,
        policy: &'a Policy,
    ) -> Self {
        Self {
            quarter: quarter.map(str::to_owned),
            previous: previous_quarter(quarter, at),
            at,
            ahead_of: None,
            must_publish: 0,
            policy,
            next_working: calendar.next_working_day(civil::day(at)),
            scope: Counts::default(),
            by_reporting_unit: BTreeMap::new(),
            by_region: BTreeMap::new(),
            by_platform: BTreeMap::new(),
            by_evidence_class: BTreeMap::new(),
            problems: Vec::new(),
            at_risk: Vec::new(),
            undetermined: Vec::new(),
            lapses: Vec::new(),
            services: Vec::new(),
        }
    }

    /// Made at this instant: where `at` lies ahead of it, nothing is a fail, and only what will hold then is a pass.
    #[must_use]
    pub fn made_at(mut self, now: Timestamp) -> Self {
        self.ahead_of = (self.at > now).then_some(now);
        self
    }

    /// One more account; those that are not judged (已关停, 已注销) are left out.
    pub fn add(&mut self, account: &Account, state: &AccountState, judgement: &Judgement) {
        let Some(verdict) = judgement.verdict else { return };
        self.serve(account, state);
        if let Some(now) = self.ahead_of {
            return self.add_ahead(account, state, judgement, now);
        }
        self.count(account, judgement, verdict);
        match verdict {
            Outcome::Fail => {
                for ruling in judgement.vetoes() {
                    let row = self.problem(account, state, judgement, ruling);
                    self.problems.push(row);
                }
            }
            Outcome::Undetermined => self.undetermined.push(OpenRow {
                no: 0,
                who: who(account),
                evidence_class: judgement.evidence_class,
                has_source: !account.sources.is_empty(),
                last_update: last_update(judgement).map(rfc3339),
                reason: why_open(judgement),
                how: how_to_lift(account, state, judgement),
            }),
            Outcome::AtRisk => self.at_risk.extend(self.risk(account, judgement)),
            Outcome::Pass => {}
        }
        if matches!(verdict, Outcome::Pass | Outcome::AtRisk) && self.lapses(judgement) {
            self.lapses.extend(self.risk(account, judgement));
        }
    }

    /// How its own services did; those whose probes and version leave nothing to say are not listed.
    fn serve(&mut self, account: &Account, state: &AccountState) {
        let (uptime, release) = (uptimes(state, self.at), release_view(state, self.at));
        let row = ServiceRow { no: 0, who: who(account), uptime, release };
        if !row.texts().is_empty() {
            self.services.push(row);
        }
    }

    fn count(&mut self, account: &Account, judgement: &Judgement, verdict: Outcome) {
        let filled = |name: &str| {
            let name = name.trim();
            if name.is_empty() { "(未填)".to_owned() } else { name.to_owned() }
        };
        let one = |counts: &mut Counts| match verdict {
            Outcome::Pass | Outcome::AtRisk => counts.passed += 1,
            Outcome::Fail => counts.failed += 1,
            Outcome::Undetermined => counts.undetermined += 1,
        };
        one(&mut self.scope);
        one(self.by_reporting_unit.entry(filled(&account.reporting_unit)).or_default());
        one(self.by_region.entry(filled(&account.region)).or_default());
        one(self.by_platform.entry(filled(&account.platform)).or_default());
        // 尚未取得数据 is not 无来源.
        let class = judgement.evidence_class;
        let no_data = class == EvidenceClass::None && !account.sources.is_empty();
        one(self.by_evidence_class.entry((class, no_data)).or_default());
    }

    fn problem(
        &self,
        account: &Account,
        state: &AccountState,
        judgement: &Judgement,
        ruling: &Ruling,
    ) -> ProblemRow {
        let last = last_update(judgement);
        ProblemRow {
            no: 0,
            who: who(account),
            rule: ruling.rule,
            problem: problem(account, state, ruling, self.policy, self.at),
            clause: self.policy.profile.clause(ruling.rule).to_owned(),
            reason: ruling.reason.clone(),
            as_of: rfc3339(ruling.as_of),
            last_update: last.map(rfc3339),
            days: last.map(|last| (ruling.as_of - last).num_days().max(0)),
            evidence: ruling.evidence.iter().map(EvidenceView::from).collect(),
            also_last_quarter: named_last_quarter(account, ruling.rule, &self.previous),
            rectification_deadline: rfc3339(rectification(self.at)),
        }
    }

    fn risk(&self, account: &Account, judgement: &Judgement) -> Option<RiskRow> {
        let outlook = judgement.forecast?;
        Some(RiskRow {
            no: 0,
            who: who(account),
            last_update: judgement
                .last_update
                .as_ref()
                .and_then(|seen| seen.sighting.published.earliest)
                .map(rfc3339),
            deadline: rfc3339(outlook.deadline),
            days_left: (outlook.days_left * 100.0).round() / 100.0,
            post_from: None,
            post_by: last_safe_day(outlook.deadline, self.at),
        })
    }

    /// Does it lapse before anybody is at work again?
    fn lapses(&self, judgement: &Judgement) -> bool {
        let work = work_begins(self.next_working.day);
        judgement.forecast.is_some_and(|outlook| outlook.deadline < work)
    }

    /// The precheck: lists in the order of units and names, risks by what is due first.
    pub fn finish(mut self) -> Precheck {
        self.scope.settle();
        self.problems.sort_by(|a, b| (&a.who, a.rule).cmp(&(&b.who, b.rule)));
        self.undetermined.sort_by(|a, b| a.who.cmp(&b.who));
        let due = |a: &RiskRow, b: &RiskRow| {
            a.days_left.total_cmp(&b.days_left).then_with(|| a.who.cmp(&b.who))
        };
        self.at_risk.sort_by(due);
        self.lapses.sort_by(due);
        let worst = |a: &ServiceRow, b: &ServiceRow| {
            a.rate().total_cmp(&b.rate()).then_with(|| a.who.cmp(&b.who))
        };
        self.services.sort_by(worst);
        (1..).zip(&mut self.services).for_each(|(no, row)| row.no = no);
        (1..).zip(&mut self.problems).for_each(|(no, row)| row.no = no);
        (1..).zip(&mut self.undetermined).for_each(|(no, row)| row.no = no);
        (1..).zip(&mut self.at_risk).for_each(|(no, row)| row.no = no);
        (1..).zip(&mut self.lapses).for_each(|(no, row)| row.no = no);
        let by_class = self.by_evidence_class;
        let key = |(class, no_data): (EvidenceClass, bool)| {
            if no_data { super::NO_DATA } else { class.key() }.to_owned()
        };
        let by_class = by_class.into_iter().map(|(class, held)| (key(class), held));
        Precheck {
            quarter: self.quarter,
            at: rfc3339(self.at),
            ahead: self.ahead_of.is_some(),
            made_at: self.ahead_of.map(rfc3339),
            must_publish: self.must_publish,
            rectification_basis: RECTIFY_BASIS,
            window_days: self.policy.window_days(),
            scope: self.scope,
            by_reporting_unit: groups(self.by_reporting_unit),
            by_region: groups(self.by_region),
            by_platform: groups(self.by_platform),
            by_evidence_class: groups(by_class),
            problems: self.problems,
            at_risk: self.at_risk,
            undetermined: self.undetermined,
            lapses_before_next_working_day: self.lapses,
            services: self.services,
            next_working_day: self.next_working.day,
            calendar_certain: self.next_working.certain,
        }
    }
}

fn groups(counted: impl IntoIterator<Item = (String, Counts)>) -> Vec<GroupRow> {
    let settled = |(name, mut counts): (String, Counts)| {
        counts.settle();
        GroupRow { name, counts }
    };
    counted.into_iter().map(settled).collect()
}

fn who(account: &Account) -> Who {
    Who {
        reporting_unit: account.reporting_unit.clone(),
        name: account.name.clone(),
        id: account.id.to_string(),
        platform: account.platform.clone(),
        sponsor: account.sponsor.clone(),
        supervisor: account.supervisor.clone(),
    }
}

fn last_update(judgement: &Judgement) -> Option<Timestamp> {
    let seen = judgement.last_update.as_ref()?;
    // What is only known as published by a later time was published by then, as far as that instant goes.
    Some(seen.sighting.published.latest.min(judgement.now))
}
