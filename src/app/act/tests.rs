//! Does what comes through a token count as a person's word does, within the token's units, and never poll?

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::verdict::Outcome;

use super::super::samples::{app, keep};
use super::*;
use crate::config::{Role, TokenConfig};
use crate::report::samples::{account, now, sample};

const CONFIG: &str = "[patrol]\npeople = [\"张三\", \"李四\"]\n";

fn stage() -> App {
    let (app, _) = app(CONFIG, now());
    let mut unseen = sample(account("7", "甲"), None, 0);
    unseen.1 = AccountState::default();
    keep(&app, &[unseen]);
    app
}

fn by(name: &str, units: &[&str]) -> TokenConfig {
    let units = units.iter().map(ToString::to_string).collect();
    TokenConfig { name: name.to_owned(), file: None, role: Role::Operator, units, vouch: false }
}

fn answered(found: Finding) -> Deed {
    Deed::Answer(Box::new(Answered {
        found,
        link: None,
        published: None,
        since: None,
        seen_at: None,
        note: String::new(),
        picture: None,
    }))
}

async fn acts(app: &App, token: &str, person: Option<&str>, deed: Deed) -> Acted {
    let (account, person) = (Some("weibo:7".to_owned()), person.map(str::to_owned));
    act(app, &Arc::default(), &Act { by: by(token, &[]), person, account, deed }).await.unwrap()
}

fn verdict(acted: &Acted) -> Option<Outcome> {
    match acted {
        Acted::Done { verdict, .. } => *verdict,
        other => panic!("{other:?}"),
    }
}

fn minutes_ago(minutes: i64) -> Option<String> {
    Some(freshd_core::civil::rfc3339(now() - TimeDelta::minutes(minutes)))
}

fn silent_at(seen_at: Option<String>) -> Deed {
    match answered(Finding::NothingSince) {
        Deed::Answer(answered) => Deed::Answer(Box::new(Answered { seen_at, ..*answered })),
        other => other,
    }
}

#[tokio::test]
async fn two_tokens_are_two_persons_and_one_token_is_one_whatever_names_it_says() {
    let app = stage();
    let silent = |minutes| silent_at(minutes_ago(minutes));
    let one = acts(&app, "科室", None, silent(30)).await;
    assert_eq!(verdict(&one), Some(Outcome::Undetermined));
    let again = acts(&app, "科室", Some("张三"), silent(20)).await;
    assert_eq!(verdict(&again), Some(Outcome::Undetermined), "the same login, once unnamed");
    let other = acts(&app, "值班", None, silent(10)).await;
    assert_eq!(verdict(&other), Some(Outcome::Fail), "another person");
    let named = stage();
    acts(&named, "科室", Some("张三"), silent(30)).await;
    let second = acts(&named, "科室", Some("李四"), silent(10)).await;
    assert_eq!(verdict(&second), Some(Outcome::Undetermined), "whoever holds it can say any name");
    let other = acts(&named, "值班", Some("王五"), silent(5)).await;
    assert_eq!(verdict(&other), Some(Outcome::Fail), "another token");
}

#[tokio::test]
async fn a_word_with_a_mistake_changes_nothing() {
    let app = stage();
    let wrong = acts(&app, "科室", None, answered(Finding::Updated)).await;
    assert!(matches!(&wrong, Acted::Wrong(all) if all[0].at == "/published_at"), "{wrong:?}");
    let future = acts(&app, "科室", None, silent_at(minutes_ago(-30))).await;
    assert!(matches!(&future, Acted::Wrong(all) if all[0].at == "/seen_at"), "{future:?}");
    let Deed::Answer(bad) = answered(Finding::NothingSince) else { unreachable!() };
    let picture = Some(("a.png".to_owned(), b"MZ no picture".to_vec()));
    let bad = Deed::Answer(Box::new(Answered { picture, ..*bad }));
    let refused = acts(&app, "科室", None, bad).await;
    assert!(matches!(&refused, Acted::Wrong(all) if all[0].what.contains("不是图片")));
    let (_, state, _) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
    assert_eq!(state, AccountState::default());
}

#[tokio::test]
async fn only_accounts_of_its_units_and_only_known_ones() {
    let app = stage();
    let wake = Arc::default();
    let foreign = Act {
        by: by("外", &["别的局"]),
        person: None,
        account: Some("weibo:7".to_owned()),
        deed: Deed::Poll,
    };
    assert!(matches!(act(&app, &wake, &foreign).await.unwrap(), Acted::Forbidden(_)));
    let unknown = Act { account: Some("weibo:8".to_owned()), ..foreign.clone() };
    assert!(matches!(act(&app, &wake, &unknown).await.unwrap(), Acted::Unknown(_)));
    let view = app.patrol(&crate::app::patrol::Asked::default()).unwrap();
    assert_eq!((view.tasks.len(), view.load.unproven), (1, 1));
    let units = vec!["别的局".to_owned()];
    let view = app.patrol(&crate::app::patrol::Asked { units, ..Default::default() }).unwrap();
    assert_eq!((view.tasks.len(), view.load.unproven), (0, 0));
}

#[tokio::test]
async fn a_poll_sets_the_due_time_and_wakes() {
    let app = stage();
    let wake = Arc::new(Notify::new());
    let (by, account) = (by("科室", &[]), Some("weibo:7".to_owned()));
    let asked = Act { by, person: None, account, deed: Deed::Poll };
    assert!(matches!(act(&app, &wake, &asked).await.unwrap(), Acted::Done { .. }));
    wake.notified().await;
    let due: Option<Timestamp> = app.store().next_due(crate::store::Index::Poll).unwrap();
    assert_eq!(due, Some(now()));
}

#[tokio::test]
async fn two_names_through_one_token_do_not_break_an_interaction_and_two_tokens_do() {
    let app = stage();
    let broken = |minutes: i64| match answered(Finding::InteractionBroken) {
        Deed::Answer(answered) => {
            Deed::Answer(Box::new(Answered { seen_at: minutes_ago(minutes), ..*answered }))
        }
        other => other,
    };
    let ruled = || {
        let (_, _, judgement) = app.judged(&AccountId::new("weibo:7"), now()).unwrap().unwrap();
        judgement.ruling(freshd_core::rulebook::Rule::InteractionPoor).unwrap().outcome
    };
    acts(&app, "hall", Some("张三"), broken(9)).await;
    acts(&app, "hall", Some("李四"), broken(8)).await;
    assert_eq!(ruled(), Outcome::Undetermined, "whoever holds a token can say any name");
    acts(&app, "desk", Some("李四"), broken(7)).await;
    assert_eq!(ruled(), Outcome::Fail);
    acts(&app, "hall", None, answered(Finding::InteractionWorks)).await;
    assert_eq!(ruled(), Outcome::Pass, "the later word counts");
}
