//! Does the account answer by itself? `get_current_autoreply_info`: rules set in the console.

use std::collections::BTreeSet;

use freshd_core::civil;
use freshd_core::link::{ELSEWHERE_MAX, Elsewhere, Place};
use freshd_core::observation::{InteractionSign, Part};
use serde_json::Value;

use super::interface::Interface;
use super::memory::{self, Memory};
use super::menu::{addresses, children};
use super::session::{Asked, Session};
use crate::lenient;

/// The auto-reply rules.
const AUTOREPLY: Interface =
    Interface::new("/cgi-bin/get_current_autoreply_info", "自动回复规则", &[1, 3, 15]);

/// A working sign counts for five weeks: days from one reading to the next.
const EVERY_DAYS: u64 = 3;

/// Reads the rules, every [`EVERY_DAYS`] days unless asked freshly.
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) {
    let today = civil::day(session.cx.now);
    if !memory::is_due(memory.reply_day, today, session.rest_days(EVERY_DAYS)) && !session.cx.fresh
    {
        return;
    }
    let Asked::Body(answer) = session.ask(AUTOREPLY, None).await else { return };
    match read(&answer) {
        Some(sign) => {
            memory.reply_day = Some(today);
            session.seen.carried(&[Part::Interaction(&sign.kind)]);
            session.seen.interaction.push(sign);
            session.seen.links = Some(links(&answer));
        }
        None => session.malformed(AUTOREPLY, "没有 is_autoreply_open"),
    }
}

/// The links that followers are sent, each with the rule that sends it.
pub(crate) fn links(answer: &Value) -> Vec<Elsewhere> {
    let open = |key: &str| answer.get(key).and_then(lenient::flag) == Some(true);
    let text = |held: &Value, key: &str| held.get(key).and_then(lenient::text);
    let mut found = Vec::new();
    for (flag, key, name) in [
        ("is_add_friend_reply_open", "add_friend_autoreply_info", "关注后回复"),
        ("is_autoreply_open", "message_default_autoreply_info", "默认回复"),
    ] {
        if let Some(reply) = answer.get(key).filter(|_| open(flag)) {
            sent(reply, name, &mut found);
        }
    }
    let rules = answer.pointer("/keyword_autoreply_info/list").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let words = rule.get("keyword_list_info").and_then(Value::as_array);
        let word = words.into_iter().flatten().find_map(|word| text(word, "content"));
        let name = word.or_else(|| text(rule, "rule_name")).unwrap_or_default();
        let name = format!("关键词「{}」", lenient::cut(&name, 60));
        let replies = rule.get("reply_list_info").and_then(Value::as_array);
        replies.into_iter().flatten().for_each(|reply| sent(reply, &name, &mut found));
    }
    let mut seen = BTreeSet::new();
    found.retain(|link| seen.insert(link.entry.target.clone()));
    found.truncate(ELSEWHERE_MAX);
    found
}

/// The addresses in one reply: in its text, or of its articles and of the sources that these name.
fn sent(reply: &Value, name: &str, found: &mut Vec<Elsewhere>) {
    let text = |held: &Value, key: &str| held.get(key).and_then(lenient::text);
    let mut add = |kind: &str, link: String| {
        found.push(Elsewhere::new(Place::AutoReply, vec![name.to_owned()], kind, link));
    };
    if text(reply, "type").as_deref() == Some("text") {
        let content = text(reply, "content").unwrap_or_default();
        addresses(&content).for_each(|link| add("text_link", link));
    }
    for article in children(reply.get("news_info")) {
        let links = ["content_url", "source_url"].map(|key| text(article, key));
        links.into_iter().flatten().filter(|it| !it.is_empty()).for_each(|it| add("news", it));
    }
}

/// The sign that the rules give. All zero is no proof of silence: an account that is answered by its own server, or
/// by hand, shows zeros here.
pub(crate) fn read(answer: &Value) -> Option<InteractionSign> {
    let open = |key: &str| answer.get(key).and_then(lenient::flag);
    let default = open("is_autoreply_open");
    let welcome = open("is_add_friend_reply_open");
    let rules = answer.pointer("/keyword_autoreply_info/list").and_then(Value::as_array);
    if default.is_none() && welcome.is_none() && rules.is_none() {
        return None;
    }
    let rules = rules.map_or(0, Vec::len);
    let mut found = Vec::new();
    if default == Some(true) {
        found.push("消息自动回复已开启".to_owned());
    }
    if rules > 0 {
        found.push(format!("关键词回复规则 {rules} 条"));
    }
    if welcome == Some(true) {
        found.push("关注后自动回复已开启".to_owned());
    }
    let (works, what) = if found == ["关注后自动回复已开启"] {
        // A greeting answers nobody's question.
        (None, "只开启了关注后自动回复,不能说明有人答复".to_owned())
    } else if found.is_empty() {
        (None, "公众平台后台没有自动回复规则;若由自有服务器或人工回复,此处看不到".to_owned())
    } else {
        (Some(true), found.join("、"))
    };
    Some(InteractionSign { kind: "auto_reply".to_owned(), works, what })
}
