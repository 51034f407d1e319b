//! Did the account end, or does the platform say so of everybody? Answers of one connector, side by side.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{PROMOTE_ACCOUNTS, PROMOTE_WINDOW_H};
use crate::Timestamp;
use crate::fault::FaultKind;
use crate::id::AccountId;

/// Accounts whose newest answer is compared.
const RECENT_MAX: usize = 50;
/// An account of which the same is said for so long, while others answer, has ended.
const LASTING_H: i64 = 72;

/// What one connector's accounts answered lately. Kept over restarts: a command that polls once a day must know what
/// the last one heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The newest answer of each account asked lately, oldest first.
    recent: VecDeque<Answer>,
    /// Since when, and when last, this was said of the account without another answer between.
    said: BTreeMap<AccountId, Said>,
    /// When an account last was there.
    there: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    account: AccountId,
    at: Timestamp,
    /// `None` = the account is there.
    ended: Option<FaultKind>,
    /// Was it taken for the account's own end?
    believed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    kind: FaultKind,
    first: Timestamp,
    last: Timestamp,
}

/// May what the platform says of an account be believed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It is a look at this account.
    Account,
    /// It is said of too many. What was believed of these others lately is to be withdrawn.
    Platform(Vec<AccountId>),
}

impl Alike {
    /// The account is there.
    pub(super) fn answered(&mut self, account: &AccountId, now: Timestamp) {
        self.there = self.there.max(Some(now));
        self.said.remove(account);
        self.note(Answer { account: account.clone(), at: now, ended: None, believed: true });
    }

    /// The platform says that the account has ended. Does it say so of too many for that to be believed?
    ///
    /// Too many: [`PROMOTE_ACCOUNTS`] and half of all accounts that answered within [`PROMOTE_WINDOW_H`]. Dead accounts of a
    /// large ledger stay a small share of its answers; a platform that has lost its mind says it of nearly all. What has
    /// been said of an account for three days, while others were there, is believed in any company.
    pub(super) fn ended(&mut self, account: &AccountId, kind: FaultKind, now: Timestamp) -> Belief {
        let window = TimeDelta::hours(PROMOTE_WINDOW_H);
        self.said.retain(|_, said| now - said.last <= window);
        let said = Said { kind, first: now, last: now };
        let held = self.said.entry(account.clone()).or_insert(said);
        if held.kind != kind {
            *held = said;
        }
        held.last = held.last.max(now);
        let first = held.first;
        self.note(Answer { account: account.clone(), at: now, ended: Some(kind), believed: true });
        let lasts = now - first >= TimeDelta::hours(LASTING_H);
        if lasts && self.there.is_some_and(|at| at > first) {
            return Belief::Account;
        }
        let fresh = |answer: &&mut Answer| now - answer.at <= window;
        let all = self.recent.iter_mut().filter(fresh).count();
        let alike = |answer: &&mut Answer| answer.ended == Some(kind) && now - answer.at <= window;
        let many = self.recent.iter_mut().filter(alike).count();
        if many < PROMOTE_ACCOUNTS || many * 2 < all {
            return Belief::Account;
        }
        let mut withdrawn = Vec::new();
        for answer in self.recent.iter_mut().filter(alike).filter(|answer| answer.believed) {
            answer.believed = false;
            if answer.account != *account {
                withdrawn.push(answer.account.clone());
            }
        }
        Belief::Platform(withdrawn)
    }

    fn note(&mut self, answer: Answer) {
        self.recent.retain(|held| held.account != answer.account);
        self.recent.push_back(answer);
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }
}
