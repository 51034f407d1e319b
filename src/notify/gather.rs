//! Who is written to anyway: which other accounts of that recipient are due soon? One letter instead of several.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, GATHER_H, Reason, Tell};
use freshd_core::state::AccountState;

use super::plan::{News, addresses, look};
use super::tick::{Notifier, NotifyError};
use crate::store::Index;

/// Accounts looked at for what is due soon, those due first: a run takes no longer in a large ledger.
const GATHER_MAX: usize = 2000;

impl Notifier {
    /// Adds the accounts that are due within [`GATHER_H`] for a reminder and go to somebody who is reminded now.
    pub(super) fn gather(
        &self,
        news: &mut BTreeMap<AccountId, News>,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        let written_to = reminded(news);
        if written_to.is_empty() {
            return Ok(());
        }
        let ahead = TimeDelta::hours(GATHER_H);
        for (_, id) in self.store.due(Index::Notify, now + ahead, GATHER_MAX)? {
            if news.contains_key(&id) {
                continue;
            }
            let Some(account) = self.store.account(&id)? else { continue };
            let theirs = addresses(&account, Audience::Owner);
            if !theirs.iter().any(|address| written_to.contains(&address.to_lowercase())) {
                continue;
            }
            let Some(mut state) = self.store.state::<AccountState>(&id)? else { continue };
            state.forget_after(now);
            let (_, decision) = look(&account, &state, &self.settings.policy, now, ahead);
            if decision.tell.is_empty() || !decision.tell.iter().all(is_reminder) {
                continue;
            }
            let one = self.news(account, &state, decision, ahead)?;
            // Whoever is not written to now is not written to early.
            let all_now = one.to.iter().flatten().all(|to| written_to.contains(&to.to_lowercase()));
            if all_now && self.leaves_with(&one, news) {
                news.insert(id, one);
            }
        }
        Ok(())
    }

    /// Is it held or sent as what its recipients are told now?
    fn leaves_with(&self, one: &News, news: &BTreeMap<AccountId, News>) -> bool {
        let shares = |other: &&News| {
            let mut theirs = other.to.iter().flatten();
            theirs.any(|to| one.to.iter().flatten().any(|own| own.eq_ignore_ascii_case(to)))
        };
        news.values().filter(shares).all(|other| other.pilot == one.pilot)
    }
}

fn is_reminder(tell: &Tell) -> bool {
    tell.reason == Reason::Reminder && tell.audience == Audience::Owner
}

/// Addresses, in small letters, to which a reminder is written now.
fn reminded(news: &BTreeMap<AccountId, News>) -> BTreeSet<String> {
    let told = news.values().flat_map(|one| one.tell.iter().zip(&one.to));
    let reminders = told.filter(|(tell, _)| is_reminder(tell));
    reminders.flat_map(|(_, to)| to).map(|address| address.to_lowercase()).collect()
}
