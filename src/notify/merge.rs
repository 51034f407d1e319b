//! Does a letter to the same recipient still wait for sending hours? Then the new one says both, and the old one is
//! cancelled in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Stand, Tell, Told};
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;

use super::letter::{Draft, Item, compose, owner_acts};
use super::plan::look;
use super::reach::take_back;
use super::report::NotifyReport;
use super::tick::{Notifier, NotifyError};
use super::write::{Hold, LetterEvent};
use crate::store::{Change, Letter, LetterState, Store};

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
    /// What the other one does not say.
    dropped: Dropped,
}

/// What is not told although a letter was to tell it.
#[derive(Default)]
struct Dropped(Vec<(AccountId, Tell)>);

impl Dropped {
    /// Nobody was told of it by this letter, which is cancelled.
    fn take_back(
        &self,
        store: &Store,
        change: &mut Change,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        let is = |tell: &Tell, rule, told: &Told| {
            (tell.rule, tell.reason, tell.stage) == (rule, told.reason, told.stage)
        };
        let ours = |id: &AccountId, rule: Rule, told: &Told| {
            self.0.iter().any(|(of, tell)| of == id && is(tell, rule, told))
        };
        Ok(take_back(store, change, letter, ours, now)?)
    }
}

/// How a letter that was not sent yet stands now.
#[derive(Default)]
struct Standing {
    /// What still holds, as it stands now.
    holds: Vec<Item>,
    /// What is true as of the letter's data, and proven no longer.
    aged: Vec<(AccountId, Tell)>,
    /// What is no longer so.
    over: Vec<(AccountId, Tell)>,
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
        &self,
        store: &Store,
        change: &mut Change,
        into: &str,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        for mut letter in self.letters.iter().filter(|letter| letter.id != into).cloned() {
            letter.state = LetterState::Cancelled;
            letter.next_attempt = None;
            letter.tells = Vec::new();
            letter.last_reply = Some(format!("已并入信 {into},未单独发送"));
            letter.merged_into = Some(into.to_owned());
            for account in &letter.accounts {
                change.journal(account, now, &LetterEvent::of(&letter))?;
            }
            change.put_letter(&letter);
            self.dropped.take_back(store, change, &letter, now)?;
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
            let stands = self.standing(change, &letter, now)?;
            // It says as of when it is true; written anew it would accuse without proof.
            if !stands.aged.is_empty() {
                continue;
            }
            for item in stands.holds {
                let id = item.account.id.clone();
                if draft.add(item) && !fresh.contains(&id) {
                    merged.only.insert(id);
                }
            }
            merged.dropped.0.extend(stands.over);
            merged.letters.push(letter);
        }
        Ok(merged)
    }

    fn standing(
        &self,
        change: &mut Change,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<Standing, NotifyError> {
        let mut standing = Standing::default();
        for (id, tell) in &letter.tells {
            let (Some(account), Some(mut state)) =
                (change.account(id)?, change.state::<AccountState>(id)?)
            else {
                standing.over.push((id.clone(), tell.clone()));
                continue;
            };
            state.forget_after(now);
            let (policy, ahead) = (&self.settings.policy, TimeDelta::zero());
            let (judgement, _) = look(&account, &state, policy, now, ahead);
            match tell.stand(&judgement, letter.created_at) {
                Stand::Aged => standing.aged.push((id.clone(), tell.clone())),
                Stand::Over => standing.over.push((id.clone(), tell.clone())),
                Stand::Holds => standing.holds.push(Item {
                    owner_acts: owner_acts(&state),
                    history: self.history(&account, &state, tell)?,
                    tell: tell.clone(),
                    inspection: None,
                    judgement,
                    account,
                }),
            }
        }
        Ok(standing)
    }

    /// Looks at letters again that waited for sending hours and are due: what was settled meanwhile is not sent.
    pub(super) fn look_again(&self, now: Timestamp) -> Result<(), NotifyError> {
        for id in self.store.waited_letters(now)? {
            self.store.update(|change| {
                let Some(mut letter) = change.letter(&id)?.filter(Letter::waits) else {
                    return Ok::<_, NotifyError>(());
                };
                match self.rewrite(change, &letter, now)? {
                    Some(Rewritten::Settled) => {
                        letter.state = LetterState::Cancelled;
                        letter.next_attempt = None;
                        letter.last_reply = Some("发出之前情况已变化,未发送".to_owned());
                        for account in &letter.accounts {
                            change.journal(account, now, &LetterEvent::of(&letter))?;
                        }
                        change.put_letter(&letter);
                    }
                    // Once is enough: it is about to be sent.
                    None => {
                        letter.tells.clear();
                        change.put_letter(&letter);
                    }
                    Some(Rewritten::As(_)) => {}
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// A held letter that is released, where some of it no longer holds: what is left, as a letter of its own, into which the
    /// held one goes. `None` = it holds as it stands, or is of a kind that is a whole.
    pub(super) fn rewrite(
        &self,
        change: &mut Change,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<Option<Rewritten>, NotifyError> {
        if letter.tells.is_empty() {
            return Ok(None);
        }
        let Standing { holds, aged, over } = self.standing(change, letter, now)?;
        if over.is_empty() {
            return Ok(None);
        }
        let dropped = Dropped(over.into_iter().chain(aged).collect());
        let Some(first) = holds.first() else {
            dropped.take_back(&self.store, change, letter, now)?;
            return Ok(Some(Rewritten::Settled));
        };
        let mut draft = Draft::to(&letter.to, &first.account);
        for item in holds {
            draft.add(item);
        }
        draft.left_of.clone_from(&letter.id);
        let (sender, key) = (self.settings.sender(), self.seal(false)?);
        let mut composed = compose(&draft, &self.settings.house(&sender, key.as_ref()), now)?;
        let merged = Merged { letters: vec![letter.clone()], only: BTreeSet::new(), dropped };
        composed.decided = merged.decided();
        // Group robots were told when it was drafted.
        composed.briefs.clear();
        let id = composed.id.clone();
        self.keep(change, &letter.to, composed, Hold::No, now)?;
        merged.close(&self.store, change, &id, now)?;
        Ok(Some(Rewritten::As(id)))
    }
}

/// What became of a held letter when it was released.
pub(super) enum Rewritten {
    /// Nothing of it holds any more.
    Settled,
    /// What is left of it is in this letter.
    As(String),
}
