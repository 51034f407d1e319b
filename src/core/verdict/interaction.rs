//! Does the account offer interaction that works 互动功能? What machines saw and what persons said, joined.
//!
//! Any sign that it works passes, for [`INTERACTION_AGE_MAX_DAYS`] days, unless somebody says later that it does not. It
//! fails by two looks at every declared probe, or by persons: two of them, or one with a picture, since it was last
//! seen to work. A page for consultation that opens passes, too, and refutes nobody who tried to use it.

use chrono::TimeDelta;

use super::rules::{Subject, newest_saying};
use super::{MenuEntryHealth, MenuHealth, Outcome, Ruling, day_text, oldest_as_of};
use crate::Timestamp;
use crate::history::EvidenceRef;
use crate::link::{LinkHealth, Place};
use crate::looks::{CONFIRM_APART_MIN, Looks};
use crate::observation::PROBE_KIND;
use crate::rulebook::{AS_OF_AGE_MAX_H, Rule};
use crate::word::{Finding, Word, Words};

/// A sign of working interaction counts for so many days, and so does a person's word that it works.
pub const INTERACTION_AGE_MAX_DAYS: i64 = 35;
/// Two persons' words that it does not work agree on one state of things if they lie at most so many days apart.
const BROKEN_TOGETHER_DAYS: i64 = 7;

/// The kind of sign in a key `source/kind`, as people call it.
pub fn interaction_chinese(kind: &str) -> &str {
    match kind {
        "auto_reply" => "自动回复",
        "comments" => "留言评论",
        "comment_replies" => "留言回复",
        "messages" => "私信",
        "agents" => "客服",
        "server" => "消息服务器",
        "consultation" => "咨询页面",
        PROBE_KIND => "互动功能",
        other => other,
    }
}

/// The newest answer by `now` to whether a sign works. A look that found none took nothing back, but of a probe: one that
/// could not tell makes what it said before uncertain.
pub fn last_said(
    key: &str,
    looks: &Looks<Option<bool>>,
    now: Timestamp,
) -> Option<(Timestamp, Option<bool>)> {
    let probe = key.rsplit('/').next() == Some(PROBE_KIND);
    let by_now = looks.iter().rev().filter(|(at, _)| *at <= now);
    by_now.copied().find(|(_, works)| probe || works.is_some())
}

/// 未提供有效互动功能.
pub(super) fn interaction_poor(s: &Subject<'_>, words: &Words, menu: &MenuHealth) -> Ruling {
    let since = s.now - TimeDelta::days(INTERACTION_AGE_MAX_DAYS);
    let sign = newest_sign(s, since);
    let praise = words.found(Finding::InteractionWorks, since, s.now).next_back();
    let worked = sign.as_ref().map(|(_, at)| *at).max(praise.map(|word| word.at));
    let broken = words.found(Finding::InteractionBroken, since, s.now);
    let broken: Vec<&Word> = broken.filter(|word| worked.is_none_or(|at| word.at > at)).collect();
    let proven = proven(&broken);
    if let Some((at, said)) = proven.as_ref().filter(|(at, _)| *at >= oldest_as_of(s.now)) {
        return by_persons(*at, said);
    }
    let dead = dead_probes(s);
    let mut ruling = by_machines(s, menu, sign.as_ref(), dead.as_ref(), praise);
    if let Some(word) = praise {
        add(&mut ruling, &works_text(word));
        ruling.evidence.extend(word.backing());
    }
    if ruling.outcome == Outcome::Pass && dead.is_some() {
        add(&mut ruling, "登记的互动地址(探测)目前无法使用,请核对登记的地址");
    }
    if !broken.is_empty() {
        if ruling.outcome == Outcome::Pass {
            ruling.outcome = Outcome::Undetermined;
        }
        let failed = ruling.outcome == Outcome::Fail;
        let told =
            if failed { broken_text(&broken) } else { doubt_text(&broken, proven.is_some()) };
        add(&mut ruling, &told);
        ruling.evidence.extend(broken.iter().filter_map(|word| word.backing()));
    }
    ruling
}

