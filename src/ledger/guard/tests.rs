//! Bombs and look-alikes, made by patching a real workbook's directory.

use super::*;
use crate::ledger::samples::Build;
use crate::ledger::table::read;

fn workbook() -> Vec<u8> {
    let mut build = Build::new();
    build.sheet("台账").row(&["账号名称", "平台", "主办单位"]);
    for n in 0..2000 {
        build.row(&[&format!("账号{n}"), "微博", "茂名市政府"]);
    }
    build.bytes()
}

/// Offsets of the directory's entries.
fn entries(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(&DIRECTORY_ENTRY)).collect()
}

fn patched(change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = workbook();
    change(&mut bytes);
    bytes
}

fn entry_patched(name: &str, offset: usize, value: u32) -> Vec<u8> {
    patched(|bytes| {
        let named = |at: &usize| bytes[at + ENTRY_BYTES..].starts_with(name.as_bytes());
        let at = entries(bytes).into_iter().find(named).unwrap();
        put_u32(bytes, at + offset, value);
    })
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_plain_workbook_passes() {
    zip("a.xlsx", &workbook()).unwrap();
    assert_eq!(read("a.xlsx", &workbook()).unwrap().sheets[0].rows.len(), 2001);
}

#[test]
fn a_bomb_is_refused_before_it_is_opened() {
    for (bytes, word) in [
        (entry_patched("xl/worksheets/sheet1.xml", 24, 600 << 20), "解压后过大"),
        (entry_patched("xl/worksheets/sheet1.xml", 24, 150 << 20), "压缩比"),
        (entry_patched("xl/sharedStrings.xml", 24, 60 << 20), "sharedstrings"),
        (entry_patched("xl/worksheets/sheet1.xml", 20, 9 << 20), "重叠"),
        (entry_patched("xl/worksheets/sheet1.xml", 8, 1), "密码"),
        (patched(|it| it.truncate(it.len() - 30)), "损坏"),
        (
            patched(|it| {
                let end = end_record(it).unwrap();
                it[end + 10] = 201;
            }),
            "部件过多",
        ),
    ] {
        let told = read("炸弹.xlsx", &bytes).unwrap_err();
        assert!(told.what.contains(word), "{told} should say {word}");
    }
}

/// The directory says that the sheet is small; unpacking stops there instead of believing the stream.
#[test]
fn a_lie_about_the_size_is_caught_while_unpacking() {
    let bytes = patched(|it| {
        for at in entries(it) {
            let small = 64_u32;
            put_u32(it, at + 24, small);
        }
    });
    assert!(read("谎.xlsx", &bytes).unwrap_err().what.contains("损坏"));
}

#[test]
fn a_zip_that_is_no_workbook_is_named_so() {
    let bytes = patched(|it| {
        for at in 0..it.len() - 3 {
            if &it[at..at + 3] == b"xl/" {
                it[at..at + 3].copy_from_slice(b"ab/");
            }
        }
    });
    assert!(read("包.zip", &bytes).unwrap_err().what.contains("不是 XLSX"));
}
