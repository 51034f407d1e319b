//! How does a whole ledger change at once? An import of many accounts is written down in slices,
//! decided by one small batch, and then carried out; a crash in between is made good at the next
//! opening.
//!
//! One batch for everything would be simpler, but sled holds back the memory of every page that an
//! open batch touches: 20,000 accounts in one batch took 550 MiB.

use std::collections::BTreeSet;

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde::{Deserialize, Serialize};

use super::audit::Audit;
use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, kind, of_account, span};
use super::{Store, codec, meta};

/// Accounts that are changed in one batch.
const SLICE: usize = 200;
/// The import that has been decided and is not yet carried out.
const PENDING: &str = "ledger.pending";

/// What one import changes.
#[derive(Clone, Debug)]
pub struct LedgerChange {
    /// Accounts as they are to be; those that are so already cost a comparison.
    pub puts: Vec<Account>,
    /// Accounts to remove, with their state. Their journal stays until its retention ends.
    pub deletes: Vec<AccountId>,
    /// When accounts that are new and judged are due for their first poll.
    pub first_poll: Timestamp,
    /// The ledger's number counter afterwards, if it moved.
    pub ledger_number: Option<u64>,
    /// Who imported what.
    pub audit: Audit,
}

/// A decided import: how many slices there are.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    slices: u32,
}

/// One slice, written down.
#[derive(Debug, Serialize, Deserialize)]
struct Slice {
    puts: Vec<Account>,
    deletes: Vec<AccountId>,
    first_poll: Timestamp,
}

fn slice_key(number: u32) -> Vec<u8> {
    Key::of(kind::IMPORT).bytes(&number.to_be_bytes()).done()
}

impl Store {
    /// Applies an import: after a crash all of it is there or nothing. A reader who walks the
    /// accounts meanwhile may see some of them as they were. Returns the new import generation.
    /// Durable when it returns.
    pub fn replace_ledger(&self, ledger: &LedgerChange) -> Result<u64, StoreError> {
        self.finish_import()?;
        let slices = self.slices(ledger)?;
        let generation = match slices.as_slice() {
            [] => self.decide(ledger, |_| Ok(()))?,
            [only] => self.decide(ledger, |change| self.carry_out(change, only))?,
            many => {
                for (number, slice) in (0..).zip(many) {
                    let mut change = self.change();
                    change.put(slice_key(number), slice)?;
                    self.commit(change)?;
                }
                let slices = u32::try_from(many.len()).unwrap_or(u32::MAX);
                let generation = self.decide(ledger, |change| {
                    change.meta::<Pending>(PENDING)?;
                    change.put_meta(PENDING, &Pending { slices })
                })?;
                self.finish_import()?;
                generation
            }
        };
        self.barrier_blocking()?;
        Ok(generation)
    }

    /// Carries out an import that has been decided, or clears away what was written down for one
    /// that was not.
    pub(super) fn finish_import(&self) -> Result<(), StoreError> {
        let slices = self.meta::<Pending>(PENDING)?.map_or(0, |pending| pending.slices);
        for number in 0..slices {
            self.update(|change| match change.read::<Slice>("import", &slice_key(number))? {
                Some(slice) => {
                    change.remove(slice_key(number));
                    self.carry_out(change, &slice)
                }
                None => Ok::<(), StoreError>(()),
            })?;
        }
        let (from, to) = span(kind::IMPORT);
        let mut left = Vec::new();
        self.each(&from, &to, Order::Ascending, |key, _| {
            left.push(key.to_vec());
            Ok(true)
        })?;
        let mut change = self.change();
        left.into_iter().for_each(|key| change.remove(key));
        if slices > 0 {
            change.delete_meta(PENDING);
        }
        self.commit(change)
    }

    /// What really changes, in slices.
    fn slices(&self, ledger: &LedgerChange) -> Result<Vec<Slice>, StoreError> {
        let slice = |puts, deletes| Slice { puts, deletes, first_poll: ledger.first_poll };
        let mut slices = Vec::new();
        let mut puts = Vec::new();
        for account in &ledger.puts {
            if !self.is_stored(account)? {
                puts.push(account.clone());
            }
            if puts.len() == SLICE {
                slices.push(slice(std::mem::take(&mut puts), Vec::new()));
            }
        }
        let kept: BTreeSet<_> = ledger.puts.iter().map(|account| &account.id).collect();
        let deletes: Vec<_> =
            ledger.deletes.iter().filter(|id| !kept.contains(id)).cloned().collect();
        if puts.len() + deletes.len() > SLICE {
            slices.extend(deletes.chunks(SLICE).map(|ids| slice(Vec::new(), ids.to_vec())));
            slices.push(slice(puts, Vec::new()));
        } else if !puts.is_empty() || !deletes.is_empty() {
            slices.push(slice(puts, deletes));
        }
        Ok(slices)
    }

    fn is_stored(&self, account: &Account) -> Result<bool, StoreError> {
        let value = self.engine().get(&of_account(kind::ACCOUNT, &account.id))?;
        Ok(value.is_some_and(|value| codec::encode(account).is_ok_and(|new| new == value)))
    }

    /// The one batch on which it depends whether the import happens.
    fn decide(
        &self,
        ledger: &LedgerChange,
        mut with: impl FnMut(&mut Change) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        self.update(|change| {
            let generation = change.meta::<u64>(meta::IMPORT_GENERATION)?.unwrap_or(0) + 1;
            change.put_meta(meta::IMPORT_GENERATION, &generation)?;
            if let Some(number) = ledger.ledger_number {
                change.put_meta(meta::LEDGER_NUMBER, &number)?;
            }
            change.audit(&ledger.audit)?;
            with(change)?;
            Ok(generation)
        })
    }

    fn carry_out(&self, change: &mut Change, slice: &Slice) -> Result<(), StoreError> {
        slice.deletes.iter().for_each(|id| change.delete_account(id));
        for account in &slice.puts {
            let is_new = self.engine().get(&of_account(kind::ACCOUNT, &account.id))?.is_none();
            if is_new && account.lifecycle.is_judged() {
                change.set_poll_due(&account.id, Some(slice.first_poll));
            }
            change.put_account(account);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
