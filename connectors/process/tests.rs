//! Does a child that misbehaves bring a fault of its connector, and never harm? Small shell scripts as children.

use std::path::Path;

use freshd_core::observation::Published;
use futures::future::join_all;

use super::*;
use crate::connector::{NoSecrets, SecretProblem, SecretSource, SecretTable};
use crate::http::{HttpClient, NetSettings};

const HELLO: &str = r#"read hello; echo '{"v":1,"hello":{"name":"x","platform":"board","channels":["posts"],"courtesy":{"at_once":3,"per_minute":7}}}'"#;
/// The number of the question in `$line`.
const ID: &str = "id=${line#*:}; id=${id%%,*}";

fn now() -> Timestamp {
    chrono::DateTime::parse_from_rfc3339("2026-11-22T10:30:00+08:00").unwrap().to_utc()
}

/// A child that says hello, then runs this for every question.
fn answering(body: &str) -> String {
    format!("{HELLO}\nwhile read -r line; do {ID}\n{body}\ndone")
}

const GOOD: &str = r#"echo "{\"id\":$id,\"observation\":{\"sightings\":[{\"key\":\"a\",\"published\":\"2026-11-20T09:00:00+08:00\"}],\"coverage\":[{\"channel\":\"posts\",\"since\":\"2026-11-01T00:00:00+08:00\",\"until\":\"2027-01-01T00:00:00+08:00\"}]}}""#;

fn settings(script: &str) -> ProcessSettings {
    ProcessSettings {
        name: "x".to_owned(),
        command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        directory: PathBuf::new(),
        at_once: None,
        per_minute: None,
        daemon: "freshd/test".to_owned(),
    }
}

fn connector(script: &str) -> ProcessConnector {
    ProcessConnector::new(settings(script))
}

struct Bench {
    http: HttpClient,
    secrets: SecretTable,
}

impl Bench {
    fn new() -> Self {
        Self {
            http: HttpClient::new(NetSettings::default()).unwrap(),
            secrets: SecretTable::default(),
        }
    }

    fn context(&self, seconds: u64, at: Timestamp) -> PollContext<'_> {
        PollContext {
            now: at,
            budget: Duration::from_secs(seconds),
            http: &self.http,
            secrets: &self.secrets,
            memo: Some("{\"seen\":1}"),
            fresh: false,
        }
    }

    async fn poll(&self, connector: &ProcessConnector) -> Result<Observation, Fault> {
        self.poll_at(connector, now()).await
    }

    async fn poll_at(
        &self,
        connector: &ProcessConnector,
        at: Timestamp,
    ) -> Result<Observation, Fault> {
        connector.poll(&Target::new("t"), &self.context(30, at)).await
    }
}

#[track_caller]
fn broke(result: Result<Observation, Fault>, kind: FaultKind, says: &str) -> Fault {
    let fault = result.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Connector, kind), "{}", fault.detail);
    assert!(fault.detail.contains(says), "no “{says}” in {}", fault.detail);
    fault
}

#[tokio::test]
async fn a_good_answer_counts_up_to_the_look_and_no_further() {
    let connector = connector(&answering(GOOD));
    assert_eq!(connector.descriptor().platform, "*", "nothing is known before its hello");
    let seen = Bench::new().poll(&connector).await.unwrap();
    let since = Published::at(now() - TimeDelta::days(2) - TimeDelta::minutes(90)).latest;
    assert_eq!(seen.sightings[0].published, Published::at(since));
    let spans = seen.coverage.on(&Channel::posts());
    assert_eq!(spans.until(), Some(now()), "coverage of the future is cut");
    let facts = connector.descriptor();
    assert_eq!((&*facts.name, &*facts.platform), ("x", "board"));
    assert_eq!(facts.courtesy, Courtesy { at_once: 3, per_minute: 7 });
    let late = connector.late_courtesy().unwrap();
    assert_eq!((late.courtesy, late.turns.available_permits()), (Some(facts.courtesy), 3));
}

#[tokio::test]
async fn the_operators_limit_holds_where_it_is_stricter() {
    for (limits, expected) in
        [((Some(1), Some(100)), (1, 7)), ((Some(0), None), (3, 7)), ((Some(9), Some(2)), (3, 2))]
    {
        let (at_once, per_minute) = limits;
        let connector = ProcessConnector::new(ProcessSettings {
            at_once,
            per_minute,
            ..settings(&answering(GOOD))
        });
        connector.probe(&Bench::new().context(30, now())).await.unwrap();
        let (at_once, per_minute) = expected;
        assert_eq!(connector.descriptor().courtesy, Courtesy { at_once, per_minute });
    }
}

