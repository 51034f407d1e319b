//! What is in hand of the accounts whose turn has come? A window that is filled again while answers come, so that a
//! slow site keeps no other waiting, and that never grows with the ledger.

use std::collections::BTreeMap;

use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::link::LinkCheck;

use super::ask::{AT_ONCE, Answered, Queues};

/// More accounts are claimed while fewer turns than this are waiting.
const TURNS_MIN: usize = 256;
/// Addresses in hand: waiting or asked.
const ADDRESSES_MAX: usize = 4096;
/// Accounts in hand.
const ACCOUNTS_MAX: usize = 1024;
/// So many answers, or accounts that have all of theirs, are written down together.
pub(super) const BATCH: usize = 64;

/// Accounts that wait for answers, and the addresses that wait for their turn.
#[derive(Default)]
pub(super) struct Hand {
    accounts: BTreeMap<AccountId, Open>,
    /// Addresses not answered yet, waiting and asked.
    wanted: BTreeMap<String, Wanted>,
    /// Whose turn is next.
    pub(super) queues: Queues,
    /// Answers not written down yet.
    pub(super) answers: Vec<Answered>,
    /// Accounts that wait for nothing any more, each with the time until which addresses of it were put off.
    pub(super) ready: Vec<(AccountId, Option<Timestamp>)>,
    /// Addresses taken up, and put off, so far.
    pub(super) taken: usize,
    pub(super) put_off: usize,
}

/// An account that waits for answers.
struct Open {
    left: usize,
    put_off: Option<Timestamp>,
}

/// An address that somebody waits for.
struct Wanted {
    /// What its first account knew of it.
    known: Option<LinkCheck>,
    by: Vec<AccountId>,
    /// An owner typed it, and nobody else names it: nothing of `allow_private` is open to it.
    by_owner: bool,
}

impl Hand {
    /// Is there room, and too little to do?
    pub(super) fn is_hungry(&self) -> bool {
        let room = self.wanted.len() < ADDRESSES_MAX && self.accounts.len() < ACCOUNTS_MAX;
        room && self.queues.turns() < TURNS_MIN
    }

    /// Is there enough to be written down together?
    pub(super) fn is_heavy(&self) -> bool {
        self.answers.len() >= BATCH || self.ready.len() >= BATCH
    }

    /// So many answers make room again, where sites have their hands full.
    pub(super) fn patience(&self) -> usize {
        match self.wanted.len() {
            0 => 0,
            waiting => (waiting / 2).clamp(AT_ONCE, TURNS_MIN),
        }
    }

    /// Is there an answer that is written down before any account that wants it?
    pub(super) fn has_answer(&self, url: &str) -> bool {
        self.answers.iter().any(|answered| answered.url == url)
    }

    /// This account waits, too, if the address is in hand already; says whether it is.
    pub(super) fn join(&mut self, url: &str, id: &AccountId, by_owner: bool) -> bool {
        let Some(wanted) = self.wanted.get_mut(url) else { return false };
        wanted.by.push(id.clone());
        wanted.by_owner &= by_owner;
        true
    }

    /// Is this address named by nobody but owners who typed it?
    pub(super) fn is_by_owner(&self, url: &str) -> bool {
        self.wanted.get(url).is_some_and(|wanted| wanted.by_owner)
    }

    /// Takes up an address.
    pub(super) fn take(
        &mut self,
        site: String,
        url: &str,
        (id, by_owner): (&AccountId, bool),
        known: Option<LinkCheck>,
    ) {
        self.queues.push(site, url.to_owned());
        self.wanted.insert(url.to_owned(), Wanted { known, by: vec![id.clone()], by_owner });
        self.taken += 1;
    }

    /// All addresses of an account were looked through: it waits for `left` of them.
    pub(super) fn open(&mut self, id: &AccountId, left: usize, put_off: Option<Timestamp>) {
        match left {
            0 => self.ready.push((id.clone(), put_off)),
            _ => drop(self.accounts.insert(id.clone(), Open { left, put_off })),
        }
    }

    /// An address has answered: what its first account knew of it.
    pub(super) fn answered(&mut self, url: &str) -> Option<LinkCheck> {
        let Wanted { known, by, .. } = self.wanted.remove(url)?;
        for id in by {
            let Some(open) = self.accounts.get_mut(&id) else { continue };
            open.left -= 1;
            if open.left == 0
                && let Some((id, open)) = self.accounts.remove_entry(&id)
            {
                self.ready.push((id, open.put_off));
            }
        }
        known
    }

    /// What is still waiting is left out this time.
    pub(super) fn give_up(&mut self) {
        let open = std::mem::take(&mut self.accounts);
        self.ready.extend(open.into_iter().map(|(id, open)| (id, open.put_off)));
    }

    /// Addresses and accounts held at this moment.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.wanted.len() + self.answers.len(), self.accounts.len() + self.ready.len())
    }
}
