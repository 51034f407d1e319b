//! What is the outside machine to ask? A list of account ids with their sources, and nothing else of the ledger.

use freshd_core::account::Source;
use serde::Deserialize;

use crate::config::problem::Problem;
use crate::ledger::table;

/// One source of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The account's id.
    pub account: String,
    /// Where to ask.
    pub source: Source,
}

/// The columns of a targets file: id and sources.
pub const COLUMNS: [&str; 2] = ["account", "sources"];

#[derive(Deserialize)]
struct Line {
    account: String,
    #[serde(alias = "source")]
    sources: String,
}

/// Reads a targets file: CSV or XLSX with the columns `account` and `sources` (several separated by spaces), or JSONL
/// with those keys. Every problem at once.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Wanted>, Vec<Problem>> {
    let (mut wanted, mut wrong) = (Vec::new(), Vec::new());
    let mut take = |line: usize, account: &str, sources: &str| {
        let tell = |what: String, help: &str| Problem::at_line(file, Some(line), "", what, help);
        if account.trim().is_empty() {
            wrong.push(tell(
                "没有写账号 id".to_owned(),
                "在内网侧用 freshd export targets 重新导出",
            ));
        }
        for text in sources.split_whitespace() {
            let account = account.trim().to_owned();
            match Source::parse(text) {
                Some(source) => wanted.push(Wanted { account, source }),
                None => {
                    let what = format!("「{text}」不是采集方式");
                    wrong.push(tell(what, "写成 采集器:目标,几个之间空一格"));
                }
            }
        }
    };
    if bytes.first() == Some(&b'{') {
        for (at, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
            match serde_json::from_str::<Line>(line) {
                Ok(line) => take(at + 1, &line.account, &line.sources),
                Err(_) if line.trim().is_empty() => {}
                Err(_) => take(at + 1, "", ""),
            }
        }
    } else {
        let book = table::read(file, bytes).map_err(|problem| vec![problem])?;
        let sheet = book.sheets.first().map(|sheet| sheet.rows.as_slice()).unwrap_or_default();
        let place = |names: &[&str]| {
            let header = sheet.first()?;
            header.cells.iter().position(|cell| names.contains(&cell.text.as_str()))
        };
        let account = place(&["account", "id", "系统id", "账号ID", "账号id", "账号标识"]);
        let sources = place(&["sources", "source", "采集方式", "采集来源"]);
        let (Some(account), Some(sources)) = (account, sources) else {
            let help = "用 freshd export targets 导出,或写 account、sources 两列";
            return Err(vec![Problem::in_file(file, "没有 account、sources 两列", help)]);
        };
        for line in &sheet[1..] {
            take(line.no, line.text(account), line.text(sources));
        }
    }
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() && wrong.is_empty() {
        wrong.push(Problem::in_file(file, "一个采集来源也没有", "台账里的账号要有采集方式"));
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(wrong) }
}
