//! What becomes of polls that another machine made? The same as of our own, as of when they were made.

use freshd_core::account::Source;
use freshd_core::id::{AccountId, Channel};

use super::run::{SourceOutcome, channels_of};
use super::{Held, Means, Poller};
use crate::store::StoreError;

impl Poller {
    /// Applies what the sources of one account answered elsewhere.
    pub fn take(&self, id: &AccountId, outcomes: Vec<SourceOutcome>) -> Result<(), StoreError> {
        self.settle(id, Held::default(), outcomes, &self.env.parts())
    }
}

/// The channels that a poll of this source counts for, as one made here would say; `None` = no such connector.
pub fn channels(means: &Means, source: &Source) -> Option<Vec<Channel>> {
    let connector = means.registry.find(&source.connector)?;
    Some(channels_of(connector.as_ref()))
}
