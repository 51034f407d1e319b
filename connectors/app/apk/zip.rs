//! What does a ZIP file's table of contents list? Its end record and central directory (PKWARE
//! APPNOTE §4.3).

/// Where the table of contents lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Entries in it.
    pub(super) entries: usize,
    /// Its first byte, counted from the start of the file.
    pub(super) directory: u64,
    /// Its length in bytes; never 0.
    pub(super) size: u64,
}

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The end record, sought backwards from the last bytes of a file. `None` when there is none, or
/// when the file is ZIP64, whose real numbers stand elsewhere.
pub(super) fn end(tail: &[u8]) -> Option<End> {
    let last = tail.len().checked_sub(END_BYTES)?;
    let at = (0..=last).rev().find(|at| {
        let comment = u16_at(tail, at + 20).map(usize::from);
        tail[*at..].starts_with(END) && comment == Some(tail.len() - at - END_BYTES)
    })?;
    let entries = u16_at(tail, at + 10)?;
    let (size, directory) = (u32_at(tail, at + 12)?, u32_at(tail, at + 16)?);
    let plain = entries != u16::MAX && size != u32::MAX && directory != u32::MAX && size > 0;
    plain.then_some(End { entries: entries.into(), directory: directory.into(), size: size.into() })
}

/// The names in a table of contents; `None` unless it holds exactly so many entries.
pub(super) fn names(directory: &[u8], entries: usize) -> Option<Vec<&[u8]>> {
    let mut names = Vec::with_capacity(entries);
    let mut rest = directory;
    for _ in 0..entries {
        rest.strip_prefix(ENTRY)?;
        let length = |at| u16_at(rest, at).map(usize::from);
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        names.push(rest.get(ENTRY_BYTES..ENTRY_BYTES + name)?);
        rest = rest.get(ENTRY_BYTES + name + extra + comment..)?;
    }
    // More than was announced: the count has wrapped, and this is not the whole list.
    rest.is_empty().then_some(names)
}

#[cfg(test)]
mod tests;
