//! Which mails are new in the mailbox? One conversation by IMAP, read-only (`EXAMINE`, `BODY.PEEK`); the only file that
//! names the IMAP library.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_imap::{Client, Session};
use chrono::TimeDelta;
use freshd_core::{Timestamp, civil};
use futures::TryStreamExt as _;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::MAIL_BYTES_MAX;
use crate::config::ImapServer;
use crate::notify::smtp::Password;

/// One conversation may take so long.
const BUDGET: Duration = Duration::from_secs(60);
/// Mails fetched in one conversation.
const MAILS_MAX: usize = 20;
/// Bytes taken from the server in one conversation.
const BYTES_MAX: u64 = 32 << 20;
/// Of a mailbox that is new to us, mails of so many days are read.
const FIRST_DAYS: i64 = 7;

/// How far a mailbox has been read. UIDs hold only under one UIDVALIDITY of one mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Server, user and mailbox.
    pub place: String,
    /// Its UIDVALIDITY.
    pub validity: u32,
    /// The highest UID that was read.
    pub uid: u32,
}

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The mails, the first [`MAIL_BYTES_MAX`] bytes of each, oldest first, each with how far it brings us.
    pub mails: Vec<(Cursor, Vec<u8>)>,
    /// How far the mailbox was read if there was nothing new.
    pub cursor: Cursor,
    /// There is more to fetch.
    pub more: bool,
}

/// Asks for what has come since the cursor.
///
/// # Errors
/// Why the mailbox could not be read, Chinese.
pub async fn fetch(
    server: &ImapServer,
    password: &Password,
    mailbox: &str,
    held: &Cursor,
    now: Timestamp,
) -> Result<Fetched, String> {
    let talk = converse(server, password, mailbox, held, now);
    match tokio::time::timeout(BUDGET, talk).await {
        Ok(done) => done,
        Err(_) => Err("读取邮箱超时".to_owned()),
    }
}

async fn converse(
    server: &ImapServer,
    password: &Password,
    mailbox: &str,
    held: &Cursor,
    now: Timestamp,
) -> Result<Fetched, String> {
    let password = password().map_err(|problem| problem.0)?;
    let password = password.ok_or_else(|| "没有邮箱密码".to_owned())?;
    let failed = |error: io::Error| format!("连接邮箱服务器失败:{error}");
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await.map_err(failed)?;
    let stream: Box<dyn Wire> = match server.tls {
        false => Box::new(stream),
        true => {
            let name = ServerName::try_from(server.host.clone());
            let name = name.map_err(|_| "邮箱服务器的主机名不能用于 TLS".to_owned())?;
            let secured = connector()?.connect(name, stream).await;
            Box::new(secured.map_err(|error| format!("与邮箱服务器建立加密失败:{error}"))?)
        }
    };
    let mut client = Client::new(Bounded { stream, left: BYTES_MAX });
    client.read_response().await.map_err(failed)?.ok_or("邮箱服务器没有应答就断开了")?;
    let session = client.login(&server.user, password.expose()).await;
    let mut session = session.map_err(|(error, _)| format!("登录邮箱失败:{}", told(&error)))?;
    let place = format!("{}@{}:{}/{mailbox}", server.user, server.host, server.port);
    let done = new_mails(&mut session, mailbox, place, held, now).await;
    // Whatever a goodbye comes to, what was read was read.
    let _bye = session.logout().await;
    done.map_err(|error| format!("读取邮箱失败:{}", told(&error)))
}

type Open = Session<Bounded>;

async fn new_mails(
    session: &mut Open,
    mailbox: &str,
    place: String,
    held: &Cursor,
    now: Timestamp,
) -> Result<Fetched, async_imap::error::Error> {
    // Some providers open no mailbox to a client that does not say what it is (RFC 2971).
    if session.capabilities().await?.has_str("ID") {
        session
            .id([("name", Some("freshd")), ("version", Some(env!("CARGO_PKG_VERSION")))])
            .await?;
    }
    let state = session.examine(mailbox).await?;
    let validity = state.uid_validity.unwrap_or_default();
    let known = held.place == place && held.validity == validity;
    let query = match known {
        true => format!("UID {}:*", held.uid.saturating_add(1)),
        false => {
            let since = civil::day(now - TimeDelta::days(FIRST_DAYS));
            format!("SINCE {}", since.format("%-d-%b-%Y"))
        }
    };
    let from = if known { held.uid } else { 0 };
    let found = session.uid_search(query).await?;
    // `7:*` names the last mail, too, when it is older.
    let mut uids: Vec<u32> = found.into_iter().filter(|uid| *uid > from).collect();
    uids.sort_unstable();
    let more = uids.len() > MAILS_MAX;
    uids.truncate(MAILS_MAX);
    // Of a new mailbox, all that is older than what was found is passed over.
    let passed = match (known, uids.first(), state.uid_next) {
        (true, ..) => held.uid,
        (false, Some(first), _) => first - 1,
        (false, None, next) => next.unwrap_or(1).saturating_sub(1),
    };
    let cursor = Cursor { place, validity, uid: passed };
    let mut mails = Vec::new();
    for uid in uids {
        let query = format!("(UID BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)");
        let answers = session.uid_fetch(uid.to_string(), query).await?;
        let answers: Vec<_> = answers.try_collect().await?;
        let body = answers.iter().filter(|it| it.uid == Some(uid)).find_map(|it| it.body());
        // One that has gone meanwhile is passed over.
        let body = body.unwrap_or_default();
        let body = body[..body.len().min(MAIL_BYTES_MAX)].to_vec();
        mails.push((Cursor { uid, ..cursor.clone() }, body));
    }
    Ok(Fetched { mails, cursor, more })
}

/// The same trust as everywhere else: the system's certificates.
fn connector() -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| format!("TLS 无法就绪:{error}"))?;
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

fn told(error: &async_imap::error::Error) -> String {
    crate::notify::clean::clean_line(&error.to_string())
}

/// What a conversation runs over.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// A stream from which only so much is read: a server that sends without end is left.
#[derive(Debug)]
struct Bounded {
    stream: Box<dyn Wire>,
    left: u64,
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("邮箱服务器发来的数据过多")));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = (buffer.filled().len() - before) as u64;
        self.left = self.left.saturating_sub(read);
        polled
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
