//! Does this one record fit? What it holds, and what the other side of it says.

use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::owner::OwnerWord;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::store::Store;
use crate::store::accounts::alias_keys;
use crate::store::audit::Audit;
use crate::store::codec::{self, Parted};
use crate::store::engine::Engine;
use crate::store::error::StoreError;
use crate::store::evidence::{self, EvidenceId, Head};
use crate::store::inbox::{DeadAddress, Received, received_key};
use crate::store::journal;
use crate::store::keys::{Reader, kind, of_account, timed};
use crate::store::links::{self, StoredLink};
use crate::store::outbox::{self, Letter, LetterBody, read_index};
use crate::store::states::{read_due, read_timed, read_turn};

/// What an index says of a record that is not so.
const NO_RECORD: &str = "索引项没有对应的记录";

/// A problem and its cure.
pub(super) struct Found {
    /// What is wrong, Chinese.
    pub(super) what: String,
    pub(super) mend: Mend,
}

/// What would mend it.
pub(super) enum Mend {
    /// A newer program may know.
    Nothing,
    /// This entry of an index goes.
    Drop,
    /// This entry of an index is missing.
    Put(Vec<u8>),
    /// The record goes to quarantine.
    SetAside,
    /// The same, and the account is polled at once.
    SetAsideAndPoll(AccountId),
    /// The letter cannot be sent.
    Cancel(Box<Letter>),
}

/// Reads the state of this key from this record.
pub(super) type ReadState = dyn Fn(&[u8], &[u8]) -> Result<(), StoreError>;

/// Looks at records, one by one.
pub(super) struct Examiner<'a> {
    pub(super) store: &'a Store,
    /// Reads a state, whose form the store does not know.
    pub(super) state: &'a ReadState,
}

type Problems = Vec<Found>;

fn note(found: &mut Problems, what: impl Into<String>, mend: Mend) {
    found.push(Found { what: what.into(), mend });
}

