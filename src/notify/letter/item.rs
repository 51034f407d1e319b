//! How does one account stand in a letter?

use chrono::TimeDelta;
use freshd_core::account::{Account, platform};
use freshd_core::circular::rectify_by;
use freshd_core::forecast::{PostSpan, last_safe_day, post_span};
use freshd_core::history::Seen;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{EvidenceClass, Outcome, Ruling};
use freshd_core::{Timestamp, civil};
use serde::Serialize;

use super::super::clean::{clean_header_text, clean_line};
use super::super::holiday;
use super::super::holiday::BeforeBreak;
use super::role::Role;
use super::{House, Item, chinese_date, dated, due_text, past_due_text};

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
    circular: String,
    history: Vec<String>,
    advice: Vec<String>,
    link: String,
    /// Where the owner acts.
    pub(super) door: String,
    pub(super) forward: String,
}

/// `eve`: the break before which the account lapses, where that is told.
pub(super) fn view(
    no: usize,
    item: &Item,
    role: Role,
    eve: Option<&BeforeBreak>,
    house: &House<'_>,
    now: Timestamp,
) -> View {
    let Item { account, judgement, tell, .. } = item;
    let ruling = judgement.ruling(tell.rule);
    let last = judgement.last_update.as_ref();
    let act = act(item, eve, house, now);
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
        holiday: holiday_text(item, eve, house, now),
        circular: circular_text(item),
        history: item.history.iter().map(|line| clean_line(line)).collect(),
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
fn act(item: &Item, eve: Option<&BeforeBreak>, house: &House<'_>, now: Timestamp) -> String {
    let Item { judgement, tell, .. } = item;
    let deadline = judgement.forecast.map(|outlook| outlook.deadline);
    if let (Reason::Precheck, Some(at)) = (tell.reason, item.inspection) {
        return before_inspection(item, at, house);
    }
    match (tell.reason, tell.rule) {
        (Reason::PreHoliday, _) if eve.is_some() => {
            let hours = deadline.filter(|at| last_safe_day(*at, now).is_none());
            match (hours, eve) {
                (None, Some(eve)) => format!("请于{}(含)前发布", chinese_date(eve.safe)),
                (at, _) => {
                    at.map_or(String::new(), |at| format!("请于{}前发布", due_text(at, now)))
                }
            }
        }
        (Reason::Reminder | Reason::PreHoliday, _) => {
            deadline.map_or(String::new(), |at| format!("请于{}前发布", due_text(at, now)))
        }
        (Reason::Rectified, _) => "无需再办".to_owned(),
        (Reason::EvidenceRequest, _) => {
            "请回复最近一篇文章的链接(直接粘贴即可);近期没有发布的,请发布后回复链接".to_owned()
        }
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

/// What to do before the inspection at `at`.
fn before_inspection(item: &Item, at: Timestamp, house: &House<'_>) -> String {
    let Item { judgement, tell, .. } = item;
    let fails = judgement.ruling(tell.rule).is_some_and(|it| it.outcome == Outcome::Fail);
    let instant = civil::chinese(at);
    if fails && tell.rule != Rule::ContentStale {
        return format!("请在检查时点({instant})之前整改");
    }
    let span = span_text(post_span(at, house.policy.window, judgement.now), "发布");
    let deadline = judgement.forecast.map(|outlook| outlook.deadline);
    match deadline.filter(|_| !fails) {
        _ if fails => format!("请尽快发布;为通过{instant}的检查,{span}"),
        Some(due) => {
            let due = due_text(due, judgement.now);
            format!("请于{due}前发布(更新期限);为通过{instant}的检查,{span}")
        }
        None => format!("为通过{instant}的检查,{span}"),
    }
}

/// `请在12月18日至12月30日之间(含首尾)发布`.
pub(super) fn span_text(span: PostSpan, what: &str) -> String {
    match (span.from, span.by) {
        (Some(from), Some(by)) => {
            let (from, by) = (chinese_date(from), chinese_date(by));
            format!("请在{from}至{by}之间(含首尾){what}")
        }
        (None, Some(by)) => format!("请于{}(含)前{what}", chinese_date(by)),
        (_, None) => format!("请立即{what}"),
    }
}

/// That the last quarter's circular named it, and until when that is to be put right.
fn circular_text(item: &Item) -> String {
    let Item { judgement, tell, .. } = item;
    let told = matches!(tell.reason, Reason::Overdue | Reason::Escalation | Reason::Precheck);
    if !told || !judgement.named.contains(&tell.rule) {
        return String::new();
    }
    let due = rectify_by(judgement.now);
    let day = chinese_date(civil::day(due - TimeDelta::seconds(1)));
    let over = if due <= judgement.now { ",已过" } else { "" };
    format!(
        "台账载明上季度已因此项被通报,整改期限{day}{over}(按季末起2周推算;通报写明期限的,以通报为准)"
    )
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

fn holiday_text(
    item: &Item,
    eve: Option<&BeforeBreak>,
    house: &House<'_>,
    now: Timestamp,
) -> String {
    if let (Some(found), Some(outlook)) = (eve, item.judgement.forecast) {
        return holiday::eve_advice(found, outlook.deadline);
    }
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
    open_text(item, role).into_iter().chain(acts).chain(found).take(ADVICE_MAX).collect()
}

/// What the lack of data means, where it is what the account lacks.
fn open_text(item: &Item, role: Role) -> Option<String> {
    let Item { judgement, tell, .. } = item;
    let hits_only = judgement.evidence_class == EvidenceClass::HitsOnly;
    match (tell.reason, judgement.forecast) {
        (Reason::EvidenceRequest, Some(outlook)) => Some(format!(
            "照已采集到的最近更新,更新期限为{},此后没有采集到数据。没有采集到数据不等于没有更新",
            civil::chinese(outlook.deadline)
        )),
        (Reason::EvidenceRequest, None) => Some(
            "目前没有任何来源能自动采集到该账号的发布。没有采集到数据不等于没有更新".to_owned(),
        ),
        (Reason::Reminder, _) if hits_only && role == Role::Owner => Some(
            "目前只能采集到该账号的部分发布;如此后已经更新,请回复最近一篇文章的链接".to_owned(),
        ),
        _ => None,
    }
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
        Reason::EvidenceRequest => format!(
            "“{name}”({platform})近期更新情况待核实(没有采集到数据,不等于没有更新){last}。{act}。{sign}"
        ),
        Reason::Reminder | Reason::PreHoliday => {
            format!("“{name}”({platform}){last},{act}。{sign}")
        }
        Reason::Precheck
            if judgement.ruling(item.tell.rule).is_some_and(|it| it.outcome != Outcome::Fail) =>
        {
            let near = judgement.verdict == Some(Outcome::AtRisk);
            let stands = if near { "目前达标,已临近更新期限" } else { "目前达标" };
            format!("“{name}”({platform}){stands}{last}。{act}。{sign}")
        }
        _ => {
            let at =
                civil::chinese(judgement.ruling(item.tell.rule).map_or(judgement.now, |r| r.as_of));
            let state = state(item);
            let rule = item.tell.rule.chinese();
            format!("“{name}”({platform}){rule},{state}(数据截至{at}){last}。{act}。{sign}")
        }
    }
}

pub(super) fn platform_chinese(account: &Account) -> String {
    match account.platform.as_str() {
        platform::WECHAT => "微信公众号".to_owned(),
        platform::WEIBO => "新浪微博".to_owned(),
        platform::NANFANG => "南方号".to_owned(),
        platform::APP => "移动客户端".to_owned(),
        other => clean_header_text(other),
    }
}
