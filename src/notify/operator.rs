//! What are the operators told? Refused addresses, a held storm, accounts that nobody can be written to about, lasting
//! faults, the digest and the self-check.

use freshd_core::reminder::Reason;
use freshd_core::{Timestamp, civil};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::clean::clean_line;
use super::letter::{Brief, Composed, SUBJECT_MARK, TemplateError, hash_of, message_id};
use super::templates::Templates;
use crate::store::Attachment;

mod tell;

/// Lines that a letter to the operators lists; the rest is counted.
pub const LINES_MAX: usize = 200;

/// One matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matter {
    /// A few words, for the subject.
    pub title: String,
    /// What happened and what to do.
    pub words: String,
    /// One line each.
    pub lines: Vec<String>,
    /// Text that keeps its own lines, such as a table; may be empty.
    pub block: String,
    /// What makes it this matter and no other: the same key gives the same letter.
    pub key: String,
}

impl Matter {
    /// A matter whose lines are cleaned and at most [`LINES_MAX`].
    pub fn new(title: String, words: &str, lines: Vec<String>, key: String) -> Self {
        let mut lines: Vec<String> = lines.iter().map(|line| clean_line(line)).collect();
        let more = lines.len().saturating_sub(LINES_MAX);
        lines.truncate(LINES_MAX);
        if more > 0 {
            lines.push(format!("……另有 {more} 项"));
        }
        Self { title, words: words.to_owned(), lines, block: String::new(), key }
    }

    /// The matter with a text that keeps its own lines.
    #[must_use]
    pub fn with_block(mut self, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(clean_line).collect();
        self.block = lines.join("\n");
        self
    }
}

/// What a letter to the operators is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorLetter {
    /// `operator` or `precheck`.
    pub reason: Reason,
    /// Its subject behind the mark; without one the matters' titles.
    pub subject: Option<String>,
    /// What it says; their keys make its identity.
    pub matters: Vec<Matter>,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
}

/// One letter to one operator.
pub(super) fn compose(
    to: &str,
    letter: &OperatorLetter,
    (sender, office): (&str, &str),
    templates: &Templates,
    now: Timestamp,
) -> Result<Composed, TemplateError> {
    let matters = &letter.matters;
    let titles: Vec<&str> = matters.iter().map(|matter| matter.title.as_str()).collect();
    let subject = match &letter.subject {
        Some(subject) => format!("{SUBJECT_MARK}{}", clean_line(subject)),
        None => format!("{SUBJECT_MARK}运行情况:{}", titles.join("、")),
    };
    let values = context! {
        subject => subject.as_str(),
        matters => Value::from(Serde(matters)),
        office => clean_line(office),
        at => civil::minute_text(now),
    };
    let keys = matters.iter().map(|matter| matter.key.as_str());
    let id = hash_of(["operator", to].into_iter().chain(keys));
    Ok(Composed {
        tells: Vec::new(),
        decided: Vec::new(),
        message_id: message_id(&id, sender),
        id: id[..16].to_owned(),
        subject,
        text: templates.render("operator.txt", &values)?,
        html: templates.render("operator.html", &values)?,
        reasons: vec![letter.reason],
        accounts: Vec::new(),
        late_after: None,
        briefs: matters.iter().map(brief).collect(),
        attachments: letter.attachments.clone(),
    })
}

/// Its title and words; lines may hold addresses, which are not for a group.
fn brief(matter: &Matter) -> Brief {
    Brief { account: None, text: format!("{}:{}", matter.title, matter.words) }
}

#[cfg(test)]
mod tests;
