//! Which kind of picture is this, and is it whole? By the structure that each format has; the image itself is not decoded.

/// What shows something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Jpeg,
    Webp,
    Gif,
    Bmp,
    Tiff,
    /// HEIC and AVIF, which telephones make.
    Heif,
    Pdf,
}

/// A picture of the formats whose end is not told is no shorter than this, bytes.
const SHORTEST: usize = 64;

/// By the first bytes; `None` = none of them.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let at = |place: usize, mark: &[u8]| bytes.get(place..).is_some_and(|b| b.starts_with(mark));
    let kinds = [
        (Kind::Png, at(0, b"\x89PNG")),
        (Kind::Jpeg, at(0, b"\xff\xd8\xff")),
        (Kind::Webp, at(0, b"RIFF") && at(8, b"WEBP")),
        (Kind::Gif, at(0, b"GIF8")),
        (Kind::Tiff, at(0, b"II*\0") || at(0, b"MM\0*")),
        (Kind::Heif, at(4, b"ftyphe") || at(4, b"ftypmif1") || at(4, b"ftypavif")),
        // Two letters begin many a text: its length field must fit, too.
        (Kind::Bmp, at(0, b"BM") && number(bytes, 2, u32::from_le_bytes) == Some(bytes.len())),
        // A PDF may have a few bytes before its mark (ISO 32000, implementation note 13).
        (Kind::Pdf, bytes[..bytes.len().min(1024)].windows(5).any(|held| held == b"%PDF-")),
    ];
    kinds.into_iter().find(|(_, is)| *is).map(|(kind, _)| kind)
}

impl Kind {
    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heif => "HEIC",
            Self::Pdf => "PDF",
        }
    }

    /// What telephones and computers make of a screen, and browsers show.
    pub(super) fn is_of_a_screen(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::Webp)
    }

    /// Has it a size, and an end?
    pub(super) fn is_whole(self, bytes: &[u8]) -> bool {
        match self {
            Self::Png => png(bytes).is_some(),
            Self::Jpeg => jpeg(bytes).is_some(),
            Self::Webp => {
                let told = number(bytes, 4, u32::from_le_bytes);
                let image = bytes.get(12..15) == Some(b"VP8");
                image && told.is_some_and(|told| told > 12 && told <= bytes.len() - 8)
            }
            Self::Gif => {
                let sized = bytes.get(6..10).is_some_and(|size| size != [0; 4]);
                sized && bytes.len() > 13 && bytes[13..].contains(&b';')
            }
            Self::Bmp | Self::Tiff | Self::Heif => bytes.len() >= SHORTEST,
            Self::Pdf => bytes.windows(5).any(|held| held == b"%%EOF"),
        }
    }
}

fn number(bytes: &[u8], at: usize, read: fn([u8; 4]) -> u32) -> Option<usize> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(read(four)).ok()
}

/// Chunks: a head with a size first, image data, an end (PNG 5.6).
fn png(bytes: &[u8]) -> Option<()> {
    let mut at = 8;
    let mut data = false;
    loop {
        let length = number(bytes, at, u32::from_be_bytes)?;
        let kind = bytes.get(at + 4..at + 8)?;
        if at == 8 {
            let sized = kind == b"IHDR"
                && number(bytes, 16, u32::from_be_bytes)? > 0
                && number(bytes, 20, u32::from_be_bytes)? > 0;
            sized.then_some(())?;
        }
        match kind {
            b"IEND" => return data.then_some(()),
            b"IDAT" => data = true,
            _ => {}
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// Segments up to the scan, a frame with a size among them, and an end after it (ITU T.81 B).
fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    let mut sized = false;
    loop {
        while bytes.get(at..at + 2)? == [0xff, 0xff] {
            at += 1;
        }
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
        match marker {
            0xda => {
                let ends = bytes.get(at..)?.windows(2).any(|held| held == [0xff, 0xd9]);
                return (sized && ends).then_some(());
            }
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                sized = bytes.get(at + 5..at + 9).is_some_and(|size| size != [0; 4]);
            }
            _ => {}
        }
        at += 2 + length.max(2);
    }
}
