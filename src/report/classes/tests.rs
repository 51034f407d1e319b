//! Do the shares say how many accounts rest on what?

use super::*;

#[test]
fn shares_are_of_all_that_are_judged() {
    let mut classes = Classes::default();
    assert_eq!(classes.chinese(), "");
    for class in [EvidenceClass::Auto, EvidenceClass::Auto, EvidenceClass::None] {
        classes.add(class, true);
    }
    classes.add(EvidenceClass::Attested, true);
    classes.add(EvidenceClass::None, false);
    assert_eq!(
        classes.chinese(),
        "自动可判 40.0%,只能证有 0.0%,人工或自报 20.0%,尚未取得数据 20.0%,无来源 20.0%"
    );
}
