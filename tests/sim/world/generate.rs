//! How does a province come out of a seed? Kinds and behaviours dealt from decks, posts from gaps.

use std::collections::HashMap;
use std::sync::RwLock;

use chrono::{TimeDelta, Timelike as _};
use freshd_core::id::AccountId;
use freshd_core::{Timestamp, civil};

use super::{
    Account, AppTruth, Behaviour, Gone, Joining, Kind, Mix, Post, PostChannel, Unit, World,
    WorldSpec, menu, names,
};
use crate::rng::{Rng, mix};

/// A stride coprime with most sums of weights: a small world meets every sort.
const STRIDE: usize = 37;

impl World {
    /// The province of this seed: the same seed and spec always give the same world.
    pub fn generate(seed: u64, spec: WorldSpec) -> Self {
        let unit_count = (spec.accounts / spec.accounts_per_unit.max(1)).max(1);
        let units: Vec<Unit> = (0..unit_count).map(unit).collect();
        let kinds = kind_deck(&spec.mix);
        let behaviours = behaviour_deck(&spec.mix);
        let mut seen = [0_usize; 7];
        let mut accounts = Vec::with_capacity(spec.accounts);
        for index in 0..spec.accounts {
            let slot = kinds[(index * STRIDE + index / kinds.len()) % kinds.len()];
            let nth = seen[slot];
            seen[slot] += 1;
            let mood = behaviours[(nth * STRIDE + slot * 11) % behaviours.len()];
            let mut rng = Rng::fork(seed, index as u64);
            let dealt = Dealt { seed, index, slot, nth, mood, unit: index % unit_count };
            accounts.push(account(&dealt, &units, &spec, &mut rng));
        }
        let index = lookup(&accounts);
        let weibo_token = format!("2.00{:016x}", mix(seed ^ 0x0057_4549));
        let weibo_cookie = format!("SUB=_2A{:016x}", mix(seed ^ 0x0043_4f4f));
        Self { seed, spec, accounts, units, weibo_token, weibo_cookie, index }
    }
}

/// What the decks gave an account.
struct Dealt {
    seed: u64,
    index: usize,
    /// Which kind, in [`kind_deck`]'s order.
    slot: usize,
    /// How many of that kind came before it.
    nth: usize,
    /// Which behaviour, in [`behaviour_deck`]'s order.
    mood: usize,
    unit: usize,
}

fn deck(weights: &[u32]) -> Vec<usize> {
    let card = |(slot, weight): (usize, &u32)| std::iter::repeat_n(slot, *weight as usize);
    let deck: Vec<usize> = weights.iter().enumerate().flat_map(card).collect();
    if deck.is_empty() { vec![0] } else { deck }
}

fn kind_deck(mix: &Mix) -> Vec<usize> {
    deck(&[
        mix.wechat,
        mix.wechat_unverified,
        mix.weibo,
        mix.nanfang,
        mix.app,
        mix.bridge,
        mix.unsourced,
    ])
}

fn behaviour_deck(mix: &Mix) -> Vec<usize> {
    deck(&[
        mix.daily,
        mix.every_few_days,
        mix.weekly,
        mix.irregular,
        mix.silent_for_ever,
        mix.silent_spell,
        mix.zombie,
        mix.gone,
    ])
}

fn unit(number: usize) -> Unit {
    let city_number = number % names::CITIES.len();
    let city = names::CITIES[city_number];
    let office_number = number / names::CITIES.len() + number;
    let (word, office) = names::OFFICES[office_number % names::OFFICES.len()];
    let round = number / (names::CITIES.len() * names::OFFICES.len());
    let suffix = if round == 0 { String::new() } else { format!("第{round}分局") };
    Unit {
        name: format!("{city}{office}{suffix}"),
        short: format!("{}{word}{suffix}", city.trim_end_matches('市')),
        city,
        email: format!("unit-{number:02}@example.gov.test"),
        supervisor: format!("{city}人民政府办公室"),
        supervisor_email: format!("supervisor-{city_number:02}@example.gov.test"),
    }
}

