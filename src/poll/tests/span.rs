//! Does a tick end although there is always more, and does a clock that stands still poll it all?

use chrono::DateTime;
use freshd_connectors::connector::{Connector, Descriptor, TargetProblem};
use freshd_connectors::{PollContext, Target};
use freshd_core::account::Source;
use freshd_core::fault::Fault;
use freshd_core::id::Channel;
use freshd_core::observation::Observation;

use crate::clock::ManualClock;
use crate::config::Config;
use crate::poll::*;

/// Each answer takes this long.
struct Slow(Descriptor, ManualClock, TimeDelta);

#[async_trait::async_trait]
impl Connector for Slow {
    fn descriptor(&self) -> &Descriptor {
        &self.0
    }

    fn admit(&self, _: &Target) -> Result<(), TargetProblem> {
        Ok(())
    }

    async fn poll(&self, _: &Target, _: &PollContext<'_>) -> Result<Observation, Fault> {
        self.1.advance_to(self.1.now() + self.2);
        Ok(Observation::default())
    }

    async fn probe(&self, _: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

fn poller(takes: TimeDelta) -> (Poller, ManualClock) {
    let start = DateTime::from_timestamp(1_795_312_800, 0).unwrap();
    let clock = ManualClock::new(start);
    let mut parts = crate::app::parts(&Config::built_in()).unwrap();
    let facts = Descriptor {
        name: "slow".into(),
        platform: "slow".into(),
        channels: vec![Channel::posts()],
        proves_silence: false,
        lag_h: 0,
        courtesy: Courtesy { at_once: 0, per_minute: 0 },
        about: "".into(),
    };
    parts.means.registry.register(Arc::new(Slow(facts, clock.clone(), takes)));
    parts.at_once = 1;
    let store = Store::open_memory();
    let mut change = store.change();
    for n in 0..20 {
        let id = AccountId::of("slow", &n.to_string());
        let sources = vec![Source::new("slow", n.to_string())];
        change.put_account(&Account { id: id.clone(), sources, ..Account::default() });
        change.set_poll_due(&id, Some(start));
    }
    store.commit(change).unwrap();
    let env = PollEnv::new(store, Arc::new(clock.clone()), Arc::new(Metrics::new()), parts);
    (Poller::new(env, CancellationToken::new()), clock)
}

#[tokio::test]
async fn a_tick_ends_after_half_a_minute_and_wants_to_go_on_at_once() {
    let (poller, clock) = poller(TimeDelta::seconds(10));
    let mut ticks = Vec::new();
    loop {
        let tick = poller.tick().await.unwrap();
        ticks.push(tick.did);
        if tick.next_wake.is_none_or(|at| at > clock.now()) {
            break;
        }
    }
    assert_eq!(ticks, [3, 3, 3, 3, 3, 3, 2]);
}

#[tokio::test]
async fn a_clock_that_stands_still_polls_all_that_is_due() {
    let (poller, clock) = poller(TimeDelta::zero());
    let tick = poller.tick().await.unwrap();
    assert_eq!(tick.did, 20);
    assert!(tick.next_wake.is_some_and(|at| at > clock.now()));
}
