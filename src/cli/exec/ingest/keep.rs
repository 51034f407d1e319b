//! What does a file of posts leave behind? Sightings and vouched spans per account, the file's bytes once, the audit
//! trail; nothing if it adds nothing.

use freshd_core::history::{EvidenceRef, Voucher};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::Observation;
use freshd_core::state::AccountState;
use freshd_core::{Timestamp, civil};

use super::tell::{AccountReport, Report};
use super::{CLAIMS_MAX, Claims, META_FILE, Table};
use crate::app::App;
use crate::cli::caller::Caller;
use crate::cli::exec::word::known_as;
use crate::ledger::posts::plan::{Given, Plan};
use crate::poll::apply::kept::{KeptLook, KeptWord, apply_kept};
use crate::poll::write;
use crate::store::{Audit, StoreError};

/// A file with what comes of it.
pub(super) struct Held {
    pub(super) table: Table,
    pub(super) plan: Plan,
}

/// Who brings it.
pub(super) struct Giver<'a> {
    pub(super) by: &'a str,
    /// Was the person named, or is it whoever is logged in?
    pub(super) named: bool,
    pub(super) caller: &'a Caller,
}

/// One account's part of the file.
struct Part<'a> {
    id: &'a AccountId,
    given: &'a Given,
    /// The name under which the person's words on the account are kept.
    voucher: String,
    words: Vec<KeptWord>,
}

/// Applies a file, or says what it would change.
pub(super) fn keep(
    app: &App,
    held: &Held,
    giver: &Giver<'_>,
    dry_run: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let now = app.now();
    let source = format!("ingest:{}", giver.by);
    let mut changing = Vec::new();
    for (id, given) in &held.plan.accounts {
        let state: AccountState = app.store().state(id)?.unwrap_or_default();
        let voucher = known_as(app, id, giver.by.to_owned())?;
        let words = words(&held.table, given, &source, now);
        let part = Part { id, given, voucher, words };
        let (changed, new) = part.look(&source, now).effect(&state.history, &part.words);
        let verdict = state.standing.and_then(|standing| standing.verdict);
        report.account(AccountReport::of(id, given, changed, new, verdict));
        if changed {
            changing.push(part);
        }
    }
    if dry_run || changing.is_empty() {
        return Ok(());
    }
    begin(app, held, giver, changing.len(), now)?;
    for part in &changing {
        if let Some(verdict) = apply(app, &held.table, part, &source, giver, now)? {
            report.judged(part.id, verdict);
        }
    }
    Ok(())
}

impl Part<'_> {
    fn look<'a>(&'a self, source: &'a str, at: Timestamp) -> KeptLook<'a> {
        KeptLook { source, at, voucher: Voucher { name: &self.voucher, with_file: true } }
    }
}

/// The rows as looks, each citing the file and its row.
fn words(table: &Table, given: &Given, source: &str, now: Timestamp) -> Vec<KeptWord> {
    let file = table.name.rsplit('/').next().unwrap_or(&table.name);
    let cited = |what: &str| EvidenceRef {
        at: now,
        id: table.id.to_string(),
        url: format!("{source} {file} {what}"),
    };
    let mut words: Vec<KeptWord> = Vec::new();
    for post in &given.posts {
        let sightings = vec![post.sighting.clone()];
        let observation = Observation { sightings, ..Observation::default() };
        words.push(KeptWord { observation, evidence: cited(&post.place) });
    }
    if let Some(span) = given.claim {
        let mut observation = Observation::default();
        observation.coverage.add(Channel::all(), span.since, span.until);
        let (since, until) = (civil::minute_text(span.since), civil::minute_text(span.until));
        let what = format!("{};声明列全了 {since} 至 {until} 的发布", given.place);
        words.push(KeptWord { observation, evidence: cited(&what) });
    }
    words
}

/// The bytes, when they came, and that they came.
fn begin(
    app: &App,
    held: &Held,
    giver: &Giver<'_>,
    accounts: usize,
    now: Timestamp,
) -> anyhow::Result<()> {
    let table = &held.table;
    let name = format!("{META_FILE}{}", table.id);
    app.store().update::<_, StoreError>(|change| {
        change.evidence(&table.bytes, now)?;
        if let Some(claim) = &table.claim {
            let mut claims: Claims = change.meta(&name)?.unwrap_or_default();
            claims.entry(claim.clone()).or_insert(now);
            while claims.len() > CLAIMS_MAX {
                let oldest = claims.iter().min_by_key(|(_, at)| **at).map(|(text, _)| text.clone());
                claims.remove(&oldest.unwrap_or_default());
            }
            change.put_meta(&name, &claims)?;
        }
        let posts: usize = held.plan.accounts.values().map(|given| given.listed).sum();
        let complete = table.complete.map(|span| {
            let (since, until) = (civil::minute_text(span.since), civil::minute_text(span.until));
            format!(",声明列全了 {since} 至 {until} 的发布")
        });
        let complete = complete.unwrap_or_default();
        change.audit(&Audit {
            at: now,
            who: giver.by.to_owned(),
            what: "ingest".to_owned(),
            on: String::new(),
            detail: format!(
                "{}(sha256 {}):{posts} 条发布,变更 {accounts} 个账号{complete}(经 {} 登记)",
                table.name, table.id, giver.caller
            ),
        })
    })?;
    Ok(())
}

type Verdict = Option<freshd_core::verdict::Outcome>;

fn apply(
    app: &App,
    table: &Table,
    part: &Part<'_>,
    source: &str,
    giver: &Giver<'_>,
    now: Timestamp,
) -> Result<Option<Verdict>, StoreError> {
    let terms = app.env.parts().terms.clone();
    app.store().update(|change| {
        let Some(account) = change.account(part.id)? else { return Ok::<_, StoreError>(None) };
        let mut before: AccountState = change.state(part.id)?.unwrap_or_default();
        if let (Some(_), Some(uid)) = (part.given.claim, giver.caller.uid) {
            let word = before.history.attested.entry(part.voucher.clone()).or_default();
            *word.via.entry(uid).or_default() |= giver.named;
        }
        let look = part.look(source, now);
        let applied = apply_kept(&account, before, &look, &part.words, &terms, now);
        write(change, &account, &applied, now)?;
        change.keep_evidence(table.id, now);
        if let Some(span) = part.given.claim {
            let (since, until) = (civil::minute_text(span.since), civil::minute_text(span.until));
            change.audit(&Audit {
                at: now,
                who: giver.by.to_owned(),
                what: "ingest".to_owned(),
                on: part.id.to_string(),
                detail: format!(
                    "作证:{} 列全了 {since} 至 {until} 的发布(sha256 {};经 {} 登记)",
                    table.name, table.id, giver.caller
                ),
            })?;
        }
        Ok(Some(applied.judgement.verdict))
    })
}
