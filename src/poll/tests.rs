//! Is everything due polled once, politely, and lost never? Ticks over a store in memory and connectors of our own.

mod alike;
mod span;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use freshd_connectors::http::{HttpClient, NetSettings};
use freshd_connectors::{
    Connector, Descriptor, NoSecrets, PollContext, Registry, Target, TargetProblem,
};
use freshd_core::account::Lifecycle;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::schedule::Intervals;
use freshd_core::verdict::Outcome;
use futures::FutureExt;

use super::*;
use crate::clock::ManualClock;
use crate::config::Config;

/// Seconds after a Sunday noon in November.
pub(super) fn t(seconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_795_320_000 + seconds, 0).unwrap()
}

type Answer = dyn Fn(&str, Timestamp) -> Result<Observation, Fault> + Send + Sync;

/// A connector that answers as the test says, and writes down who was asked when.
pub(super) struct Fake {
    descriptor: Descriptor,
    answer: Box<Answer>,
    asked: Mutex<Vec<(String, Timestamp)>>,
    flying: AtomicUsize,
    most: AtomicUsize,
    /// Never answers.
    stalls: bool,
}

impl Fake {
    fn new(
        name: &'static str,
        answer: impl Fn(&str, Timestamp) -> Result<Observation, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            descriptor: Descriptor {
                name: name.into(),
                platform: "weibo".into(),
                channels: vec![Channel::posts()],
                proves_silence: true,
                lag_h: 0,
                courtesy: Courtesy::default(),
                about: "测试".into(),
            },
            answer: Box::new(answer),
            asked: Mutex::default(),
            flying: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            stalls: false,
        }
    }

    fn asked(&self) -> Vec<(String, Timestamp)> {
        self.asked.lock().unwrap().clone()
    }
}

struct Registered(Arc<Fake>);

#[async_trait]
impl Connector for Registered {
    fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        match target.as_str() {
            "bad" => Err(TargetProblem::new("不是标识", "写数字")),
            _ => Ok(()),
        }
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let fake = &self.0;
        fake.asked.lock().unwrap().push((target.as_str().to_owned(), cx.now));
        let now_flying = fake.flying.fetch_add(1, SeqCst) + 1;
        fake.most.fetch_max(now_flying, SeqCst);
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        if fake.stalls {
            std::future::pending::<()>().await;
        }
        let answer = (fake.answer)(target.as_str(), cx.now);
        fake.flying.fetch_sub(1, SeqCst);
        answer
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn credential(&self, target: &Target) -> Option<String> {
        target.as_str().split_once('@').map(|(_, name)| name.to_owned())
    }
}

/// A post of a day ago, and the proof that there is no other.
pub(super) fn fresh(_: &str, now: Timestamp) -> Result<Observation, Fault> {
    let sighting = Sighting {
        key: "a".to_owned(),
        channel: Channel::posts(),
        published: Published::at(t(0) - TimeDelta::days(1)),
        title: String::new(),
        url: None,
        pinned: false,
        repost: false,
    };
    let mut observation = Observation { sightings: vec![sighting], ..Observation::default() };
    observation.coverage.add(Channel::all(), now - TimeDelta::days(20), now);
    Ok(observation)
}

/// A connector named `fake` that answers so.
pub(super) fn answering(
    answer: impl Fn(&str, Timestamp) -> Result<Observation, Fault> + Send + Sync + 'static,
) -> Fake {
    Fake::new("fake", answer)
}

pub(super) struct Bench {
    pub(super) env: PollEnv,
    pub(super) clock: ManualClock,
    pub(super) fake: Arc<Fake>,
    stop: CancellationToken,
}

