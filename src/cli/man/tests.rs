//! Does the page tell of every command and option that there is?

use super::super::usage;
use super::*;

fn named(command: &Command, found: &mut Vec<(String, Vec<String>)>) {
    for one in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        if one.has_subcommands() {
            named(one, found);
            continue;
        }
        let options = one.get_arguments().filter_map(|arg| arg.get_long());
        let options = options.map(|long| plain(&format!("--{long}"))).collect();
        found.push((one.get_bin_name().unwrap().to_owned(), options));
    }
}

#[test]
fn every_command_and_option_is_there_and_every_section() {
    let command = usage::command();
    let page = page(&command);
    let mut found = Vec::new();
    named(&command, &mut found);
    assert!(found.len() > 30, "{}", found.len());
    for (name, options) in found {
        let head = format!(".SS \"{}", plain(&name));
        assert!(page.lines().any(|line| line.starts_with(&head)), "{name}");
        assert!(options.iter().all(|option| page.contains(option.as_str())), "{name} {options:?}");
    }
    for title in ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "FILES", "EXIT STATUS"] {
        assert!(page.contains(&format!(".SH \"{title} ")), "{title}");
    }
    assert!(!page.contains("carry"), "what is hidden stays so");
}

#[test]
fn text_is_never_taken_for_a_request() {
    assert_eq!(line(".so /etc/passwd\n'x \\n"), "\\&.so /etc/passwd \\(aqx \\en\n");
}
