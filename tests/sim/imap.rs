//! What lies in the mailbox? A small IMAP server on loopback, with TLS or without, that keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::NaiveDate;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One mail of the mailbox.
#[derive(Clone, Debug)]
struct Held {
    uid: u32,
    day: NaiveDate,
    raw: Vec<u8>,
}

#[derive(Debug, Default)]
struct Mailbox {
    mails: Vec<Held>,
    validity: u32,
    next: u32,
    commands: Vec<String>,
}

struct Office {
    user: String,
    password: String,
    held: Mutex<Mailbox>,
}

impl Office {
    fn held(&self) -> MutexGuard<'_, Mailbox> {
        self.held.lock().expect("the mailbox is never poisoned")
    }
}

/// The running server. It stops when this is dropped.
pub struct ImapServer {
    /// Where it listens.
    pub addr: SocketAddr,
    office: Arc<Office>,
    _stop: watch::Sender<bool>,
    _task: JoinHandle<()>,
}

impl ImapServer {
    /// Listens on a free port of 127.0.0.1; over TLS from the first byte if wanted. As some providers do, it opens no
    /// mailbox to a client that did not say its name (`ID`).
    pub async fn start(user: &str, password: &str, tls: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let held = Mailbox { validity: 7, next: 1, ..Mailbox::default() };
        let (user, password) = (user.to_owned(), password.to_owned());
        let office = Arc::new(Office { user, password, held: Mutex::new(held) });
        let (stop, stopped) = watch::channel(false);
        let task = crate::task::spawn(accept(listener, Arc::clone(&office), tls, stopped));
        Ok(Self { addr, office, _stop: stop, _task: task })
    }

    /// Puts a mail into the mailbox, received on that day; returns its UID.
    pub fn put(&self, raw: &[u8], day: NaiveDate) -> u32 {
        let mut held = self.office.held();
        let uid = held.next;
        held.next += 1;
        held.mails.push(Held { uid, day, raw: raw.to_vec() });
        uid
    }

    /// The mailbox was made anew: the same mails, other UIDs.
    pub fn renumber(&self, validity: u32) {
        let mut held = self.office.held();
        held.validity = validity;
        held.mails.iter_mut().for_each(|mail| mail.uid += 100);
        held.next += 100;
    }

    /// Every command so far, without its tag and without passwords.
    pub fn commands(&self) -> Vec<String> {
        self.office.held().commands.clone()
    }
}

async fn accept(
    listener: TcpListener,
    office: Arc<Office>,
    tls: bool,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => return,
            },
            () = crate::task::stop_of(&mut stopped) => return,
        };
        let (office, mut stopped) = (Arc::clone(&office), stopped.clone());
        let _task = crate::task::spawn(async move {
            tokio::select! {
                ended = serve(stream, &office, tls) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "an IMAP conversation broke off");
                    }
                }
                () = crate::task::stop_of(&mut stopped) => {}
            }
        });
    }
}

async fn serve(stream: TcpStream, office: &Office, tls: bool) -> std::io::Result<()> {
    match tls {
        true => converse(crate::mail::acceptor().accept(stream).await?, office).await,
        false => converse(stream, office).await,
    }
}

/// How far one conversation has come.
#[derive(Default)]
struct Talk {
    logged_in: bool,
    named: bool,
    open: bool,
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    office: &Office,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"* OK [CAPABILITY IMAP4rev1 ID] sim ready\r\n").await?;
    let mut talk = Talk::default();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let shown = if command.starts_with("LOGIN") { "LOGIN" } else { command };
        office.held().commands.push(shown.to_owned());
        let answer = answer(office, &mut talk, tag, command);
        stream.write_all(&answer).await?;
        stream.flush().await?;
        if command == "LOGOUT" {
            return stream.shutdown().await;
        }
    }
}

fn answer(office: &Office, talk: &mut Talk, tag: &str, command: &str) -> Vec<u8> {
    let done = |lines: &str| format!("{lines}{tag} OK done\r\n").into_bytes();
    let no = |why: &str| format!("{tag} NO {why}\r\n").into_bytes();
    let held = office.held();
    if command == "CAPABILITY" {
        return done("* CAPABILITY IMAP4rev1 ID\r\n");
    }
    if command == "LOGOUT" {
        return done("* BYE\r\n");
    }
    if let Some(login) = command.strip_prefix("LOGIN ") {
        talk.logged_in = login == format!("\"{}\" \"{}\"", office.user, office.password);
        return if talk.logged_in { done("") } else { no("[AUTHENTICATIONFAILED] wrong password") };
    }
    if command.starts_with("ID (") {
        talk.named = true;
        return done("* ID NIL\r\n");
    }
    if command == "EXAMINE \"INBOX\"" && talk.logged_in {
        talk.open = talk.named;
        let (exists, validity, next) = (held.mails.len(), held.validity, held.next);
        let state = format!(
            "* {exists} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {validity}] ok\r\n\
             * OK [UIDNEXT {next}] ok\r\n* FLAGS (\\Seen)\r\n"
        );
        return if talk.open { done(&state) } else { no("Unsafe Login") };
    }
    if let Some(query) = command.strip_prefix("UID SEARCH ").filter(|_| talk.open) {
        let found = search(&held, query).iter().map(|uid| format!(" {uid}")).collect::<String>();
        return done(&format!("* SEARCH{found}\r\n"));
    }
    if let Some(query) = command.strip_prefix("UID FETCH ").filter(|_| talk.open) {
        let mut out = fetch(&held, query).unwrap_or_default();
        out.extend(done(""));
        return out;
    }
    format!("{tag} BAD what is that\r\n").into_bytes()
}

fn search(held: &Mailbox, query: &str) -> Vec<u32> {
    if let Some(day) = query.strip_prefix("SINCE ") {
        let day = NaiveDate::parse_from_str(day, "%d-%b-%Y").unwrap_or_default();
        return held.mails.iter().filter(|mail| mail.day >= day).map(|mail| mail.uid).collect();
    }
    let from = query.strip_prefix("UID ").and_then(|range| range.strip_suffix(":*"));
    let from: u32 = from.and_then(|from| from.parse().ok()).unwrap_or(u32::MAX);
    let last = held.mails.last().map(|mail| mail.uid);
    // `9:*` is `7:9` where 7 is the last one (RFC 3501 §6.4.8).
    held.mails.iter().map(|m| m.uid).filter(|uid| *uid >= from || Some(*uid) == last).collect()
}

fn fetch(held: &Mailbox, query: &str) -> Option<Vec<u8>> {
    let (uid, what) = query.split_once(' ')?;
    let uid: u32 = uid.parse().ok()?;
    let at = held.mails.iter().position(|mail| mail.uid == uid)?;
    let max =
        what.strip_prefix("(UID BODY.PEEK[]<0.")?.strip_suffix(">)")?.parse::<usize>().ok()?;
    let raw = &held.mails[at].raw;
    let raw = &raw[..raw.len().min(max)];
    let head = format!("* {} FETCH (UID {uid} BODY[]<0> {{{}}}\r\n", at + 1, raw.len());
    Some([head.as_bytes(), raw, b")\r\n"].concat())
}
