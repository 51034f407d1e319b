//! What does an owner's form say? Read with every mistake at once, and answered in a sentence.

use chrono::TimeDelta;
use freshd_core::account::{Account, Lifecycle, Source};
use freshd_core::owner::{OwnerAct, RequestState, Successor};
use freshd_core::{Timestamp, civil};

use crate::ledger::fields::menu_entry;
use crate::ledger::row::LIST_CHARS_MAX;
use crate::notify::clean::{address, one_line};
use crate::web::owner::OwnerDeed;

/// Characters of what an owner writes.
const TEXT_CHARS_MAX: usize = 1_000;
/// Characters of a link.
const LINK_CHARS_MAX: usize = 2_000;
/// Characters of a name, and of a telephone number.
const NAME_CHARS_MAX: usize = 40;
/// When the next day's figures are out: hour and minute in Beijing.
const FIGURES_OUT: (i64, i64) = (8, 30);

/// When an account is looked at again whose owner says to have posted: the next morning.
pub fn recheck_at(now: Timestamp) -> Timestamp {
    let (hour, minute) = FIGURES_OUT;
    let next = civil::start_of(civil::day(now) + TimeDelta::days(1));
    next + TimeDelta::hours(hour) + TimeDelta::minutes(minute)
}

/// What was filled in, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) act: OwnerAct,
    pub(super) text: String,
    pub(super) successor: Option<Successor>,
    pub(super) menu: Vec<(Vec<String>, String)>,
}

/// Every mistake of a form at once.
pub(super) fn understood(deed: &OwnerDeed) -> Result<Said, Vec<String>> {
    let mut wrong = Vec::new();
    let long = |text: &str, most: usize| text.chars().count() > most;
    let (text, mut successor, mut menu) = (cleaned(&deed.text), None, Vec::new());
    if long(&deed.text, TEXT_CHARS_MAX) {
        wrong.push(format!("说明超过 {TEXT_CHARS_MAX} 字,请写短一些"));
    }
    let (act, text) = match deed.act.as_str() {
        "posted" if deed.link.is_empty() => (OwnerAct::PostedUnseen, text),
        "posted" => {
            if long(&deed.link, LINK_CHARS_MAX) {
                wrong.push("链接太长;在微信里点右上角“复制链接”".to_owned());
            }
            (OwnerAct::Posted, deed.link.clone())
        }
        "objection" => {
            if text.is_empty() {
                wrong.push("没有写异议的内容;写明实际情况,有链接的附上链接".to_owned());
            }
            (OwnerAct::Objection, text)
        }
        "working" => (OwnerAct::Working, text),
        "closing" => (OwnerAct::Closing, text),
        "contact" => {
            successor = heir(deed, &mut wrong);
            (OwnerAct::Contact, text)
        }
        "menu" => {
            let (entries, cell) = entries(&deed.menu, &mut wrong);
            menu = entries;
            (OwnerAct::Menu, cell)
        }
        _ => {
            wrong.push("没有选要办理的事项".to_owned());
            (OwnerAct::Working, text)
        }
    };
    if wrong.is_empty() { Ok(Said { act, text, successor, menu }) } else { Err(wrong) }
}

/// Text of several lines without what would steer a reader's eye.
fn cleaned(text: &str) -> String {
    let lines = text.lines().map(|line| one_line(line, TEXT_CHARS_MAX));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn heir(deed: &OwnerDeed, wrong: &mut Vec<String>) -> Option<Successor> {
    let short = |text: &str| one_line(text, NAME_CHARS_MAX + 1);
    let (name, phone) = (short(&deed.name), short(&deed.phone));
    if name.is_empty() {
        wrong.push("没有写新联系人的姓名".to_owned());
    }
    if name.chars().count() > NAME_CHARS_MAX {
        wrong.push(format!("姓名超过 {NAME_CHARS_MAX} 字"));
    }
    let fits = |c: char| c.is_ascii_digit() || "+-() ()转、/".contains(c);
    if phone.chars().count() > NAME_CHARS_MAX || !phone.chars().all(fits) {
        wrong.push("电话只写数字和 - + ( ) 转;没有就留空".to_owned());
    }
    let email = address(&deed.email).filter(|_| !deed.email.contains([';', ',']));
    if email.is_none() {
        wrong.push(format!("“{}”不是电子邮箱;写一个新联系人的邮箱", one_line(&deed.email, 60)));
    }
    email.map(|email| Successor { name, phone, email })
}

/// The menu's entries, and the same in the words of the ledger's cell.
fn entries(
    rows: &[(String, String)],
    wrong: &mut Vec<String>,
) -> (Vec<(Vec<String>, String)>, String) {
    let mut entries: Vec<(Vec<String>, String)> = Vec::new();
    for (no, (path, url)) in (1..).zip(rows) {
        match menu_entry(path, url) {
            Ok((path, _)) if entries.iter().any(|(held, _)| *held == path) => {
                wrong.push(format!("第 {no} 项:“{}”写了两次;只留一个", path.join("/")));
            }
            Ok(entry) => entries.push(entry),
            Err(what) => wrong.push(format!("第 {no} 项:{what}")),
        }
    }
    if rows.is_empty() {
        wrong.push("没有写菜单;至少写一项名称和链接".to_owned());
    }
    let told = entries.iter().map(|(path, url)| format!("{}={url}", path.join("/")));
    let cell = told.collect::<Vec<_>>().join(";");
    if cell.chars().count() > LIST_CHARS_MAX {
        wrong.push(format!("菜单太长,合起来超过 {LIST_CHARS_MAX} 字"));
    }
    (entries, cell)
}

/// What is answered, and whether an operator must decide.
pub(super) fn answer(said: &Said, account: &Account, now: Timestamp) -> (String, RequestState) {
    let open = if said.act.wants_decision() { RequestState::Open } else { RequestState::Noted };
    let text = match said.act {
        OwnerAct::PostedUnseen => {
            let day = civil::chinese_day(recheck_at(now));
            let blind = !account.sources.iter().any(shows_posts);
            let more = if blind {
                "系统没有能自动读到该账号发布的来源,请在此之前粘贴文章链接。"
            } else {
                ""
            };
            format!(
                "平台数据次日可见,将于明日 08:30 复核({day}),期间不再催;判定以复核结果为准。{more}"
            )
        }
        OwnerAct::Objection => "已转给管理员核实。".to_owned(),
        OwnerAct::Working => "已记录:正在处理。".to_owned(),
        OwnerAct::Closing if account.lifecycle == Lifecycle::Closing => {
            return ("台账已登记为关停办理中。".to_owned(), RequestState::Noted);
        }
        OwnerAct::Closing => "已标为关停办理中,待管理员确认;注销完成前仍按规定监测。".to_owned(),
        OwnerAct::Contact => "已转给管理员;同意之前,信件仍会发到原联系人。".to_owned(),
        OwnerAct::Menu => format!("已替换自报菜单,共 {} 项,系统将逐项检查链接。", said.menu.len()),
        OwnerAct::Posted => String::new(),
    };
    (text, open)
}

/// May the next poll of this source see a post? What is looked at by hand or is only a shop or a service shows none.
fn shows_posts(source: &Source) -> bool {
    let blind = ["manual", "probe", "apk", "appstore", "huawei", "tencent"];
    !blind.contains(&source.connector.as_str())
}

#[cfg(test)]
mod tests;
