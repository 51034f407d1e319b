//! stub
use freshd_core::{account::Account, rulebook::Policy, state::AccountState, verdict::Judgement};
/// x
pub fn explain_json(a: &Account, s: &AccountState, j: &Judgement, p: &Policy) -> serde_json::Value {
    serde_json::json!(super::view::account_view(a, s, j, p))
}
/// x
pub fn explain_text(a: &Account, s: &AccountState, j: &Judgement, p: &Policy) -> String {
    explain_json(a, s, j, p).to_string()
}
