//! What does a push change? What a token's holder says was seen, kept as a source of its own: `push:NAME`.
//!
//! Without the right `vouch` only its posts count: they can show that an account lives, never that it is silent or gone.

use chrono::TimeDelta;
use freshd_connectors::claim::{future, settle, withhold};
use freshd_connectors::http::redact;
use freshd_connectors::wire::WireObservation;
use freshd_core::account::Account;
use freshd_core::history::FUTURE_SKEW_MIN;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Evidence, Observation};
use freshd_core::state::AccountState;
use freshd_core::verdict::counting_channels;

use super::App;
use crate::poll::apply::apply_push;
use crate::poll::write;
use crate::store::{Audit, StoreError};
use crate::web::push::{Push, Pushed, Taken, inside};

/// Carries a push out; what it changed is durable when this returns. Blocks.
pub fn take(app: &App, push: &Push) -> anyhow::Result<Pushed> {
    let id = match account_named(app, &push.account)? {
        Ok(id) => id,
        Err(unknown) => return Ok(Pushed::Unknown(unknown)),
    };
    let Some(account) = app.store().account(&id)? else {
        return Ok(Pushed::Unknown(format!("账号 {id} 已不在台账")));
    };
    let units = [&account.sponsor, &account.supervisor, &account.reporting_unit];
    if !push.by.covers(units.into_iter().map(String::as_str)) {
        let detail = format!("令牌 {} 不管账号 {id} 的单位({})", push.by.name, account.sponsor);
        return Ok(Pushed::Forbidden(detail));
    }
    let state: AccountState = app.store().state(&id)?.unwrap_or_default();
    let mut seen = push.observation.clone();
    let channels = counting_channels(&account, &state.history);
    let wrong = checked(&mut seen, &channels, push);
    if !wrong.is_empty() {
        return Ok(Pushed::Wrong(wrong));
    }
    let ignored = limit(&mut seen, push.by.vouch);
    back(&mut seen, push);
    let Some(taken) = keep(app, &id, &seen, push, ignored)? else {
        return Ok(Pushed::Unknown(format!("账号 {id} 已不在台账")));
    };
    if taken.changed {
        // The sender is told only of what a power cut does not undo.
        app.store().barrier_blocking()?;
    }
    Ok(Pushed::Taken(taken))
}

fn checked(
    seen: &mut Observation,
    channels: &[Channel],
    push: &Push,
) -> Vec<freshd_connectors::claim::Objection> {
    // A sender who names no channel means the account's only one; on which of several a post appeared changes nothing.
    if let Some(first) = channels.first().filter(|_| !channels.contains(&Channel::posts())) {
        let unnamed =
            |post: &&mut freshd_core::observation::Sighting| post.channel == Channel::posts();
        seen.sightings.iter_mut().filter(unnamed).for_each(|post| post.channel = first.clone());
    }
    let mut wrong = settle(seen, channels, push.at);
    wrong.extend(future(seen, push.at, TimeDelta::minutes(FUTURE_SKEW_MIN)));
    inside(wrong).collect()
}

/// Leaves what counts, and names what does not.
fn limit(seen: &mut Observation, vouch: bool) -> Vec<&'static str> {
    let mut ignored = Vec::new();
    let mut drop = |there: bool, name| {
        if there {
            ignored.push(name);
        }
        there
    };
    drop(vouch && withhold(seen), "coverage");
    // The sender's own trouble and wishes concern nobody here.
    if drop(!seen.faults.is_empty(), "faults") {
        seen.faults.clear();
    }
    if drop(seen.hint != Default::default(), "hint") {
        seen.hint = Default::default();
    }
    if vouch {
        return ignored;
    }
    if drop(!seen.coverage.is_empty(), "coverage") {
        seen.coverage = Default::default();
    }
    if drop(seen.profile.is_some(), "profile") {
        seen.profile = None;
    }
    if drop(seen.menu.is_some(), "menu") {
        seen.menu = None;
    }
    if drop(!seen.interaction.is_empty(), "interaction") {
        seen.interaction.clear();
    }
    if drop(seen.download.is_some(), "download") {
        seen.download = None;
    }
    if drop(seen.release.is_some(), "release") {
        seen.release = None;
    }
    ignored
}

/// Something must back what is said: where nothing was sent along, what was said itself. The same push makes the same.
fn back(seen: &mut Observation, push: &Push) {
    for evidence in &mut seen.evidence {
        evidence.body = redact::text(&evidence.body).into_owned();
    }
    if seen.evidence.is_empty() {
        let wire = WireObservation::from(seen.clone());
        let body = serde_json::to_string(&wire).expect("an observation is plain JSON");
        seen.evidence.push(Evidence { url: source_of(push), at: push.at, body });
    }
}

fn source_of(push: &Push) -> String {
    format!("push:{}", push.by.name)
}

fn keep(
    app: &App,
    id: &AccountId,
    seen: &Observation,
    push: &Push,
    ignored: Vec<&'static str>,
) -> Result<Option<Taken>, StoreError> {
    let (now, source) = (app.now(), source_of(push));
    let terms = app.env.parts().terms.clone();
    app.store().update(|change| {
        let Some(account) = change.account(id)? else { return Ok::<_, StoreError>(None) };
        let before: AccountState = change.state(id)?.unwrap_or_default();
        let held = before.history.clone();
        let applied = apply_push(&account, before, &source, push.at, seen, &terms, now);
        let changed = applied.state.history != held;
        if changed {
            write(change, &account, &applied, now)?;
            change.audit(&Audit {
                at: now,
                who: push.by.name.clone(),
                what: "push".to_owned(),
                on: id.to_string(),
                detail: detail_of(&account, seen, push),
            })?;
        }
        let verdict = applied.judgement.verdict;
        Ok(Some(Taken { account: id.to_string(), changed, ignored: ignored.clone(), verdict }))
    })
}

fn detail_of(account: &Account, seen: &Observation, push: &Push) -> String {
    let at = freshd_core::civil::rfc3339(push.at);
    let vouched = match (seen.coverage.is_empty(), push.by.vouch) {
        (false, true) => format!(";由 {} 担保其间没有别的发布", push.by.name),
        _ => String::new(),
    };
    format!("推送 {}:{at} 看到 {} 条{vouched}", account.name, seen.sightings.len())
}

/// The account that a sender means: by id, by alias, or by a name that only one account has; else what to do.
pub(super) fn account_named(
    app: &App,
    text: &str,
) -> Result<Result<AccountId, String>, StoreError> {
    let mut found = app.store().find(text)?;
    if found.is_empty() {
        app.store().for_each_account(|account| {
            if account.name == text {
                found.push(account.id);
            }
            Ok(found.len() < 2)
        })?;
    }
    Ok(match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(format!("没有账号 {text};/api/v1/accounts 列出全部账号的 id")),
        _ => Err(format!("{text} 对应多个账号,请写 id")),
    })
}

#[cfg(test)]
mod tests;
