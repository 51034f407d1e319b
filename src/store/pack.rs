//! How do we make bytes few? What is long and repeats itself is kept deflated.
//!
//! sled caches and moves whole pages of sixteen values: with states and lists of posts as they come, a page
//! outgrows the cache's share for it and is read again for every poll.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Shorter bytes are kept as they are.
pub(crate) const PACK_BYTES_MIN: usize = 512;

thread_local! {
    // Making one takes longer than using it.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Appends the raw deflate (RFC 1951) form of `bytes` to `out`; `false`, and `out` as it was, if that is not shorter.
pub(crate) fn pack(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if bytes.len() < PACK_BYTES_MIN {
        return false;
    }
    let begun = out.len();
    out.reserve_exact(bytes.len());
    let limit = begun + bytes.len();
    let ended = DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        // `compress_vec` writes into what is reserved and no further.
        deflate.compress_vec(bytes, out, FlushCompress::Finish)
    });
    let shorter = matches!(ended, Ok(Status::StreamEnd)) && out.len() < limit;
    if !shorter {
        out.truncate(begun);
    }
    shorter
}

/// The `length` bytes that were packed; `None` if these are not they.
pub(crate) fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    let ended = INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(false);
        inflate.decompress_vec(packed, &mut bytes, FlushDecompress::Finish)
    });
    let whole = matches!(ended, Ok(Status::StreamEnd)) && bytes.len() == length;
    whole.then_some(bytes)
}

#[cfg(test)]
mod tests;