impl Bench {
    pub(super) fn new(fake: Fake, at_once: usize, per_minute: u32) -> Self {
        let fake = Arc::new(fake);
        let mut registry = Registry::default();
        registry.register(Arc::new(Registered(Arc::clone(&fake))));
        let net = NetSettings {
            allow_private: vec!["127.0.0.1/32".parse().unwrap()],
            host_at_once: 0,
            host_per_minute: 0,
            timeout: Duration::from_secs(5),
            ..Config::built_in().net
        };
        let courtesy = Courtesy { at_once: 0, per_minute };
        let budget = Duration::from_millis(if fake.stalls { 100 } else { 45_000 });
        let parts = Parts {
            means: Means {
                registry,
                http: HttpClient::new(net).unwrap(),
                secrets: Arc::new(NoSecrets),
                budget,
                at_once: BTreeMap::new(),
            },
            terms: Terms { policy: Config::built_in().policy(), intervals: Intervals::default() },
            at_once,
            courtesy: BTreeMap::from([(fake.descriptor.name.to_string(), courtesy)]),
            article_base: url::Url::parse("https://mp.weixin.qq.com").unwrap(),
            links: LinkTerms::default(),
        };
        let clock = ManualClock::new(t(0));
        let (store, metrics) = (Store::open_memory(), Arc::new(Metrics::new()));
        let env = PollEnv::new(store, Arc::new(clock.clone()), metrics, parts);
        Self { env, clock, fake, stop: CancellationToken::new() }
    }

    pub(super) fn add(&self, account: &Account, due: Option<Timestamp>) {
        let mut change = self.env.store.change();
        change.put_account(account);
        change.set_poll_due(&account.id, due);
        self.env.store.commit(change).unwrap();
    }

    /// `count` accounts, all due now.
    fn with(fake: Fake, count: u32, at_once: usize, per_minute: u32) -> Self {
        let bench = Self::new(fake, at_once, per_minute);
        (0..count).for_each(|n| bench.add(&account(&n.to_string()), Some(t(0))));
        bench
    }

    fn poller(&self) -> Poller {
        Poller::new(self.env.clone(), self.stop.clone())
    }

    async fn tick(&self) -> Tick {
        self.poller().tick().await.unwrap()
    }

    pub(super) fn state(&self, id: &AccountId) -> AccountState {
        self.env.store.state(id).unwrap().unwrap_or_default()
    }

    pub(super) fn due(&self, id: &AccountId) -> Option<Timestamp> {
        let all = self.env.store.due(Index::Poll, t(1_000_000_000), usize::MAX).unwrap();
        all.into_iter().find(|(_, held)| held == id).map(|(at, _)| at)
    }
}

pub(super) fn account(target: &str) -> Account {
    Account {
        id: AccountId::of("weibo", target),
        name: target.to_owned(),
        platform: "weibo".to_owned(),
        sources: vec![Source::new("fake", target)],
        ..Account::default()
    }
}

#[tokio::test]
async fn everything_due_is_polled_up_to_at_once_and_a_second_tick_does_nothing() {
    let bench = Bench::with(Fake::new("fake", fresh), 20, 4, 0);
    bench.add(&account("later"), Some(t(3600)));
    bench.add(&account("never"), None);
    let done = bench.tick().await;
    assert_eq!(done.did, 20);
    let most = bench.fake.most.load(SeqCst);
    assert!((2..=4).contains(&most), "in flight at once: {most}");
    let mut asked: Vec<String> = bench.fake.asked().into_iter().map(|(who, _)| who).collect();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 20, "each of them once");
    assert_eq!(done.next_wake, Some(t(3600)));
    let one = bench.state(&AccountId::of("weibo", "7"));
    assert_eq!(one.standing.unwrap().verdict, Some(Outcome::Pass));
    assert_eq!(bench.due(&AccountId::of("weibo", "7")), one.next_poll, "index and state agree");

    assert_eq!(bench.tick().await.did, 0);
    assert_eq!(bench.fake.asked().len(), 20);
    bench.clock.advance_to(t(3600));
    assert_eq!(bench.tick().await.did, 1);
}

#[tokio::test]
async fn closed_accounts_and_accounts_without_sources_leave_the_index() {
    let bench = Bench::new(Fake::new("fake", fresh), 4, 0);
    let closed = Account { lifecycle: Lifecycle::Deregistered, ..account("1") };
    let bare = Account { sources: vec![Source::new("manual", "x")], ..account("2") };
    bench.add(&closed, Some(t(0)));
    bench.add(&bare, Some(t(0)));
    assert_eq!(bench.tick().await, Tick { did: 0, next_wake: None });
    assert!(bench.fake.asked().is_empty());
}

