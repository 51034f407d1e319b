//! Who received which letter? A real SMTP server on loopback that keeps every mail, and misbehaves when told to.

mod mime;
mod rules;
mod session;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use freshd_core::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::SimClock;
pub use mime::decode_words;
pub use rules::MailBehaviour;
pub(crate) use tls::acceptor;
pub use tls::ca_der;

/// One mail that was accepted (or taken in before the line was dropped).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The message, dots unstuffed, lines ended by CRLF.
    pub data: Vec<u8>,
    /// Simulated time of arrival.
    pub at: Timestamp,
    /// Did it come over TLS?
    pub tls: bool,
    /// Who had logged in.
    pub user: Option<String>,
    /// Was a 250 said to it? If not, the sender cannot know that it arrived.
    pub acknowledged: bool,
}

/// How connections are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// STARTTLS is neither offered nor understood.
    Plain,
    /// STARTTLS is offered; mail is taken without it, too.
    #[default]
    StartTls,
    /// STARTTLS is offered and mail is refused without it (530).
    StartTlsRequired,
    /// TLS from the first byte (`smtps`).
    Implicit,
}

/// How to run the server.
#[derive(Clone, Debug, Default)]
pub struct MailOptions {
    /// How connections are protected.
    pub security: Security,
    /// User and password; if set, mail is refused without AUTH (530), and AUTH is only offered over TLS.
    pub credentials: Option<(String, String)>,
    /// The port of 127.0.0.1; 0 = a free one. A fixed one lets a server come back at its old address.
    pub port: u16,
    /// After so many mails over one connection: 421, and it is closed.
    pub mails_per_connection: Option<u32>,
    /// Is SMTPUTF8 offered (RFC 6531)? Without it, addresses beyond ASCII are refused (553).
    pub smtputf8: bool,
}

/// Hears each step of a conversation before it is answered: the command's word, `content` when a message has come whole, `taken` when it
/// is kept.
pub type Probe = Box<dyn Fn(&str) + Send>;

/// What conversations share.
pub(crate) struct Office {
    pub(crate) clock: SimClock,
    pub(crate) options: MailOptions,
    pub(crate) rules: rules::Rules,
    book: Mutex<Book>,
    probe: Mutex<Option<Probe>>,
    arrived: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Book {
    mails: Vec<Mail>,
    connections: u64,
    plain_auth: u64,
}

impl Office {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("the mail book is never poisoned")
    }

    pub(crate) fn deliver(&self, mail: Mail) {
        self.book().mails.push(mail);
        self.arrived.send_modify(|count| *count += 1);
    }

    /// Tells the probe.
    pub(crate) fn step(&self, word: &str) {
        let probe = self.probe.lock().expect("the probe is never poisoned");
        probe.iter().for_each(|hear| hear(word));
    }

    pub(crate) fn note_plain_auth(&self) {
        self.book().plain_auth += 1;
    }
}

/// The running mail server. It stops when this is dropped.
pub struct MailServer {
    /// Where it listens.
    pub addr: SocketAddr,
    office: Arc<Office>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl MailServer {
    /// Listens on a free port of 127.0.0.1: STARTTLS offered, no login wanted.
    pub async fn start(clock: SimClock) -> std::io::Result<Self> {
        Self::start_with(clock, MailOptions::default()).await
    }

    /// Listens with these options. Fails if the port is taken.
    pub async fn start_with(clock: SimClock, options: MailOptions) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let addr = listener.local_addr()?;
        let office = Arc::new(Office {
            clock,
            options,
            rules: rules::Rules::default(),
            book: Mutex::default(),
            probe: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let task = crate::task::spawn(accept(listener, Arc::clone(&office), stopped));
        Ok(Self { addr, office, stop, task })
    }

    /// Every mail that arrived so far, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.office.book().mails.clone()
    }

    /// How many mails arrived so far.
    pub fn count(&self) -> usize {
        self.office.book().mails.len()
    }

    /// Waits until at least `count` mails arrived.
    pub async fn received(&self, count: usize) {
        let mut arrived = self.office.arrived.subscribe();
        let waited = arrived.wait_for(|so_far| *so_far >= count).await;
        waited.expect("the sender lives as long as the server");
    }

    /// Forgets the mails so far (the count of [`Self::received`] goes on).
    pub fn clear(&self) {
        self.office.book().mails.clear();
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.office.book().connections
    }

    /// How often a client sent AUTH over an unprotected connection: must stay 0.
    pub fn plain_auth_attempts(&self) -> u64 {
        self.office.book().plain_auth
    }

    /// Behaves so to this recipient, or to everybody (`None`), until told otherwise.
    pub fn set_behaviour(&self, recipient: Option<&str>, behaviour: MailBehaviour) {
        self.office.rules.set(recipient, behaviour, None);
    }

    /// Behaves so the next `times` times, then accepts.
    pub fn set_behaviour_times(
        &self,
        recipient: Option<&str>,
        behaviour: MailBehaviour,
        times: u32,
    ) {
        self.office.rules.set(recipient, behaviour, Some(times));
    }

    /// From now on hears each step; `None` = nobody does.
    pub fn set_probe(&self, probe: Option<Probe>) {
        *self.office.probe.lock().expect("the probe is never poisoned") = probe;
    }

    /// Stops listening, ends the conversations, and frees the port.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // An aborted task has ended too.
        let _ended = self.task.await;
    }
}

async fn accept(listener: TcpListener, office: Arc<Office>, mut stopped: watch::Receiver<bool>) {
    let acceptor = acceptor();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::task::yield_now().await;
                    continue;
                }
            },
            // Stopped, or the server was dropped.
            () = crate::task::stop_of(&mut stopped) => return,
        };
        office.book().connections += 1;
        let (office, acceptor, stopped) = (Arc::clone(&office), acceptor.clone(), stopped.clone());
        let _task = crate::task::spawn(converse(stream, office, acceptor, stopped));
    }
}

/// One connection to its end; a broken line is the client's affair.
async fn converse(
    stream: TcpStream,
    office: Arc<Office>,
    acceptor: tokio_rustls::TlsAcceptor,
    mut stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        ended = session::run(stream, &office, acceptor) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a mail conversation broke off");
            }
        }
        () = crate::task::stop_of(&mut stopped) => {}
    }
}

#[cfg(test)]
mod tests;
