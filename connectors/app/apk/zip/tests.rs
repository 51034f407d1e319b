//! Is a table of contents read wholly or not at all?

use super::*;
use crate::app::apk::tests::archive;

#[test]
fn names_are_listed() {
    let file = archive(&["AndroidManifest.xml", "classes.dex", "res/图标.png"], 10);
    let end = end(&file, 0).unwrap();
    assert_eq!(end.entries, 3);
    let directory = &file[end.directory as usize..(end.directory + end.size) as usize];
    let names = names(directory, 3).unwrap();
    assert_eq!(names[0], b"AndroidManifest.xml");
    assert_eq!(names[2], "res/图标.png".as_bytes());
}

#[test]
fn cut_and_foreign_bytes_give_nothing() {
    let file = archive(&["a", "b"], 10);
    let held = end(&file, 0).unwrap();
    let directory = &file[held.directory as usize..(held.directory + held.size) as usize];
    for cut in 0..directory.len() {
        assert!(names(&directory[..cut], 2).is_none(), "{cut}");
    }
    assert!(names(directory, 3).is_none());
    assert!(names(directory, 1).is_none(), "a count that has wrapped");
    assert!(end(&file[..file.len() - 1], 0).is_none());
    for bytes in [&b""[..], b"PK", &[0; 100], END] {
        assert!(end(bytes, 0).is_none());
    }
    let mut zip64 = file.clone();
    let at = zip64.len() - END_BYTES;
    zip64[at + 16..at + 20].fill(0xff);
    assert!(end(&zip64, 0).is_none());
}

/// The same file with an end record of ZIP64, its plain one all markers.
fn as_zip64(file: &[u8], held: End) -> Vec<u8> {
    let plain = file.len() - END_BYTES;
    let mut out = file[..plain].to_vec();
    let record = out.len() as u64;
    out.extend(END64);
    out.extend(44_u64.to_le_bytes());
    out.extend([0; 12]);
    for number in [held.entries as u64, held.entries as u64, held.size, held.directory] {
        out.extend(number.to_le_bytes());
    }
    out.extend(LOCATOR64);
    out.extend([0; 4]);
    out.extend(record.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out.extend(END);
    out.extend([0; 4]);
    out.extend([0xff; 12]);
    out.extend([0, 0]);
    out
}

#[test]
fn zip64_says_its_numbers_elsewhere() {
    let file = archive(&["AndroidManifest.xml", "classes.dex"], 5000);
    let held = end(&file, 0).unwrap();
    let large = as_zip64(&file, held);
    assert_eq!(end(&large, 0), Some(held));
    let from = 4000;
    assert_eq!(end(&large[from..], from as u64), Some(held), "offsets count from the file's start");
    assert_eq!(
        end(&large[large.len() - 60..], (large.len() - 60) as u64),
        None,
        "its record is cut"
    );
    for at in large.len() - END_BYTES - LOCATOR64_BYTES - END64_BYTES..large.len() - END_BYTES {
        let mut broken = large.clone();
        broken[at] ^= 0xff;
        let _ = end(&broken, 0);
        let _ = end(&broken, u64::MAX);
    }
}

#[test]
fn impossible_numbers_are_refused() {
    let file = archive(&["a", "b"], 10);
    let at = file.len() - END_BYTES;
    for (offset, bytes) in [
        (10, &[0xfe, 0xff][..]),
        (12, &[0xfe, 0xff, 0xff, 0xff]),
        (16, &[0xfe, 0xff, 0xff, 0xff]),
        (12, &[0, 0, 0, 0]),
    ] {
        let mut broken = file.clone();
        broken[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
        assert_eq!(end(&broken, 0), None, "{offset}");
    }
    assert_eq!(names(&[], usize::MAX), None);
}
