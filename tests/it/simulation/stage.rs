//! Where does the simulation play? A province on loopback, the daemon's parts over a store, one clock for both.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use freshd::app::App;
use freshd::cli::exec::execute;
use freshd::cli::request::{Request, SentFile};
use freshd::clock::{Clock as _, ManualClock};
use freshd::config::{Args, Config, Surroundings};
use freshd::notify::{Deliverer, NotifyReport};
use freshd::poll::Poller;
use freshd::poll::links::LinkChecker;
use freshd::store::{Index, Retention, Store};
use freshd_core::id::AccountId;
use freshd_core::{Timestamp, civil};
use freshd_sim::{MailServer, Platforms, SimClock, Weather, World, WorldSpec};
use tokio_util::sync::CancellationToken;

/// Where the operators' letters go.
pub const OPERATORS: &str = "operators@example.gov.test";
/// Who sends.
pub const SENDER: &str = "freshd@example.gov.test";
/// Between two runs of upkeep.
const UPKEEP_EVERY: TimeDelta = TimeDelta::hours(12);

/// Far shorter than a configuration may say, so that within the span things are really thrown away.
const KEPT: Retention =
    Retention { journal_days: 60, evidence_days: 30, letters_days: 90, links_days: 60 };

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub seed: u64,
    pub accounts: usize,
    pub days: u32,
    /// On disk the store can be closed and opened again; in memory it is quicker.
    pub on_disk: bool,
    /// The clock moves at least so far between two ticks.
    pub step: TimeDelta,
}

/// The province: world, platforms, mail server, and the daemon's parts.
pub struct Stage {
    pub setup: Setup,
    pub start: Timestamp,
    pub world: Arc<World>,
    pub weather: Arc<Weather>,
    pub clock: ManualClock,
    pub platforms: Platforms,
    pub mail: MailServer,
    config: Config,
    parts: Option<Parts>,
    deliver_at: Option<Timestamp>,
    links_at: Option<Timestamp>,
    upkeep_at: Timestamp,
    _home: tempfile::TempDir,
}

/// What a restart makes anew.
struct Parts {
    app: App,
    poller: Poller,
    links: LinkChecker,
    deliverer: Deliverer,
}

impl Parts {
    fn new(app: App) -> Self {
        Self {
            poller: Poller::new(app.env.clone(), CancellationToken::new()),
            links: LinkChecker::new(app.env.clone()),
            deliverer: app.deliverer(),
            app,
        }
    }
}

/// The first instant of the simulation: 2026 has a spring festival of nine days in its first quarter.
pub fn beginning() -> Timestamp {
    civil::start_of(chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap())
}

impl Stage {
    /// Builds the province and imports its ledger.
    pub async fn build(setup: Setup, spec: WorldSpec, weather: Weather) -> Self {
        let start = spec.start;
        let clock = ManualClock::new(start);
        let hand = SimClock::from_shared(clock.shared());
        let world = Arc::new(World::generate(setup.seed, spec));
        let weather = Arc::new(weather);
        let platforms =
            Platforms::start(Arc::clone(&world), hand.clone(), Arc::clone(&weather)).await.unwrap();
        let mail = MailServer::start(hand).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let config = configuration(home.path(), &world, &platforms, &mail);
        let app = match setup.on_disk {
            true => App::open(config.clone(), Arc::new(clock.clone())),
            false => App::over(config.clone(), Store::open_memory(), Arc::new(clock.clone())),
        };
        let stage = Self {
            setup,
            start,
            world,
            weather,
            clock,
            platforms,
            mail,
            config,
            parts: Some(Parts::new(app.unwrap())),
            deliver_at: None,
            links_at: None,
            upkeep_at: start,
            _home: home,
        };
        stage.import().await;
        stage
    }

    async fn import(&self) {
        use base64::Engine as _;
        let ledger = self.world.ledger_csv(self.platforms.bases());
        let base64 = base64::engine::general_purpose::STANDARD.encode(ledger);
        let request = Request::Import {
            files: vec![SentFile {
                name: "台账.csv".to_owned(),
                base64,
                unread: None,
                modified: None,
            }],
            dry_run: false,
            good_rows: false,
            want_return: false,
            replace: false,
            yes: false,
            json: false,
        };
        let response = execute(self.app(), request, "simulation").await;
        assert_eq!(
            response.exit, 0,
            "the ledger is refused: {}{}",
            response.stdout, response.stderr
        );
        let held = self.app().store().count_accounts().unwrap();
        assert_eq!(held, self.world.accounts.len() as u64, "every account is imported");
    }

    pub fn app(&self) -> &App {
        &self.parts.as_ref().expect("the daemon runs").app
    }

    pub fn store(&self) -> &Store {
        self.app().store()
    }

    pub fn end(&self) -> Timestamp {
        self.start + TimeDelta::days(i64::from(self.setup.days))
    }

