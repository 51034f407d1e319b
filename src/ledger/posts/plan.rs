//! What comes of a file of posts? For each account its newest posts and, where a person vouches, the span that the file
//! lists completely.
//!
//! **Invariant:** coverage is claimed only for an account that the file names, none of whose rows is in doubt.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::civil;
use freshd_core::coverage::Span;
use freshd_core::history::{SIGHTINGS_BY_EARLIEST, SIGHTINGS_BY_LATEST};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Published, Sighting};

use super::whose::{Directory, Refused};
use super::{Posts, Row, Time};
use crate::config::problem::Problem;

/// How a file is to be taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave bad rows out.
    pub good_rows: bool,
    /// Every post of this span is listed, for the accounts that the file names.
    pub complete: Option<Span>,
}

/// A post with the place of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What is kept of it.
    pub sighting: Sighting,
    /// Where it stands, e.g. `工作表「10月」第 3 行`.
    pub place: String,
}

/// What the file says of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Its name in the ledger.
    pub name: String,
    /// How many posts the file lists.
    pub listed: usize,
    /// The posts that can matter, the newest.
    pub posts: Vec<Post>,
    /// Where it stands first.
    pub place: String,
    /// The span in which it published nothing else.
    pub claim: Option<Span>,
    /// Why there is no such span although one was claimed.
    pub withheld: Option<String>,
}

/// An account that the ledger does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Unknown {
    /// 账号名称 as written.
    pub name: String,
    /// 平台.
    pub platform: String,
    /// 账号标识 as written.
    pub handle: String,
}

/// What a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By account.
    pub accounts: BTreeMap<AccountId, Given>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notices: Vec<Problem>,
    /// Not in the ledger.
    pub unknown: BTreeSet<Unknown>,
    /// May it be taken?
    pub applies: bool,
}

/// Works out what a file comes to.
pub fn plan(posts: Posts, directory: &Directory, options: Options) -> Plan {
    let mut work = Work { plan: Plan::default(), doubts: Vec::new(), silent: BTreeMap::new() };
    work.plan.notices.clone_from(&posts.notices);
    let mut whole = posts.problems.clone();
    if options.complete.is_some() {
        whole.extend(overlooked(&posts, directory));
    }
    let is_whole = whole.is_empty();
    work.plan.problems = whole;
    let mut finder = directory.finder();
    let mut by_account: BTreeMap<AccountId, Vec<(Published, Post)>> = BTreeMap::new();
    for row in &posts.rows {
        let found = finder.whose(row);
        let place = row.place.to_string();
        if work.doubted(row, found.as_ref()) {
            continue;
        }
        let Ok((id, notice)) = found else { continue };
        work.plan.notices.extend(notice);
        let given = work.plan.accounts.entry(id.clone()).or_insert_with(|| Given {
            name: directory.name(&id).to_owned(),
            place: place.clone(),
            ..Given::default()
        });
        match row.time {
            Time::At(published) => {
                given.listed += 1;
                let post = Post { sighting: sighting_of(row, published), place };
                by_account.entry(id).or_default().push((published, post));
            }
            Time::None => work.silent.entry(id).or_default().push(row.clone()),
            Time::Wrong => {}
        }
    }
    work.claim(options.complete, &by_account);
    for (id, posts) in by_account {
        if let Some(given) = work.plan.accounts.get_mut(&id) {
            given.posts = newest(posts);
        }
    }
    let mut plan = work.plan;
    let rows_are_good = work.doubts.is_empty() || options.good_rows;
    if is_whole && rows_are_good && plan.problems.is_empty() && plan.accounts.is_empty() {
        let (what, help) = ("一行账号也没有", "检查是否选错了文件");
        let file = posts.rows.first().map_or("", |row| row.file.as_str());
        plan.problems.push(Problem::in_file(file, what, help));
    }
    plan.applies = is_whole && rows_are_good && !plan.accounts.is_empty();
    plan
}

struct Work {
    plan: Plan,
    /// Rows that are left out, with the accounts that they may be of; `None` = any.
    doubts: Vec<(String, Option<Vec<AccountId>>)>,
    /// Rows that say that an account published nothing.
    silent: BTreeMap<AccountId, Vec<Row>>,
}

