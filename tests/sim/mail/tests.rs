//! Does the mail server speak SMTP, and misbehave as told? Conversations by hand over a raw connection.

use chrono::{TimeZone as _, Utc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Mail, MailBehaviour, MailOptions, MailServer, Security, ca_der, decode_words};
use crate::clock::SimClock;

fn clock() -> SimClock {
    SimClock::new(Utc.with_ymd_and_hms(2026, 9, 1, 1, 0, 0).unwrap())
}

/// Sends all lines, pipelined, and reads until the server closes.
async fn talk(server: &MailServer, lines: &str) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(lines.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _closed = stream.read_to_string(&mut answer).await;
    answer
}

/// The reply codes of an answer, continuation lines left out.
fn codes(answer: &str) -> Vec<&str> {
    let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    answer.lines().filter(last).map(|line| &line[..3]).collect()
}

const LETTER: &str = "EHLO me\nMAIL FROM:<freshd@example.gov.test> SIZE=90\nRCPT TO:<unit-01@example.gov.test>\n\
    DATA\nSubject: hi\n\nfirst\n..dotted\n.\nQUIT\n";

#[tokio::test]
async fn a_letter_is_taken_and_unstuffed() {
    let server = MailServer::start(clock()).await.unwrap();
    let answer = talk(&server, LETTER).await;
    assert_eq!(codes(&answer), ["220", "250", "250", "250", "354", "250", "221"]);
    assert!(answer.contains("250-STARTTLS") && !answer.contains("AUTH"));
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["unit-01@example.gov.test"]);
    assert_eq!(mails[0].from, "freshd@example.gov.test");
    assert_eq!(mails[0].at, clock().now());
    assert_eq!(mails[0].text_body().unwrap(), "first\r\n.dotted\r\n");
    server.received(1).await;
}

#[tokio::test]
async fn order_and_reset_are_minded() {
    let server = MailServer::start(clock()).await.unwrap();
    let lines = "MAIL FROM:<a@b>\nEHLO me\nRCPT TO:<c@d>\nDATA\nMAIL FROM:<a@b>\nRSET\nRCPT TO:<c@d>\nNOOP\nWHAT\nQUIT\n";
    let answer = talk(&server, lines).await;
    let expected = ["220", "503", "250", "503", "503", "250", "250", "503", "250", "502", "221"];
    assert_eq!(codes(&answer), expected);
}

#[tokio::test]
async fn each_misbehaviour_answers_as_documented() {
    let table = [
        (MailBehaviour::TryLater, "450", 0),
        (MailBehaviour::LocalError, "451", 0),
        (MailBehaviour::Refuse, "550", 0),
        (MailBehaviour::TooBig, "552", 0),
        (MailBehaviour::Unavailable, "421", 0),
        (MailBehaviour::DropAfterData, "354", 1),
    ];
    for (behaviour, code, arrived) in table {
        let server = MailServer::start(clock()).await.unwrap();
        server.set_behaviour(Some("UNIT-01@example.gov.test"), behaviour);
        let answer = talk(&server, LETTER).await;
        assert!(codes(&answer).contains(&code), "{behaviour:?}: {answer}");
        assert_eq!(server.count(), arrived, "{behaviour:?}");
        assert!(server.mails().iter().all(|mail| !mail.acknowledged));
    }
}

