//! Which questions can be asked together? Polls that ask the App Store at the same moment share one
//! call, and no minute sees more calls than the store allows.
//!
//! No clock and no task: the first poll to come lets the others that are ready go first, then asks for
//! all of them. When it is dropped on the way, the next one that waits takes over.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use serde_json::Value;
use tokio::sync::OnceCell;

/// Ids in one call.
pub(super) const IDS_MAX: usize = 50;
/// Times that the first poll lets others go first.
const YIELDS: usize = 4;

/// The answer for everybody who shared the call: where it came from, what it was, and how many ids it was
/// asked for.
pub(super) type Shared = Result<Arc<(String, Value, usize)>, Fault>;

/// Gathers questions.
#[derive(Default)]
pub(super) struct Batcher(Mutex<Option<Arc<Batch>>>);

#[derive(Default)]
struct Batch {
    ids: Mutex<BTreeSet<String>>,
    answer: OnceCell<Shared>,
}

impl Batcher {
    /// The answer of the call that holds this id; `ask` makes it, for the poll that has to.
    pub(super) async fn ask<F: Future<Output = Shared>>(
        &self,
        id: &str,
        ask: impl FnOnce(Vec<String>) -> F,
    ) -> Shared {
        let batch = self.join(id);
        let asked = batch.answer.get_or_init(|| async {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            self.close(&batch);
            let ids = lock(&batch.ids).iter().cloned().collect();
            ask(ids).await
        });
        asked.await.clone()
    }

    /// The batch that is still open, or a new one.
    fn join(&self, id: &str) -> Arc<Batch> {
        let mut open = lock(&self.0);
        let batch = open.get_or_insert_default();
        lock(&batch.ids).insert(id.to_owned());
        let batch = Arc::clone(batch);
        if lock(&batch.ids).len() >= IDS_MAX {
            *open = None;
        }
        batch
    }

    fn close(&self, batch: &Arc<Batch>) {
        let mut open = lock(&self.0);
        if open.as_ref().is_some_and(|held| Arc::ptr_eq(held, batch)) {
            *open = None;
        }
    }
}

/// Counts calls in the polls' own time.
#[derive(Default)]
pub(super) struct Pace(Mutex<VecDeque<Timestamp>>);

impl Pace {
    /// Takes a place for one more call; a fault that says when, once this minute has had `per_minute`.
    pub(super) fn take(&self, per_minute: usize, now: Timestamp) -> Result<(), Fault> {
        let mut calls = lock(&self.0);
        let minute = TimeDelta::minutes(1);
        // A clock that was set back must not block for longer than a minute.
        calls.retain(|at| *at > now - minute && *at <= now + minute);
        if calls.len() < per_minute {
            calls.push_back(now);
            return Ok(());
        }
        let first = calls.iter().min().copied().unwrap_or(now);
        let wait = (first + minute - now).num_seconds().clamp(1, 120).unsigned_abs();
        let detail = format!("应用商店每分钟只许查询 {per_minute} 次,本机先等候");
        let fault = Fault::new(FaultScope::Platform, FaultKind::RateLimited, detail);
        Err(fault.retry(Retry::After(wait)))
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
