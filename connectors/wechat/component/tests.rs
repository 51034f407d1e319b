//! Does a third-party platform's poll ask for what it must, keep what it gets, and tell frozen from withdrawn?

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::{Observation, ProfileState};
use serde_json::{Value, json};

use super::{ComponentSettings, SECRETS};
use crate::connector::{Connector as _, PollContext, SecretTable, Target};
use crate::wechat::keep::{Authorizer, Keep, MemoryVault, Ticket, Vault, VaultError};
use crate::wechat::tests::fake::{APPID, Platform, at, client, figures};

const COMPONENT: &str = "wxcccccccccccccccc";
const OWN: &str = "/cgi-bin/component/api_component_token";
const TURN: &str = "/cgi-bin/component/api_authorizer_token";
const LIST: &str = "/cgi-bin/component/api_get_authorizer_list";
const INFO: &str = "/cgi-bin/component/api_get_authorizer_info";
const FIGURES: &str = "/datacube/getbizsummary";

fn noon() -> Timestamp {
    at("2026-11-22T12:00:00+08:00")
}

fn no(code: i64) -> Value {
    json!({"errcode": code, "errmsg": "words rid: 0"})
}

/// What a healthy platform answers to a path; `None` = not its own business.
fn healthy(path: &str, body: &Value) -> Option<Value> {
    Some(match path {
        OWN => json!({"component_access_token": "CT", "expires_in": 7200}),
        TURN => json!({"authorizer_access_token": "AT", "expires_in": 7200,
                       "authorizer_refresh_token": "R2"}),
        LIST => json!({"total_count": 1, "list": [
            {"authorizer_appid": APPID, "refresh_token": "R1", "auth_time": 1_700_000_000}]}),
        INFO => json!({"authorizer_info": {"nick_name": "新名称", "principal_name": "某局",
                         "user_name": "gh_0123456789ab", "account_status": 1,
                         "verify_type_info": {"id": 0}},
                       "authorization_info": {"authorizer_refresh_token": "R1", "func_info": [
                         {"funcscope_category": {"id": 3}}, {"funcscope_category": {"id": 7}}]}}),
        FIGURES => figures(body, &[("2026-11-20", 1)], false),
        _ => return None,
    })
}

struct Scene {
    platform: Platform,
    keep: Arc<Keep>,
}

impl Scene {
    /// With a ticket that was pushed an hour ago; `odd` answers before the healthy platform does.
    async fn set(
        odd: impl Fn(&str, &Value, usize) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        Self::over(Arc::new(MemoryVault::default()), odd).await
    }

    async fn over(
        vault: Arc<dyn Vault>,
        odd: impl Fn(&str, &Value, usize) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        let answer = move |path: &str, body: &Value, nth: usize| {
            odd(path, body, nth).or_else(|| healthy(path, body)).unwrap_or(Value::Null)
        };
        let mut platform = Platform::start(answer).await;
        let keep = Arc::new(Keep::new(vault));
        let ticket = Ticket { value: "TICKET".to_owned(), created: noon() - TimeDelta::hours(1) };
        let _full = keep.keep_ticket(COMPONENT, ticket).await;
        let settings = ComponentSettings { appid: COMPONENT.to_owned(), callback: "/c".to_owned() };
        platform.connector = platform.connector.with(Arc::clone(&keep), Some(settings));
        Self { platform, keep }
    }

    async fn poll(&self, now: Timestamp, memo: Option<&str>) -> Result<Observation, Fault> {
        let secret = ((SECRETS.to_owned(), "secret".to_owned()), "CSECRET".to_owned());
        let secrets = SecretTable([secret].into());
        let (http, budget) = (client(), Duration::from_secs(30));
        let cx = PollContext { now, budget, http: &http, secrets: &secrets, memo, fresh: false };
        self.platform.connector.poll(&Target::new(APPID), &cx).await
    }

    fn record(&self) -> Authorizer {
        self.keep.authorizer(COMPONENT, APPID).unwrap().unwrap_or_default()
    }

    fn asked(&self, path: &str) -> usize {
        self.platform.bodies(path).len()
    }
}

