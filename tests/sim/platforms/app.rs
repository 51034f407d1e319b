//! What lies behind a download link? A real small package with ranges, or the landing page that replaced it.

use std::sync::OnceLock;

use bytes::Bytes;

use super::ask::{Ask, Reply};
use crate::world::Account;

/// Bytes of `classes.dex`: real packages are never tiny.
const DEX_BYTES: usize = 160 * 1024;

pub(super) fn answer(account: &Account, ask: &Ask<'_>) -> Reply {
    let Some(app) = account.app().filter(|app| app.apk) else {
        return Reply::page(404, "404 Not Found", "");
    };
    if app.apk_page_at.is_some_and(|since| since <= ask.as_of) {
        let text = "<p>安卓版已下线，请到政务服务大厅办理</p>";
        return Reply::page(200, &format!("{}下载", account.name), text);
    }
    let whole = package();
    let kind = "application/vnd.android.package-archive";
    let range = ask.range.and_then(|text| parse_range(text, whole.len()));
    match range {
        Some((from, to)) => {
            let shown = format!("bytes {from}-{}/{}", to - 1, whole.len());
            Reply::new(206, kind, whole.slice(from..to))
                .with("content-range", shown)
                .with("accept-ranges", "bytes")
        }
        None => Reply::new(200, kind, whole).with("accept-ranges", "bytes"),
    }
}

/// `bytes=A-B`, `bytes=A-` or `bytes=-N` as `from..to`.
fn parse_range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from, to) {
        ("", last) => (length.saturating_sub(last.parse().ok()?), length),
        (from, "") => (from.parse().ok()?, length),
        (from, to) => (from.parse().ok()?, to.parse::<usize>().ok()?.saturating_add(1).min(length)),
    };
    (from < to).then_some((from, to))
}

/// A ZIP of stored entries with a central directory, made once.
fn package() -> Bytes {
    static PACKAGE: OnceLock<Bytes> = OnceLock::new();
    PACKAGE.get_or_init(build).clone()
}

fn build() -> Bytes {
    let dex = vec![0_u8; DEX_BYTES];
    let files: [(&str, &[u8]); 3] = [
        ("AndroidManifest.xml", b"\x03\x00\x08\x00simulated"),
        ("classes.dex", &dex),
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
    ];
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = short(body.len());
        let size = short(content.len()).to_le_bytes();
        let name_length = u16::try_from(name.len()).expect("a short name").to_le_bytes();
        // Version 20, no flags, stored, 1980-01-01.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc32(content).to_le_bytes());
        common.extend([size, size].concat());
        common.extend(name_length);
        common.extend([0, 0]);
        body.extend(b"PK\x03\x04");
        body.extend(&common);
        body.extend(name.as_bytes());
        body.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = (short(body.len()), short(directory.len()));
    body.extend(directory);
    body.extend(b"PK\x05\x06\x00\x00\x00\x00\x03\x00\x03\x00");
    body.extend(length.to_le_bytes());
    body.extend(start.to_le_bytes());
    body.extend([0, 0]);
    Bytes::from(body)
}

fn short(length: usize) -> u32 {
    u32::try_from(length).expect("the package is small")
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
