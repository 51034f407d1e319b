//! Did the rules change since letters were last decided? Then everybody is decided about in one run, so that storm control sees
//! what the change comes to, instead of letters trickling out poll by poll.

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::rulebook::Policy;

use super::META_RULES;
use super::tick::{Notifier, NotifyError};

/// Accounts made due in one commit.
const PAGE: usize = 500;

impl Notifier {
    /// Makes every judged account due where window, thresholds or the time until escalation are not what they were; says how
    /// many. The first run only remembers them.
    pub(super) fn after_rules(&self, now: Timestamp) -> Result<usize, NotifyError> {
        let mark = mark(&self.settings.policy);
        let held: Option<String> = self.store.meta(META_RULES)?;
        if held.as_ref() == Some(&mark) {
            return Ok(0);
        }
        let mut ids: Vec<AccountId> = Vec::new();
        if held.is_some() {
            self.store.for_each_account(|account: Account| {
                if account.lifecycle.is_judged() {
                    ids.push(account.id);
                }
                Ok(true)
            })?;
        }
        for page in ids.chunks(PAGE) {
            self.store.update(|change| {
                page.iter().for_each(|id| change.set_notify_due(id, Some(now)));
                Ok::<(), NotifyError>(())
            })?;
        }
        // Last: who is killed before does it again.
        self.store.update(|change| {
            change.put_meta(META_RULES, &mark)?;
            Ok::<(), NotifyError>(())
        })?;
        if !ids.is_empty() {
            tracing::warn!(accounts = ids.len(), rules = mark, "the rules changed: deciding anew");
        }
        Ok(ids.len())
    }
}

/// What of the rules decides who is written to.
fn mark(policy: &Policy) -> String {
    let days: Vec<String> = policy.remind_days_left.iter().map(u32::to_string).collect();
    let (hours, escalate) = (policy.window.num_hours(), policy.escalate_after_days);
    format!("window {hours} h, reminders {}, escalation {escalate}", days.join(" "))
}
