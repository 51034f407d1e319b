//! Is a push believed only when everything about it is right, and does a wrong one change nothing?

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use chrono::{DateTime, TimeDelta};
use freshd_core::Timestamp;

use super::{PushRefused, Pushed, crypt, receive, xml};
use crate::connector::SecretTable;
use crate::wechat::component::{ComponentSettings, SECRETS};
use crate::wechat::keep::Keep;

const COMPONENT: &str = "wx0123456789abcdef";
const ACCOUNT: &str = "wx00000000000000aa";
/// The bytes 00 to 1f.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn sent() -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap()
}

fn settings() -> ComponentSettings {
    ComponentSettings { appid: COMPONENT.to_owned(), callback: "/wechat/component".to_owned() }
}

fn secrets() -> SecretTable {
    let of = |key: &str, value: &str| ((SECRETS.to_owned(), key.to_owned()), value.to_owned());
    SecretTable([of("token", "testtoken"), of("aes_key", KEY), of("secret", "S")].into())
}

/// A sealed message with this padding rule.
fn sealed(message: &[u8], appid: &str) -> String {
    let key = crypt::key(KEY).unwrap();
    let mut plain = b"0123456789abcdef".to_vec();
    plain.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    plain.extend(message);
    plain.extend(appid.as_bytes());
    let pad = 32 - plain.len() % 32;
    plain.extend(std::iter::repeat_n(u8::try_from(pad).unwrap(), pad));
    STANDARD.encode(encrypted(&key, plain))
}

fn encrypted(key: &[u8; 32], mut plain: Vec<u8>) -> Vec<u8> {
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(key, &key[..16]).unwrap();
    let length = plain.len();
    cipher.encrypt_padded::<NoPadding>(&mut plain, length).unwrap();
    plain
}

