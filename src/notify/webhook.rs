//! Did the group chat take it? A copy of a letter as 企业微信, 钉钉, 飞书 or a program of one's own understands it.
//!
//! Formats by the platforms' public documents on group robots. The address of a webhook holds its key and is never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_connectors::connector::Secret;
use freshd_connectors::http::{HttpClient, HttpErrorKind, Request, Response};
use freshd_core::{Timestamp, civil};
use ring::hmac;
use serde_json::{Value, json};
use url::Url;

use super::clean::one_line;
use super::smtp::Outcome;
use crate::config::{WebhookConfig, WebhookKind};
use crate::store::{Letter, LetterBody};

/// Messages that a robot takes in a minute (企业微信、钉钉: 20).
pub(super) const PER_MINUTE: u32 = 20;
/// Bytes of text that a robot takes: 企业微信 2,048; the others ten times as many.
const TEXT_BYTES_MAX: usize = 2_000;
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// Characters kept of an answer.
const REPLY_CHARS_MAX: usize = 200;

/// Shorter parts of an address are no keys.
const KEY_CHARS_MIN: usize = 8;

/// The way out to webhooks.
#[derive(Clone)]
pub struct Webhooks {
    http: HttpClient,
    hooks: Vec<WebhookConfig>,
}

impl Webhooks {
    /// Over the client that all else goes out by: the same refusal of private addresses, the same limits.
    pub fn new(http: HttpClient, hooks: Vec<WebhookConfig>) -> Self {
        Self { http, hooks }
    }

    /// Tells the webhook of that name. Never fails otherwise than by its outcome.
    pub(super) async fn send(
        &self,
        name: &str,
        letter: &Letter,
        body: &LetterBody,
        now: Timestamp,
    ) -> Outcome {
        let Some(hook) = self.hooks.iter().find(|hook| hook.name == name) else {
            return Outcome::Refused(format!("配置里已没有名为 {name} 的 webhook"));
        };
        let request = match request(hook, letter, body, now) {
            Ok(request) => request,
            Err(detail) => return Outcome::Deferred { detail, relay: false },
        };
        let keys = keys_of(&request.url);
        match self.http.at(now).send(request).await {
            // A gateway's page may repeat the address.
            Ok(response) => judge(hook.kind, &without(&keys, response)),
            // The error's own words may show the address, and the address is the key.
            Err(error) => {
                let detail = match error.kind {
                    HttpErrorKind::Refused => {
                        "地址不许访问(内网地址要写进 [net] allow_private)".to_owned()
                    }
                    HttpErrorKind::HostNotFound => "域名解析不到".to_owned(),
                    HttpErrorKind::ResolverDown => "域名解析不可用".to_owned(),
                    HttpErrorKind::TimedOut => "等待答复超时".to_owned(),
                    HttpErrorKind::Resting(_) => "对方要求稍后再来".to_owned(),
                    _ => "连不上,或答复中断".to_owned(),
                };
                Outcome::Deferred { detail, relay: false }
            }
        }
    }
}

