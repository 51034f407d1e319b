//! When did this account last publish, by a manifest's word? The connector that runs manifests.

mod ask;
mod memo;
mod page;
mod post;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Carriers, Evidence, Observation, Profile, Published, Sighting};
use url::Url;

use crate::connector::{Connector, Descriptor, PollContext, Target, TargetProblem};
use crate::extract::template::Pieces;
use crate::manifest::Manifest;
use ask::{Asker, Leaf};
use memo::{Kept, Memory, Validators};
use page::{Item, Page};

/// Longest target, bytes.
const TARGET_BYTES_MAX: usize = 1000;
/// Posts at the top that may be older than those below without a mark: pinned ones.
const PINNED_MAX: usize = 5;

/// What the operator says about a manifest, `[connectors.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// `base_url`: asked in place of the scheme and host of every address.
    pub base_url: Option<Url>,
    /// `complete`: the operator vouches that the list leaves nothing out.
    pub complete: bool,
}

/// A connector that is a manifest.
pub struct DeclarativeConnector {
    manifest: Arc<Manifest>,
    base: Option<Url>,
    proves_silence: bool,
    descriptor: Descriptor,
    /// Says that nothing changed in how answers are read.
    reading: String,
}

impl DeclarativeConnector {
    /// The connector of a manifest, with what the operator says about it.
    pub fn new(manifest: Arc<Manifest>, say: Say) -> Self {
        let rule = &manifest.coverage;
        let proves_silence = rule.newest_first && (!rule.by_operator || say.complete);
        let descriptor = Descriptor {
            name: manifest.name.clone().into(),
            platform: manifest.platform.clone().into(),
            channels: vec![Channel::posts()],
            proves_silence,
            lag_h: if proves_silence { rule.lag_h } else { 0 },
            courtesy: manifest.courtesy,
            about: manifest.about.clone().into(),
        };
        let reading = memo::hash(&format!("{manifest:?} {:?}", say.base_url));
        Self { base: say.base_url, proves_silence, descriptor, reading, manifest }
    }

    /// `target` and the groups of its pattern; `None` if it does not match.
    fn pieces(&self, target: &Target) -> Option<Pieces> {
        let text = target.as_str();
        let pattern = &self.manifest.target.pattern;
        let found = pattern.captures(text).filter(|_| text.len() <= TARGET_BYTES_MAX)?;
        let mut pieces = Pieces::from([("target".to_owned(), text.to_owned())]);
        for name in pattern.capture_names().flatten() {
            let default = self.manifest.target.defaults.iter().find(|(held, _)| held == name);
            let default = default.map_or("", |(_, default)| default.as_str());
            let value = found.name(name).map_or(default, |group| group.as_str());
            pieces.insert(name.to_owned(), value.to_owned());
        }
        Some(pieces)
    }

