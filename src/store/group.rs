//! How do many callers share one flush? Group commit: whoever comes while a flush runs waits for
//! the next one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Shares flushes.
#[derive(Debug, Default)]
pub(crate) struct Group {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    started: u64,
    finished: u64,
    running: bool,
    waiting: usize,
}

impl Group {
    /// Returns after a flush that began after this call has succeeded; runs it if nobody else does.
    /// A failed flush is an error for its runner, and the others try for themselves.
    pub(crate) fn wait<E>(&self, flush: impl Fn() -> Result<(), E>) -> Result<(), E> {
        let mut state = self.lock();
        let needed = state.started + 1;
        while state.finished < needed {
            if state.running {
                state.waiting += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
                continue;
            }
            state.running = true;
            state.started += 1;
            let mut turn = Turn { group: self, number: state.started, done: false };
            drop(state);
            let outcome = flush();
            turn.done = outcome.is_ok();
            drop(turn);
            outcome?;
            state = self.lock();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the turn back even if the flush panics.
struct Turn<'a> {
    group: &'a Group,
    number: u64,
    done: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.group.lock();
        state.running = false;
        if self.done {
            state.finished = state.finished.max(self.number);
        }
        self.group.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;

    use super::Group;

    #[test]
    fn those_who_come_during_a_flush_share_the_next_one() {
        let (group, flushes) = (Group::default(), AtomicU64::new(0));
        let (entered, wait_entered) = mpsc::channel();
        let (release, wait_release) = mpsc::channel();
        let wait_release = std::sync::Mutex::new(wait_release);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                group.wait(|| {
                    flushes.fetch_add(1, Ordering::SeqCst);
                    entered.send(()).unwrap();
                    wait_release.lock().unwrap().recv().unwrap();
                    Ok::<(), ()>(())
                })
            });
            wait_entered.recv().unwrap();
            let later: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        group.wait(|| {
                            flushes.fetch_add(1, Ordering::SeqCst);
                            Ok::<(), ()>(())
                        })
                    })
                })
                .collect();
            while group.lock().waiting < 8 {
                std::thread::yield_now();
            }
            assert_eq!(
                flushes.load(Ordering::SeqCst),
                1,
                "nobody's promise rests on the running flush"
            );
            release.send(()).unwrap();
            first.join().unwrap().unwrap();
            later.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        });
        assert_eq!(flushes.load(Ordering::SeqCst), 2, "eight callers, one flush");
    }

    #[test]
    fn a_failed_or_panicking_flush_is_not_shared_and_blocks_nobody() {
        let group = Group::default();
        assert_eq!(group.wait(|| Err("full")), Err("full"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            group.wait(|| -> Result<(), ()> { panic!("inside the flush") })
        }));
        assert!(panicked.is_err());
        assert_eq!(group.wait(|| Ok::<(), ()>(())), Ok(()));
    }
}
