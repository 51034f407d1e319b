//! Does a connector work, here and now? Its facts, and one trial poll of which nothing is kept.

use std::fmt::Write as _;

use freshd_connectors::conformance::promises;
use freshd_connectors::{Connector, PollContext, Target};
use freshd_core::account::Source;
use freshd_core::civil::{minute_text, rfc3339};
use freshd_core::fault::Fault;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::poll::{source_json, source_text};
use super::{DONE, FOUND, Usage, json, printed};
use crate::app::{App, process};
use crate::cli::connectors::{facts_json, facts_text};
use crate::control::Response;
use crate::poll::Poller;
use crate::poll::run::{Means, SourceOutcome};
use crate::report::whose::fault_text;

/// What the check came to.
#[derive(Default)]
struct Checked {
    probe: Option<Fault>,
    /// The target is refused: what, and how to mend it.
    refused: Option<(String, String)>,
    /// The platform wants to be left alone until then.
    waits: Option<freshd_core::Timestamp>,
    trial: Option<SourceOutcome>,
    /// Promises that the trial broke.
    broken: Vec<String>,
}

impl Checked {
    fn is_fine(&self) -> bool {
        let polled = self.trial.as_ref().is_none_or(|trial| {
            trial.result.as_ref().is_ok_and(|observation| observation.faults.is_empty())
        });
        polled
            && self.probe.is_none()
            && self.refused.is_none()
            && self.waits.is_none()
            && self.broken.is_empty()
    }
}

pub(super) async fn run(
    app: &App,
    name: &str,
    target: Option<&str>,
    as_json: bool,
) -> anyhow::Result<Response> {
    let parts = app.env.parts();
    let mut registry = parts.means.registry.clone();
    // A child of its own: one that was just mended is not to wait for the pause of the daemon's.
    if let Some(connector) = process(&app.config(), name) {
        registry.register(connector);
    }
    let Some(connector) = registry.find(name).cloned() else {
        let names: Vec<_> = registry.iter().map(|held| held.descriptor().name.clone()).collect();
        let what = format!("没有名为 {name} 的采集器;现有的:{}", names.join("、"));
        return Err(Usage(what).into());
    };
    let means = parts.means.with(registry);
    let checked = check(app, &*connector, target, &means).await;
    let exit = if checked.is_fine() { DONE } else { FOUND };
    let config = app.config();
    if as_json {
        return json(exit, &told_json(facts_json(&config, &*connector), target, &checked));
    }
    let mut text = facts_text(&config, &*connector);
    told_text(&mut text, target, &checked);
    Ok(printed(exit, text))
}

async fn check(
    app: &App,
    connector: &dyn Connector,
    target: Option<&str>,
    means: &Means,
) -> Checked {
    let mut checked = Checked::default();
    let Some(target) = target else {
        let now = app.now();
        let context = PollContext {
            now,
            budget: means.budget,
            http: &means.http.at(now),
            secrets: means.secrets.as_ref(),
            memo: None,
            fresh: true,
        };
        let probed = tokio::time::timeout(means.budget, connector.probe(&context)).await;
        checked.probe = probed.ok().and_then(Result::err);
        return checked;
    };
    if let Err(problem) = connector.admit(&Target::new(target)) {
        checked.refused = Some((problem.what, problem.help));
        return checked;
    }
    let source = Source::new(connector.descriptor().name.clone(), target);
    let poller = Poller::new(app.env.clone(), CancellationToken::new());
    match poller.poll_once(source, means).await {
        Err(until) => checked.waits = Some(until),
        Ok(trial) => {
            if let Ok(seen) = &trial.result {
                checked.broken = promises(connector.descriptor(), seen, trial.at);
            }
            checked.trial = Some(trial);
        }
    }
    checked
}

fn told_json(facts: Value, target: Option<&str>, checked: &Checked) -> Value {
    let refused = checked.refused.as_ref();
    json!({
        "connector": facts,
        "ok": checked.is_fine(),
        "target": target,
        "probe": checked.probe,
        "refused": refused.map(|(what, help)| json!({"what": what, "help": help})),
        "not_asked_until": checked.waits.map(rfc3339),
        "trial": checked.trial.as_ref().map(|trial| source_json(trial, true)),
        "broken_promises": checked.broken,
        "stored": false,
    })
}

fn told_text(text: &mut String, target: Option<&str>, checked: &Checked) {
    let mut line = |told: String| {
        let _ = writeln!(text, "{told}");
    };
    match (target, &checked.probe) {
        (None, None) => line("就绪;写上目标可以试采一次:connector check 名称 目标".to_owned()),
        (_, Some(fault)) => {
            line(format!("不能采集,故障:{}", fault_text(fault)));
        }
        _ => {}
    }
    if let Some((what, help)) = &checked.refused {
        line(format!("目标不能采集:{what};{help}"));
    }
    if let Some(until) = checked.waits {
        line(format!("对方要求{}之后再访问,这次没有访问", minute_text(until)));
    }
    for broken in &checked.broken {
        line(format!("违反采集器约定:{broken}"));
    }
    let Some(trial) = &checked.trial else { return };
    let _ = writeln!(text, "试采一次(什么都没有保存):");
    source_text(text, trial, true);
    if trial.trace.is_empty() {
        let _ = writeln!(text, "    没有经本程序发出请求(进程采集器自己访问网络)");
    }
}