/// What signs, pages and probes come to; with a person's word that it works, nothing is said against it.
fn by_machines(
    s: &Subject<'_>,
    menu: &MenuHealth,
    sign: Option<&(String, Timestamp)>,
    dead: Option<&(Timestamp, Vec<String>)>,
    praise: Option<&Word>,
) -> Ruling {
    let of = |outcome, as_of, reason, keys: &[String]| Ruling {
        rule: Rule::InteractionPoor,
        outcome,
        as_of,
        reason,
        evidence: keys.iter().filter_map(|key| backing(s, key)).collect(),
    };
    if let Some((key, at)) = sign {
        let told = format!("{}可用({})", interaction_chinese(kind_of(key)), day_text(*at));
        return of(Outcome::Pass, s.now, told, std::slice::from_ref(key));
    }
    let since = s.now - TimeDelta::days(INTERACTION_AGE_MAX_DAYS);
    if let Some(page) = consultations(menu).find(|(_, page)| opened(page, since)) {
        let told = page_text(page, menu.is_self_reported());
        // That a page opens is less than what a probe of the service itself proves.
        let outcome = if dead.is_some() { Outcome::Undetermined } else { Outcome::Pass };
        let doubt = if dead.is_some() {
            ";但登记的互动地址(探测)无法使用,需人工复核"
        } else {
            ""
        };
        return of(outcome, s.now, told + doubt, &[]);
    }
    if praise.is_some() {
        return of(Outcome::Pass, s.now, String::new(), &[]);
    }
    if let Some((at, keys)) = dead {
        let told = format!(
            "登记的互动功能无法使用(相隔{CONFIRM_APART_MIN}分钟以上两次核验,最近一次{})",
            day_text(*at)
        );
        return of(Outcome::Fail, *at, told, keys);
    }
    let keys: Vec<_> = s.history.interaction.keys().cloned().collect();
    of(Outcome::Undetermined, s.now, "没有证据表明互动功能可用,需人工复核".to_owned(), &keys)
}

/// Words that name a page where people can ask or complain, and words that name a page which only tells how.
const ASKED: [&str; 12] = [
    "咨询",
    "信箱",
    "留言",
    "投诉",
    "问政",
    "诉求",
    "建言",
    "意见",
    "我要问",
    "互动",
    "客服",
    "12345",
];
const TOLD: [&str; 11] =
    ["电话", "指南", "须知", "办法", "公示", "结果", "选登", "规定", "动态", "流程", "地址"];

/// The pages where people can ask: leaves of the menu that are so named, and what the ledger declares; `None` = the menu.
pub fn consultations(menu: &MenuHealth) -> impl Iterator<Item = (Option<Place>, &MenuEntryHealth)> {
    let named = |name: &str| {
        ASKED.iter().any(|word| name.contains(word)) && !TOLD.iter().any(|word| name.contains(word))
    };
    let article = |link: &str| link.contains("://mp.weixin.qq.com/");
    let leaves = menu.entries.iter().filter(move |page| {
        let shown = !page.entry.aside && !page.foreign;
        let link = page.entry.link().is_some_and(|link| !article(link));
        shown && link && page.entry.path.last().is_some_and(|name| named(name))
    });
    let declared = menu.others.iter().filter(|(place, _)| *place == Place::Interaction);
    let declared = declared.map(|(place, page)| (Some(*place), page));
    leaves.map(|page| (None, page)).chain(declared)
}

fn opened(page: &MenuEntryHealth, since: Timestamp) -> bool {
    page.health == LinkHealth::Alive && page.checked_at.is_some_and(|at| at >= since)
}

fn page_text((place, page): (Option<Place>, &MenuEntryHealth), self_reported: bool) -> String {
    let at = page.checked_at.map(day_text).unwrap_or_default();
    let name = match place {
        Some(place) => place.chinese().to_owned(),
        None => {
            let told = if self_reported { "(自报)" } else { "" };
            format!("菜单“{}”{told}", page.entry.path.join("/"))
        }
    };
    format!("{name}的页面可以打开({at})")
}

