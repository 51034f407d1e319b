//! Which files are taken as showing something?

use super::*;

#[test]
fn pictures_pdf_and_words_are_taken() {
    let gbk = GB18030.encode("逐条看过,没有更新").0.into_owned();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("看过".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let long = format!("a{}", "长".repeat(TEXT_LOOKED_AT));
    let files: [&[u8]; 9] = [
        b"\x89PNG\r\n\x1a\n\0\0",
        b"\xff\xd8\xff\xe0\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\0\0\0\x18ftypheic\0",
        b"%PDF-1.7\n\xe2",
        "看过".as_bytes(),
        &gbk,
        &utf16,
        long.as_bytes(),
    ];
    for file in files {
        assert_eq!(admit("f", file), Ok(()), "{:?}", &file[..file.len().min(12)]);
    }
}

#[test]
fn nothing_and_noise_are_refused_in_words() {
    let files: [&[u8]; 6] =
        [b"", b"  \n", b"\x7fELF\x02\x01\x01\0", b"PK\x03\x04\x14\0\x06\0", &[0; 40], b"---"];
    for file in files {
        let why = admit("emptyshot.png", file).unwrap_err();
        assert!(why.contains("emptyshot.png") && why.contains("请附"), "{why}");
    }
}
