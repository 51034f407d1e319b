//! Does the manual connector see nothing and prove nothing, without asking anybody?

use super::*;
use crate::conformance::stage::Stage;
use crate::connector::NoSecrets;

#[tokio::test]
async fn it_sees_nothing_and_asks_nobody() {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let now = chrono::DateTime::from_timestamp(1_795_312_800, 0).unwrap();
    let budget = std::time::Duration::from_secs(1);
    let cx =
        PollContext { now, budget, http: &http, secrets: &NoSecrets, memo: None, fresh: false };
    let connector = ManualConnector::new();
    let target = Target::new(stage.url());
    assert_eq!(connector.admit(&target), Ok(()));
    let seen = connector.poll(&target, &cx).await.unwrap();
    assert_eq!(seen.hint.not_before, Some(now + TimeDelta::days(7)));
    assert_eq!(Observation { hint: PollHint::default(), ..seen }, Observation::default());
    assert!(stage.log().is_empty());
}