#[tokio::test]
async fn the_list_gives_what_no_push_did_and_each_token_is_asked_for_once() {
    let scene = Scene::set(|_, _, _| None).await;
    let polls = (0..6).map(|_| scene.poll(noon(), None));
    for seen in futures::future::join_all(polls).await {
        let seen = seen.unwrap();
        assert_eq!(seen.faults, []);
        let profile = seen.profile.unwrap();
        assert_eq!(
            (profile.name.as_deref(), profile.holder.as_deref()),
            (Some("新名称"), Some("某局"))
        );
        assert_eq!(profile.aliases, ["gh_0123456789ab"]);
        let kept = format!("{:?}", seen.evidence);
        assert!(kept.contains("account_status") && !kept.contains("R1"), "{kept}");
    }
    assert_eq!((scene.asked(OWN), scene.asked(TURN), scene.asked(LIST)), (1, 1, 1));
    let own = &scene.platform.bodies(OWN)[0];
    assert_eq!(own["component_verify_ticket"], "TICKET");
    assert_eq!(scene.platform.bodies(TURN)[0]["authorizer_refresh_token"], "R1");
    assert_eq!(scene.platform.tokens(FIGURES)[0], "AT");
    assert_eq!(scene.platform.tokens(INFO)[0], "CT");
    let record = scene.record();
    assert_eq!(record.refresh_token.as_deref(), Some("R2"), "the new one is kept");
    assert_eq!(record.sets, [3, 7].into());
    assert_eq!(scene.asked("/cgi-bin/menu/get"), 0, "set 15 was not granted");
    let connector = &scene.platform.connector;
    assert_eq!(connector.credential(&Target::new(APPID)).as_deref(), Some(COMPONENT));
    let other = Target::new("wx00000000000000bb");
    assert_eq!(connector.credential(&other).as_deref(), Some("wx00000000000000bb"));
}

#[tokio::test]
async fn once_a_day_the_account_and_the_list_are_asked_for() {
    let scene = Scene::set(|_, _, _| None).await;
    let memo = scene.poll(noon(), None).await.unwrap().hint.memo;
    scene.poll(noon() + TimeDelta::hours(3), memo.as_deref()).await.unwrap();
    assert_eq!((scene.asked(INFO), scene.asked(LIST)), (1, 1));
    let next = noon() + TimeDelta::hours(20);
    let ticket = Ticket { value: "T2".to_owned(), created: next };
    scene.keep.keep_ticket(COMPONENT, ticket).await.unwrap();
    scene.poll(next, memo.as_deref()).await.unwrap();
    assert_eq!((scene.asked(INFO), scene.asked(LIST)), (2, 2));
}

#[tokio::test]
async fn a_dead_refresh_token_is_looked_for_in_the_list() {
    let scene = Scene::set(|path, body, _| match path {
        TURN if body["authorizer_refresh_token"] == "OLD" => Some(no(61023)),
        _ => None,
    })
    .await;
    let old = Authorizer { refresh_token: Some("OLD".to_owned()), ..Authorizer::default() };
    scene.keep.put_authorizer(COMPONENT, APPID, &old).unwrap();
    // The list was read today already, so it does not come by itself.
    let mut record = scene.keep.component(COMPONENT).unwrap();
    record.list_begun = Some(noon() - TimeDelta::hours(2));
    scene.keep.put_component(COMPONENT, &record).unwrap();
    assert_eq!(scene.poll(noon(), None).await.unwrap().faults, []);
    assert_eq!((scene.asked(TURN), scene.asked(LIST)), (2, 1));
    assert_eq!(scene.record().refresh_token.as_deref(), Some("R2"));
}

#[tokio::test]
async fn frozen_cancelled_and_withdrawn_are_told_apart() {
    for (status, state) in [
        (json!(14), Some(ProfileState::Deregistered)),
        (json!(16), Some(ProfileState::Frozen)),
        (json!("19"), Some(ProfileState::Frozen)),
        (json!(18), Some(ProfileState::Open)),
        (json!(77), Some(ProfileState::Open)),
    ] {
        let told = status.clone();
        let scene = Scene::set(move |path, _, _| {
            (path == INFO).then(|| json!({"authorizer_info": {"account_status": status}}))
        })
        .await;
        let seen = scene.poll(noon(), None).await.unwrap();
        assert_eq!(seen.profile.map(|profile| profile.state), state, "{told}");
        let open = state == Some(ProfileState::Open);
        assert_eq!(scene.asked(FIGURES) > 0, open, "{told}");
        assert_eq!(seen.coverage.is_empty(), !open);
        let memo = seen.hint.memo.as_deref();
        let again = scene.poll(noon() + TimeDelta::hours(2), memo).await.unwrap();
        let confirmed = again.profile.map_or(ProfileState::Open, |profile| profile.state);
        assert_eq!(Some(confirmed), state, "the next look of the same day agrees");
    }
    // 61003 with no push before it: the account itself is asked about.
    let scene = Scene::set(|path, _, nth| match path {
        TURN => Some(no(61003)),
        INFO if nth > 1 => Some(json!({"authorizer_info": {"account_status": 19}})),
        INFO => Some(no(-1)),
        _ => None,
    })
    .await;
    let seen = scene.poll(noon(), None).await.unwrap();
    assert_eq!(seen.profile.map(|profile| profile.state), Some(ProfileState::Frozen));
    let scene = Scene::set(|path, _, _| match path {
        TURN | INFO => Some(no(61003)),
        _ => None,
    })
    .await;
    let fault = scene.poll(noon(), None).await.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Account, FaultKind::Unauthorized));
    assert!(fault.owner.unwrap().contains("重新授权"));
}

