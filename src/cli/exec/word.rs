//! How is a person's word kept? 人工核查, whoever brings it: a command, a sheet that comes back, a page.

use freshd_core::history::Voucher;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Evidence, Observation, Published, Sighting};
use freshd_core::state::{AccountState, PERSON_PREFIX};
use freshd_core::verdict::Outcome;
use freshd_core::word::{Finding, Word};
use freshd_core::{Timestamp, civil};

use super::confirm::person;
use super::proof::Identity;
use crate::app::App;
use crate::poll::apply::apply_word;
use crate::poll::write;
use crate::store::{Audit, StoreError};

/// A person who looked.
pub(crate) struct Person {
    /// The name, as it is shown.
    pub name: String,
    /// Was the person named, or is it whoever is logged in?
    pub named: bool,
    /// The login through which the word comes: a system user, or a number made of a token's name.
    pub via: Option<u32>,
    /// That login, for the audit trail.
    pub login: String,
}

/// What a person says.
pub(crate) struct Said {
    /// What was found.
    pub found: Finding,
    /// When the person looked.
    pub at: Timestamp,
    /// What it comes to; without evidence.
    pub seen: Observation,
    /// The link, the time or the note, in words: makes two words of one instant the same or not.
    pub detail: String,
    /// In the person's words.
    pub note: String,
    /// A picture or another file: its name and bytes.
    pub file: Option<(String, Vec<u8>)>,
    /// Does the file show what was seen? A text is only more words.
    pub shown: bool,
}

/// What became of it.
pub(crate) enum Kept {
    /// It is kept, and the account comes to this.
    New(Option<Outcome>),
    /// It was kept before; nothing changed.
    Known,
    /// There is no such account any more.
    NoAccount,
    /// The article is not this account's, as it is by now; Chinese.
    Refused(String),
}

impl Kept {
    /// For people.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::New(verdict) => {
                format!("现在的判定:{}", verdict.map_or("不判定", Outcome::chinese))
            }
            Self::Known => "已登记过,没有重复登记".to_owned(),
            Self::NoAccount => "账号已不在台账".to_owned(),
            Self::Refused(why) => why.clone(),
        }
    }
}

/// The name under which this person's words on the account are kept already, else the one given: spelled another way
/// it is the same person.
pub(crate) fn known_as(app: &App, id: &AccountId, name: String) -> Result<String, StoreError> {
    let state = app.store().state::<AccountState>(id)?.unwrap_or_default();
    let identity = person::identity(&name);
    let words = state.words.iter().map(|word| word.by.clone()).collect::<Vec<_>>();
    let mut held = state.history.attested.into_keys().chain(words);
    Ok(held.find(|held| person::identity(held) == identity).unwrap_or(name))
}

/// A post that a person saw.
pub(crate) fn posted(published: Published, url: Option<String>) -> Observation {
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
    Observation { sightings: vec![sighting], ..Observation::default() }
}

/// Nothing was published in between, a person says.
pub(crate) fn silent(since: Timestamp, seen: Timestamp) -> Observation {
    let mut observation = Observation::default();
    observation.coverage.add(Channel::all(), since, seen);
    observation
}

/// The word as it is kept beside what it proves.
pub(crate) fn word_of(person: &Person, said: &Said) -> Word {
    let of_interaction = said.found.is_of_interaction();
    Word {
        at: said.at,
        by: person.name.clone(),
        found: said.found,
        detail: said.detail.clone(),
        evidence: crate::store::EvidenceId::of(body_of(person, said).as_bytes()).to_string(),
        filed: of_interaction && said.shown,
        via: person.via.filter(|_| of_interaction).map(|via| (via, person.named)),
    }
}

/// Is this very word kept already?
pub(crate) fn is_known(
    app: &App,
    id: &AccountId,
    person: &Person,
    said: &Said,
) -> Result<bool, StoreError> {
    let state = app.store().state::<AccountState>(id)?.unwrap_or_default();
    Ok(state.words.holds(&word_of(person, said)))
}

/// Keeps a person's word: what it proves, who said it and when, with the note and the file as evidence. `proven` is
/// what an article that was opened says of its account.
pub(crate) fn keep(
    app: &App,
    id: &AccountId,
    person: &Person,
    said: &Said,
    proven: Option<&Identity>,
) -> Result<Kept, StoreError> {
    let (now, terms) = (app.now(), app.env.parts().terms.clone());
    let who = format!("{PERSON_PREFIX}{}", person.name);
    let mut seen = said.seen.clone();
    let told = Evidence { url: who.clone(), at: said.at, body: body_of(person, said) };
    let body = told.body.clone();
    // A page that was opened speaks for itself; the word is kept beside it.
    seen.evidence.insert(if proven.is_some() { seen.evidence.len() } else { 0 }, told);
    let source = if proven.is_some() { "article:proof" } else { who.as_str() };
    let word = word_of(person, said);
    app.store().update(|change| {
        let Some(held) = change.account(id)? else { return Ok::<_, StoreError>(Kept::NoAccount) };
        if let Some(Err(refusal)) = proven.map(|identity| identity.belongs_to(&held)) {
            return Ok(Kept::Refused(refusal));
        }
        let (account, new) = match proven {
            Some(identity) => identity.bound_to(held),
            None => (held, Vec::new()),
        };
        let mut before: AccountState = change.state(id)?.unwrap_or_default();
        if before.words.holds(&word) {
            return Ok(Kept::Known);
        }
        if let Some(via) = person.via.filter(|_| !seen.coverage.is_empty()) {
            let held = before.history.attested.entry(person.name.clone()).or_default();
            *held.via.entry(via).or_default() |= person.named;
        }
        before.words.add(word.clone());
        let voucher = Voucher { name: &person.name, with_file: said.shown };
        let voucher = proven.is_none().then_some(voucher);
        let applied = apply_word(&account, before, source, &seen, voucher, &terms, now);
        if !new.is_empty() {
            change.put_account(&account);
        }
        write(change, &account, &applied, now)?;
        // A word that proves nothing is evidence, too: it says who looked and when.
        change.evidence(body.as_bytes(), now)?;
        change.journal(id, now, &journal_line(&word))?;
        change.audit(&Audit {
            at: now,
            who: person.name.clone(),
            what: "confirm".to_owned(),
            on: id.to_string(),
            detail: format!("{}:{}(经 {} 登记)", said.found.chinese(), said.note, person.login),
        })?;
        Ok(Kept::New(applied.judgement.verdict))
    })
}

fn journal_line(word: &Word) -> serde_json::Value {
    serde_json::json!({
        "event": "looked",
        "at": civil::rfc3339(word.at),
        "by": word.by,
        "found": word.found,
        "detail": word.detail,
        "evidence": word.evidence,
    })
}

/// Who says what, through whom and of when; the note, and the file after it. It is what a ruling cites.
fn body_of(person: &Person, said: &Said) -> String {
    use base64::Engine as _;
    let encoded = |bytes| base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut body = format!(
        "核查人 {}(经 {} 登记),查看于 {}:{};{}\n说明:{}",
        person.name,
        person.login,
        civil::minute_text(said.at),
        said.found.chinese(),
        said.detail,
        said.note
    );
    if let Some((name, bytes)) = &said.file {
        body.push_str(&format!("\n附件 {name}\n{}", encoded(bytes)));
    }
    body
}
