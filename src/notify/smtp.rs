//! Did the mail server take the letter? The conversation by SMTP; the only file that names the mail library.
//!
//! One connection is kept between letters. The library's own pool is not used: a send that is given up half-way would
//! go back into it with half a message on the wire.

use std::error::Error as _;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use freshd_connectors::connector::{Secret, SecretProblem};
use freshd_core::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::clean::{self, clean_header_text, domain_of, one_line};
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

/// Where letters are handed in, and as whom.
#[derive(Clone)]
pub struct TransportSettings {
    /// The relay of `[mail] server`.
    pub server: MailServer,
    /// Its password, never sent but over TLS.
    pub password: Password,
    /// Sender, `地址` or `名称 <地址>`.
    pub from: String,
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

/// The way out for letters.
pub struct Transport {
    settings: TransportSettings,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    used: Timestamp,
}

/// An attempt that failed: before the server took part in this letter, or in it.
enum Failure {
    Relay(String),
    Letter(SmtpError),
    Silence(&'static str),
}

impl Transport {
    /// Ready to send; connects when needed.
    pub fn new(settings: TransportSettings) -> Self {
        Self { settings, kept: Mutex::new(None) }
    }

    /// Hands one letter in. Never fails otherwise than by its outcome.
    pub async fn send(&self, letter: &Outgoing, now: Timestamp) -> Outcome {
        let built = catch_unwind(AssertUnwindSafe(|| message(&self.settings.from, letter)));
        let (from, to, bytes) = match built {
            Ok(Ok(built)) => built,
            Ok(Err(why)) => return Outcome::Refused(format!("无法生成邮件:{why}")),
            Err(_) => return Outcome::Refused("无法生成邮件:程序内部错误".to_owned()),
        };
        let mut kept = self.kept.lock().await;
        let mut connection = match self.connection(kept.take(), now).await {
            Ok(connection) => connection,
            Err(detail) => return Outcome::Deferred { detail, relay: true },
        };
        let done = hand_in(&mut connection, from, to, &bytes, self.settings.patience).await;
        let (outcome, reusable) = judge(done);
        if reusable && self.reset(&mut connection, &outcome).await {
            *kept = Some(Kept { connection, used: now });
        }
        outcome
    }

    /// Says goodbye to the server, if there is a connection.
    pub async fn close(&self) {
        if let Some(mut kept) = self.kept.lock().await.take() {
            let goodbye = kept.connection.command(Quit);
            let _ = timed(self.settings.patience.command, goodbye).await;
        }
    }

    async fn reset(&self, connection: &mut AsyncSmtpConnection, outcome: &Outcome) -> bool {
        if matches!(outcome, Outcome::Accepted(_)) {
            return true;
        }
        let reset = timed(self.settings.patience.command, connection.command(Rset)).await;
        matches!(reset, Some(Ok(_)))
    }

    async fn connection(
        &self,
        kept: Option<Kept>,
        now: Timestamp,
    ) -> Result<AsyncSmtpConnection, String> {
        if let Some(mut kept) = kept
            && (now - kept.used).abs() <= TimeDelta::seconds(IDLE_MAX_S)
        {
            let alive = kept.connection.test_connected();
            if timed(self.settings.patience.command, alive).await == Some(true) {
                return Ok(kept.connection);
            }
        }
        match timed(self.settings.patience.connect, self.connect()).await {
            Some(done) => done,
            None => Err("连接邮件服务器超时".to_owned()),
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

/// One letter over an open connection; the reply to its end.
async fn hand_in(
    connection: &mut AsyncSmtpConnection,
    from: Address,
    to: Address,
    bytes: &[u8],
    patience: Patience,
) -> Result<String, Failure> {
    let sender = timed(patience.command, connection.command(Mail::new(Some(from), Vec::new())));
    match sender.await {
        None => return Err(Failure::Silence("等待邮件服务器应答超时")),
        Some(Err(error)) => {
            let relay = format!("邮件服务器不接受发件人:{}", told(&error));
            return Err(Failure::Relay(relay));
        }
        Some(Ok(_)) => {}
    }
    let step = |done: Option<Result<_, SmtpError>>| match done {
        None => Err(Failure::Silence("等待邮件服务器应答超时")),
        Some(done) => done.map_err(Failure::Letter),
    };
    let recipient = connection.command(Rcpt::new(to, Vec::new()));
    step(timed(patience.command, recipient).await)?;
    step(timed(patience.command, connection.command(Data)).await)?;
    match timed(patience.data, connection.message(bytes)).await {
        None => Err(Failure::Silence("信已送出,等待邮件服务器确认超时")),
        done => step(done).map(|reply| {
            let text: Vec<_> = reply.message().collect();
            one_line(&format!("{} {}", reply.code(), text.join(" ")), REPLY_CHARS_MAX)
        }),
    }
}

/// What a conversation came to, and whether its connection can be used again.
fn judge(done: Result<String, Failure>) -> (Outcome, bool) {
    match done {
        Ok(reply) => (Outcome::Accepted(reply), true),
        Err(Failure::Relay(detail)) => (Outcome::Deferred { detail, relay: true }, false),
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

/// The message's bytes with its envelope, or why none can be made.
fn message(from: &str, letter: &Outgoing) -> Result<(Address, Address, Vec<u8>), String> {
    let parse = |what: &str, text: &str| -> Result<Address, String> {
        let bare = clean::address(text).ok_or(format!("{what}地址有误"))?;
        bare.parse().map_err(|_| format!("{what}地址有误"))
    };
    let sender = parse("发件人", from)?;
    let recipient = parse("收件人", &letter.to)?;
    let name = from.rsplit_once('<').map(|(name, _)| clean_header_text(name));
    let name = name.map(|name| name.trim_matches('"').to_owned()).filter(|name| !name.is_empty());
    let domain = sender.domain().to_owned();
    let boundary = format!("freshd-{}", super::letter::hash_of([letter.message_id.as_str()]));
    let parts = MultiPart::alternative()
        .boundary(&boundary[..40])
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &letter.html));
    let parts = with_files(parts, letter, &boundary)?;
    let built = Message::builder()
        .from(Mailbox::new(name, sender.clone()))
        .to(Mailbox::new(None, recipient.clone()))
        .subject(one_line(&letter.subject, SUBJECT_CHARS_MAX))
        .date(SystemTime::from(letter.date))
        .message_id(Some(one_line(&letter.message_id, SUBJECT_CHARS_MAX)))
        .raw_header(raw("X-Freshd-Reason", letter.reasons.join(",")))
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(raw("X-Auto-Response-Suppress", "All".to_owned()))
        .raw_header(raw("List-Id", format!("<freshd.{domain}>")))
        .multipart(parts)
        .map_err(|error| error.to_string())?;
    Ok((sender, recipient, built.formatted()))
}

/// The texts as they are, or with the files behind them.
fn with_files(texts: MultiPart, letter: &Outgoing, boundary: &str) -> Result<MultiPart, String> {
    if letter.attachments.is_empty() {
        return Ok(texts);
    }
    let whole = MultiPart::mixed().boundary(format!("mixed-{}", &boundary[..40]));
    letter.attachments.iter().try_fold(whole.multipart(texts), |whole, file| {
        let kind = ContentType::parse(&file.kind).map_err(|_| "附件类型有误".to_owned())?;
        let bytes = file.bytes().ok_or_else(|| "附件已损坏".to_owned())?;
        Ok(whole.singlepart(Attachment::new(file.name.clone()).body(bytes, kind)))
    })
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(&value, SUBJECT_CHARS_MAX))
}

#[cfg(test)]
mod tests;
