//! How is a manifest's request made, and is what comes back an answer at all?

use std::borrow::Cow;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::Evidence;
use url::Url;

use super::Gathered;
use super::memo::{Kept, Memory, Validators};
use super::page::{self, Page, Place};
use super::post;
use crate::connector::{PollContext, Secret};
use crate::extract::shape::{Document, Reading, is_light};
use crate::extract::template::Pieces;
use crate::extract::{Spot, all_hold};
use crate::http::{self, Request, Response};
use crate::listing;
use crate::manifest::{Ask, FaultRow, Manifest};

/// Posts without a date are opened only among so many at the top: what is below is older.
const OPENED_WITHIN: usize = 20;
/// Parts of a secret at least this long are hidden wherever they are shown back.
const HIDDEN_BYTES_MIN: usize = 6;

/// A page whose dates would read otherwise so much later is not remembered, days.
const STEADY_DAYS: i64 = 400;

/// What asking for a page brought.
pub(super) enum Leaf {
    /// The page.
    Page(Box<Page>),
    /// It is as it was, up to this instant.
    Unchanged(Timestamp),
}

/// Asks for one poll.
pub(super) struct Asker<'a> {
    manifest: &'a Manifest,
    base: Option<&'a Url>,
    cx: &'a PollContext<'a>,
    secrets: Vec<(&'a str, Secret)>,
}

/// An address: where it stands, and where it is asked.
struct Address {
    written: Url,
    asked: Url,
}

fn malformed(detail: impl Into<String>) -> Fault {
    Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
}

