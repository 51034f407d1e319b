//! What goes along with a manifest's request? Nothing, a JSON document or a form, with its templates filled.

use url::Url;

use crate::extract::template::{Pieces, Template};
use crate::http::Request;
use crate::manifest::Body;

/// The request for an address: a GET, or a POST of the body.
pub(super) fn request(url: Url, body: Option<&Body>, pieces: &Pieces) -> Request {
    match body {
        Some(Body::Json(body)) => Request::post_json(url, &filled(body, pieces)),
        Some(Body::Form(fields)) => {
            let field = |(name, value): &(String, Template)| (name.clone(), value.plain(pieces));
            Request::post_form(url, &fields.iter().map(field).collect::<Vec<_>>())
        }
        None => Request::get(url),
    }
}

/// The body with its templates filled; a text that is only `{page}` becomes a number.
fn filled(body: &serde_json::Value, pieces: &Pieces) -> serde_json::Value {
    use serde_json::Value;
    match body {
        Value::String(text) if text == "{page}" => {
            let page = pieces.get("page").and_then(|page| page.parse::<u64>().ok());
            page.map_or(Value::Null, Value::from)
        }
        Value::String(text) => {
            let template = Template::parse(text).expect("it was read when the manifest was loaded");
            Value::String(template.plain(pieces))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, pieces)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.clone(), filled(value, pieces));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}
