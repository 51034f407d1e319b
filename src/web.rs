//! What can be seen in a browser or asked over HTTP? The read-only page, the API and the metrics. The only place that
//! names axum.
//!
//! **Invariant:** only POST changes anything, and it shows a token or a session that a token opened; who only reads is not
//! asked who they are: it is served on loopback only, and holds no contacts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::verdict::Outcome;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::TokenConfig;
use crate::report::patrol::PatrolView;
use crate::report::view::StatusView;
use act::{Act, Acted};
use owner::{Door, OwnerDeed, OwnerDone};
use push::{Push, Pushed};

pub mod act;
mod api;
pub mod authorise;
mod callback;
mod form;
mod guard;
mod listener;
mod login;
mod ops;
pub mod owner;
mod pages;
mod patrol;
mod problem;
pub mod push;
mod qr;
mod query;
mod session;
mod words;

/// Accounts on a page unless asked otherwise, and at most.
pub const PAGE_ACCOUNTS: (usize, usize) = (200, 1000);
/// Walks through the store at once; more wait.
const READS_AT_ONCE: usize = 4;
/// Articles opened and words kept at once; more wait.
const ACTS_AT_ONCE: usize = 4;
/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 256;
/// How long open answers may take after the stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Every route that is read, as written in `openapi.json`.
pub const ROUTES: [&str; 26] = [
    "/",
    "/login",
    "/patrol",
    "/patrol/print",
    "/proof",
    "/api/v1/tasks",
    "/api/v1/requests",
    "/o/{token}",
    "/accounts/{id}",
    "/assets/app.js",
    "/assets/style.css",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/accounts",
    "/api/v1/accounts/{id}",
    "/api/v1/accounts/{id}/history",
    "/api/v1/precheck",
    "/api/v1/outbox",
    "/api/v1/authorisations",
    "/authorisations",
    "/authorisations/print",
    "/authorise/guide",
    "/authorise/{id}/{token}",
    "/authorise/{id}/{token}/done",
];

/// Where something may be brought; also in `openapi.json`.
pub const POSTS: [&str; 9] = [
    PUSH_PATH,
    "/login",
    "/logout",
    "/patrol",
    "/proof",
    "/o/{token}",
    "/api/v1/accounts/{id}/confirm",
    "/api/v1/accounts/{id}/proof",
    "/api/v1/accounts/{id}/poll",
];
/// The push.
const PUSH_PATH: &str = "/api/v1/observations";

/// Which accounts a page holds. Empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageFilter {
    /// Only this verdict.
    pub verdict: Option<Outcome>,
    /// Only this platform (the key).
    pub platform: Option<String>,
    /// Only this region and those below it: `广东省` holds `广东省/茂名市`.
    pub region: Option<String>,
    /// Only this sponsor, supervisor or reporting unit.
    pub unit: Option<String>,
    /// Part of the name, an id, alias, handle or sponsor; case does not matter.
    pub q: Option<String>,
    /// Go on after the account with this id.
    pub cursor: Option<String>,
    /// So many accounts at most.
    pub limit: usize,
}

