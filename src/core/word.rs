//! What did a person say who looked at an account by hand? 人工核查: who, when, what; beside what it proves.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::history::EvidenceRef;
use crate::state::PERSON_PREFIX;

/// Words kept of one account, the newest.
pub const WORDS_MAX: usize = 12;
/// A person's word of a menu is shown for so long, days.
pub const MENU_WORD_DAYS: i64 = 30;
/// Words that an account cannot be found are shown for so long, days.
pub const NOT_FOUND_DAYS: i64 = 30;

/// What a person found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// 有更新.
    Updated,
    /// 未见更新.
    NothingSince,
    /// 搜不到账号: an empty answer, which never proves that the account is gone.
    NotFound,
    /// 菜单异常.
    MenuWrong,
    /// 互动可用: somebody answers, or a form takes what is written.
    InteractionWorks,
    /// 互动不可用.
    InteractionBroken,
}

impl Finding {
    /// The four, as they are offered on lists of what to look at.
    pub const ALL: [Self; 4] = [Self::Updated, Self::NothingSince, Self::NotFound, Self::MenuWrong];
    /// What is said of the interaction 互动功能, on its own.
    pub const INTERACTION: [Self; 2] = [Self::InteractionWorks, Self::InteractionBroken];

    /// The key in JSON and forms.
    pub fn key(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::NothingSince => "nothing_since",
            Self::NotFound => "not_found",
            Self::MenuWrong => "menu_wrong",
            Self::InteractionWorks => "interaction_works",
            Self::InteractionBroken => "interaction_broken",
        }
    }

    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Updated => "有更新",
            Self::NothingSince => "未见更新",
            Self::NotFound => "搜不到账号",
            Self::MenuWrong => "菜单异常",
            Self::InteractionWorks => "互动可用",
            Self::InteractionBroken => "互动不可用",
        }
    }

    /// Reads the word for people or the key.
    pub fn read(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain(Self::INTERACTION);
        all.find(|it| it.chinese() == text || it.key() == text)
    }

    /// Is it said of the interaction?
    pub fn is_of_interaction(self) -> bool {
        Self::INTERACTION.contains(&self)
    }
}

/// One look of one person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Word {
    /// When the person looked.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was found.
    pub found: Finding,
    /// What was said of it: the link or the time of the post, since when there is none, the person's note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The hash of the evidence (the note, with the picture if there is one); empty = none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// Is there a picture (or another file that shows it) behind it? Told of the interaction only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filed: bool,
    /// Through which login it came, and whether the person's name was said there; told of the interaction only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<(u32, bool)>,
}

impl Word {
    /// May the two be one person's: one name, or one login that did not name both?
    pub fn may_be_same(&self, other: &Self) -> bool {
        let login = self.via.zip(other.via);
        same_person(&self.by, &other.by)
            || login.is_some_and(|((one, a), (two, b))| one == two && !(a && b))
    }

    /// The bytes behind it, as a ruling names them.
    pub fn backing(&self) -> Option<EvidenceRef> {
        let url = format!("{PERSON_PREFIX}{}", self.by);
        let held = || EvidenceRef { at: self.at, id: self.evidence.clone(), url };
        (!self.evidence.is_empty()).then(held)
    }
}

/// The newest words on one account, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(Vec<Word>);

impl Words {
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a word; of more than [`WORDS_MAX`] the oldest goes of what was found most often, so that routine looks push out
    /// no proof. Was it new, and is it kept?
    pub fn add(&mut self, word: Word) -> bool {
        let Err(place) = self.0.binary_search(&word) else { return false };
        self.0.insert(place, word.clone());
        if self.0.len() > WORDS_MAX {
            let often = |what: Finding| self.0.iter().filter(|held| held.found == what).count();
            // Of kinds that are as frequent, the one that comes first in the order of kinds.
            let most = self.0.iter().map(|held| held.found);
            let most = most.max_by_key(|what| (often(*what), std::cmp::Reverse(*what)));
            let oldest = self.0.iter().position(|held| Some(held.found) == most);
            self.0.remove(oldest.expect("a kind that was counted is there"));
        }
        self.holds(&word)
    }

    /// Is this very word kept already?
    pub fn holds(&self, word: &Word) -> bool {
        self.0.binary_search(word).is_ok()
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Word> {
        self.0.iter()
    }

    /// Those made by `now` and after `since` that found this, oldest first.
    pub fn found(
        &self,
        what: Finding,
        since: Timestamp,
        now: Timestamp,
    ) -> impl DoubleEndedIterator<Item = &Word> {
        self.0.iter().filter(move |word| word.found == what && word.at > since && word.at <= now)
    }

    /// Who could not find the account of late, since anybody last saw it: one word a person, the newest.
    pub fn not_found(&self, now: Timestamp) -> Vec<&Word> {
        let seen = |word: &&Word| word.found != Finding::NotFound && word.at <= now;
        let last_seen = self.0.iter().rfind(seen).map(|word| word.at);
        let since = now - TimeDelta::days(NOT_FOUND_DAYS);
        let since = last_seen.map_or(since, |at| at.max(since));
        let mut words: Vec<&Word> = Vec::new();
        for word in self.found(Finding::NotFound, since, now) {
            words.retain(|held| !same_person(&held.by, &word.by));
            words.push(word);
        }
        words
    }

    /// The newest word that the menu is wrong, while it is shown.
    pub fn menu_wrong(&self, now: Timestamp) -> Option<&Word> {
        self.found(Finding::MenuWrong, now - TimeDelta::days(MENU_WORD_DAYS), now).next_back()
    }

    /// Forgets what was noted as of later than that; was there anything?
    pub fn forget_after(&mut self, latest: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word.at <= latest);
        before != self.0.len()
    }
}

/// Are these names one person's, space and case aside?
pub fn same_person(one: &str, other: &str) -> bool {
    let folded = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
    };
    folded(one) == folded(other)
}

#[cfg(test)]
mod tests;
