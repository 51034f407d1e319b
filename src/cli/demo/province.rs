//! What stands around the daemon in a demonstration? Simulated platforms and mail, and files as a user would write them.
//!
//! **Invariant:** the daemon gets nothing but a configuration file, secrets files and a ledger; it reads them as ever.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_sim::mail::{MailOptions, Security};
use freshd_sim::world::Mix;
use freshd_sim::{
    Bases, MailServer, Platforms, SimClock, Site, Weather, WeatherKind, World, WorldSpec,
};
use tempfile::TempDir;

use super::people::PEOPLE;
use crate::app::App;
use crate::cli::exec::{self, execute};
use crate::cli::request::{Request, SentFile};
use crate::clock::{Clock, ManualClock};
use crate::config::{Args, Config, Surroundings};

/// The scenario leads up to the inspection instant 监测时间点 of this quarter; the National Day break comes after it.
const QUARTER: (i32, u32) = (2026, 3);
/// Share of a usual bad year's weather.
const SEVERITY: f64 = 0.5;
/// Looks of one person a day where there are 3,000 accounts, and at least.
const LOOKS_AT_3000: usize = 55;
const LOOKS_MIN: usize = 4;
/// Posts and troubles of the world reach this much further than the clock may go, days.
const BEYOND_DAYS: u32 = 2;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many accounts.
    pub accounts: usize,
    /// How many days pass until the inspection instant.
    pub days: u32,
    /// How many days may pass after it.
    pub days_after: u32,
    /// The same seed gives the same province and weather.
    pub seed: u64,
    /// Most accounts are authorised from the beginning, as no real province is: a hard test of what machines decide.
    /// Else 20 % can be judged automatically at first, of 40 % there are hits only, of 40 % nothing, and some authorise later.
    pub authorised: bool,
    /// Of a hundred letters about an account, so many are acted upon by its owner.
    pub reacts_percent: u64,
    /// Where the pages are served; `None` = nowhere.
    pub listen: Option<SocketAddr>,
}

/// The running surroundings. Everything is gone when this is dropped.
pub struct Province {
    /// What is true.
    pub world: Arc<World>,
    /// What went wrong with the platforms.
    pub weather: Arc<Weather>,
    /// The platforms, with their log.
    pub platforms: Platforms,
    /// The mail server.
    pub mail: MailServer,
    /// The hand that moves the platforms' time and the daemon's.
    pub clock: ManualClock,
    /// Where the scenario begins.
    pub start: Timestamp,
    /// The inspection instant.
    pub inspection: Timestamp,
    /// The configuration file.
    pub file: PathBuf,
    _dir: TempDir,
}

impl Province {
    /// Makes the world, starts the platforms and the mail server, writes the files.
    pub async fn start(scenario: &Scenario) -> anyhow::Result<Self> {
        let usual = Config::built_in();
        let inspection = usual
            .policy
            .inspection
            .of_quarter(QUARTER.0, QUARTER.1, &usual.calendar, usual.timezone)
            .context("这个季度没有监测时间点")?;
        let start = inspection - TimeDelta::days(i64::from(scenario.days));
        let span = scenario.days + scenario.days_after + BEYOND_DAYS;
        let mut spec = WorldSpec::new(scenario.accounts, start, span);
        if !scenario.authorised {
            spec.mix = Mix::unauthorised();
        }
        let world = Arc::new(World::generate(scenario.seed, spec));
        let weather = Arc::new(weather(scenario, start, span));
        let clock = ManualClock::new(start);
        let hand = SimClock::from_shared(clock.shared());
        let platforms =
            Platforms::start(Arc::clone(&world), hand.clone(), Arc::clone(&weather)).await?;
        let options = MailOptions { security: Security::Plain, ..MailOptions::default() };
        let mail = MailServer::start_with(hand, options).await?;
        let dir = tempfile::Builder::new().prefix("freshd-demo-").tempdir()?;
        let file = dir.path().join("freshd.toml");
        secrets(&world, dir.path())?;
        std::fs::write(&file, config_text(scenario, platforms.bases(), mail.addr))?;
        std::fs::write(dir.path().join("ledger.csv"), world.ledger_csv(platforms.bases()))?;
        Ok(Self { world, weather, platforms, mail, clock, start, inspection, file, _dir: dir })
    }

