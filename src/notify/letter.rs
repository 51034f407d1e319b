//! What does one letter say? Composed from all that one recipient must be told in one run; pure.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate};
use freshd_core::account::Account;
use freshd_core::calendar::Calendar;
use freshd_core::forecast::last_safe_day;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Reason, Tell};
use freshd_core::rulebook::{Policy, Rule};
use freshd_core::state::AccountState;
use freshd_core::verdict::Judgement;
use freshd_core::{Timestamp, civil};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::clean::{clean_header_text, clean_line, domain_of};
use super::holiday;
use super::templates::Templates;
use crate::store::Attachment;
use role::{Role, Words, group_words, role};

mod brief;
pub mod door;
mod draft;
mod ics;
mod item;
pub mod list;
mod role;
mod subject;

pub use brief::Brief;
pub use draft::{Draft, Named, Recipient};
pub use subject::SUBJECT_MARK;

/// The sentence that stands in every letter.
pub const NOTICE: &str = "系统自动提示,供自查,不作为通报依据";

/// One thing to tell of one account.
#[derive(Clone, Debug)]
pub struct Item {
    /// Whose.
    pub account: Account,
    /// What it came to when the letter was decided.
    pub judgement: Judgement,
    /// Rule, episode, reason and stage.
    pub tell: Tell,
    /// What only the account's owner can mend for it to be watched at all, and how.
    pub owner_acts: Vec<String>,
    /// What was written before, for a supervising unit: a line each, oldest first.
    pub history: Vec<String>,
    /// The inspection instant 监测时间点 ahead, for [`Reason::Precheck`].
    pub inspection: Option<Timestamp>,
}

/// What the faults of an account's sources ask of its owner, each once.
pub fn owner_acts(state: &AccountState) -> Vec<String> {
    let faults = state.sources.values().flat_map(|held| &held.faults);
    let mut acts: Vec<String> = faults.filter_map(|fault| fault.owner.clone()).collect();
    acts.sort();
    acts.dedup();
    acts
}

/// What stands in every letter of an installation.
#[derive(Clone, Copy, Debug)]
pub struct House<'a> {
    /// Sender, bare address.
    pub from: &'a str,
    /// Who writes, and a phone number.
    pub office: &'a str,
    /// Where the pages are; without it a letter holds no link.
    pub public_url: Option<&'a str>,
    /// What makes links by which owners act; without it a letter holds none.
    pub doors: Option<door::Doors<'a>>,
    /// Thresholds and clauses.
    pub policy: &'a Policy,
    /// Working days.
    pub calendar: &'a Calendar,
    /// By which letters are written.
    pub templates: &'a Templates,
}

/// A letter ready to be kept and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// First 16 hexadecimal digits of the content's hash: the same content has the same id.
    pub id: String,
    /// `<hash@domain>`.
    pub message_id: String,
    /// Subject, one line.
    pub subject: String,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// Why, most urgent first.
    pub reasons: Vec<Reason>,
    /// The account ids in it, in order of appearance.
    pub accounts: Vec<String>,
    /// After this instant the letter comes too late: the earliest deadline in it.
    pub late_after: Option<Timestamp>,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
    /// The same in a few words, to be told elsewhere.
    pub briefs: Vec<Brief>,
    /// What it tells of whom.
    pub tells: Vec<(AccountId, Tell)>,
    /// When what it took in from other letters was decided.
    pub decided: Vec<Timestamp>,
}

