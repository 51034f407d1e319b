//! Are the numbers and shares right, and is everybody listed where they belong?

use super::{AuthorisationsView, Progress, Row, Standing, Unlisted};

fn row(name: &str, unit: &str, standing: Standing) -> Row {
    Row {
        id: format!("wechat:{name}"),
        name: name.to_owned(),
        reporting_unit: unit.to_owned(),
        sponsor: "某局".to_owned(),
        appid: None,
        standing,
        reason: String::new(),
        since: None,
        link: None,
    }
}

#[test]
fn progress_is_counted_by_unit() {
    let mut rows = vec![row("乙", "茂名市", Standing::NotYet), row("甲", "茂名市", Standing::Lost)];
    rows.push(row("丙", "云浮市", Standing::Authorised));
    rows.push(row("丁", "茂名市", Standing::Authorised));
    rows.push(row("戊", "茂名市", Standing::OwnKey));
    let unlisted = Unlisted {
        appid: "wx0123456789abcdef".to_owned(),
        name: None,
        handle: None,
        fits: Vec::new(),
        how: "加入台账".to_owned(),
    };
    let view = AuthorisationsView::of("now".to_owned(), rows, vec![unlisted]);
    assert_eq!(view.text, "2 / 5(40.0%)");
    let units: Vec<_> = view.units.iter().map(|u| (u.name.as_str(), u.share.as_str())).collect();
    assert_eq!(units, [("云浮市", "100.0%"), ("茂名市", "25.0%")]);
    let here = Progress { all: 4, authorised: 1, lost: 1, not_yet: 1, own_key: 1 };
    assert_eq!(view.units[1].progress, here);
    let text = view.text();
    assert!(text.contains("茂名市:1 / 4(25.0%),未授权 1,失去 1,自备密钥 1"), "{text}");
    assert!(text.contains("已授权,但台账里没有:\n  (名称尚未读到) wx0123456789abcdef"), "{text}");
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(
        (&json["units"][1]["lost"], &json["accounts"][0]["standing"]),
        (&1.into(), &"authorised".into())
    );
}

#[test]
fn large_numbers_are_grouped_and_none_has_no_share() {
    let progress = Progress { all: 2_300, authorised: 812, ..Progress::default() };
    assert_eq!(progress.chinese(), "812 / 2,300(35.3%)");
    assert_eq!(Progress { all: 1_234_567, ..progress }.chinese(), "812 / 1,234,567(0.1%)");
    assert_eq!(Progress::default().chinese(), "0 / 0");
}
