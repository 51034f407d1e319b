//! What does the command line do? Parses it, finds the store or the daemon, prints the answer and says how it ended.

use std::io::{IsTerminal, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{CommandFactory as _, Parser as _};

pub mod args;
pub mod checkup;
pub mod connectors;
#[cfg(feature = "demo")]
pub mod demo;
pub mod exec;
pub mod request;

use crate::app::App;
use crate::app::reach::{Reached, reach};
use crate::clock::SystemClock;
use crate::config::{Args, Config};
use crate::control::{LINE_BYTES_MAX, Response};
use crate::telemetry;
use args::{Cli, Command, ConfigCommand, ConnectorCommand, MailCommand};
use exec::USAGE;
use request::{Request, SentFile};

/// Runs the command line of this process; the answer is its exit status.
pub fn main() -> i32 {
    let cli = Cli::parse();
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
        Command::Checkup { ledger, output, offline } => {
            telemetry::init(&Config::built_in().log);
            checkup::run(&ledger, output.as_deref(), offline).await
        }
        #[cfg(feature = "demo")]
        Command::Demo(options) => demo::run(options).await,
        Command::Config(ConfigCommand::Check) => Ok(config_check(&args)),
        Command::Run => daemon(&args).await,
        Command::CarryOut => carry_out(&args).await,
        Command::Connector(ConnectorCommand::List { json }) => {
            // The list needs no configuration; with one it shows the limits in force.
            let config = Config::load(&args).unwrap_or_else(|_| Config::built_in());
            print(&connectors::list(&config, json)?, None)
        }
        command => on_store(&args, command).await,
    }
}

/// Every problem of the configuration, or that there is none.
fn config_check(args: &Args) -> i32 {
    match Config::load(args) {
        Ok(config) => {
            for warning in &config.warnings {
                println!("提醒:{warning}");
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
    let app = App::open(config, std::sync::Arc::new(SystemClock))?;
    crate::app::run::run(signals, app, args.clone(), Default::default(), |_| ()).await?;
    Ok(exec::DONE)
}

/// Commands on the store: over the daemon's socket, or straight.
async fn on_store(args: &Args, command: Command) -> anyhow::Result<i32> {
    let (request, file) = request_of(command)?;
    let config = match load(args) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    begin(&config);
    let response = match reach(&config, &serde_json::to_value(&request)?).await? {
        Reached::Answered(response) => response,
        Reached::Ours(app) => exec::execute(&app, request, &caller()).await,
    };
    print(&response, file.as_deref())
}

/// Carries out the request on standard input and writes the answer to standard output, both JSON: the part of a
/// command that root leaves to the store's owner.
async fn carry_out(args: &Args) -> anyhow::Result<i32> {
    let asked = std::io::read_to_string(std::io::stdin().take(LINE_BYTES_MAX as u64))?;
    let request: Request = serde_json::from_str(&asked).context("标准输入上不是一个请求")?;
    let config = match load(args) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    begin(&config);
    let response = match reach(&config, &serde_json::to_value(&request)?).await? {
        Reached::Answered(response) => response,
        Reached::Ours(app) => exec::execute(&app, request, &caller()).await,
    };
    std::io::stdout().write_all(&serde_json::to_vec(&response)?)?;
    Ok(response.exit)
}

/// Who acts, when no socket says so.
fn caller() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "本机用户".to_owned())
}

/// Prints an answer; bytes go to the named file, or as they are to standard output.
fn print(response: &Response, file: Option<&Path>) -> anyhow::Result<i32> {
    eprint!("{}", response.stderr);
    let mut out = std::io::stdout().lock();
    let bytes = match &response.file {
        Some(file) => Some(STANDARD.decode(file).context("答复中的文件不完整")?),
        None => None,
    };
    let written = match (file, bytes) {
        (Some(path), bytes) => {
            let told = bytes.is_some();
            let bytes = bytes.unwrap_or_else(|| response.stdout.clone().into_bytes());
            std::fs::write(path, &bytes).with_context(|| format!("无法写入 {}", path.display()))?;
            if told { out.write_all(response.stdout.as_bytes()) } else { Ok(()) }
        }
        (None, Some(bytes)) => out.write_all(&bytes),
        (None, None) => out.write_all(response.stdout.as_bytes()),
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

fn sent(path: &Path) -> anyhow::Result<SentFile> {
    let bytes = std::fs::read(path)
        .map_err(|error| exec::Usage(format!("无法读取 {}:{error}", path.display())))?;
    Ok(SentFile { name: path.display().to_string(), base64: STANDARD.encode(bytes) })
}

/// The request of a command, and the file that its answer goes to.
fn request_of(command: Command) -> anyhow::Result<(Request, Option<PathBuf>)> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Ok(match command {
        Command::Import(import) => {
            let files = import.files.iter().map(|path| sent(path)).collect::<Result<_, _>>()?;
            let request = Request::Import {
                files,
                dry_run: import.dry_run,
                good_rows: import.good_rows,
                want_return: import.return_file.is_some(),
                replace: import.replace,
                yes: import.yes,
            };
            (request, import.return_file)
        }
        Command::Export(export) => {
            (Request::Export { kind: export.kind, format: export.format }, export.output)
        }
        Command::Poll(poll) => {
            let accounts = poll.account;
            let (all, due, json, explain) = (poll.all, poll.due, poll.json, poll.explain);
            (Request::Poll { accounts, all, due, json, explain }, None)
        }
        Command::Status(status) => {
            let (verdict, platform, unit) = (status.verdict, status.platform, status.unit);
            (Request::Status { verdict, platform, unit, json: status.json, colour }, None)
        }
        Command::Explain { id, json } => (Request::Explain { id, json }, None),
        Command::Precheck(precheck) => {
            let colour = colour && precheck.output.is_none();
            let (quarter, at, format) = (precheck.quarter, precheck.at, precheck.format);
            (Request::Precheck { quarter, at, format, colour }, precheck.output)
        }
        Command::Notify { dry_run, json } => (Request::Notify { dry_run, json }, None),
        Command::Mail(mail) => (mail_request(mail), None),
        Command::Confirm(confirm) => {
            let file = confirm.file.as_deref().map(sent).transpose()?;
            let request = Request::Confirm {
                id: confirm.id,
                published_at: confirm.published_at,
                url: confirm.url,
                none_since: confirm.none_since,
                seen_at: confirm.seen_at,
                file,
                note: confirm.note,
                by: confirm.by,
            };
            (request, None)
        }
        Command::Proof { url, account } => (Request::Proof { url, account }, None),
        _ => anyhow::bail!("这个命令不需要存储"),
    })
}

fn mail_request(mail: MailCommand) -> Request {
    match mail {
        MailCommand::Test { address } => Request::MailTest { address },
        MailCommand::Outbox { json } => Request::MailOutbox { json },
        MailCommand::Retry { id } => Request::MailRetry { id },
        MailCommand::Preview { id } => Request::MailPreview { id },
        MailCommand::Release { ids } => Request::MailRelease { ids },
    }
}
