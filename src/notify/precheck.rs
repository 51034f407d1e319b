//! What do owners and supervising units hear before the quarterly check? 季度自查信, at its appointed times.
//!
//! A planned mass letter: storm control does not count it. One letter a recipient: what the owner must do about the accounts
//! that fail or would, and the table of the accounts that the recipient supervises. Nothing undetermined goes to an owner.

use std::collections::BTreeMap;

use freshd_core::account::Account;
use freshd_core::reminder::{Audience, Reason, Tell};
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::Judgement;
use freshd_core::{Timestamp, civil};

use super::letter::list::{List, Row, Standing, standing};
use super::letter::{Draft, Item, Named, compose, owner_acts};
use super::plan::{in_units, reached};
use super::reach::dead_of;
use super::tick::{Notifier, NotifyError};
use super::write::Hold;
use crate::config::MailMode;
use crate::store::StoreError;

/// Letters in one commit.
const COMMIT: usize = 50;

/// One appointed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// When it was appointed: with the recipient the identity of each letter.
    pub fire: Timestamp,
    /// The quarter, e.g. `2026Q4`.
    pub quarter: String,
    /// The inspection instant 监测时间点 that the letters look ahead to.
    pub inspection: Timestamp,
}

/// The letters of an occasion while the accounts are walked.
pub struct Letters {
    occasion: Occasion,
    drafts: BTreeMap<(String, Hold), (Draft, Vec<Row>)>,
}

impl Letters {
    /// None yet.
    pub fn new(occasion: Occasion) -> Self {
        Self { occasion, drafts: BTreeMap::new() }
    }
}

impl Notifier {
    /// Adds an account, judged now, to the letters of its owner and its supervising unit.
    pub fn add_precheck(
        &self,
        letters: &mut Letters,
        account: &Account,
        state: &AccountState,
        judgement: &Judgement,
    ) -> Result<(), StoreError> {
        let at = letters.occasion.inspection;
        let Some(stands) = standing(judgement, at) else { return Ok(()) };
        let hold = match self.settings.mail.mode {
            MailMode::Hold => Hold::Mode,
            MailMode::Pilot if !in_units(account, &self.settings.mail.pilot_units) => Hold::Pilot,
            MailMode::Pilot | MailMode::Send => Hold::No,
        };
        let dead = dead_of(&self.store, account)?;
        let supervisors = reached(account, state, Audience::Supervisor, &dead);
        for address in &supervisors {
            let key = (address.to_lowercase(), hold);
            let (draft, rows) =
                letters.drafts.entry(key).or_insert_with(|| (Draft::to(address, account), vec![]));
            draft.also_of(account);
            rows.push(Row::new(account, judgement, stands, at, &self.settings.policy));
        }
        let rules: Vec<Rule> = match stands {
            Standing::Fails => judgement.vetoes().map(|ruling| ruling.rule).collect(),
            Standing::MustPublish => vec![Rule::ContentStale],
            Standing::Open | Standing::Passes => return Ok(()),
        };
        // A supervising unit that is written to for want of an owner has the account in its table.
        let owners = reached(account, state, Audience::Owner, &dead).into_iter();
        for address in owners.filter(|address| !supervisors.contains(address)) {
            let key = (address.to_lowercase(), hold);
            let (draft, _) =
                letters.drafts.entry(key).or_insert_with(|| (Draft::to(&address, account), vec![]));
            for rule in &rules {
                draft.add(Item {
                    account: account.clone(),
                    judgement: judgement.clone(),
                    tell: Tell {
                        rule: *rule,
                        mark: letters.occasion.fire,
                        reason: Reason::Precheck,
                        stage: 0,
                        audience: Audience::Owner,
                    },
                    owner_acts: owner_acts(state),
                    history: Vec::new(),
                    inspection: Some(at),
                });
            }
        }
        Ok(())
    }

    /// Puts the letters into the outbox and tells how many are new. Done again after a crash it adds only those that are
    /// missing. The caller passes the barrier.
    pub fn keep_precheck(&self, letters: Letters, now: Timestamp) -> Result<usize, NotifyError> {
        let Letters { occasion, drafts } = letters;
        let sender = self.settings.sender();
        let key = self.seal(false)?;
        let house = self.settings.house(&sender, key.as_ref());
        let drafts: Vec<_> = drafts.into_iter().collect();
        let mut kept = 0;
        for slice in drafts.chunks(COMMIT) {
            let mut composed = Vec::new();
            for ((_, hold), (draft, rows)) in slice {
                let draft = finished(draft.clone(), rows.clone(), &occasion, *hold);
                let letter = compose(&draft, &house, now)?;
                composed.push((draft.recipient.address, *hold, letter));
            }
            kept += self.store.update(|change| {
                let mut kept = 0;
                for (to, hold, letter) in &composed {
                    let written = self.keep(change, to, letter.clone(), *hold, now)?;
                    kept += usize::from(!written.is_empty());
                }
                Ok::<usize, NotifyError>(kept)
            })?;
        }
        Ok(kept)
    }
}

fn finished(mut draft: Draft, rows: Vec<Row>, occasion: &Occasion, hold: Hold) -> Draft {
    let (quarter, day) = (&occasion.quarter, civil::chinese(occasion.inspection));
    let list = (!rows.is_empty()).then(|| {
        let title = format!("{quarter} 季度检查自查情况表(检查时点 {day})");
        List::new(title, rows)
    });
    let mut parts = Vec::new();
    let mut own: Vec<_> = draft.items.iter().map(|item| &item.account).collect();
    own.dedup_by(|a, b| a.id == b.id);
    match own.as_slice() {
        [] => {}
        [one] => parts.push(format!("{}须在{day}检查前处理", one.name)),
        many => parts.push(format!("{} 个账号须在{day}检查前处理", many.len())),
    }
    if let Some(list) = &list {
        let of = |standing| list.count(standing);
        parts.push(format!(
            "主管账号 {} 个,疑似不达标 {}、检查前须再发布 {}、待核实 {}",
            list.accounts.len(),
            of(Standing::Fails),
            of(Standing::MustPublish),
            of(Standing::Open)
        ));
    }
    let key = format!("precheck {} {}", civil::rfc3339(occasion.fire), hold as u8);
    let subject = format!("{quarter} 季度自查:{}", parts.join(";"));
    draft.list = list;
    draft.named = Some(Named { key, subject });
    draft
}
