//! Who waits for which answer? The conversation with one running child, shared by all polls that are under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use freshd_core::fault::Fault;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use super::child::{Child, Death};
use super::tell::{fault_of, hide, hide_all};
use crate::wire::{Hello, Line, VERSION, WireObservation};

/// Questions whose asker went away; a later answer to one of them is no surprise.
const GIVEN_UP_MAX: usize = 1024;

/// One child and those who wait for it.
pub(super) struct Talk {
    name: String,
    child: tokio::sync::Mutex<Child>,
    held: Mutex<Held>,
    /// A question was added: whoever moves the pipes takes it up.
    asked: Notify,
}

#[derive(Default)]
struct Held {
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<WireObservation>>,
    given_up: BTreeSet<u64>,
    outgoing: Vec<String>,
    /// Every secret that this child was told: hidden in whatever it says.
    secrets: BTreeSet<String>,
    over: Option<Fault>,
}

/// A question on its way; dropping it leaves no trace but a number.
struct Asked<'a> {
    talk: &'a Talk,
    id: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut held = self.talk.held();
        if held.waiting.remove(&self.id).is_some() {
            held.given_up.insert(self.id);
            if held.given_up.len() > GIVEN_UP_MAX {
                held.given_up.pop_first();
            }
        }
    }
}

impl Talk {
    /// Says hello to a child and hears its hello. The caller sets the time limit.
    pub(super) async fn open(
        name: &str,
        mut child: Child,
        daemon: &str,
    ) -> Result<(Self, Hello), Fault> {
        child.say(Line::hello(daemon).write().as_bytes());
        let none = BTreeSet::new();
        let said = loop {
            match child.step(&none).await {
                Ok(None) => {}
                Ok(Some(line)) => break line,
                Err(death) => return Err(fault_of(name, &death, &child.last_said)),
            }
        };
        let hello = hello_of(&said).map_err(|death| fault_of(name, &death, ""))?;
        let talk = Self {
            name: name.to_owned(),
            child: tokio::sync::Mutex::new(child),
            held: Mutex::default(),
            asked: Notify::new(),
        };
        Ok((talk, hello))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is over, if it is; looks whether the child has ended by itself.
    pub(super) fn is_over(&self) -> Option<Fault> {
        let over = self.held().over.clone();
        if over.is_some() {
            return over;
        }
        // Held by somebody = somebody is listening, and will hear it end.
        let death = self.child.try_lock().ok()?.ended()?;
        Some(self.end(&death, ""))
    }

    /// Asks, and waits for the answer. `poll` makes the line of the number that the question gets.
    pub(super) async fn ask(
        &self,
        secrets: impl IntoIterator<Item = String>,
        poll: impl FnOnce(u64) -> String,
    ) -> Result<WireObservation, Fault> {
        let (send, mut answer) = oneshot::channel();
        let asked = {
            let mut held = self.held();
            if let Some(fault) = &held.over {
                return Err(fault.clone());
            }
            held.secrets.extend(secrets);
            held.next += 1;
            let id = held.next;
            held.waiting.insert(id, send);
            held.outgoing.push(poll(id));
            Asked { talk: self, id }
        };
        self.asked.notify_one();
        let told = loop {
            tokio::select! {
                biased;
                told = &mut answer => break told,
                () = self.listen() => {}
            }
        };
        drop(asked);
        told.map_err(|_| {
            let over = self.held().over.clone();
            over.unwrap_or_else(|| fault_of(&self.name, &Death::Exited(None), ""))
        })
    }

    /// Moves the pipes once, for everybody who waits.
    async fn listen(&self) {
        let mut child = self.child.lock().await;
        let secrets = {
            let mut held = self.held();
            if held.over.is_some() {
                return;
            }
            for line in held.outgoing.drain(..) {
                child.say(line.as_bytes());
            }
            held.secrets.clone()
        };
        let step = tokio::select! {
            step = child.step(&secrets) => step,
            () = self.asked.notified() => return,
        };
        let took = match step {
            Ok(None) => return,
            Ok(Some(line)) => self.take(&line, &secrets),
            Err(death) => Err(death),
        };
        match took {
            Ok(()) => child.answered(),
            Err(death) => {
                let last_said = child.last_said.clone();
                child.kill();
                self.end(&death, &last_said);
            }
        }
    }

    /// Gives an answer to whoever asked.
    fn take(&self, said: &str, secrets: &BTreeSet<String>) -> Result<(), Death> {
        let line = line_of(said, secrets)?;
        let (Some(id), Some(observation)) = (line.id, line.observation) else {
            let what = "a line without \"id\" and \"observation\"".to_owned();
            return Err(Death::BadLine(what));
        };
        let mut held = self.held();
        match held.waiting.remove(&id) {
            // Nobody there any more is no fault of the child's.
            Some(waiting) => drop(waiting.send(observation)),
            None if held.given_up.remove(&id) => {}
            None => return Err(Death::BadLine(format!("an answer to {id}, which nobody asked"))),
        }
        Ok(())
    }

    /// Is a question on its way, taken up by whoever moves the pipes?
    #[cfg(test)]
    pub(super) fn has_sent(&self) -> bool {
        let held = self.held();
        held.next > 0 && held.outgoing.is_empty()
    }

    /// It is over: everybody who waits is told.
    fn end(&self, death: &Death, last_said: &str) -> Fault {
        let fault = fault_of(&self.name, death, last_said);
        let mut held = self.held();
        held.waiting.clear();
        held.over.get_or_insert(fault).clone()
    }

    /// The child kept silent for too long: it is ended.
    pub(super) async fn give_up(&self, death: Death) -> Fault {
        let fault = self.end(&death, "");
        // Those who waited have let go of it, or do so at their next step.
        self.asked.notify_waiters();
        self.child.lock().await.kill();
        fault
    }
}

/// Reads a line with every secret in it hidden, and in what is said of it, too.
fn line_of(said: &str, secrets: &BTreeSet<String>) -> Result<Line, Death> {
    if secrets.is_empty() {
        return Line::parse(said).map_err(|error| Death::BadLine(error.to_string()));
    }
    let bad = |error: serde_json::Error| Death::BadLine(hide(&error.to_string(), secrets));
    let mut value: Value = serde_json::from_str(said).map_err(bad)?;
    if !value.is_object() {
        return Err(Death::BadLine("a line is one JSON object".to_owned()));
    }
    hide_all(&mut value, secrets);
    serde_json::from_value(value).map_err(bad)
}

fn hello_of(said: &str) -> Result<Hello, Death> {
    let line = Line::parse(said).map_err(|error| Death::BadLine(error.to_string()))?;
    let stranger = |what: String| Err(Death::Stranger(what));
    match (line.v, line.hello) {
        (Some(VERSION), Some(hello)) => Ok(hello),
        (Some(VERSION), None) => stranger("第一行不是 hello".to_owned()),
        (Some(other), _) => stranger(format!("说的是第 {other} 版,本程序说第 {VERSION} 版")),
        (None, _) => stranger(format!("第一行没有版本 \"v\":{VERSION}")),
    }
}