    /// The list, page by page until one holds something of the account's own.
    async fn list(
        &self,
        asker: &Asker<'_>,
        pieces: &Pieces,
        kept: Option<&Kept>,
    ) -> Result<Gathered, Fault> {
        let paging = self.manifest.paging;
        let mut gathered = Gathered::default();
        for number in 0..paging.pages_max {
            let mut pieces = pieces.clone();
            pieces.insert("page".to_owned(), (paging.first + number * paging.step).to_string());
            let page = match asker.page(&pieces, kept.filter(|_| number == 0)).await? {
                Leaf::Page(page) => *page,
                Leaf::Unchanged(until) => {
                    gathered.unchanged = Some(until);
                    return Ok(gathered);
                }
            };
            let done = !page.items.is_empty() || page.last || page.listed == 0;
            gathered.add(page);
            if done {
                break;
            }
        }
        let none = gathered.items.is_empty() && !gathered.unclear;
        if none && self.manifest.items.empty_is_fault {
            let listed = gathered.listed;
            let detail = format!("网页上找到 {listed} 个条目,没有一条是内容;不能当作没有发布");
            return Err(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail));
        }
        Ok(gathered)
    }

    /// Since when a list vouches whose oldest post is this; further where it says that none follows.
    fn reaches_back(&self, since: Timestamp, last: bool, now: Timestamp) -> Timestamp {
        let whole = now - TimeDelta::days(self.manifest.coverage.last_page_days.into());
        if last { since.min(whole) } else { since }
    }

    /// May the list be asked for only when it has changed? Not where the answer hangs on more than the
    /// one address: a body, a secret, pieces or pages that are asked for besides.
    fn may_be_kept(&self) -> bool {
        let Manifest { request, lookups, detail, .. } = &*self.manifest;
        request.body.is_none()
            && request.secrets.is_empty()
            && lookups.is_empty()
            && detail.is_none()
    }

    /// 304: what the kept page would say now, and no more.
    fn unchanged(&self, kept: &Kept, until: Timestamp) -> Observation {
        let mut seen = Observation::default();
        if self.proves_silence
            && let Some(since) = kept.since
        {
            seen.coverage.add(Channel::posts(), self.reaches_back(since, kept.last, until), until);
        }
        seen
    }

    fn settle(&self, gathered: Gathered, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let carried_by = gathered.carriers();
        let Gathered { items, listed, unclear, last, evidence, name, unread, mut faults, .. } =
            gathered;
        let undated = items.iter().all(|item| item.published.is_none() && item.before.is_none());
        if undated && faults.is_empty() && (unclear || !items.is_empty()) {
            let example = unread.as_deref().unwrap_or("没有");
            let detail =
                format!("列出 {listed} 条,没有一条的编号和时间都读得懂(例如「{example}」)");
            let fault = Fault::new(FaultScope::Connector, FaultKind::Malformed, detail);
            if self.manifest.detail.is_none() {
                return Err(fault);
            }
            // What was opened in vain is remembered, so that the next look comes further down.
            faults.push(fault);
        }
        let mut seen = Observation { evidence, carried_by, faults, ..Observation::default() };
        if self.proves_silence && !unclear && seen.faults.is_empty() {
            match since(&items) {
                Ok(Some(since)) => {
                    let since = self.reaches_back(since, last, cx.now);
                    seen.coverage.add(Channel::posts(), since, cx.now);
                }
                Ok(None) => {}
                Err(detail) => {
                    let fault = Fault::new(FaultScope::Account, FaultKind::Malformed, detail);
                    seen.faults.push(fault.retry(Retry::Backoff));
                }
            }
        }
        seen.profile = name.map(|name| Profile { name: Some(name), ..Profile::default() });
        let mut keys = std::collections::BTreeSet::new();
        let fresh = items.into_iter().filter(|item| keys.insert(item.key.clone()));
        seen.sightings = fresh.map(|item| item.sighting(cx.now)).collect();
        Ok(seen)
    }
}

/// What the pages of a list said together.
#[derive(Default)]
struct Gathered {
    items: Vec<Item>,
    listed: usize,
    unclear: bool,
    last: bool,
    evidence: Vec<Evidence>,
    /// What of it is pages of the list; the rest are posts' own pages, by key.
    pages: usize,
    opened: std::collections::BTreeMap<String, usize>,
    name: Option<String>,
    unread: Option<String>,
    faults: Vec<Fault>,
    /// How to ask whether the last page has changed.
    validators: Option<Validators>,
    /// The list is as it was, up to this instant; nothing was read.
    unchanged: Option<Timestamp>,
}

impl Gathered {
    /// What to remember of a list that one page settled, to ask for it only when it has changed.
    fn kept(&mut self, by: &str) -> Option<Kept> {
        let validators = self.validators.take()?;
        let settled = self.pages == 1 && !self.unclear && self.faults.is_empty();
        let since = since(&self.items).ok().filter(|_| settled)?;
        Some(Kept::new(by, validators, since, self.last))
    }

    fn add(&mut self, page: Page) {
        self.validators = page.validators;
        self.items.extend(page.items);
        self.listed += page.listed;
        self.unclear |= page.unclear;
        self.last = page.last;
        self.evidence.push(page.evidence);
        self.pages = self.evidence.len();
        self.name = self.name.take().or(page.name);
        self.unread = self.unread.take().or(page.unread);
    }
}

