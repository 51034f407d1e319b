//! Is a store on disk taken up, refused, or taken up with a loss that somebody accepts?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::StoreOptions;
use super::directory;
use super::error::StoreError;
use super::promise::{self, Promise};
use super::sled_engine::{SledEngine, undo};
use super::spare::is_of_engine;
use super::tally::{Refused, Tallied, Why};

#[cfg(test)]
mod tests;

type Opened = Tallied<SledEngine>;

/// Opens or makes the store; what is not whole is refused and left as it was found, unless its loss
/// is accepted.
pub(super) fn open(dir: &Path, options: StoreOptions) -> Result<Opened, StoreError> {
    match attempt(dir, options, Tallied::over) {
        Err(error @ StoreError::Lost { .. }) if options.accept_loss => {
            tracing::warn!(%error, "the loss is accepted");
            report(&directory::copy_aside(dir, of_the_store)?);
            match attempt(dir, options, Tallied::accepting) {
                Err(error @ StoreError::Corrupt { .. }) => begin_anew(dir, options, &error),
                done => done,
            }
        }
        Err(error @ StoreError::Corrupt { .. }) if options.accept_loss => {
            begin_anew(dir, options, &error)
        }
        done => done,
    }
}

fn attempt(
    dir: &Path,
    options: StoreOptions,
    take: impl FnOnce(SledEngine, Promise) -> Result<Opened, Refused<SledEngine>>,
) -> Result<Opened, StoreError> {
    let (engine, spare) = SledEngine::open_revocable(dir, options.cache_bytes)?;
    let promise = Promise::open(dir)?;
    // The engine's answer to some damage is a panic.
    let why = match catch_unwind(AssertUnwindSafe(|| take(engine, promise))) {
        Ok(Ok(opened)) => return Ok(opened),
        Ok(Err(Refused { below, why })) => {
            drop(below);
            why
        }
        Err(_) => Why::Unreadable(StoreError::Engine("数据文件结构异常".to_owned())),
    };
    undo(dir, spare)?;
    let path = dir.to_owned();
    Err(match why {
        Why::Missing(missing) => StoreError::Lost { path, missing },
        Why::Unreadable(StoreError::Engine(detail)) => StoreError::Corrupt { path, detail },
        Why::Unreadable(error) => error,
    })
}

/// An empty store, with all that was there in quarantine.
fn begin_anew(dir: &Path, options: StoreOptions, error: &StoreError) -> Result<Opened, StoreError> {
    tracing::warn!(%error, "the loss is accepted; beginning with an empty store");
    report(&directory::set_aside(dir, of_the_store)?);
    attempt(dir, options, Tallied::over)
}

fn of_the_store(name: &str) -> bool {
    is_of_engine(name) || name == promise::FILE
}

fn report(files: &[std::path::PathBuf]) {
    for file in files {
        tracing::warn!(file = %file.display(), "kept of the damaged store");
    }
}
