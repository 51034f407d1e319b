//! How does the mail server misbehave, to whom, and how often?

use std::collections::HashMap;
use std::sync::Mutex;

/// What the server does to a recipient, or to everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailBehaviour {
    /// Takes the mail.
    #[default]
    Accept,
    /// 421 and closes: in the greeting if set for everybody, else to RCPT.
    Unavailable,
    /// 450 to RCPT (mailbox busy, grey-listed).
    TryLater,
    /// 451 to RCPT (local error).
    LocalError,
    /// 550 to RCPT (no such mailbox).
    Refuse,
    /// 552 after the content.
    TooBig,
    /// Takes the content and closes without a reply.
    DropAfterData,
    /// Closes before the greeting; only for everybody.
    DropBeforeGreeting,
    /// Says nothing more and waits: before the greeting if set for everybody, else to RCPT.
    Stall,
}

/// A moment of the conversation at which something may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Greeting,
    Recipient,
    Content,
}

impl MailBehaviour {
    fn strikes(self, moment: Moment, everybody: bool) -> bool {
        match moment {
            Moment::Greeting => {
                everybody
                    && matches!(self, Self::Unavailable | Self::DropBeforeGreeting | Self::Stall)
            }
            Moment::Recipient => {
                matches!(self, Self::TryLater | Self::LocalError | Self::Refuse)
                    || (!everybody && matches!(self, Self::Unavailable | Self::Stall))
            }
            Moment::Content => matches!(self, Self::TooBig | Self::DropAfterData),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    behaviour: MailBehaviour,
    left: Option<u32>,
}

/// The rules in force; a recipient's own rule goes before the one for everybody.
#[derive(Debug, Default)]
pub(crate) struct Rules(Mutex<HashMap<Option<String>, Rule>>);

impl Rules {
    pub(super) fn set(
        &self,
        recipient: Option<&str>,
        behaviour: MailBehaviour,
        times: Option<u32>,
    ) {
        let rule = Rule { behaviour, left: times };
        let mut rules = self.0.lock().expect("mail rules are never poisoned");
        rules.insert(recipient.map(str::to_lowercase), rule);
    }

    /// What goes wrong now, counted; `Accept` if nothing.
    pub(super) fn strike(&self, recipient: Option<&str>, moment: Moment) -> MailBehaviour {
        let mut rules = self.0.lock().expect("mail rules are never poisoned");
        let own = recipient.map(str::to_lowercase);
        let key = if own.is_some() && rules.contains_key(&own) { own } else { None };
        let everybody = key.is_none();
        let Some(rule) = rules.get_mut(&key) else { return MailBehaviour::Accept };
        if rule.left == Some(0) || !rule.behaviour.strikes(moment, everybody) {
            return MailBehaviour::Accept;
        }
        rule.left = rule.left.map(|left| left - 1);
        rule.behaviour
    }
}
