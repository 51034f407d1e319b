//! Are tokens read whole, refused whole, and recognised by their hash only?

use std::path::Path;

use super::super::{Args, Config, Problem, Surroundings};
use super::*;

fn parse(dir: &Path, text: &str) -> Result<Config, Vec<Problem>> {
    let around = Surroundings::default();
    Config::parse(text, &dir.join("freshd.toml"), &Args::default(), &around)
}

#[test]
fn tokens_are_read_and_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdef0123";
    std::fs::write(dir.path().join("plain"), format!("{secret}\n")).unwrap();
    let hex: String = hash_of(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(dir.path().join("hash"), format!("sha256:{hex}\n")).unwrap();
    let text = "[[web.tokens]]\nname = \"省平台\"\ntoken_file = \"plain\"\nrole = \"operator\"\n\
                units = [\"教育局\"]\nvouch = true\n\
                [[web.tokens]]\nname = \"b\"\ntoken_file = \"hash\"\n";
    let tokens = parse(dir.path(), text).unwrap().web.tokens;
    assert_eq!((tokens[0].role, tokens[0].vouch), (Role::Operator, true));
    assert_eq!((tokens[1].role, tokens[1].vouch), (Role::Viewer, false));
    assert!(
        tokens[0].covers(["教育局", ""].into_iter()) && !tokens[0].covers(["", "x"].into_iter())
    );
    assert!(tokens[1].covers(std::iter::empty()));
    for token in &tokens {
        assert_eq!(token.is(&hash_of(secret)), Ok(true));
        for wrong in ["", "0123456789abcdef0124", &hex] {
            assert_eq!(token.is(&hash_of(wrong)), Ok(false));
        }
    }
}

#[test]
fn a_file_that_holds_no_token_lets_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[[web.tokens]]\nname = \"a\"\ntoken_file = \"t\"\n";
    for held in ["short", "", "sha256:", "sha256:xyz", &format!("sha256:{}", "g".repeat(64))] {
        std::fs::write(dir.path().join("t"), held).unwrap();
        let tokens = parse(dir.path(), text).unwrap().web.tokens;
        let said = tokens[0].is(&hash_of(held)).unwrap_err().0;
        assert!(said.contains("web.tokens") && (held.len() < 8 || !said.contains(held)), "{said}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[[web.tokens]]\nname = \"a b\"\ntoken_file = \"nowhere/token\"\nrole = \"boss\"\nunits = []\n\
                [[web.tokens]]\nname = \"c\"\nvouch = true\nrule = 1\n\
                [[web.tokens]]\nname = \"c\"\n";
    let problems = parse(dir.path(), text).unwrap_err();
    let said: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    for part in ["a b", "nowhere", "boss", "units", "令牌文件", "担保", "rule", "已有名为 c"]
    {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let table = parse(dir.path(), "[web.tokens]\nname = \"a\"\n").unwrap_err();
    assert!(table[0].to_string().contains("[[web.tokens]]"), "{}", table[0]);
}
