//! A directory with a configuration in it, the program, and perhaps a province on loopback.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use freshd_core::{Timestamp, civil};
use freshd_sim::mail::{MailOptions, Security};
use freshd_sim::{MailServer, Platforms, SimClock, Weather, World, WorldSpec};
use serde_json::Value;
use tokio::process::Command;

/// Longest time that one command may take.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// The machine's time, which the program under test reads, too.
#[expect(clippy::disallowed_methods, reason = "the program lives in the present")]
pub(super) fn real_now() -> Timestamp {
    chrono::Utc::now()
}

/// So many days ago, as people write it on a command line.
pub(super) fn days_ago(days: i64) -> String {
    civil::rfc3339(real_now() - TimeDelta::days(days))
}

pub(super) const HEADER: &str =
    "账号名称,平台,账号标识,主办单位,主管单位,电子邮箱,备案状态,采集方式";

/// A ledger of accounts that only persons can speak of; the contact of row 0 is `u0@example.gov.test`.
pub(super) fn ledger(rows: &[(&str, &str)]) -> String {
    let row = |(n, (name, unit)): (usize, &(&str, &str))| {
        format!("{name},抖音,dy{name},{unit},市政府,u{n}@example.gov.test,已备案,\n")
    };
    format!("{HEADER}\n{}", rows.iter().enumerate().map(row).collect::<String>())
}

/// What a command came to.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) bytes: Vec<u8>,
    pub(super) stderr: String,
}

impl Done {
    #[track_caller]
    pub(super) fn exits(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(super) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            let said = self.stdout.contains(part) || self.stderr.contains(part);
            assert!(said, "no “{part}” in:\n{}\n---\n{}", self.stdout, self.stderr);
        }
        self
    }

    /// Standard output, which must be one JSON document and nothing else.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

pub(super) struct Stage {
    dir: tempfile::TempDir,
}

impl Stage {
    /// With these lines in its configuration, after the usual ones.
    pub(super) fn new(more: &str) -> Self {
        let stage = Self { dir: tempfile::tempdir().unwrap() };
        stage.configure(more);
        stage
    }

    /// Writes the configuration anew.
    pub(super) fn configure(&self, more: &str) {
        let usual = "[store]\npath = \"store\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
                     [log]\nformat = \"json\"\nlevel = \"info\"\n\
                     [courtesy]\nhost_at_once = 0\nhost_per_minute = 0\n";
        self.write("freshd.toml", format!("{usual}{more}"));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        use std::io::Write as _;
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
        path
    }

    /// The program with this stage's configuration.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command.env("FRESHD_CONFIG", self.path("freshd.toml"));
        command
    }

    /// The program with no configuration named.
    pub(super) fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_freshd"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(super) async fn run(&self, args: &[&str]) -> Done {
        finished(self.command(args)).await
    }

    pub(super) async fn json(&self, args: &[&str]) -> Value {
        self.run(args).await.exits(0).json()
    }

    /// Imports this ledger, which must be right.
    pub(super) async fn import(&self, csv: &str) {
        self.write("ledger.csv", csv);
        self.run(&["import", "ledger.csv"]).await.exits(0);
    }

    /// The verdict of the account with this name.
    pub(super) async fn verdict(&self, name: &str) -> String {
        let status = self.json(&["status", "--json"]).await;
        let account = account_of(&status, name);
        account["verdict"].as_str().unwrap().to_owned()
    }
}

pub(super) async fn finished(mut command: Command) -> Done {
    let output = tokio::time::timeout(COMMAND_MAX, command.output()).await;
    let output = output.expect("a command ends in a minute").unwrap();
    Done {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        bytes: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The account with this name in `status --json`.
#[track_caller]
pub(super) fn account_of<'a>(status: &'a Value, name: &str) -> &'a Value {
    let accounts = status["accounts"].as_array().unwrap();
    accounts.iter().find(|account| account["name"] == name).unwrap()
}

/// A province as it is now, on loopback.
pub(super) struct Province {
    pub(super) stage: Stage,
    pub(super) world: Arc<World>,
    pub(super) weather: Arc<Weather>,
    pub(super) platforms: Platforms,
    pub(super) now: Timestamp,
}

impl Province {
    pub(super) async fn start(accounts: usize) -> Self {
        let now = real_now();
        let spec = WorldSpec::new(accounts, now - TimeDelta::days(40), 45);
        let world = Arc::new(World::generate(20_261_122, spec));
        let weather = Arc::new(Weather::fair());
        let clock = SimClock::new(now);
        let platforms = Platforms::start(Arc::clone(&world), clock, Arc::clone(&weather)).await;
        let platforms = platforms.unwrap();
        let stage = Stage::new(&config(&platforms));
        stage.write("weibo-token", &world.weibo_token);
        let secrets = world.secrets().into_iter().filter(|(connector, ..)| *connector == "wechat");
        let lines: Vec<String> =
            secrets.map(|(_, id, key)| format!("{id} = \"{key}\"\n")).collect();
        stage.write("wechat.toml", lines.concat());
        Self { stage, world, weather, platforms, now }
    }

    pub(super) async fn import(&self) {
        self.stage.import(&self.world.ledger_csv(self.platforms.bases())).await;
    }
}

fn config(platforms: &Platforms) -> String {
    let bases = platforms.bases();
    let free = "per_minute = 0\n";
    format!(
        "[net]\nallow_private = [\"127.0.0.0/8\"]\n\
         [connectors.wechat]\nbase_url = \"{}\"\narticle_base_url = \"{}\"\n\
         secrets_file = \"wechat.toml\"\n{free}\
         [connectors.weibo]\nmode = \"api\"\nbase_url = \"{}\"\ntoken_file = \"weibo-token\"\n{free}\
         [connectors.nanfang]\nbase_urls = [\"{}\"]\n{free}\
         [connectors.appstore]\nbase_url = \"{}\"\n{free}\
         [connectors.apk]\n{free}[connectors.probe]\n{free}[connectors.article]\n{free}\
         [connectors.feed]\n{free}[connectors.feed-complete]\n{free}",
        bases.wechat, bases.article, bases.weibo, bases.nanfang, bases.itunes,
    )
}

/// A mail server that takes everything, and the configuration that sends there at any hour.
pub(super) async fn mail_server() -> (MailServer, String) {
    let options = MailOptions { security: Security::Plain, ..MailOptions::default() };
    let server = MailServer::start_with(SimClock::new(real_now()), options).await.unwrap();
    let config = format!(
        "[mail]\nserver = \"smtp+insecure://{}\"\nfrom = \"监测 <freshd@example.gov.test>\"\n\
         operators = [\"ops@example.gov.test\"]\noffice = \"市政务公开办 0668-1\"\n\
         send_between = \"00:00-23:59\"\nworking_days_only = false\n",
        server.addr
    );
    (server, config)
}

/// Reads a whole workbook: sheet names, and the cells of each as text.
pub(super) fn workbook(path: &Path) -> Vec<(String, Vec<Vec<String>>)> {
    use calamine::Reader as _;
    let mut book = calamine::open_workbook_auto(path).unwrap();
    let names = book.sheet_names();
    let mut sheets = Vec::new();
    for name in names {
        let range = book.worksheet_range(&name).unwrap();
        let rows = range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        sheets.push((name, rows));
    }
    sheets
}
