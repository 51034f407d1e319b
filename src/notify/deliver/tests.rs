//! Do waits grow, and do redirected letters say whom they are for?

use super::*;

#[test]
fn waits_double_up_to_the_longest() {
    let found: Vec<i64> = (1..=7).map(|n| doubled(BACKOFF_FIRST_S, n, BACKOFF_MAX_S)).collect();
    assert_eq!(found, [300, 600, 1200, 2400, 4000, 4000, 4000]);
    assert_eq!(doubled(BACKOFF_FIRST_S, u32::MAX, BACKOFF_MAX_S), BACKOFF_MAX_S);
}