impl Gathered {
    /// The last page of the list shows the posts and the silence; a post that was opened, its own page.
    fn carriers(&self) -> Carriers {
        let Some(last) = self.pages.checked_sub(1).filter(|_| self.evidence.len() > 1) else {
            return Carriers::default();
        };
        let place = |item: &Item| self.opened.get(&item.key).copied().unwrap_or(last);
        let sightings = self.items.iter().map(|item| (item.key.clone(), place(item))).collect();
        Carriers { coverage: Some(last), sightings, ..Carriers::default() }
    }
}

impl Item {
    fn sighting(self, now: Timestamp) -> Sighting {
        let bound = self.before.map(Published::before);
        Sighting {
            key: self.key,
            channel: Channel::posts(),
            published: self.published.or(bound).unwrap_or(Published::before(now)),
            title: self.title,
            url: self.url,
            pinned: self.pinned,
            repost: self.repost,
        }
    }
}

/// Since when a list that should be newest first leaves nothing out: its last post. `Ok(None)`: it is
/// empty, or a post has no date. The error says where the list is not newest first.
fn since(items: &[Item]) -> Result<Option<Timestamp>, String> {
    let listed = items.iter().filter(|item| !item.pinned);
    let Some(dates) = listed.map(|item| item.published).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let newer = |pair: &[Published]| pair[1].earliest.is_some_and(|at| at > pair[0].latest);
    let from = dates.windows(2).rposition(newer).map_or(0, |at| at + 1);
    if from > PINNED_MAX || (from > 0 && dates.len() - from < 2) {
        return Err(format!(
            "列表不是从新到旧(第 {} 条晚于第 {from} 条),不能证明没有更新",
            from + 1
        ));
    }
    Ok(dates.last().map(|oldest| oldest.latest))
}

#[async_trait]
impl Connector for DeclarativeConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        if self.pieces(target).is_some() {
            return Ok(());
        }
        let rule = &self.manifest.target;
        let shown: String = target.as_str().chars().take(60).collect();
        let help = format!("{},例如 {}:{}", rule.help, self.manifest.name, rule.example);
        Err(TargetProblem::new(format!("目标「{shown}」不合要求"), help))
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let refused = |problem: TargetProblem| {
            Fault::new(FaultScope::Account, FaultKind::Refused, problem.what).retry(Retry::Operator)
        };
        self.admit(target).map_err(refused)?;
        let mut pieces = self.pieces(target).expect("an admitted target has pieces");
        let mut memory = Memory::of(cx.memo, target);
        let asker = Asker::new(&self.manifest, self.base.as_ref(), cx)?;
        let kept = memory.take_kept(&self.reading).filter(|_| !cx.fresh && self.may_be_kept());
        let remembered = asker.lookups(&mut pieces, &mut memory).await?;
        let mut gathered = match self.list(&asker, &pieces, kept.as_ref()).await {
            Err(fault) if remembered && may_be_stale(&fault) => {
                memory.forget();
                asker.lookups(&mut pieces, &mut memory).await?;
                self.list(&asker, &pieces, None).await?
            }
            other => other?,
        };
        if let (Some(until), Some(kept)) = (gathered.unchanged, kept) {
            let mut seen = self.unchanged(&kept, until);
            memory.keep_page(kept);
            seen.hint.memo = memory.written();
            return Ok(seen);
        }
        asker.details(&mut gathered, &pieces, &mut memory).await;
        let to_keep = gathered.kept(&self.reading).filter(|_| self.may_be_kept());
        let mut seen = self.settle(gathered, cx)?;
        if let Some(kept) = to_keep.filter(|_| seen.faults.is_empty()) {
            memory.keep_page(kept);
        }
        seen.hint.memo = memory.written();
        Ok(seen)
    }

    async fn probe(&self, cx: &PollContext<'_>) -> Result<(), Fault> {
        Asker::new(&self.manifest, self.base.as_ref(), cx).map(|_| ())
    }

    fn credential(&self, _target: &Target) -> Option<String> {
        let needs = !self.manifest.request.secrets.is_empty();
        needs.then(|| self.manifest.name.clone())
    }
}

/// Could a remembered piece that no longer holds be what is wrong?
fn may_be_stale(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Malformed | FaultKind::Unavailable | FaultKind::Gone)
        && fault.retry == Retry::Backoff
}

#[cfg(test)]
mod tests;