impl<'a> Asker<'a> {
    /// Reads the secrets; one that is missing is a Credential fault.
    pub(super) fn new(
        manifest: &'a Manifest,
        base: Option<&'a Url>,
        cx: &'a PollContext<'a>,
    ) -> Result<Self, Fault> {
        let read = |(header, key): &'a (String, String)| {
            let secret = cx.secrets.secret(&manifest.name, key);
            secret.map(|secret| (header.as_str(), secret)).map_err(|problem| {
                Fault::new(FaultScope::Credential, FaultKind::Unauthorized, problem.0)
                    .retry(Retry::Operator)
            })
        };
        let secrets = manifest.request.secrets.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { manifest, base, cx, secrets })
    }

    /// Finds the pieces that must be asked for; `true` if one was remembered.
    pub(super) async fn lookups(
        &self,
        pieces: &mut Pieces,
        memory: &mut Memory,
    ) -> Result<bool, Fault> {
        let mut remembered = false;
        for lookup in &self.manifest.lookups {
            let target = pieces.get("target").cloned().unwrap_or_default();
            if lookup.unless.as_ref().is_some_and(|unless| unless.is_match(&target)) {
                pieces.insert(lookup.name.clone(), target);
                continue;
            }
            let held = memory.found.get(&lookup.name).filter(|_| !self.cx.fresh).cloned();
            remembered |= held.is_some();
            let value = match held {
                Some(held) => held,
                None => {
                    let response = self.send(&lookup.ask, pieces, None).await?;
                    let place = http::redact::url(&response.url);
                    let document = self.document(&response, &lookup.reading)?;
                    let found = lookup.source.text(Spot::Document(&document), pieces);
                    let fits = |value: &String| {
                        lookup.pattern.as_ref().is_none_or(|pattern| pattern.is_match(value))
                    };
                    found
                        .filter(fits)
                        .ok_or_else(|| malformed(format!("{place} 中没有找到 {}", lookup.name)))?
                }
            };
            memory.found.insert(lookup.name.clone(), value.clone());
            pieces.insert(lookup.name.clone(), value);
        }
        Ok(remembered)
    }

    /// One page of the list, or that it is as it was when `kept` was written.
    pub(super) async fn page(&self, pieces: &Pieces, kept: Option<&Kept>) -> Result<Leaf, Fault> {
        let manifest = self.manifest;
        let written = self.address(&manifest.request, pieces)?.written;
        let response = self.send(&manifest.request, pieces, kept).await?;
        if response.status == 304 {
            return Ok(Leaf::Unchanged(http::seen_until(&response, self.cx.now)));
        }
        let shown = http::redact::url(&response.url);
        let document = self.document(&response, &manifest.reading)?;
        let spot = Spot::Document(&document);
        if let Some(row) = self.row(None, spot, pieces)
            && (!is_finding(row) || page::listed(manifest, &document) == 0)
        {
            return Err(self.fault(row, &shown, None));
        }
        let said = manifest.message.as_ref().and_then(|message| message.text(spot, pieces));
        let said: String = said.unwrap_or_default().chars().take(120).collect();
        let said = http::redact::text(&said);
        if !all_hold(&manifest.success, spot, pieces) {
            let detail = format!("{shown} 的回答不表示成功:{said}");
            return Err(Fault::new(FaultScope::Account, FaultKind::Unavailable, detail));
        }
        let place = Place { written: &written, answered: &response.url, now: self.cx.now };
        let mut page = page::read(manifest, &document, &place, pieces)
            .map_err(|what| malformed(format!("{shown}:{what} {said}")))?;
        page.evidence.url = shown;
        page.validators = Validators::of(&response).filter(|_| {
            // The same bytes must say the same whenever they are read: "3天前" does not.
            let later = Place { now: self.cx.now + TimeDelta::days(STEADY_DAYS), ..place };
            page::read(manifest, &document, &later, pieces)
                .is_ok_and(|then| page.is_dated_as(&then))
        });
        Ok(Leaf::Page(Box::new(page)))
    }

    /// Opens the pages of posts that the list gives no date; the first fault ends it.
    pub(super) async fn details(
        &self,
        gathered: &mut Gathered,
        pieces: &Pieces,
        memory: &mut Memory,
    ) {
        let Some(detail) = &self.manifest.detail else { return };
        let mut left = detail.pages_max;
        for at in 0..gathered.items.len().min(OPENED_WITHIN) {
            let item = &gathered.items[at];
            if item.published.is_some() {
                continue;
            }
            // Where a verdict hangs on it, a page that had no date is looked at again.
            let known = memory.date(&item.key);
            if let Some(found) = known.filter(|found| found.is_some() || !self.cx.fresh) {
                gathered.items[at].published = found;
                continue;
            }
            let Some(url) = item.detail.clone().filter(|_| left > 0) else { continue };
            left -= 1;
            match self.opened(&url, pieces).await {
                Ok(opened) => {
                    let item = &mut gathered.items[at];
                    item.published = opened.published;
                    item.title = opened.title.unwrap_or(std::mem::take(&mut item.title));
                    memory.keep(&item.key, item.published);
                    gathered.opened.insert(item.key.clone(), gathered.evidence.len());
                    gathered.evidence.push(opened.evidence);
                }
                // One page that is gone says nothing about the list.
                Err(fault) if fault.kind == FaultKind::Gone => {
                    memory.keep(&gathered.items[at].key, None);
                }
                Err(fault) => {
                    gathered.faults.push(fault);
                    return;
                }
            }
        }
    }

    async fn opened(&self, url: &Url, pieces: &Pieces) -> Result<page::Opened, Fault> {
        let Some(detail) = &self.manifest.detail else { return Err(malformed("没有 [detail]")) };
        let mut request = Request::get(self.rebased(url));
        request.body_bytes_max = self.manifest.request.bytes_max;
        let response = self.exchange(request, &[]).await?;
        let shown = http::redact::url(&response.url);
        if matches!(response.status, 404 | 410) {
            let detail = format!("{shown} 回答 HTTP {}", response.status);
            return Err(Fault::new(FaultScope::Account, FaultKind::Gone, detail));
        }
        self.usable(&response, &shown)?;
        let document = self.document(&response, &detail.reading)?;
        let spot = Spot::Document(&document);
        let published = page::date(&detail.published, spot, pieces, self.cx.now);
        let title = detail.title.iter().find_map(|title| title.text(spot, pieces));
        let written = published.raw.unwrap_or_default();
        let body = format!("{} {written}", title.as_deref().unwrap_or_default());
        let body = listing::evidence_text(body.trim());
        let evidence = Evidence { url: shown, at: self.cx.now, body };
        Ok(page::Opened { published: published.range, title, evidence })
    }

    fn address(&self, ask: &Ask, pieces: &Pieces) -> Result<Address, Fault> {
        let text = ask.url.in_url(pieces);
        let url = Url::parse(&text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some_and(|h| !h.is_empty())
        });
        let Some(written) = url else {
            let detail = format!("目标拼不成网址:{}", http::redact::text(&text));
            return Err(
                Fault::new(FaultScope::Account, FaultKind::Refused, detail).retry(Retry::Operator)
            );
        };
        Ok(Address { asked: self.rebased(&written), written })
    }

    /// The address with scheme, host and port of `base_url`, and its path before.
    fn rebased(&self, url: &Url) -> Url {
        let Some(base) = self.base else { return url.clone() };
        let mut asked = base.clone();
        asked.set_path(&format!("{}{}", base.path().trim_end_matches('/'), url.path()));
        asked.set_query(url.query());
        asked
    }

    /// Asks; with `kept` an answer may also be 304, which is handed back as it is.
    async fn send(
        &self,
        ask: &Ask,
        pieces: &Pieces,
        kept: Option<&Kept>,
    ) -> Result<Response, Fault> {
        let url = self.address(ask, pieces)?.asked;
        let mut request = post::request(url, ask.body.as_ref(), pieces);
        for (name, value) in kept.into_iter().flat_map(Kept::headers) {
            request = request.header(name, value);
        }
        request.body_bytes_max = ask.bytes_max;
        for (name, value) in &ask.headers {
            let value = value.in_url(pieces);
            request = request.header(name.clone(), value);
        }
        let secrets: &[_] = if ask.secrets.is_empty() { &[] } else { &self.secrets };
        let response = self.exchange(request, secrets).await?;
        if response.status == 304 && kept.is_some() {
            return Ok(response);
        }
        let shown = http::redact::url(&response.url);
        let document = || {
            let text = self.scrubbed(self.manifest.reading.text(&response));
            self.manifest.reading.document(text).ok()
        };
        let status = u32::from(response.status);
        if self.manifest.faults.iter().any(|row| row.status.contains(&status)) {
            let held = document();
            let row = match &held {
                Some(document) => self.row(Some(status), Spot::Document(document), pieces),
                None => self.bare_row(status),
            };
            if let Some(row) = row {
                return Err(self.fault(row, &shown, Some(&response)));
            }
        }
        self.usable(&response, &shown)?;
        Ok(response)
    }

    async fn exchange(
        &self,
        mut request: Request,
        secrets: &[(&str, Secret)],
    ) -> Result<Response, Fault> {
        if self.cx.fresh {
            request = request.header("cache-control", "no-cache");
        }
        for (header, secret) in secrets {
            // Where a secret goes was written down; a redirect was not.
            request.redirects_max = 0;
            request = request.header((*header).to_owned(), secret.expose());
        }
        let answer = self.cx.http.send(request).await;
        answer.map_err(|error| error.fault(FaultScope::Platform))
    }

    /// Is it an answer, whole and with a status that says so?
    fn usable(&self, response: &Response, shown: &str) -> Result<(), Fault> {
        if let Some(fault) = http::busy_fault(response, FaultScope::Platform, self.cx.now) {
            return Err(fault);
        }
        if response.status != 200 {
            let detail = format!("{shown} 回答 HTTP {}", response.status);
            return Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail));
        }
        if response.truncated {
            let detail = format!("{shown} 的回答超过 {} 字节,未读完", response.body.len());
            return Err(malformed(detail));
        }
        Ok(())
    }

    /// The answer as the document that it should be.
    fn document(&self, response: &Response, reading: &Reading) -> Result<Document, Fault> {
        let shown = http::redact::url(&response.url);
        let text = self.scrubbed(reading.text(response));
        let markup = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        let challenged = || {
            let detail = format!("{shown} 返回验证或登录页面");
            Fault::new(FaultScope::Platform, FaultKind::Challenged, detail)
        };
        if text.trim().is_empty() {
            return Err(malformed(format!("{shown} 的回答是空的")));
        }
        if markup && reading.wants_json() && listing::asks_for_a_person(&text) {
            return Err(challenged());
        }
        let light = markup && is_light(&text);
        if light && crate::page::top_of(&text).is_some_and(|top| top.challenge().is_some()) {
            return Err(challenged());
        }
        reading.document(text).map_err(|what| malformed(format!("{shown}:{what}")))
    }

    /// A server may show back what it was sent.
    fn scrubbed(&self, mut text: String) -> String {
        for (_, secret) in &self.secrets {
            let whole = secret.expose();
            let parts = whole.split([';', '=', ' ']).filter(|part| part.len() >= HIDDEN_BYTES_MIN);
            for part in std::iter::once(whole).chain(parts) {
                if text.contains(part) {
                    text = text.replace(part, "***");
                }
            }
        }
        text
    }

    /// The row that an answer meets; with a status, only rows that name it.
    fn row(&self, status: Option<u32>, spot: Spot<'_>, pieces: &Pieces) -> Option<&'a FaultRow> {
        self.manifest.faults.iter().find(|row| {
            let named = match status {
                Some(status) => row.status.contains(&status),
                None => row.status.is_empty() || row.status.contains(&200),
            };
            named && all_hold(&row.when, spot, pieces)
        })
    }

    /// The row of a status alone: the answer could not be read.
    fn bare_row(&self, status: u32) -> Option<&'a FaultRow> {
        let rows = self.manifest.faults.iter();
        rows.filter(|row| row.status.contains(&status)).find(|row| row.when.is_empty())
    }

    /// The fault of a row; the server's own wish is never shortened.
    fn fault(&self, row: &FaultRow, shown: &str, response: Option<&Response>) -> Fault {
        let code = response.map_or(Cow::Borrowed(""), |response| {
            Cow::Owned(format!("(HTTP {})", response.status))
        });
        let wish = response.and_then(|response| http::retry_after_s(response, self.cx.now));
        let retry = match (wish, row.retry) {
            (Some(wish), Retry::After(seconds)) => Retry::After(wish.max(seconds)),
            (Some(wish), _) => Retry::After(wish),
            (None, retry) => retry,
        };
        Fault::new(row.scope, row.kind, format!("{}{code}:{shown}", row.say)).retry(retry)
    }
}

/// Would it be held against the account?
fn is_finding(row: &FaultRow) -> bool {
    matches!(row.kind, FaultKind::Gone | FaultKind::Suspended)
}
