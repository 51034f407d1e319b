//! Where is much work done, so that the other polls go on? On a thread of its own, apart from those
//! that carry the network.

use super::Response;

/// Bodies of more bytes than this are read apart.
const APART_BYTES: usize = 256 << 10;

/// Does work over an answer: at once when it is small, else apart. Dropping the future is harmless:
/// the work is bounded by the caps on what is read, and ends by itself.
pub async fn apart<T: Send + 'static>(
    response: Response,
    work: impl FnOnce(&Response) -> T + Send + 'static,
) -> T {
    if response.body.len() <= APART_BYTES {
        return work(&response);
    }
    match tokio::task::spawn_blocking(move || work(&response)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and drops this future, too.
            Err(_) => std::future::pending().await,
        },
    }
}
