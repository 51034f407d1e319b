//! What is polled? The least HTTP server that there is, in a child process, so that its work is counted apart.
//!
//! Every body is made ahead (`/prepare`), so that a request costs a look in a table. It ends with its standard input.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;

use chrono::DateTime;
use freshd_core::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::bytes::Bytes;
use url::Url;

use crate::world::{Kind, bodies};

/// First argument of the child.
pub const CHILD: &str = "--bench-server";

/// The server as its parent sees it.
pub struct Server {
    child: Child,
    _stdin: Option<ChildStdin>,
    /// Where it answers.
    pub base: Url,
    control: std::net::TcpStream,
}

impl Server {
    /// Starts it.
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("a program knows itself");
        let mut child = Command::new(program)
            .arg(CHILD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says its address");
        let address = line.trim();
        let base = Url::parse(&format!("http://{address}/")).expect("an address");
        let control = std::net::TcpStream::connect(address).expect("it listens");
        control.set_nodelay(true).expect("a socket");
        Self { _stdin: child.stdin.take(), child, base, control }
    }

    /// Makes the bodies of `count` accounts as they are at `now`.
    pub fn prepare(&mut self, kind: Kind, count: usize, now: Timestamp) {
        let name = kind.name();
        let now = now.timestamp();
        self.ask(&format!("/prepare?kind={name}&count={count}&now={now}"));
    }

    /// Requests answered so far, these aside.
    pub fn served(&mut self) -> u64 {
        self.ask("/served").trim().parse().expect("a number")
    }

    fn ask(&mut self, path: &str) -> String {
        use std::io::Write;
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        self.control.write_all(request.as_bytes()).expect("the server listens");
        let mut held = Vec::new();
        let mut chunk = [0; 1024];
        loop {
            let read = self.control.read(&mut chunk).expect("the server answers");
            assert!(read > 0, "the server has ended");
            held.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&held);
            if let Some((_, body)) = text.split_once("\r\n\r\n")
                && body.ends_with('\n')
            {
                return body.to_owned();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self._stdin.take();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Table {
    /// Whole answers by account, then by request of a poll.
    answers: Vec<Vec<Bytes>>,
    first: usize,
    served: u64,
}

/// The child.
pub fn serve() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback listens");
        println!("{}", listener.local_addr().expect("it has an address"));
        let table = Rc::new(RefCell::new(Table::default()));
        loop {
            let (stream, _) = listener.accept().await.expect("connections come");
            let _ = stream.set_nodelay(true);
            tokio::task::spawn_local(connection(stream, Rc::clone(&table)));
        }
    });
}

async fn connection(mut stream: TcpStream, table: Rc<RefCell<Table>>) {
    let mut held = Vec::with_capacity(4096);
    let mut chunk = vec![0; 4096];
    loop {
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        held.extend_from_slice(&chunk[..read]);
        while let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            let line = held.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let path = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let path = String::from_utf8_lossy(path).into_owned();
            held.drain(..end + 4);
            let answer = table.borrow_mut().answer(&path);
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

impl Table {
    fn answer(&mut self, path: &str) -> Bytes {
        match path.split_once('?') {
            None => whole(&format!("{}\n", self.served)),
            Some(("/prepare", query)) => {
                self.prepare(query);
                whole("ready\n")
            }
            Some((path, query)) => {
                self.served += 1;
                let id = value(query, "columnId=").or_else(|| value(query, "uid="));
                let request = usize::from(path.ends_with("user_timeline.json"));
                let n = id.unwrap_or_default() as usize - self.first;
                self.answers[n][request].clone()
            }
        }
    }

    fn prepare(&mut self, query: &str) {
        let kind = if query.contains("kind=weibo") { Kind::Weibo } else { Kind::Nanfang };
        let count = value(query, "count=").unwrap_or_default() as usize;
        let now = DateTime::from_timestamp(value(query, "now=").unwrap_or_default(), 0);
        let now = now.expect("an instant");
        self.first = kind.number(0);
        let answers = |n| bodies(kind, n, now).iter().map(|body| whole(body)).collect();
        self.answers = (0..count).map(answers).collect();
    }
}

fn value(query: &str, name: &str) -> Option<i64> {
    query.split('&').find_map(|pair| pair.strip_prefix(name))?.parse().ok()
}

fn whole(body: &str) -> Bytes {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nServer: bench";
    Bytes::from(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}
