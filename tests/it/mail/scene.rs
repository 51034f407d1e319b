//! A ledger of accounts with known posts, a store, a mail server and the two loops: what every mail test needs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use freshd::config::{MailConfig, MailMode, MailServer, MailTls, SendHours, rules};
use freshd::notify::smtp::{Patience, Transport, TransportSettings};
use freshd::notify::{DeliverReport, Deliverer, Notifier, NotifyReport, NotifySettings};
use freshd::store::engine::{Batch, Engine, Order, Visit};
use freshd::store::memory_engine::MemoryEngine;
use freshd::store::{Due, Letter, LetterState, Store, StoreError};
use freshd_connectors::connector::Secret;
use freshd_core::account::Account;
use freshd_core::calendar::Calendar;
use freshd_core::history::Look;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::rulebook::Policy;
use freshd_core::state::AccountState;
use freshd_core::{Timestamp, civil};
use freshd_sim::{MailServer as SimMail, SimClock};

/// A Wednesday in working hours.
pub(super) fn morning() -> Timestamp {
    at(11, 25, 10)
}

pub(super) fn at(month: u32, day: u32, hour: u32) -> Timestamp {
    let day = NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    civil::instant(day.and_hms_opt(hour, 0, 0).unwrap())
}

/// An engine that writes down commits, barriers, and whatever the test says, in order.
#[derive(Default)]
pub(super) struct Diary {
    inner: MemoryEngine,
    lines: Mutex<VecDeque<&'static str>>,
}

impl Diary {
    pub(super) fn lines(&self) -> Vec<&'static str> {
        self.lines.lock().unwrap().iter().copied().collect()
    }

    pub(super) fn note(&self, line: &'static str) {
        self.lines.lock().unwrap().push_back(line);
    }

    pub(super) fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }
}

impl Engine for Diary {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(from, to, order, visit)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.note("commit");
        self.inner.commit(batch)
    }

    fn barrier(&self) -> Result<(), StoreError> {
        self.note("barrier");
        self.inner.barrier()
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.inner.size_on_disk()
    }
}

pub(super) struct Scene {
    pub(super) store: Store,
    pub(super) diary: Arc<Diary>,
    pub(super) settings: NotifySettings,
    pub(super) mail: SimMail,
    pub(super) clock: SimClock,
}

impl Scene {
    /// Mode `send` to a STARTTLS server without login.
    pub(super) async fn new() -> Self {
        Self::with(freshd_sim::mail::MailOptions::default()).await
    }

    pub(super) async fn with(options: freshd_sim::mail::MailOptions) -> Self {
        let clock = SimClock::new(morning());
        let mail = SimMail::start_with(clock.clone(), options).await.unwrap();
        let diary = Arc::new(Diary::default());
        let store = Store::over(Arc::clone(&diary) as Arc<dyn Engine>).unwrap();
        let settings = settings(mail.addr.port());
        Self { store, diary, settings, mail, clock }
    }

    pub(super) fn transport(&self, password: Option<&str>, patience: Patience) -> Arc<Transport> {
        let secret = password.map(str::to_owned);
        Arc::new(Transport::new(TransportSettings {
            server: self.settings.mail.server.clone().unwrap(),
            password: Arc::new(move || Ok(secret.clone().map(Secret::new))),
            from: self.settings.mail.from.clone().unwrap(),
            signed_by: Arc::new(|| Ok(None)),
            root_cert_der: Some(freshd_sim::mail::ca_der().to_vec()),
            patience,
        }))
    }

    pub(super) fn deliverer(&self) -> Deliverer {
        let transport = self.transport(None, Patience::default());
        Deliverer::new(self.store.clone(), self.settings.clone(), Some(transport))
    }

    /// An account whose last post was at `posted`, silent until `seen`, due for a decision at once.
    pub(super) fn add(&self, account: &Account, posted: Timestamp, seen: Timestamp) {
        let old: Option<AccountState> = self.store.state(&account.id).unwrap();
        let mut state = old.unwrap_or_default();
        let mut observation = Observation::default();
        observation.sightings.push(Sighting {
            key: posted.timestamp().to_string(),
            channel: Channel::posts(),
            published: Published::at(posted),
            title: "通知公告".to_owned(),
            url: Some("https://weibo.com/1/1".to_owned()),
            pinned: false,
            repost: false,
        });
        observation.coverage.add(Channel::posts(), posted - TimeDelta::days(1), seen);
        state.history.absorb(&Look {
            source: "weibo:1",
            at: seen,
            channels: &[Channel::posts()],
            observation: &observation,
            evidence: None,
            voucher: None,
        });
        let mut change = self.store.change();
        change.put_account(account);
        change.put_state(&account.id, &state, Due { poll: None, notify: Some(seen) }).unwrap();
        self.store.commit(change).unwrap();
    }

    pub(super) async fn notify(&self, now: Timestamp) -> NotifyReport {
        Notifier::new(self.store.clone(), self.settings.clone()).tick(now, false).await.unwrap()
    }

    pub(super) async fn deliver(&self, now: Timestamp) -> DeliverReport {
        self.clock.set(now);
        self.deliverer().tick(now).await.unwrap()
    }

    pub(super) fn letters(&self) -> Vec<Letter> {
        let mut all = Vec::new();
        self.store
            .for_each_letter(|letter| {
                all.push(letter);
                Ok(true)
            })
            .unwrap();
        all.sort_by(|a, b| a.to.cmp(&b.to));
        all
    }

    pub(super) fn states(&self) -> Vec<(String, LetterState)> {
        self.letters().into_iter().map(|letter| (letter.to, letter.state)).collect()
    }
}

pub(super) fn account(number: usize, email: &str) -> Account {
    Account {
        id: AccountId::new(format!("weibo:{number}")),
        name: format!("发布{number}"),
        platform: "weibo".to_owned(),
        handle: number.to_string(),
        sponsor: format!("单位{number}"),
        email: vec![email.to_owned()],
        ..Account::default()
    }
}

pub(super) fn quick() -> Patience {
    let short = Duration::from_millis(300);
    Patience { connect: short, command: short, data: short }
}

fn settings(port: u16) -> NotifySettings {
    let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    let book = rules::built_in();
    let server =
        MailServer { tls: MailTls::StartTls, host: "localhost".to_owned(), port, user: None };
    NotifySettings {
        webhooks: Vec::new(),
        templates: Arc::default(),
        mail: MailConfig {
            server: Some(server),
            password: None,
            from: Some("政务公开办 <freshd@maoming.gov.cn>".to_owned()),
            operators: vec!["ops@maoming.gov.cn".to_owned()],
            office: "茂名市政务公开办 0668-1234567".to_owned(),
            mode: MailMode::Send,
            pilot_units: Vec::new(),
            redirect_to: None,
            per_day: 500,
            per_minute: 0,
            domain_per_minute: 0,
            at_once: 2,
            dkim: None,
            templates_dir: None,
            hold_share: 0.3,
            hold_min_recipients: 50,
            send_between: SendHours { from: time(8, 30), until: time(18, 0) },
            working_days_only: true,
            inbox: freshd::config::InboxConfig::default(),
        },
        policy: Policy::of(book.profile("national").unwrap().clone()),
        calendar: Arc::new(Calendar::from_parts([2026], [], [])),
        zone: chrono_tz::Asia::Shanghai,
        public_url: None,
        link_lasts: TimeDelta::days(30),
    }
}
