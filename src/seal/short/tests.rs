//! Does a seal hold for what it was made for, and for nothing else?

use super::Sealer;

#[test]
fn a_seal_holds_for_its_parts_and_purpose_only() {
    let sealer = Sealer::new(&[7; 32]);
    let seal = sealer.seal("authorise", &["wechat:a", "20270630"]);
    assert_eq!(seal.len(), 22);
    assert!(seal.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert!(sealer.holds("authorise", &["wechat:a", "20270630"], &seal));
    for (purpose, parts) in [
        ("answer", vec!["wechat:a", "20270630"]),
        ("authorise", vec!["wechat:b", "20270630"]),
        ("authorise", vec!["wechat:a", "20370630"]),
        ("authorise", vec!["wechat:a2", "0270630"]),
        ("authorise", vec!["wechat:a"]),
        ("authorise", vec!["wechat:a", "20270630", ""]),
    ] {
        assert!(!sealer.holds(purpose, &parts, &seal), "{purpose} {parts:?}");
    }
    for forged in ["", &seal[1..], &format!("{seal}A"), &seal.to_lowercase().replace('a', "b")] {
        assert!(!sealer.holds("authorise", &["wechat:a", "20270630"], forged), "{forged}");
    }
    assert_ne!(Sealer::new(&[8; 32]).seal("authorise", &["wechat:a", "20270630"]), seal);
}
