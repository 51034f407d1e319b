//! Signs of answers are read as the platform counts them; nobody's words are kept, and a refusal harms nothing.

use chrono::TimeDelta;
use freshd_core::observation::{Observation, ProfileState};
use serde_json::{Value, json};

use super::super::tests::fake::{Platform, at, figures, poll};

const PATHS: [&str; 3] =
    ["/cgi-bin/comment/list", "/datacube/getinterfacesummary", "/cgi-bin/customservice/getkflist"];

async fn platform(answers: [Value; 3]) -> Platform {
    Platform::start(move |path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-18", 1)], false),
        "/datacube/getarticletotaldetail" => json!({"is_delay": false, "list": [
            {"ref_date": "2026-11-18", "msgid": "2650_2", "publish_type": 0, "title": "头条"}]}),
        path => match PATHS.iter().position(|held| *held == path) {
            Some(nth) => answers[nth].clone(),
            None => Value::Null,
        },
    })
    .await
}

async fn seen(answers: [Value; 3]) -> Observation {
    let platform = platform(answers).await;
    poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap()
}

fn sign<'a>(seen: &'a Observation, kind: &str) -> Option<(Option<bool>, &'a str)> {
    let sign = seen.interaction.iter().find(|sign| sign.kind == kind)?;
    Some((sign.works, sign.what.as_str()))
}

fn good() -> [Value; 3] {
    [
        json!({"errcode": 0, "total": 2, "comment": [
            {"user_comment_id": 1, "openid": "oSECRET", "content": "我的电话13800138000",
             "reply": {"content": "已转办", "create_time": "1795000000"}},
            {"user_comment_id": 2, "content": "顶"}]}),
        json!({"list": [
            {"ref_date": "2026-11-20", "callback_count": 30, "fail_count": 1},
            {"ref_date": "2026-11-21", "callback_count": 10, "fail_count": 0}]}),
        json!({"kf_list": [{"kf_account": "a@gh", "kf_nick": "小王", "kf_wx": "wang1980"}]}),
    ]
}

