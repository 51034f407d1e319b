//! How does a letter to the operators come into the outbox? Within the commit of whatever it tells.

use freshd_core::Timestamp;

use super::{OperatorLetter, compose};
use crate::config::MailMode;
use crate::notify::report::WrittenLetter;
use crate::notify::tick::{Notifier, NotifyError};
use crate::notify::write::Hold;
use crate::store::{Change, LetterState};

impl Notifier {
    /// Adds one letter to each operator to a change; the very same letter is not added twice. With `mode = "hold"`
    /// nothing leaves, these letters neither. Without operators it is logged and nothing is added.
    pub fn tell(
        &self,
        change: &mut Change,
        letter: &OperatorLetter,
        now: Timestamp,
    ) -> Result<Vec<WrittenLetter>, NotifyError> {
        let operators = self.settings.operators();
        if operators.is_empty() {
            for matter in &letter.matters {
                tracing::warn!(matter = %matter.title, "no operator address is configured");
            }
        }
        let hold = match self.settings.mail.mode {
            MailMode::Hold => Hold::Mode,
            MailMode::Pilot | MailMode::Send => Hold::No,
        };
        let sender = self.settings.sender();
        let from = (sender.as_str(), self.settings.mail.office.as_str());
        let mut written = Vec::new();
        for to in &operators {
            let composed = compose(to, letter, from, &self.settings.templates, now)?;
            written.extend(self.keep(change, to, composed, hold, now)?);
        }
        Ok(written)
    }

    /// Withdraws those of these letters that are held still: a newer one says more.
    pub fn withdraw_held(&self, change: &mut Change, ids: &[String]) -> Result<(), NotifyError> {
        for id in ids {
            let held = change.letter(id)?.filter(|letter| letter.state == LetterState::Held);
            if let Some(mut letter) = held {
                letter.state = LetterState::Cancelled;
                letter.last_reply = Some("已有更新的信,未发送".to_owned());
                change.put_letter(&letter);
            }
        }
        Ok(())
    }
}
