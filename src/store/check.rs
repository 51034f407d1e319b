//! Is every record readable, and do the indexes say what the records say? Reads all of it, and mends what is derived.
//!
//! The walk is of one instant and looks up the other side of each entry in the store as it is now; what does not fit is
//! looked at again in the writer's turn, and only what does not fit then is a problem. So nothing is held up, and a
//! change made meanwhile is never taken for damage. Mending happens in that same turn.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_core::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;

use self::examine::{Examiner, Found, Mend};
use super::codec::{self, Parted, part_key};
use super::engine::Batch;
use super::error::StoreError;
use super::outbox::LetterState;
use super::tally::{self, Count};
use super::{Store, directory, keys};

mod examine;
#[cfg(test)]
mod tests;

/// Problems that are told one by one; further ones are only counted.
pub const TOLD_MAX: usize = 1000;
/// Mending one thing may show another, such as the texts of a letter that was set aside.
const PASSES_MAX: usize = 4;

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of record, an English key as in a backup's manifest.
    pub kind: &'static str,
    /// Its key, printable.
    pub key: String,
    /// What is wrong, Chinese.
    pub what: String,
    /// What was done about it, Chinese.
    pub mended: Option<String>,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many records there are of each kind.
    pub records: BTreeMap<&'static str, u64>,
    /// The first [`TOLD_MAX`] problems.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub found: u64,
    /// How many of them are mended.
    pub mended: u64,
    /// Where damaged records are now.
    pub set_aside: Option<PathBuf>,
}

impl Checked {
    /// Is nothing wrong (any more)?
    pub fn is_whole(&self) -> bool {
        self.found == self.mended
    }

    fn note(&mut self, problem: Problem) {
        self.found += 1;
        self.mended += u64::from(problem.mended.is_some());
        if self.problems.len() < TOLD_MAX {
            self.problems.push(problem);
        }
    }
}

/// How problems are mended.
#[derive(Clone, Copy, Debug)]
pub struct Repair<'a> {
    /// The store's directory, below which damaged records are set aside.
    pub dir: &'a Path,
    /// Now.
    pub now: Timestamp,
}

impl Store {
    /// Reads everything; states must be readable as `S`. With `repair` mends what it finds.
    pub fn check<S: DeserializeOwned>(
        &self,
        repair: Option<Repair<'_>>,
    ) -> Result<Checked, StoreError> {
        let state = |key: &[u8], record: &[u8]| codec::decode::<S>("state", key, record).map(drop);
        let examiner = Examiner { store: self, state: &state };
        let mut drawer = repair.map(Drawer::new);
        let mut checked = Checked::default();
        for pass in 0..PASSES_MAX {
            let mended = checked.mended;
            checked.records.clear();
            self.pass(&examiner, drawer.as_mut(), &mut checked, pass)?;
            if checked.mended == mended {
                break;
            }
        }
        checked.set_aside = drawer.and_then(|drawer| drawer.file.map(|(path, _)| path));
        if repair.is_some() {
            *self.0.letters.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.barrier_blocking()?;
        }
        Ok(checked)
    }

    fn pass(
        &self,
        examiner: &Examiner<'_>,
        mut drawer: Option<&mut Drawer<'_>>,
        checked: &mut Checked,
        pass: usize,
    ) -> Result<(), StoreError> {
        let mut snapshot = self.snapshot()?;
        let mut count = Count::default();
        while let Some(slice) = snapshot.slice()? {
            for (key, value) in slice {
                count.add(&key, &value);
                if examiner.examine(&key, &value)?.is_empty() {
                    continue;
                }
                for problem in self.again(examiner, &key, drawer.as_deref_mut())? {
                    // What cannot be mended is told once.
                    if pass == 0 || problem.mended.is_some() {
                        checked.note(problem);
                    }
                }
            }
        }
        for (kind, records) in count.records() {
            *checked.records.entry(keys::name(kind)).or_default() += records;
        }
        let stored = snapshot.tally.take();
        drop(snapshot);
        let differs = stored.map(|stored| count.against(&stored)).transpose()?.flatten();
        if let Some(differs) = differs {
            let mended = match drawer {
                Some(_) => {
                    let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
                    self.engine().recount()?;
                    Some("已按现有记录重新清点".to_owned())
                }
                None => None,
            };
            let (what, key) = (format!("与写入时的清点不符:{differs}"), printable(tally::KEY));
            checked.note(Problem { kind: "tally", key, what, mended });
        }
        Ok(())
    }