/// A letter's templates did not render: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("letter template: {0}")]
pub struct TemplateError(#[from] minijinja::Error);

#[derive(Serialize)]
struct Group {
    title: &'static str,
    lead: &'static str,
    items: Vec<item::View>,
}

/// Composes a letter. Pure: the same draft gives the same letter.
pub fn compose(
    draft: &Draft,
    house: &House<'_>,
    now: Timestamp,
) -> Result<Composed, TemplateError> {
    let mut items: Vec<&Item> = draft.items.iter().collect();
    items.sort_by_key(|item| order(item));
    let mut reasons: Vec<Reason> = items.iter().map(|item| item.tell.reason).collect();
    reasons.extend(draft.list.as_ref().map(|_| Reason::Precheck));
    reasons.dedup();
    let briefs = brief::briefs(&items, house, now);
    let to = &draft.recipient.address;
    let (subject, hash) = match &draft.named {
        Some(named) => (
            format!("{SUBJECT_MARK}{}", clean_line(&named.subject)),
            hash_of([to.as_str(), "named", &named.key]),
        ),
        None => (
            subject::subject(&items, safe_day(&items, house, now), now),
            content_id(to, &draft.left_of, &items),
        ),
    };
    let id = hash[..16].to_owned();
    let mut accounts: Vec<String> = Vec::new();
    let listed = draft.list.iter().flat_map(|list| list.accounts.iter().map(ToString::to_string));
    let mut seen = BTreeSet::new();
    for id in items.iter().map(|item| item.account.id.to_string()).chain(listed) {
        if seen.insert(id.clone()) {
            accounts.push(id);
        }
    }
    let links = door::Links::new(house.doors, house.public_url, &id, to, &accounts, now);
    let groups = grouped(&items, to, house, &links, now);
    let (text, html) = render(draft, &groups, &subject, house, now)?;
    Ok(Composed {
        message_id: message_id(&hash, house.from),
        id,
        subject,
        text,
        html,
        reasons,
        accounts,
        late_after: draft.late_after(),
        briefs,
        tells: tells(draft, &items),
        decided: Vec::new(),
        attachments: ics::calendar(&items, now).into_iter().collect(),
    })
}

/// What an ordinary letter tells; one that is written at an appointed time is a whole and is taken in by no other.
fn tells(draft: &Draft, items: &[&Item]) -> Vec<(AccountId, Tell)> {
    if draft.named.is_some() || draft.list.is_some() {
        return Vec::new();
    }
    items.iter().map(|item| (item.account.id.clone(), item.tell.clone())).collect()
}

/// Groups by reason and by the recipient's role, numbered through. What is due anyway is not told a second time because of
/// a break: its item speaks of the break.
fn grouped(
    items: &[&Item],
    address: &str,
    house: &House<'_>,
    links: &door::Links<'_>,
    now: Timestamp,
) -> Vec<Group> {
    let mut parts: Vec<(Words, Role, Vec<&Item>)> = Vec::new();
    let of = |item: &Item, reason: Reason| {
        items
            .iter()
            .copied()
            .find(|it| it.account.id == item.account.id && it.tell.reason == reason)
    };
    for item in items {
        let (reason, role) = (item.tell.reason, role(item, address));
        if reason == Reason::PreHoliday && of(item, Reason::Reminder).is_some() {
            continue;
        }
        let words = group_words(&item.tell, role);
        match parts.iter_mut().find(|(had, part, _)| (*had, *part) == (words, role)) {
            Some((_, _, mine)) => mine.push(item),
            None => parts.push((words, role, vec![item])),
        }
    }
    let mut number = 0;
    let group = |((title, lead), role, mine): (Words, Role, Vec<&Item>)| {
        let items = mine.into_iter().map(|item| {
            number += 1;
            let eve = of(item, Reason::PreHoliday).and_then(|it| eve(it, house, now));
            let mut view = item::view(number, item, role, eve.as_ref(), house, now);
            view.door = links.to(item);
            view
        });
        Group { title, lead, items: items.collect() }
    };
    parts.into_iter().map(group).collect()
}

/// The break that an item of [`Reason::PreHoliday`] is about.
fn eve(item: &Item, house: &House<'_>, now: Timestamp) -> Option<holiday::BeforeBreak> {
    let (first, days) = (civil::day(item.tell.mark), house.policy.window_days());
    let deadline = item.judgement.forecast?.deadline;
    holiday::eve_of(house.calendar, first, deadline, days, now)
}

/// Until when everything is published before a break, the earliest.
fn safe_day(items: &[&Item], house: &House<'_>, now: Timestamp) -> Option<NaiveDate> {
    let eves = items.iter().filter(|item| item.tell.reason == Reason::PreHoliday);
    eves.filter_map(|item| eve(item, house, now)).map(|eve| eve.safe).min()
}

/// `<freshd.HASH@domain>`: stable for stable content.
pub fn message_id(content_hash: &str, from: &str) -> String {
    let head: String = content_hash.chars().take(40).collect();
    format!("<freshd.{head}@{}>", domain_of(from))
}

/// Hexadecimal SHA-256 over parts, unambiguous whatever they hold.
pub fn hash_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_id(recipient: &str, left_of: &str, items: &[&Item]) -> String {
    let mut told: Vec<String> = items
        .iter()
        .map(|item| {
            let tell = &item.tell;
            let (rule, reason) = (tell.rule.key(), tell.reason.key());
            let mark = tell.mark.timestamp_millis();
            format!("{} {rule} {mark} {reason} {}", item.account.id, tell.stage)
        })
        .collect();
    told.extend((!left_of.is_empty()).then(|| format!("left of {left_of}")));
    told.sort();
    hash_of(std::iter::once(recipient).chain(told.iter().map(String::as_str)))
}

/// Most urgent first: by reason, then by deadline, then by account.
fn order(item: &Item) -> (Reason, Option<Timestamp>, String, String, Rule) {
    let deadline = item.judgement.forecast.map(|outlook| outlook.deadline);
    let account = &item.account;
    let (name, id) = (account.name.clone(), account.id.to_string());
    (item.tell.reason, deadline, name, id, item.tell.rule)
}

fn render(
    draft: &Draft,
    groups: &[Group],
    subject: &str,
    house: &House<'_>,
    now: Timestamp,
) -> Result<(String, String), TemplateError> {
    let name = clean_header_text(&draft.recipient.name);
    let greeting = if name.is_empty() { "您好:".to_owned() } else { format!("{name},您好:") };
    let forwards: Vec<&str> =
        groups.iter().flat_map(|group| &group.items).map(|view| view.forward.as_str()).collect();
    let values = context! {
        greeting, subject,
        groups => Value::from(Serde(groups)),
        list => Value::from(Serde(&draft.list)),
        forwards => Value::from(Serde(&forwards)),
        office => super::clean::clean_line(house.office),
        settled => settled(draft),
        links => house.public_url.is_some(),
        doors => groups.iter().flat_map(|group| &group.items).any(|view| !view.door.is_empty()),
        notice => NOTICE,
        at => civil::minute_text(now),
    };
    let text = house.templates.render("letter.txt", &values)?;
    Ok((text, house.templates.render("letter.html", &values)?))
}

/// Is there nothing to be done about all that is told?
fn settled(draft: &Draft) -> bool {
    let mut reasons = draft.items.iter().map(|item| item.tell.reason);
    draft.list.is_none() && reasons.all(|reason| reason == Reason::Rectified)
}

/// The last day on which a post comes in time, or the hour when only hours are left: `12月2日(含)`,
/// `今日15:30`; `前` follows.
fn due_text(deadline: Timestamp, now: Timestamp) -> String {
    match last_safe_day(deadline, now) {
        Some(day) => format!("{}(含)", chinese_date(day)),
        None => format!("今日{}", civil::local(deadline).format("%H:%M")),
    }
}

/// The last day that was named before the deadline passed: the same day as in every earlier letter.
fn past_due_text(deadline: Timestamp, now: Timestamp) -> String {
    let before = deadline - chrono::TimeDelta::days(2);
    last_safe_day(deadline, before).map_or_else(String::new, |day| dated(day, now))
}

/// A day that may be long past: with its year where that is not this one.
fn dated(day: NaiveDate, now: Timestamp) -> String {
    let year = if day.year() == civil::day(now).year() { "" } else { "%Y年" };
    day.format(&format!("{year}%-m月%-d日")).to_string()
}

fn chinese_date(day: NaiveDate) -> String {
    day.format("%-m月%-d日").to_string()
}

#[cfg(test)]
mod tests;
