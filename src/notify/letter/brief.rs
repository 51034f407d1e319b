//! What does a letter say in a few words, for a group robot or to be forwarded?

use freshd_core::Timestamp;
use freshd_core::id::AccountId;

use super::role::Role;
use super::{House, Item, item};

/// What a letter says of one account, or of one matter, in words that may be shown to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Whose; `None` = of no single account.
    pub account: Option<AccountId>,
    /// One or a few lines.
    pub text: String,
}

/// What an owner could forward, of each account once.
pub(super) fn briefs(items: &[&Item], house: &House<'_>, now: Timestamp) -> Vec<Brief> {
    let brief = |item: &&Item| Brief {
        account: Some(item.account.id.clone()),
        text: item::view(0, item, Role::Owner, None, house, now).forward,
    };
    items.iter().map(brief).collect()
}
