//! Which pages do the links lead to? Many sites, each a port of its own, in a child process that counts what it is asked.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// First argument of the child.
pub const CHILD: &str = "--bench-sites";

/// The sites as their parent sees them.
pub struct Sites {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Where each of them answers.
    pub ports: Vec<u16>,
}

/// Asks how many pages were served.
pub struct Counter(std::net::TcpStream);

impl Sites {
    /// Starts so many.
    pub fn start(count: usize) -> Self {
        let program = std::env::current_exe().expect("a program knows itself");
        let mut child = Command::new(program)
            .args([CHILD, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sites start");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("they say their ports");
        let ports = line.split_whitespace().map(|port| port.parse().expect("a port")).collect();
        Self { stdin: child.stdin.take(), child, ports }
    }

    /// A line to the counter.
    pub fn counter(&self) -> Counter {
        let stream = std::net::TcpStream::connect(("127.0.0.1", self.ports[0]));
        Counter(stream.expect("they listen"))
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        self.stdin.take();
        let _ = self.child.wait();
    }
}

impl Counter {
    /// Pages served so far.
    pub fn served(&mut self) -> usize {
        self.0.write_all(b"GET /served HTTP/1.1\r\n\r\n").expect("they listen");
        let (mut held, mut byte) = (Vec::new(), [0]);
        while held.last() != Some(&b'\n') || held.ends_with(b"\r\n") {
            self.0.read_exact(&mut byte).expect("they answer");
            held.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&held).into_owned();
        text.lines().last().and_then(|line| line.parse().ok()).expect("a number")
    }
}

/// The child.
pub fn serve(args: &[String]) {
    let count: usize = args[0].parse().expect("a number");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (served, page): (Rc<Cell<usize>>, Rc<[u8]>) = (Rc::default(), page().into());
        let mut ports = Vec::new();
        for _ in 0..count {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback listens");
            ports.push(listener.local_addr().expect("it has an address").port().to_string());
            let (served, page) = (Rc::clone(&served), Rc::clone(&page));
            tokio::task::spawn_local(async move {
                loop {
                    let (stream, _) = listener.accept().await.expect("connections come");
                    let _ = stream.set_nodelay(true);
                    let (served, page) = (Rc::clone(&served), Rc::clone(&page));
                    tokio::task::spawn_local(connection(stream, served, page));
                }
            });
        }
        println!("{}", ports.join(" "));
        std::future::pending::<()>().await;
    });
}

async fn connection(mut stream: TcpStream, served: Rc<Cell<usize>>, page: Rc<[u8]>) {
    let (mut held, mut chunk) = (Vec::with_capacity(4096), vec![0; 4096]);
    loop {
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        held.extend_from_slice(&chunk[..read]);
        while let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            let count = held.starts_with(b"GET /served ");
            held.drain(..end + 4);
            let written = if count {
                let body = format!("{}\n", served.get());
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await
            } else {
                served.set(served.get() + 1);
                stream.write_all(&page).await
            };
            if written.is_err() {
                return;
            }
        }
    }
}

/// A service page of a government site, 6 KiB: a heading, text, a list of links.
fn page() -> Vec<u8> {
    let text = "申请人应当如实提交有关材料,受理机关自受理之日起二十个工作日内作出决定。".repeat(24);
    let links: String = (0..20)
        .map(|n| format!("<li><a href=\"/bszn/{n}.html\">第{n}项 办理材料和流程</a></li>"))
        .collect();
    let body = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>办事指南 - 某市人民政府</title></head><body>\
         <h1>办事指南</h1><p>发布时间:2026-09-01</p><p>{text}</p><ul>{links}</ul></body></html>"
    );
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: bench";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