#[tokio::test]
async fn trouble_of_the_platform_itself_is_everybodys() {
    for (code, kind) in [(61005, FaultKind::Unauthorized), (61004, FaultKind::Unauthorized)] {
        let scene = Scene::set(move |path, _, _| (path == OWN).then(|| no(code))).await;
        let fault = scene.poll(noon(), None).await.unwrap_err();
        assert_eq!((fault.scope, fault.kind), (FaultScope::Credential, kind), "{code}");
        assert!(!fault.detail.contains("CSECRET"));
        assert_eq!(scene.asked(FIGURES), 0);
    }
    let scene = Scene::set(|_, _, _| None).await;
    let late = noon() + TimeDelta::hours(12);
    let fault = scene.poll(late, None).await.unwrap_err();
    assert_eq!((fault.scope, fault.kind), (FaultScope::Credential, FaultKind::Unauthorized));
    assert!(fault.detail.contains("已超过 12 小时"), "{}", fault.detail);
    assert_eq!(scene.asked("/cgi-bin/component/api_start_push_ticket"), 1);
    let _again = scene.poll(late + TimeDelta::minutes(30), None).await;
    assert_eq!(scene.asked("/cgi-bin/component/api_start_push_ticket"), 1, "at most hourly");
}

#[tokio::test]
async fn a_stale_platform_token_is_renewed_once() {
    let scene = Scene::set(|path, _, nth| match (path, nth) {
        (OWN, nth) => {
            Some(json!({"component_access_token": format!("CT{nth}"), "expires_in": 7200}))
        }
        (LIST, 1) => Some(no(40001)),
        _ => None,
    })
    .await;
    assert_eq!(scene.poll(noon(), None).await.unwrap().faults, []);
    assert_eq!(scene.platform.tokens(LIST), ["CT1", "CT2"]);
}

#[tokio::test]
async fn a_set_that_was_not_granted_is_known_and_not_tried() {
    let scene = Scene::set(|path, _, _| {
        (path == INFO).then(|| {
            json!({"authorizer_info": {"account_status": 1}, "authorization_info": {
                "func_info": [{"funcscope_category": {"id": "3"}}]}})
        })
    })
    .await;
    let seen = scene.poll(noon(), None).await.unwrap();
    assert_eq!(scene.asked(FIGURES) + scene.asked("/cgi-bin/freepublish/batchget"), 0);
    assert!(scene.asked("/cgi-bin/get_current_selfmenu_info") == 1 && seen.menu.is_some());
    assert_eq!(seen.faults.len(), 2);
    assert!(seen.faults.iter().all(|fault| {
        fault.scope == FaultScope::Account
            && fault.owner.as_ref().is_some_and(|act| act.contains("群发与通知"))
    }));
    assert!(seen.coverage.is_empty());
}

/// A vault whose disk is full.
struct Full;

#[async_trait]
impl Vault for Full {
    fn load(&self, _name: &str) -> Result<Option<String>, VaultError> {
        Ok(None)
    }
    fn put(&self, _name: &str, _record: &str) -> Result<(), VaultError> {
        Err(VaultError("disk full".to_owned()))
    }
    fn names(&self, _prefix: &str) -> Result<Vec<String>, VaultError> {
        Ok(Vec::new())
    }
    async fn durable(&self) -> Result<(), VaultError> {
        Err(VaultError("disk full".to_owned()))
    }
}

#[tokio::test]
async fn nothing_is_used_that_could_not_be_kept() {
    let scene = Scene::over(Arc::new(Full), |_, _, _| None).await;
    let fault = scene.poll(noon(), None).await.unwrap_err();
    assert_eq!(fault.scope, FaultScope::Local);
    assert_eq!(scene.asked(TURN) + scene.asked(FIGURES), 0);
}

#[tokio::test]
async fn a_name_is_one_line_whatever_the_platform_says() {
    let nasty = "=cmd|'/C calc'!A0\r\nBcc: x@y\u{202e}\u{200b}<b>茂名</b>";
    let scene = Scene::set(move |path, _, _| {
        (path == INFO).then(|| {
            json!({"authorizer_info": {"nick_name": nasty, "principal_name": "某\n局\u{2066}",
                "user_name": "gh_0123456789ab", "account_status": 1}})
        })
    })
    .await;
    let profile = scene.poll(noon(), None).await.unwrap().profile.unwrap();
    let name = "=cmd|'/C calc'!A0 Bcc: x@y<b>茂名</b>";
    assert_eq!((profile.name.as_deref(), profile.holder.as_deref()), (Some(name), Some("某 局")));
    assert_eq!(scene.record().name.as_deref(), Some(name));
}
