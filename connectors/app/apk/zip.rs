//! What does a ZIP file's table of contents list? Its end record, also that of ZIP64, and central
//! directory (PKWARE APPNOTE §4.3).

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

const START: &[u8] = b"PK\x03\x04";
const START_NAME_LENGTH: usize = 26;
const START_BYTES: usize = 30;
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const END_BYTES: usize = 22;
const END64_BYTES: usize = 56;
const LOCATOR64_BYTES: usize = 20;
const ENTRY_BYTES: usize = 46;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// The end record, sought backwards from the last bytes of a file, which begin at byte `from` of it.
/// `None` when there is none, or when it says something impossible.
pub(super) fn end(tail: &[u8], from: u64) -> Option<End> {
    let last = tail.len().checked_sub(END_BYTES)?;
    let at = (0..=last).rev().find(|at| {
        let comment = u16_at(tail, at + 20).map(usize::from);
        tail[*at..].starts_with(END) && comment == Some(tail.len() - at - END_BYTES)
    })?;
    let entries = u16_at(tail, at + 10)?;
    let (size, directory) = (u32_at(tail, at + 12)?, u32_at(tail, at + 16)?);
    let plain = entries != u16::MAX && size != u32::MAX && directory != u32::MAX && size > 0;
    let end = match plain {
        true => End { entries: entries.into(), directory: directory.into(), size: size.into() },
        false => end64(tail, at, from)?,
    };
    // An entry has at least 46 bytes, and the directory lies before its end record.
    let possible = end.size >= (end.entries as u64).checked_mul(ENTRY_BYTES as u64)?
        && end.directory.checked_add(end.size)? <= from.checked_add(at as u64)?;
    (possible && end.size > 0).then_some(end)
}

/// The end record of ZIP64: the locator before the plain record (at `at`) says where it stands, which is
/// within these last bytes wherever no huge extension was put between.
fn end64(tail: &[u8], at: usize, from: u64) -> Option<End> {
    let locator = at.checked_sub(LOCATOR64_BYTES)?;
    tail[locator..].starts_with(LOCATOR64).then_some(())?;
    let record = usize::try_from(u64_at(tail, locator + 8)?.checked_sub(from)?).ok()?;
    let fits = record.checked_add(END64_BYTES)? <= locator && tail[record..].starts_with(END64);
    fits.then_some(())?;
    let entries = usize::try_from(u64_at(tail, record + 32)?).ok()?;
    let (size, directory) = (u64_at(tail, record + 40)?, u64_at(tail, record + 48)?);
    Some(End { entries, directory, size })
}

/// The names of entries that begin within these first bytes (PKWARE APPNOTE §4.3.7).
pub(super) fn started(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let marks = bytes.windows(START.len()).enumerate().filter(|(_, mark)| *mark == START);
    marks.filter_map(|(at, _)| {
        let length = usize::from(u16_at(bytes, at + START_NAME_LENGTH)?);
        let name = bytes.get(at + START_BYTES..at + START_BYTES + length)?;
        name.iter().all(|byte| *byte >= b' ').then_some(name)
    })
}

/// The names in a table of contents; `None` unless it holds exactly so many entries.
pub(super) fn names(directory: &[u8], entries: usize) -> Option<Vec<&[u8]>> {
    // The count is only believed once the bytes are there.
    let mut names = Vec::with_capacity(entries.min(directory.len() / ENTRY_BYTES));
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
