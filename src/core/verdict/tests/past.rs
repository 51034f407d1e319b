//! Who judges of the past knows nothing that came after, and nothing of posts that were not kept.

use super::*;

fn looked(handle: &str, observation: Observation, at: Timestamp, state: &mut AccountState) {
    state.history.absorb(&Look {
        source: handle,
        at,
        channels: &[],
        observation: &observation,
        evidence: None,
        voucher: None,
    });
}

#[test]
fn an_app_found_missing_today_was_not_missing_a_quarter_ago() {
    let mut app = account(platform::APP);
    app.sources = vec![Source::new("appstore", "1")];
    let mut state = AccountState::default();
    let missing = DownloadSign { available: Some(false), what: String::new() };
    let gone = Profile { state: ProfileState::Deregistered, ..Profile::default() };
    for at in [ago(1.0), now()] {
        let seen = Observation {
            download: Some(missing.clone()),
            profile: Some(gone.clone()),
            ..Observation::default()
        };
        looked("appstore:1", seen, at, &mut state);
    }
    let outcomes = |at| {
        let judged = judge(&app, &state, &policy(), at);
        [Rule::AppUnusable, Rule::AccountGone].map(|rule| judged.ruling(rule).unwrap().outcome)
    };
    assert_eq!(outcomes(now()), [Outcome::Fail; 2]);
    assert_eq!(outcomes(ago(90.0)), [Outcome::Undetermined; 2]);
    assert_eq!(outcomes(ago(0.5)), [Outcome::Fail, Outcome::Undetermined], "one look at the state");
}

#[test]
fn posts_that_were_not_kept_are_not_silence() {
    let mut state = AccountState::default();
    for n in 0..60 {
        looked("weibo:1", posted(Published::at(ago(60.0 - f64::from(n)))), now(), &mut state);
    }
    looked("weibo:1", covered(Channel::POSTS, ago(90.0), now()), now(), &mut state);
    let at = |at| {
        let judged = judge(&account("weibo"), &state, &policy(), at);
        (judged.ruling(Rule::ContentStale).unwrap().outcome, judged.last_update.is_some())
    };
    assert_eq!(at(now()), (Outcome::Pass, true));
    assert_eq!(at(ago(30.0)), (Outcome::Undetermined, false), "it posted daily then");
    let mut silent = AccountState::default();
    looked("weibo:1", covered(Channel::POSTS, ago(90.0), now()), now(), &mut silent);
    let judged = judge(&account("weibo"), &silent, &policy(), ago(30.0));
    assert_eq!(judged.ruling(Rule::ContentStale).unwrap().outcome, Outcome::Fail);
}
