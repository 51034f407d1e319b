//! Are the gauges right, and is the walk not made at every reading?

use super::*;
use crate::app::samples::{app, keep};
use crate::report::samples::{now, province};

#[tokio::test]
async fn a_survey_is_kept_for_as_long_as_it_cost() {
    let (app, _) = app("", now());
    keep(&app, &province());
    let first = app.survey(now()).unwrap();
    let counts = (first.totals.pass, first.totals.at_risk, first.totals.fail);
    assert_eq!((counts, first.totals.undetermined), ((1, 1, 2), 1));
    assert!(app.env.metrics.render().contains("freshd_accounts{verdict=\"fail\"} 2"));
    let soon = now() + TimeDelta::milliseconds(29);
    assert!(Arc::ptr_eq(&first, &app.survey(soon).unwrap()));
    let later = now() + TimeDelta::milliseconds(30);
    assert!(!Arc::ptr_eq(&first, &app.survey(later).unwrap()));
    assert!(!Arc::ptr_eq(&first, &app.survey(now() - TimeDelta::hours(1)).unwrap()));
    let large = Survey { at: now(), accounts: 100_000_000, ..Survey::default() };
    assert!(large.is_fresh(now() + AGE_MAX - TimeDelta::milliseconds(1)));
    assert!(!large.is_fresh(now() + AGE_MAX));
}
