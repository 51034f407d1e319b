//! What was tried is told with its last answer, its time and its source; what never answered is told, too.

use freshd_core::account::Source;
use freshd_core::history::Look;
use freshd_core::observation::{InteractionSign, Observation};
use freshd_core::verdict::judge;
use freshd_core::word::Word;

use super::*;
use crate::report::explain::{explain_json, explain_text};
use crate::report::samples::{policy, province};

fn absorb(
    state: &mut AccountState,
    source: &str,
    kind: &str,
    (at, works): (Timestamp, Option<bool>),
) {
    let sign = InteractionSign { kind: kind.to_owned(), works, what: String::new() };
    let observation = Observation { interaction: vec![sign], ..Observation::default() };
    let observation = &observation;
    let look = Look { source, at, channels: &[], observation, evidence: None, voucher: None };
    state.history.absorb(&look);
}

#[test]
fn every_sign_and_word_is_told_and_what_never_answered_too() {
    let (mut account, mut state, judgement) = province().swap_remove(2);
    let now = judgement.now;
    let nothing = explain_text(&account, &state, &judgement, &policy());
    assert!(nothing.contains("互动功能:") && nothing.contains("没有来源能看到"), "{nothing}");
    account.sources.push(Source::new("probe", "https://zx.example.gov.cn/ask"));
    let day = TimeDelta::days(1);
    absorb(&mut state, "weibo:3", "comments", (now - day * 4, Some(true)));
    absorb(&mut state, "weibo:3", "comments", (now - day, None));
    absorb(&mut state, "wechat:wx1", "auto_reply", (now - day * 2, None));
    absorb(&mut state, "probe:https://a.example/x", "probe", (now - day * 3, Some(false)));
    let word = |by: &str, found, days: i32| Word {
        at: now - day * days,
        by: by.to_owned(),
        found,
        detail: "试用留言".to_owned(),
        evidence: String::new(),
        filed: true,
        via: None,
    };
    state.words.add(word("张三", Finding::InteractionWorks, 2));
    state.words.add(word("李四", Finding::InteractionBroken, 1));
    state.words.add(word("王五", Finding::InteractionWorks, 40));
    let judgement = judge(&account, &state, &policy(), now);
    let all = tried(&account, &state, &judgement);
    let told: Vec<_> =
        all.iter().map(|it| (it.kind.as_str(), it.source.as_str(), it.works)).collect();
    assert_eq!(
        told,
        [
            ("probe", "probe:https://a.example/x", Some(false)),
            ("probe", "probe:https://zx.example.gov.cn/ask", None),
            ("auto_reply", "wechat:wx1", None),
            ("comments", "weibo:3", None),
            ("person", "人工:张三", Some(true)),
            ("person", "人工:李四", Some(false)),
        ]
    );
    assert_eq!(all[1].at, None, "it never answered");
    let comments = &all[3];
    assert_eq!(comments.at, Some(rfc3339(now - day)));
    assert_eq!(comments.worked_at, Some(rfc3339(now - day * 4)));
    assert_eq!(comments.until, Some(rfc3339(now + day * 31)), "it was seen, and counts still");
    let text = explain_text(&account, &state, &judgement, &policy());
    let section = text.split("互动功能:").nth(1).unwrap();
    let section = section.split("\n\n").next().unwrap();
    for line in section.lines().filter(|line| line.contains("留言评论")) {
        assert!(line.contains("未见") && line.contains("上次可用"), "{line}");
    }
    for part in ["自动回复", "不可用", "还没有得到回答", "人工核查:张三", "有效至", "(附截图)"]
    {
        assert!(section.contains(part), "{part} is missing in:\n{section}");
    }
    let value = explain_json(&account, &state, &judgement, &policy());
    assert_eq!(value["tried"].as_array().unwrap().len(), 6);
    assert_eq!(value["tried"][3]["name"], "留言评论");
    assert!(value["tried"][1]["at"].is_null() && value["tried"][1]["works"].is_null());
    let past = judge(&account, &state, &policy(), now - day * 3);
    let past = tried(&account, &state, &past);
    assert!(past.iter().all(|it| it.kind != "person"), "the past does not know what came after");
}
