//! How do bundles from across the gap get in? Verified first, then each observation as if polled here at its own instant.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_connectors::claim::{self, settle};
use freshd_core::account::Source;
use freshd_core::history::FUTURE_SKEW_MIN;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::Observation;
use freshd_core::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::bundle::{self, Head, Line};
use crate::cli::caller::Caller;
use crate::cli::collect::key_of;
use crate::cli::exec::{DONE, USAGE, json as answer, printed};
use crate::cli::request::Ingest;
use crate::config::problem::Problem;
use crate::control::Response;
use crate::poll::Poller;
use crate::poll::run::SourceOutcome;
use crate::poll::take::channels;
use crate::store::{Audit, EvidenceId, StoreError};

/// `Taken`, with the id of the key behind it: the newest bundle of that maker.
const META_BUNDLE: &str = "ingest.bundle.";

/// The newest bundle of a maker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    sequence: i64,
    sha256: String,
}

/// A bundle that was verified, and what it brings.
struct Opened {
    name: String,
    sha256: String,
    head: Head,
    outcomes: BTreeMap<AccountId, Vec<SourceOutcome>>,
    is_known: bool,
}

/// Takes bundles; all of them are looked at before the first is applied.
pub(super) fn take(
    app: &App,
    files: &[(String, Vec<u8>)],
    asked: &Ingest,
    caller: &Caller,
) -> anyhow::Result<Response> {
    let key = key_of(&app.config())?;
    let (mut opened, mut problems) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        match bundle::open(bytes, &key) {
            Ok((head, lines)) => {
                let sha256 = EvidenceId::of(bytes).to_string();
                opened.push(checked(app, name, sha256, head, &lines, &mut problems)?);
            }
            Err(refusal) => {
                problems.push(Problem::at_line(name, refusal.line, "", refusal.what, refusal.help))
            }
        }
    }
    opened.sort_by_key(|bundle| bundle.head.sequence);
    let is_good = problems.is_empty();
    let mut changed = false;
    if is_good && !asked.dry_run {
        for bundle in opened.iter().filter(|bundle| !bundle.is_known) {
            apply(app, bundle, caller)?;
            changed = true;
        }
    }
    let exit = if is_good { DONE } else { USAGE };
    if asked.json {
        let told = opened.iter().map(|bundle| {
            json!({
                "name": bundle.name,
                "sha256": bundle.sha256,
                "key_id": bundle.head.key_id,
                "sequence": bundle.head.sequence,
                "made_at": crate::zone::rfc3339(bundle.head.made_at),
                "observations": bundle.head.count,
                "accounts": bundle.outcomes.len(),
                "known": bundle.is_known,
            })
        });
        let told = json!({
            "bundles": told.collect::<Vec<_>>(),
            "problems": problems,
            "dry_run": asked.dry_run,
            "taken": is_good,
            "changed": changed,
        });
        return answer(exit, &told);
    }
    let mut text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    for bundle in &opened {
        let at = civil::minute_text(bundle.head.made_at);
        let (accounts, count) = (bundle.outcomes.len(), bundle.head.count);
        let name = &bundle.name;
        text.push_str(&format!("{name}:{at} 采集,{accounts} 个账号,{count} 条观察\n"));
    }
    text.push_str(match (is_good, asked.dry_run, changed) {
        (false, ..) => "什么都没有改变。\n",
        (true, true, _) => "试运行:什么都没有改动。\n",
        (true, false, true) => "已采用。\n",
        (true, false, false) => "与上次相同,没有改变。\n",
    });
    Ok(printed(exit, text))
}