fn request(
    hook: &WebhookConfig,
    letter: &Letter,
    body: &LetterBody,
    now: Timestamp,
) -> Result<Request, String> {
    let read = |file: &crate::config::SecretFile| file.text().map_err(|problem| problem.0);
    let address = hook.url.as_ref().ok_or("没有配置地址")?;
    let mut url = Url::parse(&read(address)?).map_err(|_| "地址文件里不是网址".to_owned())?;
    let loopback = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1"));
    if url.scheme() != "https" && hook.kind != WebhookKind::Json && !loopback {
        return Err("机器人的地址须以 https:// 开头".to_owned());
    }
    let secret = hook.secret.as_ref().map(read).transpose()?.map(Secret::new);
    let text = format!("{}\n{}", letter.subject, body.text);
    let content = cut(&text, TEXT_BYTES_MAX);
    let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut request = match hook.kind {
        WebhookKind::Wecom => {
            Request::post_json(url, &json!({"msgtype": "text", "text": {"content": content}}))
        }
        WebhookKind::Dingtalk => {
            if let Some(secret) = &secret {
                let at = now.timestamp_millis();
                let what = format!("{at}\n{}", secret.expose());
                let sign = STANDARD.encode(hmac::sign(&key(secret), what.as_bytes()));
                url.query_pairs_mut()
                    .append_pair("timestamp", &at.to_string())
                    .append_pair("sign", &sign);
            }
            Request::post_json(url, &json!({"msgtype": "text", "text": {"content": content}}))
        }
        WebhookKind::Feishu => {
            let mut value = json!({"msg_type": "text", "content": {"text": content}});
            if let Some(secret) = &secret {
                // The text to be signed is the key here, and nothing is the message.
                let at = now.timestamp().to_string();
                let what = Secret::new(format!("{at}\n{}", secret.expose()));
                value["sign"] = STANDARD.encode(hmac::sign(&key(&what), b"")).into();
                value["timestamp"] = at.into();
            }
            Request::post_json(url, &value)
        }
        WebhookKind::Json => {
            let value = json!({
                "v": 1,
                "id": letter.id,
                "at": civil::rfc3339(letter.created_at),
                "reasons": letter.reasons,
                "subject": letter.subject,
                "accounts": letter.accounts,
                "text": body.text,
            });
            let mut request = Request::post_json(url, &value);
            let sent = request.body.clone().unwrap_or_default();
            let at = now.timestamp().to_string();
            request = request.header("x-freshd-id", letter.id.clone());
            if let Some(secret) = &secret {
                let signed = [at.as_bytes(), b".", &sent].concat();
                let sign = hex(hmac::sign(&key(secret), &signed).as_ref());
                request = request.header("x-freshd-signature", format!("sha256={sign}"));
            }
            request.header("x-freshd-timestamp", at)
        }
    };
    request.body_bytes_max = ANSWER_BYTES_MAX;
    Ok(request)
}

/// What in an address is the key: the values of its query, and the long parts of its path.
fn keys_of(url: &Url) -> Vec<String> {
    let raw = url.query().unwrap_or_default().split('&');
    let raw = raw.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let path = url.path_segments().into_iter().flatten().map(str::to_owned);
    let path = path.filter(|part| part.len() >= KEY_CHARS_MIN);
    let mut keys: Vec<String> =
        url.query_pairs().map(|(_, value)| value.into_owned()).chain(raw).chain(path).collect();
    keys.retain(|key| key.len() >= KEY_CHARS_MIN);
    keys
}

fn without(keys: &[String], mut response: Response) -> Response {
    let said = String::from_utf8_lossy(&response.body).into_owned();
    let blanked = keys.iter().fold(said.clone(), |said, key| said.replace(key.as_str(), "…"));
    if blanked != said {
        response.body = blanked.into_bytes().into();
    }
    response
}

/// Robots answer 200 whatever came of it; the number inside says it.
fn judge(kind: WebhookKind, response: &Response) -> Outcome {
    let later = |detail: String| Outcome::Deferred { detail, relay: false };
    let words = one_line(&String::from_utf8_lossy(&response.body), REPLY_CHARS_MAX);
    let said = format!("HTTP {} {words}", response.status);
    match response.status {
        200..300 => {}
        408 | 429 | 500.. => return later(said),
        _ => return Outcome::Refused(said),
    }
    let (name, busy): (&str, &[i64]) = match kind {
        WebhookKind::Json => return Outcome::Accepted(said),
        // 45009: more than 20 a minute. -1: 系统繁忙.
        WebhookKind::Wecom => ("errcode", &[-1, 45009]),
        // 130101: more than 20 a minute. -1: 系统繁忙.
        WebhookKind::Dingtalk => ("errcode", &[-1, 130_101]),
        // 11232, 9499: too many. 19022 and the like (no right, bad signature) stay refusals.
        WebhookKind::Feishu => ("code", &[9499, 11232]),
    };
    let answer: Option<Value> = serde_json::from_slice(&response.body).ok();
    let code = answer.as_ref().and_then(|answer| {
        let held = answer.get(name).or_else(|| answer.get("StatusCode"));
        held.and_then(Value::as_i64)
    });
    match code {
        Some(0) => Outcome::Accepted(said),
        Some(code) if busy.contains(&code) => later(said),
        Some(_) => Outcome::Refused(said),
        // A page of a gateway, perhaps: nobody said that it was taken.
        None => later(format!("答复看不懂:{said}")),
    }
}

/// At most so many bytes, whole lines, and a word that there is more.
fn cut(text: &str, bytes_max: usize) -> String {
    const MORE: &str = "\n……(其余见系统)";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let room = bytes_max - MORE.len();
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= room).last().unwrap_or(0);
    let end = text[..end].rfind('\n').filter(|at| *at > 0).unwrap_or(end);
    format!("{}{MORE}", &text[..end])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
