//! In which words are the operators told what the notifier met? A held storm, letters that failed, accounts nobody can be
//! written to about, mails that came in.

use std::collections::{BTreeMap, BTreeSet};

use super::operator::Matter;
use super::report::{NotifyReport, Storm, ToldAccount};

/// Accounts that are named as examples of a held storm.
const EXAMPLES: usize = 5;

/// All letters of a run are held: how many, of which kinds, and a few of them to look at.
pub(super) fn storm(report: &NotifyReport, storm: Storm) -> Matter {
    let share = (storm.recipients * 100).checked_div(storm.of).unwrap_or(100);
    let mut lines = vec![format!(
        "本次要写信的收件人 {} 个,占台账全部收件人 {} 个的 {share}%",
        storm.recipients, storm.of
    )];
    let mut kinds: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for told in &report.told {
        kinds.entry((told.reason, told.rule)).or_default().insert(&told.account);
    }
    let kind = |((reason, rule), accounts): (_, BTreeSet<&str>)| {
        let words = kind_words(reason);
        format!("{words}({}):{} 个账号", freshd_core::rulebook::Rule::chinese(rule), accounts.len())
    };
    lines.extend(kinds.into_iter().map(kind));
    let example = |told: &ToldAccount| {
        let (name, account, words) = (&told.name, &told.account, kind_words(told.reason));
        format!("例如 {name}({account}):{words},致 {}", told.to.join("、"))
    };
    let written = report.told.iter().filter(|told| !told.to.is_empty());
    lines.extend(written.take(EXAMPLES).map(example));
    let words = "本次运行要写信的收件人超过上限(hold_share、hold_min_recipients),全部信件已暂存,没有发出。常见的原因:改了规则、\
                 采集大面积出错、系统时钟跳变。请先核对判定是否属实(freshd mail outbox、freshd mail preview 编号),\
                 属实再放行(freshd mail release);放行时情况已变化的信自动撤回。";
    let title = format!("{} 个收件人的信已暂存待放行", storm.recipients);
    Matter::new(title, words, lines, format!("storm {}", report.at.timestamp_millis()))
}

fn kind_words(reason: freshd_core::reminder::Reason) -> &'static str {
    super::past::reason_words(reason.key())
}

/// Letters that failed for good.
pub(super) fn refused(lines: Vec<String>, key: String) -> Matter {
    let words = "以下收件人没有收到提醒;有下一级联系人的,已改发下一级(责任人、主管单位)。请核对并更新台账里的邮箱,\
                 必要时电话通知(freshd contacts)。";
    Matter::new(format!("{} 封信未能送达", lines.len()), words, lines, key)
}

/// Accounts that nobody can be written to about.
pub(super) fn nobody(lines: Vec<String>, key: String) -> Matter {
    let words = "这些账号的联系人、责任人和主管单位都没有可用的邮箱(台账没有填,或已拒收、退信),提醒无法送达。请电话通知\
                 (freshd contacts、freshd export phone-list),并补填邮箱后重新导入。";
    Matter::new(format!("{} 个账号没有可用邮箱", lines.len()), words, lines, key)
}

/// Mails that came in.
pub(super) fn received(lines: Vec<String>, key: String) -> Matter {
    let words =
        "收件邮箱里的来信。链接都已按内容核验;其余请人工阅处(freshd mail inbox)。附件没有打开。";
    Matter::new(format!("{} 封来信", lines.len()), words, lines, key)
}
