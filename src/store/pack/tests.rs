//! Does what is packed come back, and is nothing else taken for it?

use super::*;

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![7];
    let shorter = pack(bytes, &mut out);
    assert_eq!(out[0], 7, "what was there stays");
    assert!(shorter || out.len() == 1, "nothing is left of what did not help");
    shorter.then(|| out.split_off(1))
}

/// Bytes that do not repeat themselves.
fn noise(length: usize) -> Vec<u8> {
    let word = |n: usize| freshd_core::id::stable_hash(&[&n.to_be_bytes()]).to_be_bytes();
    (0..length.div_ceil(8)).flat_map(word).take(length).collect()
}

#[test]
fn what_is_packed_comes_back() {
    for length in [PACK_BYTES_MIN, 5_000, 100_000, 3 << 20] {
        let text = "政务公开 ".repeat(length / 13 + 1).into_bytes();
        let packed = packed(&text).unwrap();
        assert!(packed.len() * 4 < text.len());
        assert_eq!(unpack(&packed, text.len()).unwrap(), text);
    }
}

#[test]
fn what_is_short_or_does_not_shrink_is_left() {
    assert_eq!(packed(&[0; PACK_BYTES_MIN - 1]), None);
    assert_eq!(packed(&noise(20_000)), None);
}

#[test]
fn damage_is_no_content() {
    let text = "公开".repeat(1_000).into_bytes();
    let good = packed(&text).unwrap();
    assert_eq!(unpack(&good[..good.len() - 1], text.len()), None, "cut");
    assert_eq!(unpack(&good, text.len() - 1), None, "longer than said");
    assert_eq!(unpack(&good, text.len() + 1), None, "shorter than said");
    assert_eq!(unpack(&[], 0), None);
    assert_eq!(unpack(&noise(300), 4_000), None);
    assert_eq!(unpack(&good, text.len()).unwrap(), text, "and the next one is read as ever");
}
