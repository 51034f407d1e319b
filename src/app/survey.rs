//! How do all accounts stand, without asking them all each time? One walk, kept for a while.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::verdict::Outcome;

use super::App;
use super::troubles::Gathered;
use crate::report::view::Totals;
use crate::store::StoreError;

/// A survey is made again after this at the latest.
pub const AGE_MAX: TimeDelta = TimeDelta::minutes(10);
/// And no sooner than this for each account, milliseconds: a ledger of a hundred thousand is walked every ten minutes,
/// one of a few hundred every other second, and either takes less than a hundredth of a processor.
const AGE_MS_PER_ACCOUNT: i64 = 6;

/// How all accounts stood at an instant.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// When.
    pub at: Timestamp,
    /// By verdict.
    pub totals: Totals,
    /// What fails, and where answers come clean.
    pub gathered: Gathered,
    /// Accounts walked, judged or not.
    accounts: usize,
}

impl Survey {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let accounts = i64::try_from(self.accounts).unwrap_or(i64::MAX / AGE_MS_PER_ACCOUNT);
        let age = TimeDelta::milliseconds(accounts * AGE_MS_PER_ACCOUNT).min(AGE_MAX);
        self.at <= now && now - self.at < age
    }
}

/// The newest survey.
#[derive(Debug, Default)]
pub(super) struct Cell(Mutex<Option<Arc<Survey>>>);

impl App {
    /// The survey, made now if the last one is too old; sets the gauges. Walks all accounts: call it where it may take
    /// long. Those who ask at the same time wait for one walk.
    pub fn survey(&self, now: Timestamp) -> Result<Arc<Survey>, StoreError> {
        let mut held = self.survey.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(survey) = held.as_ref().filter(|survey| survey.is_fresh(now)) {
            return Ok(Arc::clone(survey));
        }
        let parts = self.env.parts();
        let mut survey = Survey { at: now, ..Survey::default() };
        self.for_each_judged(now, |account, state, judgement| {
            survey.accounts += 1;
            survey.totals.add(judgement.verdict);
            if judgement.verdict.is_some() {
                survey.gathered.add(&account, &state, &parts.means.registry);
            }
            Ok(true)
        })?;
        let count = |n: usize| n as u64;
        self.env.metrics.accounts(&[
            (Outcome::Pass.key(), count(survey.totals.pass)),
            (Outcome::AtRisk.key(), count(survey.totals.at_risk)),
            (Outcome::Fail.key(), count(survey.totals.fail)),
            (Outcome::Undetermined.key(), count(survey.totals.undetermined)),
        ]);
        let survey = Arc::new(survey);
        *held = Some(Arc::clone(&survey));
        Ok(survey)
    }
}

#[cfg(test)]
mod tests;