fn account(dealt: &Dealt, units: &[Unit], spec: &WorldSpec, rng: &mut Rng) -> Account {
    let (kind, platform, key, handle) = identity(dealt, spec, rng);
    let (behaviour, gone) = behaviour(dealt.mood, &kind, spec, rng);
    let word = match &kind {
        Kind::App(_) => "通",
        Kind::Weibo { .. } => "微博",
        Kind::Nanfang { .. } => "南方号",
        _ => "",
    };
    let is_wechat = matches!(kind, Kind::Wechat { .. } | Kind::Bridge);
    let mut account = Account {
        index: dealt.index,
        id: AccountId::of(key, &handle),
        name: format!("{}{word}", units[dealt.unit].short),
        handle,
        platform,
        unit: dealt.unit,
        posts: posts(behaviour, &kind, gone.map(|(at, _)| at), spec, rng),
        asked: RwLock::default(),
        joins: None,
        behaviour,
        gone,
        menu: if is_wechat { menu::generate(dealt.nth, spec, rng) } else { None },
        auto_reply: is_wechat && rng.percent(70),
        kind,
    };
    if platform == "微信公众号" && spec.mix.joins_percent > 0 {
        join(&mut account, dealt, spec, rng);
    }
    account
}

/// Some that authorise nothing at first do so within the span, on a morning.
fn join(account: &mut Account, dealt: &Dealt, spec: &WorldSpec, rng: &mut Rng) {
    if matches!(account.kind, Kind::Wechat { .. }) || !rng.percent(spec.mix.joins_percent) {
        return;
    }
    let app_id = format!("wx{:016x}", mix(dealt.seed ^ mix(dealt.index as u64)));
    let secret = format!("{:016x}{:016x}", rng.next(), rng.next());
    let at = civil::start_of(civil::day(instant_within(spec, 8, 90, rng))) + TimeDelta::hours(8);
    account.joins = Some(Joining { at, app_id, secret });
    for post in &mut account.posts {
        let notified = rng.percent(60);
        post.channel = if notified { PostChannel::Notified } else { PostChannel::Unnotified };
    }
}

/// Kind, the ledger's platform word, the id's platform, the handle.
fn identity(
    dealt: &Dealt,
    spec: &WorldSpec,
    rng: &mut Rng,
) -> (Kind, &'static str, &'static str, String) {
    let number = dealt.index as u64;
    let gh = |rng: &mut Rng| format!("gh_{:012x}", rng.next() >> 16);
    match dealt.slot {
        0 | 1 => {
            let app_id = format!("wx{:016x}", mix(dealt.seed ^ mix(number)));
            let secret = format!("{:016x}{:016x}", rng.next(), rng.next());
            let kind = Kind::Wechat { app_id: app_id.clone(), secret, verified: dealt.slot == 0 };
            (kind, "微信公众号", "wechat", app_id)
        }
        2 => {
            let uid = 5_000_000_000 + number * 7_919 % 999_999_000;
            (Kind::Weibo { uid }, "微博", "weibo", uid.to_string())
        }
        3 => {
            let column = 1_000 + u32::try_from(dealt.index).unwrap_or(u32::MAX - 1_000) * 3;
            (Kind::Nanfang { column }, "南方号", "nanfang", column.to_string())
        }
        4 => {
            let app = app(dealt, spec, rng);
            let handle = app.store_id.map_or_else(|| app.package.clone(), |id| id.to_string());
            (Kind::App(app), "移动客户端(APP)", "app", handle)
        }
        5 => (Kind::Bridge, "微信公众号", "wechat", gh(rng)),
        _ if dealt.nth.is_multiple_of(2) => (Kind::Unsourced, "微信公众号", "wechat", gh(rng)),
        _ => (Kind::Unsourced, "抖音", "抖音", format!("dy{:010}", number + 1_000)),
    }
}

fn app(dealt: &Dealt, spec: &WorldSpec, rng: &mut Rng) -> AppTruth {
    let store_id = (dealt.nth % 4 != 2).then_some(1_500_000_000 + dealt.index as u64 * 13);
    let package = format!("test.gov.example.app{}", dealt.index);
    let feed_complete = dealt.nth % 3 != 2;
    let mut app = AppTruth { store_id, package, feed_complete, ..AppTruth::default() };
    app.apk = dealt.nth % 4 != 1;
    if rng.percent(spec.mix.app_trouble_percent) {
        let at = Some(instant_within(spec, 10, 70, rng));
        match dealt.nth % 4 {
            0 => (app.store_removed_at, app.apk_page_at) = (at, at),
            1 => app.store_removed_at = at,
            2 => app.apk_page_at = at,
            _ => app.probe_dead_at = at,
        }
    }
    app
}

/// An instant between two percentages of the span.
fn instant_within(spec: &WorldSpec, low: i64, high: i64, rng: &mut Rng) -> Timestamp {
    let minutes = i64::from(spec.days.max(1)) * 24 * 60;
    spec.start + TimeDelta::minutes(rng.between(minutes * low / 100, minutes * high / 100))
}

