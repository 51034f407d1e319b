//! The explanation names clause, evidence, coverage and gaps, and no contact.

use super::*;
use crate::report::samples::{account, policy, province, sample};

fn text_of(at: usize) -> String {
    let (account, state, judgement) = province().swap_remove(at);
    explain_text(&account, &state, &judgement, &policy())
}

#[test]
fn a_fail_names_its_clause_and_what_proves_it() {
    let text = text_of(2);
    for part in [
        "判定:疑似不达标",
        "[疑似不达标] 内容不更新(单项否决) 数据截至 2026-11-22 09:59",
        "条款:监测时间点前2周内无更新,单项否决",
        "abc123 https://weibo.com/u/1",
        "weibo:3",
        "发布 2026-10-23 10:00 至 2026-11-22 10:00",
        "没有缺口",
        "2026-11-02 10:00",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn an_undetermined_account_names_its_gap() {
    let text = text_of(4);
    assert!(text.contains("没有来源能证明“没有发布”"), "{text}");
    assert!(text.contains("发布 2026-11-08 10:00 至 2026-11-22 10:00"), "{text}");
    assert!(text.contains("没有采集到任何发布"), "{text}");
}

#[test]
fn no_contact_is_told() {
    for (account, state, judgement) in province() {
        let text = explain_text(&account, &state, &judgement, &policy());
        let json = explain_json(&account, &state, &judgement, &policy()).to_string();
        for contact in ["张三丰", "13800138000", "zhang@example.gov.cn"] {
            assert!(!text.contains(contact) && !json.contains(contact), "{contact}");
        }
    }
}

#[test]
fn json_tells_coverage_by_source_and_gaps_by_channel() {
    let (account, state, judgement) = sample(account("7", "半截"), Some(15.0), 5);
    let value = explain_json(&account, &state, &judgement, &policy());
    assert_eq!(value["verdict"], "undetermined");
    let covered = &value["coverage"]["weibo:7"]["channels"]["posts"][0];
    assert_eq!(covered["since"], "2026-11-17T10:00:00+08:00");
    let gap = json!({
        "channel": "posts",
        "since": "2026-11-08T10:00:00+08:00",
        "until": "2026-11-17T10:00:00+08:00",
    });
    assert_eq!(value["gaps"], json!([gap]));
    assert_eq!(value["sightings"][0]["source"], "weibo:7");
    assert_eq!(value["joined"][0]["until"], "2026-11-22T10:00:00+08:00");
}

#[test]
fn a_person_is_told_by_name() {
    let (account, mut state, judgement) = province().swap_remove(4);
    let mut word = freshd_core::history::Attested::default();
    let now = judgement.now;
    word.bare.insert(Span { since: now - TimeDelta::days(20), until: now });
    state.history.attested.insert("李四".to_owned(), word);
    let value = explain_json(&account, &state, &judgement, &policy());
    assert_eq!(value["coverage"]["人工:李四"]["bare"][0]["until"], "2026-11-22T10:00:00+08:00");
    let text = explain_text(&account, &state, &judgement, &policy());
    assert!(text.contains("人工核查:李四") && text.contains("尚不采信:只有一人核查"), "{text}");
}

#[test]
fn the_stretch_that_cannot_be_seen_yet_is_told_with_its_next_look() {
    use freshd_core::observation::Blind;
    use freshd_core::state::SourceState;
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap().to_utc();
    let (mut account, mut state, judgement) = province().swap_remove(4);
    account.platform = "wechat".to_owned();
    let say = |state: &AccountState| explain_text(&account, state, &judgement, &policy());
    let blind = |since: &str, again: &str| Blind {
        channel: freshd_core::id::Channel::new("notified"),
        since: at(since),
        again: at(again),
    };
    for (since, again, want) in [
        (
            "2026-11-22T00:00:00+08:00",
            "2026-11-23T08:30:00+08:00",
            "今日 00:00 以后群发不可见,将于 明日 08:30 复核",
        ),
        (
            "2026-11-21T00:00:00+08:00",
            "2026-11-22T11:00:00+08:00",
            "昨日 00:00 以后群发不可见,将于 11:00 复核",
        ),
        (
            "2026-11-19T00:00:00+08:00",
            "2026-11-22T08:30:00+08:00",
            "2026-11-19 00:00 以后群发不可见,待复核",
        ),
    ] {
        let held = SourceState { blind: vec![blind(since, again)], ..SourceState::default() };
        state.sources.insert("wechat:wx1".to_owned(), held);
        let text = say(&state);
        assert!(text.contains(want), "{want} is missing in:\n{text}");
    }
    state.sources.clear();
    assert!(!say(&state).contains("不可见"));
}

#[test]
fn a_name_that_differs_from_the_ledgers_is_told() {
    let (account, mut state, judgement) = province().swap_remove(4);
    let mut say = |name: &str| {
        state.history.profile = Some((judgement.now, name.to_owned(), "某局".to_owned()));
        (
            explain_text(&account, &state, &judgement, &policy()),
            explain_json(&account, &state, &judgement, &policy()),
        )
    };
    let (text, json) = say("新名称");
    assert!(text.contains("平台显示的名称:新名称") && text.contains("可能已改名"), "{text}");
    assert_eq!(json["profile"]["holder"], "某局");
    assert!(!say(&account.name).0.contains("可能已改名"));
}

#[test]
fn what_was_checked_since_says_so() {
    let (account, mut state, _) = sample(account("8", "久寂"), Some(20.0), 40);
    let (now, source) = (crate::report::samples::now(), "weibo:8");
    let later = now + TimeDelta::hours(5);
    let mut looked = freshd_core::observation::Observation::default();
    looked.coverage.add(freshd_core::id::Channel::posts(), now - TimeDelta::days(40), later);
    state.history.absorb(&freshd_core::history::Look {
        source,
        at: later,
        channels: &[],
        observation: &looked,
        evidence: None,
        voucher: None,
    });
    let judgement = freshd_core::verdict::judge(&account, &state, &policy(), later);
    let text = explain_text(&account, &state, &judgement, &policy());
    let line = "佐证:首次取得 2026-11-22 10:00,最近核对 2026-11-22 15:00 abc123";
    assert_eq!(text.matches(line).count(), 2, "the ruling and its proof: {text}");
    let value = explain_json(&account, &state, &judgement, &policy());
    let told = &value["rulings"][0]["evidence"][0];
    assert_eq!(
        (&told["id"], &told["checked_at"]),
        (&json!("abc123"), &json!("2026-11-22T15:00:00+08:00"))
    );
    assert_eq!(value["coverage"]["weibo:8"]["evidence"]["checked_at"], "2026-11-22T15:00:00+08:00");
}