#[tokio::test]
async fn one_child_answers_many_and_in_any_order() {
    // Answers two questions at a time, the second one first.
    let script = format!(
        "{HELLO}\nwhile read -r line; do {ID}; a=$id; read -r line; {ID}\n{GOOD}; id=$a; {GOOD}\ndone"
    );
    let (connector, bench) = (connector(&script), Bench::new());
    let polls = (0..8).map(|_| bench.poll(&connector));
    assert!(join_all(polls).await.iter().all(Result::is_ok));
    assert_eq!(connector.state.lock().await.failures, 0);
}

#[tokio::test]
async fn whatever_it_says_wrong_is_a_fault_of_the_connector() {
    let bench = Bench::new();
    let huge = "head -c 1100000 /dev/zero | tr '\\0' x; echo";
    for (body, kind, says) in [
        ("echo hello", FaultKind::Malformed, "不合 observation/1"),
        ("echo '[]'", FaultKind::Malformed, "one JSON object"),
        ("printf '\\377\\n'", FaultKind::Malformed, "UTF-8"),
        ("echo '{\"id\":99,\"observation\":{}}'", FaultKind::Malformed, "nobody asked"),
        ("echo \"{\\\"id\\\":$id}\"", FaultKind::Malformed, "without"),
        (huge, FaultKind::Malformed, "超过 1 MiB"),
        ("echo oops >&2; exit 3", FaultKind::Unavailable, "oops"),
        ("exit 3", FaultKind::Unavailable, "exit status: 3"),
        ("kill -9 $$", FaultKind::Unavailable, "signal: 9"),
    ] {
        let connector = connector(&answering(body));
        broke(bench.poll(&connector).await, kind, says);
        assert!(connector.state.lock().await.talk.is_none(), "{body}: it is ended");
    }
}

#[tokio::test]
async fn an_answer_that_claims_too_much_is_refused_and_the_child_lives() {
    let bench = Bench::new();
    let answer = |observation: &str| {
        let told = observation.replace('"', "\\\"");
        connector(&answering(&format!("echo \"{{\\\"id\\\":$id,\\\"observation\\\":{told}}}\"")))
    };
    let many = format!(
        "{{\"sightings\":[{}]}}",
        vec!["{\"key\":\"a\",\"published\":\"2026-11-20T09:00:00+08:00\"}"; 1001].join(",")
    );
    let memo = format!("{{\"hint\":{{\"memo\":\"{}\"}}}}", "x".repeat(5000));
    for (observation, says) in [
        (
            "{\"coverage\":[{\"channel\":\"videos\",\"since\":\"2026-11-01T00:00:00Z\",\"until\":\"2026-11-02T00:00:00Z\"}]}",
            "videos",
        ),
        ("{\"sightings\":[{\"key\":\"\",\"published\":\"2026-11-20T09:00:00+08:00\"}]}", "key"),
        ("{\"sightings\":[{\"key\":\"a\",\"published\":\"2026-11-20 09:00\"}]}", "RFC 3339"),
        (
            "{\"coverage\":[{\"since\":\"2026-11-03T00:00:00Z\",\"until\":\"2026-11-02T00:00:00Z\"}]}",
            "wrong way round",
        ),
        (many.as_str(), "1001 项"),
        (memo.as_str(), "5000 字节"),
    ] {
        let connector = answer(observation);
        broke(bench.poll(&connector).await, FaultKind::Malformed, says);
        assert!(connector.state.lock().await.talk.is_some(), "{says}: it goes on");
    }
}

#[tokio::test]
async fn faults_alone_are_no_answer_and_its_own_trouble_is_not_ours() {
    let told = |scope: &str| {
        format!(
            "echo \"{{\\\"id\\\":$id,\\\"observation\\\":{{\\\"faults\\\":[{{\\\"scope\\\":\\\"{scope}\\\",\\\"kind\\\":\\\"rate_limited\\\",\\\"retry\\\":900}}]}}}}\""
        )
    };
    let bench = Bench::new();
    for (scope, expected) in [
        ("platform", FaultScope::Platform),
        ("local", FaultScope::Connector),
        ("account", FaultScope::Account),
    ] {
        let fault = bench.poll(&connector(&answering(&told(scope)))).await.unwrap_err();
        assert_eq!((fault.scope, fault.retry), (expected, Retry::After(900)));
    }
}

