//! What are the operators told? Refused addresses, a held storm, accounts that nobody can be written to about.

use freshd_core::reminder::Reason;
use freshd_core::{Timestamp, civil};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::clean::clean_line;
use super::letter::{
    Composed, SUBJECT_MARK, TemplateError, hash_of, message_id, render_html, render_text,
};

const TEXT: &str = include_str!("templates/operator.txt");
const HTML: &str = include_str!("templates/operator.html");

/// Lines that a letter to the operators lists; the rest is counted.
pub const LINES_MAX: usize = 200;

/// One matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Matter {
    /// A few words, for the subject.
    pub(super) title: String,
    /// What happened and what to do.
    pub(super) words: String,
    /// One line each.
    pub(super) lines: Vec<String>,
    /// What makes it this matter and no other: the same key gives the same letter.
    pub(super) key: String,
}

impl Matter {
    pub(super) fn new(title: String, words: &str, lines: Vec<String>, key: String) -> Self {
        let mut lines: Vec<String> = lines.iter().map(|line| clean_line(line)).collect();
        let more = lines.len().saturating_sub(LINES_MAX);
        lines.truncate(LINES_MAX);
        if more > 0 {
            lines.push(format!("……另有 {more} 项"));
        }
        Self { title, words: words.to_owned(), lines, key }
    }
}

/// One letter to one operator about all matters of a run.
pub(super) fn compose(
    to: &str,
    matters: &[Matter],
    sender: &str,
    now: Timestamp,
) -> Result<Composed, TemplateError> {
    let titles: Vec<&str> = matters.iter().map(|matter| matter.title.as_str()).collect();
    let subject = format!("{SUBJECT_MARK}运行情况:{}", titles.join("、"));
    let values = context! {
        subject => subject.as_str(),
        matters => Value::from(Serde(matters)),
        at => civil::minute_text(now),
    };
    let keys = matters.iter().map(|matter| matter.key.as_str());
    let id = hash_of(["operator", to].into_iter().chain(keys));
    Ok(Composed {
        message_id: message_id(&id, sender),
        id: id[..16].to_owned(),
        subject,
        text: render_text(TEXT, values.clone())?,
        html: render_html(HTML, values)?,
        reasons: vec![Reason::Operator],
        accounts: Vec::new(),
        late_after: None,
    })
}
