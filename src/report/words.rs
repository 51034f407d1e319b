//! Which words do people read for keys, and which characters never reach their screen or their spreadsheet?

use freshd_core::Timestamp;
use freshd_core::account::{Filing, Lifecycle, platform};
use freshd_core::civil;
use freshd_core::fault::{FaultKind, FaultScope};
use freshd_core::link::LinkHealth;
use freshd_core::rulebook::Rule;
use freshd_core::state::PERSON_PREFIX;
use freshd_core::verdict::{EvidenceClass, Outcome};

use crate::store::LetterState;

/// The word for a platform; names that freshd does not know stay as written.
pub fn platform_chinese(name: &str) -> &str {
    match name {
        platform::WECHAT => "微信公众号",
        platform::WEIBO => "新浪微博",
        platform::NANFANG => "南方号",
        platform::APP => "移动客户端",
        other => other,
    }
}

/// The word for what the evidence rests on; a source that has brought nothing yet is not 无来源.
pub fn class_chinese(class: EvidenceClass, has_source: bool) -> &'static str {
    match class {
        EvidenceClass::None if has_source => "尚未取得数据",
        class => class.chinese(),
    }
}

/// How long until the deadline, for people. Past it an undetermined account may have published: nothing is said of it.
pub fn left_chinese(days_left: f64, verdict: Option<Outcome>) -> String {
    match verdict {
        _ if days_left >= 0.0 => format!("{days_left:.1} 天"),
        Some(Outcome::Undetermined) => "期限已到,之后不清楚".to_owned(),
        _ => format!("已过 {:.1} 天", -days_left),
    }
}

/// The word for what a rule comes to: a rule that only advises accuses nobody.
pub fn outcome_chinese(rule: Rule, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail if !rule.is_veto() => "建议处理",
        outcome => outcome.chinese(),
    }
}

/// The word for how far a letter has come.
pub fn letter_chinese(state: LetterState) -> &'static str {
    match state {
        LetterState::Held => "暂存",
        LetterState::Queued => "待发",
        LetterState::Sending => "正在发出",
        LetterState::Accepted => "邮件服务器已接收",
        LetterState::Bounced => "退信",
        LetterState::Refused => "被拒收",
        LetterState::Cancelled => "已撤回",
        LetterState::GivenUp => "已放弃",
    }
}

/// What is kept of a source, for people: whose word it is.
pub fn kept_chinese(source: &str) -> &'static str {
    match source {
        source if source.starts_with(PERSON_PREFIX) => "人工核查的记录",
        source if source.starts_with("push:") => "推送的内容",
        _ => "采集留存的原始答复",
    }
}

/// `人工:李四`, as evidence names a person, in plain words; connectors by their names.
pub fn source_chinese(source: &str) -> String {
    match source.strip_prefix(PERSON_PREFIX) {
        Some(name) => format!("人工核查:{name}"),
        None => source.to_owned(),
    }
}

/// The word for 运行状态.
pub fn lifecycle_chinese(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Running => "在运行",
        Lifecycle::Closing => "关停办理中",
        Lifecycle::Closed => "已关停",
        Lifecycle::Deregistered => "已注销",
    }
}

/// The word for 备案状态.
pub fn filing_chinese(filing: Filing) -> &'static str {
    match filing {
        Filing::Filed => "已备案",
        Filing::Changing => "变更备案中",
        Filing::Withdrawn => "已注销备案",
        Filing::Unfiled => "未备案",
        Filing::Unknown => "未填(待核实)",
    }
}

/// The word for the health of a link.
pub fn link_chinese(health: LinkHealth) -> &'static str {
    match health {
        LinkHealth::Alive => "正常",
        LinkHealth::Dead => "死链",
        LinkHealth::Unstable => "不稳定",
        LinkHealth::Placeholder => "占位链接",
        LinkHealth::Undetermined => "待核实",
        LinkHealth::NotCheckable => "无法核验",
    }
}

/// Whose concern a fault is.
pub fn scope_chinese(scope: FaultScope) -> &'static str {
    match scope {
        FaultScope::Account => "账号",
        FaultScope::Credential => "授权凭证",
        FaultScope::Platform => "平台",
        FaultScope::Connector => "采集器",
        FaultScope::Local => "本机",
    }
}

/// What kind of fault it is.
pub fn kind_chinese(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Gone => "账号不存在",
        FaultKind::Suspended => "账号被冻结或限制",
        FaultKind::Unauthorized => "未获授权",
        FaultKind::RateLimited => "访问过于频繁",
        // A captcha, or a page without content where there should be some: each fault says which.
        FaultKind::Challenged => "疑似访问限制",
        FaultKind::Unavailable => "服务不可用",
        FaultKind::TimedOut => "超时",
        FaultKind::Unreachable => "无法连接",
        FaultKind::Malformed => "答复无法识别",
        FaultKind::Refused => "拒绝访问该地址",
    }
}

/// `2026-11-22 10:00` of an RFC 3339 text of a view; the text itself if it is none.
pub fn minute_of(rfc3339: &str) -> String {
    instant_of(rfc3339).map_or_else(|| rfc3339.to_owned(), civil::minute_text)
}

/// `2026-11-22` of an RFC 3339 text of a view; the text itself if it is none.
pub fn day_of(rfc3339: &str) -> String {
    instant_of(rfc3339).map_or_else(|| rfc3339.to_owned(), |at| civil::day(at).to_string())
}

/// The instant that a view's text names.
pub fn instant_of(rfc3339: &str) -> Option<Timestamp> {
    rfc3339.parse().ok()
}

/// The text on one line, without what could steer a terminal or turn the order of reading: control characters
/// become blanks, characters that format invisibly are dropped.
pub fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_invisible(*c));
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Text of several lines for a terminal: as [`plain`], but with line breaks, tabs and our own colours.
pub fn screen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let ink = INKS.iter().find(|ink| rest.starts_with(**ink));
        if let Some(ink) = ink {
            out.push_str(ink);
        } else if matches!(c, '\n' | '\t') {
            out.push(c);
        } else if !is_invisible(c) {
            out.push(if c.is_control() { ' ' } else { c });
        }
        rest = &rest[ink.map_or(c.len_utf8(), |ink| ink.len())..];
    }
    out
}

/// What [`super::table::paint`] writes around a text.
const INKS: [&str; 7] =
    ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[1;31m"];

/// A cell of an exported table: without what hides or reorders text; line breaks stay.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c) && (!c.is_control() || *c == '\n')).collect()
}

/// Zero-width and soft-hyphen characters, direction marks and overrides, line and paragraph separators, the byte order
/// mark, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it.
pub fn neutral(text: &str) -> String {
    let risky = |c: char| "=+-@\t\r\n\0\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
    if text.trim_start_matches(' ').starts_with(risky) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
