//! Is the text what Prometheus reads?

use super::*;

#[test]
fn counters_add_and_gauges_are_replaced() {
    let metrics = Metrics::new();
    metrics.poll("wechat", "ok", 0.25);
    metrics.poll("wechat", "ok", 0.5);
    metrics.poll("weibo", "rate_limited", 1.0);
    metrics.accounts(&[("pass", 3), ("fail", 1)]);
    metrics.accounts(&[("pass", 4)]);
    metrics.store_bytes(1 << 20);
    let text = metrics.render();
    for line in [
        "# TYPE freshd_polls_total counter",
        "freshd_polls_total{connector=\"wechat\",outcome=\"ok\"} 2",
        "freshd_polls_total{connector=\"weibo\",outcome=\"rate_limited\"} 1",
        "freshd_poll_seconds{connector=\"wechat\"} 0.75",
        "freshd_accounts{verdict=\"pass\"} 4",
        "freshd_store_bytes 1048576",
    ] {
        assert!(text.lines().any(|held| held == line), "{line:?} is not in\n{text}");
    }
    assert!(!text.contains("verdict=\"fail\""));
    assert!(text.lines().all(|line| line.contains("freshd_")));
}

#[test]
fn labels_are_escaped_and_bounded() {
    let metrics = Metrics::new();
    metrics.letter("a\"b\\c\nd\u{1b}");
    let text = metrics.render();
    assert!(text.contains(r#"freshd_letters_total{state="a\"b\\c\nd "} 1"#), "{text}");
    for n in 0..2 * SERIES_MAX {
        metrics.letter(&n.to_string());
    }
    assert_eq!(metrics.families()["freshd_letters_total"].series.len(), SERIES_MAX);
}

#[test]
fn progress_is_unix_time() {
    let metrics = Metrics::new();
    metrics.progress("poll", chrono::DateTime::from_timestamp_millis(1_500).unwrap());
    metrics.panicked("poll");
    let text = metrics.render();
    assert!(text.contains("freshd_loop_last_progress_seconds{loop=\"poll\"} 1.5"), "{text}");
    assert!(text.contains("freshd_loop_panics_total{loop=\"poll\"} 1"), "{text}");
}
