//! How is the daemon set up? Configuration files and variables become one [`Config`], or every problem at once.
//!
//! **Invariant:** a value that is in a [`Config`] is valid, and no default is decided anywhere else. A broken file
//! changes nothing: [`Config::load`] gives either a whole configuration or all of its problems.

pub mod calendar;
mod cron;
mod exchange;
pub mod hints;
mod inbox;
mod locate;
mod mail;
mod manifests;
mod patrol;
mod policy;
pub mod problem;
mod reader;
pub mod rules;
mod secrets;
mod service;
mod sources;
pub mod suggest;
pub mod tokens;
mod tree;
mod values;
mod webhooks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use freshd_connectors::http::NetSettings;
use freshd_core::calendar::Calendar;
use freshd_core::rulebook::{Policy, Rulebook};

pub use self::webhooks::{WebhookConfig, WebhookKind};
pub use cron::CronSchedule;
pub use exchange::ExchangeConfig;
pub use inbox::{ImapServer, InboxConfig};
pub use locate::{Args, Surroundings};
pub use mail::{Dkim, MailConfig, MailMode, MailServer, MailTls, SendHours};
pub use manifests::DeclaredConfig;
pub use patrol::PatrolConfig;
pub use policy::{Inspection, PolicyConfig, ScheduleConfig};
pub use problem::Problem;
pub use secrets::{FileSecrets, SecretFile};
pub use service::{Lang, LogConfig, LogFormat, RetentionConfig, StoreConfig, WebConfig};
pub use sources::{
    BUILT_IN as BUILT_IN_CONNECTORS, ConnectorsConfig, CourtesyLimits, ProcessConfig,
};
pub use tokens::{Role, TokenConfig};

use reader::{Report, Section, wrong};
use secrets::Files;

/// Longest file of the configuration that is read, bytes.
const CONFIG_BYTES_MAX: u64 = 4 << 20;

/// A file in a directory that cannot exist: nothing that lies about counts as being beside it.
const NOWHERE: &str = "/dev/null/freshd.toml";

