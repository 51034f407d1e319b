//! Did the account end, or does the platform say so of everybody? Answers of one connector, side by side.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;

use super::{PROMOTE_ACCOUNTS, PROMOTE_WINDOW_H};
use crate::Timestamp;
use crate::fault::FaultKind;
use crate::id::AccountId;

/// Accounts whose newest answer is compared.
const RECENT_MAX: usize = 50;
/// An account of which the same is said for so long, while others answer, has ended.
const LASTING_H: i64 = 72;
/// An account of which nothing is heard for so long is forgotten.
const FORGET_H: i64 = 48;

/// What one connector's accounts answered lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    /// The newest answer of each account asked lately, oldest first; `None` = the account is there.
    recent: VecDeque<(AccountId, Timestamp, Option<FaultKind>)>,
    /// Since when, and when last, this was said of the account without another answer between.
    said: BTreeMap<AccountId, (FaultKind, Timestamp, Timestamp)>,
    /// When an account last was there.
    there: Option<Timestamp>,
}

impl Alike {
    /// The account is there.
    pub(super) fn answered(&mut self, account: &AccountId, now: Timestamp) {
        self.there = self.there.max(Some(now));
        self.said.remove(account);
        self.note(account, now, None);
    }

    /// The platform says that the account has ended. Does it say so of too many for that to be believed?
    ///
    /// Too many: [`PROMOTE_ACCOUNTS`] and half of all accounts that answered within [`PROMOTE_WINDOW_H`]. Dead accounts of a
    /// large ledger stay a small share of its answers; a platform that has lost its mind says it of nearly all. What has
    /// been said of an account for three days, while others were there, is believed in any company.
    pub(super) fn is_too_common(
        &mut self,
        account: &AccountId,
        kind: FaultKind,
        now: Timestamp,
    ) -> bool {
        self.said.retain(|_, (_, _, last)| now - *last <= TimeDelta::hours(FORGET_H));
        let said = self.said.entry(account.clone()).or_insert((kind, now, now));
        if said.0 != kind {
            *said = (kind, now, now);
        }
        said.2 = said.2.max(now);
        let since = said.1;
        self.note(account, now, Some(kind));
        if now - since >= TimeDelta::hours(LASTING_H) && self.there.is_some_and(|at| at > since) {
            return false;
        }
        let window = TimeDelta::hours(PROMOTE_WINDOW_H);
        let fresh = self.recent.iter().filter(|(_, at, _)| now - *at <= window);
        let (mut all, mut alike) = (0, 0);
        for (_, _, answer) in fresh {
            all += 1;
            alike += usize::from(*answer == Some(kind));
        }
        alike >= PROMOTE_ACCOUNTS && alike * 2 >= all
    }

    fn note(&mut self, account: &AccountId, now: Timestamp, answer: Option<FaultKind>) {
        self.recent.retain(|(id, ..)| id != account);
        self.recent.push_back((account.clone(), now, answer));
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }
}
