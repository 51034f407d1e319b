//! How many, how long, how full? Counters and gauges as Prometheus text; names begin `freshd_`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// The daemon's figures. Cheap to clone; all clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<BTreeMap<&'static str, Family>>>);

/// One figure; keep it where it is counted often.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

#[derive(Debug)]
struct Family {
    about: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    series: BTreeMap<Vec<String>, Counter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// Name, what it counts, kind, labels.
type Shape = (&'static str, &'static str, Kind, &'static [&'static str]);

/// Every figure that there is.
const SHAPES: [Shape; 12] = [
    ("freshd_accounts", "Accounts by verdict.", Kind::Gauge, &["verdict"]),
    ("freshd_build_info", "Always 1; the version is a label.", Kind::Gauge, &["version"]),
    ("freshd_faults_total", "Faults seen while polling.", Kind::Counter, &["scope", "kind"]),
    ("freshd_letters", "Letters in the outbox by state.", Kind::Gauge, &["state"]),
    ("freshd_letters_total", "Letters that came into a state.", Kind::Counter, &["state"]),
    (
        "freshd_loop_last_progress_seconds",
        "When a loop last made progress, Unix time.",
        Kind::Gauge,
        &["loop"],
    ),
    ("freshd_loop_panics_total", "Panics caught at the edge of a loop.", Kind::Counter, &["loop"]),
    (
        "freshd_mail_failing_since_seconds",
        "Since when the mail server cannot be used, Unix time; 0 while it can.",
        Kind::Gauge,
        &[],
    ),
    ("freshd_poll_seconds", "Time spent in polls.", Kind::Counter, &["connector"]),
    ("freshd_polls_total", "Polls by outcome.", Kind::Counter, &["connector", "outcome"]),
    (
        "freshd_pushes_total",
        "Pushes by a platform, by what became of them.",
        Kind::Counter,
        &["result"],
    ),
    ("freshd_store_bytes", "Size of the store on disk.", Kind::Gauge, &[]),
];

/// Most series of one name: labels are names of connectors, states and kinds, never of accounts.
const SERIES_MAX: usize = 1_000;

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1.0);
    }

    /// So many more; less than nothing is ignored.
    pub fn add(&self, amount: f64) {
        if amount.is_finite() && amount > 0.0 {
            let more = |bits: u64| Some((f64::from_bits(bits) + amount).to_bits());
            let _previous = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// The figure now.
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// With every name known, and the version told.
    pub fn new() -> Self {
        let family = |(name, about, kind, labels): Shape| {
            (name, Family { about, kind, labels, series: BTreeMap::new() })
        };
        let metrics = Self(Arc::new(Mutex::new(SHAPES.into_iter().map(family).collect())));
        metrics.series("freshd_build_info", &[env!("CARGO_PKG_VERSION")]).set(1.0);
        metrics
    }

    /// A poll ended: `outcome` is `ok` or the fault's kind; it took `seconds`.
    pub fn poll(&self, connector: &str, outcome: &str, seconds: f64) {
        self.series("freshd_polls_total", &[connector, outcome]).one();
        self.series("freshd_poll_seconds", &[connector]).add(seconds);
    }

    /// A platform pushed something: what it was, or why it was refused.
    pub fn push(&self, result: &str) {
        self.series("freshd_pushes_total", &[result]).one();
    }

    /// A fault was seen.
    pub fn fault(&self, scope: &str, kind: &str) {
        self.series("freshd_faults_total", &[scope, kind]).one();
    }

    /// A letter came into a state.
    pub fn letter(&self, state: &str) {
        self.series("freshd_letters_total", &[state]).one();
    }

    /// How many letters are in each state now.
    pub fn letters(&self, counts: &[(&str, u64)]) {
        self.replace("freshd_letters", counts);
    }

    /// How many accounts have each verdict now.
    pub fn accounts(&self, counts: &[(&str, u64)]) {
        self.replace("freshd_accounts", counts);
    }

    /// Since when the mail server cannot be used; `None` while it can.
    pub fn mail_failing_since(&self, since: Option<freshd_core::Timestamp>) {
        let seconds = since.map_or(0.0, |at| at.timestamp_millis() as f64 / 1000.0);
        self.series("freshd_mail_failing_since_seconds", &[]).set(seconds);
    }

    /// The store's size on disk, bytes.
    pub fn store_bytes(&self, bytes: u64) {
        self.series("freshd_store_bytes", &[]).set(bytes as f64);
    }

    /// A loop made progress at this instant.
    pub fn progress(&self, name: &str, now: freshd_core::Timestamp) {
        let seconds = now.timestamp_millis() as f64 / 1000.0;
        self.series("freshd_loop_last_progress_seconds", &[name]).set(seconds);
    }

    /// A panic was caught at the edge of a loop.
    pub fn panicked(&self, name: &str) {
        self.series("freshd_loop_panics_total", &[name]).one();
    }

    /// All figures in Prometheus' text format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (name, family) in self.families().iter() {
            let kind = if family.kind == Kind::Counter { "counter" } else { "gauge" };
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", family.about);
            for (values, counter) in &family.series {
                let labels = labels(family.labels, values);
                let _ = writeln!(text, "{name}{labels} {}", counter.value());
            }
        }
        text
    }

    /// Sets a gauge's series to these and no others.
    fn replace(&self, name: &'static str, counts: &[(&str, u64)]) {
        if let Some(family) = self.families().get_mut(name) {
            family.series.clear();
        }
        for (label, count) in counts {
            self.series(name, &[label]).set(*count as f64);
        }
    }

    /// The figure of a name and its label values, in the order of [`SHAPES`].
    fn series(&self, name: &'static str, values: &[&str]) -> Counter {
        let mut families = self.families();
        let family = families.get_mut(name).expect("figures are named in SHAPES only");
        assert_eq!(values.len(), family.labels.len(), "{name} has a value for each label");
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        if family.series.len() >= SERIES_MAX && !family.series.contains_key(&values) {
            return Counter::default();
        }
        family.series.entry(values).or_default().clone()
    }

    fn families(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// `{a="x",b="y"}`, or nothing without labels.
fn labels(names: &[&str], values: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let pair = |(name, value): (&&str, &String)| format!("{name}=\"{}\"", escaped(value));
    let pairs: Vec<String> = names.iter().zip(values).map(pair).collect();
    format!("{{{}}}", pairs.join(","))
}

/// A label value as the text format wants it; other control characters become spaces.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests;
