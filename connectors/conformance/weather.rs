//! What does a connector make of a platform that misbehaves? Faults, and never a word against the
//! account.

use chrono::TimeDelta;
use freshd_core::fault::{Fault, FaultKind, Retry};
use freshd_core::observation::ProfileState;

use super::stage::{Answer, Asked, Manner, Script, Stage};
use super::{Looked, Suite};

/// The server's wish in the test, seconds.
const WISH_S: u64 = 7_300;

/// Weather that is an answer to one that judges a link: it may say what stands there.
const PLAIN: [&str; 2] = ["empty body", "gibberish"];

/// A kind of weather and what the platform then does.
type Weather<'a> = (&'static str, Box<dyn Script + 'a>);

fn always<'a>(answer: Answer) -> Box<dyn Script + 'a> {
    Box::new(move |_: &Asked| answer.clone())
}

fn html(body: &str) -> Answer {
    Answer::ok("text/html; charset=utf-8", body.to_owned())
}

/// Weather in which there is no answer at all, or one that says so itself: a fault must come of it.
fn hard<'a>(good: &'a dyn Script) -> Vec<Weather<'a>> {
    let broken_off = move |asked: &Asked| good.answer(asked).manner(Manner::BrokenOff);
    vec![
        ("500", always(Answer::status(500))),
        (
            "502 page",
            always(Answer { status: 502, ..html("<html><h1>502 Bad Gateway</h1></html>") }),
        ),
        ("503", always(Answer::status(503))),
        ("429", always(Answer::status(429).header("retry-after", &WISH_S.to_string()))),
        ("hung up", always(Answer::status(200).manner(Manner::HungUp))),
        ("broken off", Box::new(broken_off)),
        (
            "captcha",
            always(html(
                "<!DOCTYPE html><html><head><title>安全验证</title></head><body>请输入验证码后继续访问</body></html>",
            )),
        ),
        ("empty body", always(Answer::ok("application/json", ""))),
        ("gibberish", always(Answer::ok("application/octet-stream", gibberish()))),
    ]
}

/// Weather that may pass for an answer: what comes of it proves nothing.
fn soft<'a>(good: &'a dyn Script) -> Vec<Weather<'a>> {
    let cut = move |asked: &Asked| {
        let answer = good.answer(asked);
        let half = answer.body.len() / 2;
        let body = answer.body.slice(..half);
        answer.body(body)
    };
    let echo = |asked: &Asked| html(&asked.raw());
    let echo_json = |asked: &Asked| {
        Answer::json(&serde_json::json!({
            "errcode": -1, "error_code": 10_001, "ok": 0, "success": false, "code": 500, "msg": asked.raw(),
            "errmsg": asked.raw(), "error": asked.raw(), "errorMessage": asked.raw(),
        }))
    };
    vec![
        ("cut in half", Box::new(cut)),
        ("echo", Box::new(echo)),
        ("echo in JSON", Box::new(echo_json)),
        ("empty object", always(Answer::json(&serde_json::json!({})))),
        ("null", always(Answer::json(&serde_json::Value::Null))),
        ("deep", always(Answer::ok("application/json", "[".repeat(200_000)))),
        ("deep tags", always(Answer::ok("text/xml", "<a>".repeat(100_000)))),
    ]
}

/// Bytes that are nothing, the same each time.
fn gibberish() -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..4096).map(|_| next()).collect()
}

/// Every kind of bad weather, each with a connector of its own.
pub(super) async fn bad(suite: &mut Suite<'_>) -> std::io::Result<()> {
    if suite.look(suite.case.good).await?.requests == 0 {
        return Ok(()); // It asks nobody, so no weather can reach it.
    }
    refused(suite).await?;
    let good = suite.case.good;
    for (check, script) in hard(good) {
        let looked = suite.look(&*script).await?;
        suite.harmless(check, &looked);
        let faults = faults(&looked);
        let told = !faults.is_empty() || (suite.case.judges_link && PLAIN.contains(&check));
        suite.demand(check, told, || format!("no fault: {:?}", looked.result));
        if check == "429" {
            let until = suite.case.now + TimeDelta::seconds(WISH_S.cast_signed());
            let kept = faults.iter().any(|fault| match fault.retry {
                Retry::After(seconds) => seconds >= WISH_S,
                Retry::At(at) => at >= until,
                Retry::Backoff | Retry::Operator => false,
            });
            suite.demand(check, kept, || format!("Retry-After {WISH_S} is lost: {faults:?}"));
        }
    }
    if suite.case.judges_link {
        return Ok(());
    }
    for (check, script) in soft(good) {
        let looked = suite.look(&*script).await?;
        suite.harmless(check, &looked);
    }
    Ok(())
}

/// Nobody listens.
async fn refused(suite: &mut Suite<'_>) -> std::io::Result<()> {
    let gone = Stage::open().await?.url();
    let connector = (suite.case.build)(&gone);
    let target = (suite.case.target)(&gone);
    let stage = Stage::open().await?;
    let looked = suite.look_with(&stage, &*connector, &target, suite.case.good, None).await?;
    suite.harmless("connection refused", &looked);
    let faults = faults(&looked);
    suite.demand("connection refused", !faults.is_empty(), || "no fault".to_owned());
    Ok(())
}

fn faults(looked: &Looked) -> Vec<Fault> {
    match &looked.result {
        Ok(seen) => seen.faults.clone(),
        Err(fault) => vec![fault.clone()],
    }
}

impl Suite<'_> {
    /// Nothing is proven, nothing is held against the account, no secret is told.
    pub(super) fn harmless(&mut self, check: &'static str, looked: &Looked) {
        self.silent_about_secrets(check, looked);
        for fault in faults(looked) {
            let finding = matches!(fault.kind, FaultKind::Gone | FaultKind::Suspended);
            self.demand(check, !finding, || format!("held against the account: {fault:?}"));
        }
        let Ok(seen) = &looked.result else { return };
        self.demand(check, seen.coverage.is_empty(), || format!("proves {:?}", seen.coverage));
        let state = seen.profile.as_ref().map(|profile| profile.state).unwrap_or_default();
        let open = state == ProfileState::Open;
        self.demand(check, open, || format!("the account is said to be {state:?}"));
        let plain = self.case.judges_link && PLAIN.contains(&check);
        let lost = seen.download.as_ref().is_some_and(|sign| sign.available == Some(false));
        let lost = lost && !plain;
        self.demand(check, !lost, || "the app is said to be gone".to_owned());
        let poor = seen.interaction.iter().any(|sign| sign.works == Some(false));
        self.demand(check, !poor, || "interaction is said not to work".to_owned());
        let menu = seen.menu.as_ref().is_none_or(|menu| menu.open || !menu.whole);
        self.demand(check, menu, || "the menu is said to be off".to_owned());
    }
}
