//! What bytes is a letter on the wire? Headers, parts and signature.

use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};

use super::dkim::Signer;
use super::{Outgoing, SUBJECT_CHARS_MAX};
use crate::notify::clean::{self, clean_header_text, one_line};

/// The message's bytes with its envelope, or why none can be made.
///
/// `signer` = signed by DKIM (RFC 6376) over the headers that a reader sees and those that tell retries apart.
pub(super) fn message(
    from: &str,
    letter: &Outgoing,
    signer: Option<&Signer>,
) -> Result<(Address, Address, Vec<u8>), String> {
    let parse = |what: &str, text: &str| -> Result<Address, String> {
        let bare = clean::address(text).ok_or(format!("{what}地址有误"))?;
        bare.parse().map_err(|_| format!("{what}地址有误"))
    };
    let sender = parse("发件人", from)?;
    let recipient = parse("收件人", &letter.to)?;
    let name = from.rsplit_once('<').map(|(name, _)| clean_header_text(name));
    let name = name.map(|name| name.trim_matches('"').to_owned()).filter(|name| !name.is_empty());
    let domain = sender.domain().to_owned();
    let boundary =
        format!("freshd-{}", crate::notify::letter::hash_of([letter.message_id.as_str()]));
    let parts = MultiPart::alternative()
        .boundary(&boundary[..40])
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &letter.html));
    let parts = with_files(parts, letter, &boundary)?;
    let mut builder = Message::builder()
        .from(Mailbox::new(name, sender.clone()))
        .to(Mailbox::new(None, recipient.clone()))
        .subject(one_line(&letter.subject, SUBJECT_CHARS_MAX))
        .date(SystemTime::from(letter.date))
        .message_id(Some(one_line(&letter.message_id, SUBJECT_CHARS_MAX)))
        .raw_header(raw("X-Freshd-Reason", letter.reasons.join(",")))
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(raw("X-Auto-Response-Suppress", "All".to_owned()))
        .raw_header(raw("List-Id", format!("<freshd.{domain}>")));
    if is_digest(letter) {
        let way = format!("<mailto:{sender}?subject=unsubscribe>");
        builder = builder.raw_header(raw("List-Unsubscribe", way));
    }
    let mut built = builder.multipart(parts).map_err(|error| error.to_string())?;
    if let Some(signer) = signer {
        signer.sign(&mut built);
    }
    Ok((sender, recipient, built.formatted()))
}

/// The texts as they are, or with the files behind them.
fn with_files(texts: MultiPart, letter: &Outgoing, boundary: &str) -> Result<MultiPart, String> {
    if letter.attachments.is_empty() {
        return Ok(texts);
    }
    let whole = MultiPart::mixed().boundary(format!("mixed-{}", &boundary[..40]));
    letter.attachments.iter().try_fold(whole.multipart(texts), |whole, file| {
        let kind = ContentType::parse(&file.kind).map_err(|_| "附件类型有误".to_owned())?;
        let bytes = file.bytes().ok_or_else(|| "附件已损坏".to_owned())?;
        Ok(whole.singlepart(Attachment::new(file.name.clone()).body(bytes, kind)))
    })
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(&value, SUBJECT_CHARS_MAX))
}

/// A digest to the operators: the one kind that nobody depends on, so the one that offers to be left (RFC 2369). A letter to an owner never
/// does: who is responsible for an account cannot sign off.
fn is_digest(letter: &Outgoing) -> bool {
    letter.reasons == ["operator"]
}
