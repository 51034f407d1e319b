//! What is to be looked at by hand today, and what came of it? `freshd patrol list`, `export`, `import`.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::confirm::person;
use super::proof::Writer;
use super::word::{self, Kept};
use super::{DONE, USAGE, Usage, bytes, file_bytes, json, printed, time_of};
use crate::app::App;
use crate::app::patrol::Asked;
use crate::cli::caller::Caller;
use crate::cli::request::SentFile;
use crate::config::problem::{Place, Problem};
use crate::control::Response;
use crate::ledger::table;
use crate::report::patrol::workbook;

pub(crate) mod answer;
pub(crate) mod sheet;

use answer::Ready;
use sheet::Filled;

/// So many rows are looked into at once.
const ROWS_AT_ONCE: usize = 16;
/// A list is made for a day at most so far ahead, days.
const AHEAD_MAX_DAYS: i64 = 120;

/// What `patrol list` asks for.
pub(super) struct ListAsked {
    pub(super) day: Option<String>,
    pub(super) person: Option<String>,
    pub(super) all: bool,
    pub(super) json: bool,
}

pub(super) fn list(app: &App, asked: ListAsked) -> anyhow::Result<Response> {
    let view = app.patrol(&asked_of(app, asked.day.as_deref(), asked.person, asked.all)?)?;
    if asked.json { json(DONE, &view) } else { Ok(printed(DONE, view.text())) }
}

pub(super) fn export(app: &App, person: Option<String>, all: bool) -> anyhow::Result<Response> {
    let view = app.patrol(&asked_of(app, None, person, all)?)?;
    Ok(bytes(DONE, &workbook(&view)?))
}

fn asked_of(
    app: &App,
    day: Option<&str>,
    person: Option<String>,
    all: bool,
) -> anyhow::Result<Asked> {
    let now = app.now();
    let day = day.map(|text| time_of(text, now).map(civil::day)).transpose()?;
    let today = civil::day(now);
    if let Some(day) = day
        && !(today..=today + TimeDelta::days(AHEAD_MAX_DAYS)).contains(&day)
    {
        let what = format!("核查单只能是今天到今后 {AHEAD_MAX_DAYS} 天的,而不是 {day}");
        return Err(Usage(what).into());
    }
    let people = &app.config().patrol.people;
    if let Some(name) = &person
        && !people.iter().any(|held| freshd_core::word::same_person(held, name))
    {
        let what = if people.is_empty() {
            "没有写核查人,不能按人列;在配置里写 [patrol] people = [\"姓名\"]".to_owned()
        } else {
            format!("没有核查人 {name};配置里有 {}", people.join("、"))
        };
        return Err(Usage(what).into());
    }
    Ok(Asked { day, person, all, units: Vec::new() })
}

/// What `patrol import` brings.
pub(super) struct Brought<'a> {
    pub(super) sheet: &'a SentFile,
    pub(super) files: &'a [SentFile],
    pub(super) by: Option<String>,
    pub(super) dry_run: bool,
    pub(super) good_rows: bool,
}

/// One row that can be kept.
struct Good {
    row: usize,
    name: String,
    ready: Ready,
}

