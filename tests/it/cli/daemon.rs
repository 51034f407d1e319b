//! Does the daemon start, answer, reload, stop and come back after a kill?

use std::time::Duration;

use freshd_core::civil;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr};

use super::stage::{Province, Stage, account_of, days_ago, ledger};

/// Longest wait for anything that the daemon does by itself.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A running daemon; killed when dropped.
pub(super) struct Daemon {
    child: Child,
    lines: tokio::io::Lines<BufReader<ChildStderr>>,
    address: String,
}

impl Daemon {
    /// Starts it and waits until it says that it is ready.
    pub(super) async fn start(stage: &Stage) -> Self {
        let mut child = stage.command(&["run"]).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut daemon = Self { child, lines, address: String::new() };
        let ready = daemon.log("ready").await;
        let web = ready["web"].as_str().unwrap();
        daemon.address = web.trim_start_matches("Some(").trim_end_matches(')').to_owned();
        daemon
    }

    /// The next log line with this message.
    pub(super) async fn log(&mut self, message: &str) -> Value {
        let wanted = async {
            let mut seen = Vec::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Ok(value) = serde_json::from_str::<Value>(&line)
                    && value["message"] == message
                {
                    return value;
                }
                seen.push(line);
            }
            panic!("ended without “{message}”: {seen:#?}");
        };
        let found = tokio::time::timeout(WAIT_MAX, wanted).await;
        found.unwrap_or_else(|_| panic!("no log line “{message}”"))
    }

    fn signal(&self, name: &str) -> std::process::Command {
        let mut kill = std::process::Command::new("kill");
        kill.args([format!("-{name}"), self.child.id().unwrap().to_string()]);
        kill
    }

    /// SIGTERM; it must end by itself with 0.
    pub(super) async fn stop(mut self) {
        assert!(self.signal("TERM").status().unwrap().success());
        self.log("stopped").await;
        let ended = tokio::time::timeout(WAIT_MAX, self.child.wait()).await;
        assert_eq!(ended.expect("it ends").unwrap().code(), Some(0));
    }

    /// Status and body of a page.
    async fn get(&self, path: &str) -> (u16, String) {
        self.say("GET", path, "", "").await
    }

    /// Status and body of what a request is answered by; `headers` end in a line end each.
    pub(super) async fn say(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let (address, length) = (&self.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\
             connection: close\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(WAIT_MAX, stream.read_to_string(&mut answer)).await;
        read.expect("a page comes").unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }
}

