//! Is the truth a truth? Determinism, behaviours, and the ledger.

use chrono::{TimeDelta, TimeZone as _, Utc};
use freshd_core::{Timestamp, civil};

use super::{Behaviour, Kind, LEDGER_HEADER, World, WorldSpec};
use crate::platforms::Bases;

fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 1, 0, 0, 0).unwrap()
}

fn world() -> World {
    World::generate(7, WorldSpec::new(300, start(), 120))
}

fn bases() -> Bases {
    let base = |name: &str| format!("http://{name}.test");
    Bases {
        wechat: base("wechat"),
        article: base("article"),
        weibo: base("weibo"),
        nanfang: base("nanfang"),
        itunes: base("itunes"),
        web: base("web"),
    }
}

#[test]
fn the_same_seed_makes_the_same_world_and_another_seed_another() {
    let show =
        |seed| format!("{:?}", World::generate(seed, WorldSpec::new(60, start(), 90)).accounts);
    assert_eq!(show(1), show(1));
    assert_ne!(show(1), show(2));
}

#[test]
fn three_hundred_accounts_meet_every_kind_and_behaviour() {
    let world = world();
    let kinds: std::collections::HashSet<_> =
        world.accounts.iter().map(|account| std::mem::discriminant(&account.kind)).collect();
    let moods: std::collections::HashSet<_> =
        world.accounts.iter().map(|account| std::mem::discriminant(&account.behaviour)).collect();
    assert_eq!((kinds.len(), moods.len()), (6, 8));
    let unverified = |kind: &Kind| matches!(kind, Kind::Wechat { verified: false, .. });
    assert!(world.accounts.iter().any(|account| unverified(&account.kind)));
    assert!(world.accounts.iter().any(|account| account.posts.iter().any(|post| post.pinned)));
    let ids: std::collections::HashSet<_> =
        world.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids.len(), 300, "ids are unique");
}

#[test]
fn posts_are_in_order_by_day_and_obey_the_behaviour() {
    for account in &world().accounts {
        assert!(account.posts.is_sorted_by_key(|post| post.time));
        for post in &account.posts {
            let hour = chrono::Timelike::hour(&civil::local(post.time));
            assert!((8..=20).contains(&hour), "{:?}", post.time);
            let allowed = match account.behaviour {
                Behaviour::SilentFrom(from) => post.time < from,
                Behaviour::SilentSpell(from, to) => post.time < from || post.time >= to,
                Behaviour::Zombie => post.time < start() - TimeDelta::days(90),
                _ => account.gone.is_none_or(|(gone, _)| post.time < gone),
            };
            assert!(allowed, "{} {:?} {:?}", account.id, account.behaviour, post.time);
        }
        let daily = account.behaviour == Behaviour::Daily;
        assert!(!daily || account.posts.len() >= 170, "{} posts", account.posts.len());
        assert_eq!(account.behaviour == Behaviour::Zombie, account.posts.len() == 1);
    }
}

#[test]
fn the_truth_follows_the_instant() {
    let world = world();
    let account = world.accounts.iter().find(|a| a.behaviour == Behaviour::Daily).unwrap();
    let post = account.posts[100];
    let at = |time| world.truth(&account.id, time).unwrap();
    assert_eq!(at(post.time).last_published, Some(post.time));
    let before = at(post.time - TimeDelta::seconds(1)).last_published.unwrap();
    assert!(before < post.time);
    assert_eq!(world.last_post_before(account.index, post.time), at(post.time).last_post);
    assert_eq!(at(account.posts[0].time - TimeDelta::seconds(1)).last_post, None);
    assert!(world.truth(&freshd_core::id::AccountId::new("wechat:nobody"), start()).is_none());
}

#[test]
fn a_deleted_post_is_published_but_no_longer_visible() {
    let world = world();
    let deleted = |account: &super::Account| {
        account
            .posts
            .iter()
            .position(|post| post.deleted_at.is_some())
            .map(|at| (account.index, at))
    };
    let (index, number) = world.accounts.iter().find_map(deleted).unwrap();
    let account = &world.accounts[index];
    let gone = account.posts[number].deleted_at.unwrap();
    let shown = |time| account.visible(time).any(|(found, _)| found == number);
    assert!(shown(gone - TimeDelta::seconds(1)) && !shown(gone));
    assert!(account.published_by(gone).len() > number);
}

#[test]
fn silence_is_longer_than_the_window() {
    let world = world();
    let silent = |account: &&super::Account| matches!(account.behaviour, Behaviour::SilentFrom(_));
    let account = world.accounts.iter().find(silent).unwrap();
    let end = start() + TimeDelta::days(120);
    assert!(world.truth_of(account, end).is_silent(end, 14));
    let Behaviour::SilentFrom(from) = account.behaviour else { unreachable!() };
    let just_before = from - TimeDelta::seconds(1);
    assert!(!world.truth_of(account, just_before).is_silent(just_before, 14));
}

#[test]
fn an_app_is_usable_while_one_declared_place_offers_it() {
    let world = world();
    let end = start() + TimeDelta::days(120);
    let mut broken = 0;
    for account in &world.accounts {
        let Some(app) = account.app() else { continue };
        assert_eq!(world.truth_of(account, start()).app_usable, Some(true));
        let lost_store = app.store_id.is_none() || app.store_removed_at.is_some();
        let lost_apk = !app.apk || app.apk_page_at.is_some();
        assert_eq!(world.truth_of(account, end).app_usable, Some(!(lost_store && lost_apk)));
        broken += usize::from(lost_store && lost_apk);
    }
    assert!(broken > 0);
}

#[test]
fn the_ledger_has_the_contract_s_columns_and_a_row_for_each() {
    let world = world();
    let text = world.ledger_csv(&bases());
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 301);
    assert_eq!(lines[0], LEDGER_HEADER.join(","));
    for (account, row) in world.accounts.iter().zip(world.ledger_rows(&bases())) {
        assert_eq!((&row[0], &row[2]), (&account.name, &account.handle));
        assert!(account.id.as_str().ends_with(&format!(":{}", account.handle)));
        assert!(row[10].starts_with("unit-") && row[10].ends_with("@example.gov.test"));
    }
    assert!(text.contains("appstore:") && text.contains("feed:http://web.test/feed/"));
}

#[test]
fn every_wechat_secret_is_handed_out() {
    let world = world();
    let wechat = world.accounts.iter().filter(|a| matches!(a.kind, Kind::Wechat { .. })).count();
    let secrets = world.secrets();
    assert_eq!(secrets.iter().filter(|(connector, ..)| *connector == "wechat").count(), wechat);
    assert!(
        secrets.iter().any(|(connector, key, _)| (*connector, key.as_str()) == ("weibo", "token"))
    );
}

#[test]
fn a_calm_province_fails_about_as_often_as_reported() {
    let mix = super::Mix::calm();
    let spec = WorldSpec { mix, ..WorldSpec::new(2_000, start(), 90) };
    let world = World::generate(3, spec);
    let check = start() + TimeDelta::days(20);
    let silent = |account: &&super::Account| world.truth_of(account, check).is_silent(check, 14);
    let share = world.accounts.iter().filter(silent).count() * 1_000 / world.accounts.len();
    assert!((1..=10).contains(&share), "{share} of a thousand");
}
