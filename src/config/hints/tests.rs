//! Is a surprise told before it comes, without a word of a secret?

use std::path::Path;

use super::*;
use crate::config::{Args, Surroundings};

fn told(text: &str, file: &Path) -> Vec<String> {
    let config = Config::parse(text, file, &Args::default(), &Surroundings::default()).unwrap();
    hints(&config)
}

#[test]
fn an_empty_configuration_is_told_what_it_cannot_do_and_a_full_one_nothing() {
    let none = told("", Path::new("/nowhere/freshd.toml"));
    for word in ["server", "operators", "office", "public_url"] {
        assert!(none.iter().any(|hint| hint.contains(word)), "{word}: {none:?}");
    }
    let full = "[mail]\nserver = \"smtp+insecure://127.0.0.1:25\"\noperators = [\"a@b.cn\"]\noffice = \"公开办\"\n\
                from = \"f@b.cn\"\n[web]\npublic_url = \"https://freshd.example.gov.cn\"\n";
    assert_eq!(told(full, Path::new("/nowhere/freshd.toml")), Vec::<String>::new());
}

#[test]
fn secrets_that_cannot_be_used_and_addresses_that_are_refused_are_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("wechat.toml"),
        "wx0123456789abcdef = \"  \"\nwx1 = \"topsecret\"\n",
    )
    .unwrap();
    let text = "[connectors.wechat]\nsecrets_file = \"wechat.toml\"\nbase_url = \"http://127.0.0.1:9\"\n\
                [connectors.nanfang]\nbase_urls = [\"http://10.0.0.5\"]\n";
    let file = dir.path().join("freshd.toml");
    let found = told(text, &file).join("\n");
    for part in [
        "wx0123456789abcdef",
        "密钥是空的",
        "connectors.wechat.base_url",
        "127.0.0.1",
        "10.0.0.5",
        "allow_private",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert!(!found.contains("topsecret"), "{found}");
    let allowed = format!("{text}[net]\nallow_private = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n");
    assert!(!told(&allowed, &file).join("\n").contains("allow_private"));
}