impl Work {
    /// Is something wrong with the row, or is it nobody's? Then it is told and left out.
    fn doubted(
        &mut self,
        row: &Row,
        found: Result<&(AccountId, Option<Problem>), &Refused>,
    ) -> bool {
        let mut problems = row.problems.clone();
        let owners = match found {
            Ok((id, _)) => Some(vec![id.clone()]),
            Err(refused) => {
                // Of a row that could not be read it is told why, not that it names nobody.
                if problems.is_empty() || !row.name.is_empty() || !row.handle.is_empty() {
                    problems.push(refused.problem.clone());
                }
                if refused.is_unknown {
                    let (name, platform) = (row.name.clone(), row.platform.clone());
                    let handle = row.handle.clone();
                    self.plan.unknown.insert(Unknown { name, platform, handle });
                }
                refused.maybe.clone()
            }
        };
        if problems.is_empty() {
            return false;
        }
        self.plan.problems.extend(problems);
        self.doubts.push((row.place.to_string(), owners));
        true
    }

    fn claim(
        &mut self,
        complete: Option<Span>,
        posts: &BTreeMap<AccountId, Vec<(Published, Post)>>,
    ) {
        let Some(span) = complete else { return };
        for (id, rows) in &self.silent {
            let inside = posts.get(id).into_iter().flatten().find(|(at, _)| lies_in(at, span));
            let Some((_, post)) = inside else { continue };
            for row in rows {
                let what = format!("说没有发布,但{}列有完整范围内的发布", post.place);
                let wrong = row.time_problem(what, "删去其中不对的一行");
                self.plan.problems.push(wrong);
                self.doubts.push((row.place.to_string(), Some(vec![id.clone()])));
            }
        }
        for (id, given) in &mut self.plan.accounts {
            let may = |owners: &Option<Vec<AccountId>>| {
                owners.as_ref().is_none_or(|owners| owners.contains(id))
            };
            let doubts = self.doubts.iter().filter(|(_, owners)| may(owners));
            let places: Vec<&str> = doubts.map(|(place, _)| place.as_str()).take(5).collect();
            if places.is_empty() {
                given.claim = Some(span);
            } else {
                let places = places.join("、");
                given.withheld = Some(format!("{places}有问题,可能漏了它的发布"));
            }
        }
    }
}

/// Sheets that were left out although they name accounts of the ledger: their posts would be missing.
fn overlooked(posts: &Posts, directory: &Directory) -> Vec<Problem> {
    let file = posts.rows.first().map_or("", |row| row.file.as_str());
    let named = |cells: &[String]| cells.iter().any(|text| directory.has_name(text));
    let sheets = posts.unread.iter().filter(|(_, cells)| named(cells));
    let told = sheets.map(|(sheet, _)| {
        let what = format!("工作表「{sheet}」没有读取,里面却有台账里的账号,不能说文件是完整的");
        let help = "给它补上表头并取消隐藏,或删去这张工作表";
        Problem::in_file(file, what, help)
    });
    told.collect()
}

fn lies_in(at: &Published, span: Span) -> bool {
    at.latest >= span.since && at.earliest.is_none_or(|earliest| earliest < span.until)
}

/// A post is known again by its link, else by its time and title.
fn sighting_of(row: &Row, published: Published) -> Sighting {
    let at = published.earliest.unwrap_or(published.latest);
    let key = row.url.clone().unwrap_or_else(|| format!("{} {}", civil::rfc3339(at), row.title));
    Sighting {
        key,
        channel: Channel::posts(),
        published,
        title: row.title.clone(),
        url: row.url.clone(),
        pinned: false,
        repost: false,
    }
}

/// The posts that a history keeps: the newest possible and the newest certain ones, oldest first.
fn newest(mut posts: Vec<(Published, Post)>) -> Vec<Post> {
    posts.sort_by_key(|(at, _)| std::cmp::Reverse((at.earliest, at.latest)));
    let mut kept: Vec<usize> = (0..posts.len().min(SIGHTINGS_BY_EARLIEST)).collect();
    let mut by_latest: Vec<usize> = (0..posts.len()).collect();
    by_latest.sort_by_key(|at| std::cmp::Reverse((posts[*at].0.latest, posts[*at].0.earliest)));
    kept.extend(by_latest.into_iter().take(SIGHTINGS_BY_LATEST));
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().rev().map(|at| posts[at].1.clone()).collect()
}
