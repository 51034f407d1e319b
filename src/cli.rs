//! What does the command line do? Parses it, finds the store or the daemon, prints the answer and says how it ended.

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::CommandFactory as _;

pub mod args;
mod asked;
pub mod caller;
pub mod checkup;
pub mod collect;
pub mod connectors;
#[cfg(feature = "demo")]
pub mod demo;
pub mod exec;
mod keep;
mod man;
mod output;
pub mod patrol;
mod progress;
pub mod request;
pub mod requests;
mod usage;

use crate::app::App;
use crate::app::reach::{Reached, reach};
use crate::clock::{Clock as _, SystemClock};
use crate::config::calendar::{gap, gap_text};
use crate::config::hints::hints;
use crate::config::problem::Problem;
use crate::config::{Args, Config};
use crate::control::{LINE_BYTES_MAX, Response};
use crate::notify::templates::Templates;
use crate::telemetry;
use args::{Cli, Command, ConfigCommand, ConnectorCommand};
use caller::Caller;
use exec::USAGE;
use output::Output;
use request::{Request, SentFile};

/// Runs the command line of this process; the answer is its exit status.
pub fn main() -> i32 {
    let cli = match usage::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("无法启动运行时:{error}");
            return exec::FOUND;
        }
    };
    let ended = runtime.block_on(run(cli));
    // A blocking resolver call may hang; nothing of ours waits in it.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended.unwrap_or_else(|error| {
        eprintln!("{}", crate::os::chain_text(&error));
        if error.is::<exec::Usage>() { USAGE } else { exec::FOUND }
    })
}

async fn run(cli: Cli) -> anyhow::Result<i32> {
    if cli.lang.as_deref() == Some("en") {
        eprintln!("English texts are not available yet; keys, states and log fields are English.");
    }
    let args = Args { config: cli.config, store: cli.store };
    match cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "freshd", &mut std::io::stdout());
            Ok(exec::DONE)
        }
        Command::Man => {
            let response = Response { stdout: man::page(&usage::command()), ..Response::default() };
            print(&response, None)
        }
        Command::Checkup { ledger, output, offline } => {
            telemetry::init(&Config::built_in().log);
            checkup::run(&ledger, output.as_deref(), offline).await
        }
        #[cfg(feature = "demo")]
        Command::Demo(options) => demo::run(options).await,
        Command::Config(ConfigCommand::Check) => Ok(config_check(&args)),
        Command::Run => daemon(&args).await,
        Command::CarryOut { asked_by } => carry_out(&args, asked_by).await,
        Command::Connector(ConnectorCommand::List { json }) => {
            // The list needs no configuration; with one it shows the limits in force.
            let config = Config::load(&args).unwrap_or_else(|_| {
                eprintln!(
                    "没有可用的配置(freshd config check 说明原因),下面只有内置的采集器和默认的频率"
                );
                Config::built_in()
            });
            print(&connectors::list(&config, json)?, None)
        }
        Command::Collect(_) | Command::Backup(_) | Command::Restore(_) => {
            let config = match load(&args) {
                Ok(config) => config,
                Err(exit) => return Ok(exit),
            };
            begin(&config);
            on_files(&config, cli.command).await
        }
        command => on_store(&args, command).await,
    }
}

/// Commands whose work is on files of the caller.
async fn on_files(config: &Config, command: Command) -> anyhow::Result<i32> {
    match command {
        Command::Collect(asked) => {
            collect::run(config, &asked.targets, &asked.output, asked.json).await
        }
        Command::Backup(asked) => keep::backup(config, &asked.dir).await,
        Command::Restore(asked) => keep::restore(config, &asked.dir),
        _ => anyhow::bail!("这个命令不写文件"),
    }
}

/// Every problem of the configuration, or that there is none.
fn config_check(args: &Args) -> i32 {
    match Config::load(args) {
        Ok(config) => {
            for warning in &config.warnings {
                println!("提醒:{warning}");
            }
            if let Some(year) = gap(&config.calendar, SystemClock.now()) {
                println!("提醒:{}", gap_text(year));
            }
            for problem in templates_of(&config) {
                println!("提醒:{problem}");
            }
            for hint in hints(&config) {
                println!("提示:{hint}");
            }
            println!("配置没有问题:{}", config.file.display());
            exec::DONE
        }
        Err(problems) => {
            for problem in &problems {
                println!("{problem}");
            }
            println!("共 {} 个问题", problems.len());
            USAGE
        }
    }
}

/// What is wrong with the operator's own templates: the built-in ones stand in for them.
fn templates_of(config: &Config) -> Vec<Problem> {
    Templates::read(config.mail.templates_dir.as_deref()).1
}

fn load(args: &Args) -> Result<Config, i32> {
    Config::load(args).map_err(|problems| {
        for problem in &problems {
            eprintln!("{problem}");
        }
        eprintln!("配置有 {} 个问题,什么都没有做", problems.len());
        USAGE
    })
}

/// What is set once for the process, before anything is written.
fn begin(config: &Config) {
    telemetry::init(&config.log);
    crate::zone::set(config.timezone);
}

