//! For whom does a file speak? The narrowest units that its rows really name; nothing that was derived from them.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::Account;
use serde::Serialize;

use super::row::Row;

/// A unit as a row writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "column", content = "name", rename_all = "snake_case")]
pub enum Unit {
    /// 通报对象.
    ReportingUnit(String),
    /// 主管单位, of a file that lists several 主办单位 under it.
    Supervisor(String),
    /// 主办单位.
    Sponsor(String),
}

impl Unit {
    /// Is the account one of this unit's?
    pub fn has(&self, account: &Account) -> bool {
        let (name, of) = match self {
            Self::ReportingUnit(name) => (name, &account.reporting_unit),
            Self::Supervisor(name) => (name, &account.supervisor),
            Self::Sponsor(name) => (name, &account.sponsor),
        };
        name == of.trim()
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (title, name) = match self {
            Self::ReportingUnit(name) => ("通报对象", name),
            Self::Supervisor(name) => ("主管单位", name),
            Self::Sponsor(name) => ("主办单位", name),
        };
        write!(f, "{title}「{name}」")
    }
}

/// The unit of each row, in their order: 通报对象 if it is written; else 主办单位, or 主管单位 where the file lists several
/// 主办单位 under one. `None` where none of them is written.
pub(super) fn units(rows: &[Row]) -> Vec<Option<Unit>> {
    let said = |row: &Row| row.unit_written;
    let mut under: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !said(row)) {
        let (supervisor, sponsor) = (row.account.supervisor.trim(), row.account.sponsor.trim());
        under.entry(supervisor).or_default().extend((!sponsor.is_empty()).then_some(sponsor));
    }
    let unit = |row: &Row| {
        let account = &row.account;
        let (supervisor, sponsor) = (account.supervisor.trim(), account.sponsor.trim());
        let several = under.get(supervisor).is_some_and(|sponsors| sponsors.len() > 1);
        if said(row) {
            Some(Unit::ReportingUnit(account.reporting_unit.trim().to_owned()))
        } else if !supervisor.is_empty() && (several || sponsor.is_empty()) {
            Some(Unit::Supervisor(supervisor.to_owned()))
        } else {
            (!sponsor.is_empty()).then(|| Unit::Sponsor(sponsor.to_owned()))
        }
    };
    rows.iter().map(unit).collect()
}
