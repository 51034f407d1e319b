//! Which interfaces are asked, who may ask them, and how often? The facts of one interface.

/// One interface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    /// Path from the base address.
    pub(crate) path: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// Permission sets of a third-party platform, any of which opens it; empty = not known.
    pub(crate) sets: &'static [i64],
    /// Calls that a new account has per day, where there are few (§ quotas of the documentation).
    pub(crate) per_day: Option<u32>,
    /// Is it no loss worth a word when the account lacks it?
    pub(crate) optional: bool,
}

impl Interface {
    /// One that is needed and has a large allowance.
    pub(crate) const fn new(path: &'static str, name: &'static str, sets: &'static [i64]) -> Self {
        Self { path, name, sets, per_day: None, optional: false }
    }

    /// The same with a small allowance.
    pub(crate) const fn per_day(mut self, calls: u32) -> Self {
        self.per_day = Some(calls);
        self
    }

    /// The same, of no loss when the account lacks it.
    pub(crate) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}
