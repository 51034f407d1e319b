//! Did the mail server take the letter? The conversation by SMTP; the only file that names the mail library.
//!
//! Connections are kept between letters, as many as were in use at once. The library's own pool is not used: a send that is given
//! up half-way would go back into it with half a message on the wire.

mod dkim;
mod message;

use std::error::Error as _;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use freshd_connectors::connector::{Secret, SecretProblem};
use freshd_core::Timestamp;
use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::net::TcpStream;

pub use self::dkim::Signer;
use self::message::message;
use super::clean::{self, domain_of, one_line};
use crate::config::{MailServer, MailTls};

/// A kept connection is used again within this time; servers drop idle ones after minutes.
const IDLE_MAX_S: i64 = 30;
/// Characters kept of what the server said.
const REPLY_CHARS_MAX: usize = 300;
/// Characters of a subject line.
const SUBJECT_CHARS_MAX: usize = 200;

/// How long each part of a conversation may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Connect, greeting, TLS and login together.
    pub connect: Duration,
    /// One command.
    pub command: Duration,
    /// From the end of the message to the reply (RFC 5321 asks for ten minutes; relays answer in seconds).
    pub data: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(30),
            data: Duration::from_secs(120),
        }
    }
}

/// Reads the relay's password when it is needed; `None` = none is configured.
pub type Password = Arc<dyn Fn() -> Result<Option<Secret>, SecretProblem> + Send + Sync>;

/// Reads the key that letters are signed with; `None` = they are not.
pub type SignedBy = Arc<dyn Fn() -> Result<Option<Signer>, String> + Send + Sync>;

/// Where letters are handed in, and as whom.
#[derive(Clone)]
pub struct TransportSettings {
    /// The relay of `[mail] server`.
    pub server: MailServer,
    /// Its password, never sent but over TLS.
    pub password: Password,
    /// Sender, `地址` or `名称 <地址>`.
    pub from: String,
    /// Signs letters (DKIM); without a key that can be read nothing leaves.
    pub signed_by: SignedBy,
    /// Trusted besides the system's certificates (DER): a private authority, tests.
    pub root_cert_der: Option<Vec<u8>>,
    /// How long to wait.
    pub patience: Patience,
}

/// A letter on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Bare address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// Files that go with it.
    pub attachments: Vec<crate::store::Attachment>,
    /// `<…@…>`, the same on every attempt.
    pub message_id: String,
    /// Keys of the reasons, most urgent first.
    pub reasons: Vec<String>,
    /// The `Date` header.
    pub date: Timestamp,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken; the server's reply.
    Accepted(String),
    /// Refused for good (5xx to the recipient or the message), or no letter can be made of it.
    Refused(String),
    /// Not now (4xx), no connection, or lost on the way: to be tried again with the same Message-ID.
    Deferred {
        /// What was said or happened.
        detail: String,
        /// The relay as a whole cannot be used now: other letters need not try.
        relay: bool,
    },
}

/// The way out for letters. Several may be handed in at once, each over a connection of its own.
pub struct Transport {
    settings: TransportSettings,
    idle: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    used: Timestamp,
}

