//! What does the store know about itself and the daemon? A few named facts: schema, counters, marks
//! of the loops.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, Reader, kind, span};
use super::{Store, codec};

/// Schema version of the stored forms.
pub(super) const SCHEMA: &str = "schema";
/// `u64`: the last number given to an account without a handle (`platform:n-NUMBER`).
pub const LEDGER_NUMBER: &str = "ledger.number";
/// `u64`: how many imports have been applied.
pub const IMPORT_GENERATION: &str = "ledger.generation";
/// `Timestamp`: the latest wall-clock time ever seen, against clocks that step back.
pub const LAST_SEEN_CLOCK: &str = "clock.last_seen";
/// `Vec<Wish>`: the servers' wishes to be left alone that stood when the last one was heard.
pub const WISHES: &str = "poll.wishes";
/// `BTreeMap<String, Alike>`: of which accounts it was said lately that they have ended, and of which not.
pub const ALIKE: &str = "poll.alike";
/// `BTreeMap<String, Timestamp>`: hosts that asked to be left alone, and until when.
pub const RESTING: &str = "net.resting";

/// `Timestamp`: when the store was restored from a backup. While it stands letters are only drafted: what was sent
/// after the backup is not known, and could be said again.
pub const RESTORED: &str = "store.restored";

/// `[u8; 32]`: the secret that signs the links that we hand out.
pub const SEAL: &str = "web.seal";

/// `String`, with a connector's own name behind it: a record that a connector must not forget, as JSON text.
pub const VAULT: &str = "vault.";

fn key(name: &str) -> Vec<u8> {
    Key::of(kind::META).text(name).done()
}

impl Change {
    /// Sets a named fact. Names are dotted English words, the first one that of the module.
    pub fn put_meta<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        fact: &T,
    ) -> Result<(), StoreError> {
        self.put(key(name), fact)
    }

    /// Removes a named fact.
    pub fn delete_meta(&mut self, name: &str) {
        self.remove(key(name));
    }

    /// Reads a named fact; the commit conflicts if it changes meanwhile.
    pub fn meta<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, StoreError> {
        self.read("meta", &key(name))
    }
}

impl Store {
    /// A named fact.
    pub fn meta<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        codec::read(self.engine(), "meta", &key(name))
    }

    /// The names of all facts that begin so, sorted.
    pub fn meta_names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let (from, to) = span(kind::META);
        let mut names = Vec::new();
        self.each(&from, &to, Order::Ascending, |key, _| {
            let name = Reader::behind_kind(key).text();
            names.extend(name.filter(|name| name.starts_with(prefix)));
            Ok(true)
        })?;
        Ok(names)
    }

    /// Sets one named fact by itself.
    pub fn set_meta<T: Serialize + ?Sized>(&self, name: &str, fact: &T) -> Result<(), StoreError> {
        let mut change = self.change();
        change.put_meta(name, fact)?;
        self.commit(change)
    }
}
