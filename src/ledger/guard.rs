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

/// The last end record of the file.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_RECORD_BYTES)?;
    let first = last.saturating_sub(COMMENT_BYTES_MAX);
    (first..=last).rev().find(|at| bytes[*at..].starts_with(&END_RECORD))
}

/// Refuses every XLS: not yet bounded.
///
/// # Errors
/// Always.
pub(super) fn xls(file: &str, _bytes: &[u8]) -> Result<(), Problem> {
    Err(Problem::in_file(file, "是旧格式 XLS 或加了密码的表格", "用表格软件打开后另存为 XLSX"))
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
