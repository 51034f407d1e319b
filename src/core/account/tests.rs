//! Which address does 互动功能 probe, whatever stands around it?

use super::*;

#[test]
fn what_is_written_behind_a_probe_is_no_part_of_its_address() {
    let probe = |text: &str| {
        let account = Account { interaction: text.to_owned(), ..Account::default() };
        account.interaction_probe().map(str::to_owned)
    };
    let address = Some("https://a.gov.cn/ask?x=1".to_owned());
    for text in [
        "probe:https://a.gov.cn/ask?x=1",
        " probe: https://a.gov.cn/ask?x=1 工作日可留言",
        "probe:https://a.gov.cn/ask?x=1。",
        "probe:https://a.gov.cn/ask?x=1;留言#第二项",
        "probe:https://a.gov.cn/ask?x=1(网页)",
        "probe:https://a.gov.cn/ask?x=1;",
    ] {
        assert_eq!(probe(text), address, "{text}");
    }
    let expected = "https://a.gov.cn/ask#status=200&text=在线咨询&json=/code";
    assert_eq!(probe(&format!("probe:{expected}")).as_deref(), Some(expected));
    assert_eq!(probe("在线留言"), None);
}
