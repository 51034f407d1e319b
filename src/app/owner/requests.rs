//! What have owners said that an operator must decide on, and what does the decision change? One way for the command, the
//! page and the API.

use freshd_core::account::{Account, Lifecycle};
use freshd_core::id::AccountId;
use freshd_core::owner::{Decided, OwnerAct, OwnerWord, RequestState, Successor};
use freshd_core::state::AccountState;
use serde_json::{Value, json};

use super::super::App;
use crate::notify::clean;
use crate::poll::apply::reconsider;
use crate::poll::write;
use crate::store::{Audit, StoreError};
use crate::zone::rfc3339;

/// Words with the accounts they are about, newest first; `all` = what is decided or needs no decision, too.
pub fn listed(
    app: &App,
    account: Option<&AccountId>,
    all: bool,
) -> Result<Vec<(OwnerWord, Option<Account>)>, StoreError> {
    let mut words = Vec::new();
    match account {
        Some(id) => words = app.store().owner_words(id)?,
        None => {
            app.store().for_each_owner_word(|word| {
                words.push(word);
                Ok(true)
            })?;
        }
    }
    words.retain(|word| all || word.state == RequestState::Open);
    words.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    let with = |word: OwnerWord| {
        let account = app.store().account(&word.account)?;
        Ok((word, account))
    };
    words.into_iter().map(with).collect()
}

/// One word for programs; it holds contacts.
pub fn word_json(word: &OwnerWord, account: Option<&Account>) -> Value {
    json!({
        "id": word.id,
        "at": rfc3339(word.at),
        "account": word.account,
        "name": account.map(|account| account.name.as_str()),
        "sponsor": account.map(|account| account.sponsor.as_str()),
        "act": word.act,
        "text": word.text,
        "answer": word.answer,
        "letter": word.letter,
        "to": word.to,
        "successor": word.successor,
        "state": word.state,
        "decided": word.decided.as_ref().map(|it| {
            json!({"at": rfc3339(it.at), "by": it.by, "note": it.note})
        }),
    })
}

/// One word in a line for people; it holds contacts.
pub fn word_line(word: &OwnerWord) -> String {
    let heir = word.successor.as_ref();
    let heir = heir.map(|it| format!("新联系人 {} {} {}", it.name, it.phone, it.email));
    let parts = [heir.as_deref().unwrap_or_default(), &word.text, &word.answer];
    let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|it| !it.is_empty()).collect();
    format!("{}:{}", word.act.chinese(), parts.join(";").replace('\n', " "))
}

/// Decides on a request; durable with the next barrier. The inner error says why not, Chinese.
pub fn decide(
    app: &App,
    id: &str,
    approve: bool,
    note: &str,
    who: &str,
) -> Result<Result<String, String>, StoreError> {
    let mut found = None;
    app.store().for_each_owner_word(|word| {
        found = (word.id == id).then_some(word.account);
        Ok(found.is_none())
    })?;
    let Some(account) = found else {
        return Ok(Err(format!("没有请求 {id};用 freshd requests list 查看")));
    };
    let (now, terms) = (app.now(), app.env.parts().terms.clone());
    app.store().update(|change| {
        let Some(mut word) = change.owner_word(&account, id)? else {
            return Ok(Err(format!("没有请求 {id}")));
        };
        if word.state != RequestState::Open {
            return Ok(Err(format!("请求 {id} {},不能再改", word.state.chinese())));
        }
        word.state = if approve { RequestState::Approved } else { RequestState::Rejected };
        word.decided = Some(Decided { at: now, by: who.to_owned(), note: note.to_owned() });
        let mut told = format!("请求 {id}({}){}", word.act.chinese(), word.state.chinese());
        if let Some(mut held) = change.account(&account)? {
            let before = held.clone();
            let mut state: AccountState = change.state(&account)?.unwrap_or_default();
            match carry_out(&mut held, &mut state, &word, approve) {
                Ok(more) => told.push_str(&more),
                Err(why) => return Ok(Err(why)),
            }
            if held != before {
                change.put_account(&held);
            }
            write(change, &held, &reconsider(&held, state, &terms, now), now)?;
        }
        change.put_owner_word(&word)?;
        change.audit(&Audit {
            at: now,
            who: who.to_owned(),
            what: if approve { "request-approve" } else { "request-reject" }.to_owned(),
            on: account.to_string(),
            detail: format!("{}(信 {},{}){note}", word_line(&word), word.letter, word.to),
        })?;
        Ok::<_, StoreError>(Ok(told))
    })
}

