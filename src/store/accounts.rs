//! Which accounts are in the ledger 台账? Accounts by id, and by every other name that finds them.

use std::collections::BTreeSet;

use freshd_core::account::Account;
use freshd_core::id::AccountId;

use super::change::{Change, Expansion, Known};
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, Reader, kind, of_account, span, under};
use super::{Scanned, Store, codec};

impl Change {
    /// Sets an account and the aliases that find it.
    pub fn put_account(&mut self, account: &Account) {
        self.accounts.insert(account.id.clone(), Some(account.clone()));
    }

    /// Removes an account, its aliases, due times and state. Its journal stays until its retention
    /// ends.
    pub fn delete_account(&mut self, id: &AccountId) {
        self.accounts.insert(id.clone(), None);
        self.remove(of_account(kind::STATE, id));
    }

    /// Reads an account; the commit conflicts if it changes meanwhile.
    pub fn account(&mut self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        match self.accounts.get(id) {
            Some(pending) => Ok(pending.clone()),
            None => self.read("account", &of_account(kind::ACCOUNT, id)),
        }
    }

    /// As [`Change::account`], reading again only what has changed.
    pub fn refresh_account(
        &mut self,
        id: &AccountId,
        known: &mut Known<Account>,
    ) -> Result<(), StoreError> {
        match self.accounts.get(id) {
            Some(pending) => {
                *known = Known::pending(pending.clone());
                Ok(())
            }
            None => self.refresh("account", &of_account(kind::ACCOUNT, id), known),
        }
    }
}

impl Store {
    /// The account with this id.
    pub fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        codec::read(self.engine(), "account", &of_account(kind::ACCOUNT, id))
    }

    /// The account with this id, for a later [`Change::refresh_account`].
    pub fn known_account(&self, id: &AccountId) -> Result<Known<Account>, StoreError> {
        Known::read(self.engine(), "account", &of_account(kind::ACCOUNT, id))
    }

    /// The accounts that this text finds: the one with this id, else those with this alias (any
    /// case).
    pub fn find(&self, text: &str) -> Result<Vec<AccountId>, StoreError> {
        let id = AccountId::new(text);
        if self.engine().get(&of_account(kind::ACCOUNT, &id))?.is_some() {
            return Ok(vec![id]);
        }
        let (from, to) = under(&alias_prefix(text).done());
        let mut found = Vec::new();
        self.each(&from, &to, Order::Ascending, |key, _| {
            let mut reader = Reader::behind_kind(key);
            let (_, id) = (reader.text(), reader.text());
            found.push(AccountId::new(
                id.ok_or_else(|| StoreError::damaged("alias", key, "键不完整"))?,
            ));
            Ok(true)
        })?;
        Ok(found)
    }

    /// Visits every account in the order of ids; `false` ends the walk. Accounts that cannot be
    /// read are logged and counted, and do not end it.
    pub fn for_each_account(
        &self,
        mut visit: impl FnMut(Account) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        self.for_each_record("account", span(kind::ACCOUNT), Order::Ascending, |_, account| {
            visit(account)
        })
    }

    /// How many accounts there are. Walks them: not for every page view.
    pub fn count_accounts(&self) -> Result<u64, StoreError> {
        let (from, to) = span(kind::ACCOUNT);
        let mut count = 0;
        self.each(&from, &to, Order::Ascending, |_, _| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }
}

fn alias_prefix(alias: &str) -> Key {
    Key::of(kind::ALIAS).any_text(&alias.trim().to_lowercase())
}

/// The keys of an account's aliases.
pub(super) fn alias_keys(account: &Account) -> BTreeSet<Vec<u8>> {
    let key = |alias: &String| alias_prefix(alias).text(account.id.as_str()).done();
    account.aliases.iter().filter(|alias| !alias.trim().is_empty()).map(key).collect()
}

/// Writes an account and the difference of its aliases.
pub(super) fn expand(
    work: &mut Expansion<'_>,
    id: &AccountId,
    account: Option<&Account>,
) -> Result<(), StoreError> {
    let key = of_account(kind::ACCOUNT, id);
    let old = work.present(&key)?;
    let new = account.map(codec::encode).transpose()?;
    if old == new {
        return Ok(());
    }
    let before = match &old {
        Some(_) => codec::read::<Account>(work.engine, "account", &key)?,
        None => None,
    };
    let before = before.as_ref().map(alias_keys).unwrap_or_default();
    let after = account.map(alias_keys).unwrap_or_default();
    before.difference(&after).for_each(|alias| work.mark(alias.clone(), false));
    after.difference(&before).for_each(|alias| work.mark(alias.clone(), true));
    codec::write(&mut work.batch, &key, old.as_deref(), new.as_deref())
}

#[cfg(test)]
mod tests;
