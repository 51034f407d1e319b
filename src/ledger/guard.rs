//! Is this workbook safe to open? Sizes are read from its directory before anything is unpacked.
//!
//! Later lies are caught too: the unpacker stops at the size that the directory declares.

use crate::config::problem::Problem;

/// Most parts of an XLSX.
const ENTRIES_MAX: usize = 200;
/// Most bytes when unpacked, together.
const UNPACKED_MAX: u64 = 200 << 20;
/// Most bytes when unpacked of a part that is read whole (strings, styles), where each byte costs several.
const WHOLE_PART_MAX: u64 = 50 << 20;
/// Most bytes unpacked per byte packed.
const RATIO_MAX: u64 = 100;
/// Below this size a high ratio harms nobody.
const RATIO_FROM: u64 = 1 << 20;

/// First bytes of the container that holds an XLS or a password-protected workbook.
pub(super) const CFB_MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

const END_RECORD: [u8; 4] = [0x50, 0x4b, 5, 6];
const DIRECTORY_ENTRY: [u8; 4] = [0x50, 0x4b, 1, 2];
const END_RECORD_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
const COMMENT_BYTES_MAX: usize = 65_535;

/// Reads a ZIP's central directory and refuses a bomb, a lock, and what is no XLSX.
///
/// # Errors
/// The reason, in words.
pub(super) fn zip(file: &str, bytes: &[u8]) -> Result<(), Problem> {
    let bomb = |what: String| {
        Problem::in_file(file, what, "这不像一份台账;用表格软件打开后只保留台账,另存为 XLSX")
    };
    let damaged = || Problem::in_file(file, "XLSX 文件不完整或已损坏", "重新传输,或另存为 XLSX");
    let end = end_record(bytes).ok_or_else(damaged)?;
    let entries = usize::from(u16_at(bytes, end + 10).ok_or_else(damaged)?);
    let mut at = u32_at(bytes, end + 16).ok_or_else(damaged)? as usize;
    if entries == 0xffff || at == 0xffff_ffff || entries > ENTRIES_MAX {
        return Err(bomb(format!("内含的部件过多,上限 {ENTRIES_MAX} 个")));
    }
    let (mut packed, mut unpacked, mut is_workbook) = (0_u64, 0_u64, false);
    for _ in 0..entries {
        let entry = bytes.get(at..at + ENTRY_BYTES).ok_or_else(damaged)?;
        if entry[..4] != DIRECTORY_ENTRY {
            return Err(damaged());
        }
        if entry[8] & 1 == 1 {
            return Err(locked(file));
        }
        let field = |offset: usize| u32_at(entry, offset).map(u64::from).ok_or_else(damaged);
        let length = |offset: usize| u16_at(entry, offset).map(usize::from).ok_or_else(damaged);
        let (small, large) = (field(20)?, field(24)?);
        let name_end = at + ENTRY_BYTES + length(28)?;
        let name = bytes.get(at + ENTRY_BYTES..name_end).ok_or_else(damaged)?;
        let name = String::from_utf8_lossy(name).to_lowercase();
        is_workbook |= name.starts_with("xl/") || name.starts_with("xl\\");
        if !name.contains("worksheets") && large > WHOLE_PART_MAX {
            return Err(bomb(format!("解压后过大({} MiB 的 {name})", large >> 20)));
        }
        packed = packed.saturating_add(small);
        unpacked = unpacked.saturating_add(large);
        at = name_end + length(30)? + length(32)?;
    }
    if !is_workbook {
        let help = "请直接给出台账文件(XLSX 或 CSV),不要压缩打包";
        return Err(Problem::in_file(file, "是压缩包或别的文档,不是 XLSX", help));
    }
    if unpacked > UNPACKED_MAX {
        return Err(bomb(format!("解压后过大({} MiB),上限 200 MiB", unpacked >> 20)));
    }
    if packed > bytes.len() as u64 {
        return Err(bomb("各部件相互重叠".to_owned()));
    }
    if unpacked > RATIO_FROM && unpacked / packed.max(1) > RATIO_MAX {
        return Err(bomb(format!("压缩比过高(超过 {RATIO_MAX} 倍)")));
    }
    Ok(())
}

/// One part of a workbook as it lies in the file.
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Deflated, or as it is.
    pub(super) packed: bool,
}

/// The sheets of a workbook that has passed [`zip`]; parts that do not lie where the directory says are left out.
pub(super) fn sheets(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let end = end_record(bytes);
    let Some((entries, mut at)) =
        end.and_then(|end| Some((u16_at(bytes, end + 10)?, u32_at(bytes, end + 16)? as usize)))
    else {
        return found;
    };
    for _ in 0..entries {
        let Some((name, part, next)) = entry(bytes, at) else { break };
        if String::from_utf8_lossy(name).to_lowercase().contains("worksheets") {
            found.extend(part);
        }
        at = next;
    }
    found
}

/// An entry of the directory: its name, the part that it names, and where the next entry begins.
fn entry(bytes: &[u8], at: usize) -> Option<(&[u8], Option<Part<'_>>, usize)> {
    let length = |offset: usize| u16_at(bytes, at + offset).map(usize::from);
    let name_end = at + ENTRY_BYTES + length(28)?;
    let name = bytes.get(at + ENTRY_BYTES..name_end)?;
    let next = name_end + length(30)? + length(32)?;
    let local = u32_at(bytes, at + 42)? as usize;
    let part = || {
        let length = |offset: usize| u16_at(bytes, local.checked_add(offset)?).map(usize::from);
        let from = local + LOCAL_BYTES + length(26)? + length(28)?;
        let held = bytes.get(from..from.checked_add(u32_at(bytes, at + 20)? as usize)?)?;
        Some(Part { bytes: held, packed: u16_at(bytes, at + 10)? != 0 })
    };
    Some((name, part(), next))
}

/// The last end record of the file.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_RECORD_BYTES)?;
    let first = last.saturating_sub(COMMENT_BYTES_MAX);
    (first..=last).rev().find(|at| bytes[*at..].starts_with(&END_RECORD))
}

/// The container of old XLS files and of locked workbooks. XLS is not read: its readers follow chains and sizes that
/// the file makes up, and nothing bounds their memory.
pub(super) fn old_or_locked(file: &str, bytes: &[u8]) -> Problem {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(name.len()).any(|window| window == name) {
        return locked(file);
    }
    Problem::in_file(file, "是旧格式 XLS,不读取", "用表格软件打开后另存为 XLSX")
}

fn locked(file: &str) -> Problem {
    Problem::in_file(file, "文件加了密码", "去掉密码后另存为 XLSX")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([pair[0], pair[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests;
