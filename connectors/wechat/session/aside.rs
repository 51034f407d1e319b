//! How is something asked that only adds to a look? Whatever comes of it, the rest of the look stands as it is.

use serde_json::Value;

use super::super::interface::Interface;
use super::{Asked, Session};

impl Session<'_> {
    /// Asks an interface whose refusal means nothing for the account: no fault, no doubt and no end of the look comes of
    /// it. A limit that the platform named is remembered all the same.
    pub(crate) async fn aside(
        &mut self,
        interface: Interface,
        body: Option<&Value>,
    ) -> Option<Value> {
        let faults = self.seen.faults.len();
        let pieces = self.seen.evidence.len();
        let told = self.seen.carried_by.clone();
        let held = (self.called, self.frozen, self.doubted, self.halted);
        let asked = self.ask(interface, body).await;
        self.seen.faults.truncate(faults);
        (self.called, self.frozen, self.doubted, self.halted) = held;
        match asked {
            Asked::Body(answer) => Some(answer),
            Asked::NotReady | Asked::Nothing => {
                self.seen.evidence.truncate(pieces);
                self.seen.carried_by = told;
                None
            }
        }
    }
}