#[tokio::test]
async fn it_serves_pages_and_commands_and_ends_cleanly() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let daemon = Daemon::start(&stage).await;
    assert_eq!(daemon.get("/healthz").await.0, 200);
    assert_eq!(daemon.get("/readyz").await.0, 200);
    let (status, metrics) = daemon.get("/metrics").await;
    assert_eq!(status, 200);
    let named = metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    assert!(named.clone().count() > 5 && named.clone().all(|line| line.starts_with("freshd_")));
    let (status, page) = daemon.get("/").await;
    assert!(status == 200 && page.contains("甲"), "{page}");
    assert!(!page.contains("example.gov.test"), "no contacts on the page");
    assert_eq!(daemon.get("/nothing").await.0, 404);

    let posted = days_ago(2);
    stage.run(&["confirm", "甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
    let shown = stage.json(&["status", "--json"]).await;
    assert_eq!(account_of(&shown, "甲")["verdict"], "pass");
    let (_, api) = daemon.get("/api/v1/accounts").await;
    let api: Value = serde_json::from_str(&api).unwrap();
    let strip = |mut account: Value| {
        // The only value that moves from one second to the next.
        account.as_object_mut().unwrap().retain(|key, _| key != "days_left" && key != "rulings");
        account
    };
    assert_eq!(strip(api["accounts"][0].clone()), strip(shown["accounts"][0].clone()));
    stage.write("more.csv", ledger(&[("乙", "教育局")]));
    stage.run(&["import", "more.csv"]).await.exits(0).says(&["新增 1"]);
    stage.run(&["import", "nowhere.csv"]).await.exits(2);
    stage.run(&["explain", "nobody"]).await.exits(2);
    stage.run(&["precheck", "--format", "json"]).await.exits(3).json();
    let (status, body) = daemon.get("/api/v1/precheck?quarter=2030q1").await;
    let made: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &made["quarter"]), (200, &"2030Q1".into()));
    assert!(made["at"].as_str().unwrap().starts_with("2030-03-29T09:00:00"), "{body}");
    let (_, body) = daemon.get("/api/v1/precheck?at=2030-01-05T10:00").await;
    assert!(body.contains("2030-01-05T10:00:00"), "{body}");
    for wrong in ["quarter=bad", "at=bad", "quarter=2030Q1&at=2030-01-05"] {
        let (status, body) = daemon.get(&format!("/api/v1/precheck?{wrong}")).await;
        assert_eq!(status, 400, "{wrong}: {body}");
    }
    assert_eq!(daemon.get("/api/v1/accounts?cursor=garbage").await.0, 400);
    stage.run(&["export", "accounts", "--format", "xlsx", "-o", "all.xlsx"]).await.exits(0);
    assert_eq!(super::stage::workbook(&stage.path("all.xlsx"))[0].1.len(), 3);
    daemon.stop().await;
    assert!(!stage.path("store/freshd.sock").exists());
    let after = stage.json(&["status", "--json"]).await;
    assert_eq!(after["accounts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_daemon_is_told_who_holds_the_store() {
    let stage = Stage::new("");
    let daemon = Daemon::start(&stage).await;
    let second = stage.run(&["run"]);
    let second = tokio::time::timeout(Duration::from_secs(20), second).await.unwrap();
    assert_eq!(second.exit, 1, "{}", second.stderr);
    let holder = daemon.child.id().unwrap().to_string();
    let second = second.says(&["store", &holder]);
    assert!(!second.stderr.contains("panicked"), "{}", second.stderr);
    stage.run(&["status", "--json"]).await.exits(0).json();
    daemon.stop().await;
}

#[tokio::test]
async fn a_hangup_reloads_and_a_broken_file_changes_nothing() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    let posted = days_ago(8);
    stage.run(&["confirm", "甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
    let mut daemon = Daemon::start(&stage).await;
    assert_eq!(stage.verdict("甲").await, "pass");
    stage.configure("[policy]\nprofile = \"nationnal\"\n");
    assert!(daemon.signal("HUP").status().unwrap().success());
    let kept = daemon.log("configuration kept as it was").await;
    assert!(kept["problem"].as_str().unwrap().contains("policy.profile"), "{kept}");
    stage.configure("[policy]\nprofile = \"national\"\n");
    assert_eq!(stage.verdict("甲").await, "pass");
    stage.configure("[policy]\nupdate_window_days = 7\n");
    assert!(daemon.signal("HUP").status().unwrap().success());
    daemon.log("configuration reloaded").await;
    assert_eq!(stage.verdict("甲").await, "undetermined", "eight days are more than seven");
    daemon.stop().await;
}

#[tokio::test]
async fn a_hangup_names_the_keys_that_need_a_restart_and_keeps_the_old() {
    let stage = Stage::new("");
    let mut daemon = Daemon::start(&stage).await;
    let text = std::fs::read_to_string(stage.path("freshd.toml")).unwrap();
    let text = text.replace("\"store\"", "\"elsewhere\"").replace("127.0.0.1:0", "127.0.0.1:9");
    stage.write("freshd.toml", text);
    assert!(daemon.signal("HUP").status().unwrap().success());
    let told = "configuration reloaded, but these keys need a restart and stay as they were";
    assert_eq!(daemon.log(told).await["keys"], "store.path, store.socket, web.listen");
    assert_eq!(daemon.get("/healthz").await.0, 200);
    assert!(!stage.path("elsewhere").exists());
    daemon.stop().await;
}

#[tokio::test]
async fn a_stop_that_comes_while_it_starts_is_a_clean_end() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    for turn in 0..6 {
        let mut child = stage.command(&["run"]).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id().unwrap());
        // From the first moment at which SIGTERM (bit 14) is caught.
        let caught = || {
            let text = std::fs::read_to_string(&status).unwrap();
            let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
            u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << 14) != 0
        };
        while !caught() {
            tokio::task::yield_now().await;
        }
        let opened = stage.path("store/freshd.sock").exists();
        let mut kill = std::process::Command::new("kill");
        kill.args(["-TERM", &child.id().unwrap().to_string()]);
        assert!(kill.status().unwrap().success());
        let ended = tokio::time::timeout(WAIT_MAX, child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(0), "turn {turn}");
        assert!(!opened, "the handler was there before the socket");
    }
}

#[tokio::test]
async fn after_a_kill_it_starts_again_with_everything() {
    let stage = Stage::new("");
    stage.import(&ledger(&[("甲", "教育局")])).await;
    for round in 0..3 {
        let mut daemon = Daemon::start(&stage).await;
        let posted = days_ago(5 - round);
        stage.run(&["confirm", "甲", "--published-at", &posted, "--note", "看到"]).await.exits(0);
        daemon.child.kill().await.unwrap();
        let status = stage.json(&["status", "--json"]).await;
        let last = account_of(&status, "甲")["last_update"]["earliest"].clone();
        assert_eq!(last, posted, "what a command was told to be done is done");
    }
    Daemon::start(&stage).await.stop().await;
}

#[tokio::test]
async fn it_polls_what_is_due_by_itself() {
    let province = Province::start(30).await;
    let stage = &province.stage;
    let mut daemon = Daemon::start(stage).await;
    province.import().await;
    let readable = |account: &&freshd_sim::world::Account| {
        matches!(account.kind, freshd_sim::world::Kind::Weibo { .. }) && account.gone.is_none()
    };
    let account = province.world.accounts.iter().find(readable).unwrap();
    let truth = province.world.truth_of(account, province.now);
    let settled = async {
        loop {
            let status = stage.json(&["status", "--json"]).await;
            let shown = account_of(&status, &account.name).clone();
            if !shown["last_update"].is_null() {
                return shown;
            }
        }
    };
    let shown = tokio::time::timeout(WAIT_MAX, settled).await.expect("polled at once");
    assert_eq!(shown["last_update"]["earliest"], truth.last_post.map(civil::rfc3339).unwrap());
    assert!(shown["next_poll"].as_str().unwrap() > days_ago(0).as_str());
    let (_, metrics) = daemon.get("/metrics").await;
    assert!(metrics.contains("freshd_polls_total"), "{metrics}");
    assert!(province.platforms.log.violations().is_empty());
    assert!(daemon.child.try_wait().unwrap().is_none());
    daemon.stop().await;
}
