//! Can what a person answers be kept, and as what? The checks that a sheet and a page share.

use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::observation::{Observation, Published};
use freshd_core::word::Finding;

use crate::app::App;
use crate::cli::exec::Usage;
use crate::cli::exec::confirm::{attachment, person};
use crate::cli::exec::proof::{self, Identity, Opened, Proven, Writer};
use crate::cli::exec::word::{self, Person, Said};
use crate::report::patrol::none_since;

/// Longest note, characters.
pub(crate) const NOTE_CHARS_MAX: usize = 500;
/// Longest link, bytes.
const LINK_BYTES_MAX: usize = 2_000;

/// What a person answers of one account.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What was found.
    pub found: Finding,
    /// Who looked.
    pub person: String,
    /// The article.
    pub link: Option<String>,
    /// The time of the newest post.
    pub published: Option<Published>,
    /// Since when there is nothing, if the person says so.
    pub since: Option<Timestamp>,
    /// When the person looked.
    pub seen: Published,
    /// In the person's words.
    pub note: String,
    /// A picture: its name and bytes.
    pub picture: Option<(String, Vec<u8>)>,
}

/// Through which login an answer comes.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// A system user's number, or one made of a token's name.
    pub via: Option<u32>,
    /// For the audit trail.
    pub shown: String,
    /// Did the person say a name?
    pub named: bool,
    /// Who wrote the links: a sheet is imported by an operator, a page is whoever's.
    pub writer: Writer,
}

/// Where an answer is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// 结果.
    Found,
    /// 最新发布时间.
    Published,
    /// 文章链接.
    Link,
    /// 核查人.
    Person,
    /// 查看时间.
    SeenAt,
    /// 截图文件名.
    Picture,
    /// 说明.
    Note,
    /// 账号编号.
    Id,
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where.
    pub field: Field,
    /// What, Chinese.
    pub what: String,
    /// How to mend it, Chinese.
    pub help: String,
}

/// Shorthand.
pub(crate) fn wrong(field: Field, what: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { field, what: what.into(), help: help.into() }
}

/// An answer that can be kept.
pub(crate) struct Ready {
    /// The account.
    pub id: AccountId,
    /// Who looked.
    pub person: Person,
    /// What is kept.
    pub said: Said,
    /// What an article that was opened says of its account.
    pub proven: Option<Identity>,
}

/// Makes of an answer what can be kept; opens the article if there is one. The inner error is every mistake of it.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn ready(
    app: &App,
    id: &AccountId,
    answer: Answer,
    login: &Login,
) -> anyhow::Result<Result<Ready, Vec<Wrong>>> {
    let now = app.now();
    let Some((_, _, judgement)) = app.judged(id, now)? else {
        let what = format!("台账里没有账号 {id}");
        return Ok(Err(vec![wrong(Field::Id, what, "不要改账号编号;用新导出的核查单")]));
    };
    let mut problems = mistakes(&answer, now);
    let last = judgement.last_update.map(|seen| seen.sighting.published.latest);
    let since = none_since(answer.seen.earliest.unwrap_or(answer.seen.latest), app.policy().window);
    let seen = match seen_of(&answer, last.filter(|at| *at < answer.seen.latest), since) {
        Ok(seen) => seen,
        Err(wrong) => {
            problems.push(wrong);
            Observation::default()
        }
    };
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let person = Person {
        name: word::known_as(app, id, person::shown(&answer.person))?,
        named: login.named,
        via: login.via,
        login: login.shown.clone(),
    };
    let said = Said {
        found: answer.found,
        at: answer.seen.earliest.unwrap_or(answer.seen.latest).min(now),
        detail: detail_of(&answer),
        note: answer.note.clone(),
        seen,
        file: answer.picture.clone(),
        shown: answer.picture.is_some(),
    };
    let mut ready = Ready { id: id.clone(), person, said, proven: None };
    if answer.found == Finding::Updated
        && let Some(link) = &answer.link
        && !word::is_known(app, id, &ready.person, &ready.said)?
        && let Err(wrong) = open(app, &mut ready, (&answer, link), login.writer).await?
    {
        return Ok(Err(vec![wrong]));
    }
    Ok(Ok(ready))
}

