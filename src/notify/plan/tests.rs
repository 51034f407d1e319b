//! Is everybody told who must be, and nobody else?

use super::*;

fn account(email: &[&str], officer: &[&str], supervisor: &[&str]) -> Account {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Account {
        email: list(email),
        officer_email: list(officer),
        supervisor_email: list(supervisor),
        ..Account::default()
    }
}

fn check(account: &Account, audience: Audience, expected: &[&str]) {
    assert_eq!(addresses(account, audience), expected, "{account:?}");
}

#[test]
fn owners_come_first_then_officers_then_supervisors() {
    let whole = account(&["A@b.cn;c@d.cn", "a@b.cn"], &["o@b.cn"], &["s@b.cn"]);
    check(&whole, Audience::Owner, &["A@b.cn", "c@d.cn"]);
    check(&whole, Audience::Supervisor, &["s@b.cn"]);
    check(&account(&["无"], &["o@b.cn"], &["s@b.cn"]), Audience::Owner, &["o@b.cn"]);
    check(&account(&[], &[], &["s@b.cn"]), Audience::Owner, &["s@b.cn"]);
    check(&account(&["a@b.cn"], &[], &[]), Audience::Supervisor, &[]);
}

#[test]
fn accounts_that_share_a_recipient_share_a_bundle() {
    let news = |id: &str, to: &[&str]| {
        let id = AccountId::new(id);
        let to = vec![to.iter().map(|text| (*text).to_owned()).collect()];
        (
            id.clone(),
            News {
                id,
                name: String::new(),
                tell: Vec::new(),
                to,
                pilot: false,
                supervised: false,
                ahead: TimeDelta::zero(),
            },
        )
    };
    let all: BTreeMap<_, _> = [
        news("a", &["x@b.cn"]),
        news("b", &["y@b.cn"]),
        news("c", &["X@b.cn", "z@b.cn"]),
        news("d", &["z@b.cn"]),
        news("e", &[]),
    ]
    .into();
    let sorted = bundles(&all);
    let found: Vec<Vec<_>> =
        sorted.iter().map(|b| b.accounts.iter().map(|id| id.as_str()).collect()).collect();
    assert_eq!(found, [vec!["a", "c", "d"], vec!["b"], vec!["e"]]);
    assert_eq!(recipients(all.values(), |_| true).len(), 3);
}

#[test]
fn while_a_contact_says_to_be_none_the_next_in_the_chain_is_written_to_as_well() {
    let mut account = Account {
        email: vec!["a@x.gov.cn; b@x.gov.cn".to_owned()],
        officer_email: vec!["o@x.gov.cn".to_owned()],
        supervisor_email: vec!["s@x.gov.cn".to_owned()],
        ..Account::default()
    };
    let mut state = AccountState::default();
    let owner = |account: &Account, state: &AccountState| {
        reached(account, state, Audience::Owner, &BTreeSet::new())
    };
    assert_eq!(owner(&account, &state), ["a@x.gov.cn", "b@x.gov.cn"]);
    state.leaving = vec!["B@x.gov.cn".to_owned()];
    assert_eq!(owner(&account, &state), ["a@x.gov.cn", "b@x.gov.cn", "o@x.gov.cn"]);
    assert_eq!(reached(&account, &state, Audience::Supervisor, &BTreeSet::new()), ["s@x.gov.cn"]);
    account.officer_email = vec!["b@x.gov.cn".to_owned()];
    assert_eq!(owner(&account, &state), ["a@x.gov.cn", "b@x.gov.cn", "s@x.gov.cn"]);
    assert!(is_contact(&account, "S@x.gov.cn") && !is_contact(&account, "o@x.gov.cn"));
    state.leaving = vec!["gone@x.gov.cn".to_owned()];
    assert_eq!(owner(&account, &state), ["a@x.gov.cn", "b@x.gov.cn"]);
}
