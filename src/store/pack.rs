//! How do we make bytes few? What is long and repeats itself is kept deflated.
//!
//! sled caches and moves whole pages of sixteen values: with states and lists of posts as they come, a page
//! outgrows the cache's share for it and is read again for every poll.

use std::cell::RefCell;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Shorter bytes are kept as they are.
pub(crate) const PACK_BYTES_MIN: usize = 512;
/// The fastest level; the next one takes half as long again for a tenth less.
const LEVEL: i32 = 1;
/// Bits of the window; negative: no zlib header around the raw form.
const WINDOW_BITS: i32 = -15;
/// How the library names its ordinary strategy.
const STRATEGY: i32 = 0;

thread_local! {
    // Making one takes longer than using it.
    static DEFLATE: RefCell<Box<CompressorOxide>> = {
        let flags = create_comp_flags_from_zip_params(LEVEL, WINDOW_BITS, STRATEGY);
        RefCell::new(Box::new(CompressorOxide::new(flags)))
    };
    static INFLATE: RefCell<Box<DecompressorOxide>> = RefCell::default();
}

/// Appends the raw deflate (RFC 1951) form of `bytes` to `out`; `false`, and `out` as it was, if that is not shorter.
pub(crate) fn pack(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if bytes.len() < PACK_BYTES_MIN {
        return false;
    }
    let begun = out.len();
    // One byte less than there were: what does not fit in is not shorter.
    out.resize(begun + bytes.len() - 1, 0);
    let (ended, _, written) = DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        compress(deflate, bytes, &mut out[begun..], TDEFLFlush::Finish)
    });
    let shorter = ended == TDEFLStatus::Done;
    out.truncate(if shorter { begun + written } else { begun });
    out.shrink_to_fit();
    shorter
}

/// The `length` bytes that were packed; `None` if these are not they.
pub(crate) fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (ended, _, written) = INFLATE.with_borrow_mut(|inflate| {
        inflate.init();
        decompress(inflate, packed, &mut bytes, 0, flags)
    });
    (ended == TINFLStatus::Done && written == length).then_some(bytes)
}

#[cfg(test)]
mod tests;
