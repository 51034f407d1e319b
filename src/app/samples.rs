//! Which program do the tests of the daemon share? One over a store in memory, by a clock that is told.

use std::path::Path;
use std::sync::Arc;

use freshd_core::Timestamp;
use freshd_core::fault::Fault;
use freshd_core::state::{SourceState, Standing};
use freshd_core::verdict::Outcome;

use super::App;
use crate::clock::{Clock, ManualClock};
use crate::config::{Args, Config, Surroundings};
use crate::report::samples::Sample;
use crate::store::{Due, Letter, LetterBody, Store};

/// Letters leave to this operator.
pub(crate) const SENDING: &str = "[mail]\nserver = \"smtp+insecure://127.0.0.1:2525\"\n\
    from = \"freshd@b.cn\"\noperators = [\"ops@b.cn\"]\noffice = \"政务公开办 0668-1\"\nmode = \"send\"\n";

/// Over a store in memory.
pub(crate) fn app(text: &str, now: Timestamp) -> (App, ManualClock) {
    over(text, now, Store::open_memory())
}

/// Over a store, as after a restart.
pub(crate) fn over(text: &str, now: Timestamp, store: Store) -> (App, ManualClock) {
    let file = Path::new("/dev/null/freshd.toml");
    let config = Config::parse(text, file, &Args::default(), &Surroundings::default()).unwrap();
    let clock = ManualClock::new(now);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    (App::over(config, store, shared).unwrap(), clock)
}

/// Keeps accounts with their states.
pub(crate) fn keep(app: &App, samples: &[Sample]) {
    let mut change = app.store().change();
    for (account, state, _) in samples {
        change.put_account(account);
        change.put_state(&account.id, state, Due::default()).unwrap();
    }
    app.store().commit(change).unwrap();
}

/// The account's first source fails with this since then.
pub(crate) fn failing(mut sample: Sample, fault: Fault, since: Timestamp) -> Sample {
    let held = SourceState {
        faults: vec![fault],
        failing_since: Some(since),
        failures: 1,
        ..SourceState::default()
    };
    sample.1.sources.insert(sample.0.sources[0].to_string(), held);
    sample
}

/// Its first source answered with nothing wrong.
pub(crate) fn clean(mut sample: Sample, at: Timestamp) -> Sample {
    let held = SourceState { last_ok: Some(at), ..SourceState::default() };
    sample.1.sources.insert(sample.0.sources[0].to_string(), held);
    sample
}

/// Has had this verdict since then.
pub(crate) fn standing(mut sample: Sample, verdict: Outcome, since: Timestamp) -> Sample {
    sample.1.standing = Some(Standing { verdict: Some(verdict), outcomes: Vec::new(), since });
    sample
}

/// All letters, newest first, with their texts.
pub(crate) fn letters(app: &App) -> Vec<(Letter, LetterBody)> {
    let mut all = Vec::new();
    app.store()
        .for_each_letter(|letter| {
            let body = app.store().letter_body(&letter.id)?.unwrap();
            all.push((letter, body));
            Ok(true)
        })
        .unwrap();
    all
}
