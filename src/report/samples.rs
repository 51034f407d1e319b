//! Which accounts do the tests of reports share? Small ones, made by hand, judged for real.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::{Account, Source};
use freshd_core::civil;
use freshd_core::history::{EvidenceRef, Look};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::rulebook::{Clause, Policy, Profile, Rule};
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, judge};

/// An account, its state and its judgement.
pub(crate) type Sample = (Account, AccountState, Judgement);

/// Sunday 2026-11-22 10:00 in Beijing.
pub(crate) fn now() -> Timestamp {
    civil::instant("2026-11-22T10:00:00".parse().unwrap())
}

/// Two weeks, with one clause of its own.
pub(crate) fn policy() -> Policy {
    Policy::of(Profile {
        name: "national".to_owned(),
        title: "国家".to_owned(),
        update_window_days: 14,
        clauses: vec![Clause {
            rule: Rule::ContentStale,
            text: "监测时间点前2周内无更新,单项否决".to_owned(),
        }],
    })
}

/// A Weibo account of that name, run by a bureau of 茂名市.
pub(crate) fn account(handle: &str, name: &str) -> Account {
    Account {
        id: AccountId::of("weibo", handle),
        name: name.to_owned(),
        platform: "weibo".to_owned(),
        handle: handle.to_owned(),
        sponsor: "茂名市公安局".to_owned(),
        supervisor: "茂名市人民政府".to_owned(),
        reporting_unit: "茂名市".to_owned(),
        region: "广东省/茂名市".to_owned(),
        contact: "张三丰".to_owned(),
        phone: "13800138000".to_owned(),
        email: vec!["zhang@example.gov.cn".to_owned()],
        sources: vec![Source::new("weibo", handle)],
        ..Account::default()
    }
}

/// Judged with a post so many days ago, and complete data for the last `covered` days.
pub(crate) fn sample(account: Account, posted_days_ago: Option<f64>, covered: i64) -> Sample {
    let mut state = AccountState::default();
    let ago = |days: f64| now() - TimeDelta::seconds((days * 86_400.0) as i64);
    let mut observation = Observation::default();
    if let Some(days) = posted_days_ago {
        observation.sightings.push(Sighting {
            key: "p1".to_owned(),
            channel: Channel::posts(),
            published: Published::at(ago(days)),
            title: "=今日提醒<script>alert(1)</script>".to_owned(),
            url: Some("https://weibo.com/1/p1".to_owned()),
            pinned: false,
            repost: false,
        });
    }
    observation.coverage.add(Channel::posts(), now() - TimeDelta::days(covered), now());
    let source = account.sources.first().map(ToString::to_string).unwrap_or_default();
    state.history.absorb(&Look {
        source: &source,
        at: now(),
        channels: &[Channel::posts()],
        observation: &observation,
        evidence: Some(EvidenceRef {
            at: now(),
            id: "abc123".to_owned(),
            url: "https://weibo.com/u/1".to_owned(),
        }),
        voucher: None,
    });
    let judgement = judge(&account, &state, &policy(), now());
    (account, state, judgement)
}

/// One of each: pass, at risk, fail (two weeks), fail (three months), undetermined.
pub(crate) fn province() -> Vec<Sample> {
    vec![
        sample(account("1", "平安茂名"), Some(1.0), 30),
        sample(account("2", "茂名交警"), Some(13.5), 30),
        sample(account("3", "=HYPERLINK(\"http://x\")"), Some(20.0), 30),
        sample(account("4", "茂名<b>消防</b>"), Some(120.0), 100),
        sample(account("5", "茂名禁毒"), None, 0),
    ]
}
