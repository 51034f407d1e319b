//! May a tree be built of this JSON? One pass over the bytes, before any value is made.
//!
//! Eight bytes of JSON may become a value of dozens: 8 MiB of `[0,0,…` would be 128 MiB. No answer that a
//! connector reads comes near these limits.

use serde_json::Value;

/// Lists and objects within each other at most.
const DEPTH_MAX: usize = 96;

/// Values in one document at most.
pub(crate) const VALUES_MAX: usize = 200_000;

/// Why no tree was built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// Too many values, or nested too deeply.
    #[error("条目超过 {VALUES_MAX} 个或嵌套超过 {DEPTH_MAX} 层")]
    TooMuch,
    /// Not JSON.
    #[error("{0}")]
    Broken(#[from] serde_json::Error),
}

/// Reads a document within the limits.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, JsonError> {
    match within(bytes) {
        true => Ok(serde_json::from_slice(bytes)?),
        false => Err(JsonError::TooMuch),
    }
}

/// The object that a text begins with, whatever follows it, within the limits.
pub(crate) fn leading_object(text: &str) -> Option<Value> {
    let text = text.trim_start();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return json(&text.as_bytes()[..=at]).ok().filter(Value::is_object);
        }
    }
    None
}

/// Is it within the limits? Whatever is no JSON is left to the parser.
fn within(bytes: &[u8]) -> bool {
    let (mut depth, mut values, mut quoted, mut escaped) = (0_usize, 1_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                values += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX || values > VALUES_MAX {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
