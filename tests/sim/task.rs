//! Who runs beside us? The one place of the simulator that starts a task.

use std::future::Future;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Starts a listener or a conversation; it ends when its stop signal comes or its handle is aborted.
#[expect(clippy::disallowed_methods, reason = "servers of the simulator run beside the test")]
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(work)
}

/// Ends when the signal to stop comes, or when nobody is left who could give it.
pub(crate) async fn stop_of(signal: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone: stop as well.
    let _told = signal.wait_for(|stop| *stop).await;
}