    /// Reads the configuration file as `freshd run` would; the environment of this process has no say.
    pub fn config(&self) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(&self.file)?;
        Config::parse(&text, &self.file, &Args::default(), &Surroundings::default()).map_err(
            |problems| {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                anyhow::anyhow!("演示的配置有问题:\n{}", lines.join("\n"))
            },
        )
    }

    /// Enters the accounts that authorised the operator after `from` and by `to` into the ledger; says how many.
    pub async fn join(&self, app: &App, from: Timestamp, to: Timestamp) -> anyhow::Result<usize> {
        let rows = self.world.joined_rows(self.platforms.bases(), from, to);
        if !rows.is_empty() {
            import(app, "joined.csv", freshd_sim::world::csv(&rows).as_bytes()).await?;
        }
        Ok(rows.len())
    }

    /// Opens the store and imports the ledger, as `freshd import ledger.csv` would.
    pub async fn daemon(&self) -> anyhow::Result<App> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let app = App::open(self.config()?, clock)?;
        let name = self.file.with_file_name("ledger.csv");
        import(&app, &name.display().to_string(), &std::fs::read(&name)?).await?;
        Ok(app)
    }
}

/// `freshd import NAME`.
async fn import(app: &App, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let base64 = STANDARD.encode(bytes);
    let file = SentFile { name: name.to_owned(), base64, unread: None, modified: None };
    let request = Request::Import {
        files: vec![file],
        dry_run: false,
        good_rows: false,
        want_return: false,
        replace: false,
        yes: false,
        json: false,
    };
    let response = execute(app, request, "演示").await;
    if response.exit != exec::DONE {
        bail!("演示的台账没有导入:\n{}{}", response.stdout, response.stderr);
    }
    Ok(())
}

/// Mild weather, and one outage of Weibo that everybody meets.
fn weather(scenario: &Scenario, start: Timestamp, span: u32) -> Weather {
    let weather = Weather::generate(scenario.seed, start, span, SEVERITY);
    let from = start + TimeDelta::days(i64::from(scenario.days) / 3);
    weather.force(Site::Weibo, WeatherKind::Outage, from, from + TimeDelta::hours(26));
    weather
}

fn secrets(world: &World, dir: &Path) -> anyhow::Result<()> {
    let mut wechat = String::new();
    for (connector, key, value) in world.secrets() {
        match connector {
            "wechat" => writeln!(wechat, "{key} = {}", quoted(&value))?,
            _ => private(&dir.join(format!("{connector}-{key}")), &value)?,
        }
    }
    private(&dir.join("wechat-secrets.toml"), &wechat)
}

/// Writes a file that only its owner reads.
fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Looks of one person a day: of three people together less than two hours for 3,000 accounts.
fn daily(accounts: usize) -> usize {
    (accounts * LOOKS_AT_3000).div_ceil(3_000).max(LOOKS_MIN)
}

fn config_text(scenario: &Scenario, bases: &Bases, mail: SocketAddr) -> String {
    let listen = scenario.listen.map_or_else(String::new, |address| address.to_string());
    format!(
        r#"# 演示用的配置:平台和邮件服务器都在本机,时间是模拟的。除标明之处,与正式使用的写法相同。
timezone = "Asia/Shanghai"

[store]
path = "store"
socket = "freshd.sock"

[web]
listen = {listen}

[mail]
server = "smtp+insecure://{mail}"
from = "政务新媒体监测(演示) <freshd@example.gov.test>"
operators = ["operator@example.gov.test"]
office = "演示省政务公开办公室 0700-5550000"
mode = "send"
# 这个省比真实的差得多,一开始就有许多账号超期;演示不必等人放行。
hold_share = 1.0

[net]
# 模拟的平台在本机。
allow_private = ["127.0.0.0/8"]

[courtesy]
# 模拟的一天只有片刻,按真实时间限制访问频率没有意义;各采集器自己的每分钟次数照旧,按模拟的时间计。
host_at_once = 0
host_per_minute = 0

[connectors.wechat]
base_url = "{wechat}"
article_base_url = "{article}"
secrets_file = "wechat-secrets.toml"

[connectors.weibo]
mode = "api"
base_url = "{weibo}"
token_file = "weibo-token"
cookie_file = "weibo-cookie"

[connectors.nanfang]
base_urls = ["{nanfang}"]

[connectors.appstore]
base_url = "{itunes}"

[patrol]
# 机器看不到的账号,值班员每天早上照核查单看一遍。
people = {people}
daily = {daily}

[log]
level = "error"
"#,
        listen = quoted(&listen),
        people = toml::Value::from(PEOPLE.to_vec()),
        daily = daily(scenario.accounts),
        wechat = bases.wechat,
        article = bases.article,
        weibo = bases.weibo,
        nanfang = bases.nanfang,
        itunes = bases.itunes,
    )
}
