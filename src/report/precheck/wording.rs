//! In which words does a notice name a problem, and what would lift a 待核实?

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::observation::ProfileState;
use freshd_core::rulebook::{Policy, Rule};
use freshd_core::state::AccountState;
use freshd_core::verdict::{
    EvidenceClass, Judgement, Outcome, Ruling, joined_coverage, silent_for,
};

use crate::report::view::only_works;
use crate::report::whose::whose;

/// Notices say 超过三个月未更新 beyond this many days.
const THREE_MONTHS_DAYS: i64 = 90;

/// The problem in the words of published notices (监测时间点前2周内无更新, 超过三个月未更新, 互动功能不可用 …). Three months are
/// told only where they are proven, not where the last post seen is that old.
pub(super) fn problem(
    account: &Account,
    state: &AccountState,
    ruling: &Ruling,
    policy: &Policy,
    at: Timestamp,
) -> String {
    match ruling.rule {
        Rule::ContentStale => {
            let joined = joined_coverage(account, &state.history);
            let months = TimeDelta::days(THREE_MONTHS_DAYS);
            if silent_for(&state.history.sightings, &joined, months, at).is_some() {
                "超过三个月未更新".to_owned()
            } else {
                format!("监测时间点前{}内无更新", span(policy.window_days()))
            }
        }
        Rule::AppUnusable => "移动客户端无法下载或使用".to_owned(),
        Rule::InteractionPoor => "互动功能不可用".to_owned(),
        Rule::AccountGone => match state.history.states.newest(at) {
            Some((_, ProfileState::Frozen)) => "账号被冻结或封禁".to_owned(),
            _ => "账号已注销或不存在".to_owned(),
        },
        other => other.chinese().to_owned(),
    }
}

fn span(days: i64) -> String {
    if days > 0 && days % 7 == 0 { format!("{}周", days / 7) } else { format!("{days}天") }
}

/// Why the account cannot be judged: the reasons of the undecided rules that decide.
pub(super) fn why_open(judgement: &Judgement) -> String {
    let open = judgement.rulings.iter().filter(|ruling| {
        matches!(ruling.rule, Rule::ContentStale | Rule::AppUnusable)
            && ruling.outcome == Outcome::Undetermined
    });
    open.map(|ruling| ruling.reason.clone()).collect::<Vec<_>>().join(";")
}

/// What would lift it: what keeps polls from working first, then what the evidence lacks.
pub(super) fn how_to_lift(
    account: &Account,
    state: &AccountState,
    judgement: &Judgement,
) -> String {
    let mut ways: Vec<String> = Vec::new();
    let mut way = |way: String| {
        if !ways.contains(&way) {
            ways.push(way);
        }
    };
    for (source, held) in &state.sources {
        held.faults.iter().for_each(|fault| way(whose(fault, source)));
    }
    let stale = judgement.ruling(Rule::ContentStale).map(|ruling| ruling.outcome);
    if stale == Some(Outcome::Undetermined) {
        let polled = !account.sources.is_empty();
        way(match judgement.evidence_class {
            EvidenceClass::Auto => "等待采集补齐缺口,或人工核查",
            EvidenceClass::HitsOnly => "授权接口或登记完整来源,或人工核查",
            EvidenceClass::Attested => "由第二人核查或附截图,或提供最新文章链接",
            EvidenceClass::None if only_works(account) => {
                "登记的来源不列发布:登记内容来源(feed:、article:),或人工核查"
            }
            EvidenceClass::None if polled => "来源已登记,取得数据后自动判定,也可人工核查",
            EvidenceClass::None => "补账号标识或采集方式,或提供文章链接、人工核查",
        }
        .to_owned());
    }
    let app = judgement.ruling(Rule::AppUnusable).map(|ruling| ruling.outcome);
    if app == Some(Outcome::Undetermined) {
        way("登记下载渠道,或等待再次核实下载".to_owned());
    }
    ways.join(";")
}
