//! Do status, explain, precheck and export say the same at one instant? And is what they say complete?

use std::collections::BTreeMap;

use freshd::cli::args::PrecheckFormat;
use freshd::cli::exec::execute;
use freshd::cli::request::Request;
use freshd_core::Timestamp;
use freshd_core::civil::rfc3339;
use serde_json::Value;

use super::book::Book;
use super::stage::Stage;

pub const AGREE: &str = "7 status, explain and precheck agree";

/// Asks every command at the instant at which the clock stands.
pub async fn check(stage: &Stage, now: Timestamp, book: &mut Book) {
    let status = asked(
        stage,
        Request::Status { verdict: None, platform: None, unit: None, json: true, colour: false },
    )
    .await;
    let accounts = status["accounts"].as_array().expect("accounts");
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for account in accounts {
        let verdict = account["verdict"].as_str().unwrap_or("none").to_owned();
        *verdicts.entry(verdict).or_default() += 1;
    }
    let total = |key: &str| status["totals"][key].as_u64().unwrap_or(u64::MAX) as usize;
    for key in ["pass", "at_risk", "fail", "undetermined"] {
        let counted = verdicts.get(key).copied().unwrap_or(0);
        same(now, key, "totals", total(key), counted, book);
    }
    same(now, "accounts", "all", accounts.len(), stage.world.accounts.len(), book);
    for account in accounts.iter().step_by(accounts.len() / 12 + 1) {
        let id = account["id"].as_str().expect("an id").to_owned();
        let request = Request::Explain { id: id.clone(), json: true };
        let explained = asked(stage, request).await;
        for key in ["verdict", "activity", "proven_until", "deadline"] {
            same(now, &id, key, &explained[key], &account[key], book);
        }
        let outcomes = |value: &Value| -> Vec<Value> {
            let rulings = value["rulings"].as_array().cloned().unwrap_or_default();
            rulings
                .iter()
                .map(|r| serde_json::json!([r["rule"], r["outcome"], r["as_of"]]))
                .collect()
        };
        same(now, &id, "rulings", outcomes(&explained), outcomes(account), book);
    }
    let request =
        Request::Precheck { quarter: None, at: None, format: PrecheckFormat::Json, colour: false };
    let precheck = asked(stage, request).await;
    same(now, "precheck", "failed", count(&precheck, "failed"), total("fail"), book);
    same(
        now,
        "precheck",
        "undetermined",
        count(&precheck, "undetermined"),
        total("undetermined"),
        book,
    );
    same(
        now,
        "precheck",
        "verified",
        count(&precheck, "verified"),
        total("pass") + total("at_risk") + total("fail"),
        book,
    );
    let listed = |key: &str| precheck[key].as_array().map_or(usize::MAX, Vec::len);
    same(now, "precheck", "at_risk", listed("at_risk"), total("at_risk"), book);
    same(now, "precheck", "undetermined list", listed("undetermined"), total("undetermined"), book);
    let vetoes = accounts
        .iter()
        .filter_map(|account| account["rulings"].as_array())
        .flatten()
        .filter(|ruling| ruling["veto"] == true && ruling["outcome"] == "fail")
        .count();
    same(now, "precheck", "problems", listed("problems"), vetoes, book);
}

fn count(precheck: &Value, key: &str) -> usize {
    precheck["scope"][key].as_u64().map_or(usize::MAX, |held| held as usize)
}

fn same<T: PartialEq + std::fmt::Debug>(
    now: Timestamp,
    who: &str,
    what: &str,
    a: T,
    b: T,
    book: &mut Book,
) {
    let wrong = (a != b).then(|| format!("{who} {what} at {}: {a:?} and {b:?}", rfc3339(now)));
    book.check(AGREE, wrong);
}

async fn asked(stage: &Stage, request: Request) -> Value {
    let response = execute(stage.app(), request.clone(), "simulation").await;
    serde_json::from_str(&response.stdout).unwrap_or_else(|error| {
        panic!("{request:?}: {error}: {}{}", response.stdout, response.stderr)
    })
}
