//! Is the bar as long as the work?

use super::line;

#[test]
fn the_bar_fills_with_the_work_and_never_overflows() {
    let filled = |done, total| line("采集", done, total).matches('#').count();
    assert_eq!([filled(0, 8), filled(4, 8), filled(8, 8), filled(9, 8)], [0, 15, 30, 30]);
    assert_eq!(filled(0, 0), 0);
    assert!(line("采集", 4, 8).ends_with("] 4/8"));
}
