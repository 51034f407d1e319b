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
    let (_, to, data) = message(from, letter, None).unwrap();
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
    assert!(message("a@b.cn", &letter, None).is_err());
    assert!(message("", &outgoing("主题", "正文"), None).is_err());
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

/// The unfolded header in relaxed canonical form (RFC 6376 §3.4.2), without a line end.
fn relaxed(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    format!("{}:{}", name.to_lowercase(), words.join(" "))
}

/// A body in relaxed canonical form (RFC 6376 §3.4.4).
fn relaxed_body(body: &str) -> String {
    let line = |line: &str| {
        let end = line.trim_end_matches([' ', '\t']);
        let mut out = String::new();
        for c in end.chars() {
            match c {
                ' ' | '\t' if out.ends_with(' ') => {}
                ' ' | '\t' => out.push(' '),
                _ => out.push(c),
            }
        }
        out + "\r\n"
    };
    let lines: String = body.split_terminator("\r\n").map(line).collect();
    format!("{}\r\n", lines.trim_end_matches("\r\n"))
}

#[test]
fn a_signature_holds_over_the_headers_and_the_body() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
    use sha2::{Digest as _, Sha256};

    let seed = [7_u8; 32];
    let signer = Signer::new("b.cn", "freshd", &STANDARD.encode(seed)).unwrap();
    let letter =
        outgoing("一个很长的主题,长到必须折成几行才能放进一封信的标题里去", "正文  两格 \n.\n\n");
    let (_, _, data) = message("政务公开办 <a@b.cn>", &letter, Some(&signer)).unwrap();
    let text = String::from_utf8(data).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers: Vec<(&str, &str)> =
        head.split("\r\n").map(|line| line.split_once(':').unwrap()).collect();
    let of =
        |name: &str| headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name)).unwrap().1;
    let signature = of("DKIM-Signature");
    let tags: std::collections::HashMap<&str, String> = signature
        .split(';')
        .filter_map(|tag| tag.trim().split_once('='))
        .map(|(tag, value)| (tag, value.split_whitespace().collect()))
        .collect();
    assert_eq!((tags["d"].as_str(), tags["s"].as_str()), ("b.cn", "freshd"));
    assert_eq!(tags["bh"], STANDARD.encode(Sha256::digest(relaxed_body(body))));
    let mut signed = String::new();
    for name in tags["h"].split(':') {
        signed += &format!("{}\r\n", relaxed(name, of(name)));
    }
    let bare = signature.rsplit_once("b=").unwrap().0.to_owned() + "b=";
    signed += &relaxed("dkim-signature", &bare);
    let public = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap().public_key().as_ref().to_vec();
    let held = UnparsedPublicKey::new(&ED25519, public);
    let bytes = STANDARD.decode(&tags["b"]).unwrap();
    held.verify(&Sha256::digest(&signed), &bytes).unwrap();
    assert!(held.verify(&Sha256::digest(signed.replace("a@b.cn", "c@b.cn")), &bytes).is_err());
    for name in ["from", "to", "subject", "date", "message-id", "x-freshd-reason"] {
        assert!(tags["h"].to_lowercase().split(':').any(|held| held == name), "{}", tags["h"]);
    }
}

#[test]
fn a_key_that_is_none_is_said_in_words() {
    for (key, words) in [
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "PKCS#8"),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "读不懂"),
        ("短", "读不懂"),
    ] {
        let why = Signer::new("b.cn", "freshd", key).unwrap_err();
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn only_a_digest_can_be_left() {
    let owner = received("a@b.cn", &outgoing("主题", "正文"));
    assert_eq!(owner.header("List-Unsubscribe"), None);
    let mut digest = outgoing("主题", "正文");
    digest.reasons = vec!["operator".to_owned()];
    let way = received("a@b.cn", &digest).header("List-Unsubscribe").unwrap();
    assert_eq!(way, "<mailto:a@b.cn?subject=unsubscribe>");
}
