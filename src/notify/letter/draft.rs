//! All that one recipient is to be told: collected item by item before it is composed.

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Reason, Tell};

use super::{Item, list};
use crate::notify::plan::name_for;

/// Who a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Bare address.
    pub address: String,
    /// Display name; cleaned when used.
    pub name: String,
}

/// All that one recipient is told in one run.
#[derive(Clone, Debug)]
pub struct Draft {
    /// To whom.
    pub recipient: Recipient,
    /// What, in any order; at least one, unless there is a list.
    pub items: Vec<Item>,
    /// A table of the accounts that the recipient supervises 自查情况表.
    pub list: Option<list::List>,
    /// What makes it this letter and no other, and its subject behind the mark; without it what its items say.
    pub named: Option<Named>,
    /// The letter of which this is what is left; empty = none. With it, it is another letter than one that told the same before.
    pub left_of: String,
}

impl Draft {
    /// To this address, by the name that the ledger gives its holder for the account.
    pub(in crate::notify) fn to(address: &str, account: &Account) -> Self {
        let recipient = Recipient { address: address.to_owned(), name: name_for(account, address) };
        Self { recipient, items: Vec::new(), list: None, named: None, left_of: String::new() }
    }

    /// It speaks of this account, too: a recipient whom the accounts call by several names is called by none.
    pub(in crate::notify) fn also_of(&mut self, account: &Account) {
        if self.recipient.name != name_for(account, &self.recipient.address) {
            self.recipient.name.clear();
        }
    }

    /// Adds what is not said yet. Was it new?
    pub(in crate::notify) fn add(&mut self, item: Item) -> bool {
        self.also_of(&item.account);
        let new = !self.items.iter().any(|held| held.says(&item.account.id, &item.tell));
        if new {
            self.items.push(item);
        }
        new
    }

    /// After this instant the letter comes too late: the earliest deadline in it.
    pub(in crate::notify) fn late_after(&self) -> Option<Timestamp> {
        self.items.iter().filter_map(late_after).min()
    }
}

/// Identity and subject of a letter that is written at an appointed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The appointed time and what it is for: the same for the same recipient, whatever came between.
    pub key: String,
    /// Behind the mark.
    pub subject: String,
}

impl Item {
    /// Does it tell the same of the same account, at whatever stage?
    fn says(&self, account: &AccountId, tell: &Tell) -> bool {
        let (had, new) = ((self.tell.rule, self.tell.reason), (tell.rule, tell.reason));
        self.account.id == *account && had == new
    }
}

fn late_after(item: &Item) -> Option<Timestamp> {
    let deadline = item.judgement.forecast.map(|outlook| outlook.deadline);
    let late = match item.tell.reason {
        Reason::Reminder => deadline,
        // In the break nobody reads it.
        Reason::PreHoliday => deadline.map(|deadline| deadline.min(item.tell.mark)),
        Reason::Precheck => item.inspection,
        _ => None,
    };
    late.filter(|late| *late > item.judgement.now)
}
