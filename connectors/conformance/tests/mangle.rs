//! What does a connector make of a hostile answer? Every good answer mangled in every way, by a
//! printed seed.
//!
//! **The oracle.** The good poll is the truth: its sightings are all posts, its coverage is all that may be
//! proven. A mangled answer is *unreadable* (another status, cut, no longer the kind of document it was),
//! *odd* (a document still, but not of the shape that it had), or *telling* (of the same shape, saying
//! something else, which nobody could tell from the truth). After any of them:
//!
//! 1. nothing panics; what comes of it is bounded, tells no secret, and holds no impossible time;
//! 2. coverage is only on the connector's own channels, ends by now, and comes only from one that proves silence;
//! 3. unless an answer was telling: coverage lies within that of the good poll, every true post that may lie
//!    within it is still accounted for by a sighting, and no word is said against the account;
//! 4. when every answer was unreadable there is no coverage at all.

mod mutate;
mod naive;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use freshd_core::fault::FaultKind;
use freshd_core::observation::{ProfileState, Sighting};
use futures::FutureExt;

use super::super::stage::{Answer, Asked};
use super::cases::{self, CANARY, Kit};
use super::*;
use crate::http::HttpClient;
use mutate::{Kind, Pool, Random};

/// All cases, and the seed, unless the environment says otherwise.
const CASES: u64 = 100_000;
const SEED: u64 = 0x5eed_2026_1122;
/// Bytes of an observation as JSON.
const SEEN_BYTES_MAX: usize = 2 << 20;
const SIGHTINGS_MAX: usize = 1_000;
const DETAIL_BYTES_MAX: usize = 4 << 10;
/// Requests of one poll: the good ones and as many again, and some.
const REQUESTS_MORE: usize = 40;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What identifies a request to the good platform.
fn key(asked: &Asked) -> String {
    format!("{} {:?} {:?} {}", asked.path, asked.query, asked.header("range"), asked.body)
}

/// The platform: in good order, save for the answers that this case mangles.
struct Platform {
    kit: Arc<Kit>,
    known: Mutex<HashMap<String, Answer>>,
    asked: AtomicUsize,
    case: Mutex<Option<Mangling>>,
}

/// What one case does: to which answer (`None` = each), by which chance, and what came of it.
struct Mangling {
    at: Option<usize>,
    random: Random,
    pool: Arc<Pool>,
    done: Vec<(Kind, String)>,
    left_good: usize,
}

impl Platform {
    fn answer(&self, asked: &Asked) -> Answer {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut known = self.known.lock().unwrap();
        let good = known.entry(key(asked)).or_insert_with(|| self.kit.good.answer(asked)).clone();
        drop(known);
        let mut case = self.case.lock().unwrap();
        let Some(mangling) = case.as_mut() else { return good };
        if mangling.at.is_some_and(|at| at != number) {
            mangling.left_good += 1;
            return good;
        }
        let (bad, kind, how) = mutate::mangled(&good, &mangling.pool, &mut mangling.random);
        mangling.done.push((kind, format!("{how} in {}", asked.path)));
        bad
    }
}

/// A kit ready to be mangled.
struct Bench {
    platform: Arc<Platform>,
    http: HttpClient,
    base: Url,
    good: Observation,
    requests: usize,
    judges_link: bool,
}

impl Bench {
    async fn new(kit: Kit) -> Self {
        let kit = Arc::new(kit);
        let platform = Arc::new(Platform {
            kit,
            known: Mutex::default(),
            asked: AtomicUsize::new(0),
            case: Mutex::new(None),
        });
        let answers = Arc::clone(&platform);
        let http = HttpClient::substituted(Arc::new(move |asked| answers.answer(asked))).unwrap();
        let base = Url::parse("http://127.0.0.1:9/").unwrap();
        let judges_link = platform.kit.case().judges_link;
        let good = Observation::default();
        let mut bench = Self { platform, http, base, good, requests: 0, judges_link };
        bench.good = bench.poll().await.expect("the good answer is no fault");
        bench.requests = bench.platform.asked.load(Ordering::Relaxed);
        bench
    }