impl PageFilter {
    /// Is this account wanted (whatever the cursor and the limit)?
    pub fn takes(&self, account: &Account, verdict: Option<Outcome>) -> bool {
        let is = |wanted: &Option<String>, held: &str| wanted.as_deref().is_none_or(|w| w == held);
        let below = |wanted: &str| {
            let rest = account.region.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let unit = |wanted: &str| {
            [&account.sponsor, &account.supervisor, &account.reporting_unit]
                .iter()
                .any(|held| held.as_str() == wanted)
        };
        let named = |wanted: &str| {
            let wanted = wanted.to_lowercase();
            let own = [account.id.as_str(), &account.name, &account.handle, &account.sponsor];
            let mut all = own.into_iter().chain(account.aliases.iter().map(String::as_str));
            all.any(|held| held.to_lowercase().contains(&wanted))
        };
        self.verdict.is_none_or(|wanted| verdict == Some(wanted))
            && is(&self.platform, &account.platform)
            && self.region.as_deref().is_none_or(below)
            && self.unit.as_deref().is_none_or(unit)
            && self.q.as_deref().is_none_or(named)
    }
}

/// One page of accounts.
#[derive(Clone, Debug)]
pub struct Page {
    /// The accounts of the page in the order of ids; the totals are over the whole filter.
    pub view: StatusView,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
    /// The platforms of the whole ledger: what may be chosen.
    pub platforms: BTreeSet<String>,
}

/// What the pages show. Every function may take long and is called where it may; an `Err` is for the log, not for
/// the reader.
pub trait WebData: Send + Sync + 'static {
    /// A page of accounts.
    fn status(&self, filter: &PageFilter) -> Result<Page, String>;
    /// What `explain --json` prints; `None` if there is no such account (an alias finds it, too).
    fn account(&self, id: &str) -> Result<Option<Value>, String>;
    /// What happened to the account, newest first; `None` if there is no such account.
    fn history(&self, id: &str) -> Result<Option<Vec<Value>>, String>;
    /// What `precheck --format json` prints for a quarter, at an instant, or now; the inner error says, in Chinese, what
    /// of the question is not understood.
    fn precheck(
        &self,
        quarter: Option<&str>,
        at: Option<&str>,
    ) -> Result<Result<Value, String>, String>;
    /// What `mail outbox --json` prints, with addresses masked.
    fn outbox(&self) -> Result<Value, String>;
    /// Counters in Prometheus text format 0.0.4.
    fn metrics_text(&self) -> String;
    /// The instant now.
    fn now(&self) -> Timestamp;
    /// Who may push.
    fn tokens(&self) -> Vec<TokenConfig>;
    /// Carries a push out. What it changed is durable when this returns.
    fn push(&self, push: &Push) -> Result<Pushed, String>;
    /// Today's patrol list: of one person, of accounts of these units (none = all), with what does not fit into the day.
    fn patrol(
        &self,
        person: Option<&str>,
        units: &[String],
        all: bool,
    ) -> Result<PatrolView, String>;
    /// Who looks by hand, by name.
    fn people(&self) -> Vec<String>;
    /// Carries out what somebody does to an account. What it changed is durable when this returns.
    fn act(&self, act: &Act) -> Result<Acted, String>;
    /// What is behind the link of a letter. Changes nothing.
    fn door(&self, token: &str) -> Result<Door, String>;
    /// Takes what an owner says by the link of a letter. What it changed is durable when this returns.
    fn owner_act(&self, token: &str, deed: &OwnerDeed) -> Result<OwnerDone, String>;
    /// What owners said, newest first, as far as the token covers the accounts: of one account or of all, with what needs
    /// no decision or not. It holds contacts.
    fn requests(
        &self,
        by: &TokenConfig,
        account: Option<&str>,
        all: bool,
    ) -> Result<Vec<Value>, String>;
    /// Can it do its work? Else why not.
    fn ready(&self) -> Result<(), String>;
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept, for good.
    Kept,
    /// It is not believed.
    Refused,
    /// It may be right, and we cannot keep it now: it shall come again.
    Later,
}

/// Takes what a platform pushes to us. It proves who it is by a signature, not by where it comes from.
#[async_trait::async_trait]
pub trait Callback: Send + Sync + 'static {
    /// The path where pushes arrive; `None` while none are expected.
    fn path(&self) -> Option<String>;
    /// Takes one push: the query as it stands in the address, and the body.
    async fn take(&self, query: &str, body: &[u8]) -> Taken;
}

/// What all requests share.
#[derive(Clone)]
pub struct WebState {
    data: Arc<dyn WebData>,
    callback: Option<Arc<dyn Callback>>,
    reception: Option<Arc<dyn authorise::Reception>>,
    public_host: Option<Arc<str>>,
    reads: Arc<Semaphore>,
    acts: Arc<Semaphore>,
    sessions: Arc<session::Sessions>,
    uses: Arc<owner::Uses>,
    pages: Arc<pages::Pages>,
}

impl WebState {
    /// Over this data; `public_host` is the host of `[web] public_url`, answered beside the names of loopback.
    pub fn new(data: Arc<dyn WebData>, public_host: Option<&str>) -> Self {
        Self {
            data,
            callback: None,
            reception: None,
            public_host: public_host.map(|host| host.to_ascii_lowercase().into()),
            reads: Arc::new(Semaphore::new(READS_AT_ONCE)),
            acts: Arc::new(Semaphore::new(ACTS_AT_ONCE)),
            sessions: Arc::default(),
            uses: Arc::default(),
            pages: Arc::new(pages::Pages::new()),
        }
    }