/// An attempt that failed: before the server took part in this letter, or in it.
enum Failure {
    Relay(SmtpError),
    Letter(SmtpError),
    Silence(&'static str),
    Unable(&'static str),
}

/// What goes over the line for one letter.
struct Envelope {
    from: Address,
    to: Address,
    bytes: Vec<u8>,
}

impl Transport {
    /// Ready to send; connects when needed.
    pub fn new(settings: TransportSettings) -> Self {
        Self { settings, idle: Mutex::default() }
    }

    /// Hands one letter in. Never fails otherwise than by its outcome.
    pub async fn send(&self, letter: &Outgoing, now: Timestamp) -> Outcome {
        let signer = match (self.settings.signed_by)() {
            Ok(signer) => signer,
            Err(detail) => return Outcome::Deferred { detail, relay: true },
        };
        let built = catch_unwind(AssertUnwindSafe(|| {
            message(&self.settings.from, letter, signer.as_ref())
        }));
        let envelope = match built {
            Ok(Ok((from, to, bytes))) => Envelope { from, to, bytes },
            Ok(Err(why)) => return Outcome::Refused(format!("无法生成邮件:{why}")),
            Err(_) => return Outcome::Refused("无法生成邮件:程序内部错误".to_owned()),
        };
        if let Some(mut connection) = self.kept(now).await {
            let mut offered = false;
            let done =
                hand_in(&mut connection, &envelope, self.settings.patience, &mut offered).await;
            // A server may close a line that it has had enough of (421 after so many letters). Nothing of this letter was on it: it is
            // no attempt yet.
            if offered || !closed(&done) {
                return self.finish(connection, done, now).await;
            }
        }
        let mut connection = match timed(self.settings.patience.connect, self.connect()).await {
            Some(Ok(connection)) => connection,
            Some(Err(detail)) => return Outcome::Deferred { detail, relay: true },
            None => {
                let detail = "连接邮件服务器超时".to_owned();
                return Outcome::Deferred { detail, relay: true };
            }
        };
        let done = hand_in(&mut connection, &envelope, self.settings.patience, &mut false).await;
        self.finish(connection, done, now).await
    }

    /// Says goodbye to the server on every line that is open.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle());
        for mut kept in idle {
            let goodbye = kept.connection.command(Quit);
            let _ = timed(self.settings.patience.command, goodbye).await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn finish(
        &self,
        mut connection: AsyncSmtpConnection,
        done: Result<String, Failure>,
        now: Timestamp,
    ) -> Outcome {
        let (outcome, reusable) = judge(done);
        if reusable && self.reset(&mut connection, &outcome).await {
            self.idle().push(Kept { connection, used: now });
        }
        outcome
    }

    async fn reset(&self, connection: &mut AsyncSmtpConnection, outcome: &Outcome) -> bool {
        if matches!(outcome, Outcome::Accepted(_)) {
            return true;
        }
        let reset = timed(self.settings.patience.command, connection.command(Rset)).await;
        matches!(reset, Some(Ok(_)))
    }

    /// A line that is open and was used a moment ago; older ones are dropped before the server drops them.
    async fn kept(&self, now: Timestamp) -> Option<AsyncSmtpConnection> {
        loop {
            let mut kept = self.idle().pop()?;
            if (now - kept.used).abs() > TimeDelta::seconds(IDLE_MAX_S) {
                continue;
            }
            let alive = kept.connection.test_connected();
            if timed(self.settings.patience.command, alive).await == Some(true) {
                return Some(kept.connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let MailServer { tls, host, port, user } = &self.settings.server;
        let name = ClientId::Domain(domain_of(&bare(&self.settings.from)).to_owned());
        let secure = || self.tls(host);
        let address = (host.as_str(), *port);
        let opened = if *tls == MailTls::Tls {
            let patience = Some(self.settings.patience.connect);
            AsyncSmtpConnection::connect_tokio1(address, patience, &name, Some(secure()?), None)
                .await
        } else {
            let failed = |error: std::io::Error| format!("连接邮件服务器失败:{error}");
            let stream = TcpStream::connect(address).await.map_err(failed)?;
            // A message and its final dot are two writes: without this each letter waits 40 ms for the first's ACK.
            stream.set_nodelay(true).map_err(failed)?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &name).await
        };
        let mut connection =
            opened.map_err(|error| format!("连接邮件服务器失败:{}", told(&error)))?;
        let upgrade = match tls {
            MailTls::StartTls => true,
            MailTls::Opportunistic => connection.can_starttls(),
            MailTls::Tls | MailTls::Insecure => false,
        };
        if upgrade {
            if !connection.can_starttls() {
                return Err("邮件服务器不提供 STARTTLS,未发送任何内容".to_owned());
            }
            let upgraded = connection.starttls(secure()?, &name).await;
            upgraded.map_err(|error| format!("与邮件服务器建立加密失败:{}", told(&error)))?;
        }
        if let Some(user) = user {
            self.log_in(&mut connection, user).await?;
        }
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection, user: &str) -> Result<(), String> {
        let protected = matches!(self.settings.server.tls, MailTls::Tls | MailTls::StartTls);
        if !protected || !connection.is_encrypted() {
            return Err("连接未加密,没有发送密码".to_owned());
        }
        let password = (self.settings.password)().map_err(|problem| problem.0)?;
        let Some(password) = password else {
            return Err("服务器地址里有用户名,却没有密码".to_owned());
        };
        let login = Credentials::new(user.to_owned(), password.expose().to_owned());
        let ways = [Mechanism::Plain, Mechanism::Login];
        let done = connection.auth(&ways, &login).await;
        done.map(drop).map_err(|error| format!("登录邮件服务器失败:{}", told(&error)))
    }

    fn tls(&self, host: &str) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(der) = &self.settings.root_cert_der {
            let root = Certificate::from_der(der.clone())
                .map_err(|error| format!("附加的根证书无法读取:{}", told(&error)))?;
            builder = builder.add_root_certificate(root);
        }
        builder.build().map_err(|error| format!("TLS 无法就绪:{}", told(&error)))
    }
}

/// One letter over an open connection; the reply to its end. `offered` = its bytes may have reached the server.
async fn hand_in(
    connection: &mut AsyncSmtpConnection,
    Envelope { from, to, bytes }: &Envelope,
    patience: Patience,
    offered: &mut bool,
) -> Result<String, Failure> {
    let mut parameters = Vec::new();
    if !to.to_string().is_ascii() || !from.to_string().is_ascii() {
        // RFC 6531: a local part beyond ASCII goes only to a server that says it can.
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Failure::Unable("地址含非 ASCII 字符,邮件服务器不支持(SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let silent = Failure::Silence("等待邮件服务器应答超时");
    let sender = connection.command(Mail::new(Some(from.clone()), parameters));
    match timed(patience.command, sender).await {
        None => return Err(silent),
        Some(done) => done.map_err(Failure::Relay)?,
    };
    let step = |done: Option<Result<_, SmtpError>>| match done {
        None => Err(Failure::Silence("等待邮件服务器应答超时")),
        Some(done) => done.map_err(Failure::Letter),
    };
    let recipient = connection.command(Rcpt::new(to.clone(), Vec::new()));
    step(timed(patience.command, recipient).await)?;
    step(timed(patience.command, connection.command(Data)).await)?;
    *offered = true;
    match timed(patience.data, connection.message(bytes)).await {
        None => Err(Failure::Silence("信已送出,等待邮件服务器确认超时")),
        done => step(done).map(|reply| {
            let text: Vec<_> = reply.message().collect();
            one_line(&format!("{} {}", reply.code(), text.join(" ")), REPLY_CHARS_MAX)
        }),
    }
}

/// Did the server close the line, or had it done so before?
fn closed(done: &Result<String, Failure>) -> bool {
    match done {
        Err(Failure::Relay(error) | Failure::Letter(error)) => {
            error.status().map(u16::from).is_none_or(|code| code == 421)
        }
        _ => false,
    }
}

/// What a conversation came to, and whether its connection can be used again.
fn judge(done: Result<String, Failure>) -> (Outcome, bool) {
    match done {
        Ok(reply) => (Outcome::Accepted(reply), true),
        Err(Failure::Relay(error)) => {
            let detail = format!("邮件服务器不接受发件人:{}", told(&error));
            (Outcome::Deferred { detail, relay: true }, false)
        }
        Err(Failure::Unable(why)) => (Outcome::Refused(why.to_owned()), true),
        Err(Failure::Silence(what)) => {
            (Outcome::Deferred { detail: what.to_owned(), relay: false }, false)
        }
        Err(Failure::Letter(error)) => {
            let said = told(&error);
            let later = |detail, relay| Outcome::Deferred { detail, relay };
            match error.status().map(u16::from) {
                // The relay wants a login: nothing is wrong with the recipient.
                Some(530 | 534 | 535 | 538) => (later(said, true), false),
                Some(_) if error.is_permanent() => (Outcome::Refused(said), true),
                // The server closes the channel.
                Some(421) => (later(said, false), false),
                Some(_) => (later(said, false), true),
                None => (later(format!("连接中断:{said}"), false), false),
            }
        }
    }
}

/// The reply or the fault in one line: `550 5.1.1 no such user`.
fn told(error: &SmtpError) -> String {
    let mut words = error.source().map(ToString::to_string).unwrap_or_default();
    if words.is_empty() {
        words = error.to_string();
    }
    match error.status() {
        Some(code) => one_line(&format!("{code} {words}"), REPLY_CHARS_MAX),
        None => one_line(&words, REPLY_CHARS_MAX),
    }
}

async fn timed<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

fn bare(mailbox: &str) -> String {
    clean::address(mailbox).unwrap_or_default()
}

#[cfg(test)]
mod tests;