    async fn poll(&self) -> Result<Observation, Fault> {
        let case = self.platform.kit.case();
        self.platform.asked.store(0, Ordering::Relaxed);
        let connector = (case.build)(&self.base);
        let cx = PollContext {
            now: case.now,
            budget: Duration::from_secs(20),
            http: &self.http,
            secrets: case.secrets,
            memo: None,
            fresh: false,
        };
        connector.poll(&(case.target)(&self.base), &cx).await
    }

    /// One case; the words of what was broken.
    async fn case(&self, seed: u64, pool: &Arc<Pool>) -> Result<(), String> {
        let mut random = Random::new(seed);
        let at = (random.below(4) > 0).then(|| random.below(self.requests));
        let (done, left_good) = (Vec::new(), 0);
        let mangling = Mangling { at, random, pool: Arc::clone(pool), done, left_good };
        *self.platform.case.lock().unwrap() = Some(mangling);
        let ended = std::panic::AssertUnwindSafe(self.poll()).catch_unwind().await;
        let mangling = self.platform.case.lock().unwrap().take().expect("it was put there");
        let how = || format!("{:?}", mangling.done);
        let result = ended.map_err(|_| format!("panic after {}", how()))?;
        self.judge(&result, &mangling).map_err(|problem| format!("{problem}\nafter {}", how()))
    }

    fn judge(
        &self,
        result: &Result<Observation, Fault>,
        mangling: &Mangling,
    ) -> Result<(), String> {
        let asked = self.platform.asked.load(Ordering::Relaxed);
        demand(asked <= self.requests * 2 + REQUESTS_MORE, || format!("{asked} requests"))?;
        let told = format!("{result:?}");
        demand(!told.contains(CANARY), || "a secret is told".to_owned())?;
        let kinds = || mangling.done.iter().map(|(kind, _)| *kind);
        let telling = kinds().any(|kind| kind == Kind::Telling);
        let faults = match result {
            Ok(seen) => &seen.faults[..],
            Err(fault) => std::slice::from_ref(fault),
        };
        for fault in faults {
            let length = fault.detail.len();
            demand(length <= DETAIL_BYTES_MAX, || format!("a detail of {length} bytes"))?;
            let word = matches!(fault.kind, FaultKind::Gone | FaultKind::Suspended);
            demand(telling || !word, || format!("held against the account: {fault:?}"))?;
        }
        let Ok(seen) = result else { return Ok(()) };
        self.bounded(seen)?;
        let unreadable = kinds().all(|kind| kind == Kind::Unreadable) && mangling.left_good == 0;
        if unreadable && !mangling.done.is_empty() {
            demand(seen.coverage.is_empty(), || format!("proves {:?}", seen.coverage))?;
        }
        if telling {
            return Ok(());
        }
        self.proves_no_more(seen)?;
        self.says_nothing_against(seen)
    }

    /// Rules 1 and 2.
    fn bounded(&self, seen: &Observation) -> Result<(), String> {
        let case = self.platform.kit.case();
        let bytes = serde_json::to_vec(seen).expect("an observation is JSON").len();
        demand(bytes <= SEEN_BYTES_MAX, || format!("an observation of {bytes} bytes"))?;
        let count = seen.sightings.len();
        demand(count <= SIGHTINGS_MAX, || format!("{count} sightings"))?;
        let memo = seen.hint.memo.as_ref().map_or(0, String::len);
        demand(memo <= MEMO_BYTES_MAX, || format!("a memo of {memo} bytes"))?;
        let latest = case.now + TimeDelta::minutes(SKEW_MIN);
        for kept in &seen.sightings {
            let times = kept.published;
            let possible =
                times.latest <= latest && times.earliest.is_none_or(|at| at <= times.latest);
            demand(possible, || format!("impossible time: {kept:?}"))?;
        }
        let connector = (case.build)(&self.base);
        let facts = connector.descriptor();
        for (channel, spans) in seen.coverage.iter() {
            let known = channel.is_all() || facts.channels.contains(channel);
            let past = spans.until().is_none_or(|until| until <= case.now);
            demand(known && past && facts.proves_silence, || format!("{channel}: {spans:?}"))?;
        }
        Ok(())
    }

