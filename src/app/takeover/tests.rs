//! Is nothing left waiting for a process that died?

use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;

use super::super::samples;
use super::*;
use crate::store::{Due, Letter, LetterBody};

#[test]
fn what_a_dead_process_claimed_is_due_at_once_and_what_is_due_later_stays() {
    let now = chrono::DateTime::from_timestamp(1_795_572_000, 0).unwrap();
    let (app, _) = samples::app("", now);
    let mut change = app.store().change();
    for (id, minutes) in [("weibo:1", 9), ("weibo:2", 60)] {
        let id = AccountId::new(id);
        change.put_account(&Account { id: id.clone(), ..Account::default() });
        let notify = Some(now + TimeDelta::minutes(minutes));
        change.put_state(&id, &AccountState::default(), Due { poll: None, notify }).unwrap();
    }
    let letter = Letter {
        id: "0123456789abcdef".to_owned(),
        state: LetterState::Queued,
        to: "a@b.cn".to_owned(),
        reasons: vec!["overdue".to_owned()],
        message_id: "<1@b.cn>".to_owned(),
        subject: String::new(),
        accounts: Vec::new(),
        attempts: 0,
        next_attempt: Some(now),
        lease_until: None,
        last_reply: None,
        created_at: now,
        first_attempt: None,
        late_after: None,
        operator_told: false,
        tells: Vec::new(),
        decided: Vec::new(),
        merged_into: None,
    };
    change.new_letter(&letter, &LetterBody::default()).unwrap();
    app.store().commit(change).unwrap();
    assert_eq!(app.store().claim_letters(now, now + TimeDelta::minutes(5), 9).unwrap().len(), 1);
    assert!(app.store().claim_letters(now, now + TimeDelta::minutes(5), 9).unwrap().is_empty());
    assert_eq!(take_over(&app, now).unwrap(), 2);
    let due = app.store().due(Index::Notify, now, 9).unwrap();
    assert_eq!(due.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["weibo:1"]);
    let again = app.store().claim_letters(now, now + TimeDelta::minutes(5), 9).unwrap();
    assert_eq!(again[0].message_id, "<1@b.cn>");
}