fn kind_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn add(ruling: &mut Ruling, told: &str) {
    if !ruling.reason.is_empty() {
        ruling.reason.push(';');
    }
    ruling.reason.push_str(told);
}

/// The bytes that carry what was last said of this sign.
fn backing(s: &Subject<'_>, key: &str) -> Option<EvidenceRef> {
    let (_, said) = last_said(key, s.history.interaction.get(key)?, s.now)?;
    newest_saying(s.history.interaction_backing.get(key)?, &said, s.now)
}

/// The sign that was last seen to work.
fn newest_sign(s: &Subject<'_>, since: Timestamp) -> Option<(String, Timestamp)> {
    let signs = s.history.interaction.iter().filter_map(|(key, looks)| {
        let (at, works) = last_said(key, looks, s.now)?;
        (works == Some(true) && at >= since).then(|| (key.clone(), at))
    });
    signs.max_by_key(|(_, at)| *at)
}

/// The declared probes, where each was twice seen dead of late, and when the first of them was.
fn dead_probes(s: &Subject<'_>) -> Option<(Timestamp, Vec<String>)> {
    let declared = s.account.sources.iter().filter(|source| source.connector == "probe");
    let probes: Vec<_> = declared.map(|source| format!("{source}/{PROBE_KIND}")).collect();
    let dead = |key: &String| {
        let looks = s.history.interaction.get(key)?;
        let at = looks.confirmed(s.now, |sign| *sign == Some(false))?;
        (at >= oldest_as_of(s.now)).then_some(at)
    };
    let dead: Option<Vec<Timestamp>> = probes.iter().map(dead).collect();
    dead?.into_iter().min().map(|at| (at, probes))
}

/// The words that prove together that it does not work, and as of when: one with a file, else two persons'.
fn proven<'w>(broken: &[&'w Word]) -> Option<(Timestamp, Vec<&'w Word>)> {
    broken.iter().rev().find_map(|word| {
        let near = word.at - TimeDelta::days(BROKEN_TOGETHER_DAYS);
        let before = broken.iter().filter(|it| it.at <= word.at && it.at >= near);
        let second = before.rev().find(|it| !it.may_be_same(word));
        let said: Vec<&Word> = second.into_iter().chain([word]).copied().collect();
        (word.filed || second.is_some()).then_some((word.at, said))
    })
}

fn by_persons(at: Timestamp, said: &[&Word]) -> Ruling {
    let until = day_text(at + TimeDelta::hours(AS_OF_AGE_MAX_H));
    Ruling {
        rule: Rule::InteractionPoor,
        outcome: Outcome::Fail,
        as_of: at,
        reason: format!("{};有效至{until},之后须再核查", broken_text(said)),
        evidence: said.iter().filter_map(|word| word.backing()).collect(),
    }
}

fn works_text(word: &Word) -> String {
    let until = day_text(word.at + TimeDelta::days(INTERACTION_AGE_MAX_DAYS));
    format!("{}({})核查互动可用,有效至{until}", word.by, day_text(word.at))
}

fn broken_text(said: &[&Word]) -> String {
    let who = |word: &&Word| {
        let filed = if word.filed { ",附截图" } else { "" };
        let detail = Some(word.detail.trim()).filter(|text| !text.is_empty());
        let detail = detail.map(|text| format!(":{text}")).unwrap_or_default();
        format!("{}({}{filed}{detail})", word.by, day_text(word.at))
    };
    let who: Vec<String> = said.iter().map(who).collect();
    format!("{}核查互动不可用", who.join("、"))
}

/// What was said and does not count, or no longer.
fn doubt_text(broken: &[&Word], was_proven: bool) -> String {
    let lacks = if was_proven {
        "已超过48小时,现状待核实,须再核查"
    } else {
        "须另一人也核查,或附截图,才能认定,需人工复核"
    };
    format!("{};{lacks}", broken_text(broken))
}
