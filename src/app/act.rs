//! What does a token's holder change through the pages and the API? A word, a proof, a due time; never a poll.

use std::sync::Arc;

use anyhow::anyhow;
use freshd_connectors::claim::Objection;
use freshd_core::account::Account;
use freshd_core::id::{AccountId, stable_hash};
use freshd_core::observation::Published;
use freshd_core::state::AccountState;
use freshd_core::word::Finding;
use freshd_core::{civil, timetext};
use tokio::sync::Notify;

use super::App;
use super::openings::PER_TOKEN;
use super::push::account_named;
use crate::cli::exec::Usage;
use crate::cli::exec::patrol::answer::{Answer, Field, Login, Wrong, ready};
use crate::cli::exec::proof::{self, Opened, Proven, Writer};
use crate::cli::exec::word::{self, Kept, Person, Said};
use crate::store::{Audit, Due, StoreError};
use crate::web::act::{Act, Acted, Answered, Deed};

/// Carries out what a token's holder does; what it changed is durable when this returns.
pub(super) async fn act(app: &App, wake: &Arc<Notify>, act: &Act) -> anyhow::Result<Acted> {
    let account = match &act.account {
        None => None,
        Some(text) => match account_named(app, text)? {
            Err(unknown) => return Ok(Acted::Unknown(unknown)),
            Ok(id) => match app.store().account(&id)? {
                None => return Ok(Acted::Unknown(format!("账号 {id} 已不在台账"))),
                Some(account) => Some(account),
            },
        },
    };
    if let Some(refusal) = account.as_ref().and_then(|account| foreign(act, account)) {
        return Ok(refusal);
    }
    let acted = match (&act.deed, account) {
        (Deed::Proof(link), account) => prove(app, act, account, link).await?,
        (_, None) => return Ok(Acted::Unknown("没有写是哪个账号".to_owned())),
        (Deed::Answer(answered), Some(account)) => answer(app, act, &account, answered).await?,
        (Deed::Poll, Some(account)) => poll_soon(app, wake, act, &account)?,
    };
    if matches!(acted, Acted::Done { .. }) {
        app.store().barrier().await?;
    }
    Ok(acted)
}

fn foreign(act: &Act, account: &Account) -> Option<Acted> {
    let units = [&account.sponsor, &account.supervisor, &account.reporting_unit];
    let covers = act.by.covers(units.into_iter().map(String::as_str));
    let told =
        || format!("令牌 {} 不管账号 {} 的单位({})", act.by.name, account.id, account.sponsor);
    (!covers).then(|| Acted::Forbidden(told()))
}

/// The login of a token: a number beyond those of system users, and never a named one: whoever holds a token can say any
/// name, so that one token is one person, whatever names it says.
fn login(act: &Act) -> Login {
    let hash = stable_hash(&[b"token", act.by.name.as_bytes()]);
    let via = u32::try_from(hash & 0x7fff_ffff).unwrap_or(0) | 0x8000_0000;
    Login {
        via: Some(via),
        shown: format!("令牌 {}", act.by.name),
        named: false,
        writer: Writer::Stranger,
    }
}

fn name_of(act: &Act) -> String {
    act.person.clone().unwrap_or_else(|| act.by.name.clone())
}

fn wrong(at: &str, what: impl Into<String>, help: &str) -> Acted {
    Acted::Wrong(vec![Objection::new(at, what, help)])
}

async fn answer(
    app: &App,
    act: &Act,
    account: &Account,
    answered: &Answered,
) -> anyhow::Result<Acted> {
    let now = app.now();
    let mut unread = Vec::new();
    let mut time = |text: &Option<String>, at: &str| {
        let read = text.as_deref().map(|text| timetext::parse(text, now));
        if read == Some(None) {
            unread.push(Objection::new(at, "看不懂这个时间", "写成 2026-11-22 10:05"));
        }
        read.flatten()
    };
    let published = time(&answered.published, "/published_at");
    let seen = time(&answered.seen_at, "/seen_at");
    let since = time(&answered.since, "/none_since");
    if !unread.is_empty() {
        return Ok(Acted::Wrong(unread));
    }
    let note = match answered.note.trim() {
        "" => "页面登记".to_owned(),
        note => note.to_owned(),
    };
    let answer = Answer {
        found: answered.found,
        person: name_of(act),
        link: answered.link.clone(),
        published,
        since: since.and_then(|at| at.earliest),
        seen: seen.unwrap_or_else(|| Published::at(now)),
        note,
        picture: answered.picture.clone(),
    };
    let ready = match ready(app, &account.id, answer, &login(act)).await? {
        Ok(ready) => ready,
        Err(all) => return Ok(Acted::Wrong(all.into_iter().map(objection).collect())),
    };
    let kept = word::keep(app, &ready.id, &ready.person, &ready.said, ready.proven.as_ref())?;
    let found = ready.said.found.chinese();
    Ok(done(&account.id, &kept, format!("{}:{found};{}", account.name, kept.chinese())))
}

