//! Is each trouble told once, however many accounts it hits?

use chrono::TimeDelta;
use freshd_core::breaker::Breaker;
use freshd_core::fault::FaultKind;
use freshd_core::id::AccountId;

use super::*;
use crate::app::samples::{app, clean, failing};
use crate::report::samples::{Sample, account, now, sample};

fn fault(scope: FaultScope, detail: &str) -> Fault {
    Fault::new(scope, FaultKind::Unavailable, detail)
}

fn gathered(samples: &[Sample]) -> Gathered {
    let (app, _) = app("", now());
    let mut gathered = Gathered::default();
    for (account, state, _) in samples {
        gathered.add(account, state, &app.env.parts().means.registry);
    }
    gathered
}

fn weibo(handle: &str) -> Sample {
    sample(account(handle, handle), Some(1.0), 30)
}

#[test]
fn accounts_that_fail_alike_are_one_trouble() {
    let ago = |hours| now() - TimeDelta::hours(hours);
    let found = gathered(&[
        failing(weibo("1"), fault(FaultScope::Platform, "503"), ago(2)),
        failing(weibo("2"), fault(FaultScope::Platform, "503"), ago(5)),
        failing(weibo("3"), fault(FaultScope::Credential, "token"), ago(1)),
        failing(weibo("4"), fault(FaultScope::Account, "404"), ago(1)),
        clean(weibo("5"), ago(3)),
    ]);
    let troubles = found.troubles(&[]);
    let seen: Vec<_> =
        troubles.iter().map(|it| (it.key.as_str(), it.scope, it.accounts, it.since)).collect();
    assert_eq!(
        seen,
        [
            ("connector weibo", FaultScope::Platform, 2, ago(5)),
            ("credential weibo weibo", FaultScope::Credential, 1, ago(1)),
        ]
    );
    assert_eq!(found.own, 1);
    assert_eq!(found.clean_at("connector weibo"), Some(ago(3)));
    assert_eq!(found.clean_at("local"), Some(ago(3)));
    assert_eq!(found.clean_at("connector wechat"), None);
    let line = troubles[0].line(now());
    assert_eq!(line, "平台 weibo:自11月22日 05:00起,涉及 2 个账号;服务不可用(503)");
}

#[test]
fn the_breaker_adds_its_pauses() {
    let mut breaker = Breaker::default();
    let group = Group::Connector("weibo".to_owned());
    for n in 0..3 {
        let id = AccountId::of("weibo", &n.to_string());
        breaker.fault(&group, &id, &fault(FaultScope::Platform, "503"), now());
    }
    let since = now() - TimeDelta::hours(1);
    let found = gathered(&[failing(weibo("1"), fault(FaultScope::Platform, "503"), since)]);
    let troubles = found.troubles(&breaker.failing());
    assert_eq!(troubles.len(), 1);
    assert_eq!((troubles[0].since, troubles[0].accounts, troubles[0].paused), (since, 3, true));
    assert!(troubles[0].line(now()).contains("暂停采集到11月22日 10:05"));
}
