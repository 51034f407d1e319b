//! How does one account stand in a letter?

use freshd_core::account::{Account, platform};
use freshd_core::history::Seen;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{Outcome, Ruling};
use freshd_core::{Timestamp, civil};
use serde::Serialize;

use super::super::clean::{clean_header_text, clean_line};
use super::super::holiday;
use super::role::Role;
use super::{House, Item, dated, due_text, past_due_text};

/// Pieces of advice per account.
const ADVICE_MAX: usize = 8;
/// Pieces of evidence per account.
const EVIDENCE_MAX: usize = 3;

/// One account as the templates see it: plain, cleaned strings; empty = leave out.
#[derive(Debug, Serialize)]
pub(super) struct View {
    no: usize,
    name: String,
    platform: String,
    handle: String,
    sponsor: String,
    state: &'static str,
    rule: &'static str,
    clause: String,
    reason: String,
    last_update: String,
    last_url: String,
    evidence: Vec<String>,
    as_of: String,
    act: String,
    holiday: String,
    advice: Vec<String>,
    link: String,
    /// Where the owner acts.
    pub(super) door: String,
    pub(super) forward: String,
}

pub(super) fn view(no: usize, item: &Item, role: Role, house: &House<'_>, now: Timestamp) -> View {
    let Item { account, judgement, tell, .. } = item;
    let ruling = judgement.ruling(tell.rule);
    let last = judgement.last_update.as_ref();
    let act = act(item, house, now);
    let name = clean_header_text(&account.name);
    let platform = platform_chinese(account);
    let forward = forward(item, &name, &platform, &act, house);
    View {
        no,
        state: state(item),
        rule: tell.rule.chinese(),
        clause: clean_line(house.policy.profile.clause(tell.rule)),
        reason: ruling.map(|r| clean_line(&r.reason)).unwrap_or_default(),
        last_update: last.map_or("没有采集到任何发布".to_owned(), last_text),
        last_url: last
            .and_then(|seen| seen.sighting.url.as_deref())
            .map(clean_line)
            .unwrap_or_default(),
        evidence: evidence(ruling, last),
        as_of: civil::minute_text(ruling.map_or(judgement.now, |r| r.as_of)),
        holiday: holiday_text(item, house, now),
        advice: advice(item, role),
        link: link(account, house),
        door: String::new(),
        handle: clean_header_text(&account.handle),
        sponsor: clean_header_text(&account.sponsor),
        name,
        platform,
        act: asked(act, item, role),
        forward,
    }
}

fn state(item: &Item) -> &'static str {
    match item.tell.reason {
        Reason::Rectified => "已整改",
        _ => item.judgement.ruling(item.tell.rule).map_or("待核实", |r| r.outcome.chinese()),
    }
}

/// What to do, and by when.
fn act(item: &Item, house: &House<'_>, now: Timestamp) -> String {
    let Item { judgement, tell, .. } = item;
    let deadline = judgement.forecast.map(|outlook| outlook.deadline);
    match (tell.reason, tell.rule) {
        (Reason::Reminder | Reason::PreHoliday, _) => {
            deadline.map_or(String::new(), |at| format!("请于{}前发布", due_text(at, now)))
        }
        (Reason::Rectified, _) => "无需再办".to_owned(),
        (Reason::EvidenceRequest, _) => "请回复最近一次发布的时间和链接".to_owned(),
        (_, Rule::ContentStale) => {
            let days = house.policy.window_days();
            match deadline {
                Some(at) => {
                    let day = past_due_text(at, now);
                    format!("应于{day}(含)前发布,已超期;请尽快发布新内容(每{days}天内至少一次)")
                }
                None => format!("请尽快发布新内容(每{days}天内至少一次)"),
            }
        }
        (_, Rule::AppUnusable) => "请尽快恢复下载和使用,或办理关停注销手续并更新台账".to_owned(),
        (_, Rule::InteractionPoor) => "请尽快恢复互动功能".to_owned(),
        (_, Rule::AccountGone) => "请核实账号状态:恢复使用,或办理注销备案并更新台账".to_owned(),
        _ => "请核实并处理".to_owned(),
    }
}

/// What is asked of this recipient: a supervisor has the owner do it.
fn asked(act: String, item: &Item, role: Role) -> String {
    match (role, item.tell.reason) {
        (Role::Owner, _) | (_, Reason::Rectified) => act,
        (Role::Supervisor, _) if act.is_empty() => act,
        (Role::Supervisor, _) => format!("请督促主办单位办理:{act}"),
    }
}

