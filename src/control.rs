//! How does a command reach the running daemon? One JSON line over a Unix socket, and one JSON line back.
//!
//! **Invariant:** who asked is the kernel's word ([`Peer`]), never the request's; nothing here knows what a command
//! means, and a panic in one command answers that command only.

use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// Longest request, bytes: ledgers travel inside, as base64.
pub const LINE_BYTES_MAX: usize = 64 << 20;
/// Longest answer, bytes: a report on every account of a large ledger, some 4 KB each.
pub const ANSWER_BYTES_MAX: usize = 1 << 30;
/// Commands that may be under way at once; further ones wait to be accepted.
pub const COMMANDS_AT_ONCE: usize = 16;
/// How long a client may take to send its whole request or to take its answer.
pub const LINE_TIME_MAX: Duration = Duration::from_secs(30);
/// Who may speak to the socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// Who asked, by the kernel's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Process, where the kernel knows it.
    pub pid: Option<i32>,
}

/// What a command came to: the client prints it and exits with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Exit status.
    pub exit: i32,
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// Bytes for the file that the caller named, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Why a command could not be carried to the daemon, or the socket not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Another daemon listens there.
    #[error("{}:已有守护程序在这里监听", .0.display())]
    InUse(PathBuf),
    /// Something that is no socket has that name.
    #[error("{}:已有同名文件,而且不是控制接口;请移走它,或用 [store] socket 另指一个路径", .0.display())]
    NotASocket(PathBuf),
    /// The caller may not speak to the daemon.
    #[error("{}:没有权限;请用 root、用户 freshd 或组 freshd 的成员执行", .0.display())]
    Denied(PathBuf),
    /// A request longer than [`LINE_BYTES_MAX`], or an answer longer than [`ANSWER_BYTES_MAX`].
    #[error("请求超过 {} MiB,或回答超过 {} MiB", LINE_BYTES_MAX >> 20, ANSWER_BYTES_MAX >> 20)]
    TooLong,
    /// The daemon went away before it had answered: whether the command was carried out is unknown.
    #[error("守护程序没有回答就断开了;命令是否已执行,请用 freshd status 查看")]
    Closed,
    /// A line that is not what it should be.
    #[error("控制接口上的内容读不懂:{0}")]
    Malformed(#[from] serde_json::Error),
    /// The machine.
    #[error("控制接口 {}:{source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The open socket; its file goes away with it.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Opens the socket with mode 0660. A file that a killed daemon left behind is replaced; a living one is not.
    ///
    /// It is made under another name and then moved, so that it is never there with a wrong mode.
    pub async fn bind(path: &Path) -> Result<Self, ControlError> {
        let io = |source| ControlError::Io { path: path.to_owned(), source };
        if let Ok(held) = std::fs::symlink_metadata(path) {
            if !held.file_type().is_socket() {
                return Err(ControlError::NotASocket(path.to_owned()));
            }
            if UnixStream::connect(path).await.is_ok() {
                return Err(ControlError::InUse(path.to_owned()));
            }
        }
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".n");
        let fresh = PathBuf::from(fresh);
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&fresh).map_err(io)?;
        std::fs::set_permissions(&fresh, PermissionsExt::from_mode(SOCKET_MODE)).map_err(io)?;
        std::fs::rename(&fresh, path).map_err(io)?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "control socket was already gone");
        }
    }
}

/// Answers commands until `stop`; those under way are finished first.
///
/// A command that a client no longer waits for is still carried out.
pub async fn serve<H, F>(socket: &ControlSocket, handler: H, stop: CancellationToken)
where
    H: Fn(Peer, Value) -> F,
    F: Future<Output = Response>,
{
    let mut talks = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = talks.next(), if !talks.is_empty() => told(ended),
            accepted = socket.listener.accept(), if talks.len() < COMMANDS_AT_ONCE => match accepted {
                Ok((stream, _)) => talks.push(talk(stream, &handler, &stop)),
                Err(error) => {
                    tracing::warn!(%error, "control socket does not accept");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
    while let Some(ended) = talks.next().await {
        told(ended);
    }
}

fn told(ended: Result<(), ControlError>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "control connection ended badly");
    }
}

/// One request and its answer.
async fn talk<H, F>(
    mut stream: UnixStream,
    handler: &H,
    stop: &CancellationToken,
) -> Result<(), ControlError>
where
    H: Fn(Peer, Value) -> F,
    F: Future<Output = Response>,
{
    let lost = |source| ControlError::Io { path: PathBuf::new(), source };
    let held = stream.peer_cred().map_err(lost)?;
    let peer = Peer { uid: held.uid(), gid: held.gid(), pid: held.pid() };
    let asked = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        line = tokio::time::timeout(LINE_TIME_MAX, line(&mut stream, LINE_BYTES_MAX)) => line,
    };
    let request = match asked {
        Ok(Ok(line)) => serde_json::from_slice(&line).map_err(ControlError::from),
        Ok(Err(error)) => Err(error),
        Err(_) => return Err(ControlError::Closed),
    };
    let response = match request {
        Ok(request) => answered(handler, peer, request).await,
        Err(ControlError::Closed) => return Ok(()),
        Err(error) => Response { exit: 2, stderr: format!("{error}\n"), ..Response::default() },
    };
    let mut answer = serde_json::to_vec(&response)?;
    if answer.len() > ANSWER_BYTES_MAX {
        let stderr = format!("{}\n", ControlError::TooLong);
        answer = serde_json::to_vec(&Response { exit: 1, stderr, ..Response::default() })?;
    }
    answer.push(b'\n');
    let sent = tokio::time::timeout(LINE_TIME_MAX, async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    });
    sent.await.map_err(|_| ControlError::Closed)?.map_err(lost)
}

async fn answered<H, F>(handler: &H, peer: Peer, request: Value) -> Response
where
    H: Fn(Peer, Value) -> F,
    F: Future<Output = Response>,
{
    let work = AssertUnwindSafe(async { handler(peer, request).await });
    match work.catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(uid = peer.uid, "a command panicked");
            let stderr = "程序内部错误,命令没有完成;守护程序的日志里有详情\n".to_owned();
            Response { exit: 1, stderr, ..Response::default() }
        }
    }
}

/// Carries a request to the daemon; `None` when nobody listens at `path`.
pub async fn call(path: &Path, request: &Value) -> Result<Option<Response>, ControlError> {
    let io = |source| ControlError::Io { path: path.to_owned(), source };
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                io::ErrorKind::PermissionDenied => Err(ControlError::Denied(path.to_owned())),
                _ => Err(io(error)),
            };
        }
    };
    let mut line_out = serde_json::to_vec(request)?;
    if line_out.len() > LINE_BYTES_MAX {
        return Err(ControlError::TooLong);
    }
    line_out.push(b'\n');
    // A daemon that refuses early answers and closes; its answer says more than the broken pipe.
    let sent = stream.write_all(&line_out).await;
    match line(&mut stream, ANSWER_BYTES_MAX).await {
        Ok(line) => Ok(Some(serde_json::from_slice(&line)?)),
        Err(error) => sent.map_err(io).and(Err(error)),
    }
}

/// One line of at most `bytes_max` bytes, without its end.
async fn line(
    stream: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> Result<Vec<u8>, ControlError> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(bytes_max as u64 + 1));
    if reader.read_until(b'\n', &mut line).await.is_err() {
        return Err(ControlError::Closed);
    }
    match line.pop() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() >= bytes_max => Err(ControlError::TooLong),
        _ => Err(ControlError::Closed),
    }
}

#[cfg(test)]
mod tests;
