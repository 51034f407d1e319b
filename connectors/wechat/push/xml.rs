//! Which fields does a push carry? Flat XML, read without trust: bounded, and no entity is ever expanded.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Levels of nesting that are walked; fields stand on the second.
const DEPTH_MAX: usize = 8;
/// Elements at most.
const ELEMENTS_MAX: usize = 200;

/// The children of the root with their text; what is nested deeper is passed over. `None` for anything that is not
/// well-formed, too deep, too many, or declares a document type.
pub(super) fn fields(text: &str) -> Option<BTreeMap<String, String>> {
    let mut reader = Reader::from_str(text);
    let mut found = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut elements = 0;
    loop {
        let on_field = open.len() == 2;
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                elements += 1;
                open.push(tag.name().as_ref().to_owned());
                if open.len() > DEPTH_MAX || elements > ELEMENTS_MAX {
                    return None;
                }
                if open.len() == 2 {
                    value.clear();
                }
            }
            Event::Empty(_) => elements += 1,
            Event::End(_) => {
                let name = open.pop()?;
                if on_field {
                    found.insert(name, std::mem::take(&mut value));
                }
            }
            Event::Text(text) if on_field => value.push_str(&text),
            Event::CData(text) if on_field => value.push_str(&text),
            Event::GeneralRef(named) if on_field => value.push(character(&named)?),
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    (open.is_empty() && elements > 0).then_some(found)
}

/// One of the five characters that XML itself names, or a number.
fn character(named: &BytesRef<'_>) -> Option<char> {
    if let Some(character) = named.resolve_char_ref().ok()? {
        return Some(character);
    }
    Some(match &**named {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}
