//! What becomes of an account when a row speaks of it? Id and history stay; the row's columns are taken over.

use freshd_core::account::{Account, Source};
use freshd_core::id::AccountId;
use serde::Serialize;

use super::existing::identifiers_of;
use super::fields::default_unit;
use super::header::Column;
use super::row::{Row, push_new};

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whose.
    pub id: AccountId,
    /// The column's key, or the header of an extra column.
    pub field: String,
    /// As it is.
    pub before: String,
    /// As it would be.
    pub after: String,
}

/// The account with the row's columns taken over. A column that the file lacks leaves its field as it was; an empty cell
/// empties it, save the handle, which is never forgotten, and a menu that the owner told.
pub(super) fn merged(old: &Account, row: &Row) -> Account {
    let new = &row.account;
    let has = |column| row.columns.contains(&column);
    let mut account = old.clone();
    account.name.clone_from(&new.name);
    account.sponsor.clone_from(&new.sponsor);
    account.to_remove = false;
    let texts: [(Column, &mut String, &String); 8] = [
        (Column::Supervisor, &mut account.supervisor, &new.supervisor),
        (Column::Region, &mut account.region, &new.region),
        (Column::Level, &mut account.level, &new.level),
        (Column::Contact, &mut account.contact, &new.contact),
        (Column::Phone, &mut account.phone, &new.phone),
        (Column::Officer, &mut account.officer, &new.officer),
        (Column::Interaction, &mut account.interaction, &new.interaction),
        (Column::Note, &mut account.note, &new.note),
    ];
    for (_, field, value) in texts.into_iter().filter(|(column, ..)| has(*column)) {
        field.clone_from(value);
    }
    let lists = [
        (Column::Email, &mut account.email, &new.email),
        (Column::OfficerEmail, &mut account.officer_email, &new.officer_email),
        (Column::SupervisorEmail, &mut account.supervisor_email, &new.supervisor_email),
        (Column::LastCircular, &mut account.last_circular, &new.last_circular),
    ];
    for (_, field, value) in lists.into_iter().filter(|(column, ..)| has(*column)) {
        field.clone_from(value);
    }
    if has(Column::Filing) {
        account.filing = new.filing;
    }
    if has(Column::Lifecycle) {
        account.lifecycle = new.lifecycle;
    }
    // What the owner told stays until the ledger says something else: most rows have nothing in that cell.
    if has(Column::Menu) && !(new.menu.is_empty() && old.menu_by_owner) {
        account.menu.clone_from(&new.menu);
        account.menu_by_owner = false;
    }
    account.reporting_unit = reporting_unit(old, &account, row);
    account.sources = sources(old, &account, row);
    for (title, value) in &new.extra {
        account.extra.insert(title.clone(), value.clone());
    }
    identifiers(&mut account, old, row);
    account
}

/// A unit that was said stays; one that followed from 地区 or 主管单位 follows them further.
fn reporting_unit(old: &Account, account: &Account, row: &Row) -> String {
    let new = &row.account;
    let follows = |it: &Account| it.reporting_unit == default_unit(&it.region, &it.supervisor);
    let said = row.columns.contains(&Column::ReportingUnit);
    if said && !follows(new) {
        new.reporting_unit.clone()
    } else if said || follows(old) {
        default_unit(&account.region, &account.supervisor)
    } else {
        old.reporting_unit.clone()
    }
}

/// Sources that were written stay until others are written; those that followed from the handle follow it. The probe of
/// 互动功能 is always among them.
fn sources(old: &Account, account: &Account, row: &Row) -> Vec<Source> {
    let new = &row.account;
    let moved = !new.handle.is_empty()
        && (row.columns.contains(&Column::Sources) || new.handle != old.handle);
    let mut sources =
        if row.sources_written || moved { new.sources.clone() } else { old.sources.clone() };
    let probe = |it: &Account| it.interaction_probe().map(|url| Source::new("probe", url.trim()));
    if probe(old) != probe(account) {
        sources.retain(|source| Some(source) != probe(old).as_ref());
    }
    if let Some(probe) = probe(account) {
        push_new(&mut sources, probe);
    }
    sources
}

/// The new handle, with every identifier it ever had among the aliases.
fn identifiers(account: &mut Account, old: &Account, row: &Row) {
    if !row.account.handle.is_empty() {
        account.handle.clone_from(&row.account.handle);
    }
    if row.columns.contains(&Column::PreviousHandle) && !row.account.previous_handle.is_empty() {
        account.previous_handle.clone_from(&row.account.previous_handle);
    }
    let now: Vec<String> = account.handle.split(' ').map(str::to_owned).collect();
    let mut aliases: Vec<String> = Vec::new();
    for identifier in identifiers_of(old).chain(identifiers_of(&row.account)) {
        if !now.iter().any(|part| part == identifier) {
            push_new(&mut aliases, identifier.to_owned());
        }
    }
    account.aliases = aliases;
}

/// The fields that differ, in the order of the contract.
pub(super) fn changes(old: &Account, new: &Account) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut differ = |field: &str, before: String, after: String| {
        if before != after {
            changes.push(Change { id: old.id.clone(), field: field.to_owned(), before, after });
        }
    };
    for (before, after) in fields(old).into_iter().zip(fields(new)) {
        differ(before.0, before.1, after.1);
    }
    let titles = old.extra.keys().chain(new.extra.keys().filter(|it| !old.extra.contains_key(*it)));
    for title in titles {
        let value = |account: &Account| account.extra.get(title).cloned().unwrap_or_default();
        differ(title, value(old), value(new));
    }
    changes
}

fn fields(account: &Account) -> Vec<(&'static str, String)> {
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let menu = account.menu.iter().map(|(path, target)| format!("{}={target}", path.join("/")));
    let sources = account.sources.iter().map(ToString::to_string);
    vec![
        ("name", account.name.clone()),
        ("handle", account.handle.clone()),
        ("aliases", account.aliases.join(";")),
        ("sponsor", account.sponsor.clone()),
        ("supervisor", account.supervisor.clone()),
        ("reporting_unit", account.reporting_unit.clone()),
        ("region", account.region.clone()),
        ("level", account.level.clone()),
        ("contact", account.contact.clone()),
        ("phone", account.phone.clone()),
        ("email", account.email.join(";")),
        ("officer", account.officer.clone()),
        ("officer_email", account.officer_email.join(";")),
        ("supervisor_email", account.supervisor_email.join(";")),
        ("filing", word(serde_json::to_value(account.filing))),
        ("lifecycle", word(serde_json::to_value(account.lifecycle))),
        ("sources", sources.collect::<Vec<_>>().join(" ")),
        ("menu", menu.collect::<Vec<_>>().join(";")),
        ("interaction", account.interaction.clone()),
        ("last_circular", account.last_circular.join(";")),
        ("previous_handle", account.previous_handle.clone()),
        ("note", account.note.clone()),
        ("to_remove", if account.to_remove { "true" } else { "" }.to_owned()),
    ]
}
