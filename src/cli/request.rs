//! What can be asked of a store, by a command line or over the control socket? One value either way.

use serde::{Deserialize, Serialize};

use super::args::{ExportFormat, ExportKind, Interaction, PrecheckFormat};

/// A file that travels with a request, base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes, base64.
    pub base64: String,
    /// Why it could not be read, Chinese; then it has no bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// When it was last written, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<freshd_core::Timestamp>,
}

/// What `freshd ingest` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingest {
    /// Tables of posts, or bundles of `freshd collect`.
    pub files: Vec<SentFile>,
    /// `FROM..TO`: every post of this span is listed.
    pub complete: Option<String>,
    /// Whose word it is, if not the caller's.
    pub by: Option<String>,
    /// Change nothing.
    pub dry_run: bool,
    /// Leave bad rows out.
    pub good_rows: bool,
    /// Answer in JSON.
    pub json: bool,
}

/// A command on the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// `freshd import`.
    Import {
        /// The ledgers.
        files: Vec<SentFile>,
        /// Change nothing.
        dry_run: bool,
        /// Leave bad rows out.
        good_rows: bool,
        /// Make the returned workbook.
        want_return: bool,
        /// Mark what the named units no longer list.
        replace: bool,
        /// Confirmed.
        yes: bool,
        /// Answer in JSON.
        #[serde(default)]
        json: bool,
    },
    /// `freshd ingest`.
    Ingest(Ingest),
    /// `freshd export`.
    Export {
        /// What.
        kind: ExportKind,
        /// In which form.
        format: ExportFormat,
    },
    /// `freshd poll`.
    Poll {
        /// Ids or aliases; empty with `all` or `due`.
        accounts: Vec<String>,
        /// Every account.
        all: bool,
        /// Those that are due.
        due: bool,
        /// Answer in JSON.
        json: bool,
        /// Every request, and the bytes kept.
        explain: bool,
    },
    /// `freshd status`.
    Status {
        /// Only this verdict.
        verdict: Option<String>,
        /// Only this platform.
        platform: Option<String>,
        /// Only this unit.
        unit: Option<String>,
        /// Answer in JSON.
        json: bool,
        /// With colour.
        colour: bool,
    },
    /// `freshd explain`.
    Explain {
        /// Id, alias or unique name.
        id: String,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd precheck`.
    Precheck {
        /// `2026Q4`.
        quarter: Option<String>,
        /// An instant.
        at: Option<String>,
        /// In which form.
        format: PrecheckFormat,
        /// With colour.
        colour: bool,
    },
    /// `freshd notify`.
    Notify {
        /// Change nothing.
        dry_run: bool,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd mail test`.
    MailTest {
        /// To whom.
        address: String,
    },
    /// `freshd mail outbox`.
    MailOutbox {
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd mail inbox`.
    MailInbox {
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd mail fetch`.
    MailFetch,
    /// `freshd contacts`.
    Contacts {
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd mail retry`.
    MailRetry {
        /// The letter.
        id: String,
    },
    /// `freshd mail preview`.
    MailPreview {
        /// The letter, or the sample's kind; none = list the kinds.
        id: Option<String>,
        /// Its HTML part.
        #[serde(default)]
        html: bool,
    },
    /// `freshd mail release`.
    MailRelease {
        /// The letters; empty = all.
        ids: Vec<String>,
    },
    /// `freshd confirm`.
    Confirm {
        /// Id, alias or unique name.
        id: String,
        /// When it was published.
        published_at: Option<String>,
        /// Where.
        url: Option<String>,
        /// Nothing since.
        none_since: Option<String>,
        /// Does the interaction work?
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interaction: Option<Interaction>,
        /// When the person looked.
        seen_at: Option<String>,
        /// A screenshot.
        file: Option<SentFile>,
        /// In the person's words.
        note: String,
        /// The person, if not the caller.
        by: Option<String>,
    },
    /// `freshd connector check`.
    ConnectorCheck {
        /// The connector's name.
        name: String,
        /// What to ask it for.
        target: Option<String>,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd authorise list`.
    AuthoriseList {
        /// Only this unit.
        unit: Option<String>,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd patrol list`.
    PatrolList {
        /// The day, as written; `None` = today.
        day: Option<String>,
        /// Only this person's.
        person: Option<String>,
        /// What does not fit into the day, too.
        all: bool,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd patrol export`.
    PatrolExport {
        /// Only this person's.
        person: Option<String>,
        /// What does not fit into the day, too.
        all: bool,
    },
    /// `freshd patrol import`.
    PatrolImport {
        /// The sheet.
        sheet: SentFile,
        /// The pictures that it names.
        files: Vec<SentFile>,
        /// Who looked, where the sheet does not say.
        by: Option<String>,
        /// Change nothing.
        dry_run: bool,
        /// Leave bad rows out.
        good_rows: bool,
    },
    /// `freshd proof`.
    Proof {
        /// The article.
        url: String,
        /// The account, if named.
        account: Option<String>,
    },
    /// `freshd requests list`.
    RequestsList {
        /// What is decided or needs no decision, too.
        all: bool,
        /// Answer in JSON.
        json: bool,
    },
    /// `freshd requests approve` and `reject`.
    RequestsSettle {
        /// The request.
        id: String,
        /// Yes or no.
        approve: bool,
        /// Why, in the operator's words.
        note: String,
    },
    /// The first part of `freshd backup`: all records go into a file in the store's own directory.
    BackupMake,
    /// Its next part: the bytes of that file from an offset, as many as an answer may hold.
    BackupRead {
        /// The file.
        id: String,
        /// Bytes that the caller has already.
        offset: u64,
    },
    /// Its end: the file is not needed any more.
    BackupDrop {
        /// The file.
        id: String,
    },
    /// `freshd store check`.
    StoreCheck {
        /// Mend what can be mended.
        repair: bool,
        /// Answer in JSON.
        json: bool,
    },
}
