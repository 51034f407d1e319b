//! How much time, processor and memory went by? Readings of the own process, and the lines of the report.

use std::fs;
use std::future::Future;

use freshd::clock::{Clock, SystemClock};
use freshd_core::Timestamp;

/// Seconds of the wall and of the processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// On the wall.
    pub wall_s: f64,
    /// On processors, all threads of this process together.
    pub cpu_s: f64,
}

impl Spent {
    /// Times in one second.
    pub fn rate(self, times: usize) -> f64 {
        times as f64 / self.wall_s.max(1e-9)
    }

    /// Microseconds of processor for each.
    pub fn cpu_us(self, times: usize) -> f64 {
        self.cpu_s * 1e6 / times.max(1) as f64
    }

    /// The lesser of each: noise of the machine only ever adds.
    pub fn least(self, other: Self) -> Self {
        Self { wall_s: self.wall_s.min(other.wall_s), cpu_s: self.cpu_s.min(other.cpu_s) }
    }
}

/// A stopwatch.
pub struct Watch {
    began: Timestamp,
    cpu_s: f64,
}

impl Watch {
    /// Starts.
    pub fn start() -> Self {
        Self { began: SystemClock.now(), cpu_s: cpu_s() }
    }

    /// Reads.
    pub fn read(&self) -> Spent {
        Spent { wall_s: seconds_since(self.began), cpu_s: cpu_s() - self.cpu_s }
    }
}

/// Seconds from an instant until now.
pub fn seconds_since(began: Timestamp) -> f64 {
    let span = SystemClock.now() - began;
    span.num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6
}

/// What a piece of work took.
pub fn took<T>(work: impl FnOnce() -> T) -> (Spent, T) {
    let watch = Watch::start();
    let done = work();
    (watch.read(), done)
}

/// What a future took.
pub async fn took_async<T>(work: impl Future<Output = T>) -> (Spent, T) {
    let watch = Watch::start();
    let done = work.await;
    (watch.read(), done)
}

/// Processor seconds of this process so far: user and system of all threads, from `/proc/self/stat`, which counts
/// hundredths of a second.
fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let mut fields = behind_name.split(' ').skip(11).map(|text| text.parse::<f64>().unwrap_or(0.0));
    (fields.next().unwrap_or(0.0) + fields.next().unwrap_or(0.0)) / 100.0
}

/// A line of `/proc/self/status` in MiB: `VmRSS` now, `VmHWM` at its peak.
pub fn memory_mib(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Prints a heading.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// Prints a figure.
pub fn line(what: &str, figure: &str) {
    println!("  {what:<58} {figure}");
}

/// Prints a figure beside its target and says whether it is reached.
pub fn target(what: &str, figure: &str, target: &str, reached: bool) {
    let word = if reached { "reached" } else { "MISSED" };
    println!("  {what:<58} {figure:<16} target {target:<10} {word}");
}