#[tokio::test]
async fn an_unknown_connector_and_a_wrong_target_are_faults_of_the_account() {
    let bench = Bench::new(Fake::new("fake", fresh), 4, 0);
    let lost = Account { sources: vec![Source::new("nowhere", "1")], ..account("1") };
    bench.add(&lost, Some(t(0)));
    bench.add(&account("bad"), Some(t(0)));
    assert_eq!(bench.tick().await.did, 2);
    for (id, source) in [(&lost.id, "nowhere:1"), (&account("bad").id, "fake:bad")] {
        let held = bench.state(id).sources[source].clone();
        assert_eq!(
            (held.faults[0].scope, held.faults[0].kind),
            (FaultScope::Account, FaultKind::Refused)
        );
        assert!(bench.due(id).is_some_and(|due| due > t(3600)), "not hammered");
    }
    assert!(bench.fake.asked().is_empty());
    assert!(bench.env.pauses().is_empty(), "nobody else waits for it");
}

#[tokio::test]
async fn three_accounts_failing_pause_the_connector_and_it_is_tried_again_after() {
    let heals = move |who: &str, now: Timestamp| match now < t(60) {
        true => Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, "503")),
        false => fresh(who, now),
    };
    let bench = Bench::with(Fake::new("fake", heals), 10, 1, 0);
    assert_eq!(bench.tick().await.did, 3, "the other seven wait");
    let pauses = bench.env.pauses();
    assert_eq!((pauses.len(), pauses[0].accounts), (1, 3));
    let until = pauses[0].until;
    assert!(until > t(60));
    bench.clock.advance_to(until - TimeDelta::seconds(1));
    assert_eq!(bench.tick().await.did, 0);
    bench.clock.advance_to(until);
    assert_eq!(bench.tick().await.did, 7);
    assert!(bench.env.pauses().is_empty());
    bench.clock.advance_to(t(3600));
    assert_eq!(bench.tick().await.did, 3, "those that failed come back");
    assert!((0..10).all(|n| {
        let state = bench.state(&AccountId::of("weibo", &n.to_string()));
        state.standing.unwrap().verdict == Some(Outcome::Pass)
    }));
}

#[tokio::test]
async fn one_explicit_wish_stops_all_others_at_once_and_an_older_success_does_not_lift_it() {
    let limited = move |who: &str, now: Timestamp| match who {
        "1" if now < t(600) => {
            let fault = Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429");
            Err(fault.retry(Retry::After(600)))
        }
        _ => fresh(who, now),
    };
    // Three fly together: the last of them answers well after the wish was heard.
    let bench = Bench::with(Fake::new("fake", limited), 9, 3, 0);
    let before = bench.tick().await.did;
    assert!(before <= 4, "{before} were asked");
    assert_eq!(bench.env.pauses()[0].until, t(600));
    bench.clock.advance_to(t(599));
    assert_eq!(bench.tick().await.did, 0);
    assert!(bench.fake.asked().iter().all(|(_, at)| *at == t(0)));
    bench.clock.advance_to(t(600));
    assert!(bench.tick().await.did >= 9 - before);
}

#[tokio::test]
async fn a_wish_outlives_the_process_that_heard_it() {
    let limited = |_: &str, _| {
        let fault = Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429");
        Err(fault.retry(Retry::After(600)))
    };
    let first = Bench::with(Fake::new("fake", limited), 5, 1, 0);
    assert_eq!(first.tick().await.did, 1);
    let mut second = Bench::new(Fake::new("fake", fresh), 1, 0);
    let parts = std::mem::replace(&mut second.env, first.env.clone());
    let parts = Arc::try_unwrap(parts.parts).ok().unwrap().into_inner().unwrap();
    let parts = Arc::try_unwrap(parts).ok().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(second.clock.clone());
    second.env = PollEnv::new(first.env.store.clone(), clock, Arc::new(Metrics::new()), parts);
    assert_eq!(second.env.pauses()[0].until, t(600));
    second.clock.advance_to(t(599));
    assert_eq!(second.tick().await.did, 0, "started again, and still polite");
    second.clock.advance_to(t(601));
    assert!(second.tick().await.did >= 4);
}

