//! How does a command come to the store? Through the running daemon, or straight, as the store's owner.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;

use super::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::{self, Response};
use crate::store::StoreError;

/// The hidden command of the child that carries a request out as the store's owner.
pub const CARRY_OUT: &str = "carry-out";
/// How long a command waits for another holder of the store.
const WAIT_MAX: Duration = Duration::from_secs(10);
const WAIT_STEP: Duration = Duration::from_millis(200);

/// Where a command is carried out.
pub enum Reached {
    /// The daemon did it.
    Answered(Response),
    /// The store is ours for the moment.
    Ours(App),
}

/// Sends the request to the daemon if one listens, else opens the store; waits up to 10 s when somebody else is
/// about to start or to stop.
pub async fn reach(config: &Config, request: &serde_json::Value) -> anyhow::Result<Reached> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(response) = control::call(&config.store.socket, request).await? {
            return Ok(Reached::Answered(response));
        }
        if let Some(owner) = other_owner(config) {
            return Ok(Reached::Answered(as_owner(config, owner, request).await?));
        }
        match App::open(config.clone(), Arc::new(SystemClock)) {
            Ok(app) => return Ok(Reached::Ours(app)),
            Err(error) if is_held(&error) && waited < WAIT_MAX => {
                tokio::time::sleep(WAIT_STEP).await;
                waited += WAIT_STEP;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Held { .. }))
}

/// The user and group that own the store, if this is root and they are somebody else: a file that root made there
/// would lock the daemon out.
fn other_owner(config: &Config) -> Option<(u32, u32)> {
    let held = std::fs::metadata(&config.store.path).ok()?;
    let me = std::fs::metadata("/proc/self").map(|held| held.uid()).unwrap_or(u32::MAX);
    (me == 0 && held.uid() != 0).then(|| (held.uid(), held.gid()))
}

/// Has a child that runs as the store's owner carry the request out. Files named on the command line were read before
/// and travel inside; the answer's file is written after, both as root.
async fn as_owner(
    config: &Config,
    (uid, gid): (u32, u32),
    request: &serde_json::Value,
) -> anyhow::Result<Response> {
    let program = std::env::current_exe().context("找不到自己的程序文件")?;
    let mut child = tokio::process::Command::new(&program)
        .arg("--config")
        .arg(std::path::absolute(&config.file)?)
        .arg("--store")
        .arg(std::path::absolute(&config.store.path)?)
        .arg(CARRY_OUT)
        .args(["--asked-by", "0"])
        .uid(uid)
        .gid(gid)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| {
            let program = program.display();
            format!("无法改以存储的属主(uid {uid})运行 {program};该用户须能执行这个程序文件")
        })?;
    let mut line = child.stdin.take().context("子进程没有标准输入")?;
    // A child that refuses early says why on its output; that says more than the broken pipe.
    let sent = line.write_all(&serde_json::to_vec(request)?).await;
    drop(line);
    let ended = child.wait_with_output().await?;
    match serde_json::from_slice(&ended.stdout) {
        Ok(response) => Ok(response),
        Err(_) => {
            sent?;
            anyhow::bail!(
                "以存储的属主(uid {uid})执行没有成功({});配置 {} 和它引用的文件须让该用户可读,或直接以该用户执行",
                ended.status,
                config.file.display()
            )
        }
    }
}
