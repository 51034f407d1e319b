//! How does a command come to the store? Through the running daemon, or straight, as the store's owner.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::control::{self, Response};
use crate::store::StoreError;

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
        become_owner(config)?;
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

/// Run by root on another user's store, the program starts again as that user: a file that root made there would
/// lock the daemon out.
fn become_owner(config: &Config) -> anyhow::Result<()> {
    let Ok(held) = std::fs::metadata(&config.store.path) else { return Ok(()) };
    let me = std::fs::metadata("/proc/self").map(|held| held.uid()).unwrap_or(u32::MAX);
    if me != 0 || held.uid() == 0 {
        return Ok(());
    }
    let program = std::env::current_exe().context("找不到自己的程序文件")?;
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .gid(held.gid())
        .uid(held.uid())
        .exec();
    Err(error).context("无法改以存储的属主身份运行")
}
