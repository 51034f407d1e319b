//! What need not be asked again? Pieces that were looked up, and the dates of posts already opened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use freshd_core::Timestamp;
use freshd_core::observation::Published;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::connector::Target;
use crate::http::Response;

/// Posts whose dates are remembered.
const DATES_MAX: usize = 60;
/// A post that was opened and has no date that can be read.
const UNDATED: (i64, i64) = (0, 0);
/// Longest memo, bytes.
const MEMO_BYTES_MAX: usize = 4 << 10;

/// A validator longer than this is not remembered.
const VALIDATOR_BYTES_MAX: usize = 512;

/// How a server is asked whether a page has changed (RFC 9110 §13.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

impl Validators {
    /// What the answer gives; `None` if it gives nothing.
    pub(super) fn of(response: &Response) -> Option<Self> {
        let held = |name: &str| {
            let value = response.header(name)?;
            (value.len() <= VALIDATOR_BYTES_MAX).then(|| value.to_owned())
        };
        let found = Self { etag: held("etag"), modified: held("last-modified") };
        (found.etag.is_some() || found.modified.is_some()).then_some(found)
    }
}

/// What a page that has not changed proves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The manifest and address that it was read by: another reading may see something else.
    by: String,
    validators: Validators,
    /// Latest instant of its oldest post; `None` = it proved nothing.
    pub(super) since: Option<Timestamp>,
    /// It said that no page follows.
    pub(super) last: bool,
}

impl Kept {
    pub(super) fn new(
        by: &str,
        validators: Validators,
        since: Option<Timestamp>,
        last: bool,
    ) -> Self {
        Self { by: by.to_owned(), validators, since, last }
    }

    /// The headers that ask whether it has changed.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Validators { etag, modified } = &self.validators;
        let etag = etag.as_deref().map(|etag| ("if-none-match", etag));
        etag.into_iter().chain(modified.as_deref().map(|at| ("if-modified-since", at)))
    }
}

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
    /// The list, if it may be asked for only when it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
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

    /// Takes out what was read by this manifest at this address.
    pub(super) fn take_kept(&mut self, by: &str) -> Option<Kept> {
        self.kept.take().filter(|kept| kept.by == by)
    }

    pub(super) fn keep_page(&mut self, kept: Kept) {
        self.kept = Some(kept);
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
        if self.found.is_empty() && self.dates.is_empty() && self.kept.is_none() {
            return None;
        }
        serde_json::to_string(&self).ok().filter(|text| text.len() <= MEMO_BYTES_MAX)
    }
}

pub(super) fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