async fn daemon(args: &Args) -> anyhow::Result<i32> {
    let signals = crate::app::run::Signals::install()?;
    let config = match load(args) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    begin(&config);
    for warning in &config.warnings {
        tracing::warn!(%warning, "configuration");
    }
    for problem in templates_of(&config) {
        tracing::warn!(%problem, "templates");
    }
    let app = App::open(config, std::sync::Arc::new(SystemClock))?;
    crate::app::run::run(signals, app, args.clone(), Default::default(), |_| ()).await?;
    Ok(exec::DONE)
}

/// Commands on the store: over the daemon's socket, or straight.
async fn on_store(args: &Args, command: Command) -> anyhow::Result<i32> {
    let asks = matches!(command, Command::Precheck(_));
    let inputs = match &command {
        Command::Import(import) => import.files.clone(),
        _ => Vec::new(),
    };
    let (request, file) = asked::request_of(command)?;
    let config = match load(args) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    begin(&config);
    let output = file.map(|path| Output::prepare(&path, &inputs)).transpose()?;
    let done = async {
        let mut response = match reach(&config, &serde_json::to_value(&request)?).await? {
            Reached::Answered(response) => response,
            Reached::Ours(app) => exec::execute(&app, request, Caller::this_process()).await,
        };
        // It answers with a report, whatever that finds: without one it was not made.
        let empty = response.stdout.is_empty() && response.file.is_none();
        if asks && empty && response.exit == exec::FOUND {
            response.exit = exec::TROUBLE;
        }
        print(&response, output)
    };
    let ended: anyhow::Result<i32> = done.await;
    ended.or_else(|error| {
        if !asks || error.is::<exec::Usage>() {
            return Err(error);
        }
        eprintln!("{error:#}");
        Ok(exec::TROUBLE)
    })
}

/// Carries out the request on standard input and writes the answer to standard output, both JSON: the part of a
/// command that root leaves to the store's owner.
async fn carry_out(args: &Args, asked_by: Option<u32>) -> anyhow::Result<i32> {
    let asked = std::io::read_to_string(std::io::stdin().take(LINE_BYTES_MAX as u64))?;
    let request: Request = serde_json::from_str(&asked).context("标准输入上不是一个请求")?;
    let caller = asked_by.filter(|_| caller::is_childs_of_root()).map(Caller::of_uid);
    let caller = caller.unwrap_or_else(Caller::this_process);
    let config = match load(args) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    begin(&config);
    let response = match reach(&config, &serde_json::to_value(&request)?).await? {
        Reached::Answered(response) => response,
        Reached::Ours(app) => exec::execute(&app, request, caller).await,
    };
    std::io::stdout().write_all(&serde_json::to_vec(&response)?)?;
    Ok(response.exit)
}

/// Prints an answer; bytes go to the named file, or as they are to standard output. An answer without anything to
/// write leaves the file as it is.
fn print(response: &Response, file: Option<Output>) -> anyhow::Result<i32> {
    eprint!("{}", response.stderr);
    let mut out = std::io::stdout().lock();
    let bytes = match &response.file {
        Some(file) => Some(STANDARD.decode(file).context("答复中的文件不完整")?),
        None => None,
    };
    let written = match (file, bytes) {
        (Some(output), Some(bytes)) => {
            let told = out.write_all(response.stdout.as_bytes());
            output.write(&bytes)?;
            told
        }
        (Some(output), None) if !response.stdout.is_empty() => {
            output.write(response.stdout.as_bytes())?;
            Ok(())
        }
        (None, Some(bytes)) => out.write_all(&bytes),
        (_, None) => out.write_all(response.stdout.as_bytes()),
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(response.exit),
        other => {
            other?;
            Ok(response.exit)
        }
    }
}

/// What the machine said of a file, for people.
fn words_of(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let words = match error.kind() {
        Kind::NotFound => "没有这个文件或目录",
        Kind::PermissionDenied => "没有权限",
        Kind::IsADirectory => "是目录,不是文件",
        Kind::NotADirectory => "路径中间有一级不是目录",
        Kind::ReadOnlyFilesystem => "文件系统只读",
        Kind::StorageFull => "磁盘已满",
        _ => return error.to_string(),
    };
    words.to_owned()
}

fn sent(path: &Path) -> anyhow::Result<SentFile> {
    let file = read_or_told(path);
    match &file.unread {
        Some(why) => Err(exec::Usage(format!("无法读取 {}:{why}", file.name)).into()),
        None => Ok(file),
    }
}

/// A file, or why it cannot be read: one of several must not hide what is wrong with the others.
fn read_or_told(path: &Path) -> SentFile {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => {
            let modified = std::fs::metadata(path).and_then(|held| held.modified());
            let modified = modified.ok().map(freshd_core::Timestamp::from);
            SentFile { name, base64: STANDARD.encode(bytes), unread: None, modified }
        }
        Err(error) => {
            let unread = Some(words_of(&error));
            SentFile { name, base64: String::new(), unread, modified: None }
        }
    }
}
