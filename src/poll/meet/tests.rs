//! Is a process asked as politely as its hello says, from the first poll on, and is it nobody's fault but its own?

use chrono::TimeDelta;
use freshd_core::account::{Account, Source};
use freshd_core::fault::FaultScope;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;
use freshd_core::verdict::Outcome;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::{Clock, ManualClock};
use crate::config::{Args, Config, Surroundings};
use crate::poll::Poller;
use crate::poll::tests::t;
use crate::store::Store;

/// An answer that saw a post of yesterday and proves three weeks on `videos`.
const ANSWER: &str = r#"id=${line#*:}; id=${id%%,*}
printf '%s' "$line" >>asked; echo >>asked
echo "{\"id\":$id,\"observation\":{\"sightings\":[{\"key\":\"a\",\"channel\":\"videos\",\"published\":\"@POSTED\"}],\"coverage\":[{\"channel\":\"videos\",\"since\":\"@SINCE\",\"until\":\"@UNTIL\"}]}}""#;

struct Bench {
    dir: tempfile::TempDir,
    app: App,
    clock: ManualClock,
}

impl Bench {
    fn new(hello: &str, more: &str, accounts: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rfc = |days| freshd_core::civil::rfc3339(t(0) + TimeDelta::days(days));
        let answer = ANSWER.replace("@POSTED", &rfc(-1)).replace("@SINCE", &rfc(-21));
        let answer = answer.replace("@UNTIL", &rfc(30));
        let script = format!(
            "echo started >>started; read -r line; echo '{hello}'\nwhile read -r line; do {answer}\ndone\n"
        );
        std::fs::write(dir.path().join("board.sh"), script).unwrap();
        let text =
            format!("[connectors.process.board]\ncommand = [\"/bin/sh\", \"board.sh\"]\n{more}");
        let file = dir.path().join("freshd.toml");
        let config = Config::parse(&text, &file, &Args::default(), &Surroundings::default());
        let clock = ManualClock::new(t(0));
        let shared: std::sync::Arc<dyn Clock> = std::sync::Arc::new(clock.clone());
        let app = App::over(config.unwrap(), Store::open_memory(), shared).unwrap();
        let bench = Self { dir, app, clock };
        for nth in 0..accounts {
            let account = Account {
                id: bench.id(nth),
                platform: "board".to_owned(),
                sources: vec![Source::new("board", nth.to_string())],
                ..Account::default()
            };
            let mut change = bench.app.store().change();
            change.put_account(&account);
            change.set_poll_due(&account.id, Some(t(0)));
            bench.app.store().commit(change).unwrap();
        }
        bench
    }

    fn id(&self, nth: u32) -> AccountId {
        AccountId::of("board", &nth.to_string())
    }

    async fn tick(&self) -> usize {
        let poller = Poller::new(self.app.env.clone(), CancellationToken::new());
        poller.tick().await.unwrap().did
    }

    fn lines(&self, name: &str) -> usize {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default().lines().count()
    }

    fn state(&self, nth: u32) -> AccountState {
        self.app.store().state(&self.id(nth)).unwrap().unwrap_or_default()
    }
}

const HELLO: &str = r#"{"v":1,"hello":{"name":"board","platform":"board","channels":["videos"],"courtesy":{"at_once":2,"per_minute":5}}}"#;

#[tokio::test]
async fn the_first_minute_sees_no_more_polls_than_its_hello_allows() {
    let bench = Bench::new(HELLO, "", 12);
    assert_eq!((bench.tick().await, bench.lines("asked")), (5, 5));
    assert_eq!(bench.tick().await, 0);
    bench.clock.advance_to(t(60));
    assert_eq!(bench.tick().await, 5);
    bench.clock.advance_to(t(120));
    assert_eq!((bench.tick().await, bench.lines("asked")), (2, 12));
    assert_eq!(bench.lines("started"), 1, "one child for all of them");
    let state = bench.state(0);
    assert_eq!(state.standing.unwrap().verdict, Some(Outcome::Pass));
    let channels: Vec<&str> = state.history.channels.iter().map(|c| c.as_str()).collect();
    assert_eq!(channels, ["videos"], "its own channels count, and no other");
}

#[tokio::test]
async fn the_operators_limit_is_kept_where_it_is_stricter() {
    let bench = Bench::new(HELLO, "per_minute = 3\n", 12);
    assert_eq!(bench.tick().await, 3);
}

#[tokio::test]
async fn nothing_is_started_while_nobody_is_due() {
    let bench = Bench::new(HELLO, "", 0);
    assert_eq!((bench.tick().await, bench.lines("started")), (0, 0));
}

#[tokio::test]
async fn a_child_that_says_nonsense_is_its_own_fault_and_proves_nothing() {
    let bench = Bench::new("usage: board [options]", "", 3);
    assert_eq!(bench.tick().await, 3);
    for nth in 0..3 {
        let state = bench.state(nth);
        let faults = &state.sources[&format!("board:{nth}")].faults;
        assert_eq!(faults[0].scope, FaultScope::Connector, "{faults:?}");
        assert_eq!(state.standing.unwrap().verdict, Some(Outcome::Undetermined));
        assert!(state.history.channels.is_empty() && state.history.coverage().is_empty());
    }
    assert_eq!(bench.lines("started"), 2, "once more at once, then it rests");
    assert_eq!(bench.lines("asked"), 0);
}
