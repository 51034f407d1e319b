//! Does the third-party platform work from end to end? A ticket is pushed, a token follows, an authorised account is
//! polled, and the day its owner withdraws, that is what is said. A restart forgets no refresh token and no count.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod authorise;

use std::fs;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone as _, Utc};
use freshd::app::App;
use freshd::app::callback::Pushes;
use freshd::app::reception::Reception;
use freshd::app::web_data::Pages;
use freshd::cli::exec::execute;
use freshd::cli::request::{Request, SentFile};
use freshd::clock::{Clock as _, ManualClock};
use freshd::config::{Args, Config, Surroundings};
use freshd::poll::Poller;
use freshd::poll::now::PollReport;
use freshd::web::{WebState, serve};
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::AccountId;
use freshd_core::verdict::Outcome;
use freshd_sim::platforms::wechat_component::{self as component, Component, Push};
use freshd_sim::world::{Account, Behaviour, Kind};
use freshd_sim::{Platforms, SimClock, Weather, World, WorldSpec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// The token of the office.
const OFFICE: &str = "0123456789abcdef-office";

const BATCH: &str = "/cgi-bin/freepublish/batchget";

/// The daemon's parts and its listener; what a restart makes anew.
struct Daemon {
    app: App,
    poller: Poller,
    address: std::net::SocketAddr,
    stop: CancellationToken,
}

impl Daemon {
    async fn start(config: &Config, clock: &ManualClock) -> Self {
        let app = loop {
            match App::open(config.clone(), Arc::new(clock.clone())) {
                Ok(app) => break app,
                // A flush under way on another thread holds the store for a moment.
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pushes = Arc::new(Pushes::new(app.clone(), Arc::default()));
        let state =
            WebState::new(Arc::new(Pages::new(app.clone())), Some("monitor.example.gov.cn"))
                .taking(pushes)
                .receiving(Arc::new(Reception::new(app.clone(), Arc::default())));
        #[expect(clippy::disallowed_methods, reason = "a server of the test")]
        tokio::spawn(serve(listener, state, stop.clone()));
        let poller = Poller::new(app.env.clone(), stop.clone());
        Self { app, poller, address, stop }
    }

    /// Status line and body of one request, as a proxy would pass it on: with the public name.
    async fn say(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: push.example.gov.cn\r\nConnection: close\r\n\
             Content-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer[9..12].parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    async fn push(&self, push: &Push) -> (u16, String) {
        self.say("POST", &format!("/wechat/component?{}", push.query), &push.body).await
    }

    async fn poll(&self, account: &Account) -> PollReport {
        let ids = [id_of(account)];
        let mut reports = self.poller.poll_now(&ids, true, |_| {}).await.unwrap();
        reports.pop().unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.app.store().barrier().await.unwrap();
    }
}

fn id_of(account: &Account) -> AccountId {
    AccountId::new(format!("wechat:{}", app_id(account)))
}

fn app_id(account: &Account) -> &str {
    let Kind::Wechat { app_id, .. } = &account.kind else { panic!("no WeChat account") };
    app_id
}

fn faults(report: &PollReport) -> Vec<Fault> {
    match &report.outcomes[0].result {
        Ok(seen) => seen.faults.clone(),
        Err(fault) => vec![fault.clone()],
    }
}

struct Scene {
    world: Arc<World>,
    platforms: Platforms,
    clock: ManualClock,
    config: Config,
    wechat: Component,
    _home: tempfile::TempDir,
}

impl Scene {
    async fn set() -> Self {
        // 10:00 in Beijing: the figures of yesterday are there.
        let now = Utc.with_ymd_and_hms(2026, 11, 20, 2, 0, 0).unwrap();
        let clock = ManualClock::new(now);
        let spec = WorldSpec::new(60, now - TimeDelta::days(40), 60);
        let world = Arc::new(World::generate(11, spec));
        let hand = SimClock::from_shared(clock.shared());
        let fair = Arc::new(Weather::fair());
        let platforms = Platforms::start(Arc::clone(&world), hand, fair).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let config = config(&home, &platforms);
        let wechat = platforms.component();
        Self { world, platforms, clock, config, wechat, _home: home }
    }

    fn account(&self) -> &Account {
        let daily = |account: &&Account| {
            matches!(account.kind, Kind::Wechat { verified: true, .. })
                && account.behaviour == Behaviour::Daily
                && account.gone.is_none()
        };
        self.world.accounts.iter().find(daily).unwrap()
    }

    fn hours(&self, hours: i64) {
        self.clock.advance_to(self.clock.now() + TimeDelta::hours(hours));
    }

    /// Requests that the platform saw for a path.
    fn asked(&self, path: &str) -> usize {
        self.platforms.log.requests().iter().filter(|request| request.path == path).count()
    }
}

fn config(home: &tempfile::TempDir, platforms: &Platforms) -> Config {
    let home = home.path();
    for (name, secret) in [
        ("secret", component::SECRET),
        ("token", component::TOKEN),
        ("key", component::AES_KEY),
        ("office", OFFICE),
    ] {
        fs::write(home.join(name), secret).unwrap();
    }
    let bases = platforms.bases();
    let text = format!(
        "[store]\npath = \"store\"\n[net]\nallow_private = [\"127.0.0.0/8\"]\n\
         [courtesy]\nhost_at_once = 0\nhost_per_minute = 0\n\
         [connectors.wechat]\nbase_url = \"{}\"\narticle_base_url = \"{}\"\nper_minute = 0\n\
         [connectors.wechat.component]\nappid = \"{}\"\nsecret_file = \"secret\"\n\
         token_file = \"token\"\naes_key_file = \"key\"\n\
         [web]\npublic_url = \"https://monitor.example.gov.cn\"\n\
         [[web.tokens]]\nname = \"office\"\ntoken_file = \"office\"\nrole = \"operator\"\n",
        bases.wechat,
        bases.article,
        component::APPID,
    );
    let file = home.join("freshd.toml");
    let parsed = Config::parse(&text, &file, &Args::default(), &Surroundings::default());
    parsed.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

async fn import(daemon: &Daemon, scene: &Scene) {
    use base64::Engine as _;
    let ledger = scene.world.ledger_csv(scene.platforms.bases());
    let base64 = base64::engine::general_purpose::STANDARD.encode(ledger);
    let request = Request::Import {
        files: vec![SentFile {
            name: "台账.csv".to_owned(), base64, unread: None, modified: None
        }],
        dry_run: false,
        good_rows: false,
        want_return: false,
        replace: false,
        yes: false,
        json: false,
    };
    let response = execute(&daemon.app, request, "test").await;
    assert_eq!(response.exit, 0, "{}{}", response.stdout, response.stderr);
}

#[tokio::test]
async fn from_the_first_ticket_to_a_withdrawn_authorisation() {
    let scene = Scene::set().await;
    let daemon = Daemon::start(&scene.config, &scene.clock).await;
    import(&daemon, &scene).await;
    let account = scene.account();

    // Nothing was pushed yet: said in words, and the pushes are asked for, once.
    for _ in 0..2 {
        let told = faults(&daemon.poll(account).await);
        assert_eq!(
            (told[0].scope, told[0].kind),
            (FaultScope::Credential, FaultKind::Unauthorized)
        );
        assert!(told[0].detail.contains("component_verify_ticket"), "{}", told[0].detail);
    }
    assert_eq!(scene.wechat.push_asked(), 1);

    // What is no push is refused plainly, and pages are still not for foreign names.
    let ticket = scene.wechat.ticket();
    assert_eq!(daemon.say("GET", "/wechat/component", "").await.0, 405);
    assert_eq!(daemon.say("POST", "/wechat/component", "<xml>").await.0, 403);
    let forged = Push { query: ticket.query.replace("20261122", "1"), ..ticket.clone() };
    assert_eq!(daemon.push(&forged).await, (403, "refused\n".to_owned()));
    assert_eq!(daemon.say("GET", "/healthz", "").await.0, 421);
    assert_eq!(daemon.say("POST", "/elsewhere", "").await.0, 421);
    assert_eq!(daemon.push(&ticket).await, (200, "success".to_owned()));
    let metrics = daemon.app.env.metrics.render();
    assert!(metrics.contains("freshd_pushes_total{result=\"bad_signature\"} 1"), "{metrics}");
    assert!(metrics.contains("freshd_pushes_total{result=\"ticket\"} 1"), "{metrics}");

    // A ticket alone opens no account, and its owner is told what to do.
    let told = faults(&daemon.poll(account).await);
    assert_eq!((told[0].scope, told[0].kind), (FaultScope::Account, FaultKind::Unauthorized));
    assert!(told[0].owner.as_ref().is_some_and(|act| act.contains("重新授权")), "{told:?}");

    scene.hours(1);
    assert_eq!(daemon.push(&scene.wechat.authorise(account, &[3, 7])).await.0, 200);
    let due = daemon.app.store().due(freshd::store::Index::Poll, scene.clock.now(), 500).unwrap();
    assert!(due.iter().any(|(_, id)| *id == id_of(account)), "asked as soon as it can be");
    let report = daemon.poll(account).await;
    assert_eq!(faults(&report), []);
    assert_eq!(report.judgement.verdict, Some(Outcome::Pass));
    let seen = report.outcomes[0].result.as_ref().unwrap();
    assert_eq!(seen.profile.as_ref().unwrap().name.as_ref(), Some(&account.name));
    assert!(!seen.sightings.is_empty() && !seen.coverage.is_empty());
    assert_eq!(scene.asked("/cgi-bin/menu/get"), 0, "set 15 is not granted, and not asked for");
    assert_eq!(scene.asked("/cgi-bin/stable_token"), 0);
    let said = format!("{:?}", report.outcomes[0].trace);
    assert!(!said.contains("@@@"), "no token in what --explain shows");

    // The owner withdraws: not a finding, and what was proved stays proved.
    scene.hours(1);
    assert_eq!(daemon.push(&scene.wechat.withdraw(account)).await.0, 200);
    let report = daemon.poll(account).await;
    let told = faults(&report);
    assert!(told[0].detail.contains("取消对本平台的授权"), "{}", told[0].detail);
    assert!(told[0].owner.is_some());
    assert_eq!(report.judgement.verdict, Some(Outcome::Pass));
    daemon.stop().await;
}

#[tokio::test]
async fn a_restart_forgets_no_refresh_token_and_no_count() {
    let scene = Scene::set().await;
    let mut daemon = Daemon::start(&scene.config, &scene.clock).await;
    import(&daemon, &scene).await;
    let account = scene.account();
    daemon.push(&scene.wechat.ticket()).await;
    daemon.push(&scene.wechat.authorise(account, &[3, 7, 15])).await;
    let mut turns = 0;
    for _ in 0..3 {
        assert_eq!(faults(&daemon.poll(account).await), []);
        let now = scene.wechat.turns(account);
        assert_eq!(now, turns + 1, "one token for each life of the process");
        turns = now;
        daemon.stop().await;
        // Longer than an old refresh token would still work.
        scene.clock.advance_to(scene.clock.now() + TimeDelta::minutes(10));
        daemon = Daemon::start(&scene.config, &scene.clock).await;
    }
    assert_eq!(scene.asked("/cgi-bin/component/api_query_auth"), 1);
    assert!(scene.asked("/cgi-bin/menu/get") > 0, "set 15 is granted");

    // The day's hundred calls are counted over restarts, and the hundred-and-first is never made.
    let mut said = 0;
    for round in 0..100 {
        if round == 50 {
            daemon.stop().await;
            daemon = Daemon::start(&scene.config, &scene.clock).await;
        }
        let report = daemon.poll(account).await;
        said += usize::from(faults(&report).iter().any(|f| f.detail.contains("已用 100 次")));
    }
    assert_eq!((scene.asked(BATCH), said), (100, 1), "the platform's own figures, asked for once");
    let report = daemon.poll(account).await;
    assert_eq!(scene.asked(BATCH), 100);
    let told = faults(&report);
    assert_eq!((told.len(), told[0].kind), (1, FaultKind::RateLimited));
    assert!(told[0].detail.contains("今日调用次数已用完"), "{}", told[0].detail);
    assert!(!report.outcomes[0].result.as_ref().unwrap().coverage.is_empty(), "others go on");
    daemon.push(&scene.wechat.ticket()).await;
    scene.hours(16);
    daemon.push(&scene.wechat.ticket()).await;
    assert_eq!(faults(&daemon.poll(account).await), []);
    assert_eq!(scene.asked(BATCH), 101, "a new Beijing day");
    daemon.stop().await;
}
