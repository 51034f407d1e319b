//! Laws of absorb: commutative, idempotent; coverage never shrinks; a date that moves keeps its first value.

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::link::Place;
use crate::looks::LOOKS_MAX;
use crate::observation::Profile;

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_790_000_000 + minutes * 60, 0).unwrap()
}

fn post(key: &str, published: Published) -> Sighting {
    Sighting {
        key: key.to_owned(),
        channel: Channel::posts(),
        published,
        title: String::new(),
        url: None,
        pinned: false,
        repost: false,
    }
}

fn absorb(history: &mut History, source: &str, at: Timestamp, observation: &Observation) {
    let evidence = Some(EvidenceRef { at, id: format!("{}", at.timestamp()), url: String::new() });
    history.absorb(&Look { source, at, channels: &[], observation, evidence, voucher: None });
}

#[derive(Clone, Debug)]
struct Step {
    source: usize,
    at: i64,
    observation: Observation,
}

fn any_published() -> impl Strategy<Value = Published> {
    prop_oneof![
        (0i64..2000).prop_map(|m| Published::at(t(m))),
        (0i64..2000, 1i64..1500).prop_map(|(m, w)| Published::between(t(m), t(m + w))),
        (0i64..2000).prop_map(|m| Published::before(t(m))),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let sightings = proptest::collection::vec((0usize..4, any_published()), 0..4);
    let spans = proptest::collection::vec((0i64..2000, 1i64..900, 0usize..3), 0..3);
    let menu = proptest::option::of((any::<bool>(), 0usize..3));
    (0usize..2, 500i64..2500, sightings, spans, menu, 0u8..4, proptest::option::of(any::<bool>()))
        .prop_map(|(source, at, sightings, spans, menu, state, download)| {
            let mut observation = Observation {
                sightings: sightings.into_iter().map(|(k, p)| post(&format!("k{k}"), p)).collect(),
                ..Observation::default()
            };
            for (since, width, channel) in spans {
                let channel = ["posts", "notified", "*"][channel];
                observation.coverage.add(Channel::new(channel), t(since), t(since + width));
            }
            observation.menu = menu.map(|(open, entries)| Menu {
                open,
                whole: true,
                entries: (0..entries)
                    .map(|n| crate::link::MenuEntry {
                        path: vec![n.to_string()],
                        kind: "view".to_owned(),
                        target: None,
                        ..Default::default()
                    })
                    .collect(),
            });
            observation.profile = (state > 0).then(|| crate::observation::Profile {
                state: [ProfileState::Open, ProfileState::Frozen, ProfileState::Deregistered]
                    [usize::from(state) - 1],
                ..Default::default()
            });
            let sign = |kind: &str| crate::observation::InteractionSign {
                kind: kind.to_owned(),
                works: download,
                what: format!("{state}"),
            };
            observation.interaction = ["comments", "probe"].map(sign).to_vec();
            observation.links = menu.map(|(_, links)| {
                let link = |n: usize| {
                    let names = vec![n.to_string()];
                    Elsewhere::new(Place::AutoReply, names, "view", format!("https://{n}/"))
                };
                (0..links).map(link).collect()
            });
            observation.download = download.map(|yes| crate::observation::DownloadSign {
                available: Some(yes),
                what: String::new(),
            });
            Step { source, at, observation }
        })
}

fn run(steps: &[Step]) -> History {
    let mut history = History::default();
    for step in steps {
        absorb(&mut history, ["weibo:1", "feed:2"][step.source], t(step.at), &step.observation);
    }
    history
}

proptest! {
    #[test]
    fn absorb_is_commutative(steps in proptest::collection::vec(any_step(), 0..7), seed in any::<u64>()) {
        let mut shuffled = steps.clone();
        shuffled.sort_by_key(|step| crate::id::stable_hash(&[format!("{step:?}{seed}").as_bytes()]));
        prop_assert_eq!(run(&steps), run(&shuffled));
    }

    #[test]
    fn absorb_is_idempotent(steps in proptest::collection::vec(any_step(), 0..7)) {
        let once = run(&steps);
        let mut twice = once.clone();
        for step in &steps {
            absorb(&mut twice, ["weibo:1", "feed:2"][step.source], t(step.at), &step.observation);
        }
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn coverage_never_shrinks(steps in proptest::collection::vec(any_step(), 1..7)) {
        let before = run(&steps[..steps.len() - 1]);
        let after = run(&steps);
        for (channel, spans) in before.coverage().iter() {
            for span in spans.as_slice() {
                prop_assert!(after.coverage().on(channel).covers(span.since, span.until));
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded(steps in proptest::collection::vec(any_step(), 0..40)) {
        let history = run(&steps);
        prop_assert!(history.sightings.len() <= SIGHTINGS_BY_LATEST + SIGHTINGS_BY_EARLIEST);
        prop_assert!(history.states.iter().count() <= LOOKS_MAX);
    }
}

fn one(history: &History) -> Published {
    assert_eq!(history.sightings.len(), 1);
    history.sightings[0].sighting.published
}

#[test]
fn a_date_that_moves_at_every_look_keeps_its_first_value() {
    let mut history = History::default();
    for m in [10, 20, 30] {
        let observation = Observation {
            sightings: vec![post("a", Published::at(t(m)))],
            ..Observation::default()
        };
        absorb(&mut history, "feed:x", t(m), &observation);
    }
    assert_eq!(one(&history), Published::at(t(10)));
}

#[test]
fn a_narrower_range_wins_over_a_wider_one() {
    let mut history = History::default();
    let day = Published::between(t(0), t(1439));
    let hour = Published::between(t(600), t(659));
    for published in [day, hour, day] {
        let sightings = vec![post("a", published)];
        let observation = Observation { sightings, ..Observation::default() };
        absorb(&mut history, "weibo:1", t(2000), &observation);
    }
    assert_eq!(one(&history), hour);
}

#[test]
fn a_date_in_the_future_proves_only_that_the_post_exists() {
    let mut history = History::default();
    let sightings = vec![post("a", Published::at(t(5000)))];
    absorb(&mut history, "feed:x", t(100), &Observation { sightings, ..Observation::default() });
    assert_eq!(one(&history), Published::before(t(100)));
}

#[test]
fn the_last_update_is_a_maximum_whatever_the_order_on_the_page() {
    let mut history = History::default();
    let sightings = vec![
        post("pinned", Published::at(t(10))),
        post("newest", Published::at(t(900))),
        post("middle", Published::at(t(400))),
    ];
    absorb(&mut history, "weibo:1", t(1000), &Observation { sightings, ..Observation::default() });
    assert_eq!(history.last_update(t(1000)).unwrap().sighting.key, "newest");
}

#[test]
fn looks_confirm_only_when_an_hour_apart_with_no_dissent_between() {
    let gone = ProfileState::Deregistered;
    let cases: [(&[(i64, ProfileState)], bool); 5] = [
        (&[(0, gone)], false),
        (&[(0, gone), (59, gone)], false),
        (&[(0, gone), (60, gone)], true),
        (&[(0, gone), (30, ProfileState::Open), (60, gone)], false),
        (&[(0, gone), (30, gone), (61, gone), (62, ProfileState::Open)], false),
    ];
    for (looks, expected) in cases {
        let mut held = Looks::default();
        for (at, state) in looks {
            held.add(t(*at), *state);
        }
        assert_eq!(held.confirmed(t(1000), |s| *s == gone).is_some(), expected, "{looks:?}");
    }
}

fn vouch(history: &mut History, name: &str, with_file: bool, since: i64, until: i64) {
    let mut observation = Observation::default();
    observation.coverage.add(Channel::all(), t(since), t(until));
    history.absorb(&Look {
        source: &format!("人工:{name}"),
        at: t(until),
        channels: &[],
        observation: &observation,
        evidence: None,
        voucher: Some(Voucher { name, with_file }),
    });
}

#[test]
fn nothing_since_counts_with_two_persons_or_a_file() {
    let mut history = History::default();
    vouch(&mut history, "张三", false, 0, 100);
    assert!(history.attested_spans().is_empty(), "one bare word proves nothing");
    vouch(&mut history, "张三", false, 0, 200);
    assert!(history.attested_spans().is_empty(), "the same person twice proves nothing");
    for spelt in ["张 三", " 张三", "张\u{3000}三"] {
        vouch(&mut history, spelt, false, 0, 200);
        assert!(history.attested_spans().is_empty(), "{spelt} is nobody else");
    }
    vouch(&mut history, "李四", false, 50, 150);
    assert!(history.attested_spans().covers(t(50), t(150)));
    assert!(!history.attested_spans().covers(t(40), t(150)), "only what both say");
    vouch(&mut history, "王五", true, 300, 400);
    assert!(history.attested_spans().covers(t(300), t(400)), "a file counts alone");
}

#[test]
fn one_login_is_two_persons_only_by_two_names() {
    let counted = |via: [&[(u32, bool)]; 2]| {
        let mut history = History::default();
        for (name, via) in ["张三", "root"].into_iter().zip(via) {
            vouch(&mut history, name, false, 0, 100);
            history.attested.get_mut(name).unwrap().via = via.iter().copied().collect();
        }
        !history.attested_spans().is_empty()
    };
    assert!(counted([&[(0, true)], &[(1, false)]]), "two logins");
    assert!(counted([&[(0, true)], &[(0, true)]]), "one login that named both");
    assert!(counted([&[], &[]]), "words kept before logins were");
    assert!(!counted([&[(0, true)], &[(0, false)]]), "one login that named one");
    assert!(!counted([&[(0, true), (1, true)], &[(0, false)]]));
}

#[test]
fn a_long_list_whose_dates_move_does_not_look_fresh() {
    let mut history = History::default();
    for m in [1000, 2000, 3000] {
        let sightings = (0..30).map(|n| post(&format!("k{n:02}"), Published::at(t(m)))).collect();
        absorb(&mut history, "feed:x", t(m), &Observation { sightings, ..Observation::default() });
    }
    assert_eq!(history.last_update(t(3000)).unwrap().sighting.published, Published::at(t(1000)));
}

#[test]
fn coverage_of_two_weak_sources_joins() {
    let mut history = History::default();
    for (source, channel) in [("wechat:a", Channel::NOTIFIED), ("wechat:b", Channel::UNNOTIFIED)] {
        let mut observation = Observation::default();
        observation.coverage.add(Channel::new(channel), t(0), t(100));
        absorb(&mut history, source, t(100), &observation);
    }
    let both = [Channel::new(Channel::NOTIFIED), Channel::new(Channel::UNNOTIFIED)];
    assert!(history.coverage().joined(&both).covers(t(0), t(100)));
    let three = [both[0].clone(), both[1].clone(), Channel::posts()];
    assert!(history.coverage().joined(&three).is_empty());
    assert_eq!(TimeDelta::minutes(100), t(100) - t(0));
}

#[test]
fn what_a_wrong_clock_noted_is_forgotten_and_nothing_else() {
    let covered = |since, until| {
        let mut observation = Observation::default();
        observation.coverage.add(Channel::posts(), t(since), t(until));
        observation.sightings.push(post("old", Published::at(t(since))));
        observation.profile = Some(Profile { state: ProfileState::Open, ..Profile::default() });
        observation
    };
    let mut honest = History::default();
    absorb(&mut honest, "weibo:1", t(100), &covered(0, 100));
    let mut misled = honest.clone();
    assert!(!misled.forget_after(t(100)), "there is nothing to forget");
    assert_eq!(misled, honest);
    absorb(&mut misled, "weibo:1", t(90_000), &covered(50_000, 90_000));
    vouch(&mut misled, "张三", true, 200, 90_000);
    assert!(misled.forget_after(t(150)));
    assert_eq!(misled.coverage(), honest.coverage());
    assert_eq!(misled.states, honest.states);
    // A span that an honest look began and a wrong one carried on is forgotten whole.
    absorb(&mut misled, "weibo:1", t(90_000), &covered(50, 90_000));
    assert!(misled.forget_after(t(150)));
    assert!(misled.coverage().is_empty(), "{:?}", misled.coverage());
}
