//! How does an SMTP conversation go (RFC 5321, 3207, 4954)? One connection from greeting to QUIT.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::rules::{MailBehaviour, Moment};
use super::{Mail, Office, Security};

/// The largest message, in bytes (as announced by SIZE).
const MESSAGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// What comes after a command.
enum Next {
    Go,
    Close,
    Upgrade,
}

struct Conversation<'a> {
    office: &'a Office,
    stream: Box<dyn Duplex>,
    buffer: Vec<u8>,
    tls: bool,
    greeted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
    taken: u32,
    utf8: bool,
}

/// Talks with one client until it leaves.
pub(super) async fn run(
    stream: TcpStream,
    office: &Office,
    acceptor: TlsAcceptor,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut implicit = office.options.security == Security::Implicit;
    let stream: Box<dyn Duplex> =
        if implicit { Box::new(acceptor.accept(stream).await?) } else { Box::new(stream) };
    let mut talk = Conversation {
        office,
        stream,
        buffer: Vec::new(),
        tls: std::mem::take(&mut implicit),
        greeted: false,
        user: None,
        from: None,
        to: Vec::new(),
        taken: 0,
        utf8: false,
    };
    match office.rules.strike(None, Moment::Greeting) {
        MailBehaviour::DropBeforeGreeting => return Ok(()),
        MailBehaviour::Stall => return talk.stall().await,
        MailBehaviour::Unavailable => {
            return talk.say("421 4.3.2 service not available").await;
        }
        _ => talk.say("220 sim.example.gov.test ESMTP").await?,
    }
    while let Some(line) = talk.line().await? {
        match talk.command(&String::from_utf8_lossy(&line)).await? {
            Next::Go => {}
            Next::Close => break,
            Next::Upgrade => {
                talk.say("220 2.0.0 go ahead").await?;
                // What was sent in the clear after STARTTLS is forgotten (RFC 3207 §4.2).
                talk.buffer.clear();
                let secured = acceptor.accept(talk.stream).await?;
                talk = Conversation {
                    office,
                    stream: Box::new(secured),
                    buffer: Vec::new(),
                    tls: true,
                    greeted: false,
                    user: None,
                    from: None,
                    to: Vec::new(),
                    taken: 0,
                    utf8: false,
                };
            }
        }
    }
    talk.stream.shutdown().await
}