fn objection(wrong: Wrong) -> Objection {
    let at = match wrong.field {
        Field::Found => "/found",
        Field::Published => "/published_at",
        Field::Link => "/url",
        Field::Person => "/by",
        Field::SeenAt => "/seen_at",
        Field::Picture => "/file",
        Field::Note => "/note",
        Field::Id => "/id",
    };
    Objection::new(at, wrong.what, wrong.help)
}

fn done(id: &AccountId, kept: &Kept, text: String) -> Acted {
    let verdict = match kept {
        Kept::New(verdict) => *verdict,
        Kept::Known => None,
        Kept::NoAccount => return Acted::Unknown(format!("账号 {id} 已不在台账")),
        Kept::Refused(why) => return wrong("/url", why, ""),
    };
    Acted::Done { account: id.to_string(), text, verdict }
}

async fn prove(
    app: &App,
    act: &Act,
    account: Option<Account>,
    link: &str,
) -> anyhow::Result<Acted> {
    if link.is_empty() {
        return Ok(wrong("/url", "没有写文章链接", "粘贴文章链接"));
    }
    let who = format!("token {}", act.by.name);
    if let Err(wait) = app.openings.turn(&who, PER_TOKEN, app.now()) {
        return Ok(wrong("/url", wait, ""));
    }
    let named = account.map(|account| account.id);
    let Proven { account: bound, identity, seen } =
        match proof::open(app, link, named, Writer::Stranger).await {
            Ok(Opened::Fits(proven)) => *proven,
            Ok(Opened::Refused(why) | Opened::Unopened(why)) => return Ok(wrong("/url", why, "")),
            Err(error) if error.is::<Usage>() => return Ok(wrong("/url", error.to_string(), "")),
            Err(error) => return Err(error),
        };
    // Whose article it is was known only now.
    if let Some(refusal) = foreign(act, &bound) {
        return Ok(refusal);
    }
    let sighting = seen.sightings.first().ok_or_else(|| anyhow!("a proof without a post"))?;
    let published = sighting.published.earliest.unwrap_or(sighting.published.latest);
    let text = format!(
        "已采用:{}《{}》发布于{}",
        bound.name,
        sighting.title,
        civil::minute_text(published)
    );
    let login = login(act);
    let person = Person {
        name: word::known_as(app, &bound.id, name_of(act))?,
        named: login.named,
        via: login.via,
        login: login.shown,
    };
    let said = Said {
        found: Finding::Updated,
        at: app.now(),
        seen,
        detail: link.to_owned(),
        note: "文章链接".to_owned(),
        file: None,
        shown: false,
    };
    let kept = word::keep(app, &bound.id, &person, &said, Some(&identity))?;
    Ok(done(&bound.id, &kept, format!("{text};{}", kept.chinese())))
}

/// Sets the due time and wakes the loop; a server's wish stands.
fn poll_soon(app: &App, wake: &Arc<Notify>, act: &Act, account: &Account) -> anyhow::Result<Acted> {
    if account.sources.iter().all(|source| source.connector == "manual") {
        let help = "在台账里补采集方式,或用人工核查";
        return Ok(wrong("/id", "这个账号没有可以采集的来源", help));
    }
    let now = app.now();
    let verdict = app.store().update(|change| {
        let mut state: AccountState = change.state(&account.id)?.unwrap_or_default();
        state.sources.values_mut().for_each(|source| source.hint = None);
        state.next_poll = Some(now);
        let due = Due { poll: Some(now), notify: state.next_notice };
        change.put_state(&account.id, &state, due)?;
        change.audit(&Audit {
            at: now,
            who: act.by.name.clone(),
            what: "poll".to_owned(),
            on: account.id.to_string(),
            detail: String::new(),
        })?;
        Ok::<_, StoreError>(state.standing.and_then(|standing| standing.verdict))
    })?;
    wake.notify_one();
    let text = format!("{}:已安排采集", account.name);
    Ok(Acted::Done { account: account.id.to_string(), text, verdict })
}

#[cfg(test)]
mod tests;
