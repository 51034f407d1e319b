//! What does freshd cost? Polls beside a bare loop of the same HTTP client, memory, start-up, verdicts, disk.
//!
//! `cargo bench --bench pipeline` measures everything and prints each figure beside its target; after `--` may follow
//! any of `polls weibo links daemon core pages disk budget`, `--quick` (a tenth of everything), `--accounts N` and
//! `--links N`. Ratios of one run hold on any machine; absolute figures hold on an idle one only.

mod budget;
mod daemon;
mod disk;
mod links;
mod measure;
mod pages;
mod polls;
mod pure;
mod server;
mod world;

use std::path::PathBuf;

use world::Kind;

/// What is measured, and how much of it.
pub struct Plan {
    /// Accounts of the polls.
    pub accounts: usize,
    /// Entries of all menus together.
    pub links: usize,
    /// Divides the large figures.
    pub shrink: usize,
    /// Where stores are made: a real disk, for barriers are measured.
    pub scratch: PathBuf,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some(server::CHILD) => return server::serve(),
        Some(links::sites::CHILD) => return links::sites::serve(&args[1..]),
        Some(daemon::FILL) => return daemon::fill(&args[1..]),
        Some(daemon::CHILD) => return daemon::child(&args[1..]),
        _ => {}
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let shrink = if quick { 10 } else { 1 };
    let number = |name: &str| {
        let named = args.iter().position(|arg| arg == name);
        named.and_then(|at| args.get(at + 1)).and_then(|text| text.parse().ok())
    };
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&scratch).expect("the target directory can be written");
    let plan = Plan {
        accounts: number("--accounts").unwrap_or(5_000 / shrink),
        links: number("--links").unwrap_or(20_000 / shrink),
        shrink,
        scratch,
    };
    let sections = ["polls", "weibo", "links", "daemon", "core", "pages", "disk", "budget"];
    let chosen = |name: &str| {
        let any = args.iter().any(|arg| sections.contains(&arg.as_str()));
        !any || args.iter().any(|arg| arg == name)
    };
    println!("freshd {} on {} processors", env!("CARGO_PKG_VERSION"), processors());
    if chosen("polls") {
        polls::run(&plan, Kind::Nanfang);
    }
    if chosen("weibo") {
        polls::run(&plan, Kind::Weibo);
    }
    if chosen("links") {
        links::run(&plan);
    }
    if chosen("daemon") {
        daemon::run(&plan);
    }
    if chosen("core") {
        pure::run(&plan);
    }
    if chosen("pages") {
        pages::run(&plan);
    }
    if chosen("disk") {
        disk::run(&plan);
    }
    if chosen("budget") {
        budget::run(&plan);
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
