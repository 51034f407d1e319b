//! Which numbers has a spreadsheet program shortened? Those that a sheet's XML writes with an exponent and too few digits.
//!
//! `<v>1.23E+09</v>` was 1230000000, or 1234567890 before somebody saved it as it was shown; the reader of the workbook
//! gives the number and not its text, so the text is looked for beside it.

use std::collections::BTreeSet;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use crate::ledger::guard;

/// Unpacked so many bytes at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// Longest tag name and number that are looked at, bytes.
const WORD_BYTES_MAX: usize = 48;

/// The numbers (as bits) that are written so in a sheet of this workbook, which has passed [`guard::zip`].
///
/// By value and not by cell: a plain cell that holds the very same number is doubted with it.
pub(super) fn numbers(workbook: &[u8]) -> BTreeSet<u64> {
    let mut scan = Scan::default();
    for part in guard::sheets(workbook) {
        scan.begin();
        match part.packed {
            true => unpack(part.bytes, &mut |chunk| scan.take(chunk)),
            false => scan.take(part.bytes),
        }
    }
    scan.found
}

/// A part that is damaged ends early; the workbook's reader says so.
fn unpack(packed: &[u8], take: &mut dyn FnMut(&[u8])) {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let (mut rest, mut chunk) = (packed, vec![0; CHUNK_BYTES]);
    loop {
        let done = inflate(&mut state, rest, &mut chunk, MZFlush::None);
        take(&chunk[..done.bytes_written]);
        rest = &rest[done.bytes_consumed..];
        let goes_on = matches!(done.status, Ok(MZStatus::Ok) | Err(MZError::Buf));
        if !goes_on || done.bytes_written == 0 && done.bytes_consumed == 0 {
            return;
        }
    }
}

/// Reads XML for the text of `<v>` elements, whatever their prefix.
#[derive(Default)]
struct Scan {
    within: Within,
    word: Vec<u8>,
    found: BTreeSet<u64>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Text,
    Tag,
    Value,
}

impl Scan {
    fn begin(&mut self) {
        self.within = Within::Text;
        self.word.clear();
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match (self.within, byte) {
                (Within::Value, b'<') => {
                    let lost = std::str::from_utf8(&self.word).ok().and_then(lost);
                    self.found.extend(lost);
                    self.enter(Within::Tag);
                }
                (_, b'<') => self.enter(Within::Tag),
                (Within::Tag, b'>') => {
                    let value = is_value(&self.word);
                    self.enter(if value { Within::Value } else { Within::Text });
                }
                (Within::Text, _) => {}
                _ if self.word.len() < WORD_BYTES_MAX => self.word.push(*byte),
                _ => {}
            }
        }
    }

    fn enter(&mut self, within: Within) {
        self.within = within;
        self.word.clear();
    }
}

/// Does this tag open a `<v>` that has content?
fn is_value(tag: &[u8]) -> bool {
    let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    name == b"v" || name.ends_with(b":v") && !name.starts_with(b"/")
}

/// The number, if its text has an exponent and not all the digits that the number has before the point.
/// (Some programs write every large number so: `2.123456789E9` says all ten.)
fn lost(text: &str) -> Option<u64> {
    let text = text.trim();
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let exponent: usize = exponent.trim_start_matches('+').parse().ok()?;
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    (decimals < exponent).then(|| text.parse().ok().map(f64::to_bits))?
}

#[cfg(test)]
mod tests;
