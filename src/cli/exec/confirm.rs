//! What did a person see? 人工核查, both ways, kept as evidence with who and when.

use std::fmt::Write as _;

use anyhow::anyhow;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published};
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::word::Finding;
use freshd_core::{Timestamp, civil, timetext};

use super::word::{self, Person, Said};
use super::{DONE, Usage, account_named, file_bytes, printed, time_of};
use crate::app::App;
use crate::cli::args::Interaction;
use crate::cli::caller::Caller;
use crate::cli::request::Request;
use crate::control::Response;
use attachment::Worth;

pub(crate) mod attachment;
pub(crate) mod person;
mod weight;

pub(super) fn run(app: &App, request: Request, caller: &Caller) -> anyhow::Result<Response> {
    let Request::Confirm {
        id,
        published_at,
        url,
        none_since,
        interaction,
        seen_at,
        file,
        note,
        by,
    } = request
    else {
        return Err(anyhow!("not a confirmation"));
    };
    if note.trim().is_empty() {
        return Err(Usage("请用 --note 写明是谁、怎样看到的".to_owned()).into());
    }
    let now = app.now();
    let id = account_named(app, &id)?;
    let person = who(app, &id, by.as_deref(), caller)?;
    let when = When { published_at, none_since, interaction, seen_at };
    let (found, at, seen) = when.read(url, now)?;
    let held = app.store().state::<AccountState>(&id)?.unwrap_or_default();
    let spoke_before = held.history.attested.contains_key(&person.name);
    let (file, worth) = match &file {
        Some(file) => {
            let bytes = file_bytes(file)?;
            let worth = attachment::admit(&file.name, &bytes).map_err(Usage)?;
            (Some((file.name.clone(), bytes)), Some(worth))
        }
        None => (None, None),
    };
    let shown = worth.is_some_and(Worth::is_shown);
    let (detail, what) = match found.is_of_interaction() {
        true => {
            let what = format!("{}({})", found.chinese(), civil::minute_text(at));
            (note.trim().to_owned(), what)
        }
        false => {
            let told = told(&seen, file.is_some());
            (told.clone(), told)
        }
    };
    let said = Said { found, at, seen, detail, note, file, shown };
    let kept = word::keep(app, &id, &person, &said, None)?;
    let mut text = format!("已记录:{}核查,{what};{}\n", person.name, kept.chinese());
    if let (Some(Worth::ShowsPerhaps(kind)), Some((name, _))) = (worth, &said.file) {
        let _ = writeln!(
            text,
            "注意:{name} 不像完整的 {kind} 文件,请确认能打开;打不开请重新截图再登记。"
        );
    }
    if !said.seen.coverage.is_empty() {
        let held = app.store().state::<AccountState>(&id)?.unwrap_or_default();
        let _ = writeln!(text, "{}", weight::told(&person, &said, &held.history, spoke_before));
    }
    if found.is_of_interaction() {
        text += &worth_of_interaction(app, &id, now)?;
    }
    Ok(printed(DONE, text))
}

/// The person named by `--by`, else whoever is logged in.
fn who(app: &App, id: &AccountId, by: Option<&str>, caller: &Caller) -> anyhow::Result<Person> {
    let said_name = by.map(person::shown);
    if said_name.as_deref() == Some("") {
        return Err(Usage("--by 是空的;写核查人的姓名".to_owned()).into());
    }
    let named = said_name.is_some();
    let name = said_name.unwrap_or_else(|| person::shown(&caller.name));
    let name = word::known_as(app, id, name)?;
    Ok(Person { name, named, via: caller.uid, login: caller.to_string() })
}

/// What the rule comes to with this word, and what is lacking if it does not count.
fn worth_of_interaction(app: &App, id: &AccountId, now: Timestamp) -> anyhow::Result<String> {
    let judged = app.judged(id, now)?;
    let ruling = judged.as_ref().and_then(|(.., it)| it.ruling(Rule::InteractionPoor));
    let told = ruling.map(|it| format!("互动功能:{};{}\n", it.outcome.chinese(), it.reason));
    Ok(told.unwrap_or_default())
}

/// What was typed of times and of the finding.
struct When {
    published_at: Option<String>,
    none_since: Option<String>,
    interaction: Option<Interaction>,
    seen_at: Option<String>,
}

impl When {
    /// What was found, when the person looked, and what it comes to.
    fn read(
        self,
        url: Option<String>,
        now: Timestamp,
    ) -> anyhow::Result<(Finding, Timestamp, Observation)> {
        match (&self.published_at, &self.none_since, self.interaction, &self.seen_at) {
            (Some(published), None, None, None) => {
                Ok((Finding::Updated, now, posted(published, url, now)?))
            }
            (None, Some(since), None, Some(seen)) => {
                let (at, silent) = silent(since, seen, now)?;
                Ok((Finding::NothingSince, at, silent))
            }
            (None, None, Some(found), Some(seen)) => {
                Ok((found.finding(), looked_at(seen, now)?, Observation::default()))
            }
            _ => {
                let help = "写 --published-at TIME,或 --none-since TIME --seen-at TIME,或 --interaction works|broken --seen-at TIME";
                Err(Usage(help.to_owned()).into())
            }
        }
    }
}

fn told(observation: &Observation, with_file: bool) -> String {
    match observation.sightings.first() {
        Some(sighting) => {
            let at = sighting.published.earliest.unwrap_or(sighting.published.latest);
            format!("发布于{}", civil::minute_text(at))
        }
        None => {
            let spans = observation.coverage.on(&Channel::all());
            let since = spans.as_slice().iter().map(|span| span.since).min();
            let since = since.map(|at| format!("自{}起", civil::minute_text(at)));
            let file = if with_file { "附有文件" } else { "没有附文件" };
            format!("{}未见更新({file})", since.unwrap_or_default())
        }
    }
}

fn posted(at: &str, url: Option<String>, now: Timestamp) -> anyhow::Result<Observation> {
    let published: Published = timetext::parse(at, now)
        .ok_or_else(|| time_of(at, now).err().unwrap_or(anyhow!("时间")))?;
    if published.earliest.is_some_and(|earliest| earliest > now) {
        return Err(Usage(format!("发布时间 {at} 在将来")).into());
    }
    Ok(word::posted(published, url))
}

fn silent(since: &str, seen: &str, now: Timestamp) -> anyhow::Result<(Timestamp, Observation)> {
    let (since, seen) = (time_of(since, now)?, looked_at(seen, now)?);
    if since >= seen {
        return Err(Usage("--none-since 要早于 --seen-at".to_owned()).into());
    }
    Ok((seen, word::silent(since, seen)))
}

fn looked_at(seen: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let seen = time_of(seen, now)?;
    if seen > now {
        return Err(Usage("查看时刻 --seen-at 在将来".to_owned()).into());
    }
    Ok(seen)
}