fn last_text(seen: &Seen) -> String {
    let published = seen.sighting.published;
    let when = match published.earliest {
        None => format!("不晚于{}(日期不详)", civil::minute_text(published.latest)),
        Some(at) if (published.latest - at).num_seconds() < 60 => civil::minute_text(at),
        Some(at) => {
            format!("{}至{}之间", civil::minute_text(at), civil::minute_text(published.latest))
        }
    };
    let title = clean_line(&seen.sighting.title);
    if title.is_empty() { when } else { format!("{when}《{title}》") }
}

fn evidence(ruling: Option<&Ruling>, last: Option<&Seen>) -> Vec<String> {
    let mut all: Vec<_> = ruling.map(|r| r.evidence.iter().collect()).unwrap_or_default();
    all.extend(last.and_then(|seen| seen.evidence.as_ref()));
    all.sort_by_key(|held| std::cmp::Reverse(held.at));
    all.dedup();
    let mut lines: Vec<String> = all
        .iter()
        .take(EVIDENCE_MAX)
        .map(|held| {
            let (at, url) = (civil::minute_text(held.at), clean_line(&held.url));
            let head: String = held.id.chars().take(12).collect();
            match (url.is_empty(), head.is_empty()) {
                (true, true) => format!("{at} 采集"),
                (true, false) => format!("{at} 采集,存证编号 {head}"),
                (false, true) => format!("{at} 采集自 {url}"),
                (false, false) => format!("{at} 采集自 {url},存证编号 {head}"),
            }
        })
        .collect();
    if lines.is_empty()
        && let Some(seen) = last
    {
        lines.push(format!("{} 首次采集到", civil::minute_text(seen.first_seen)));
    }
    lines
}

fn holiday_text(item: &Item, house: &House<'_>, now: Timestamp) -> String {
    let wanted = matches!(item.tell.reason, Reason::Reminder | Reason::PreHoliday);
    let days = house.policy.window_days();
    let deadline = item.judgement.forecast.map(|outlook| outlook.deadline);
    deadline
        .filter(|_| wanted)
        .and_then(|at| holiday::before_break(house.calendar, at, days, now))
        .map(|found| holiday::advice(&found))
        .unwrap_or_default()
}

/// What the owner can mend so that the account can be watched, and what the rules that do not veto found: menu links,
/// filing.
fn advice(item: &Item, role: Role) -> Vec<String> {
    let rulings = item.judgement.rulings.iter();
    let advising = rulings.filter(|r| !r.rule.is_veto() && r.outcome == Outcome::Fail);
    let found = advising.map(|r| clean_line(&format!("{}:{}", r.rule.chinese(), r.reason)));
    let to_owner = item.tell.audience == Audience::Owner && item.tell.reason != Reason::Rectified;
    let acts = item.owner_acts.iter().filter(|_| to_owner);
    let lead = match role {
        Role::Owner => "为能继续监测",
        Role::Supervisor => "为能继续监测,请督促主办单位",
    };
    let acts = acts.map(|act| clean_line(&format!("{lead}:{act}")));
    acts.chain(found).take(ADVICE_MAX).collect()
}

fn link(account: &Account, house: &House<'_>) -> String {
    let Some(base) = house.public_url else { return String::new() };
    let mut url = format!("{}/accounts/", base.trim_end_matches('/'));
    for byte in account.id.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// A short text that can be passed on as it is.
fn forward(item: &Item, name: &str, platform: &str, act: &str, house: &House<'_>) -> String {
    let judgement = &item.judgement;
    let last = judgement.last_update.as_ref().and_then(|seen| seen.sighting.published.earliest);
    let last = last
        .map(|at| format!(",最近更新{}", dated(civil::day(at), judgement.now)))
        .unwrap_or_default();
    let office = clean_line(house.office);
    let sign = if office.is_empty() { String::new() } else { format!("({office})") };
    match item.tell.reason {
        Reason::Rectified => format!("“{name}”({platform})此前提示的问题已消除。{sign}"),
        Reason::Reminder => format!("“{name}”({platform}){last},{act}。{sign}"),
        _ => {
            let at =
                civil::chinese(judgement.ruling(item.tell.rule).map_or(judgement.now, |r| r.as_of));
            let state = state(item);
            let rule = item.tell.rule.chinese();
            format!("“{name}”({platform}){rule},{state}(数据截至{at}){last}。{act}。{sign}")
        }
    }
}

fn platform_chinese(account: &Account) -> String {
    match account.platform.as_str() {
        platform::WECHAT => "微信公众号".to_owned(),
        platform::WEIBO => "新浪微博".to_owned(),
        platform::NANFANG => "南方号".to_owned(),
        platform::APP => "移动客户端".to_owned(),
        other => clean_header_text(other),
    }
}