#[tokio::test]
async fn a_credential_stops_only_those_that_use_it() {
    let refused = |who: &str, now: Timestamp| match who.ends_with("@a") {
        true => Err(Fault::new(FaultScope::Credential, FaultKind::Unauthorized, "40001")),
        false => fresh(who, now),
    };
    let bench = Bench::new(Fake::new("fake", refused), 1, 0);
    for n in 0..5 {
        bench.add(&account(&format!("{n}@a")), Some(t(n)));
        bench.add(&account(&format!("{n}@b")), Some(t(n)));
    }
    bench.clock.advance_to(t(10));
    assert_eq!(bench.tick().await.did, 8, "three on a, five on b");
    let paused = &bench.env.pauses()[0].group;
    assert_eq!(*paused, Group::Credential("fake".to_owned(), "a".to_owned()));
}

#[tokio::test]
async fn local_trouble_stops_everything() {
    let down = |_: &str, _| Err(Fault::new(FaultScope::Local, FaultKind::Unreachable, "无路由"));
    let bench = Bench::with(Fake::new("fake", down), 8, 1, 0);
    assert_eq!(bench.tick().await.did, 3);
    assert_eq!(bench.env.pauses()[0].group, Group::Connector("*".to_owned()));
}

#[tokio::test]
async fn a_panic_costs_one_lease_and_nothing_else() {
    let armed = Arc::new(AtomicUsize::new(1));
    let trap = Arc::clone(&armed);
    let answer = move |who: &str, now: Timestamp| {
        assert!(trap.swap(0, SeqCst) == 0, "a connector panics");
        fresh(who, now)
    };
    let bench = Bench::with(Fake::new("fake", answer), 3, 3, 0);
    let poller = bench.poller();
    assert!(AssertUnwindSafe(poller.tick()).catch_unwind().await.is_err());
    let lease = t(45) + TimeDelta::minutes(LEASE_MIN);
    for n in 0..3 {
        let due = bench.due(&AccountId::of("weibo", &n.to_string()));
        assert_eq!(due, Some(lease), "nobody is lost, nobody is asked in a crash loop");
    }
    assert_eq!(bench.tick().await.did, 0);
    bench.clock.advance_to(lease);
    assert_eq!(bench.tick().await.did, 3);
}

#[tokio::test]
async fn a_dropped_tick_leaves_leases_and_no_half_applied_poll() {
    let bench = Bench::with(Fake { stalls: true, ..Fake::new("fake", fresh) }, 2, 2, 0);
    {
        let poller = bench.poller();
        let mut tick = Box::pin(poller.tick());
        for _ in 0..10 {
            assert!(tick.as_mut().now_or_never().is_none());
        }
    }
    assert_eq!(bench.fake.asked().len(), 2);
    let id = AccountId::of("weibo", "0");
    assert_eq!(bench.state(&id), AccountState::default());
    let lease = t(0) + TimeDelta::milliseconds(100) + TimeDelta::minutes(LEASE_MIN);
    assert_eq!(bench.due(&id), Some(lease));
}

#[tokio::test]
async fn a_connector_that_never_answers_is_a_fault_after_its_budget() {
    let bench = Bench::with(Fake { stalls: true, ..Fake::new("fake", fresh) }, 1, 2, 0);
    assert_eq!(bench.tick().await.did, 1);
    let state = bench.state(&AccountId::of("weibo", "0"));
    assert_eq!(state.sources["fake:0"].faults[0].kind, FaultKind::TimedOut);
    assert_eq!(state.standing.unwrap().verdict, Some(Outcome::Undetermined));
}

