//! How many bytes does an account take on disk after a year of daily polls?

use chrono::TimeDelta;
use freshd::store::Retention;
use freshd_core::Timestamp;

use crate::Plan;
use crate::measure::{heading, line};
use crate::polls::{Bench, runtime};
use crate::world::{self, Kind};

/// Accounts of the year.
const ACCOUNTS: usize = 300;

/// Measures a year of everything kept, and one with a short retention.
pub fn run(plan: &Plan) {
    let days = 365 / plan.shrink as i64;
    heading(&format!(
        "disk: {ACCOUNTS} accounts, {days} days, a poll a day, a post every two days"
    ));
    for kept in [400_u32, 30] {
        let bytes = year(plan, days, kept) as f64 / ACCOUNTS as f64;
        let what = format!("bytes per account, {kept} days of journal and evidence kept");
        line(&what, &format!("{bytes:>9.0}"));
    }
}

fn year(plan: &Plan, days: i64, kept: u32) -> u64 {
    let directory = tempfile::tempdir_in(&plan.scratch).expect("a directory");
    let runtime = runtime();
    let mut bench = Bench::new(directory.path(), Kind::Nanfang, ACCOUNTS);
    let keep =
        Retention { journal_days: kept, evidence_days: kept, letters_days: kept, links_days: kept };
    let mut now = world::start();
    let end = now + TimeDelta::days(days);
    while now < end {
        bench.advance(now);
        bench.tick(&runtime);
        tidy(&bench, now, &keep);
        now += TimeDelta::days(1);
    }
    bench.env.store.barrier_blocking().expect("the disk works");
    bench.env.store.size_on_disk().expect("the store has a size")
}

/// As the daemon's upkeep does.
fn tidy(bench: &Bench, now: Timestamp, keep: &Retention) {
    while bench.env.store.prune(now, keep).expect("the store works").more {}
}
