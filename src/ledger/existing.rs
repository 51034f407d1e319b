//! Which account does a row speak of? Lookups among the accounts that are already known.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::Account;
use freshd_core::id::AccountId;

use super::row::{Row, push_new};

/// The accounts that are already known.
pub trait Existing {
    /// By id.
    fn by_id(&self, id: &AccountId) -> Option<Account>;
    /// By any identifier that it has or had on that platform: handle, alias, previous handle.
    fn by_alias(&self, platform: &str, identifier: &str) -> Option<AccountId>;
    /// By name, platform and sponsor together; several may share them.
    fn by_name(&self, name: &str, platform: &str, sponsor: &str) -> Vec<AccountId>;
    /// Every account's id.
    fn ids(&self) -> Vec<AccountId>;
}

/// The known accounts in memory.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    accounts: BTreeMap<AccountId, Account>,
    aliases: BTreeMap<(String, String), AccountId>,
    names: BTreeMap<(String, String, String), Vec<AccountId>>,
}

impl FromIterator<Account> for Directory {
    fn from_iter<T: IntoIterator<Item = Account>>(accounts: T) -> Self {
        let mut directory = Self::default();
        for account in accounts {
            for identifier in identifiers_of(&account) {
                let key = (account.platform.clone(), identifier.to_owned());
                directory.aliases.entry(key).or_insert_with(|| account.id.clone());
            }
            let key = (account.name.clone(), account.platform.clone(), account.sponsor.clone());
            directory.names.entry(key).or_default().push(account.id.clone());
            directory.accounts.insert(account.id.clone(), account);
        }
        directory
    }
}

impl Existing for Directory {
    fn by_id(&self, id: &AccountId) -> Option<Account> {
        self.accounts.get(id).cloned()
    }

    fn by_alias(&self, platform: &str, identifier: &str) -> Option<AccountId> {
        self.aliases.get(&(platform.to_owned(), identifier.to_owned())).cloned()
    }

    fn by_name(&self, name: &str, platform: &str, sponsor: &str) -> Vec<AccountId> {
        let key = (name.to_owned(), platform.to_owned(), sponsor.to_owned());
        self.names.get(&key).cloned().unwrap_or_default()
    }

    fn ids(&self) -> Vec<AccountId> {
        self.accounts.keys().cloned().collect()
    }
}

/// Everything that finds an account on its platform: the handle's parts, aliases, the previous handle.
pub fn identifiers_of(account: &Account) -> impl Iterator<Item = &str> {
    account
        .handle
        .split(' ')
        .chain(account.aliases.iter().map(String::as_str))
        .chain(account.previous_handle.split(' '))
        .filter(|part| !part.is_empty())
}

/// Which account each row speaks of.
pub(super) struct Matched {
    /// By row; `None` = new.
    pub(super) ids: Vec<Option<AccountId>>,
    /// Rows that come to an account which an earlier row has: the earlier, the later.
    pub(super) twice: Vec<(usize, usize)>,
    /// Rows whose identifiers belong to two accounts.
    pub(super) torn: Vec<(usize, AccountId, AccountId)>,
}

/// Identifiers decide first, for all rows; then name, platform and sponsor where one side has no handle yet.
pub(super) fn matched(rows: &[Row], existing: &dyn Existing) -> Matched {
    let mut found = Matched { ids: vec![None; rows.len()], twice: Vec::new(), torn: Vec::new() };
    let mut taken: BTreeMap<AccountId, usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let mut ids = by_identifier(row, existing).into_iter();
        let Some(id) = ids.next() else { continue };
        if let Some(other) = ids.next() {
            found.torn.push((at, id.clone(), other));
        }
        match taken.get(&id) {
            Some(first) => found.twice.push((*first, at)),
            None => {
                taken.insert(id.clone(), at);
            }
        }
        found.ids[at] = Some(id);
    }
    let mut given: BTreeSet<AccountId> = taken.into_keys().collect();
    for (at, row) in rows.iter().enumerate() {
        if found.ids[at].is_none()
            && let Some(id) = by_name(row, existing, &given)
        {
            given.insert(id.clone());
            found.ids[at] = Some(id);
        }
    }
    found
}

/// The accounts that the row's identifiers find, the handle's first.
fn by_identifier(row: &Row, existing: &dyn Existing) -> Vec<AccountId> {
    let platform = &row.account.platform;
    let previous = row.account.previous_handle.split(' ').filter(|part| !part.is_empty());
    let mut ids = Vec::new();
    for identifier in row.identifiers().chain(previous) {
        let id = existing.by_alias(platform, identifier).or_else(|| {
            let id = AccountId::of(platform, identifier);
            existing.by_id(&id).map(|_| id)
        });
        if let Some(id) = id {
            push_new(&mut ids, id);
        }
    }
    ids
}

fn by_name(row: &Row, existing: &dyn Existing, given: &BTreeSet<AccountId>) -> Option<AccountId> {
    let account = &row.account;
    let free = existing
        .by_name(&account.name, &account.platform, &account.sponsor)
        .into_iter()
        .filter(|id| !given.contains(id))
        .filter_map(|id| existing.by_id(&id));
    let (vague, named): (Vec<Account>, Vec<Account>) = free.partition(|it| it.handle.is_empty());
    // An account that has a handle is met by a row without one only if no other could be meant.
    match (vague.into_iter().next(), account.handle.is_empty(), named.len()) {
        (Some(account), ..) => Some(account.id),
        (None, true, 1) => named.into_iter().next().map(|account| account.id),
        _ => None,
    }
}
