//! What does the outside machine do? Asks each source of a list once and writes a signed bundle; no store, no ledger.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use freshd_connectors::Target;
use freshd_connectors::wire::WireObservation;
use freshd_core::Timestamp;
use freshd_core::fault::FaultScope;
use freshd_core::id::AccountId;
use freshd_core::observation::Observation;
use futures::StreamExt;
use serde_json::json;

use super::exec::{DONE, USAGE, Usage};
use super::output::Output;
use super::progress::Progress;
use crate::app;
use crate::bundle::targets::{self, Wanted};
use crate::bundle::{self, BUNDLE_BYTES_MAX, Item, Key};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::config::problem::Problem;
use crate::poll::Parts;
use crate::poll::courtesy::Slots;
use crate::poll::run::{Errand, SourceOutcome, ask};

/// Bytes of a bundle beyond which bodies are left out: addresses and times are still told.
const BODIES_BYTES_MAX: usize = BUNDLE_BYTES_MAX / 4 * 3;

/// Runs `freshd collect`.
pub async fn run(
    config: &Config,
    targets: &Path,
    output: &Path,
    as_json: bool,
) -> anyhow::Result<i32> {
    let key = key_of(config)?;
    let file = targets.display().to_string();
    let bytes = std::fs::read(targets)
        .map_err(|error| Usage(format!("无法读取 {file}:{}", super::words_of(&error))))?;
    let parts = app::parts(config)?;
    let wanted =
        match targets::read(&file, &bytes).and_then(|wanted| admitted(&file, wanted, &parts)) {
            Ok(wanted) => wanted,
            Err(problems) => {
                problems.iter().for_each(|problem| eprintln!("{problem}"));
                eprintln!("共 {} 个问题,什么都没有做", problems.len());
                return Ok(USAGE);
            }
        };
    let prepared = Output::prepare(output, &[targets.to_owned()])?;
    let clock = SystemClock;
    let polled = polled(&wanted, &parts, &clock).await;
    let (mut items, skipped) = (Vec::new(), wanted.len() - polled.len());
    let (mut room, mut bare, mut faults) = (BODIES_BYTES_MAX, 0, 0);
    for (wanted, outcome) in polled {
        faults += usize::from(has_fault(&outcome));
        let mut item = item_of(wanted, outcome);
        let bodies: usize = item.observation.evidence.iter().map(|held| held.body.len()).sum();
        // JSON needs up to twice the bytes of a body.
        match room.checked_sub(bodies * 2) {
            Some(left) => room = left,
            None => {
                bare += 1;
                item.observation.evidence.iter_mut().for_each(|held| held.body.clear());
            }
        }
        items.push(item);
    }
    let bytes = bundle::write(&key, clock.now(), &items);
    if bytes.len() > BUNDLE_BYTES_MAX {
        let what = format!("结果有 {} MiB,上限 40 MiB;请把目标分成几个文件", bytes.len() >> 20);
        return Err(Usage(what).into());
    }
    prepared.write(&bytes)?;
    if as_json {
        let told = json!({
            "file": output.display().to_string(),
            "key_id": key.id(),
            "sources": wanted.len(),
            "observations": items.len(),
            "faults": faults,
            "skipped": skipped,
            "without_bodies": bare,
        });
        println!("{told:#}");
    } else {
        println!(
            "采集了 {} 个来源,其中 {faults} 个有故障;因平台要求暂停,{skipped} 个没有采集;\
             {bare} 个因文件大小没有附原文",
            items.len()
        );
        println!("已写入 {}(密钥编号 {})", output.display(), key.id());
    }
    Ok(DONE)
}

