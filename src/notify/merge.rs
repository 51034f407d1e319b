//! Does a letter to the same recipient still wait for sending hours? Then the new one says both, and the old one is
//! cancelled in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;

use super::letter::{Draft, Item, owner_acts};
use super::plan::look;
use super::report::NotifyReport;
use super::tick::{Notifier, NotifyError};
use super::write::LetterEvent;
use crate::store::{Change, Letter, LetterState};

/// Letters that wait, by address in small letters.
pub(super) type Waiting = BTreeMap<String, Vec<String>>;

/// One run of the notifier, as those who write letters see it.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) now: Timestamp,
    pub(super) report: &'a NotifyReport,
    pub(super) waiting: &'a Waiting,
}

/// Letters whose content another one took in.
#[derive(Default)]
pub(super) struct Merged {
    letters: Vec<Letter>,
    /// Accounts of which nothing new is told.
    only: BTreeSet<AccountId>,
}

impl Merged {
    /// Was this account told of already, and is nothing new?
    pub(super) fn is_only_in(&self, account: Option<&AccountId>) -> bool {
        account.is_some_and(|id| self.only.contains(id))
    }

    /// When what they told was decided.
    pub(super) fn decided(&self) -> Vec<Timestamp> {
        let held = self.letters.iter();
        held.flat_map(|letter| letter.decided.iter().copied().chain([letter.created_at])).collect()
    }

    /// Cancels them for the letter that says it all.
    pub(super) fn close(
        self,
        change: &mut Change,
        into: &str,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        for mut letter in self.letters.into_iter().filter(|letter| letter.id != into) {
            letter.state = LetterState::Cancelled;
            letter.next_attempt = None;
            letter.tells = Vec::new();
            letter.last_reply = Some(format!("已并入信 {into},未单独发送"));
            letter.merged_into = Some(into.to_owned());
            for account in &letter.accounts {
                change.journal(account, now, &LetterEvent::of(&letter))?;
            }
            change.put_letter(&letter);
        }
        Ok(())
    }
}

impl Notifier {
    /// The letters that wait for sending hours; none within them.
    pub(super) fn waiting(&self, now: Timestamp) -> Result<Waiting, NotifyError> {
        let mut waiting = Waiting::new();
        if self.settings.window().opens(now) > now {
            for (to, id) in self.store.waiting_letters(now)? {
                waiting.entry(to).or_default().push(id);
            }
        }
        Ok(waiting)
    }

    /// Adds to a draft what these letters tell, as it stands now; what is no longer so is left out.
    pub(super) fn take_in(
        &self,
        change: &mut Change,
        draft: &mut Draft,
        waiting: Option<&Vec<String>>,
        now: Timestamp,
    ) -> Result<Merged, NotifyError> {
        let mut merged = Merged::default();
        // What cannot wait for sending hours leaves alone: the rest is still to come in the morning.
        if self.settings.window().when(now, draft.late_after()) <= now {
            return Ok(merged);
        }
        let fresh: BTreeSet<AccountId> =
            draft.items.iter().map(|item| item.account.id.clone()).collect();
        for id in waiting.into_iter().flatten() {
            let held = change.letter(id)?;
            let later = |letter: &Letter| letter.next_attempt.is_some_and(|at| at > now);
            let Some(letter) = held.filter(|letter| letter.waits() && later(letter)) else {
                continue;
            };
            for (account, tell) in &letter.tells {
                if draft.items.iter().any(|item| item.says(account, tell)) {
                    continue;
                }
                let (Some(account), Some(mut state)) =
                    (change.account(account)?, change.state::<AccountState>(account)?)
                else {
                    continue;
                };
                state.forget_after(now);
                let (judgement, _) =
                    look(&account, &state, &self.settings.policy, now, TimeDelta::zero());
                if !tell.holds(&judgement, letter.created_at) {
                    continue;
                }
                if !fresh.contains(&account.id) {
                    merged.only.insert(account.id.clone());
                }
                draft.items.push(Item {
                    owner_acts: owner_acts(&state),
                    history: self.history(&account, &state, tell)?,
                    tell: tell.clone(),
                    inspection: None,
                    judgement,
                    account,
                });
            }
            merged.letters.push(letter);
        }
        Ok(merged)
    }
}
