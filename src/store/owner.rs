//! What did the owners of accounts say through their letters? One record a word, by account.

use freshd_core::id::AccountId;
use freshd_core::owner::OwnerWord;

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, kind, span, under};
use super::{Scanned, Store, codec};

fn key(account: &AccountId, id: &str) -> Vec<u8> {
    Key::of(kind::OWNER).text(account.as_str()).text(id).done()
}

impl Change {
    /// Sets a word.
    pub fn put_owner_word(&mut self, word: &OwnerWord) -> Result<(), StoreError> {
        self.put(key(&word.account, &word.id), word)
    }

    /// Removes a word.
    pub fn delete_owner_word(&mut self, word: &OwnerWord) {
        self.remove(key(&word.account, &word.id));
    }

    /// Reads a word; the commit conflicts if it changes meanwhile.
    pub fn owner_word(
        &mut self,
        account: &AccountId,
        id: &str,
    ) -> Result<Option<OwnerWord>, StoreError> {
        self.read("owner word", &key(account, id))
    }
}

impl Store {
    /// A word.
    pub fn owner_word(
        &self,
        account: &AccountId,
        id: &str,
    ) -> Result<Option<OwnerWord>, StoreError> {
        codec::read(self.engine(), "owner word", &key(account, id))
    }

    /// All words on an account, oldest first.
    pub fn owner_words(&self, account: &AccountId) -> Result<Vec<OwnerWord>, StoreError> {
        let mut words = Vec::new();
        let of_account = under(&Key::of(kind::OWNER).text(account.as_str()).done());
        self.for_each_record("owner word", of_account, Order::Ascending, |_, word: OwnerWord| {
            words.push(word);
            Ok(true)
        })?;
        words.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(words)
    }

    /// Visits the words on every account, by account; `false` ends the walk.
    pub fn for_each_owner_word(
        &self,
        mut visit: impl FnMut(OwnerWord) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        self.for_each_record("owner word", span(kind::OWNER), Order::Ascending, |_, word| {
            visit(word)
        })
    }
}