#[tokio::test]
async fn a_grey_listed_letter_is_taken_at_the_third_try() {
    let server = MailServer::start(clock()).await.unwrap();
    server.set_behaviour_times(None, MailBehaviour::TryLater, 2);
    for expected in [0, 0, 1] {
        talk(&server, LETTER).await;
        assert_eq!(server.count(), expected);
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn everybody_can_be_turned_away_at_the_door() {
    let server = MailServer::start(clock()).await.unwrap();
    server.set_behaviour(None, MailBehaviour::Unavailable);
    assert_eq!(codes(&talk(&server, "").await), ["421"]);
    server.set_behaviour(None, MailBehaviour::DropBeforeGreeting);
    assert_eq!(talk(&server, "").await, "");
}

#[tokio::test]
async fn a_stalled_conversation_ends_with_the_server() {
    let server = MailServer::start(clock()).await.unwrap();
    server.set_behaviour(None, MailBehaviour::Stall);
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"EHLO me\r\n").await.unwrap();
    let port = server.addr.port();
    server.stop().await;
    let mut answer = String::new();
    let _closed = stream.read_to_string(&mut answer).await;
    assert_eq!(answer, "");
    let options = MailOptions { port, ..MailOptions::default() };
    let again = MailServer::start_with(clock(), options).await.unwrap();
    assert_eq!(again.addr.port(), port);
}

#[tokio::test]
async fn a_password_over_an_open_line_is_refused_and_counted() {
    let server = MailServer::start(clock()).await.unwrap();
    let answer = talk(&server, "EHLO me\nAUTH PLAIN AHUAcA==\nQUIT\n").await;
    assert_eq!(codes(&answer), ["220", "250", "538", "221"]);
    assert_eq!(server.plain_auth_attempts(), 1);
}

#[tokio::test]
async fn mail_over_starttls_after_a_login() {
    let options = MailOptions {
        security: Security::StartTlsRequired,
        credentials: Some(("u".to_owned(), "p".to_owned())),
        ..MailOptions::default()
    };
    let server = MailServer::start_with(clock(), options).await.unwrap();
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"EHLO me\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\n").await.unwrap();
    let mut open = Vec::new();
    while !open.ends_with(b"go ahead\r\n") {
        assert!(stream.read_buf(&mut open).await.unwrap() > 0);
    }
    assert!(String::from_utf8_lossy(&open).contains("530 5.7.0 must issue a STARTTLS"));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from(ca_der())).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let lines =
        LETTER.replacen("EHLO me\n", "EHLO me\nAUTH PLAIN AHUAeA==\nAUTH LOGIN\ndQ==\ncA==\n", 1);
    stream.write_all(lines.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _closed = stream.read_to_string(&mut answer).await;
    let expected = ["250", "535", "334", "334", "235", "250", "250", "354", "250", "221"];
    assert_eq!(codes(&answer), expected, "{answer}");
    let mails = server.mails();
    assert!(mails[0].tls && mails[0].user.as_deref() == Some("u"));
}

fn mail(data: &str) -> Mail {
    Mail {
        from: String::new(),
        to: Vec::new(),
        data: data.replace('\n', "\r\n").into_bytes(),
        at: clock().now(),
        tls: false,
        user: None,
        acknowledged: true,
    }
}

#[test]
fn encoded_words_are_decoded() {
    let table = [
        ("plain", "plain"),
        ("=?utf-8?B?5pS/5Yqh?=", "政务"),
        ("=?UTF-8?Q?=E6=94=BF_a?=", "政 a"),
        ("=?utf-8?b?5pS/?= =?utf-8?b?5Yqh?=", "政务"),
        ("x =?utf-8?b?5pS/?= y", "x 政 y"),
        ("a =? b", "a =? b"),
        ("=?utf-8?b?5pQ=?=", "\u{fffd}"),
    ];
    for (given, expected) in table {
        assert_eq!(decode_words(given), expected, "{given}");
    }
}

#[test]
fn both_bodies_of_a_letter_are_found() {
    let letter = mail(
        "From: =?utf-8?b?5pS/5Yqh?= <a@b>\nSubject: =?utf-8?b?5pS/?=\n =?utf-8?b?5Yqh?=\nMIME-Version: 1.0\n\
         Content-Type: multipart/alternative;\n boundary=\"xx\"\n\npreamble\n--xx\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5pS/\n5Yqh\n--xx\n\
         Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
         <p class=3D\"a\">=E6=94=\n=BF=\n</p>\n--xx--\nepilogue\n",
    );
    assert_eq!(letter.subject(), "政务");
    assert_eq!(letter.header("from").unwrap(), "政务 <a@b>");
    assert_eq!(letter.text_body().unwrap(), "政务");
    assert_eq!(letter.html_body().unwrap(), "<p class=\"a\">政</p>");
}
