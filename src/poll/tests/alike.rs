//! Eight accounts said to have ended at once are the platform's trouble: also the first four, and after a restart.

use freshd_core::observation::{DownloadSign, Profile, ProfileState};
use freshd_core::rulebook::Rule;
use freshd_core::verdict::judge;

use super::*;

const COUNT: u32 = 8;

fn ended(bench: &Bench) -> Vec<String> {
    let policy = Config::built_in().policy();
    let mut found = Vec::new();
    for n in 0..COUNT {
        let it = bench.env.store.account(&account(&n.to_string()).id).unwrap().unwrap();
        let judged = judge(&it, &bench.state(&it.id), &policy, bench.clock.now());
        let bad = |rule| judged.ruling(rule).is_some_and(|held| held.outcome == Outcome::Fail);
        if bad(Rule::AccountGone) || bad(Rule::AppUnusable) {
            found.push(it.id.to_string());
        }
        let states = bench.state(&it.id).history.states;
        assert!(states.newest(bench.clock.now()).is_none(), "nothing of it is believed");
    }
    found
}

#[tokio::test]
async fn the_first_of_many_that_ended_at_once_are_not_believed_either() {
    let gone = |_: &str, _: Timestamp| {
        let profile = Some(Profile { state: ProfileState::Deregistered, ..Profile::default() });
        Ok(Observation { profile, ..Observation::default() })
    };
    let bench = Bench::with(answering(gone), COUNT, 4, 0);
    for hours in [0, 2, 30] {
        bench.clock.advance_to(t(hours * 3600));
        let ids: Vec<AccountId> = (0..COUNT).map(|n| account(&n.to_string()).id).collect();
        // A command that polls once, and ends: the next one begins anew.
        let env = PollEnv::new(
            bench.env.store.clone(),
            Arc::new(bench.clock.clone()),
            Arc::new(Metrics::new()),
            Parts { courtesy: BTreeMap::new(), ..parts_of(&bench) },
        );
        let poller = Poller::new(env, CancellationToken::new());
        poller.poll_now(&ids, false, |_| {}).await.unwrap();
        assert_eq!(ended(&bench), Vec::<String>::new(), "after {hours} h");
    }
}

#[tokio::test]
async fn a_store_that_offers_no_app_any_more_is_not_believed() {
    let missing = |_: &str, _: Timestamp| {
        let download = Some(DownloadSign { available: Some(false), what: "resultCount 0".into() });
        Ok(Observation { download, ..Observation::default() })
    };
    let mut fake = answering(missing);
    fake.descriptor.name = "appstore".into();
    let bench = Bench::new(fake, 4, 0);
    for n in 0..COUNT {
        let mut app = account(&n.to_string());
        app.platform = "app".to_owned();
        app.sources = vec![Source::new("appstore", n.to_string())];
        bench.add(&app, Some(t(0)));
    }
    bench.tick().await;
    assert_eq!(ended(&bench), Vec::<String>::new());
}

/// The same connectors again, as another process would make them.
fn parts_of(bench: &Bench) -> Parts {
    let mut registry = Registry::default();
    registry.register(Arc::new(Registered(Arc::clone(&bench.fake))));
    let held = bench.env.parts();
    Parts {
        means: Means {
            registry,
            http: held.means.http.clone(),
            secrets: Arc::new(NoSecrets),
            budget: held.means.budget,
            at_once: BTreeMap::new(),
        },
        terms: held.terms.clone(),
        at_once: held.at_once,
        courtesy: held.courtesy.clone(),
        article_base: held.article_base.clone(),
        links: held.links,
    }
}