fn behaviour(
    mood: usize,
    kind: &Kind,
    spec: &WorldSpec,
    rng: &mut Rng,
) -> (Behaviour, Option<(Timestamp, Gone)>) {
    // Silence that begins before the start is found within a short span too.
    let silent_from = instant_within(spec, 0, 60, rng) - TimeDelta::days(12);
    let plain = match mood {
        0 => Behaviour::Daily,
        1 => Behaviour::EveryFewDays,
        2 => Behaviour::Weekly,
        3 => Behaviour::Irregular,
        4 => Behaviour::SilentFrom(silent_from),
        5 => {
            let length = TimeDelta::hours(rng.between(16 * 24, 45 * 24));
            Behaviour::SilentSpell(silent_from, silent_from + length)
        }
        6 => Behaviour::Zombie,
        _ => {
            let how = if rng.percent(50) { Gone::Deregistered } else { Gone::Frozen };
            return match kind {
                Kind::Wechat { .. } => {
                    (Behaviour::UntilGone, Some((instant_within(spec, 5, 60, rng), how)))
                }
                Kind::Weibo { .. } => {
                    let at = instant_within(spec, 5, 60, rng);
                    (Behaviour::UntilGone, Some((at, Gone::Deregistered)))
                }
                _ => (Behaviour::SilentFrom(silent_from), None),
            };
        }
    };
    (plain, None)
}

fn posts(
    behaviour: Behaviour,
    kind: &Kind,
    gone_at: Option<Timestamp>,
    spec: &WorldSpec,
    rng: &mut Rng,
) -> Vec<Post> {
    let begin = spec.start - TimeDelta::days(i64::from(spec.history_days));
    let end = spec.start + TimeDelta::days(i64::from(spec.days));
    if behaviour == Behaviour::Zombie {
        let age = TimeDelta::days(rng.between(100, 700));
        return vec![post(daytime(spec.start - age, rng), kind, spec, rng)];
    }
    let mut posts = Vec::new();
    let mut day = begin + TimeDelta::hours(rng.between(0, 72));
    while day < end {
        let time = daytime(day, rng);
        let silent = match behaviour {
            Behaviour::SilentFrom(from) => time >= from,
            Behaviour::SilentSpell(from, to) => time >= from && time < to,
            _ => gone_at.is_some_and(|gone| time >= gone),
        };
        if !silent {
            posts.push(post(time, kind, spec, rng));
        }
        let (low, high) = match behaviour {
            Behaviour::Daily | Behaviour::UntilGone => (1, 1),
            Behaviour::Weekly => (6, 8),
            Behaviour::Irregular => (9, 17),
            _ => (2, 4),
        };
        day += TimeDelta::days(rng.between(low, high));
    }
    posts.sort_by_key(|post| post.time);
    if let Some(oldest) = posts.first_mut()
        && rng.percent(25)
    {
        oldest.pinned = !matches!(kind, Kind::Wechat { .. } | Kind::Bridge);
        oldest.deleted_at = None;
    }
    posts
}

/// An instant between 08:00 and 20:00 Beijing time of that day.
fn daytime(day: Timestamp, rng: &mut Rng) -> Timestamp {
    let midnight = civil::start_of(civil::day(day));
    let time = midnight + TimeDelta::seconds(rng.between(8 * 3600, 20 * 3600));
    debug_assert!(civil::local(time).hour() >= 8);
    time
}

fn post(time: Timestamp, kind: &Kind, spec: &WorldSpec, rng: &mut Rng) -> Post {
    let deleted = rng.percent(spec.mix.deleted_percent);
    let hours = rng.between(2, 20 * 24);
    Post {
        time,
        channel: match kind {
            Kind::Wechat { .. } if rng.percent(60) => PostChannel::Notified,
            Kind::Wechat { .. } => PostChannel::Unnotified,
            _ => PostChannel::Posts,
        },
        pinned: false,
        repost: matches!(kind, Kind::Weibo { .. }) && rng.percent(20),
        deleted_at: deleted.then(|| time + TimeDelta::hours(hours)),
        title: u32::try_from(rng.next() >> 40).unwrap_or_default(),
    }
}

fn lookup(accounts: &[Account]) -> HashMap<String, usize> {
    let mut index = HashMap::with_capacity(accounts.len() * 2);
    for account in accounts {
        index.insert(account.id.as_str().to_owned(), account.index);
        index.extend(account.joins.iter().map(|it| (it.app_id.clone(), account.index)));
        match &account.kind {
            Kind::Wechat { app_id, .. } => {
                index.insert(app_id.clone(), account.index);
            }
            Kind::App(app) => {
                index.insert(app.package.clone(), account.index);
                index.extend(app.store_id.map(|id| (id.to_string(), account.index)));
            }
            _ => {}
        }
    }
    index
}
