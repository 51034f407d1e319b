//! Does a person's "nothing since" count, and if not, why not? Said at once, to whoever wrote it down.

use freshd_core::history::History;
use freshd_core::id::Channel;

use crate::cli::exec::word::{Person, Said};

/// What this word is worth now that it is kept, and what is lacking if it is worth nothing yet.
pub(super) fn told(person: &Person, said: &Said, history: &History, spoke_before: bool) -> String {
    if said.shown {
        return "附有文件,一人核查即可采信。".to_owned();
    }
    let span = said.seen.coverage.on(&Channel::all());
    let Some(mine) = history.attested.get(&person.name) else { return String::new() };
    let overlapping = || {
        history.attested.iter().filter(|(name, word)| {
            let mut theirs = word.bare.clone();
            theirs.join(&word.filed);
            **name != person.name && !theirs.intersect(&span).is_empty()
        })
    };
    let names = |same: bool| -> Vec<&str> {
        let alike = overlapping().filter(|(_, word)| mine.may_be_same(word) == same);
        alike.map(|(name, _)| name.as_str()).collect()
    };
    let (others, same) = (names(false), names(true));
    if !others.is_empty() {
        return format!("两人一致:与{}的核查重合的时段予以采信。", others.join("、"));
    }
    let mend = "请两人各自用 --by 写明姓名,或用 --file 附上截图";
    if !same.is_empty() {
        return format!(
            "还不能采信:与{}的核查出自同一登录用户,未以 --by 写明两个人,不能算作两人。{mend}。",
            same.join("、")
        );
    }
    if !mine.filed.intersect(&span).is_empty() {
        return "此人此前附过文件的时段仍予采信。".to_owned();
    }
    let before = if spoke_before { "同一人再次核查仍只算一人," } else { "" };
    let text = if said.file.is_some() {
        "附的是文本,随核查保存,但不能代替截图;"
    } else {
        ""
    };
    format!(
        "还不能采信:{text}{before}须另一人也核查(--by 写明姓名)且时段一致,或用 --file 附上截图。"
    )
}