/// A whole, valid configuration; every default is filled.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// The zone in which times are written and schedules run.
    pub timezone: Tz,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[web]`.
    pub web: WebConfig,
    /// `[mail]`.
    pub mail: MailConfig,
    /// `[net]` and `[courtesy]`.
    pub net: NetSettings,
    /// `[policy]`.
    pub policy: PolicyConfig,
    /// `[schedule]`.
    pub schedule: ScheduleConfig,
    /// `[connectors.*]`.
    pub connectors: ConnectorsConfig,
    /// `[patrol]`.
    pub patrol: PatrolConfig,
    /// `[collect]` and `[ingest]`.
    pub exchange: ExchangeConfig,
    /// `[retention]`.
    pub retention: RetentionConfig,
    /// `[[webhooks]]`.
    pub webhooks: Vec<WebhookConfig>,
    /// `[ui] lang`.
    pub lang: Lang,
    /// `[log]`.
    pub log: LogConfig,
    /// The profiles that `[policy] profile` chooses from.
    pub rulebook: Rulebook,
    /// Working days: the built-in plan, or the `calendar.toml` beside the file in its place, with the years of `calendar.d/`.
    pub calendar: Arc<Calendar>,
    /// Where secrets come from.
    pub secrets: Arc<FileSecrets>,
    /// What is accepted but should be looked at.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Takes over from the configuration that the daemon started with what cannot change while it runs. Returns the
    /// keys that differed: they need a restart.
    pub fn keep_of_start(&mut self, start: &Self) -> Vec<&'static str> {
        let differ = [
            ("timezone", self.timezone != start.timezone),
            ("store.path", self.store.path != start.store.path),
            ("store.socket", self.store.socket != start.store.socket),
            ("store.cache_mb", self.store.cache_mb != start.store.cache_mb),
            ("web.listen", self.web.listen != start.web.listen),
            ("web.public_url", self.web.public_url != start.web.public_url),
            ("log.format", self.log.format != start.log.format),
            ("log.level", self.log.level != start.log.level),
        ];
        self.timezone = start.timezone;
        self.store = start.store.clone();
        self.web = start.web.clone();
        self.log = start.log.clone();
        differ.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }

    /// Chooses and reads the configuration of this process.
    pub fn load(args: &Args) -> Result<Self, Vec<Problem>> {
        Self::load_in(args, &Surroundings::of_process())
    }

    /// The same with chosen surroundings.
    pub fn load_in(args: &Args, around: &Surroundings) -> Result<Self, Vec<Problem>> {
        let file = locate::choose(args, around).map_err(|problem| vec![problem])?;
        let text = text_of(&file, &shown(&file, around)).map_err(|found| vec![found])?;
        Self::parse(&text, &file, args, around)
    }

    /// Reads a configuration that is already in memory; `file` says where relative paths start.
    pub fn parse(
        text: &str,
        file: &Path,
        args: &Args,
        around: &Surroundings,
    ) -> Result<Self, Vec<Problem>> {
        read(text, file, args, around).0
    }

    /// What holds where nobody configured anything: no file and no environment is read.
    pub fn built_in() -> Self {
        Self::parse("", Path::new(NOWHERE), &Args::default(), &Surroundings::default())
            .expect("the defaults are a valid configuration")
    }

    /// The thresholds in force: the profile and what `[policy]` overrides.
    pub fn policy(&self) -> Policy {
        let profile = self.rulebook.profile(&self.policy.profile);
        let mut policy =
            Policy::of(profile.expect("the profile was looked up when the file was read").clone());
        if let Some(days) = self.policy.update_window_days {
            policy.window = TimeDelta::days(days.into());
        }
        policy.remind_days_left.clone_from(&self.policy.remind_days_left);
        policy.zombie = TimeDelta::days(self.policy.zombie_days.into());
        policy.escalate_after_days = self.policy.escalate_after_days;
        policy.pre_holiday_days = self.policy.pre_holiday_days;
        policy.evidence_again_days = self.policy.evidence_again_days;
        policy.calendar = Arc::clone(&self.calendar);
        policy
    }
}

/// Every key that a configuration may hold, `NAME` standing for names that the operator chooses.
pub fn known_keys() -> BTreeSet<String> {
    const SAMPLE: &str = "[connectors.process.sample]\ncommand = [\"true\"]\n";
    let around = Surroundings::default();
    let (_, keys) = read(SAMPLE, Path::new(NOWHERE), &Args::default(), &around);
    let limits = ["at_once", "per_minute"];
    let general = |key: String| match key.rsplit_once('.') {
        Some((path, limit)) if path.starts_with("connectors.") && limits.contains(&limit) => {
            format!("connectors.NAME.{limit}")
        }
        _ => key,
    };
    keys.into_iter().map(general).collect()
}

fn read(
    text: &str,
    file: &Path,
    args: &Args,
    around: &Surroundings,
) -> (Result<Config, Vec<Problem>>, BTreeSet<String>) {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let files = Files { base, credentials: around.credentials(), systemd: around.systemd };
    let report = Report::new(&shown(file, around), files);
    let (mut table, errors) = tree::parse(text);
    report.syntax(errors, text);
    let variables = around.variables.iter();
    tree::overlay(&mut table, variables.map(|(name, value)| (name.as_str(), value.as_str())));
    let config = sections(Section::root(&table, &report), file, args, around);
    let found = report.finish();
    let result = match (config, found.problems) {
        (Ok(config), problems) if problems.is_empty() => {
            Ok(Config { warnings: found.warnings, ..config })
        }
        (Ok(_), problems) => Err(problems),
        (Err(rules), problems) => Err(problems.into_iter().chain(rules).collect()),
    };
    (result, found.keys)
}

/// Reads every section; whatever is wrong is in the report and has its default here. The error is of the files beside.
fn sections(
    root: Section<'_>,
    file: &Path,
    args: &Args,
    around: &Surroundings,
) -> Result<Config, Vec<Problem>> {
    let mut gathered = sources::Gathered::default();
    let given = args.store.as_ref().map(|path| around.directory.join(path));
    let read = |name: &str| root.section(name);
    let timezone = root.parsed("timezone", zone).unwrap_or(Tz::Asia__Shanghai);
    let store = closed(read("store"), |section| service::read_store(section, given));
    let web = closed(read("web"), service::read_web);
    let mail = closed(read("mail"), mail::read);
    let net = closed(read("courtesy"), |courtesy| {
        closed(read("net"), |section| service::read_net(section, courtesy))
    });
    let section = read("policy");
    let policy = policy::read(&section);
    let schedule = closed(read("schedule"), policy::read_schedule);
    let connectors = sources::read(read("connectors"), &mut gathered);
    let exchange = closed(read("collect"), |collect| {
        closed(read("ingest"), |ingest| exchange::read(collect, ingest))
    });
    let retention = closed(read("retention"), service::read_retention);
    let patrol = closed(read("patrol"), patrol::read);
    let webhooks = webhooks::read(&root);
    let lang = closed(read("ui"), service::read_lang);
    let log = closed(read("log"), service::read_log);
    gathered.single("mail", "password", mail.password.clone());
    gathered.single("mail", "dkim", mail.dkim.as_ref().map(|dkim| dkim.key.clone()));
    gathered.single("mail.inbox", "password", mail.inbox.password.clone());
    let (rulebook, calendar) = (rulebook(file, around), calendar(file, around));
    if let Ok(rulebook) = &rulebook {
        check_profile(&section, &policy, rulebook);
    }
    section.close();
    root.close();
    let (rulebook, calendar) = match (rulebook, calendar) {
        (Ok(rulebook), Ok(calendar)) => (rulebook, calendar),
        (Err(mut rules), Err(days)) => {
            rules.extend(days);
            return Err(rules);
        }
        (Err(problems), _) | (_, Err(problems)) => return Err(problems),
    };
    Ok(Config {
        file: file.to_owned(),
        timezone,
        store,
        web,
        mail,
        net,
        policy,
        schedule,
        connectors,
        patrol,
        exchange,
        retention,
        webhooks,
        lang,
        log,
        rulebook,
        calendar: Arc::new(calendar),
        secrets: Arc::new(gathered.into_secrets()),
        warnings: Vec::new(),
    })
}

fn closed<'a, T>(section: Section<'a>, read: impl FnOnce(&Section<'a>) -> T) -> T {
    let value = read(&section);
    section.close();
    value
}

fn rulebook(file: &Path, around: &Surroundings) -> Result<Rulebook, Vec<Problem>> {
    let beside = file.with_file_name("rulebook.toml");
    rules::beside(&beside, &shown(&beside, around))
}

fn calendar(file: &Path, around: &Surroundings) -> Result<Calendar, Vec<Problem>> {
    calendar::beside(&file.with_file_name("calendar.toml"), |path| shown(path, around))
}

/// A file as problems name it: below the current directory without its beginning.
fn shown(file: &Path, around: &Surroundings) -> String {
    file.strip_prefix(&around.directory).unwrap_or(file).display().to_string()
}

fn check_profile(section: &Section<'_>, policy: &PolicyConfig, rulebook: &Rulebook) {
    let Some(profile) = rulebook.profile(&policy.profile) else {
        let names: Vec<&str> = rulebook.profiles.iter().map(|held| held.name.as_str()).collect();
        let help = match suggest::nearest(&policy.profile, names.iter().copied()) {
            Some(near) => format!("是不是 {near}?"),
            None => format!("可用的有:{}", names.join("、")),
        };
        let what = format!("rulebook.toml 里没有名为「{}」的指标方案", policy.profile);
        return section.problem("profile", what, help);
    };
    let window = policy.update_window_days.unwrap_or(profile.update_window_days);
    policy::check_window(section, policy, window);
}

fn zone(name: &str) -> Result<Tz, reader::Wrong> {
    name.parse().or_else(|_| wrong(format!("不认识的时区「{name}」"), "写成 Asia/Shanghai"))
}

fn text_of(file: &Path, shown: &str) -> Result<String, Problem> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file)
        .and_then(|held| held.take(CONFIG_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let what = format!("文件读不到:{}", crate::os::io_text(&error));
        return Err(Problem::in_file(shown, what, "检查路径和权限"));
    }
    if bytes.len() as u64 > CONFIG_BYTES_MAX {
        let what = format!("文件超过 {} MiB", CONFIG_BYTES_MAX >> 20);
        return Err(Problem::in_file(shown, what, "这大概不是配置文件"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::at_line(shown, Some(line), "", "文件不是 UTF-8", "用编辑器另存为 UTF-8")
    })
}

#[cfg(test)]
mod tests;
