//! Are bounces, replies and machines' answers told apart, in the shapes that real servers send, and is any mangled mail
//! harmless?

use proptest::prelude::*;

use super::*;

const ID: &str = "<freshd.0123456789abcdef0123456789abcdef01234567@example.gov.test>";
const TO: &str = "u0@example.gov.test";

const ALL: [&[u8]; 14] = [
    include_bytes!("../../../tests/fixtures/mail/dsn-163.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-delayed.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-exchange.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-exim.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-other-recipient.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-postfix.eml"),
    include_bytes!("../../../tests/fixtures/mail/dsn-qq.eml"),
    include_bytes!("../../../tests/fixtures/mail/read-receipt.eml"),
    include_bytes!("../../../tests/fixtures/mail/reply-gbk-link.eml"),
    include_bytes!("../../../tests/fixtures/mail/reply-html.eml"),
    include_bytes!("../../../tests/fixtures/mail/reply-other-article.eml"),
    include_bytes!("../../../tests/fixtures/mail/reply-words.eml"),
    include_bytes!("../../../tests/fixtures/mail/vacation-exchange.eml"),
    include_bytes!("../../../tests/fixtures/mail/vacation-qq.eml"),
];

/// A fixture with a letter's identity put in.
fn filled(raw: &[u8]) -> Vec<u8> {
    let mut out = raw.to_vec();
    let id = ID.as_bytes();
    let places: [(&[u8], &[u8]); 4] = [
        (b"{MESSAGE_ID}", id),
        (b"{MID}", &id[1..id.len() - 1]),
        (b"{TO}", TO.as_bytes()),
        (b"{FROM}", TO.as_bytes()),
    ];
    for (mark, text) in places {
        while let Some(at) = out.windows(mark.len()).position(|window| window == mark) {
            out.splice(at..at + mark.len(), text.iter().copied());
        }
    }
    out
}

fn mail(raw: &[u8]) -> Incoming {
    read(&filled(raw))
}

#[track_caller]
fn check_bounce(raw: &[u8], status: &str, says: &str) {
    let returned = mail(raw).returned.unwrap();
    assert_eq!(returned.message_ids, [ID]);
    let report = returned.reports.iter().find(|it| it.recipients.contains(&TO.to_owned())).unwrap();
    assert_eq!((report.fate, report.status.as_str()), (Fate::Failed, status));
    assert!(report.detail.contains(says), "{}", report.detail);
}

#[test]
fn bounces_of_common_servers_name_letter_recipient_and_code() {
    check_bounce(
        include_bytes!("../../../tests/fixtures/mail/dsn-postfix.eml"),
        "5.1.1",
        "User unknown",
    );
    check_bounce(include_bytes!("../../../tests/fixtures/mail/dsn-exim.eml"), "5.2.1", "disabled");
    check_bounce(
        include_bytes!("../../../tests/fixtures/mail/dsn-exchange.eml"),
        "5.1.10",
        "not found",
    );
    check_bounce(
        include_bytes!("../../../tests/fixtures/mail/dsn-qq.eml"),
        "550",
        "Mailbox not found",
    );
    check_bounce(
        include_bytes!("../../../tests/fixtures/mail/dsn-163.eml"),
        "550",
        "User not found",
    );
}

#[test]
fn a_delay_is_not_the_end() {
    let delayed = mail(include_bytes!("../../../tests/fixtures/mail/dsn-delayed.eml"));
    let reports = delayed.returned.unwrap().reports;
    assert_eq!((reports.len(), reports[0].fate), (1, Fate::Open));
    assert_eq!(reports[0].status, "4.4.1");
    let exim = filled(include_bytes!("../../../tests/fixtures/mail/dsn-exim.eml"));
    let text = String::from_utf8(exim).unwrap();
    let text = text.replace("Mail delivery failed: returning", "Warning: message delayed 24 hours");
    let reports = read(text.as_bytes()).returned.unwrap().reports;
    assert_eq!(reports[0].fate, Fate::Open, "the word of the subject is stronger than a code");
}

#[test]
fn machines_answers_are_neither_bounce_nor_reply() {
    for raw in [ALL[7], ALL[12], ALL[13]] {
        let mail = mail(raw);
        assert!(mail.automatic && mail.returned.is_none(), "{mail:?}");
        assert_eq!(mail.answers, [ID]);
    }
}

#[test]
fn only_a_persons_own_words_and_links_are_taken() {
    let gbk = mail(include_bytes!("../../../tests/fixtures/mail/reply-gbk-link.eml"));
    assert_eq!(gbk.links, ["https://mp.weixin.qq.com/s/article"]);
    assert_eq!((gbk.from.as_str(), gbk.subject.as_str()), (TO, "回复:预警"));
    assert!(
        gbk.words.starts_with("您好,已经发布") && gbk.words.ends_with("请核对。"),
        "{}",
        gbk.words
    );
    assert!(!gbk.automatic && gbk.returned.is_none());
    let html = mail(include_bytes!("../../../tests/fixtures/mail/reply-html.eml"));
    assert_eq!(html.links, ["https://mp.weixin.qq.com/s/images?a=1&b=2"]);
    let other = mail(include_bytes!("../../../tests/fixtures/mail/reply-other-article.eml"));
    assert_eq!(other.links, ["https://mp.weixin.qq.com/s/other"]);
    let words = mail(include_bytes!("../../../tests/fixtures/mail/reply-words.eml"));
    assert_eq!((words.words.as_str(), words.attachments), ("收到,正在办理。", 1));
    assert_eq!(words.links, Vec::<String>::new(), "neither quoted nor attached");
    assert!(words.answers.contains(&ID.to_owned()), "{:?}", words.answers);
}

#[test]
fn what_is_no_mail_is_empty() {
    assert_eq!(read(b"").links, Vec::<String>::new());
    assert_eq!(read(&[0xff; 4096]).returned, None);
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(5_000);
    assert_eq!(read(deep.as_bytes()).returned, None);
    let wide = format!("From: a@b.cn\r\n\r\n{}", "https://a.cn/x ".repeat(60_000));
    let read = read(wide.as_bytes());
    assert!(read.links.len() <= 10 && read.words.chars().count() <= 2_010);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_never_break_the_reader(
        which in 0..ALL.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..24),
    ) {
        let mut raw = filled(ALL[which]);
        for (at, byte, how) in edits {
            if raw.is_empty() { break; }
            let at = at.index(raw.len());
            match how {
                0 => raw[at] = byte,
                1 => { raw.insert(at, byte); }
                2 => { raw.truncate(at); }
                _ => { let piece = raw[at..raw.len().min(at + 400)].to_vec(); raw.extend(piece); }
            }
        }
        let mail = read(&raw);
        prop_assert!(mail.links.len() <= 10);
        prop_assert!(mail.words.chars().count() <= 2_010);
        prop_assert!(mail.returned.is_none_or(|it| it.reports.len() <= 50));
    }
}