impl Conversation<'_> {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next line without its end; `None` when the client closed.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            if searched > LINE_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Says nothing until the client leaves.
    async fn stall(&mut self) -> io::Result<()> {
        while self.line().await?.is_some() {}
        Ok(())
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        self.office.step(&verb.to_ascii_uppercase());
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(true).await?,
            "HELO" => self.hello(false).await?,
            "STARTTLS" if self.offers_starttls() => return Ok(Next::Upgrade),
            "AUTH" => return self.auth(rest).await,
            "MAIL" if self.has_enough() => {
                self.say("421 4.7.0 too many mails over this connection").await?;
                return Ok(Next::Close);
            }
            "MAIL" => self.mail(rest).await?,
            "RCPT" => return self.recipient(rest).await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 reset").await?;
            }
            "NOOP" => self.say("250 2.0.0 ok").await?,
            "VRFY" => self.say("252 2.5.0 send and see").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Ok(Next::Close);
            }
            _ => self.say("502 5.5.2 command not recognised").await?,
        }
        Ok(Next::Go)
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn has_enough(&self) -> bool {
        self.office.options.mails_per_connection.is_some_and(|most| self.taken >= most)
    }

    fn offers_starttls(&self) -> bool {
        let wanted =
            matches!(self.office.options.security, Security::StartTls | Security::StartTlsRequired);
        wanted && !self.tls
    }

    async fn hello(&mut self, extended: bool) -> io::Result<()> {
        self.reset();
        self.greeted = true;
        if !extended {
            return self.say("250 sim.example.gov.test").await;
        }
        let mut lines = vec![
            "sim.example.gov.test".to_owned(),
            "PIPELINING".to_owned(),
            format!("SIZE {MESSAGE_BYTES_MAX}"),
            "8BITMIME".to_owned(),
        ];
        if self.offers_starttls() {
            lines.push("STARTTLS".to_owned());
        }
        if self.office.options.smtputf8 {
            lines.push("SMTPUTF8".to_owned());
        }
        if self.tls {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        let mut text: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        text.push_str("250 ENHANCEDSTATUSCODES");
        self.say(&text).await
    }

    async fn auth(&mut self, rest: &str) -> io::Result<Next> {
        if !self.tls {
            self.office.note_plain_auth();
            self.say("538 5.7.11 encryption required for authentication").await?;
            return Ok(Next::Go);
        }
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer =
                    if initial.is_empty() { self.challenge("").await? } else { decode(initial) };
                let mut fields = answer.split('\0').skip(1).map(str::to_owned);
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = if initial.is_empty() {
                    self.challenge("Username:").await?
                } else {
                    decode(initial)
                };
                (user, self.challenge("Password:").await?)
            }
            _ => {
                self.say("504 5.5.4 unknown mechanism").await?;
                return Ok(Next::Go);
            }
        };
        if self.office.options.credentials.as_ref().is_none_or(|right| *right == given) {
            self.user = Some(given.0);
            self.say("235 2.7.0 welcome").await?;
        } else {
            self.say("535 5.7.8 credentials invalid").await?;
        }
        Ok(Next::Go)
    }

    async fn challenge(&mut self, text: &str) -> io::Result<String> {
        self.say(&format!("334 {}", STANDARD.encode(text))).await?;
        let line = self.line().await?.unwrap_or_default();
        Ok(decode(&String::from_utf8_lossy(&line)))
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        let refusal = if !self.greeted {
            Some("503 5.5.1 say EHLO first")
        } else if self.office.options.security == Security::StartTlsRequired && !self.tls {
            Some("530 5.7.0 must issue a STARTTLS command first")
        } else if self.office.options.credentials.is_some() && self.user.is_none() {
            Some("530 5.7.0 authentication required")
        } else if self.from.is_some() {
            Some("503 5.5.1 a mail is under way")
        } else if declared_size(rest) > MESSAGE_BYTES_MAX {
            Some("552 5.3.4 message too big")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.say(refusal).await;
        }
        match address(rest, "FROM:") {
            Some(from) => {
                self.from = Some(from);
                let asked = rest.split_ascii_whitespace().any(|word| word == "SMTPUTF8");
                self.utf8 = asked && self.office.options.smtputf8;
                self.say("250 2.1.0 ok").await
            }
            None => self.say("501 5.5.4 syntax: MAIL FROM:<address>").await,
        }
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<Next> {
        if self.from.is_none() {
            self.say("503 5.5.1 MAIL first").await?;
            return Ok(Next::Go);
        }
        let Some(to) = address(rest, "TO:").filter(|to| !to.is_empty()) else {
            self.say("501 5.5.4 syntax: RCPT TO:<address>").await?;
            return Ok(Next::Go);
        };
        if !to.is_ascii() && !self.utf8 {
            self.say("553 5.6.7 SMTPUTF8 was not asked for").await?;
            return Ok(Next::Go);
        }
        match self.office.rules.strike(Some(&to), Moment::Recipient) {
            MailBehaviour::TryLater => self.say("450 4.2.1 mailbox busy, try later").await?,
            MailBehaviour::LocalError => self.say("451 4.3.0 local error").await?,
            MailBehaviour::Refuse => self.say("550 5.1.1 no such mailbox").await?,
            MailBehaviour::Unavailable => {
                self.say("421 4.3.2 service not available").await?;
                return Ok(Next::Close);
            }
            MailBehaviour::Stall => {
                self.stall().await?;
                return Ok(Next::Close);
            }
            _ => {
                self.to.push(to);
                self.say("250 2.1.5 ok").await?;
            }
        }
        Ok(Next::Go)
    }

    async fn data(&mut self) -> io::Result<Next> {
        if self.from.is_none() || self.to.is_empty() {
            self.say("503 5.5.1 no valid recipients").await?;
            return Ok(Next::Go);
        }
        self.say("354 end with a dot").await?;
        let Some(data) = self.content().await? else { return Ok(Next::Close) };
        self.office.step("content");
        let reaction = self
            .to
            .iter()
            .map(|to| self.office.rules.strike(Some(to), Moment::Content))
            .find(|reaction| *reaction != MailBehaviour::Accept)
            .unwrap_or_default();
        if reaction == MailBehaviour::TooBig || data.len() > MESSAGE_BYTES_MAX {
            self.reset();
            self.say("552 5.3.4 message too big").await?;
            return Ok(Next::Go);
        }
        let acknowledged = reaction != MailBehaviour::DropAfterData;
        self.taken += 1;
        self.office.deliver(Mail {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            data,
            at: self.office.clock.now(),
            tls: self.tls,
            user: self.user.clone(),
            acknowledged,
        });
        self.office.step("taken");
        if !acknowledged {
            return Ok(Next::Close);
        }
        self.say("250 2.0.0 queued").await?;
        Ok(Next::Go)
    }

    /// The message up to the lonely dot; `None` when the client closed before.
    async fn content(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut data = Vec::new();
        while let Some(line) = self.line().await? {
            if line == b"." {
                return Ok(Some(data));
            }
            if data.len() <= MESSAGE_BYTES_MAX {
                data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                data.extend_from_slice(b"\r\n");
            }
        }
        Ok(None)
    }
}

fn decode(text: &str) -> String {
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The address in `FROM:<…>` or `TO:<…>`.
fn address(rest: &str, word: &str) -> Option<String> {
    let head = rest.get(..word.len())?;
    let tail = rest.get(word.len()..)?.trim_start();
    let inner = tail.strip_prefix('<')?.split_once('>')?.0;
    head.eq_ignore_ascii_case(word).then(|| inner.to_owned())
}

fn declared_size(rest: &str) -> usize {
    let mut words = rest.split_ascii_whitespace();
    let size = words.find_map(|word| word.strip_prefix("SIZE="));
    size.and_then(|size| size.parse().ok()).unwrap_or_default()
}
