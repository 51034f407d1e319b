//! Is the message that goes out well-formed whatever is in it?

use freshd_sim::Mail as Received;
use proptest::prelude::*;

use super::*;

fn outgoing(subject: &str, text: &str) -> Outgoing {
    Outgoing {
        attachments: Vec::new(),
        to: "a@政务.cn".to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: format!("<p>{text}</p>"),
        message_id: "<freshd.0123@b.cn>".to_owned(),
        reasons: vec!["overdue".to_owned(), "reminder".to_owned()],
        date: chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
    }
}

fn received(from: &str, letter: &Outgoing) -> Received {
    let (_, to, data) = message(from, letter).unwrap();
    Received {
        from: String::new(),
        to: vec![to.to_string()],
        data,
        at: letter.date,
        tls: false,
        user: None,
        acknowledged: true,
    }
}

const HEADERS: [&str; 12] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Freshd-Reason",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "List-Id",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

#[test]
fn headers_are_exactly_those_of_the_contract() {
    let mail = received("政务公开办 <Freshd@B.cn>", &outgoing("中文主题", "正文\n.\n..末"));
    let names: Vec<String> = mail.headers().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, HEADERS[..11], "{names:?}");
    assert_eq!(mail.subject(), "中文主题");
    assert_eq!(mail.header("Message-ID").unwrap(), "<freshd.0123@b.cn>");
    assert_eq!(mail.header("X-Freshd-Reason").unwrap(), "overdue,reminder");
    assert_eq!(mail.header("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(mail.header("List-Id").unwrap(), "<freshd.b.cn>");
    assert!(mail.header("From").unwrap().contains("政务公开办"));
    assert!(mail.header("To").unwrap().is_ascii() && mail.to[0].starts_with("a@xn--"));
    assert!(mail.data.is_ascii(), "nothing needs 8BITMIME or SMTPUTF8");
    assert_eq!(mail.text_body().unwrap().replace("\r\n", "\n").trim_end(), "正文\n.\n..末");
    assert!(mail.html_body().unwrap().contains("<p>正文"));
}

#[test]
fn the_same_letter_is_the_same_bytes() {
    let letter = outgoing("主题", "正文");
    assert_eq!(received("a@b.cn", &letter).data, received("a@b.cn", &letter).data);
}

#[test]
fn what_cannot_be_addressed_is_no_message() {
    let mut letter = outgoing("主题", "正文");
    letter.to = "x\r\nRCPT TO:<y@z.cn>".to_owned();
    assert!(message("a@b.cn", &letter).is_err());
    assert!(message("", &outgoing("主题", "正文")).is_err());
}

proptest! {
    #[test]
    fn no_text_adds_or_breaks_a_header(
        subject in any::<String>(),
        sender in any::<String>(),
        text in any::<String>(),
    ) {
        let from = format!("{} <a@b.cn>", sender.replace(['<', '>'], " "));
        let mail = received(&from, &outgoing(&subject, &text));
        let names: Vec<String> = mail.headers().into_iter().map(|(name, _)| name).collect();
        prop_assert_eq!(&names[..], &HEADERS[..11]);
    }
}
