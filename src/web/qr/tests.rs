//! Does the drawing hold the code's modules, each where it belongs?

use qrcode::{Color, EcLevel, QrCode};

use super::{QUIET, svg};

#[test]
fn the_path_draws_every_dark_module_and_no_other() {
    let text = "https://monitor.example.gov.cn/authorise/wechat:wx0123456789abcdef/20270630-AAAAAAAAAAAAAAAAAAAAAA";
    let drawn = svg(text).unwrap();
    let path = drawn.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
    let dark: Vec<(usize, usize)> = path
        .split("h1v1h-1z")
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (x, y) = part.trim_start_matches('M').split_once(' ').unwrap();
            (x.parse::<usize>().unwrap() - QUIET, y.parse::<usize>().unwrap() - QUIET)
        })
        .collect();
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let side = code.width() + 2 * QUIET;
    assert!(drawn.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
    for y in 0..code.width() {
        for x in 0..code.width() {
            assert_eq!(dark.contains(&(x, y)), code[(x, y)] == Color::Dark, "{x},{y}");
        }
    }
    assert_eq!(svg(&"x".repeat(5_000)), None);
}
