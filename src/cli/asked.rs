//! What does a command ask of the store? From what was typed to a request.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::args::{self, Command, ConnectorCommand, MailCommand};
use super::request::{self, Request};
use super::{exec, patrol, read_or_told, sent};

/// The request of a command, and the file that its answer goes to.
pub(super) fn request_of(command: Command) -> anyhow::Result<(Request, Option<PathBuf>)> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Ok(match command {
        Command::Import(import) => {
            let files = import.files.iter().map(|path| read_or_told(path)).collect();
            let request = Request::Import {
                files,
                dry_run: import.dry_run,
                good_rows: import.good_rows,
                want_return: import.return_file.is_some(),
                replace: import.replace,
                yes: import.yes,
                json: import.json,
            };
            (request, import.return_file)
        }
        Command::Ingest(ingest) => (ingest_request(ingest), None),
        Command::Export(export) => {
            let format = export_format(&export)?;
            (Request::Export { kind: export.kind, format }, export.output)
        }
        Command::Poll(poll) => {
            let accounts = poll.account;
            let (all, due, json, explain) = (poll.all, poll.due, poll.json, poll.explain);
            (Request::Poll { accounts, all, due, json, explain }, None)
        }
        Command::Status(status) => {
            let verdict = status.verdict.map(|verdict| verdict.key().to_owned());
            let (platform, unit) = (status.platform, status.unit);
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
        Command::Contacts { json } => (Request::Contacts { json }, None),
        Command::Confirm(confirm) => {
            let file = confirm.file.as_deref().map(sent).transpose()?;
            let request = Request::Confirm {
                id: confirm.id,
                published_at: confirm.published_at,
                url: confirm.url,
                none_since: confirm.none_since,
                interaction: confirm.interaction,
                seen_at: confirm.seen_at,
                file,
                note: confirm.note,
                by: confirm.by,
            };
            (request, None)
        }
        Command::Connector(ConnectorCommand::Check { name, target, json }) => {
            (Request::ConnectorCheck { name, target, json }, None)
        }
        Command::Authorise(args::AuthoriseCommand::List { unit, json }) => {
            (Request::AuthoriseList { unit, json }, None)
        }
        Command::Patrol(command) => patrol::request_of(command)?,
        Command::Requests(command) => (command.request(), None),
        Command::Proof { url, account } => (Request::Proof { url, account }, None),
        Command::Store(args::StoreCommand::Check { repair, json }) => {
            (Request::StoreCheck { repair, json }, None)
        }
        _ => anyhow::bail!("这个命令不需要存储"),
    })
}

fn ingest_request(ingest: args::IngestArgs) -> Request {
    let files = ingest.files.iter().map(|path| read_or_told(path)).collect();
    let (complete, by, dry_run) = (ingest.complete, ingest.by, ingest.dry_run);
    let (good_rows, json) = (ingest.good_rows, ingest.json);
    Request::Ingest(request::Ingest { files, complete, by, dry_run, good_rows, json })
}

/// Targets are for a program; in which form anything else is wanted must be said.
fn export_format(export: &args::ExportArgs) -> anyhow::Result<args::ExportFormat> {
    match (export.kind, export.format) {
        (_, Some(format)) => Ok(format),
        (args::ExportKind::Targets, None) => Ok(args::ExportFormat::Csv),
        _ => Err(exec::Usage("请用 --format 写明格式:csv、xlsx 或 jsonl".to_owned()).into()),
    }
}

fn mail_request(mail: MailCommand) -> Request {
    match mail {
        MailCommand::Test { address } => Request::MailTest { address },
        MailCommand::Outbox { json } => Request::MailOutbox { json },
        MailCommand::Inbox { json } => Request::MailInbox { json },
        MailCommand::Fetch => Request::MailFetch,
        MailCommand::Retry { id } => Request::MailRetry { id },
        MailCommand::Preview { id, html } => Request::MailPreview { id, html },
        MailCommand::Release { ids } => Request::MailRelease { ids },
    }
}
