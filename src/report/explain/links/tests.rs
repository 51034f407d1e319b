//! Links of replies, app pages and the declared interaction are told with their place and change no menu; a live page for
//! consultation is a sign.

use chrono::TimeDelta;
use freshd_core::account::Account;
use freshd_core::history::Look;
use freshd_core::link::{Elsewhere, LinkCheck, MenuState};
use freshd_core::observation::Observation;
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Outcome, judge};
use freshd_core::{Timestamp, verdict};

use super::*;
use crate::report::explain::{explain_json, explain_text};
use crate::report::samples::{account, now, policy};

fn checked(at: Timestamp, health: LinkHealth, reason: &str) -> LinkCheck {
    LinkCheck {
        health,
        reason: reason.to_owned(),
        checked_at: at,
        since: at,
        host_gone_since: None,
        failing: None,
        upkeep_since: None,
        evidence: None,
        author: None,
    }
}

fn look(state: &mut AccountState, source: &str, links: Vec<Elsewhere>, at: Timestamp) {
    let observation = Observation { links: Some(links), ..Observation::default() };
    let observation = &observation;
    let look = Look { source, at, channels: &[], observation, evidence: None, voucher: None };
    state.history.absorb(&look);
}

fn shown() -> (Account, AccountState) {
    let mut account = account("1", "茂名发布");
    account.interaction = "网上信箱https://xx.example.gov.cn/box,或留言".to_owned();
    let menu = ["https://m.example.gov.cn/a"].map(|it| (vec!["首页".to_owned()], it.to_owned()));
    account.menu = menu.to_vec();
    let mut state = AccountState::default();
    let reply = |word: &str, target: &str| {
        let names = vec![format!("关键词「{word}」")];
        Elsewhere::new(Place::AutoReply, names, "text_link", target.to_owned())
    };
    let links = vec![reply("社保", "https://r.example.gov.cn/gone"), reply("医保", "#")];
    look(&mut state, "wechat:wx1", vec![reply("旧", "https://old.example/")], now());
    look(&mut state, "wechat:wx1", links, now() + TimeDelta::minutes(1));
    look(&mut state, "wechat:wx1", vec![reply("更旧", "https://older.example/")], now());
    for (link, health, reason) in [
        ("https://m.example.gov.cn/a", LinkHealth::Alive, "可以打开"),
        ("https://r.example.gov.cn/gone", LinkHealth::Dead, "页面不存在(404)"),
        ("https://xx.example.gov.cn/box", LinkHealth::Alive, "可以打开"),
    ] {
        state.links.insert(link.to_owned(), checked(now(), health, reason));
    }
    (account, state)
}

#[test]
fn links_elsewhere_are_told_with_their_place_and_change_no_menu() {
    let (account, state) = shown();
    let at = now() + TimeDelta::hours(1);
    let judgement = judge(&account, &state, &policy(), at);
    assert_eq!(judgement.menu.state, MenuState::Healthy, "the menu itself is fine");
    assert_eq!(judgement.ruling(Rule::MenuLinks).unwrap().outcome, Outcome::Pass);
    let value = explain_json(&account, &state, &judgement, &policy());
    let told: Vec<_> = value["links"].as_array().unwrap().iter().collect();
    let brief: Vec<_> = told
        .iter()
        .map(|it| (it["place"].as_str().unwrap(), it["health"].as_str().unwrap()))
        .collect();
    let dead = ("auto_reply", "dead");
    assert_eq!(brief, [dead, ("auto_reply", "placeholder"), ("interaction", "alive")]);
    assert_eq!(told[0]["shown_at"], "自动回复/关键词「社保」");
    let text = explain_text(&account, &state, &judgement, &policy());
    let section = text.split("其他链接").nth(1).unwrap();
    for part in ["自动回复/关键词「社保」", "死链", "404", "登记的互动地址/互动功能", "正常"]
    {
        assert!(section.contains(part), "{part} is missing in:\n{section}");
    }
    let asked = crate::poll::links::next_look(
        &verdict::menu_health(&account, &AccountState::default()),
        &AccountState::default(),
        &freshd_core::link::LinkTerms::default(),
        at,
    );
    assert_eq!(asked, Some(at), "what was never asked is due at once");
}

#[test]
fn a_live_page_for_consultation_is_a_sign_and_a_dead_one_accuses_nobody() {
    let (mut account, mut state) = shown();
    let at = now() + TimeDelta::hours(1);
    let ruled = |account: &Account, state: &AccountState, at| {
        let judgement = judge(account, state, &policy(), at);
        judgement.ruling(Rule::InteractionPoor).unwrap().clone()
    };
    let ruling = ruled(&account, &state, at);
    assert_eq!(ruling.outcome, Outcome::Pass);
    assert!(ruling.reason.contains("登记的互动地址的页面可以打开"), "{}", ruling.reason);
    account.interaction.clear();
    assert_eq!(ruled(&account, &state, at).outcome, Outcome::Undetermined);
    for (name, outcome) in [
        ("网上咨询", Outcome::Pass),
        ("咨询电话", Outcome::Undetermined),
        ("办事指南", Outcome::Undetermined),
    ] {
        account.menu[0].0 = vec!["服务".to_owned(), name.to_owned()];
        assert_eq!(ruled(&account, &state, at).outcome, outcome, "{name}");
    }
    account.menu[0].0 = vec!["网上咨询".to_owned()];
    let reason = ruled(&account, &state, at).reason;
    assert!(reason.contains("菜单“网上咨询”(自报)的页面可以打开"), "{reason}");
    let judgement = judge(&account, &state, &policy(), at);
    let value = explain_json(&account, &state, &judgement, &policy());
    let tried = &value["tried"][0];
    assert_eq!(
        (&tried["kind"], &tried["source"]),
        (&"consultation".into(), &"菜单:网上咨询".into())
    );
    let later = at + TimeDelta::days(36);
    assert_eq!(ruled(&account, &state, later).outcome, Outcome::Undetermined, "long ago");
    let link = "https://m.example.gov.cn/a".to_owned();
    state.links.insert(link, checked(now(), LinkHealth::Dead, "页面不存在(404)"));
    assert_eq!(ruled(&account, &state, at).outcome, Outcome::Undetermined);
}