#[tokio::test]
async fn a_hello_that_does_not_fit_is_refused() {
    let bench = Bench::new();
    for (hello, says) in [
        (r#"{"v":2,"hello":{"name":"x"}}"#, "第 2 版"),
        (r#"{"hello":{"name":"x"}}"#, "没有版本"),
        (r#"{"v":1}"#, "不是 hello"),
        (r#"{"v":1,"hello":{"channels":["*"]}}"#, "channels"),
        (r#"{"v":1,"hello":{"channels":["a","a"]}}"#, "channels"),
        ("usage: x [options]", "不合 observation/1"),
    ] {
        let connector = connector(&format!("read hello; echo '{hello}'; read line"));
        broke(bench.poll(&connector).await, FaultKind::Malformed, says);
    }
    let gone = ProcessSettings { command: vec!["/nowhere/program".to_owned()], ..settings("") };
    let fault = bench.poll(&ProcessConnector::new(gone)).await;
    broke(fault, FaultKind::Unavailable, "无法启动");
}

#[tokio::test]
async fn silence_is_a_fault_and_the_child_is_ended() {
    for script in ["read hello; read line", &answering(":")] {
        let (connector, bench) = (connector(script), Bench::new());
        let looked = connector.poll(&Target::new("t"), &bench.context(1, now())).await;
        broke(looked, FaultKind::TimedOut, "1 秒内没有回答");
        assert!(connector.state.lock().await.talk.is_none());
    }
}

#[tokio::test]
async fn it_is_started_anew_at_once_and_then_with_growing_pauses() {
    let (connector, bench) = (connector(&answering("exit 1")), Bench::new());
    for _ in 0..2 {
        broke(bench.poll(&connector).await, FaultKind::Unavailable, "自己结束");
    }
    let mut at = now();
    for (failures, pause) in [(2, 5), (3, 10), (4, 20), (5, 40)] {
        let resting = format!("连续 {failures} 次异常结束,{pause} 秒后再启动");
        broke(bench.poll_at(&connector, at).await, FaultKind::Unavailable, &resting);
        let early = at + TimeDelta::seconds(pause - 1);
        broke(bench.poll_at(&connector, early).await, FaultKind::Unavailable, "1 秒后再启动");
        at += TimeDelta::seconds(pause);
        broke(bench.poll_at(&connector, at).await, FaultKind::Unavailable, "自己结束");
    }
    // A clock that was set back does not silence it for a year.
    let back = at - TimeDelta::days(365);
    broke(bench.poll_at(&connector, back).await, FaultKind::Unavailable, "自己结束");
}

#[tokio::test]
async fn one_that_ends_after_each_answer_is_started_for_each_question() {
    let (connector, bench) = (connector(&answering(&format!("{GOOD}; exit 0"))), Bench::new());
    for _ in 0..4 {
        assert!(bench.poll(&connector).await.is_ok());
        let talk = connector.state.lock().await.talk.clone().unwrap();
        // The next question finds it gone, or in the act of going.
        while talk.is_over().is_none() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_poll_that_is_dropped_half_way_does_no_harm() {
    // The first question is answered only when the second one has come.
    let script = format!(
        "{HELLO}\nread -r line; {ID}; a=$id; read -r line; {ID}; b=$id; id=$a; {GOOD}; id=$b; {GOOD}; read -r line"
    );
    let (connector, bench) = (connector(&script), Bench::new());
    let context = bench.context(30, now());
    connector.probe(&context).await.unwrap();
    {
        let target = Target::new("t");
        let mut first = Box::pin(connector.poll(&target, &context));
        let talk = connector.state.lock().await.talk.clone().unwrap();
        while !talk.has_sent() {
            assert!(futures::poll!(&mut first).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert!(bench.poll(&connector).await.is_ok(), "the late answer surprises nobody");
    assert_eq!(connector.state.lock().await.failures, 0);
}

#[tokio::test]
async fn secrets_come_on_standard_input_alone_and_are_seen_nowhere() {
    const SECRET: &str = "CANARY 5d41/402a";
    let echo = "echo \"$line\" >&2; echo \"{\\\"id\\\":$id,\\\"observation\\\":{\\\"hint\\\":{\\\"memo\\\":\\\"CANARY 5d41/402a\\\"},\\\"evidence\\\":[{\\\"url\\\":\\\"http://x/?k=CANARY+5d41%2F402a\\\",\\\"at\\\":\\\"2026-11-22T00:00:00Z\\\",\\\"body\\\":\\\"$(env | tr '\\n' ' ') CANARY 5d41/402a\\\"}]}}\"";
    let mut bench = Bench::new();
    bench.secrets.0.insert(("x".to_owned(), "t".to_owned()), SECRET.to_owned());
    let seen = bench.poll(&connector(&answering(echo))).await.unwrap();
    let said = format!("{seen:?}");
    assert!(!said.contains("CANARY") && said.contains("***"), "{said}");
    let variables = seen.evidence[0].body.split_whitespace();
    let names: BTreeSet<&str> = variables.filter_map(|v| Some(v.split_once('=')?.0)).collect();
    let may = ["PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| may.contains(name)), "{names:?}");
    // A line that cannot be read is told without the secret in it, too; and so are its last words.
    for body in ["echo '{\"id\":\"CANARY 5d41/402a\"}'", "echo 'CANARY 5d41/402a' >&2; exit 1"] {
        let fault = bench.poll(&connector(&answering(body))).await.unwrap_err();
        assert!(!fault.detail.contains("CANARY"), "{}", fault.detail);
    }
}

#[tokio::test]
async fn secrets_that_cannot_be_read_are_the_credentials_fault() {
    struct Broken;
    impl SecretSource for Broken {
        fn secret(&self, _: &str, _: &str) -> Result<crate::Secret, SecretProblem> {
            Err(SecretProblem("读不到".to_owned()))
        }
        fn all(
            &self,
            _: &str,
        ) -> Result<std::collections::BTreeMap<String, crate::Secret>, SecretProblem> {
            Err(SecretProblem("读不到".to_owned()))
        }
    }
    let bench = Bench::new();
    let context = PollContext { secrets: &Broken, ..bench.context(30, now()) };
    let fault = connector(&answering(GOOD)).poll(&Target::new("t"), &context).await.unwrap_err();
    assert_eq!((fault.scope, fault.retry), (FaultScope::Credential, Retry::Operator));
    let context = PollContext { secrets: &NoSecrets, ..bench.context(30, now()) };
    assert!(connector(&answering(GOOD)).poll(&Target::new("t"), &context).await.is_ok());
}

/// Is there such a process (and not only its remains)?
fn lives(process: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim().starts_with('Z'))
}

#[tokio::test]
async fn what_it_started_ends_with_it() {
    let memo = "sleep 600 & echo \"{\\\"id\\\":$id,\\\"observation\\\":{\\\"hint\\\":{\\\"memo\\\":\\\"$! $$\\\"}}}\"";
    let (connector, bench) = (connector(&answering(memo)), Bench::new());
    let seen = bench.poll(&connector).await.unwrap();
    let memo = seen.hint.memo.unwrap();
    let pids: Vec<&str> = memo.split(' ').collect();
    assert!(pids.len() == 2 && pids.iter().all(|process| lives(process)));
    drop(connector);
    // SIGKILL was sent; the kernel needs a moment.
    let gone = async {
        while pids.iter().any(|process| lives(process)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("both are gone");
}

#[tokio::test]
async fn a_child_that_floods_its_standard_error_is_not_stopped_by_it() {
    let flood = format!(
        "head -c 3000000 /dev/zero | tr '\\0' 'e' >&2; yes oops | head -n 2000 >&2; {GOOD}"
    );
    let (connector, bench) = (connector(&answering(&flood)), Bench::new());
    assert!(bench.poll(&connector).await.is_ok());
    assert!(bench.poll(&connector).await.is_ok());
}

#[tokio::test]
async fn nonsense_is_refused_without_a_child() {
    let (connector, bench) = (connector("echo never"), Bench::new());
    for target in ["", "  ", "a\nb", &"x".repeat(3000)] {
        let target = Target::new(target);
        let problem = connector.admit(&target).unwrap_err();
        assert!(problem.help.contains("x:目标"));
        let fault = connector.poll(&target, &bench.context(30, now())).await.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (FaultScope::Account, FaultKind::Refused));
    }
    assert!(connector.state.lock().await.talk.is_none());
}