#[tokio::test]
async fn courtesy_holds_in_every_minute_and_nobody_is_left_out() {
    let bench = Bench::with(Fake::new("fake", fresh), 50, 64, 6);
    let mut ticks = 0;
    while bench.fake.asked().len() < 50 {
        let done = bench.tick().await;
        let wake = done.next_wake.unwrap();
        assert!(wake > bench.clock_now(), "no spinning");
        bench.clock.advance_to(wake);
        ticks += 1;
        assert!(ticks < 200);
    }
    let times: Vec<Timestamp> = bench.fake.asked().into_iter().map(|(_, at)| at).collect();
    for start in &times {
        let end = *start + TimeDelta::minutes(1);
        let within = times.iter().filter(|at| *at >= start && **at < end).count();
        assert!(within <= 6, "{within} in the minute from {start}");
    }
    let span = *times.last().unwrap() - times[0];
    assert!(span <= TimeDelta::minutes(9), "and the slots are used: {span}");
}

impl Bench {
    fn clock_now(&self) -> Timestamp {
        self.env.clock.now()
    }
}

#[tokio::test]
async fn the_stop_ends_claiming_and_lets_polls_finish() {
    let stop = CancellationToken::new();
    let trigger = stop.clone();
    let answer = move |who: &str, now: Timestamp| {
        trigger.cancel();
        fresh(who, now)
    };
    let bench = Bench { stop, ..Bench::with(Fake::new("fake", answer), 10, 2, 0) };
    assert_eq!(bench.tick().await.did, 2, "the two in flight are applied");
    assert_eq!(bench.fake.asked().len(), 2);
    assert_eq!(bench.tick().await.did, 0);
}

#[tokio::test]
async fn an_account_that_is_deleted_in_flight_leaves_nothing_behind() {
    let store: Arc<Mutex<Option<Store>>> = Arc::default();
    let held = Arc::clone(&store);
    let answer = move |who: &str, now: Timestamp| {
        let store = held.lock().unwrap().clone().unwrap();
        let mut change = store.change();
        change.delete_account(&AccountId::of("weibo", "0"));
        store.commit(change).unwrap();
        fresh(who, now)
    };
    let bench = Bench::with(Fake::new("fake", answer), 1, 1, 0);
    *store.lock().unwrap() = Some(bench.env.store.clone());
    assert_eq!(bench.tick().await, Tick { did: 1, next_wake: None });
    let id = AccountId::of("weibo", "0");
    assert!(bench.env.store.account(&id).unwrap().is_none());
    assert!(bench.env.store.state::<AccountState>(&id).unwrap().is_none());
    assert_eq!(bench.due(&id), None);
}

#[tokio::test]
async fn a_poll_by_hand_ignores_our_own_waits_but_no_servers_wish() {
    let answer = |who: &str, now: Timestamp| match who {
        "1" => {
            let fault = Fault::new(FaultScope::Platform, FaultKind::RateLimited, "429");
            Err(fault.retry(Retry::After(600)))
        }
        _ => fresh(who, now),
    };
    let bench = Bench::with(Fake::new("fake", answer), 4, 1, 0);
    bench.tick().await;
    let asked = bench.fake.asked().len();
    assert!(asked < 4, "the tick stopped at the wish");
    let ids: Vec<AccountId> = (0..4).map(|n| AccountId::of("weibo", &n.to_string())).collect();
    let reports = bench.poller().poll_now(&ids, false, |_| ()).await.unwrap();
    assert_eq!(reports.len(), 4);
    assert!(reports.iter().all(|report| report.waiting.len() == 1), "told, each of them");
    assert_eq!(bench.fake.asked().len(), asked, "the platform asked to be left alone");
    bench.clock.advance_to(t(600));
    let reports = bench.poller().poll_now(&ids[2..], false, |_| ()).await.unwrap();
    assert_eq!(bench.fake.asked().len(), asked + 2);
    assert!(reports.iter().all(|report| !report.has_fault()));
    let order: Vec<&AccountId> = reports.iter().map(|report| &report.account.id).collect();
    assert_eq!(order, [&ids[2], &ids[3]]);

    let down = |_: &str, _| Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, "503"));
    let bench = Bench::with(Fake::new("fake", down), 5, 1, 0);
    assert_eq!(bench.tick().await.did, 3, "the breaker is open");
    let reports = bench.poller().poll_now(&ids, false, |_| ()).await.unwrap();
    assert_eq!(bench.fake.asked().len(), 7, "a person may look nevertheless");
    assert!(reports.iter().all(now::PollReport::has_fault));
}
