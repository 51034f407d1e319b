//! What becomes of what an owner says? Each thing is kept once, with the letter, the recipient and the time, and does what
//! it can do at once; it never makes a pass or a fail but by an article that was opened.

use chrono::TimeDelta;
use freshd_core::account::{Account, Lifecycle};
use freshd_core::owner::{OwnerAct, OwnerWord, RequestState};
use freshd_core::reminder::QUIET_MAX_H;
use freshd_core::state::AccountState;
use freshd_core::{Timestamp, civil};

use super::super::App;
use super::super::openings::PER_LETTER;
use super::form::{Said, answer, recheck_at, understood};
use super::{Guest, enter};
use crate::cli::exec::Usage;
use crate::cli::exec::proof::{self, Opened, Writer};
use crate::notify::letter::hash_of;
use crate::poll::apply::reconsider;
use crate::poll::write;
use crate::store::{Audit, Change, StoreError};
use crate::web::owner::{OwnerDeed, OwnerDone};

/// Words by one letter on one account; more are refused.
const WORDS_PER_LETTER: usize = 20;
/// Words kept of one account; the oldest that wait for nobody make room.
const WORDS_MAX: usize = 200;

/// Takes what an owner fills in; what it changed is durable when this returns.
pub(in crate::app) async fn act(
    app: &App,
    token: &str,
    deed: &OwnerDeed,
) -> anyhow::Result<OwnerDone> {
    let guest = match enter(app, token)? {
        Ok(guest) => guest,
        Err(door) => return Ok(OwnerDone::Closed(door)),
    };
    let said = match understood(deed) {
        Ok(said) => said,
        Err(wrong) => return Ok(OwnerDone::Wrong(wrong)),
    };
    let before = app.store().owner_words(&guest.account.id)?;
    // Said twice in a row it is one word; said again after something else, or after it was declined, it is a new one.
    let newest = before.iter().filter(|word| word.act == said.act).max_by_key(|word| word.at);
    let same = |word: &OwnerWord| {
        word.letter == guest.letter.id
            && word.text == said.text
            && word.successor == said.successor
            && word.state != RequestState::Rejected
    };
    let is_promise = said.act == OwnerAct::PostedUnseen;
    if newest.is_some_and(|word| same(word) && !is_promise) {
        return Ok(OwnerDone::Kept);
    }
    if is_promise && let Some(until) = guest.state.quiet_until {
        if until > app.now() {
            return Ok(OwnerDone::Kept);
        }
        if !posted_since(&guest.state, until, app.now()) {
            let told = "上次登记“已发布”后,系统按时复核,仍没有看到新的发布;请粘贴文章链接(系统当场核对),或选“有异议”说明情况";
            return Ok(OwnerDone::Wrong(vec![told.to_owned()]));
        }
    }
    let id = word_id(&guest, &said, newest.map(|word| word.id.as_str()));
    if before.iter().filter(|word| word.letter == guest.letter.id).count() >= WORDS_PER_LETTER {
        let told = format!("这封信的链接已登记 {WORDS_PER_LETTER} 次,不能再登记;请直接回复邮件");
        return Ok(OwnerDone::Wrong(vec![told]));
    }
    let (answer, state) = match said.act {
        OwnerAct::Posted => match prove(app, &guest, &said.text).await? {
            Ok(told) => told,
            Err(wrong) => return Ok(OwnerDone::Wrong(vec![wrong])),
        },
        _ => answer(&said, &guest.account, app.now()),
    };
    let word = OwnerWord {
        id,
        at: app.now(),
        account: guest.account.id.clone(),
        act: said.act,
        text: said.text.clone(),
        answer,
        letter: guest.letter.id.clone(),
        to: guest.letter.to.clone(),
        successor: said.successor.clone(),
        before: None,
        state,
        decided: None,
    };
    let kept = app.store().update(|change| keep(app, change, word.clone(), &said))?;
    app.store().barrier().await?;
    Ok(if kept {
        OwnerDone::Kept
    } else {
        OwnerDone::Wrong(vec!["账号已不在台账".to_owned()])
    })
}

/// Did a post come after the promise whose peace ended at `until`? A promise is made within two days of that.
fn posted_since(state: &AccountState, until: Timestamp, now: Timestamp) -> bool {
    let from = until - TimeDelta::hours(QUIET_MAX_H);
    state.history.last_update(now).is_some_and(|seen| seen.sighting.published.latest >= from)
}

