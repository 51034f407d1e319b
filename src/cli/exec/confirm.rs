//! What did a person see? 人工核查, both ways, kept as evidence with who and when.

use anyhow::anyhow;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Evidence, Observation, Published, Sighting};
use freshd_core::state::{AccountState, PERSON_PREFIX};
use freshd_core::{Timestamp, civil, timetext};

use super::{DONE, Usage, account_named, file_bytes, printed, time_of};
use crate::app::App;
use crate::cli::caller::Caller;
use crate::cli::request::Request;
use crate::control::Response;
use crate::poll::apply::apply_word;
use crate::poll::write;
use crate::store::{Audit, StoreError};

mod attachment;
pub(super) mod person;

pub(super) fn run(app: &App, request: Request, caller: &Caller) -> anyhow::Result<Response> {
    let Request::Confirm { id, published_at, url, none_since, seen_at, file, note, by } = request
    else {
        return Err(anyhow!("not a confirmation"));
    };
    if note.trim().is_empty() {
        return Err(Usage("请用 --note 写明是谁、怎样看到的".to_owned()).into());
    }
    let now = app.now();
    let id = account_named(app, &id)?;
    let said_name = by.as_deref().map(person::shown);
    if said_name.as_deref() == Some("") {
        return Err(Usage("--by 是空的;写核查人的姓名".to_owned()).into());
    }
    let named = said_name.is_some();
    let person = said_name.unwrap_or_else(|| person::shown(&caller.name));
    let person = known_as(app, &id, person)?;
    let mut observation = match (published_at, none_since, seen_at) {
        (Some(published), None, None) => posted(&published, url, now)?,
        (None, Some(since), Some(seen)) => silent(&since, &seen, now)?,
        _ => {
            let help = "写 --published-at TIME,或 --none-since TIME --seen-at TIME";
            return Err(Usage(help.to_owned()).into());
        }
    };
    let with_file = file.is_some();
    let body = match &file {
        Some(file) => {
            let bytes = file_bytes(file)?;
            attachment::admit(&file.name, &bytes).map_err(Usage)?;
            format!("{note}\n附件 {}\n{}", file.name, base64_of(&bytes))
        }
        None => note.clone(),
    };
    observation.evidence.push(Evidence { url: format!("{PERSON_PREFIX}{person}"), at: now, body });
    let said = Said {
        id: &id,
        person: &person,
        named,
        caller,
        with_file,
        observation: &observation,
        note: &note,
    };
    let outcome = keep(app, &said, now)?;
    let text =
        format!("已记录:{person}核查,{};{outcome}\n", told(&observation, said_text(with_file)));
    Ok(printed(DONE, text))
}

/// The name under which this person's words on the account are kept already, else the one given: spelled another way
/// it is the same person.
pub(super) fn known_as(app: &App, id: &AccountId, shown: String) -> anyhow::Result<String> {
    let state = app.store().state::<AccountState>(id)?.unwrap_or_default();
    let identity = person::identity(&shown);
    let held = state.history.attested.into_keys().find(|name| person::identity(name) == identity);
    Ok(held.unwrap_or(shown))
}

fn said_text(with_file: bool) -> &'static str {
    if with_file { "附有文件" } else { "没有附文件" }
}

fn told(observation: &Observation, file: &str) -> String {
    match observation.sightings.first() {
        Some(sighting) => {
            let at = sighting.published.earliest.unwrap_or(sighting.published.latest);
            format!("发布于{}", civil::minute_text(at))
        }
        None => format!("未见更新({file};需两人或一份文件才可据以判定)"),
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn posted(at: &str, url: Option<String>, now: Timestamp) -> anyhow::Result<Observation> {
    let published: Published = timetext::parse(at, now)
        .ok_or_else(|| time_of(at, now).err().unwrap_or(anyhow!("时间")))?;
    if published.earliest.is_some_and(|earliest| earliest > now) {
        return Err(Usage(format!("发布时间 {at} 在将来")).into());
    }
    let key = url.clone().unwrap_or_else(|| civil::rfc3339(published.latest));
    let sighting = Sighting {
        key,
        channel: Channel::posts(),
        published,
        title: String::new(),
        url,
        pinned: false,
        repost: false,
    };
    Ok(Observation { sightings: vec![sighting], ..Observation::default() })
}

fn silent(since: &str, seen: &str, now: Timestamp) -> anyhow::Result<Observation> {
    let (since, seen) = (time_of(since, now)?, time_of(seen, now)?);
    if seen > now {
        return Err(Usage("查看时刻 --seen-at 在将来".to_owned()).into());
    }
    if since >= seen {
        return Err(Usage("--none-since 要早于 --seen-at".to_owned()).into());
    }
    let mut observation = Observation::default();
    observation.coverage.add(Channel::all(), since, seen);
    Ok(observation)
}

struct Said<'a> {
    id: &'a AccountId,
    person: &'a str,
    /// Was the person named, or is it whoever is logged in?
    named: bool,
    caller: &'a Caller,
    with_file: bool,
    observation: &'a Observation,
    note: &'a str,
}

fn keep(app: &App, said: &Said<'_>, now: Timestamp) -> anyhow::Result<String> {
    let terms = app.env.parts().terms.clone();
    let source = format!("{PERSON_PREFIX}{}", said.person);
    let judgement = app.store().update(|change| {
        let Some(account) = change.account(said.id)? else { return Ok::<_, StoreError>(None) };
        let mut before: AccountState = change.state(said.id)?.unwrap_or_default();
        if let Some(uid) = said.caller.uid.filter(|_| !said.observation.coverage.is_empty()) {
            let held = before.history.attested.entry(said.person.to_owned()).or_default();
            *held.via.entry(uid).or_default() |= said.named;
        }
        let voucher =
            freshd_core::history::Voucher { name: said.person, with_file: said.with_file };
        let words = said.observation;
        let applied = apply_word(&account, before, &source, words, Some(voucher), &terms, now);
        write(change, &account, &applied, now)?;
        change.audit(&Audit {
            at: now,
            who: said.person.to_owned(),
            what: "confirm".to_owned(),
            on: said.id.to_string(),
            detail: format!("{}(经 {} 登记)", said.note, said.caller),
        })?;
        Ok(Some(applied.judgement))
    })?;
    let verdict = judgement.and_then(|j| j.verdict).map_or("不判定", |v| v.chinese());
    Ok(format!("现在的判定:{verdict}"))
}