    /// Looks again while nobody writes, and mends.
    fn again(
        &self,
        examiner: &Examiner<'_>,
        key: &[u8],
        mut drawer: Option<&mut Drawer<'_>>,
    ) -> Result<Vec<Problem>, StoreError> {
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(value) = self.engine().get(key)? else { return Ok(Vec::new()) };
        let mut problems = Vec::new();
        for found in examiner.examine(key, &value)? {
            let mended = match drawer.as_deref_mut() {
                Some(drawer) => self.mend(key, &value, &found, drawer)?,
                None => None,
            };
            let kind = keys::name(key.first().copied().unwrap_or_default());
            problems.push(Problem { kind, key: printable(key), what: found.what, mended });
        }
        Ok(problems)
    }

    /// What was done. The writer's turn is the caller's.
    fn mend(
        &self,
        key: &[u8],
        value: &[u8],
        found: &Found,
        drawer: &mut Drawer<'_>,
    ) -> Result<Option<String>, StoreError> {
        let mut batch = Batch::default();
        let done = match &found.mend {
            Mend::Nothing => return Ok(None),
            Mend::Drop => {
                batch.delete(key);
                "已删去这个索引项"
            }
            Mend::Put(missing) => {
                batch.put(missing.clone(), []);
                "已补上索引项"
            }
            Mend::Cancel(letter) => {
                let mut letter = (**letter).clone();
                letter.state = LetterState::Cancelled;
                letter.last_reply = Some("正文已损坏,未发送".to_owned());
                let mut change = self.change();
                change.put_letter(&letter);
                batch = change.expand()?.0;
                "已撤回,不再发送"
            }
            Mend::SetAside | Mend::SetAsideAndPoll(_) => {
                drawer.keep(self, key, value, &found.what)?;
                codec::write(&mut batch, key, Some(value), None)?;
                "已移到 quarantine/"
            }
        };
        self.commit_in_turn(batch)?;
        if let Mend::SetAsideAndPoll(id) = &found.mend {
            let mut change = self.change();
            change.set_poll_due(id, Some(drawer.repair.now));
            self.commit_in_turn(change.expand()?.0)?;
            return Ok(Some(format!("{done},账号即将重新采集")));
        }
        Ok(Some(done.to_owned()))
    }
}

/// A key as people see it.
fn printable(key: &[u8]) -> String {
    let kind = keys::name(key.first().copied().unwrap_or_default());
    match keys::Reader::behind_kind(key).text() {
        Some(text) if !text.is_empty() && !text.contains(char::is_control) => text,
        _ => format!("{kind}:{}", key.escape_ascii()),
    }
}

/// Where damaged records go: one JSON document a line, in a file that is made for the first of them.
struct Drawer<'a> {
    repair: Repair<'a>,
    file: Option<(PathBuf, File)>,
}

impl<'a> Drawer<'a> {
    fn new(repair: Repair<'a>) -> Self {
        Self { repair, file: None }
    }

    /// Keeps a record as it is, durably.
    fn keep(
        &mut self,
        store: &Store,
        key: &[u8],
        value: &[u8],
        what: &str,
    ) -> Result<(), StoreError> {
        let mut parts = Vec::new();
        for number in 0..Parted::read(value).map_or(0, |parted| parted.parts) {
            let part = store.engine().get(&part_key(key, number))?;
            parts.push(part.map(|part| STANDARD.encode(part)));
        }
        let line = json!({
            "kind": keys::name(key.first().copied().unwrap_or_default()),
            "problem": what,
            "key": STANDARD.encode(key),
            "value": STANDARD.encode(value),
            "parts": parts,
        });
        let file = self.open()?;
        writeln!(file, "{line}")?;
        Ok(file.sync_all()?)
    }

    fn open(&mut self) -> Result<&mut File, StoreError> {
        if self.file.is_none() {
            let quarantine = self.repair.dir.join(directory::QUARANTINE);
            directory::create(&quarantine)?;
            let name = format!("check-{}.jsonl", self.repair.now.format("%Y%m%dT%H%M%SZ"));
            let path = quarantine.join(name);
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
            File::open(&quarantine)?.sync_all()?;
            self.file = Some((path, file));
        }
        Ok(&mut self.file.as_mut().expect("it was just opened").1)
    }
}