    /// Rule 3, coverage.
    fn proves_no_more(&self, seen: &Observation) -> Result<(), String> {
        for (channel, spans) in seen.coverage.iter() {
            let good = self.good.coverage.on(channel);
            for span in spans.as_slice() {
                let within = |held: &freshd_core::coverage::Span| {
                    held.since <= span.since && span.until <= held.until
                };
                demand(good.as_slice().iter().any(within), || {
                    format!("{channel}: proves {span:?}, the good answer only {good:?}")
                })?;
                for post in self.good.sightings.iter().filter(|post| {
                    (channel.is_all() || &post.channel == channel)
                        && post.published.latest > span.since
                        && post.published.earliest.is_none_or(|at| at <= span.until)
                }) {
                    demand(seen.sightings.iter().any(|kept| may_be(kept, post)), || {
                        format!("{channel}: proves silence over {span:?} without {post:?}")
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Rule 3, words.
    fn says_nothing_against(&self, seen: &Observation) -> Result<(), String> {
        let state = seen.profile.as_ref().map(|profile| profile.state).unwrap_or_default();
        demand(state == ProfileState::Open, || format!("the account is said to be {state:?}"))?;
        if self.judges_link {
            return Ok(());
        }
        let lost = seen.download.as_ref().is_some_and(|sign| sign.available == Some(false));
        demand(!lost, || "the app is said to be gone".to_owned())?;
        let good: Vec<_> =
            self.good.interaction.iter().filter(|sign| sign.works == Some(false)).collect();
        let poor =
            seen.interaction.iter().find(|sign| sign.works == Some(false) && !good.contains(sign));
        demand(poor.is_none(), || format!("interaction is said not to work: {poor:?}"))
    }
}

/// May this sighting be that post, as far as its time goes?
fn may_be(kept: &Sighting, post: &Sighting) -> bool {
    let early = |earliest: Option<Timestamp>, latest| earliest.is_none_or(|at| at <= latest);
    early(kept.published.earliest, post.published.latest)
        && early(post.published.earliest, kept.published.latest)
}

fn demand(kept: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if kept { Ok(()) } else { Err(problem()) }
}

/// What was broken in so many cases of one kit.
async fn broken(kit: Kit, cases: u64, seed: u64) -> Vec<String> {
    let name = kit.name;
    let bench = Bench::new(kit).await;
    let pool = Arc::new(Pool::new());
    let mut broken = Vec::new();
    for case in 0..cases {
        let parts = [&seed.to_le_bytes()[..], name.as_bytes(), &case.to_le_bytes()[..]];
        let own = freshd_core::id::stable_hash(&parts);
        if let Err(problem) = bench.case(own, &pool).await {
            broken.push(format!("case {case}: {problem}"));
        }
    }
    broken
}

/// Mangles one kit's answers, its share of all cases.
async fn mangles(kit: Kit) {
    let cases = variable("FRESHD_MANGLE_CASES", CASES);
    let seed = variable("FRESHD_MANGLE_SEED", SEED);
    // Packages are large, and what is mangled in their content is not looked at.
    let name = kit.name;
    let share = if name == "apk" { cases.div_ceil(8 * KITS) } else { cases.div_ceil(KITS - 1) };
    println!("FRESHD_MANGLE_SEED={seed} FRESHD_MANGLE_CASES={cases}: {share} of {name}");
    let broken = broken(kit, share, seed).await;
    let first = broken[..broken.len().min(5)].join("\n\n");
    assert!(broken.is_empty(), "{} of {share}, {name}, seed {seed}:\n{first}", broken.len());
}

#[tokio::test]
async fn a_careless_reader_is_found_out() {
    let told = broken(naive::kit(), 2_000, SEED).await.join("\n");
    for problem in
        ["proves silence over", "the good answer only", ": proves Coverage", "panic after"]
    {
        assert!(told.contains(problem), "{problem} was not found: {told}");
    }
}

macro_rules! mangled {
    ($($name:ident),+) => {
        /// How many kits share the cases.
        const KITS: u64 = [$(stringify!($name)),+].len() as u64;
        $(
            #[tokio::test]
            async fn $name() {
                mangles(cases::$name()).await;
            }
        )+
    };
}

mangled!(
    wechat,
    weibo_api,
    weibo_web,
    nanfang,
    appstore,
    huawei,
    tencent,
    article,
    feed,
    feed_complete,
    probe,
    apk
);
