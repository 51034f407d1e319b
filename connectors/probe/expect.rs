//! What must a probed address answer to count as working? Declared after `#`: `status=`, `text=`, `json=`.

use url::{Url, form_urlencoded};

use crate::connector::TargetProblem;
use crate::http::{Response, json};
use crate::page;

/// What the ledger declares of the answer; the default expects nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expect {
    /// This HTTP status, 100–599.
    pub status: Option<u16>,
    /// These words in the body.
    text: Option<String>,
    /// Something other than null or false at this JSON pointer (RFC 6901).
    pointer: Option<String>,
}

impl Expect {
    /// Takes what is declared off the address. A fragment that starts with `/` or `!`, or has no `=`, is a page's own.
    pub(super) fn take(url: &mut Url) -> Result<Self, TargetProblem> {
        let fragment = url.fragment().unwrap_or_default().to_owned();
        url.set_fragment(None);
        let mut expect = Self::default();
        if fragment.starts_with(['/', '!']) || !fragment.contains('=') {
            return Ok(expect);
        }
        let help = "例如 probe:https://www.example.gov.cn/api#status=200&text=在线咨询&json=/ok";
        for (key, value) in form_urlencoded::parse(fragment.as_bytes()) {
            let value = value.into_owned();
            match &*key {
                "status" => match value.parse() {
                    Ok(status @ 100..=599) => expect.status = Some(status),
                    _ => return Err(wrong(format!("状态码“{value}”不是 100 到 599 的数"), help)),
                },
                "text" if !value.trim().is_empty() => expect.text = Some(value),
                "json" if value.starts_with('/') => expect.pointer = Some(value),
                "json" => return Err(wrong(format!("JSON 指针“{value}”应以 / 开头"), help)),
                "text" => return Err(wrong("“text=”后面没有文字".to_owned(), help)),
                _ => return Err(wrong(format!("不认识的预期“{key}”"), help)),
            }
        }
        Ok(expect)
    }

    /// Does an answer that looks well keep what is declared? A page may be drawn by scripts, so words that it lacks
    /// prove nothing. `None` = nothing more to say.
    pub(super) fn broken_by(&self, response: &Response) -> Option<(Option<bool>, String)> {
        if let Some(status) = self.status.filter(|status| *status != response.status) {
            return Some((None, format!("回答 HTTP {},预期 {status}", response.status)));
        }
        let unsure = response.truncated || page::is_html(response);
        let proof = (!unsure).then_some(false);
        if let Some(text) = &self.text
            && !String::from_utf8_lossy(&response.body).contains(text.as_str())
        {
            return Some((proof, format!("回答里没有预期的文字“{text}”")));
        }
        let pointer = self.pointer.as_ref()?;
        let Ok(body) = json(response) else {
            return Some((None, format!("回答不是 JSON,找不到预期的 {pointer}")));
        };
        match body.pointer(pointer) {
            None => Some((proof, format!("回答里没有预期的 {pointer}"))),
            Some(value) if value.is_null() || value == false => {
                Some((proof, format!("预期的 {pointer} 是 {value}")))
            }
            Some(_) => None,
        }
    }
}

fn wrong(what: String, help: &str) -> TargetProblem {
    TargetProblem::new(what, help)
}
