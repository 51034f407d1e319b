//! stub
use freshd_core::{
    Timestamp, account::Account, calendar::Calendar, rulebook::Policy, state::AccountState,
    verdict::Judgement,
};
/// x
#[derive(serde::Serialize)]
pub struct Precheck {
    /// x
    pub n: usize,
}
impl Precheck {
    /// x
    pub fn exit(&self) -> i32 {
        0
    }
    /// x
    pub fn table(&self, _: bool) -> String {
        String::new()
    }
    /// x
    pub fn text(&self) -> String {
        String::new()
    }
    /// x
    pub fn html(&self) -> String {
        String::new()
    }
    /// x
    pub fn csv(&self) -> Vec<u8> {
        vec![]
    }
    /// x
    pub fn xlsx(&self) -> anyhow::Result<Vec<u8>> {
        Ok(vec![])
    }
}
/// x
pub struct Builder(usize);
impl Builder {
    /// x
    pub fn new(_: &str, _: Timestamp, _: &Calendar, _: &Policy) -> Self {
        Self(0)
    }
    /// x
    pub fn add(&mut self, _: &Account, _: &AccountState, _: &Judgement) {
        self.0 += 1
    }
    /// x
    pub fn finish(self) -> Precheck {
        Precheck { n: self.0 }
    }
}
