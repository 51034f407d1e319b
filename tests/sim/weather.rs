//! What goes wrong, where and when? Faults of the simulated platforms, decided by seed and simulated time alone.

use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;

use crate::rng::{Rng, mix};

/// A simulated platform; each has its own listener and its own weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// The WeChat interface (`api.weixin.qq.com`).
    Wechat,
    /// WeChat article pages (`mp.weixin.qq.com`).
    Article,
    /// Weibo, official and mobile.
    Weibo,
    /// 南方号.
    Nanfang,
    /// The App Store's lookup.
    Itunes,
    /// The open web: menu targets, feeds, packages, health addresses.
    Web,
}

impl Site {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Wechat, Self::Article, Self::Weibo, Self::Nanfang, Self::Itunes, Self::Web];

    pub(crate) fn number(self) -> usize {
        self as usize
    }

    /// Its name in logs.
    pub fn name(self) -> &'static str {
        ["wechat", "article", "weibo", "nanfang", "itunes", "web"][self.number()]
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeatherKind {
    /// 503 to everything.
    Outage,
    /// 429 with `Retry-After` of so many seconds.
    RateLimit(u32),
    /// The platform's anti-bot answer: a page, a redirect, Weibo's 432 or `ok:-100`.
    Captcha,
    /// 200 with an empty list where there are posts.
    SilentEmpty,
    /// The lists of so many hours ago.
    Stale(u32),
    /// The connection is closed without an answer.
    Closed,
    /// The body breaks off in the middle.
    Truncated,
    /// The operator's credential for this platform is refused.
    Credential,
    /// The platform was rebuilt: 200, and an answer of another shape.
    Redesign,
}

/// A span of bad weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    /// What.
    pub kind: WeatherKind,
    /// From here,
    pub from: Timestamp,
    /// to before here.
    pub to: Timestamp,
}

/// Where accounts lose their credential.
#[derive(Clone, Copy, Debug, Default)]
struct TokenTrouble {
    seed: u64,
    start: Timestamp,
    days: i64,
    /// In a million accounts, how many have one spell within the span.
    per_million: u64,
}

/// The weather over all platforms.
#[derive(Debug, Default)]
pub struct Weather {
    spells: RwLock<[Vec<Spell>; 6]>,
    tokens: TokenTrouble,
    refused: RwLock<Vec<(usize, Timestamp, Timestamp)>>,
    /// Of a million requests, how many meet a 503 out of nowhere, and how many a cut body.
    noise_seed: u64,
    error_per_million: AtomicU32,
    cut_per_million: AtomicU32,
}

impl Weather {
    /// Nothing ever goes wrong.
    pub fn fair() -> Self {
        Self::default()
    }

    /// Weather of this seed for `days` from `start`. Severity 1 is the usual bad year: per platform and year
    /// 6 outages of 2–48 h, 4 silent-empty of 6–36 h, 4 stale caches of 12–60 h, 6 rate limits, 4 captcha
    /// walls, 3 spells of cut lines and 3 of cut bodies; per account 0.3 credential failures of 1–20 days; 2 % of requests
    /// fail and 0.2 % are truncated at random. 0 is fair.
    pub fn generate(seed: u64, start: Timestamp, days: u32, severity: f64) -> Self {
        let weather = Self {
            tokens: TokenTrouble {
                seed: mix(seed ^ 0x746f_6b65),
                start,
                days: i64::from(days),
                per_million: scaled(300_000.0 * f64::from(days) / 365.0, severity),
            },
            noise_seed: mix(seed ^ 0x6e6f_6973),
            ..Self::default()
        };
        weather.set_noise(
            u32::try_from(scaled(20_000.0, severity)).unwrap_or(u32::MAX),
            u32::try_from(scaled(2_000.0, severity)).unwrap_or(u32::MAX),
        );
        for site in Site::ALL {
            let mut rng = Rng::fork(seed, site.number() as u64);
            for (kind, per_year, (low_h, high_h)) in climate(&mut rng) {
                let expected = per_year * f64::from(days) / 365.0 * severity;
                let count = expected as u64
                    + u64::from((rng.next() % 1_000) as f64 / 1_000.0 < expected.fract());
                for _ in 0..count {
                    let minute = rng.between(0, i64::from(days) * 24 * 60);
                    let from = start + TimeDelta::minutes(minute);
                    let to = from + TimeDelta::minutes(rng.between(low_h * 60, high_h * 60));
                    weather.force(site, kind, from, to);
                }
            }
        }
        weather
    }

