//! What need not be asked again? Pieces that were looked up, and the dates of posts already opened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use freshd_core::observation::Published;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::connector::Target;

/// Posts whose dates are remembered.
const DATES_MAX: usize = 60;
/// A post that was opened and has no date that can be read.
const UNDATED: (i64, i64) = (0, 0);
/// Longest memo, bytes.
const MEMO_BYTES_MAX: usize = 4 << 10;

/// The memo of one account.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// Whose it is.
    of: String,
    /// Pieces by name.
    #[serde(default)]
    pub(super) found: BTreeMap<String, String>,
    /// Earliest and latest unix second by the hash of a post's key.
    #[serde(default)]
    dates: BTreeMap<String, (i64, i64)>,
    #[serde(skip)]
    used: BTreeSet<String>,
}

impl Memory {
    /// What is written for this target; a memo of anything else is no memo.
    pub(super) fn of(memo: Option<&str>, target: &Target) -> Self {
        let of = hash(target.as_str());
        let held: Option<Self> = memo.and_then(|memo| serde_json::from_str(memo).ok());
        match held.filter(|held| held.of == of) {
            Some(held) => held,
            None => Self { of, ..Self::default() },
        }
    }

    pub(super) fn forget(&mut self) {
        self.found.clear();
    }

    /// What was found when a post was opened before: its date, or that it has none.
    pub(super) fn date(&mut self, key: &str) -> Option<Option<Published>> {
        let key = hash(key);
        let held = *self.dates.get(&key)?;
        self.used.insert(key);
        if held == UNDATED {
            return Some(None);
        }
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        Some(Some(Published::between(at(held.0)?, at(held.1)?)))
    }

    /// Keeps what was found when a post was opened.
    pub(super) fn keep(&mut self, key: &str, published: Option<Published>) {
        let known =
            published.and_then(|at| Some((at.earliest?.timestamp(), at.latest.timestamp())));
        let key = hash(key);
        self.dates.insert(key.clone(), known.unwrap_or(UNDATED));
        self.used.insert(key);
    }

    /// To be remembered: what this look used, and no more than there is room for.
    pub(super) fn written(mut self) -> Option<String> {
        let used = std::mem::take(&mut self.used);
        self.dates.retain(|key, _| used.contains(key));
        while self.dates.len() > DATES_MAX {
            self.dates.pop_first();
        }
        if self.found.is_empty() && self.dates.is_empty() {
            return None;
        }
        serde_json::to_string(&self).ok().filter(|text| text.len() <= MEMO_BYTES_MAX)
    }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
