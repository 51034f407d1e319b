//! What does this word in a cell mean? Status words, addresses, menus, sources: one small reader each.

use freshd_core::account::{Filing, Lifecycle, Source};

use crate::config::problem::is_invisible;

use super::header::{folded, half_width};

/// A word that is not understood: the word, what is wrong, how to mend it; Chinese.
pub(super) struct Wrong {
    pub(super) value: String,
    pub(super) what: String,
    pub(super) help: String,
}

impl Wrong {
    fn new(value: &str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { value: value.to_owned(), what: what.into(), help: help.into() }
    }
}

/// The rules that a circular may name, as in `rulings[].rule`.
const RULES: [&str; 7] = [
    "content-stale",
    "app-unusable",
    "interaction-poor",
    "safety",
    "account-gone",
    "menu-links",
    "filing",
];

/// Takes out control characters and what hides or reorders text; says how many. Line breaks stay when asked for.
pub(super) fn cleaned(text: &str, keep_breaks: bool) -> (String, usize) {
    let mut removed = 0;
    let kept = text.chars().filter(|c| {
        let bad = (c.is_control() && !matches!(c, '\n' | '\t')) || is_invisible(*c);
        removed += usize::from(bad);
        !bad
    });
    let kept: String = kept.collect();
    let text = if keep_breaks { kept } else { kept.replace(['\n', '\t'], "") };
    (text.trim().to_owned(), removed)
}

/// 运行状态.
pub(super) fn lifecycle(text: &str) -> Result<Lifecycle, Wrong> {
    Ok(match folded(text).as_str() {
        "" | "在运行" | "正常" | "运行" | "运行中" | "正常运行" | "在用" | "running" => {
            Lifecycle::Running
        }
        "关停办理中" | "拟注销" | "拟关停" | "关停中" | "注销中" | "注销办理中" | "closing" => {
            Lifecycle::Closing
        }
        "已关停" | "关停" | "停用" | "已停用" | "停止运行" | "closed" => {
            Lifecycle::Closed
        }
        "已注销" | "注销" | "deregistered" => Lifecycle::Deregistered,
        _ => {
            let help = "填 在运行、关停办理中、已关停 或 已注销;空着按在运行";
            return Err(Wrong::new(text, "不认识的运行状态", help));
        }
    })
}

/// 备案状态.
pub(super) fn filing(text: &str) -> Result<Filing, Wrong> {
    Ok(match folded(text).as_str() {
        "" | "未填" | "未填待核实" | "待核实" | "不详" | "unknown" => Filing::Unknown,
        "已备案" | "备案" | "是" | "filed" => Filing::Filed,
        "变更备案中" | "变更中" | "变更备案" | "备案变更中" | "changing" => {
            Filing::Changing
        }
        "已注销备案" | "注销备案" | "withdrawn" => Filing::Withdrawn,
        "未备案" | "否" | "unfiled" => Filing::Unfiled,
        _ => {
            let help = "填 已备案、变更备案中、已注销备案 或 未备案;空着按待核实";
            return Err(Wrong::new(text, "不认识的备案状态", help));
        }
    })
}

/// The levels in one spelling.
pub(super) const LEVELS: [&str; 4] = ["省级", "市级", "县级", "乡镇"];

/// 层级: the four usual ones in one spelling, any other as written.
pub(super) fn level(text: &str) -> String {
    match folded(text).as_str() {
        "省" | "省级" | "省直" | "province" => "省级",
        "市" | "市级" | "地市" | "地市级" | "市直" | "city" => "市级",
        "县" | "县级" | "区县" | "县区" | "区级" | "县区级" | "区县级" | "county" => {
            "县级"
        }
        "乡镇" | "乡镇级" | "乡级" | "镇级" | "街道" | "乡镇街道" | "镇街" | "town" => {
            "乡镇"
        }
        _ => text,
    }
    .to_owned()
}

