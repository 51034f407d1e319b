//! Is every kind of letter as it was when somebody last looked at it? Snapshots, text and HTML; `FRESHD_BLESS=1` writes them anew.

use std::path::PathBuf;

use super::*;
use crate::app::samples::{SENDING, app};

fn now() -> Timestamp {
    civil::instant("2026-11-23T09:00:00".parse().unwrap())
}

fn made(kind: &str) -> Composed {
    let text = format!("{SENDING}[web]\npublic_url = \"https://freshd.example.gov.cn\"\n");
    let (app, _) = app(&text, now());
    let key = SealKey::new(&[7; 32]);
    sample(kind, app.notifier().settings(), Some(&key), now()).unwrap().unwrap()
}

#[test]
fn every_kind_is_as_it_was_looked_at() {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/notify/samples/letters");
    let bless = std::env::var_os("FRESHD_BLESS").is_some();
    let mut changed = Vec::new();
    for (kind, _) in KINDS {
        let letter = made(kind);
        let text = format!("主题:{}\n\n{}", letter.subject, letter.text);
        for (end, now) in [("txt", &text), ("html", &letter.html)] {
            let path = place.join(format!("{kind}.{end}"));
            if bless {
                std::fs::create_dir_all(&place).unwrap();
                std::fs::write(&path, now).unwrap();
            } else if std::fs::read_to_string(&path).unwrap_or_default() != *now {
                changed.push(path.display().to_string());
            }
        }
    }
    assert!(changed.is_empty(), "look at them, then FRESHD_BLESS=1: {changed:#?}");
}

#[test]
fn every_kind_says_what_a_letter_must() {
    for (kind, _) in KINDS {
        let letter = made(kind);
        assert!(letter.subject.chars().count() <= 110, "{kind}: {}", letter.subject);
        assert!(!letter.subject.chars().any(char::is_control), "{kind}: {}", letter.subject);
        assert!(!letter.html.contains("<script"), "{kind}");
        let mut needed = vec!["系统自动提示,供自查,不作为通报依据"];
        if kind != "operator" {
            needed.extend(["不会索要密码", "政务公开办 0668-1", "如何反馈"]);
        }
        if !["operator", "precheck-units"].contains(&kind) {
            needed.extend(["指标", "条款", "最近更新", "数据截至", "主办单位"]);
        }
        for words in needed {
            assert!(letter.text.contains(words), "{kind}: {words}\n{}", letter.text);
            assert!(letter.html.contains(words), "{kind}: {words}\n{}", letter.html);
        }
    }
}

#[test]
fn nothing_is_too_wide_for_a_phone_where_styles_are_stripped() {
    for (kind, _) in KINDS {
        let html = made(kind).html.replace("<wbr>", " ");
        let mut shown = html.as_str();
        while let Some(at) = shown.find('>') {
            let text = &shown[at + 1..];
            let text = &text[..text.find('<').unwrap_or(text.len())];
            let wide = text.split(|c: char| !c.is_ascii_graphic()).find(|word| word.len() > 30);
            assert_eq!(wide, None, "{kind}");
            shown = &shown[at + 1..];
        }
    }
}

#[test]
fn the_subject_says_whose_they_are_and_by_when() {
    let ends = [
        ("reminder-many", "(最早须于今日15:00前发布)(茂名市政务公开办)"),
        ("pre-holiday", "1 个账号须在长假前安排发布,最晚2月14日(茂名发布)"),
    ];
    for (kind, end) in ends {
        let subject = made(kind).subject;
        assert!(subject.ends_with(end), "{subject}");
    }
    assert!(made("rectified").text.contains("无需回复"));
    let owner = made("precheck").text;
    assert!(
        owner.contains(
            "“茂名交警”(南方号)目前达标,最近更新11月18日。请于12月1日(含)前发布(更新期限)"
        ),
        "{owner}"
    );
    let button = made("overdue").html;
    assert!(button.find("点此办理") < button.find("条款"), "what to do comes first");
}
