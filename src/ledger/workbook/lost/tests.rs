//! Is a shortened number noticed, and a whole one left alone?

use super::*;
use crate::ledger::samples::Build;

#[test]
fn an_exponent_with_too_few_digits_loses_some() {
    for text in ["1.23E+09", "1.23e9", "1E5", "1.23456789E9", "1.23E+17"] {
        let number: f64 = text.parse().unwrap();
        assert_eq!(lost(text), Some(number.to_bits()), "{text}");
    }
    for text in ["1230000000", "2.123456789E9", "1.5E-3", "E", "1E", "", "12.5"] {
        assert_eq!(lost(text), None, "{text}");
    }
}

#[test]
fn values_are_found_in_pieces_and_under_any_prefix() {
    let xml = b"<c r=\"A1\"><f>1E5</f><v>1.23E+09</v></c><x:c><x:v xml:space='x'>4E6</x:v></x:c><v/><is>7E7</is>";
    for size in [1, 3, 1000] {
        let mut scan = Scan::default();
        xml.chunks(size).for_each(|chunk| scan.take(chunk));
        let found: Vec<f64> = scan.found.iter().map(|bits| f64::from_bits(*bits)).collect();
        assert_eq!(found, [4e6, 1.23e9], "{size}");
    }
}

/// A workbook whose sheet is replaced by this XML, stored or deflated.
fn with_sheet(xml: &str, packed: bool) -> Vec<u8> {
    let made = Build::new().sheet("台账").row(&["x"]).bytes();
    let crc = crc32(xml.as_bytes());
    let body = match packed {
        true => miniz_oxide::deflate::compress_to_vec(xml.as_bytes(), 6),
        false => xml.as_bytes().to_vec(),
    };
    let put = |bytes: &mut Vec<u8>, at: usize, value: usize| {
        bytes[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap().to_le_bytes());
    };
    let at = |bytes: &[u8], at: usize, width: usize| -> usize {
        bytes[at..at + width].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let end = (0..made.len()).rev().find(|at| made[*at..].starts_with(b"PK\x05\x06")).unwrap();
    let (mut out, mut directory, mut entry) = (Vec::new(), Vec::new(), at(&made, end + 16, 4));
    for _ in 0..at(&made, end + 10, 2) {
        let (name, more) =
            (at(&made, entry + 28, 2), at(&made, entry + 30, 2) + at(&made, entry + 32, 2));
        let local = at(&made, entry + 42, 4);
        let data = local + 30 + at(&made, local + 26, 2) + at(&made, local + 28, 2);
        let mut head = made[entry..entry + 46 + name].to_vec();
        let mut part = made[data..data + at(&made, entry + 20, 4)].to_vec();
        if head[46..].ends_with(b"sheet1.xml") {
            put(&mut head, 16, crc as usize);
            put(&mut head, 20, body.len());
            put(&mut head, 24, xml.len());
            head[10] = if packed { 8 } else { 0 };
            part.clone_from(&body);
        }
        (head[30], head[31], head[32], head[33], head[8]) = (0, 0, 0, 0, head[8] & !8);
        put(&mut head, 42, out.len());
        out.extend(b"PK\x03\x04");
        out.extend(&head[6..32]);
        out.extend(&head[46..]);
        out.extend(part);
        directory.extend(head);
        entry += 46 + name + more;
    }
    let mut tail = made[end..end + 22].to_vec();
    put(&mut tail, 12, directory.len());
    put(&mut tail, 16, out.len());
    out.extend(directory);
    out.extend(tail);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_shortened_identifier_in_a_numeric_cell_is_refused_with_its_cell() {
    let text = |at: &str, words: &str| {
        format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{words}</t></is></c>")
    };
    let heads: String = ["A1", "B1", "C1", "D1"]
        .into_iter()
        .zip(["账号名称", "平台", "账号标识", "主办单位"])
        .map(|(at, words)| text(at, words))
        .collect();
    let row = |no: u32, number: &str| {
        let cells = [text(&format!("A{no}"), "甲"), text(&format!("B{no}"), "微博")].concat();
        let number = format!("<c r=\"C{no}\"><v>{number}</v></c>");
        format!("<row r=\"{no}\">{cells}{number}{}</row>", text(&format!("D{no}"), "局"))
    };
    let xml = format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <sheetData><row r=\"1\">{heads}</row>{}{}{}</sheetData></worksheet>",
        row(2, "1.23E+09"),
        row(3, "1234567890"),
        row(4, "2.123456789E9")
    );
    for packed in [true, false] {
        let book = crate::ledger::table::read("a.xlsx", &with_sheet(&xml, packed)).unwrap();
        let parsed = crate::ledger::rows::parse(&[book], &crate::ledger::samples::rules());
        let told = crate::ledger::samples::told(&parsed);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("第 2 行 C 账号标识") && told[0].contains("科学计数"), "{told:?}");
        let handles: Vec<&str> =
            parsed.rows.iter().map(|row| row.account.handle.as_str()).collect();
        assert_eq!(handles, ["", "1234567890", "2123456789"]);
    }
}
