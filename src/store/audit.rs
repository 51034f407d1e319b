//! Who did what? The audit trail 留痕: only ever added to.

use freshd_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::engine::Order;
use super::error::StoreError;
use super::keys::{Key, kind, span};
use super::{Scanned, Store};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: Timestamp,
    /// Who: a user of the machine, a token's name, `daemon`.
    pub who: String,
    /// What, an English key such as `import` or `confirm`.
    pub what: String,
    /// On what, e.g. an account's id or a letter's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// The details, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Change {
    /// Adds an entry to the audit trail.
    pub fn audit(&mut self, entry: &Audit) -> Result<(), StoreError> {
        self.append(Key::of(kind::AUDIT).time(entry.at), entry)
    }
}

impl Store {
    /// Visits the audit trail, newest first; `false` ends the walk.
    pub fn audit(
        &self,
        mut visit: impl FnMut(Audit) -> Result<bool, StoreError>,
    ) -> Result<Scanned, StoreError> {
        self.for_each_record("audit", span(kind::AUDIT), Order::Descending, |_, entry| visit(entry))
    }
}