/// The shared key of a configuration.
///
/// # Errors
/// [`Usage`]: none is named, it cannot be read, or it is too short.
pub(super) fn key_of(config: &Config) -> Result<Key, Usage> {
    let help = "写上 [collect] key_file:文件里是两边相同的密钥(openssl rand -hex 32)";
    let Some(file) = &config.exchange.key_file else {
        return Err(Usage(format!("配置里没有签名的密钥;{help}")));
    };
    let text = file.text().map_err(|problem| Usage(problem.0))?;
    let short = || Usage(format!("{}:密钥太短;{help}", file.path.display()));
    Key::of(&text).ok_or_else(short)
}

fn admitted(file: &str, wanted: Vec<Wanted>, parts: &Parts) -> Result<Vec<Wanted>, Vec<Problem>> {
    let mut wrong = Vec::new();
    for one in &wanted {
        let source = &one.source;
        let told = match parts.means.registry.find(&source.connector) {
            None => Some((
                format!("没有名为 {} 的采集器", source.connector),
                "外网侧的配置要有同样的采集器".to_owned(),
            )),
            Some(connector) => {
                let admitted = connector.admit(&Target::new(source.target.clone()));
                admitted.err().map(|problem| (problem.what, problem.help))
            }
        };
        if let Some((what, help)) = told {
            let problem = Problem::in_file(file, what, help);
            wrong.push(problem.with_value(&format!("{} {source}", one.account)));
        }
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(wrong) }
}

/// Asks each source once, within the courtesy of its connector. Who asks to be left alone is not asked for others.
async fn polled(
    wanted: &[Wanted],
    parts: &Parts,
    clock: &SystemClock,
) -> Vec<(Wanted, SourceOutcome)> {
    let slots = Mutex::new(Slots::new(parts.courtesy.clone()));
    let resting: Mutex<BTreeSet<String>> = Mutex::default();
    let bar = Progress::new("采集", wanted.len(), false);
    let asked = wanted.iter().enumerate().map(|(nth, one)| {
        let (slots, resting) = (&slots, &resting);
        async move {
            let connector = &one.source.connector;
            let now = slot(slots, clock, nth, connector).await;
            if locked(resting).contains(connector) {
                return None;
            }
            let errand = Errand { source: one.source.clone(), memo: None, fresh: true };
            let outcome = ask(&parts.means, errand, now, false).await;
            if outcome.is_rate_limited() {
                locked(resting).insert(connector.clone());
            }
            Some((one.clone(), outcome))
        }
    });
    let mut done = 0;
    let mut polled = Vec::new();
    let mut answers = futures::stream::iter(asked).buffer_unordered(parts.at_once);
    while let Some(answer) = answers.next().await {
        done += 1;
        bar.at(done);
        polled.extend(answer);
    }
    polled.sort_by(|(a, _), (b, _)| a.cmp(b));
    polled
}

async fn slot(slots: &Mutex<Slots>, clock: &SystemClock, nth: usize, connector: &str) -> Timestamp {
    let waiting = AccountId::new(format!("collect:{nth}"));
    loop {
        let now = clock.now();
        let claimed = locked(slots).claim(&waiting, std::iter::once(connector), now);
        match claimed {
            Ok(()) => return now,
            Err(slot) => tokio::time::sleep(clock.wait_for(slot - now)).await,
        }
    }
}

fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn has_fault(outcome: &SourceOutcome) -> bool {
    outcome.result.as_ref().map_or(true, |seen| !seen.faults.is_empty())
}

/// What is sent: wishes and memory are this machine's own.
fn item_of(wanted: Wanted, outcome: SourceOutcome) -> Item {
    let failed = outcome.result.is_err();
    let mut observation = outcome
        .result
        .unwrap_or_else(|fault| Observation { faults: vec![fault], ..Observation::default() });
    observation.hint = Default::default();
    // Trouble of this machine is told here; inside it would look like trouble there.
    for fault in observation.faults.iter_mut().filter(|fault| fault.scope == FaultScope::Local) {
        fault.detail = format!("外网采集机:{}", fault.detail);
    }
    Item {
        account: wanted.account,
        source: wanted.source.to_string(),
        at: outcome.at,
        failed,
        observation: WireObservation::from(observation),
    }
}
