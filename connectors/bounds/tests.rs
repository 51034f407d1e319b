//! Are bombs of JSON refused before a value is made, and nothing else?

use super::*;

fn is_too_much(text: &str) -> bool {
    matches!(json(text.as_bytes()), Err(JsonError::TooMuch))
}

#[test]
fn bombs_are_refused_before_a_tree_is_built() {
    assert!(is_too_much(&"[".repeat(1 << 20)));
    assert!(is_too_much(&"{\"a\":".repeat(1 << 18)));
    assert!(is_too_much(&format!("[{}0]", "0,".repeat(VALUES_MAX))));
    assert!(is_too_much(&format!("[{}[]]", "[],".repeat(VALUES_MAX / 2))));
    assert!(is_too_much(&format!("{}1{}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1))));
}

#[test]
fn the_object_at_the_start_is_read() {
    for (text, held) in [
        ("{\"a\":{\"b\":\"}\\\"{\"}};x={};", Some("{\"a\":{\"b\":\"}\\\"{\"}}")),
        (" \n{} </script>", Some("{}")),
        ("{\"a\":1", None),
        ("[1]", None),
        ("", None),
        ("x{}", None),
    ] {
        let held = held.map(|held| json(held.as_bytes()).unwrap());
        assert_eq!(leading_object(text), held, "{text}");
    }
    assert_eq!(leading_object(&"{\"a\":".repeat(1000)), None);
}

#[test]
fn what_stands_in_text_does_not_count() {
    let deep = format!("{}1{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
    assert!(json(deep.as_bytes()).is_ok());
    let text = format!("\"{}\\\"{}\\\\\"", "[{,".repeat(VALUES_MAX), ",".repeat(VALUES_MAX));
    assert!(json(text.as_bytes()).is_ok());
    let many = format!("[{}0]", "0,".repeat(VALUES_MAX - 3));
    assert!(json(many.as_bytes()).is_ok());
    for broken in ["", "]", "\"", "{", "[1,]"] {
        assert!(matches!(json(broken.as_bytes()), Err(JsonError::Broken(_))), "{broken}");
    }
}
