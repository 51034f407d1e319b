//! What did owners say, and what does an operator decide? `freshd requests`.

use freshd_core::civil;
use serde_json::json;

use super::{DONE, Usage, printed};
use crate::app::App;
use crate::app::owner::requests::{decide, listed, word_json, word_line};
use crate::control::Response;

/// Texts on a line of the list are cut to this many characters.
const LINE_CHARS_MAX: usize = 400;

pub(super) fn list(app: &App, all: bool, as_json: bool) -> anyhow::Result<Response> {
    let words = listed(app, None, all)?;
    if as_json {
        let words = words.iter().map(|(word, account)| word_json(word, account.as_ref()));
        return super::json(DONE, &json!({"requests": words.collect::<Vec<_>>()}));
    }
    let mut text = String::new();
    for (word, account) in &words {
        let name = account.as_ref().map_or("已不在台账", |account| account.name.as_str());
        let line: String = word_line(word).chars().take(LINE_CHARS_MAX).collect();
        text.push_str(&format!(
            "{}  {}  {}  {name}({})\n    {line}\n    信 {},{}\n",
            word.id,
            civil::minute_text(word.at),
            word.state.chinese(),
            word.account,
            word.letter,
            word.to
        ));
        if let Some(decided) = &word.decided {
            let (at, by, note) = (civil::minute_text(decided.at), &decided.by, &decided.note);
            text.push_str(&format!("    {by} 于 {at} 处理 {note}\n"));
        }
    }
    if words.is_empty() {
        text.push_str("没有待处理的请求;--all 列出账号方说过的全部内容\n");
    } else if !all {
        text.push_str("同意:freshd requests approve 编号;不同意:freshd requests reject 编号\n");
    }
    Ok(printed(DONE, text))
}

pub(super) fn settle(
    app: &App,
    id: &str,
    approve: bool,
    note: &str,
    who: &str,
) -> anyhow::Result<Response> {
    match decide(app, id, approve, note.trim(), who)? {
        Ok(told) => Ok(printed(DONE, format!("{told}\n"))),
        Err(why) => Err(Usage(why).into()),
    }
}
