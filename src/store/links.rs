//! What did the last check of each address find? One record per address, shared by the menus that
//! hold it.

use freshd_core::Timestamp;
use freshd_core::link::LinkCheck;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, kind, span};
use super::{Scanned, Store, codec};

/// What is known of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLink {
    /// The address.
    pub url: String,
    /// What the last check found; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<LinkCheck>,
    /// Since when its host's name has not resolved, while that is not yet confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_gone_since: Option<Timestamp>,
    /// When a menu last held it: retention counts from here.
    pub needed_at: Timestamp,
}

pub(super) fn key(url: &str) -> Vec<u8> {
    Key::of(kind::LINK).bytes(&Sha256::digest(url.as_bytes())).done()
}

impl Change {
    /// Sets what is known of an address.
    pub fn put_link(&mut self, link: &StoredLink) -> Result<(), StoreError> {
        self.put(key(&link.url), link)
    }

    /// Reads what is known of an address; the commit conflicts if it changes meanwhile.
    pub fn link(&mut self, url: &str) -> Result<Option<StoredLink>, StoreError> {
        self.read("link", &key(url))
    }
}

impl Store {
    /// What is known of an address.
    pub fn link(&self, url: &str) -> Result<Option<StoredLink>, StoreError> {
        codec::read(self.engine(), "link", &key(url))
    }

    /// Visits every address, in no useful order; `false` ends the walk.
    pub fn for_each_link(
        &self,
        mut visit: impl FnMut(StoredLink) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        self.for_each_record("link", span(kind::LINK), Order::Ascending, |_, link| visit(link))
    }
}