/// E-mail addresses, by syntax.
pub(super) fn emails(text: &str) -> (Vec<String>, Vec<Wrong>) {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    let half = half_width(text);
    let parts = half.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '、' | '|'));
    for address in parts.map(str::trim).filter(|part| !part.is_empty()) {
        if ["无", "暂无", "/", "-"].contains(&address) {
            continue;
        }
        if !is_email(address) {
            let help = "写成 name@example.gov.cn;多个地址用 ; 隔开";
            wrong.push(Wrong::new(address, "不是邮箱地址", help));
        } else if !good.iter().any(|known: &String| known.eq_ignore_ascii_case(address)) {
            good.push(address.to_owned());
        }
    }
    (good, wrong)
}

/// The dot-atom form of RFC 5321: what the mail system will really take.
fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=64).contains(&local.len())
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// `服务/办事指南=https://…`, several by `;`.
pub(super) fn menu(text: &str) -> (Vec<(Vec<String>, String)>, Vec<Wrong>) {
    let (mut entries, mut wrong) = (Vec::new(), Vec::new());
    for part in text.split([';', '\u{ff1b}', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let read = part.split_once(['=', '\u{ff1d}']).and_then(|(path, target)| {
            let path: Vec<String> = path
                .split(['/', '\u{ff0f}', '>'])
                .map(|step| step.trim().to_owned())
                .filter(|step| !step.is_empty())
                .collect();
            let target = target.trim();
            (!path.is_empty() && !target.is_empty()).then(|| (path, target.to_owned()))
        });
        match read {
            Some(entry) => entries.push(entry),
            None => {
                let help = "写成 服务/办事指南=https://…;多个菜单用 ; 隔开";
                wrong.push(Wrong::new(part, "不是菜单", help));
            }
        }
    }
    (entries, wrong)
}

/// 上季度通报情况: plain words, or `2026Q3:content-stale`.
pub(super) fn circular(text: &str) -> (Vec<String>, Vec<Wrong>) {
    let (mut said, mut wrong) = (Vec::new(), Vec::new());
    for part in text.split([';', '\u{ff1b}', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        if ["无", "未通报", "未被通报", "否", "没有", "-", "/"].contains(&part) {
            continue;
        }
        let coded = half_width(part);
        match coded.split_once(':').filter(|(quarter, _)| is_quarter(quarter.trim())) {
            None if is_like_code(&coded) => {
                let help = "季度写成 2026Q3 这样,Q1 到 Q4;也可以直接写一句话";
                wrong.push(Wrong::new(part, "没有这个季度", help));
            }
            None => said.push(part.to_owned()),
            Some((quarter, rule)) if RULES.contains(&rule.trim()) => {
                said.push(format!("{}:{}", quarter.trim().to_uppercase(), rule.trim()));
            }
            Some((_, rule)) => {
                let help = format!("指标代码可用:{};也可以直接写一句话", RULES.join("、"));
                wrong.push(Wrong::new(rule, "不认识的指标代码", help));
            }
        }
    }
    (said, wrong)
}

/// Is this a quarter with a rule, or meant to be: `2026Q9:content-stale`?
fn is_like_code(text: &str) -> bool {
    let Some((quarter, rule)) = text.split_once(':') else { return false };
    let bytes = quarter.trim().as_bytes();
    let year = (5..=7).contains(&bytes.len()) && bytes[..4].iter().all(u8::is_ascii_digit);
    RULES.contains(&rule.trim()) || year && bytes[4].eq_ignore_ascii_case(&b'Q')
}

fn is_quarter(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4].eq_ignore_ascii_case(&b'Q')
        && (b'1'..=b'4').contains(&bytes[5])
}

/// 采集方式: `connector:target`, by space; a `;` before the next `connector:` is forgiven.
pub(super) fn sources(text: &str) -> (Vec<Source>, Vec<Wrong>) {
    let (mut good, mut wrong): (Vec<Source>, Vec<Wrong>) = (Vec::new(), Vec::new());
    for part in text.split(|c: char| c.is_whitespace() || c == '\u{ff1b}').flat_map(semicolons) {
        match Source::parse(&part) {
            Some(source) if !good.contains(&source) => good.push(source),
            Some(_) => {}
            None => {
                let help = "写成 采集器:目标,如 wechat:wx…、feed:https://…;多个用空格隔开";
                wrong.push(Wrong::new(&part, "不是采集方式", help));
            }
        }
    }
    (good, wrong)
}

/// Splits at each `;` that a new source follows; an address may hold a `;` itself.
fn semicolons(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in text.split(';') {
        let fresh = Source::parse(piece).is_some_and(|source| !source.target.starts_with("//"));
        match parts.last_mut() {
            Some(last) if !fresh && !piece.is_empty() => {
                last.push(';');
                last.push_str(piece);
            }
            _ if piece.is_empty() => {}
            _ => parts.push(piece.to_owned()),
        }
    }
    parts
}

/// Where an account is reported if the ledger does not say: the second level of 地区, else 主管单位.
pub(super) fn default_unit(region: &str, supervisor: &str) -> String {
    let mut steps =
        region.split(['/', '\u{ff0f}', '\\', '>']).map(str::trim).filter(|s| !s.is_empty());
    let (first, second) = (steps.next().unwrap_or_default(), steps.next());
    if let Some(second) = second {
        return second.to_owned();
    }
    // 广东省茂名市 without a stroke between.
    let city = ["自治区", "省"].iter().find_map(|end| {
        let rest = &first[first.find(end)? + end.len()..];
        let stop = ["自治州", "地区", "市", "盟"]
            .iter()
            .filter_map(|end| rest.find(end).map(|at| at + end.len()))
            .min()?;
        Some(rest[..stop].to_owned())
    });
    city.unwrap_or_else(|| supervisor.to_owned())
}

/// A number that a spreadsheet program rewrote: `1.23E+09`, `1.23e9`.
pub(super) fn is_mangled(text: &str) -> bool {
    let half = half_width(text).to_ascii_uppercase();
    let Some((mantissa, exponent)) = half.split_once('E') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = mantissa.split_once('.').map_or_else(
        || digits(mantissa) && exponent.starts_with('+'),
        |(whole, part)| digits(whole) && digits(part),
    );
    whole && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

#[cfg(test)]
mod tests;

/// One entry of a menu as a form tells it, by the rules of a cell of 菜单地址.
///
/// # Errors
/// What is wrong with it and how it is mended, Chinese.
pub fn menu_entry(path: &str, target: &str) -> Result<(Vec<String>, String), String> {
    let (path, target) = (path.trim(), target.trim());
    if path.is_empty() {
        return Err(format!("“{target}”没有写菜单名称;写成 服务/办事指南"));
    }
    if target.is_empty() {
        return Err(format!("“{path}”没有写链接;粘贴以 https:// 开头的链接"));
    }
    if path.contains([';', '\u{ff1b}', '=', '\u{ff1d}', '\n']) {
        return Err(format!("菜单名称“{path}”里有分号、等号或换行;去掉它们"));
    }
    if target.contains([';', '\u{ff1b}', '\n']) {
        return Err(format!("“{path}”的链接里有分号或换行;一行只写一个链接"));
    }
    let address = ["https://", "http://"].iter().find_map(|scheme| target.strip_prefix(scheme));
    if address.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
        return Err(format!("“{path}”的链接“{target}”不是网址;写以 https:// 开头的链接"));
    }
    let (entries, wrong) = menu(&format!("{path}={target}"));
    match (entries.into_iter().next(), wrong.into_iter().next()) {
        (Some(entry), None) => Ok(entry),
        (_, wrong) => {
            let help = wrong.map_or_else(String::new, |wrong| wrong.help);
            Err(format!("“{path}”不是菜单;{help}"))
        }
    }
}