/// What can be seen to be wrong without asking anybody.
fn mistakes(answer: &Answer, now: Timestamp) -> Vec<Wrong> {
    let mut problems = Vec::new();
    let from = |at: &Published| at.earliest.unwrap_or(at.latest);
    if from(&answer.seen) > now {
        problems.push(wrong(Field::SeenAt, "查看时间在将来", "写实际查看的时刻"));
    }
    if let Some(published) = &answer.published {
        if from(published) > now {
            problems.push(wrong(Field::Published, "发布时间在将来", "照页面上的时间写"));
        } else if from(published) > answer.seen.latest {
            let what = "发布时间晚于查看时间";
            problems.push(wrong(Field::Published, what, "核对两个时间:看到的发布不会比查看还晚"));
        }
    }
    if let Some((name, bytes)) = &answer.picture
        && let Err(what) = attachment::admit_picture(name, bytes)
    {
        problems.push(wrong(Field::Picture, what, ""));
    }
    if answer.note.chars().count() > NOTE_CHARS_MAX {
        let what = format!("说明超过 {NOTE_CHARS_MAX} 字");
        problems.push(wrong(Field::Note, what, "写短一些,或附截图"));
    }
    if answer.link.as_ref().is_some_and(|link| link.len() > LINK_BYTES_MAX) {
        problems.push(wrong(Field::Link, "链接太长", "微信文章请点右上角“复制链接”"));
    }
    if person::shown(&answer.person).is_empty() {
        problems.push(wrong(Field::Person, "没有写核查人", "写姓名,或导入时用 --by 姓名"));
    }
    problems
}

/// What the answer comes to, without opening a link.
fn seen_of(
    answer: &Answer,
    last: Option<Timestamp>,
    otherwise: Timestamp,
) -> Result<Observation, Wrong> {
    match answer.found {
        Finding::NotFound
        | Finding::MenuWrong
        | Finding::InteractionWorks
        | Finding::InteractionBroken => Ok(Observation::default()),
        Finding::Updated => match (&answer.published, &answer.link) {
            (Some(published), link) => Ok(word::posted(*published, link.clone())),
            (None, Some(_)) => Ok(Observation::default()),
            (None, None) => {
                let what = "有更新,但没有写何时发布,也没有文章链接";
                Err(wrong(Field::Published, what, "粘贴文章链接,或写最新发布时间"))
            }
        },
        Finding::NothingSince => {
            let until = answer.seen.earliest.unwrap_or(answer.seen.latest);
            let told = answer.since.or(answer.published.map(|at| at.latest));
            let since = told.or(last).unwrap_or(otherwise);
            if since >= until {
                let what = format!("查看时间不晚于最近的更新({})", civil::minute_text(since));
                let help = "查看时间写到分;若之后确有新的发布,结果选“有更新”";
                return Err(wrong(Field::SeenAt, what, help));
            }
            let mut seen = word::silent(since, until);
            // Who names the newest post has seen it.
            if let Some(published) = answer.published {
                seen.sightings = word::posted(published, answer.link.clone()).sightings;
            }
            Ok(seen)
        }
    }
}

fn detail_of(answer: &Answer) -> String {
    let at = |at: &Published| civil::minute_text(at.earliest.unwrap_or(at.latest));
    let note = answer.note.trim();
    match (answer.found, &answer.link, &answer.published) {
        (Finding::Updated, Some(link), _) => link.clone(),
        (Finding::Updated, None, Some(published)) => format!("发布于{}", at(published)),
        (Finding::NothingSince, _, Some(published)) => format!("最后一条 {}", at(published)),
        _ => note.to_owned(),
    }
}

/// Opens the article and takes what it says; one that cannot be opened now is the person's word if a time is given.
async fn open(
    app: &App,
    ready: &mut Ready,
    (answer, link): (&Answer, &str),
    writer: Writer,
) -> anyhow::Result<Result<(), Wrong>> {
    let opened = match proof::open(app, link, Some(ready.id.clone()), writer).await {
        Ok(opened) => opened,
        Err(error) if error.is::<Usage>() => Opened::Refused(error.to_string()),
        Err(error) => return Err(error),
    };
    let help = "核对链接;微信文章请点右上角“复制链接”";
    Ok(match opened {
        Opened::Fits(proven) => {
            let Proven { identity, seen, .. } = *proven;
            let from = seen.sightings.iter().filter_map(|it| it.published.earliest).max();
            if from.is_some_and(|from| from > answer.seen.latest) {
                let what = "文章的发布时间晚于查看时间";
                return Ok(Err(wrong(Field::SeenAt, what, "核对查看时间")));
            }
            (ready.said.seen, ready.proven) = (seen, Some(identity));
            Ok(())
        }
        Opened::Unopened(_) if answer.published.is_some() => Ok(()),
        Opened::Unopened(why) => {
            Err(wrong(Field::Link, why, "稍后再导入,或写上最新发布时间,以人工核查登记"))
        }
        Opened::Refused(why) => Err(wrong(Field::Link, why, help)),
    })
}
