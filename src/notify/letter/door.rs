//! By which link does an owner act on one account of one letter? Sealed, bound to letter, recipient and accounts, ending.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, Reason};

use super::{Item, hash_of};
use crate::seal::{SealKey, Unsealed};

/// What such tokens are sealed for.
const PURPOSE: &str = "letter";
/// Hexadecimal digits that stand for recipient and accounts.
const BOUND_CHARS: usize = 24;

/// What links in letters are made with.
#[derive(Clone, Copy, Debug)]
pub struct Doors<'a> {
    /// The store's key.
    pub key: &'a SealKey,
    /// How long a link opens.
    pub lasts: TimeDelta,
}

/// What a link that is ours says. Whether it fits the letter as it is kept is for the reader to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The letter's id.
    pub letter: String,
    /// The account that it opens.
    pub account: AccountId,
    bound: String,
}

impl Passed {
    /// Was it written into a letter to this recipient, about these accounts, this one among them?
    pub fn fits(&self, to: &str, accounts: &[AccountId]) -> bool {
        let named: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
        self.bound == bound(to, &named) && accounts.contains(&self.account)
    }
}

fn bound(to: &str, accounts: &[&str]) -> String {
    let to = to.to_lowercase();
    let mut hash = hash_of(std::iter::once(to.as_str()).chain(accounts.iter().copied()));
    hash.truncate(BOUND_CHARS);
    hash
}

/// What the token says, if it is ours and not over.
///
/// # Errors
/// [`Unsealed`].
pub fn read(key: &SealKey, token: &str, now: Timestamp) -> Result<Passed, Unsealed> {
    let payload = key.open(PURPOSE, token, now)?;
    let mut parts = payload.splitn(3, ' ').map(str::to_owned);
    let passed = parts.next().zip(parts.next()).zip(parts.next());
    let passed = passed.map(|((letter, bound), account)| {
        let account = AccountId::new(account);
        Passed { letter, account, bound }
    });
    passed.ok_or(Unsealed::Forged)
}

/// The links of one letter.
pub(super) struct Links<'a> {
    doors: Option<(Doors<'a>, String)>,
    letter: &'a str,
    bound: String,
    until: Timestamp,
}

impl<'a> Links<'a> {
    /// For a letter to this recipient about these accounts; without pages there are none.
    pub(super) fn new(
        doors: Option<Doors<'a>>,
        public_url: Option<&str>,
        letter: &'a str,
        to: &str,
        accounts: &[String],
        now: Timestamp,
    ) -> Self {
        let named: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let until = now + doors.map_or(TimeDelta::zero(), |doors| doors.lasts);
        let base = public_url.map(|base| base.trim_end_matches('/').to_owned());
        Self { doors: doors.zip(base), letter, bound: bound(to, &named), until }
    }

    /// The link to one account, for its owner; empty where there is none.
    pub(super) fn to(&self, item: &Item) -> String {
        let (reason, audience) = (item.tell.reason, item.tell.audience);
        let wanted = audience == Audience::Owner && reason != Reason::Rectified;
        let Some((doors, base)) = self.doors.as_ref().filter(|_| wanted) else {
            return String::new();
        };
        let payload = format!("{} {} {}", self.letter, self.bound, item.account.id);
        format!("{base}/o/{}", doors.key.seal(PURPOSE, &payload, self.until))
    }
}