/// The same thing said at once through the same letter is the same word.
fn word_id(guest: &Guest, said: &Said, after: Option<&str>) -> String {
    let heir = said.successor.as_ref();
    let heir = heir.map(|it| format!("{}\n{}\n{}", it.name, it.phone, it.email));
    let parts = [
        guest.letter.id.as_str(),
        guest.account.id.as_str(),
        said.act.key(),
        &said.text,
        heir.as_deref().unwrap_or_default(),
        after.unwrap_or_default(),
    ];
    let mut id = hash_of(parts);
    id.truncate(12);
    id
}

/// Opens the article, by the way of every proof. A page that a person has to open goes to the operators.
async fn prove(
    app: &App,
    guest: &Guest,
    link: &str,
) -> anyhow::Result<Result<(String, RequestState), String>> {
    let (id, letter) = (guest.account.id.clone(), &guest.letter);
    let who = format!("letter {}", letter.id);
    if let Err(wait) = app.openings.turn(&who, PER_LETTER, app.now()) {
        return Ok(Err(wait));
    }
    let proven = match proof::open(app, link, Some(id), Writer::Stranger).await {
        Ok(Opened::Fits(proven)) => proven,
        Ok(Opened::Refused(why)) => return Ok(Err(why)),
        Ok(Opened::Unopened(why)) => {
            let why = why.lines().next().unwrap_or_default();
            let told = format!("链接已收到,系统暂时打不开,由管理员人工核对({why})");
            return Ok(Ok((told, RequestState::Open)));
        }
        Err(error) if error.is::<Usage>() => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let who = format!("{}(信 {})", letter.to, letter.id);
    let kept = proof::keep(app, &proven, (link, &who))?;
    Ok(kept.map(|told| (told.trim_end().to_owned(), RequestState::Noted)))
}

/// Keeps the word with what it does, in one commit; does nothing if it is kept already. Is the account still there?
fn keep(
    app: &App,
    change: &mut Change,
    mut word: OwnerWord,
    said: &Said,
) -> Result<bool, StoreError> {
    let (now, id) = (word.at, word.account.clone());
    let Some(mut account) = change.account(&id)? else { return Ok(false) };
    if change.owner_word(&id, &word.id)?.is_some() {
        return Ok(true);
    }
    let before = account.clone();
    let mut state: AccountState = change.state(&id)?.unwrap_or_default();
    bring_about(&mut account, &mut state, &mut word, said);
    if account != before {
        change.put_account(&account);
    }
    let terms = app.env.parts().terms.clone();
    let mut applied = reconsider(&account, state, &terms, now);
    if word.act == OwnerAct::Menu {
        // The poll that follows puts the links on the list of those to be checked.
        applied.state.next_poll = Some(now);
    }
    write(change, &account, &applied, now)?;
    make_room(app, change, &word)?;
    change.put_owner_word(&word)?;
    // No words and no address in the journal: its readers need no login.
    let line = serde_json::json!({
        "event": "owner", "at": civil::rfc3339(now), "act": word.act.key(), "letter": word.letter,
    });
    change.journal(&id, now, &line)?;
    let heir = word.successor.as_ref();
    let heir = heir.map(|it| format!(";新联系人 {} {} {}", it.name, it.phone, it.email));
    change.audit(&Audit {
        at: now,
        who: word.to.clone(),
        what: format!("owner-{}", word.act.key()),
        on: id.to_string(),
        detail: format!("信 {}:{}{}", word.letter, word.text, heir.unwrap_or_default()),
    })?;
    Ok(true)
}

/// What a word changes at once.
fn bring_about(account: &mut Account, state: &mut AccountState, word: &mut OwnerWord, said: &Said) {
    match word.act {
        OwnerAct::PostedUnseen => state.quiet_until = Some(recheck_at(word.at)),
        OwnerAct::Closing if account.lifecycle == Lifecycle::Running => {
            word.before = Some(account.lifecycle);
            account.lifecycle = Lifecycle::Closing;
        }
        OwnerAct::Contact if !state.leaving.contains(&word.to) => {
            state.leaving.push(word.to.clone());
        }
        OwnerAct::Menu => {
            account.menu.clone_from(&said.menu);
            account.menu_by_owner = true;
        }
        _ => {}
    }
}

fn make_room(app: &App, change: &mut Change, word: &OwnerWord) -> Result<(), StoreError> {
    let held = app.store().owner_words(&word.account)?;
    let over = (held.len() + 1).saturating_sub(WORDS_MAX);
    let done = held.iter().filter(|old| old.state != RequestState::Open);
    done.take(over).for_each(|old| change.delete_owner_word(old));
    Ok(())
}

#[cfg(test)]
mod tests;
