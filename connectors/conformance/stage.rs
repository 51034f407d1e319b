//! On what does a connector show itself? A scripted platform on loopback, spoken to over real HTTP.
//!
//! It is driven by the same task that polls (no task is spawned), so it ends when the poll does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use url::Url;

use crate::http::{HttpClient, HttpError, NetSettings};

/// Bytes of a request read at most.
const REQUEST_BYTES_MAX: usize = 256 << 10;

/// A request as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, `HEAD`.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query pairs, decoded.
    pub query: Vec<(String, String)>,
    /// Headers, lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Asked {
    /// The request as it stood on the wire, for servers that show it back.
    pub fn raw(&self) -> String {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{} {}?{query} HTTP/1.1\r\n{headers}\r\n{}", self.method, self.path, self.body)
    }

    /// The first query parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// What the platform answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Extra headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How the answer misbehaves on the wire.
    pub manner: Manner,
}

/// How an answer is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// As it should be.
    #[default]
    Whole,
    /// Half of the announced body, then the connection is closed.
    BrokenOff,
    /// Nothing is ever answered.
    Silent,
    /// The connection is closed without an answer.
    HungUp,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::status(200).header("content-type", content_type).body(body)
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::ok("application/json; charset=utf-8", value.to_string())
    }

    /// An empty answer with that status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The same, sent in this manner.
    #[must_use]
    pub fn manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}

/// What the platform does with a request.
pub trait Script: Send + Sync {
    /// The answer to one request.
    fn answer(&self, asked: &Asked) -> Answer;
}

impl<F: Fn(&Asked) -> Answer + Send + Sync> Script for F {
    fn answer(&self, asked: &Asked) -> Answer {
        self(asked)
    }
}

/// A scripted platform on a free loopback port.
pub struct Stage {
    listener: TcpListener,
    address: SocketAddr,
    log: Mutex<Vec<Asked>>,
    arrived: Notify,
}

impl Stage {
    /// Opens a stage; `Err` if no loopback port is free.
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, log: Mutex::default(), arrived: Notify::new() })
    }

    /// Its address, `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.address)).expect("a socket address is a valid host")
    }

    /// A client that may ask this stage (and nothing else that is private), without courtesy.
    pub fn client(&self) -> Result<HttpClient, HttpError> {
        HttpClient::new(NetSettings {
            allow_private: vec!["127.0.0.0/8".parse().expect("a literal network parses")],
            host_at_once: 0,
            host_per_minute: 0,
            ..NetSettings::default()
        })
    }

    /// What has been asked so far.
    pub fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers by `script` until `work` is done.
    pub async fn during<T>(&self, script: &dyn Script, work: impl Future<Output = T>) -> T {
        match select(std::pin::pin!(work), std::pin::pin!(self.serve(script))).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Starts `work`, and drops it as soon as its first request has arrived; `Some` if it ended
    /// before that.
    pub async fn drop_when_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let silent = |_: &Asked| Answer::status(200).manner(Manner::Silent);
        let asked = std::pin::pin!(self.arrived.notified());
        let work = std::pin::pin!(self.during(&silent, work));
        match select(work, asked).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    async fn serve(&self, script: &dyn Script) -> std::convert::Infallible {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    if let Ok((socket, _)) = accepted {
                        open.push(self.talk(socket, script));
                    }
                }
                Some(_) = open.next(), if !open.is_empty() => {}
            }
        }
    }

    /// One connection and one request: a connection kept open would outlive the task that serves
    /// it.
    async fn talk(&self, mut socket: TcpStream, script: &dyn Script) -> std::io::Result<()> {
        let mut buffer = Vec::new();
        if let Some(asked) = read_request(&mut socket, &mut buffer).await? {
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
            self.arrived.notify_waiters();
            let answer = script.answer(&asked);
            match answer.manner {
                Manner::HungUp => return Ok(()),
                Manner::Silent => futures::future::pending::<()>().await,
                Manner::Whole | Manner::BrokenOff => {}
            }
            let whole = answer.body.len();
            let mut head = format!(
                "HTTP/1.1 {} Scripted\r\ncontent-length: {whole}\r\nconnection: close\r\n",
                answer.status
            );
            for (name, value) in &answer.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            socket.write_all(head.as_bytes()).await?;
            let broken = answer.manner == Manner::BrokenOff;
            if asked.method != "HEAD" {
                let sent = if broken { whole / 2 } else { whole };
                socket.write_all(&answer.body[..sent]).await?;
            }
            socket.shutdown().await?;
        }
        Ok(())
    }
}

/// The next request, or `None` when the other side has closed.
async fn read_request(
    socket: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<Asked>> {
    loop {
        if let Some((asked, used)) = request_in(buffer) {
            buffer.drain(..used);
            return Ok(Some(asked));
        }
        if buffer.len() > REQUEST_BYTES_MAX || socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// A whole request at the start of the buffer, and its length.
fn request_in(buffer: &[u8]) -> Option<(Asked, usize)> {
    let head_length = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&buffer[..head_length]);
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let url = Url::parse("http://stage/").ok()?.join(target).ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut asked = Asked {
        method,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body: String::new(),
    };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = buffer.get(head_length..head_length.checked_add(length)?)?;
    asked.body = String::from_utf8_lossy(body).into_owned();
    Some((asked, head_length + length))
}
