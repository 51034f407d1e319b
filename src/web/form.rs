//! What does a form bring? Fields of a page's form, with at most one file, bounded.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;

/// How long a body may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Largest form, bytes: a picture and what stands beside it.
pub(super) const FORM_BYTES_MAX: usize = 6 << 20;
/// Fields of a form.
const FIELDS_MAX: usize = 40;

/// The whole body, if it is no larger than that and comes in time.
pub(super) async fn bytes(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced = length.and_then(|length| length.parse::<usize>().ok());
    let too_large = || {
        let detail = format!("内容超过 {} KiB,请分几次送", most >> 10);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if announced.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let Ok(bytes) = tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, most)).await else {
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "内容没有及时送完"));
    };
    // Of what was announced and fits, only a broken connection stops the reading.
    bytes.map_err(|_| match announced {
        None => too_large(),
        Some(_) => Problem::new(StatusCode::BAD_REQUEST, "内容没有送完整"),
    })
}

/// A form that was sent.
#[derive(Debug, Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Name and bytes of the file, if one was chosen.
    pub file: Option<(String, Vec<u8>)>,
}

impl Form {
    /// A field, without space at its ends; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(held, _)| held == name).map_or("", |(_, text)| text.trim())
    }

    /// A field that says something.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// Reads a form as browsers send it: `application/x-www-form-urlencoded` or `multipart/form-data` (RFC 7578).
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        Self::read_most(headers, body, FORM_BYTES_MAX).await
    }

    /// The same, of at most so many bytes.
    pub(super) async fn read_most(
        headers: &HeaderMap,
        body: Body,
        most: usize,
    ) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let bytes = bytes(headers, body, most).await?;
        let form = match kind.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => {
                let pairs = url::form_urlencoded::parse(&bytes).into_owned();
                Some(Self { fields: pairs.take(FIELDS_MAX).collect(), file: None })
            }
            "multipart/form-data" => boundary_of(&kind).and_then(|mark| parts(&bytes, &mark)),
            _ => {
                let detail = "内容类型应为网页表单";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
            }
        };
        form.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "看不懂表单,请重新打开页面再提交"))
    }
}

fn boundary_of(kind: &str) -> Option<String> {
    let mark = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let mark = mark.trim_matches('"');
    (!mark.is_empty() && mark.len() <= 70).then(|| mark.to_owned())
}

/// The parts between the marks; `None` if they are not as they should be.
fn parts(body: &[u8], mark: &str) -> Option<Form> {
    let (open, between) = (format!("--{mark}"), format!("\r\n--{mark}"));
    let mut rest = body.strip_prefix(open.as_bytes())?;
    let mut form = Form::default();
    for _ in 0..FIELDS_MAX {
        if rest.starts_with(b"--") {
            return Some(form);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head = find(rest, b"\r\n\r\n")?;
        let end = find(&rest[head + 4..], between.as_bytes())? + head + 4;
        let (told, content) = (std::str::from_utf8(&rest[..head]).ok()?, &rest[head + 4..end]);
        form.take(told, content);
        rest = &rest[end + between.len()..];
    }
    None
}

impl Form {
    fn take(&mut self, head: &str, content: &[u8]) {
        let line = head.lines().find(|line| {
            line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
        });
        let Some(line) = line else { return };
        let Some(name) = quoted(line, "; name=\"") else { return };
        match quoted(line, "; filename=\"") {
            // A form in which no file was chosen sends one without name and bytes.
            Some(file) if !file.is_empty() && !content.is_empty() => {
                let plain = file.rsplit(['/', '\\']).next().unwrap_or_default();
                let plain = plain.chars().filter(|c| !c.is_control()).take(100).collect();
                self.file = Some((plain, content.to_vec()));
            }
            Some(_) => {}
            None => self.fields.push((name, String::from_utf8_lossy(content).into_owned())),
        }
    }
}

fn quoted(line: &str, key: &str) -> Option<String> {
    let rest = &line[line.find(key)? + key.len()..];
    Some(rest[..rest.find('"')?].to_owned())
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|held| held == mark)
}