/// Query and body of a push with the right signature.
fn signed(sealed: &str, at: Timestamp) -> (String, String) {
    let stamp = at.timestamp().to_string();
    let signature = crypt::signature(["testtoken", &stamp, "n0nce", sealed]);
    let query = format!(
        "signature=x&timestamp={stamp}&nonce=n0nce&encrypt_type=aes&msg_signature={signature}"
    );
    let body = format!(
        "<xml><AppId><![CDATA[{COMPONENT}]]></AppId><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    );
    (query, body)
}

fn ticket(value: &str, created: Timestamp) -> String {
    format!(
        "<xml><AppId><![CDATA[{COMPONENT}]]></AppId><CreateTime>{}</CreateTime>\
         <InfoType><![CDATA[component_verify_ticket]]></InfoType>\
         <ComponentVerifyTicket><![CDATA[{value}]]></ComponentVerifyTicket></xml>",
        created.timestamp()
    )
}

fn event(kind: &str, created: Timestamp) -> String {
    format!(
        "<xml><AppId>{COMPONENT}</AppId><CreateTime>{}</CreateTime><InfoType>{kind}</InfoType>\
         <AuthorizerAppid>{ACCOUNT}</AuthorizerAppid><AuthorizationCode>CODE</AuthorizationCode>\
         <AuthorizationCodeExpiredTime>{}</AuthorizationCodeExpiredTime></xml>",
        created.timestamp(),
        created.timestamp() + 3600
    )
}

async fn push(keep: &Keep, message: &str, at: Timestamp) -> Result<Pushed, PushRefused> {
    let (query, body) = signed(&sealed(message.as_bytes(), COMPONENT), at);
    receive(keep, &settings(), &secrets(), &query, body.as_bytes(), at).await
}

#[tokio::test]
async fn a_vector_made_by_another_hand_is_opened() {
    let query = "signature=252c5055399b98cee90adf3fd7c0f81a106885e9&timestamp=1413192605\
                 &nonce=1320562132&encrypt_type=aes\
                 &msg_signature=2ae38388360313184864ae98ab093d48521bf73b";
    let body = include_bytes!("../../fixtures/wechat/component_ticket.xml");
    let at = DateTime::from_timestamp(1_413_192_605, 0).unwrap();
    let keep = Keep::in_memory();
    let told = receive(&keep, &settings(), &secrets(), query, body, at).await;
    assert_eq!(told, Ok(Pushed::Ticket));
    assert_eq!(keep.ticket(COMPONENT).unwrap().unwrap().value, "ticket@@@synthetic");
    let later = at + TimeDelta::minutes(11);
    let stale = receive(&keep, &settings(), &secrets(), query, body, later).await;
    assert_eq!(stale, Err(PushRefused::Stale));
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_by_its_name_and_keeps_nothing() {
    let keep = Keep::in_memory();
    let now = sent();
    let good = sealed(ticket("T", now).as_bytes(), COMPONENT);
    let (query, body) = signed(&good, now);
    let other_app = sealed(ticket("T", now).as_bytes(), "wxffffffffffffffff");
    let inner_app = sealed(ticket("T", now).replace(COMPONENT, "wx1").as_bytes(), COMPONENT);
    let no_kind = sealed(format!("<xml><AppId>{COMPONENT}</AppId></xml>").as_bytes(), COMPONENT);
    let garbage = STANDARD.encode([7_u8; 96]);
    let length = {
        let mut plain = vec![0_u8; 16];
        plain.extend(u32::MAX.to_be_bytes());
        plain.extend([12; 12]);
        STANDARD.encode(encrypted(&crypt::key(KEY).unwrap(), plain))
    };
    let bad_pad = STANDARD.encode(encrypted(&crypt::key(KEY).unwrap(), vec![0_u8; 64]));
    let of = |sealed: &str| signed(sealed, now);
    let cases: Vec<((String, String), &str)> = vec![
        ((String::new(), body.clone()), "bad_signature"),
        ((query.replace("n0nce", "n1nce"), body.clone()), "bad_signature"),
        ((query.replace("msg_signature=", "msg_signature=0"), body.clone()), "bad_signature"),
        ((query.clone(), body.replace("<Encrypt>", "<Encrypt>A")), "bad_signature"),
        (signed(&good, now - TimeDelta::minutes(11)), "stale"),
        (signed(&good, now + TimeDelta::minutes(11)), "stale"),
        ((query.clone(), String::new()), "malformed"),
        ((query.clone(), "<xml><AppId>x</AppId></xml>".to_owned()), "malformed"),
        ((query.clone(), "x".repeat(70_000)), "malformed"),
        ((query, body.replace("<xml>", "<!DOCTYPE x [<!ENTITY a \"b\">]><xml>")), "malformed"),
        (of(&other_app), "wrong_app"),
        (of(&inner_app), "wrong_app"),
        (of(&no_kind), "undecodable"),
        (of(&garbage), "undecodable"),
        (of(&length), "undecodable"),
        (of(&bad_pad), "undecodable"),
        (of("not base64 !"), "undecodable"),
        (of(""), "undecodable"),
    ];
    for ((query, body), want) in cases {
        let told = receive(&keep, &settings(), &secrets(), &query, body.as_bytes(), now).await;
        assert_eq!(told.unwrap_err().key(), want, "{query} {body}");
    }
    let bytes = [0xff_u8, 0xfe];
    let told = receive(&keep, &settings(), &secrets(), "", &bytes, now).await;
    assert_eq!(told, Err(PushRefused::Malformed));
    let told = receive(&keep, &settings(), &SecretTable::default(), "", b"", now).await;
    assert!(told.unwrap_err().is_ours());
    assert_eq!(keep.ticket(COMPONENT).unwrap(), None);
}

#[tokio::test]
async fn what_is_played_again_changes_nothing() {
    let keep = Keep::in_memory();
    let (first, second) = (sent(), sent() + TimeDelta::seconds(30));
    let authorised = event("authorized", first);
    assert_eq!(push(&keep, &authorised, first).await, Ok(Pushed::Authorized(ACCOUNT.to_owned())));
    assert!(keep.authorizer(COMPONENT, ACCOUNT).unwrap().unwrap().stands());
    let gone = push(&keep, &event("unauthorized", second), second).await;
    assert_eq!(gone, Ok(Pushed::Withdrawn(ACCOUNT.to_owned())));
    // The older push, sent once more within the window, with a signature that is right.
    assert_eq!(push(&keep, &authorised, second).await, Ok(Pushed::Ignored));
    let held = keep.authorizer(COMPONENT, ACCOUNT).unwrap().unwrap();
    assert!(!held.stands() && held.refresh_token.is_none());
    let third = second + TimeDelta::seconds(1);
    let told = push(&keep, &event("updateauthorized", third), third).await;
    assert_eq!(told, Ok(Pushed::Authorized(ACCOUNT.to_owned())));
    push(&keep, &ticket("NEW", third), third).await.unwrap();
    push(&keep, &ticket("OLD", first), third).await.unwrap();
    assert_eq!(keep.ticket(COMPONENT).unwrap().unwrap().value, "NEW");
    let told = push(&keep, &event("notify_third_fasteregister", third), third).await;
    assert_eq!(told, Ok(Pushed::Ignored));
}

#[tokio::test]
async fn mangled_pushes_never_panic_and_never_pass() {
    let keep = Keep::in_memory();
    let now = sent();
    let (query, body) = signed(&sealed(ticket("T", now).as_bytes(), COMPONENT), now);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..3_000 {
        let mut bytes = body.clone().into_bytes();
        let at = usize::try_from(next()).unwrap_or_default() % bytes.len();
        match next() % 3 {
            0 => bytes[at] ^= u8::try_from(next() % 255 + 1).unwrap(),
            1 => bytes.truncate(at),
            _ => {
                let tail = bytes.split_off(at);
                bytes.extend(&tail[tail.len() / 2..]);
            }
        }
        let told = receive(&keep, &settings(), &secrets(), &query, &bytes, now).await;
        // A change outside what is signed may leave the push as it was.
        if told.is_ok() {
            assert_eq!(keep.ticket(COMPONENT).unwrap().unwrap().value, "T");
        }
        // Whatever can be sealed with the right key: the inside is read without trust, too.
        let inner: Vec<u8> = (0..next() % 80).map(|_| next().to_le_bytes()[0]).collect();
        let (query, body) = signed(&sealed(&inner, COMPONENT), now);
        let told = receive(&keep, &settings(), &secrets(), &query, body.as_bytes(), now).await;
        assert!(told.is_err());
    }
}

#[test]
fn an_encoding_key_may_end_in_bits_that_carry_nothing() {
    assert_eq!(crypt::key(KEY).unwrap()[31], 0x1f);
    let odd = format!("{}9", &KEY[..42]);
    assert_eq!(crypt::key(&odd).unwrap()[..31], crypt::key(KEY).unwrap()[..31]);
    for bad in ["", "short", &format!("{KEY}="), &KEY.replace('A', "!")] {
        assert!(crypt::key(bad).is_none(), "{bad}");
    }
}

#[test]
fn entities_are_not_expanded_and_depth_is_bounded() {
    let fields = xml::fields("<xml><a>1 &amp; &#x4e2d;</a><b><![CDATA[<c>]]></b><d/></xml>");
    let fields = fields.unwrap();
    assert_eq!((fields["a"].as_str(), fields["b"].as_str()), ("1 & 中", "<c>"));
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(20), "</a>".repeat(20));
    let many = format!("<xml>{}</xml>", "<a></a>".repeat(300));
    for bad in [
        "",
        "text",
        "<xml>",
        "<xml><a>&lol;</a></xml>",
        "<!DOCTYPE xml [<!ENTITY lol SYSTEM \"file:///etc/passwd\">]><xml><a>x</a></xml>",
        &deep,
        &many,
    ] {
        assert_eq!(xml::fields(bad), None, "{bad}");
    }
}