    /// The instant at which the clock stands.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock to what is due next, at least one step.
    pub fn advance(&mut self) -> Timestamp {
        let store = self.store();
        let due = [
            store.next_due(Index::Poll).unwrap(),
            store.next_due(Index::Notify).unwrap(),
            self.deliver_at,
            self.links_at,
            Some(self.upkeep_at),
        ];
        let now = self.clock.now();
        let next = due.into_iter().flatten().min().unwrap_or(self.end());
        self.clock.advance_to(next.max(now + self.setup.step).min(self.end()));
        self.clock.now()
    }

    /// Accounts that are due for a poll.
    pub fn due_polls(&self, now: Timestamp) -> Vec<AccountId> {
        let due = self.store().due(Index::Poll, now, usize::MAX).unwrap();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// The poll loop and the link loop, if they have anything to do.
    pub async fn poll(&mut self, now: Timestamp) {
        let parts = self.parts.as_mut().expect("the daemon runs");
        if parts.app.store().next_due(Index::Poll).unwrap().is_some_and(|at| at <= now) {
            parts.poller.tick().await.unwrap();
        }
        loop {
            let done = parts.links.tick().await.unwrap();
            self.links_at = done.next_wake;
            if done.did == 0 {
                break;
            }
        }
    }

    /// The notify loop, if anything is due.
    pub async fn tell(&mut self, now: Timestamp) -> Option<NotifyReport> {
        let app = self.app();
        let due = app.store().next_due(Index::Notify).unwrap().is_some_and(|at| at <= now);
        if due { Some(app.notifier().tick(now, false).await.unwrap()) } else { None }
    }

    /// The delivery loop and upkeep, if they are due.
    pub async fn deliver(&mut self, now: Timestamp) {
        let parts = self.parts.as_mut().expect("the daemon runs");
        let store = parts.app.store().clone();
        let letters = store.next_letter_due().unwrap();
        self.deliver_at = letters;
        if letters.is_some_and(|at| at <= now) {
            self.deliver_at = parts.deliverer.tick(now).await.unwrap().next;
        }
        if self.upkeep_at <= now {
            self.upkeep_at = now + UPKEEP_EVERY;
            while store.prune(now, &KEPT).unwrap().more {}
        }
    }

    /// The daemon dies in the middle of a tick: what is in flight is dropped, the store is opened again.
    pub async fn crash(&mut self, after_yields: u32) {
        let now = self.advance();
        tokio::select! {
            biased;
            () = yields(after_yields) => {}
            () = async {
                self.poll(now).await;
                self.tell(now).await;
                self.deliver(now).await;
            } => {}
        }
        self.parts = None;
        let app = loop {
            // A flush under way on another thread holds the store for a moment.
            match App::open(self.config.clone(), Arc::new(self.clock.clone())) {
                Ok(app) => break app,
                Err(error) => {
                    let text = format!("{error:#}");
                    assert!(text.contains("占用") || text.contains("held"), "reopening: {text}");
                    tokio::task::yield_now().await;
                }
            }
        };
        self.parts = Some(Parts::new(app));
        self.deliver_at = Some(now);
    }
}

async fn yields(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

fn configuration(home: &Path, world: &World, platforms: &Platforms, mail: &MailServer) -> Config {
    let mut wechat = String::new();
    for (connector, key, secret) in world.secrets() {
        match (connector, key.as_str()) {
            ("wechat", _) => wechat.push_str(&format!("{key} = \"{secret}\"\n")),
            ("weibo", "token") => fs::write(home.join("weibo-token"), secret).unwrap(),
            _ => {}
        }
    }
    fs::write(home.join("wechat.toml"), wechat).unwrap();
    let bases = platforms.bases();
    let text = format!(
        r#"
[store]
path = "store"
[web]
listen = ""
[mail]
server = "smtp+insecure://{mail}"
from = "政务新媒体监测 <{SENDER}>"
operators = ["{OPERATORS}"]
office = "模拟省政务公开办 020-00000000"
mode = "send"
per_day = 0
hold_min_recipients = 100000
[net]
allow_private = ["127.0.0.0/8"]
[courtesy]
host_at_once = 0
host_per_minute = 0
[connectors.wechat]
base_url = "{wechat}"
article_base_url = "{article}"
secrets_file = "wechat.toml"
[connectors.weibo]
mode = "api"
base_url = "{weibo}"
token_file = "weibo-token"
[connectors.nanfang]
base_urls = ["{nanfang}"]
[connectors.appstore]
base_url = "{itunes}"
"#,
        mail = mail.addr,
        wechat = bases.wechat,
        article = bases.article,
        weibo = bases.weibo,
        nanfang = bases.nanfang,
        itunes = bases.itunes,
    );
    let file = home.join("freshd.toml");
    let parsed = Config::parse(&text, &file, &Args::default(), &Surroundings::default());
    parsed.unwrap_or_else(|problems| panic!("{problems:#?}"))
}