pub(super) async fn import(
    app: &App,
    brought: Brought<'_>,
    caller: &Caller,
) -> anyhow::Result<Response> {
    let by = brought.by.as_deref().map(|name| named(app, name)).transpose()?;
    let file = brought.sheet.name.as_str();
    let book = match table::read(file, &file_bytes(brought.sheet)?) {
        Ok(book) => book,
        Err(problem) => return Ok(refused(&[problem])),
    };
    let (filled, blank, mut problems) = match sheet::read(&book) {
        Ok(read) => (read.filled, read.blank, read.problems),
        Err(problem) => return Ok(refused(&[problem])),
    };
    let mut good = Vec::new();
    let answers = all_ready(app, &filled, by.as_deref(), brought.files, caller).await?;
    for (filled, answer) in filled.iter().zip(answers) {
        match answer {
            Ok(ready) => good.push(Good { row: filled.row, name: filled.name.clone(), ready }),
            Err(wrong) => problems.extend(wrong.into_iter().map(|it| filled.problem(file, it))),
        }
    }
    problems.sort_by_key(row_of);
    let applies = problems.is_empty() || brought.good_rows;
    let mut told = String::new();
    problems.iter().for_each(|problem| told.push_str(&format!("{problem}\n")));
    if !problems.is_empty() {
        let rest = if applies { "其余的行照常处理" } else { "什么都没有改变" };
        told.push_str(&format!("共 {} 个问题,{rest}\n", problems.len()));
    }
    let (mut new, mut known) = (0, 0);
    for good in good.iter().filter(|_| applies) {
        let Ready { id, person, said, proven } = &good.ready;
        let kept = if brought.dry_run {
            if word::is_known(app, id, person, said)? { Kept::Known } else { Kept::New(None) }
        } else {
            word::keep(app, id, person, said, proven.as_ref())?
        };
        match &kept {
            Kept::New(_) if brought.dry_run => new += 1,
            Kept::New(_) => {
                new += 1;
                told.push_str(&format!(
                    "第 {} 行 {}:{}核查,{};{}\n",
                    good.row,
                    good.name,
                    person.name,
                    said.found.chinese(),
                    kept.chinese()
                ));
            }
            Kept::Known => known += 1,
            Kept::NoAccount | Kept::Refused(_) => {
                told.push_str(&format!("第 {} 行 {}:{}\n", good.row, good.name, kept.chinese()));
            }
        }
    }
    let done = if brought.dry_run { "可以登记" } else { "登记了" };
    told.push_str(&format!("{done} {new} 行,已登记过 {known} 行,还没有看 {blank} 行\n"));
    if brought.dry_run {
        told.push_str("试运行:什么都没有改动。\n");
    }
    Ok(printed(if applies { DONE } else { USAGE }, told))
}

/// Whose rows without a name are.
fn named(app: &App, by: &str) -> Result<String, Usage> {
    let name = person::shown(by);
    if name.is_empty() {
        return Err(Usage("--by 是空的;写核查人的姓名".to_owned()));
    }
    let people = &app.config().patrol.people;
    if sheet::is_among(people, &name) {
        return Ok(name);
    }
    let what = sheet::stranger(people, &name);
    Err(Usage(format!("--by:{what};{}", sheet::TO_MEND)))
}

/// Links are opened side by side, as far as the courtesy to their hosts lets; the rows keep their order.
async fn all_ready(
    app: &App,
    filled: &[Filled],
    by: Option<&str>,
    files: &[SentFile],
    caller: &Caller,
) -> anyhow::Result<Vec<Result<Ready, Vec<answer::Wrong>>>> {
    let asked = filled.iter().map(|filled| ready(app, filled, by, files, caller).boxed());
    let asked: Vec<BoxFuture<'_, _>> = asked.collect();
    stream::iter(asked).buffered(ROWS_AT_ONCE).try_collect().await
}

async fn ready(
    app: &App,
    filled: &Filled,
    by: Option<&str>,
    files: &[SentFile],
    caller: &Caller,
) -> anyhow::Result<Result<Ready, Vec<answer::Wrong>>> {
    let answer = match filled.answer(by, files, &app.config().patrol.people, app.now()) {
        Ok(answer) => answer,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let login = answer::Login {
        via: caller.uid,
        shown: caller.to_string(),
        named: true,
        writer: Writer::Operator,
    };
    answer::ready(app, &filled.id, answer, &login).await
}

fn row_of(problem: &Problem) -> usize {
    match &*problem.place {
        Place::Cell { row, .. } => *row,
        Place::Line { .. } => 0,
    }
}

fn refused(problems: &[Problem]) -> Response {
    let told: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    printed(USAGE, format!("{told}什么都没有改变\n"))
}

/// A time that a person wrote, as a range.
pub(crate) fn written(text: &str, now: Timestamp) -> Option<freshd_core::observation::Published> {
    freshd_core::timetext::parse(text, now)
}
