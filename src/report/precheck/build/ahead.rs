//! What can be said today of an instant that lies ahead? Only what no later event can change is a pass; nothing is a fail.

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::civil;
use freshd_core::forecast::post_span;
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, Outcome, judge};

use super::{Builder, last_update, who};
use crate::report::precheck::wording::{how_to_lift, why_open};
use crate::report::precheck::{OpenRow, RiskRow};
use crate::zone::rfc3339;

/// What today's evidence says of an instant that lies ahead.
enum Outlook {
    /// A post that was seen lies in the window of that instant.
    Passes,
    /// It passes today, and lapses by then unless it publishes again.
    MustPublish,
    /// It fails today, or cannot be judged today, or not that far ahead.
    Open,
}

fn outlook(today: &Judgement, then: &Judgement) -> Outlook {
    let passes =
        |judgement: &Judgement| matches!(judgement.verdict, Some(Outcome::Pass | Outcome::AtRisk));
    let fresh = then
        .ruling(Rule::ContentStale)
        .is_some_and(|ruling| matches!(ruling.outcome, Outcome::Pass | Outcome::AtRisk));
    match (passes(today), passes(then), fresh) {
        (true, true, _) => Outlook::Passes,
        (true, false, false) => Outlook::MustPublish,
        _ => Outlook::Open,
    }
}

impl Builder<'_> {
    /// One more account, judged at the instant ahead; `now` is today.
    pub(super) fn add_ahead(
        &mut self,
        account: &Account,
        state: &AccountState,
        then: &Judgement,
        now: Timestamp,
    ) {
        let today = judge(account, state, self.policy, now);
        match outlook(&today, then) {
            Outlook::Passes => {
                self.count(account, &today, Outcome::Pass);
                if self.lapses(then) {
                    self.lapses.extend(self.risk(account, then));
                }
            }
            Outlook::MustPublish => {
                self.count(account, &today, Outcome::Undetermined);
                self.must_publish += 1;
                self.at_risk.extend(self.due(account, &today, now));
            }
            Outlook::Open => {
                self.count(account, &today, Outcome::Undetermined);
                let (reason, how) = self.open_ahead(account, state, &today, then, now);
                self.undetermined.push(OpenRow {
                    no: 0,
                    who: who(account),
                    evidence_class: today.evidence_class,
                    has_source: !account.sources.is_empty(),
                    last_update: last_update(&today).map(rfc3339),
                    reason,
                    how,
                });
            }
        }
    }

    /// When to publish so that it passes at that instant: within its window, and not before today.
    fn due(&self, account: &Account, today: &Judgement, now: Timestamp) -> Option<RiskRow> {
        let row = self.risk(account, today)?;
        let span = post_span(self.at, self.policy.window, now);
        Some(RiskRow { post_from: span.from, post_by: span.by, ..row })
    }

    fn open_ahead(
        &self,
        account: &Account,
        state: &AccountState,
        today: &Judgement,
        then: &Judgement,
        now: Timestamp,
    ) -> (String, String) {
        match today.verdict {
            Some(Outcome::Fail) => {
                let reasons: Vec<_> = today.vetoes().map(|veto| veto.reason.clone()).collect();
                let from = (self.at - self.policy.window).max(now);
                let (from, at) = (civil::minute_text(from), civil::minute_text(self.at));
                let how = if today.vetoes().any(|veto| veto.rule != Rule::ContentStale) {
                    "在检查时点之前整改".to_owned()
                } else {
                    format!("在{from}之后、{at}之前发布")
                };
                (format!("现在疑似不达标:{}", reasons.join(";")), how)
            }
            Some(Outcome::Undetermined) => {
                (format!("现在待核实:{}", why_open(today)), how_to_lift(account, state, today))
            }
            _ => {
                let why = then.ruling(Rule::AppUnusable).map_or("", |_| "能否下载只能到时再核验");
                (why.to_owned(), "系统会继续核验下载渠道".to_owned())
            }
        }
    }
}
