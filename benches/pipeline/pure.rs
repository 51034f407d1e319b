//! How many verdicts a second does the pure core come to?

use chrono::TimeDelta;
use freshd::poll::apply::apply;
use freshd_core::account::Account;
use freshd_core::breaker::Breaker;
use freshd_core::reminder::decide;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, judge};

use crate::Plan;
use crate::measure::{heading, line, took};
use crate::polls::terms;
use crate::world::{Kind, account, outcome, start};

/// Accounts that are judged again and again.
const ACCOUNTS: usize = 2_000;
/// Daily polls that made their states.
const DAYS: i64 = 5;

/// Measures it.
pub fn run(plan: &Plan) {
    let terms = terms();
    let rounds = 50 / plan.shrink;
    let mut breaker = Breaker::default();
    let known: Vec<(Account, AccountState)> = (0..ACCOUNTS)
        .map(|n| {
            let account = account(Kind::Nanfang, n);
            let state = (0..DAYS).fold(AccountState::default(), |state, day| {
                let now = start() + TimeDelta::days(day);
                apply(&account, state, vec![outcome(n, now)], &mut breaker, &terms, now).state
            });
            (account, state)
        })
        .collect();
    // Some pass, some are at risk, some are stale by then.
    let at = |n: usize, round: usize| {
        start() + TimeDelta::days(DAYS - 1) + TimeDelta::hours(((n + round) % 400) as i64)
    };
    let judged = |round: usize| -> Vec<Judgement> {
        let pairs = known.iter().enumerate();
        pairs
            .map(|(n, (account, state))| judge(account, state, &terms.policy, at(n, round)))
            .collect()
    };
    heading(&format!("core: {ACCOUNTS} accounts of {} posts", known[0].1.history.sightings.len()));
    let (judging, judgements) =
        took(|| (0..rounds).map(judged).fold(Vec::new(), |_, latest| latest));
    let times = rounds * ACCOUNTS;
    line("verdicts, one thread", &format!("{:>9.0} /s", judging.rate(times)));
    let (deciding, told) = took(|| {
        (0..rounds * 10)
            .flat_map(|_| known.iter().zip(&judgements))
            .map(|((_, state), judgement)| {
                decide(judgement, &state.episodes, &terms.policy).tell.len()
            })
            .sum::<usize>()
    });
    assert!(told > 0, "some of them are to be told");
    line("reminder decisions, one thread", &format!("{:>9.0} /s", deciding.rate(times * 10)));
}