    /// Adds a spell, also while it runs; where spells overlap the last added wins.
    pub fn force(&self, site: Site, kind: WeatherKind, from: Timestamp, to: Timestamp) {
        let mut spells = self.spells.write().expect("weather is never poisoned");
        spells[site.number()].push(Spell { kind, from, to });
    }

    /// Sets how many of a million requests fail at random (503), and how many bodies are cut.
    pub fn set_noise(&self, errors: u32, cuts: u32) {
        self.error_per_million.store(errors, Ordering::Relaxed);
        self.cut_per_million.store(cuts, Ordering::Relaxed);
    }

    /// The spells of a platform, in the order they were added: to print with a seed.
    pub fn spells(&self, site: Site) -> Vec<Spell> {
        self.spells.read().expect("weather is never poisoned")[site.number()].clone()
    }

    /// What this request meets; `salt` tells requests of one instant apart.
    pub fn at(&self, site: Site, now: Timestamp, salt: &str) -> Option<WeatherKind> {
        let spells = self.spells.read().expect("weather is never poisoned");
        let mut active = spells[site.number()].iter().rev();
        let spell = active.find(|spell| spell.from <= now && now < spell.to);
        spell.map(|spell| spell.kind).or_else(|| self.noise(site, now, salt))
    }

    fn noise(&self, site: Site, now: Timestamp, salt: &str) -> Option<WeatherKind> {
        let errors = u64::from(self.error_per_million.load(Ordering::Relaxed));
        let cuts = u64::from(self.cut_per_million.load(Ordering::Relaxed));
        if errors + cuts == 0 {
            return None;
        }
        let moment = now.timestamp_millis().to_le_bytes();
        let draw = mix(self.noise_seed ^ stable_hash(&[&moment, salt.as_bytes()]))
            .wrapping_add(site.number() as u64)
            % 1_000_000;
        match draw {
            draw if draw < errors => Some(WeatherKind::Outage),
            draw if draw < errors + cuts => Some(WeatherKind::Truncated),
            _ => None,
        }
    }

    /// Refuses the credential of one account in `[from, to)`, also while the weather runs.
    pub fn refuse_token(&self, index: usize, from: Timestamp, to: Timestamp) {
        self.refused.write().expect("weather is never poisoned").push((index, from, to));
    }

    /// Is the credential of account `index` refused at `now`?
    pub fn token_refused(&self, index: usize, now: Timestamp) -> bool {
        let forced = self.refused.read().expect("weather is never poisoned");
        let mut forced = forced.iter().filter(|(account, ..)| *account == index);
        if forced.any(|(_, from, to)| *from <= now && now < *to) {
            return true;
        }
        self.token_spell(index).is_some_and(|(from, to)| from <= now && now < to)
    }

    /// The span in which the credential of account `index` is refused by this seed, if there is one.
    pub fn token_spell(&self, index: usize) -> Option<(Timestamp, Timestamp)> {
        let trouble = &self.tokens;
        let mut rng = Rng::fork(trouble.seed, index as u64);
        if rng.next() % 1_000_000 >= trouble.per_million {
            return None;
        }
        let from = trouble.start + TimeDelta::minutes(rng.between(0, trouble.days * 24 * 60));
        Some((from, from + TimeDelta::hours(rng.between(24, 20 * 24))))
    }
}

fn scaled(base: f64, severity: f64) -> u64 {
    (base * severity.max(0.0)).round().min(1_000_000.0) as u64
}

/// Kind, spells a year, hours (shortest, longest).
fn climate(rng: &mut Rng) -> [(WeatherKind, f64, (i64, i64)); 7] {
    let wait = 60 * u32::try_from(rng.between(1, 120)).expect("between 1 and 120");
    // Less than a day: nobody who reads a list can know that it is older than the silence in it.
    let hours = u32::try_from(rng.between(3, 21)).expect("between 3 and 21");
    [
        (WeatherKind::Outage, 6.0, (2, 48)),
        (WeatherKind::SilentEmpty, 4.0, (6, 36)),
        (WeatherKind::Stale(hours), 4.0, (12, 60)),
        (WeatherKind::RateLimit(wait), 6.0, (1, 6)),
        (WeatherKind::Captcha, 4.0, (2, 30)),
        (WeatherKind::Closed, 3.0, (1, 12)),
        (WeatherKind::Truncated, 3.0, (1, 12)),
    ]
}

#[cfg(test)]
mod tests;
