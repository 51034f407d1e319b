//! Which files are taken as showing something?

use super::*;

const PNG: &[u8] = include_bytes!("../../../demo/screenshot.png");
/// A frame of one point, a scan and an end.
const JPEG: &[u8] =
    b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xda\0\x02\x3f\xff\xd9";
const WEBP: &[u8] = b"RIFF\x10\0\0\0WEBPVP8L\x04\0\0\0\x2f\0\0\0";

#[test]
fn pictures_and_pdf_show_something() {
    let gif = b"GIF89a\x01\0\x01\0\0\0\0,\0\0;";
    for file in [PNG, JPEG, WEBP, gif, b"%PDF-1.7\n\xe2\nstartxref\n%%EOF\n"] {
        assert_eq!(admit("f", file), Ok(Worth::Shows), "{:?}", &file[..file.len().min(12)]);
    }
    for file in [PNG, JPEG, WEBP] {
        assert_eq!(admit_picture("f", file), Ok(()));
    }
}

#[test]
fn a_text_is_kept_and_shows_nothing() {
    let gbk = GB18030.encode("逐条看过,没有更新").0.into_owned();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("看过".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let long = format!("a{}", "长".repeat(TEXT_LOOKED_AT));
    for file in ["看过".as_bytes(), &gbk, &utf16, long.as_bytes(), b"BM is no picture"] {
        assert_eq!(admit("说明.txt", file), Ok(Worth::Words), "{:?}", &file[..file.len().min(12)]);
        let why = admit("shot.PNG", file).unwrap_err();
        assert!(why.contains("不是图片"), "{why}");
    }
}

#[test]
fn what_begins_like_a_picture_and_is_cut_is_told() {
    let cut = |file: &[u8]| file[..file.len() - 3].to_vec();
    let nothing: &[u8] = b"\x89PNG\r\n\x1a\n";
    let flat = [&PNG[..16], &[0; 8], &PNG[24..]].concat();
    let short_pdf: &[u8] = b"%PDF-1.7\n";
    for file in [nothing.to_vec(), flat, cut(JPEG), cut(WEBP), short_pdf.to_vec()] {
        assert!(matches!(admit("shot.png", &file), Ok(Worth::ShowsPerhaps(_))), "{file:?}");
        // On a page nobody is there to be told: it is refused.
        assert!(admit_picture("shot.png", &file).is_err());
    }
}

#[test]
fn nothing_and_noise_are_refused_in_words() {
    let files: [&[u8]; 6] = [
        b"",
        b"  \n",
        b"\x7fELF\x02\x01\x01\0",
        b"PK\x03\x04\x14\0\x06\0",
        &[0; 40],
        b"\x01\x02\x03",
    ];
    for file in files {
        let why = admit("emptyshot.png", file).unwrap_err();
        assert!(why.contains("emptyshot.png") && why.contains("请附"), "{why}");
    }
}