/// What the decision does to the account; says so.
fn carry_out(
    account: &mut Account,
    state: &mut AccountState,
    word: &OwnerWord,
    approve: bool,
) -> Result<String, String> {
    match (word.act, approve) {
        (OwnerAct::Closing, true) => {
            if account.lifecycle == Lifecycle::Running {
                account.lifecycle = Lifecycle::Closing;
            }
            Ok(";账号为关停办理中,注销完成后请在台账改为已注销".to_owned())
        }
        (OwnerAct::Closing, false) => {
            if account.lifecycle == Lifecycle::Closing && word.before == Some(Lifecycle::Running) {
                account.lifecycle = Lifecycle::Running;
            }
            Ok(";账号恢复为在运行".to_owned())
        }
        (OwnerAct::Contact, true) => {
            let heir = word.successor.as_ref().ok_or("请求里没有新联系人")?;
            if !replaced(account, &word.to, heir) {
                return Err(format!("台账里已没有 {},没有改动;请核对后不同意此请求", word.to));
            }
            state.leaving.retain(|held| *held != word.to);
            let (from, to) = (&word.to, &heir.email);
            Ok(format!(";邮箱已由 {from} 改为 {to}。请同时改台账原表,否则下次导入会改回"))
        }
        (OwnerAct::Contact, false) => {
            state.leaving.retain(|held| *held != word.to);
            Ok(";信件仍发到原联系人".to_owned())
        }
        // A link that could not be opened, or what the owner says against the ruling: a person must look.
        (OwnerAct::Posted | OwnerAct::Objection, true) => Ok(format!(
            ";这不会登记发布,判定不变。看到发布的,请用 freshd confirm {} --published-at 时间 --url 链接 --note 说明 登记",
            account.id
        )),
        _ => Ok(String::new()),
    }
}

/// Puts the successor in the place of an address, in every column that holds it; was there any?
fn replaced(account: &mut Account, from: &str, heir: &Successor) -> bool {
    let owner = swapped(&mut account.email, from, &heir.email);
    if let Some(alone) = owner {
        renamed(&mut account.contact, &heir.name, alone);
        renamed(&mut account.phone, &heir.phone, alone);
    }
    let responsible = swapped(&mut account.officer_email, from, &heir.email);
    if let Some(alone) = responsible {
        renamed(&mut account.officer, &heir.name, alone);
    }
    let supervisor = swapped(&mut account.supervisor_email, from, &heir.email);
    owner.or(responsible).or(supervisor).is_some()
}

/// Swaps an address of a column; `None` if it is not there, else whether it was the only one.
fn swapped(list: &mut Vec<String>, from: &str, to: &str) -> Option<bool> {
    let split = list.iter().flat_map(|entry| entry.split([';', '\u{ff1b}']));
    let held: Vec<String> = split.map(|it| it.trim().to_owned()).collect();
    let is_old = |it: &String| clean::address(it).is_some_and(|it| it.eq_ignore_ascii_case(from));
    if !held.iter().any(is_old) {
        return None;
    }
    let alone = held.len() == 1;
    let mut new: Vec<String> = Vec::new();
    for it in held {
        let it = if is_old(&it) { to.to_owned() } else { it };
        if !new.iter().any(|had| had.eq_ignore_ascii_case(&it)) {
            new.push(it);
        }
    }
    *list = new;
    Some(alone)
}

/// Where several share a cell nobody knows which name is whose: the new one is added.
fn renamed(field: &mut String, new: &str, alone: bool) {
    if alone || field.trim().is_empty() {
        new.clone_into(field);
    } else if !new.is_empty() && !field.contains(new) {
        *field = format!("{field}、{new}");
    }
}
