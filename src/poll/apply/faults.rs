//! Whose fault was it, and who waits? The faults of a poll, told to the breaker and to the source's record.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::{Account, Source};
use freshd_core::breaker::{Belief, Breaker, Group};
use freshd_core::civil::minute_text;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::{Evidence, Observation, Profile, ProfileState};
use freshd_core::schedule::{capped_wish, wish_after};
use freshd_core::state::SourceState;
use freshd_core::uptime::{Answered, Uptime, is_own_service};
use url::Url;

use super::MEMO_BYTES_MAX;
use crate::poll::run::SourceOutcome;

/// Many accounts that ended alike are the platform's fault, not findings. `None` = nothing was said of an end.
pub(super) fn settle_scope(
    account: &Account,
    outcome: &mut SourceOutcome,
    breaker: &mut Breaker,
) -> Option<Belief> {
    let among = among(&outcome.source);
    let Some(kind) = end_told(outcome) else {
        if outcome.result.as_ref().is_ok_and(|seen| seen.faults.is_empty()) {
            breaker.answered(&among, &account.id, outcome.at);
        }
        return None;
    };
    let belief = breaker.ended(&among, &account.id, kind, outcome.at);
    if belief == Belief::Account {
        return Some(belief);
    }
    let detail = "多个账号同时出现同样的异常,按平台故障处理,不作为账号问题";
    let promoted = Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail);
    match &mut outcome.result {
        Ok(observation) => {
            (observation.profile, observation.download) = (None, None);
            observation.coverage = Default::default();
            observation.faults.push(promoted);
        }
        result @ Err(_) => *result = Err(promoted),
    }
    Some(belief)
}

/// Whom an account is compared with: all of its connector; packages lie on hosts that have nothing to do with each
/// other.
fn among(source: &Source) -> String {
    let host = (source.connector == "apk").then(|| Url::parse(&source.target).ok()).flatten();
    match host.as_ref().and_then(Url::host_str) {
        Some(host) => format!("{} {host}", source.connector),
        None => source.connector.clone(),
    }
}

/// Was it said that the account has ended, or that the app is not offered?
fn end_told(outcome: &SourceOutcome) -> Option<FaultKind> {
    match &outcome.result {
        Err(fault) if fault.scope == FaultScope::Account => {
            Some(fault.kind).filter(|kind| matches!(kind, FaultKind::Gone | FaultKind::Suspended))
        }
        Err(_) => None,
        Ok(observation) => match observation.profile.as_ref().map(|profile| profile.state) {
            Some(ProfileState::Deregistered) => Some(FaultKind::Gone),
            Some(ProfileState::Frozen) => Some(FaultKind::Suspended),
            _ => {
                let missing = observation.download.as_ref().map(|sign| sign.available);
                (missing == Some(Some(false))).then_some(FaultKind::Gone)
            }
        },
    }
}

pub(super) fn note_breaker(account: &Account, outcome: &SourceOutcome, breaker: &mut Breaker) {
    let connector = Group::Connector(outcome.source.connector.clone());
    let credential = outcome
        .credential
        .clone()
        .map(|name| Group::Credential(outcome.source.connector.clone(), name));
    let faults: &[Fault] = match &outcome.result {
        Ok(observation) => &observation.faults,
        Err(fault) => std::slice::from_ref(fault),
    };
    let group_of = |fault: &Fault| match fault.scope {
        FaultScope::Account => None,
        FaultScope::Credential => credential.clone(),
        FaultScope::Platform | FaultScope::Connector => Some(connector.clone()),
        FaultScope::Local => Some(Group::Connector("*".to_owned())),
    };
    for fault in faults {
        if let Some(group) = group_of(fault) {
            breaker.fault(&group, &account.id, fault, outcome.at);
        }
    }
    if outcome.result.is_ok() && faults.is_empty() {
        breaker.success(&Group::Connector("*".to_owned()));
        breaker.success(&connector);
        if let Some(group) = credential {
            breaker.success(&group);
        }
    }
}

/// Gone and Suspended of Account scope are looks at the account's state, backed by what the fault says of the answer;
/// every other fault saw nothing.
pub(super) fn finding_of(fault: &Fault, outcome: &SourceOutcome) -> Observation {
    let state = match (fault.scope, fault.kind) {
        (FaultScope::Account, FaultKind::Gone) => ProfileState::Deregistered,
        (FaultScope::Account, FaultKind::Suspended) => ProfileState::Frozen,
        _ => return Observation::default(),
    };
    let profile = Some(Profile { state, ..Profile::default() });
    let body = format!("{}:{}", minute_text(outcome.at), fault.detail);
    let evidence = vec![Evidence { url: outcome.source.to_string(), at: outcome.at, body }];
    Observation { profile, evidence, ..Observation::default() }
}

pub(super) fn note_faults(held: &mut SourceState, faults: Vec<Fault>, outcome: &SourceOutcome) {
    let now = outcome.at;
    note_uptime(held, outcome);
    let mut wish: Option<Timestamp> = None;
    let mut operator = false;
    for fault in &faults {
        match fault.retry {
            Retry::After(seconds) => wish = wish.max(Some(wish_after(now, seconds).0)),
            Retry::At(at) => wish = wish.max(Some(capped_wish(now, at).0)),
            Retry::Operator => operator = true,
            Retry::Backoff => {}
        }
    }
    match &outcome.result {
        Ok(observation) => {
            held.failures = 0;
            held.last_ok = Some(now);
            // Advice, but a mistaken one must not end the watching.
            held.hint = observation.hint.not_before.map(|hint| capped_wish(now, hint).0);
            held.blind.clone_from(&observation.hint.blind);
            if let Some(memo) = &observation.hint.memo {
                held.memo = (memo.len() <= MEMO_BYTES_MAX).then(|| memo.clone());
            }
        }
        Err(_) => {
            held.failures = held.failures.saturating_add(1);
            held.hint = operator.then(|| now + TimeDelta::hours(20));
        }
    }
    held.not_before = wish;
    held.failing_since = if faults.is_empty() { None } else { held.failing_since.or(Some(now)) };
    held.faults = faults;
}

/// Counts whether an address of the account's own answered.
fn note_uptime(held: &mut SourceState, outcome: &SourceOutcome) {
    if !is_own_service(&outcome.source.connector) {
        return;
    }
    let answered = match &outcome.result {
        Ok(observation) => Answered::of(observation),
        Err(fault) => Answered::of_fault(fault),
    };
    Uptime::note(&mut held.uptime, outcome.at, answered);
}
