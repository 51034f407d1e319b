//! Do people who write get an answer? Replies to comments, the message server's figures and the list of customer service
//! agents, each every [`EVERY_DAYS`] days and of no loss where an account or a gateway lacks it.
//!
//! What people wrote is never kept: the evidence holds counts. The conversations of customer service
//! (`msgrecord/getmsglist`) are not asked for at all.

use chrono::Days;
use freshd_core::civil;
use freshd_core::observation::{InteractionSign, Part};
use serde_json::{Value, json};

use super::interface::Interface;
use super::memory::{self, Memory};
use super::session::Session;
use crate::lenient;

/// The comments of one article; of its answers only counts are kept.
const COMMENTS: Interface = Interface::new("/cgi-bin/comment/list", "留言列表", &[7]).optional();
/// How often WeChat called the account's message server, and how often in vain.
const SERVER: Interface =
    Interface::new("/datacube/getinterfacesummary", "消息接口统计", &[3]).optional();
/// The customer service agents.
const AGENTS: Interface =
    Interface::new("/cgi-bin/customservice/getkflist", "客服列表", &[1, 6, 19]).optional();

/// A working sign counts for five weeks: days from one reading to the next.
const EVERY_DAYS: u64 = 7;
/// Days of the message server's figures; the interface gives at most 30.
const SERVER_DAYS: u64 = 7;
/// Comments read of an article (the interface gives fewer than 50).
const COMMENTS_MAX: i64 = 49;

/// Reads them when they are due, or are asked for freshly; never a fault, for all of it only adds.
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) {
    let today = session.today();
    let due = memory::is_due(memory.dealings_day, today, EVERY_DAYS) || session.cx.fresh;
    if !due || session.is_halted() {
        return;
    }
    memory.dealings_day = Some(today);
    let newest = memory.newest.as_ref().and_then(|newest| newest.posts.first());
    if let Some((data, index)) = newest.and_then(|post| address(&post.key)) {
        let body = json!({"msg_data_id": data, "index": index, "begin": 0, "count": COMMENTS_MAX,
                          "type": 0});
        let answer = session.aside(COMMENTS, Some(&body)).await;
        let read = answer.as_ref().and_then(comments);
        tell(session, read);
    }
    let last = civil::day(session.cx.now) - Days::new(1);
    let body = json!({
        "begin_date": (last - Days::new(SERVER_DAYS - 1)).to_string(),
        "end_date": last.to_string(),
    });
    let answer = session.aside(SERVER, Some(&body)).await;
    let read = answer.as_ref().and_then(server);
    tell(session, read);
    let answer = session.aside(AGENTS, None).await;
    let read = answer.as_ref().and_then(agents);
    tell(session, read);
}

/// A sign, and what is kept of the answer read last.
type Read = (InteractionSign, Value);

fn sign(kind: &str, works: bool, what: String) -> InteractionSign {
    InteractionSign { kind: kind.to_owned(), works: works.then_some(true), what }
}

/// Takes the sign, and puts the counts in the place of the bytes of the answer.
fn tell(session: &mut Session<'_>, read: Option<Read>) {
    let Some((sign, kept)) = read else { return };
    if let Some(last) = session.seen.evidence.last_mut() {
        last.body = kept.to_string();
    }
    session.seen.carried(&[Part::Interaction(&sign.kind)]);
    session.seen.interaction.push(sign);
}

/// `msgid` of the statistics is `MSGDATAID_INDEX`, counted from 1; this interface counts from 0.
fn address(key: &str) -> Option<(i64, i64)> {
    let (data, index) = key.split_once('_')?;
    let (data, index): (i64, i64) = (data.parse().ok()?, index.parse().ok()?);
    (data > 0 && index > 0).then_some((data, index - 1))
}

/// Comments that the owner answered. None, or none answered, says nothing: nobody may have asked.
fn comments(answer: &Value) -> Option<Read> {
    let total = answer.get("total").and_then(lenient::int)?;
    let list = answer.get("comment").and_then(Value::as_array).map(Vec::as_slice);
    let answered = |comment: &&Value| {
        let reply = comment.pointer("/reply/content").and_then(lenient::text);
        reply.is_some_and(|text| !text.trim().is_empty())
    };
    let replies = list.unwrap_or_default().iter().filter(answered).count();
    let what = match (total, replies) {
        (..=0, 0) => "最近一篇文章没有留言".to_owned(),
        (total, 0) => format!("最近一篇文章有 {total} 条留言,未见回复"),
        (total, replies) => format!("最近一篇文章有 {total} 条留言,回复了 {replies} 条"),
    };
    let kept = json!({"total": total, "replies": replies});
    Some((sign("comment_replies", replies > 0, what), kept))
}

/// A message server that answered most calls works. One that failed at most of them is said to, and condemns nobody: its
/// account may answer by hand.
fn server(answer: &Value) -> Option<Read> {
    let rows = answer.get("list").and_then(Value::as_array)?;
    let sum = |key: &str| -> Option<i64> {
        let counts = rows.iter().map(|row| row.get(key).and_then(lenient::int));
        let counts: Option<Vec<i64>> = counts.map(|count| count.filter(|it| *it >= 0)).collect();
        counts?.into_iter().try_fold(0_i64, i64::checked_add)
    };
    let (calls, failed) = (sum("callback_count")?, sum("fail_count")?);
    if failed > calls {
        return None;
    }
    let what = match calls {
        0 => format!("{SERVER_DAYS} 天内没有调用消息服务器,可能没有配置"),
        calls => format!("{SERVER_DAYS} 天内调用消息服务器 {calls} 次,失败 {failed} 次"),
    };
    let kept = json!({"callback_count": calls, "fail_count": failed});
    Some((sign("server", calls > 0 && failed <= calls / 2, what), kept))
}

/// Agents exist; whether they answer cannot be seen here.
fn agents(answer: &Value) -> Option<Read> {
    let agents = answer.get("kf_list").and_then(Value::as_array)?.len();
    let what = match agents {
        0 => "没有设置客服人员".to_owned(),
        agents => format!("设有 {agents} 名客服人员,是否答复看不到"),
    };
    Some((sign("agents", false, what), json!({"kf_list": agents})))
}

#[cfg(test)]
mod tests;