/// A record that cannot be understood is a problem, anything else an error.
fn damaged<T>(
    found: &mut Problems,
    read: Result<T, StoreError>,
    mend: Mend,
) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Damaged { detail, .. }) => {
            note(found, format!("读不懂:{detail}"), mend);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Examiner<'_> {
    /// Everything that is wrong with the record of this key.
    pub(super) fn examine(&self, key: &[u8], value: &[u8]) -> Result<Problems, StoreError> {
        let mut found = Problems::new();
        let f = &mut found;
        match key.first().copied().unwrap_or_default() {
            kind::META | kind::IMPORT => drop(self.record::<Value>(f, key, value)?),
            kind::JOURNAL => {
                if self.record::<Value>(f, key, value)?.is_some() {
                    damaged(f, journal::time_of(key), Mend::SetAside)?;
                }
            }
            kind::AUDIT => drop(self.record::<Audit>(f, key, value)?),
            kind::OWNER => drop(self.record::<OwnerWord>(f, key, value)?),
            kind::DEAD_ADDRESS => drop(self.record::<DeadAddress>(f, key, value)?),
            kind::LINK => self.link(f, key, value)?,
            kind::ACCOUNT => self.account(f, key, value)?,
            kind::ALIAS => self.alias(f, key)?,
            kind::STATE => self.state(f, key, value)?,
            kind::DUE => self.due(f, key, value)?,
            kind::LINKS_TURN => self.turn(f, key, value)?,
            kind::POLL_DUE | kind::NOTIFY_DUE | kind::LINKS_DUE => self.due_entry(f, key)?,
            kind::EVIDENCE => self.evidence(f, key, value)?,
            kind::EVIDENCE_BYTES => self.evidence_bytes(f, key)?,
            kind::EVIDENCE_TIME => self.evidence_time(f, key)?,
            kind::LETTER => self.letter(f, key, value)?,
            kind::LETTER_BODY => self.letter_body(f, key, value)?,
            kind::LETTER_QUEUE | kind::LETTER_TIME => self.letter_entry(f, key)?,
            kind::RECEIVED => self.received(f, key, value)?,
            kind::RECEIVED_TIME => self.received_entry(f, key)?,
            kind::PART => self.part(f, key)?,
            _ => note(f, "不认识的种类,可能由更新版本的程序写入", Mend::Nothing),
        }
        Ok(found)
    }

    fn engine(&self) -> &dyn Engine {
        self.store.engine()
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.engine().get(key)?.is_some())
    }

    /// The record, whole and decoded; what is wrong with it is noted.
    fn record<T: DeserializeOwned>(
        &self,
        found: &mut Problems,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let whole = damaged(found, codec::whole(self.engine(), key, value), Mend::SetAside)?;
        let Some(record) = whole.flatten() else { return Ok(None) };
        damaged(found, codec::decode("record", key, &record), Mend::SetAside)
    }

    /// The other side of an entry, if it is there and readable; when it is not, that is told with its own key.
    fn other<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        match codec::read(self.engine(), "record", key) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            read => read,
        }
    }

    fn needs(&self, found: &mut Problems, entry: Vec<u8>, what: &str) -> Result<(), StoreError> {
        if !self.has(&entry)? {
            note(found, format!("{what}里没有这一条"), Mend::Put(entry));
        }
        Ok(())
    }

    fn link(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if let Some(link) = self.record::<StoredLink>(found, key, value)?
            && links::key(&link.url) != key
        {
            note(found, "内容与键不符", Mend::SetAside);
        }
        Ok(())
    }

    fn account(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Some(account) = self.record::<Account>(found, key, value)? else { return Ok(()) };
        if of_account(kind::ACCOUNT, &account.id) != key {
            note(found, "内容与键不符", Mend::SetAside);
            return Ok(());
        }
        alias_keys(&account)
            .into_iter()
            .try_for_each(|alias| self.needs(found, alias, "别名的索引"))
    }

    fn alias(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let mut reader = Reader::behind_kind(key);
        let (_, id) = (reader.text(), reader.text());
        let account = match id {
            Some(id) => self.other::<Account>(&of_account(kind::ACCOUNT, &AccountId::new(id)))?,
            None => None,
        };
        if !account.is_some_and(|account| alias_keys(&account).contains(key)) {
            note(found, NO_RECORD, Mend::Drop);
        }
        Ok(())
    }

    fn state(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let set_aside = || poll_of(key);
        let whole = damaged(found, codec::whole(self.engine(), key, value), set_aside())?;
        if let Some(record) = whole.flatten() {
            damaged(found, (self.state)(key, &record), set_aside())?;
        }
        Ok(())
    }

    fn due(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Some(due) = damaged(found, read_due(key, Some(value)), poll_of(key))? else {
            return Ok(());
        };
        let id = Reader::behind_kind(key).text().unwrap_or_default();
        for (kind, at) in [(kind::POLL_DUE, due.poll), (kind::NOTIFY_DUE, due.notify)] {
            if let Some(at) = at {
                self.needs(found, timed(kind, at, &id), "到期时间的索引")?;
            }
        }
        Ok(())
    }

    fn turn(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let at = damaged(found, read_turn(key, Some(value)), Mend::SetAside)?.flatten();
        let id = Reader::behind_kind(key).text().unwrap_or_default();
        at.map_or(Ok(()), |at| self.needs(found, timed(kind::LINKS_DUE, at, &id), "到期时间的索引"))
    }

    /// Without the record an entry would be claimed for ever.
    fn due_entry(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let Some((at, id)) = damaged(found, read_timed(key), Mend::Drop)? else { return Ok(()) };
        let (due, turn) = (of_account(kind::DUE, &id), of_account(kind::LINKS_TURN, &id));
        let held = match key[0] {
            kind::LINKS_DUE => read_turn(&turn, self.engine().get(&turn)?.as_deref()),
            entry => read_due(&due, self.engine().get(&due)?.as_deref())
                .map(|due| if entry == kind::POLL_DUE { due.poll } else { due.notify }),
        };
        if !matches!(held, Ok(Some(held)) if held == at) {
            note(found, NO_RECORD, Mend::Drop);
        }
        Ok(())
    }

    fn evidence(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Some(head) = damaged(found, Head::read(key, value), Mend::SetAside)? else {
            return Ok(());
        };
        let Some(id) = EvidenceId::of_key(Reader::behind_kind(key).rest()) else {
            note(found, "键不完整", Mend::SetAside);
            return Ok(());
        };
        if damaged(found, self.store.evidence(id), Mend::SetAside)?.is_some() {
            self.needs(found, evidence::time_key(id, head.at), "佐证的时间索引")?;
        }
        Ok(())
    }

    fn evidence_bytes(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let named = Reader::behind_kind(key).rest().split_last_chunk::<2>();
        let named = named
            .and_then(|(id, number)| Some((EvidenceId::of_key(id)?, u16::from_be_bytes(*number))));
        let mut belongs = false;
        if let Some((id, number)) = named {
            let head_key = evidence::head_key(id);
            let head = self.engine().get(&head_key)?;
            let head = head.and_then(|head| Head::read(&head_key, &head).ok());
            belongs = head.is_some_and(|head| number < head.chunks);
        }
        if !belongs {
            note(found, "不属于任何一份佐证", Mend::SetAside);
        }
        Ok(())
    }

    fn evidence_time(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let mut fits = false;
        if let Some((at, id)) = evidence::read_time_key(key) {
            let head_key = evidence::head_key(id);
            let head = self.engine().get(&head_key)?;
            fits = head.is_some_and(|head| Head::read(&head_key, &head).is_ok_and(|h| h.at == at));
        }
        if !fits {
            note(found, NO_RECORD, Mend::Drop);
        }
        Ok(())
    }

    fn letter(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Some(letter) = self.record::<Letter>(found, key, value)? else { return Ok(()) };
        if outbox::key(&letter.id) != key {
            note(found, "内容与键不符", Mend::SetAside);
            return Ok(());
        }
        let time = timed(kind::LETTER_TIME, letter.created_at, &letter.id);
        self.needs(found, time, "信件的时间索引")?;
        if !letter.state.is_final()
            && self.other::<LetterBody>(&outbox::body_key(&letter.id))?.is_none()
        {
            note(found, "待发的信没有正文", Mend::Cancel(Box::new(letter)));
        } else if let Some(due) = letter.due() {
            self.needs(found, timed(kind::LETTER_QUEUE, due, &letter.id), "发信队列")?;
        }
        Ok(())
    }

    fn letter_body(
        &self,
        found: &mut Problems,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        if self.record::<LetterBody>(found, key, value)?.is_none() {
            return Ok(());
        }
        let id = Reader::behind_kind(key).text().unwrap_or_default();
        if !self.has(&outbox::key(&id))? {
            note(found, "正文没有对应的信", Mend::SetAside);
        }
        Ok(())
    }

    fn letter_entry(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let Some((_, id)) = damaged(found, read_index(key), Mend::Drop)? else { return Ok(()) };
        let letter = self.other::<Letter>(&outbox::key(&id))?;
        let at = match key[0] {
            kind::LETTER_QUEUE => letter.and_then(|letter| letter.due()),
            _ => letter.map(|letter| letter.created_at),
        };
        if at.is_none_or(|at| timed(key[0], at, &id) != key) {
            note(found, NO_RECORD, Mend::Drop);
        }
        Ok(())
    }

    fn received(&self, found: &mut Problems, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Some(mail) = self.record::<Received>(found, key, value)? else { return Ok(()) };
        let entry = timed(kind::RECEIVED_TIME, mail.at, &mail.id);
        if !self.has(&entry)? {
            // These entries hold a record of nothing.
            note(found, "收信的时间索引里没有这一条", Mend::Put(entry));
        }
        Ok(())
    }

    fn received_entry(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let Some((_, id)) = damaged(found, read_index(key), Mend::Drop)? else { return Ok(()) };
        let mail = self.other::<Received>(&received_key(&id))?;
        if mail.is_none_or(|mail| timed(kind::RECEIVED_TIME, mail.at, &id) != key) {
            note(found, NO_RECORD, Mend::Drop);
        }
        Ok(())
    }

    fn part(&self, found: &mut Problems, key: &[u8]) -> Result<(), StoreError> {
        let named = Reader::behind_kind(key).rest().split_last_chunk::<2>();
        let mut belongs = false;
        if let Some((record, number)) = named {
            let head = self.engine().get(record)?.and_then(|value| Parted::read(&value));
            belongs = head.is_some_and(|head| u16::from_be_bytes(*number) < head.parts);
        }
        if !belongs {
            note(found, "不属于任何一条记录", Mend::SetAside);
        }
        Ok(())
    }
}

/// What is derived from looks comes back with the next one.
fn poll_of(key: &[u8]) -> Mend {
    match Reader::behind_kind(key).text() {
        Some(id) => Mend::SetAsideAndPoll(AccountId::new(id)),
        None => Mend::SetAside,
    }
}
