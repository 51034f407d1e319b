//! Is a table of contents read wholly or not at all?

use super::*;
use crate::app::apk::tests::archive;

#[test]
fn names_are_listed() {
    let file = archive(&["AndroidManifest.xml", "classes.dex", "res/图标.png"], 10);
    let end = end(&file).unwrap();
    assert_eq!(end.entries, 3);
    let directory = &file[end.directory as usize..(end.directory + end.size) as usize];
    let names = names(directory, 3).unwrap();
    assert_eq!(names[0], b"AndroidManifest.xml");
    assert_eq!(names[2], "res/图标.png".as_bytes());
}

#[test]
fn cut_and_foreign_bytes_give_nothing() {
    let file = archive(&["a", "b"], 10);
    let held = end(&file).unwrap();
    let directory = &file[held.directory as usize..(held.directory + held.size) as usize];
    for cut in 0..directory.len() {
        assert!(names(&directory[..cut], 2).is_none(), "{cut}");
    }
    assert!(names(directory, 3).is_none());
    assert!(names(directory, 1).is_none(), "a count that has wrapped");
    assert!(end(&file[..file.len() - 1]).is_none());
    for bytes in [&b""[..], b"PK", &[0; 100], END] {
        assert!(end(bytes).is_none());
    }
    let mut zip64 = file.clone();
    let at = zip64.len() - END_BYTES;
    zip64[at + 16..at + 20].fill(0xff);
    assert!(end(&zip64).is_none());
}