    /// The same, taking a platform's pushes as well.
    #[must_use]
    pub fn taking(self, callback: Arc<dyn Callback>) -> Self {
        Self { callback: Some(callback), ..self }
    }

    /// The same, leading owners to WeChat's page of authorisation.
    #[must_use]
    pub fn receiving(self, reception: Arc<dyn authorise::Reception>) -> Self {
        Self { reception: Some(reception), ..self }
    }

    /// Reads where it may take long; a panic in it is an error of this request only.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn WebData) -> Result<T, String> + Send + 'static,
    ) -> Result<T, problem::Problem> {
        self.work(&self.reads, read).await
    }

    /// Does what may take as long as a foreign page does; readers do not wait for it.
    async fn act(&self, act: Act) -> Result<Acted, problem::Problem> {
        self.work(&self.acts, move |data| data.act(&act)).await
    }

    async fn work<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        read: impl FnOnce(&dyn WebData) -> Result<T, String> + Send + 'static,
    ) -> Result<T, problem::Problem> {
        let permit = Arc::clone(turns).acquire_owned().await;
        let data = Arc::clone(&self.data);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            read(&*data)
        })
        .await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(problem::Problem::internal(&error)),
            Err(panic) => Err(problem::Problem::internal(&panic.to_string())),
        }
    }
}

impl WebState {
    /// A page of accounts; a cursor that no page gave is refused, or a program that made a slip would start again
    /// and never end.
    async fn page(&self, filter: PageFilter) -> Result<Page, problem::Problem> {
        let page = self.read(move |data| {
            if let Some(cursor) = &filter.cursor
                && data.account(cursor)?.is_none()
            {
                return Ok(Err(format!("cursor 应是上一页答复的 next,而不是 {cursor}")));
            }
            data.status(&filter).map(Ok)
        });
        page.await?.map_err(|detail| problem::Problem::new(StatusCode::BAD_REQUEST, detail))
    }
}

/// What people do who look by hand.
fn by_hand() -> Router<WebState> {
    Router::new()
        .route("/login", get(login::page).post(login::login))
        .route("/logout", post(login::logout))
        .route("/patrol", get(patrol::page).post(patrol::answer))
        .route("/patrol/print", get(patrol::print))
        .route("/proof", get(patrol::proof_page).post(patrol::proof))
        .route("/api/v1/tasks", get(patrol::tasks))
        .route("/api/v1/requests", get(api::requests))
        .route("/o/{token}", get(owner::page).post(owner::act))
        .route("/api/v1/accounts/{id}/confirm", post(act::confirm))
        .route("/api/v1/accounts/{id}/proof", post(act::proof))
        .route("/api/v1/accounts/{id}/poll", post(act::poll))
}

/// What owners open to authorise their account, and what the office sees of it.
fn by_owners() -> Router<WebState> {
    Router::new()
        .route("/api/v1/authorisations", get(authorise::api))
        .route("/authorisations", get(authorise::progress))
        .route("/authorisations/print", get(authorise::sheet))
        .route("/authorise/guide", get(authorise::guide))
        .route("/authorise/{id}/{token}", get(authorise::invite))
        .route("/authorise/{id}/{token}/done", get(authorise::arrive))
}

/// All routes behind the guard.
fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/accounts/{id}", get(pages::account))
        .route("/assets/app.js", get(ops::script))
        .route("/assets/style.css", get(ops::style))
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
        .route("/api/v1/openapi.json", get(ops::openapi))
        .route("/api/v1/accounts", get(api::accounts))
        .route("/api/v1/accounts/{id}", get(api::account))
        .route("/api/v1/accounts/{id}/history", get(api::history))
        .route("/api/v1/precheck", get(api::precheck))
        .route("/api/v1/outbox", get(api::outbox))
        .route(PUSH_PATH, post(push::push))
        .merge(by_hand())
        .merge(by_owners())
        .fallback(problem::not_found)
        .layer(from_fn_with_state(state.clone(), guard::admit))
        .layer(from_fn(guard::headers))
        .with_state(state)
}

/// Serves until `stop`; answers that are under way get 5 seconds more.
///
/// # Errors
/// The listener fails for good.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: WebState,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = listener::Limited::new(listener, CONNECTIONS_MAX);
    let stopped = stop.clone().cancelled_owned();
    let server = axum::serve(listener, router(state)).with_graceful_shutdown(stopped);
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        done = server => done,
        () = late => Ok(()),
    }
}

#[cfg(test)]
mod tests;