#[tokio::test]
async fn answered_comments_and_a_server_that_answers_prove_that_people_are_answered() {
    let platform = platform(good()).await;
    let now = at("2026-11-22T10:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    let (works, what) = sign(&seen, "comment_replies").unwrap();
    assert_eq!((works, what), (Some(true), "最近一篇文章有 2 条留言,回复了 1 条"));
    assert_eq!(sign(&seen, "server").unwrap().0, Some(true));
    let (works, what) = sign(&seen, "agents").unwrap();
    assert_eq!(works, None, "that agents exist does not show that they answer: {what}");
    let asked = &platform.bodies(PATHS[0])[0];
    assert_eq!((&asked["msg_data_id"], &asked["index"]), (&json!(2650), &json!(1)));
    let asked = &platform.bodies(PATHS[1])[0];
    assert_eq!(*asked, json!({"begin_date": "2026-11-15", "end_date": "2026-11-21"}));
    let kept = format!("{:?}", seen.evidence);
    for word in ["oSECRET", "13800138000", "小王", "wang1980", "已转办"] {
        assert!(!kept.contains(word), "{word} is kept: {kept}");
    }
    let carrier = seen.carrier(freshd_core::observation::Part::Interaction("comment_replies"));
    assert!(seen.evidence[carrier.unwrap()].body.contains("\"replies\":1"));
    let asked = || PATHS.map(|path| platform.bodies(path).len());
    let memo = seen.hint.memo.as_deref();
    poll(&platform, now + TimeDelta::days(6), memo, false).await.unwrap();
    assert_eq!(asked(), [1, 1, 1], "not before a week has gone");
    poll(&platform, now + TimeDelta::days(7), memo, false).await.unwrap();
    assert_eq!(asked(), [2, 2, 2]);
}

#[tokio::test]
async fn what_was_not_found_is_told_and_proves_nothing() {
    let none = [
        json!({"errcode": 0, "total": 3, "comment": [{"content": "在吗", "reply": {}}]}),
        json!({"list": [{"ref_date": "2026-11-20", "callback_count": 50, "fail_count": 50}]}),
        json!({"kf_list": []}),
    ];
    let seen = seen(none).await;
    for (kind, word) in
        [("comment_replies", "未见回复"), ("server", "失败 50 次"), ("agents", "没有设置客服")]
    {
        let (works, what) = sign(&seen, kind).unwrap();
        assert!(works.is_none() && what.contains(word), "{kind}: {what}");
    }
    assert_eq!(sign(&seen, "comments").unwrap().0, None, "the figures show no comment");
    assert!(seen.faults.is_empty());
}

#[tokio::test]
async fn a_refusal_by_the_account_or_a_gateway_harms_nothing() {
    let code = |code: i64| json!({"errcode": code, "errmsg": "no"});
    for answer in [
        json!(403),
        json!(404),
        json!(502),
        json!(412),
        json!("<html>"),
        code(48001),
        code(61007),
        code(88000),
        code(65400),
        code(45009),
        code(45011),
        code(48004),
        code(50002),
        code(99),
        json!({}),
        json!({"list": [{"callback_count": 1, "fail_count": 2}], "kf_list": 1, "total": "x"}),
    ] {
        let seen = seen([answer.clone(), answer.clone(), answer.clone()]).await;
        assert!(seen.faults.is_empty(), "{answer}: {:?}", seen.faults);
        assert_eq!(seen.profile.as_ref().unwrap().state, ProfileState::Open, "{answer}");
        assert!(!seen.coverage.is_empty() && seen.menu.is_some(), "{answer}");
        for kind in ["comment_replies", "server", "agents"] {
            assert!(sign(&seen, kind).is_none(), "{answer}: {kind}");
        }
    }
}

#[test]
fn a_greeting_alone_answers_nobody() {
    let read = |greeting, rules: Value| {
        super::super::reply::read(&json!({"is_add_friend_reply_open": greeting,
            "is_autoreply_open": 0, "keyword_autoreply_info": {"list": rules}}))
        .unwrap()
    };
    let alone = read(1, json!([]));
    assert!(alone.works.is_none() && alone.what.contains("关注后"), "{alone:?}");
    assert_eq!(read(1, json!([{"rule_name": "社保"}])).works, Some(true));
}

#[test]
fn links_in_replies_are_told_with_the_rule_that_sends_them() {
    let text = |content: &str| json!({"type": "text", "content": content});
    let answer = json!({
        "is_add_friend_reply_open": 1, "is_autoreply_open": 0,
        "add_friend_autoreply_info": text("欢迎!办事请点https://zw.example.gov.cn/a。"),
        "message_default_autoreply_info": text("https://zw.example.gov.cn/off"),
        "keyword_autoreply_info": {"list": [
            {"rule_name": "社保规则", "keyword_list_info": [{"type": "text", "content": "社保"}],
             "reply_list_info": [
                text("见 https://zw.example.gov.cn/b?x=1, 或 https://zw.example.gov.cn/a"),
                {"type": "news", "news_info": {"list": [{"title": "指南",
                    "content_url": "http://mp.weixin.qq.com/s/abc",
                    "source_url": "https://zw.example.gov.cn/c"}]}},
                {"type": "img", "content": "MEDIA"}]},
            {"rule_name": "医保", "keyword_list_info": [],
             "reply_list_info": [text("<a href=\"https://zw.example.gov.cn/d\">医保</a>")]}]}
    });
    let found = super::super::reply::links(&answer);
    let found: Vec<_> =
        found.iter().map(|it| (it.entry.path[0].as_str(), it.entry.link().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("关注后回复", "https://zw.example.gov.cn/a"),
            ("关键词「社保」", "https://zw.example.gov.cn/b?x=1"),
            ("关键词「社保」", "http://mp.weixin.qq.com/s/abc"),
            ("关键词「社保」", "https://zw.example.gov.cn/c"),
            ("关键词「医保」", "https://zw.example.gov.cn/d"),
        ],
        "what is switched off is sent to nobody"
    );
}

#[tokio::test]
async fn links_that_were_not_read_stay_as_they_were() {
    let platform = platform(good()).await;
    let now = at("2026-11-22T10:00:00+08:00");
    let first = poll(&platform, now, None, false).await.unwrap();
    assert_eq!(first.links, Some(Vec::new()), "read, and there are none");
    let memo = first.hint.memo.as_deref();
    let later = poll(&platform, now + TimeDelta::days(1), memo, false).await.unwrap();
    assert_eq!(later.links, None);
}
