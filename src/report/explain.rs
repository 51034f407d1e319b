//! Why does an account come to what it comes to? The clause, the evidence, the coverage and its gaps, for people and
//! programs. No contacts.

use crate::zone::rfc3339;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::coverage::{Coverage, Span, Spans};
use freshd_core::history::{EvidenceRef, Seen};
use freshd_core::observation::Blind;
use freshd_core::rulebook::Policy;
use freshd_core::state::{AccountState, PERSON_PREFIX};
use freshd_core::verdict::{Judgement, gaps, joined_coverage};
use serde_json::{Map, Value, json};

use super::view::account_view;

mod blind;
mod links;
mod text;
mod tried;

pub use links::{LinkView, links};
pub use text::explain_text;
pub use tried::{Tried, tried, works_chinese};

/// The account's view with what it rests on. Beside the keys of `status --json`:
///
/// - `window_days`, `window`: the span `{since, until}` that 内容不更新 looks at;
/// - `coverage`: by source, `{"channels": {CHANNEL: [{since, until}]}, "evidence": …}`; a person's word is
///   `人工:NAME` with `filed` (a file behind it: counts alone) and `bare` (counts where two agree);
/// - `joined`: the spans that are covered on every counting channel;
/// - `gaps`: `[{channel, since, until}]` of the window;
/// - `sightings`: what was seen, newest possible first;
/// - `sources`: how polling each source goes, and what it cannot see yet (`blind`: `[{channel, since, again}]`).
/// - `tried`: what was tried to see whether the interaction works ([`Tried`]), what was never seen, too;
/// - `links`: the links that the account shows elsewhere than in its menu, with their health ([`LinkView`]); advice;
/// - in each piece of `evidence`, `checked_at`: when a later look last said the same, where that is known;
/// - `profile`: name and subject 账号主体 as the platform last told them, or null.
pub fn explain_json(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
    policy: &Policy,
) -> Value {
    let view = account_view(account, state, judgement, policy);
    let mut out = serde_json::to_value(view).expect("a view has string keys and finite numbers");
    let now = judgement.now;
    let more = json!({
        "as_of": rfc3339(now),
        "window_days": policy.window_days(),
        "window": {"since": rfc3339(now - policy.window), "until": rfc3339(now)},
        "coverage": coverage(state, now),
        "joined": spans(&joined_coverage(account, &state.history)),
        "gaps": gaps_json(account, state, policy.window, now),
        "sightings": state.history.sightings.iter().map(seen).collect::<Vec<_>>(),
        "sources": sources(state),
        "tried": tried(account, state, judgement),
        "links": links(judgement),
        "profile": state.history.profile.as_ref().map(|(at, name, holder)| {
            json!({"at": rfc3339(*at), "name": name, "holder": holder})
        }),
    });
    let told = out["rulings"].as_array_mut().into_iter().flatten();
    for (ruling, told) in judgement.rulings.iter().zip(told) {
        let pieces = told["evidence"].as_array_mut().into_iter().flatten();
        for (held, told) in ruling.evidence.iter().zip(pieces) {
            if let Some(at) = state.history.rechecked(held, now) {
                told["checked_at"] = rfc3339(at).into();
            }
        }
    }
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    out
}

fn coverage(state: &AccountState, now: Timestamp) -> Value {
    let history = &state.history;
    let machines = history.proofs.iter().map(|(source, proof)| {
        let told = json!({
            "channels": channels(&proof.coverage),
            "evidence": proof.evidence.as_ref().map(|held| {
                let mut told = evidence(held);
                if let Some(at) = history.rechecked(held, now) {
                    told["checked_at"] = rfc3339(at).into();
                }
                told
            }),
        });
        (source.clone(), told)
    });
    let persons = history.attested.iter().map(|(name, word)| {
        let told = json!({
            "filed": spans(&word.filed),
            "bare": spans(&word.bare),
            "evidence": word.evidence.as_ref().map(evidence),
        });
        (format!("{PERSON_PREFIX}{name}"), told)
    });
    machines.chain(persons).collect::<Map<_, _>>().into()
}

fn channels(coverage: &Coverage) -> Value {
    let of = coverage.iter().map(|(channel, held)| (channel.to_string(), spans(held)));
    of.collect::<Map<_, _>>().into()
}

fn spans(spans: &Spans) -> Value {
    spans.as_slice().iter().map(span).collect()
}

fn span(span: &Span) -> Value {
    json!({"since": rfc3339(span.since), "until": rfc3339(span.until)})
}

fn gaps_json(account: &Account, state: &AccountState, window: TimeDelta, now: Timestamp) -> Value {
    let all = gaps(account, &state.history, window, now);
    let of = all.iter().flat_map(|(channel, holes)| {
        holes.iter().map(move |hole| {
            json!({
                "channel": channel.as_str(),
                "since": rfc3339(hole.since),
                "until": rfc3339(hole.until),
            })
        })
    });
    of.collect()
}

fn evidence(evidence: &EvidenceRef) -> Value {
    json!({"id": evidence.id, "at": rfc3339(evidence.at), "url": evidence.url})
}

fn seen(seen: &Seen) -> Value {
    let sighting = &seen.sighting;
    json!({
        "key": sighting.key,
        "channel": sighting.channel.as_str(),
        "earliest": sighting.published.earliest.map(rfc3339),
        "latest": rfc3339(sighting.published.latest),
        "title": sighting.title,
        "url": sighting.url,
        "pinned": sighting.pinned,
        "repost": sighting.repost,
        "source": seen.source,
        "first_seen": rfc3339(seen.first_seen),
        "evidence": seen.evidence.as_ref().map(evidence),
    })
}

fn blind(blind: &Blind) -> Value {
    json!({
        "channel": blind.channel.as_str(),
        "since": rfc3339(blind.since),
        "again": rfc3339(blind.again),
    })
}

fn sources(state: &AccountState) -> Value {
    let of = state.sources.iter().map(|(source, held)| {
        json!({
            "source": source,
            "last_ok": held.last_ok.map(rfc3339),
            "failing_since": held.failing_since.map(rfc3339),
            "failures": held.failures,
            "not_before": held.not_before.map(rfc3339),
            "blind": held.blind.iter().map(blind).collect::<Vec<_>>(),
        })
    });
    of.collect()
}

#[cfg(test)]
mod tests;