fn checked(
    app: &App,
    name: &str,
    sha256: String,
    head: Head,
    lines: &[Line],
    problems: &mut Vec<Problem>,
) -> anyhow::Result<Opened> {
    let skew = TimeDelta::minutes(FUTURE_SKEW_MIN);
    let held: Option<Taken> = app.store().meta(&format!("{META_BUNDLE}{}", head.key_id))?;
    let is_known = held.as_ref().is_some_and(|held| held.sha256 == sha256);
    if !is_known && held.is_some_and(|held| head.sequence <= held.sequence) {
        let at = civil::minute_text(head.made_at);
        let what = format!("{at} 采集的,不比已经收下的新:重放或次序颠倒");
        problems.push(Problem::in_file(name, what, "按采集的先后导入;旧的不必再导入"));
    }
    let now = app.now();
    if head.sequence > (now + skew).timestamp_millis() {
        let help = "序号应是采集时刻的毫秒数;用 freshd collect 重新采集";
        problems.push(Problem::in_file(name, "序号在将来", help));
    }
    if head.made_at > now + skew {
        let at = civil::minute_text(head.made_at);
        let what = format!("采集时间 {at} 在将来");
        problems.push(Problem::in_file(name, what, "校准两边的时钟"));
    }
    let mut outcomes: BTreeMap<AccountId, Vec<SourceOutcome>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let tell =
            |what: String, help: String| Problem::at_line(name, Some(at + 2), "", what, help);
        if line.at > (head.made_at + skew).min(now + skew) {
            problems.push(tell("观察的时刻在将来".to_owned(), "校准外网侧的时钟".to_owned()));
            continue;
        }
        match outcome_of(app, line)? {
            Ok((id, outcome)) => outcomes.entry(id).or_default().push(outcome),
            Err(wrong) => {
                let wrong = wrong.into_iter();
                problems.extend(wrong.map(|(what, help)| {
                    tell(what, help).with_value(&format!("{} {}", line.account, line.source))
                }));
            }
        }
    }
    for outcomes in outcomes.values_mut() {
        outcomes.sort_by_key(|outcome| outcome.at);
    }
    Ok(Opened { name: name.to_owned(), sha256, head, outcomes, is_known })
}

type Wrong = Vec<(String, String)>;

/// A line as the poll that it was; or what is wrong with it and how to mend it.
fn outcome_of(
    app: &App,
    line: &Line,
) -> Result<Result<(AccountId, SourceOutcome), Wrong>, StoreError> {
    let wrong = |what: &str, help: &str| Ok(Err(vec![(what.to_owned(), help.to_owned())]));
    const AGAIN: &str = "台账改过后,重新 freshd export targets 交给外网侧";
    let id = AccountId::new(line.account.clone());
    let Some(account) = app.store().account(&id)? else {
        return wrong("台账里没有这个账号", AGAIN);
    };
    let listed = account.sources.iter().find(|source| source.to_string() == line.source);
    let Some(source) = listed.cloned().filter(|source: &Source| source.connector != "manual")
    else {
        return wrong("台账里这个账号没有这个采集方式", AGAIN);
    };
    let Some(own) = channels(&app.env.parts().means, &source) else {
        return wrong("这里没有这个采集器", "两边的配置要有同样的采集器");
    };
    let mut seen = match claim::read(&line.observation) {
        Ok(seen) => seen,
        Err(objections) => return Ok(Err(told(&objections))),
    };
    // What it names it may name, as a poll made here: a channel that does not count proves nothing.
    let named = seen.sightings.iter().map(|post| post.channel.clone());
    let named: Vec<Channel> =
        named.chain(seen.coverage.iter().map(|(channel, _)| channel.clone())).collect();
    let objections = settle(&mut seen, &named, line.at);
    if !objections.is_empty() {
        return Ok(Err(told(&objections)));
    }
    let result = match (line.failed, seen.faults.first().cloned()) {
        (true, Some(fault)) => Err(fault),
        (true, None) => return wrong("失败的采集没有写故障", "两边用同一版本的程序"),
        (false, _) => Ok(Observation { hint: Default::default(), ..seen }),
    };
    let outcome = SourceOutcome {
        source,
        credential: None,
        channels: own,
        at: line.at,
        result,
        trace: Vec::new(),
    };
    Ok(Ok((id, outcome)))
}

fn told(objections: &[claim::Objection]) -> Wrong {
    objections.iter().map(|wrong| (wrong.to_string(), wrong.help.clone())).collect()
}

fn apply(app: &App, bundle: &Opened, caller: &Caller) -> anyhow::Result<()> {
    let now: Timestamp = app.now();
    let poller = Poller::new(app.env.clone(), CancellationToken::new());
    for (id, outcomes) in &bundle.outcomes {
        poller.take(id, outcomes.clone())?;
    }
    // Last: a bundle that was cut off by a crash is taken again, and adds nothing twice.
    app.store().update::<_, StoreError>(|change| {
        let (sequence, sha256) = (bundle.head.sequence, bundle.sha256.clone());
        let name = format!("{META_BUNDLE}{}", bundle.head.key_id);
        change.put_meta(&name, &Taken { sequence, sha256 })?;
        change.audit(&Audit {
            at: now,
            who: caller.name.clone(),
            what: "ingest".to_owned(),
            on: String::new(),
            detail: format!(
                "{}(sha256 {},密钥 {}):{} 条观察,{} 个账号",
                bundle.name,
                bundle.sha256,
                bundle.head.key_id,
                bundle.head.count,
                bundle.outcomes.len()
            ),
        })
    })?;
    Ok(())
}
