//! What was typed wrong, where, and how is it mended? The command line's help and refusals, in Chinese.

use freshd_core::verdict::Outcome;
use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _, Error, FromArgMatches as _};

use super::args::Cli;
use super::exec::{DONE, USAGE};

/// How a page of help is laid out.
const TEMPLATE: &str = "{about-with-newline}\n用法:{usage}\n\n{all-args}{after-help}";

/// Reads the command line.
///
/// # Errors
/// The exit status: 0 after help or version were printed, 2 after a refusal was.
pub fn parse(mut typed: Vec<OsString>) -> Result<Cli, i32> {
    // `help X` is `X --help`.
    if typed.get(1).is_some_and(|first| first == "help") {
        typed.remove(1);
        typed.push("--help".into());
    }
    let mut command = command();
    let matched = command.try_get_matches_from_mut(&typed);
    let read = matched.and_then(|matches| Cli::from_arg_matches(&matches));
    read.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            print!("{error}");
            DONE
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{error}");
            USAGE
        }
        _ => {
            eprintln!("{}", refusal(&mut command, &typed, &error));
            USAGE
        }
    })
}

/// The command line with its headings in Chinese.
pub(super) fn command() -> Command {
    let mut command = chinese(Cli::command());
    command.build();
    usages(&mut command);
    command
}

fn chinese(command: Command) -> Command {
    let flag = |id: &'static str, short: char, action, help: &'static str| {
        Arg::new(id).long(id).short(short).action(action).help(help).global(true)
    };
    let root = command.get_name() == "freshd";
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true);
    if root {
        command = command.arg(flag("help", 'h', ArgAction::Help, "显示帮助")).arg(flag(
            "version",
            'V',
            ArgAction::Version,
            "显示版本",
        ));
    }
    command.mut_args(worded).mut_subcommands(chinese)
}

/// Its heading, and what may be written, in Chinese.
fn worded(arg: Arg) -> Arg {
    let heading = match (arg.is_positional(), arg.is_global_set()) {
        (true, _) => "参数",
        (false, true) => "通用选项",
        (false, false) => "选项",
    };
    let arg = arg.help_heading(heading);
    if !arg.get_action().takes_values() {
        return arg;
    }
    let mut help = arg.get_help().map(StyledStr::to_string).unwrap_or_default();
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| match value.get_help() {
            Some(told) => format!("{}({told})", value.get_name()),
            None => value.get_name().to_owned(),
        })
        .collect();
    if !values.is_empty() {
        help.push_str(&format!(" [可写:{}]", values.join("、")));
    }
    let default: Vec<_> = arg.get_default_values().iter().map(|it| it.to_string_lossy()).collect();
    if !default.is_empty() {
        help.push_str(&format!(" [缺省:{}]", default.join(" ")));
    }
    arg.help(help).hide_possible_values(true).hide_default_value(true)
}

/// Usage lines of a built command say 选项, too.
fn usages(command: &mut Command) {
    let usage = usage_of(command).replace("[OPTIONS]", "[选项]");
    *command = command.clone().override_usage(usage);
    command.get_subcommands_mut().for_each(usages);
}

/// How the command is written.
pub(super) fn usage_of(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    usage.trim_start_matches("Usage:").trim().to_owned()
}

/// What is wrong, then the usage of the command that was meant, then where to read more.
fn refusal(command: &mut Command, typed: &[OsString], error: &Error) -> String {
    let mut meant = command;
    for word in typed.iter().skip(1) {
        let name = word.to_string_lossy().into_owned();
        if meant.find_subcommand(&name).is_some() {
            meant = meant.find_subcommand_mut(&name).expect("it was just found");
        }
    }
    let what = what(meant, error);
    let usage = usage_of(meant);
    let name = meant.get_bin_name().unwrap_or("freshd").to_owned();
    format!("{what}\n用法:{usage}\n详见:{name} --help")
}

fn what(meant: &Command, error: &Error) -> String {
    let said = |kind| error.get(kind).map(texts).unwrap_or_default();
    let first = |kind| said(kind).into_iter().next().unwrap_or_default();
    let described = |text: &String| {
        let arg = meant.get_arguments().find(|arg| arg.to_string() == *text);
        let help = arg.and_then(|arg| arg.get_help().map(ToString::to_string));
        help.map_or_else(|| text.clone(), |help| format!("{text}({help})"))
    };
    let maybe = |kind| match said(kind).as_slice() {
        [] => String::new(),
        near => format!(";是不是“{}”?", near.join("”、“")),
    };
    let arg = first(ContextKind::InvalidArg);
    let value = first(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidSubcommand => format!(
            "没有命令“{}”{}",
            first(ContextKind::InvalidSubcommand),
            maybe(ContextKind::SuggestedSubcommand)
        ),
        ErrorKind::MissingSubcommand => "后面还要写一个命令".to_owned(),
        ErrorKind::UnknownArgument => {
            let near = maybe(ContextKind::SuggestedArg);
            format!("不认识的选项或多余的参数“{arg}”{near}")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{} 后面要写一个值", described(&arg))
        }
        ErrorKind::InvalidValue => {
            let valid: Vec<String> =
                said(ContextKind::ValidValue).into_iter().map(with_word).collect();
            let near = maybe(ContextKind::SuggestedValue);
            let valid = match (valid.is_empty(), near.is_empty()) {
                (true, _) => String::new(),
                (false, true) => format!(";可写:{}", valid.join("、")),
                (false, false) => format!("可写:{}", valid.join("、")),
            };
            format!("{arg} 不能写“{value}”{near}{valid}")
        }
        ErrorKind::ValueValidation => format!("{} 看不懂“{value}”", described(&arg)),
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<_> = said(ContextKind::InvalidArg).iter().map(described).collect();
            format!("缺少 {}", missing.join("、"))
        }
        ErrorKind::ArgumentConflict => match said(ContextKind::PriorArg).as_slice() {
            [] => format!("{arg} 只能写一次"),
            [same] if *same == arg => format!("{arg} 只能写一次"),
            others => format!("{arg} 不能与 {} 同时写", others.join("、")),
        },
        ErrorKind::TooManyValues => format!("{arg} 后面的“{value}”是多余的"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            format!("{} 后面的值不够", described(&arg))
        }
        ErrorKind::InvalidUtf8 => "参数里有不是 UTF-8 的字节;请在 UTF-8 终端里输入".to_owned(),
        _ => error.to_string(),
    }
}

/// `pass(达标)`: the key with the word that may be written for it, too.
fn with_word(key: String) -> String {
    match Outcome::ALL.into_iter().find(|outcome| outcome.key() == key.replace('-', "_")) {
        Some(outcome) => format!("{key}({})", outcome.chinese()),
        None => key,
    }
}

fn texts(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::StyledStr(text) => vec![text.to_string()],
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect(),
        ContextValue::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
