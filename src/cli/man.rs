//! What stands in the manual page? The command line as it is, in roff, for `man`.

use clap::{Arg, Command};
use unicode_width::UnicodeWidthChar as _;

use super::usage::usage_of;

#[cfg(test)]
mod tests;

/// Where files are, and what they hold.
const FILES: [(&str, &str); 6] = [
    ("config/freshd.toml", "配置;依次为 --config、$FRESHD_CONFIG、这一个、/etc/freshd/freshd.toml"),
    (
        "rulebook.toml、calendar.toml、calendar.d/*.toml、connectors/*.toml",
        "配置文件旁边的指标方案、放假安排、采集清单",
    ),
    ("/var/lib/freshd", "数据目录([store] path),只许一个进程打开;丢了它就丢了授权和历史,须备份"),
    ("/var/lib/freshd/quarantine", "读不了而移开的文件和记录"),
    ("/var/lib/freshd.before-restore-*", "恢复备份时换下的数据目录,从不自动删除"),
    ("/run/freshd/freshd.sock", "控制接口([store] socket);守护程序运行时命令经它执行"),
];

const ENVIRONMENT: [(&str, &str); 4] = [
    ("FRESHD_CONFIG", "配置文件"),
    ("FRESHD__SECTION__KEY", "代替配置 [section] 里的 key"),
    ("CREDENTIALS_DIRECTORY", "systemd 交来的密钥;配置里的 *_file 可写其中的文件名"),
    ("FRESHD_ACCEPT_LOSS", "为 1 时,数据有丢失也打开,先把现有文件复制到 quarantine/"),
];

const EXITS: [(&str, &str); 5] = [
    ("0", "做完了"),
    ("1", "做了,但所查的有问题(如采集有故障、数据有问题),或没有做成"),
    ("2", "用法、输入或配置有错,什么都没有做;precheck 以外都是如此"),
    ("3", "precheck:没有不达标,但有待核实"),
    ("4", "precheck:没有做成"),
];

/// No line begins with one of these.
const CLOSING: &str = ",。;:、!?)》」』】”’,.;:)]>";
/// No line ends with one of these.
const OPENING: &str = "(《「『【“‘";

/// The page. `command` is the built command line.
pub(super) fn page(command: &Command) -> String {
    let mut page = String::from("'\\\" -*- coding: UTF-8 -*-\n");
    let version = command.get_version().unwrap_or_default();
    page.push_str(&format!(".TH FRESHD 1 \"\" \"freshd {version}\" \"freshd 手册\"\n"));
    // Chinese is set ragged, and no word is hyphenated.
    page.push_str(".nh\n.ad l\n");
    section(&mut page, "NAME 名称");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.push_str(&format!("freshd \\- {}\n", plain(&about)));
    section(&mut page, "SYNOPSIS 用法");
    page.push_str(&format!(".B {}\n", plain(&usage_of(&mut command.clone()))));
    section(&mut page, "DESCRIPTION 说明");
    page.push_str(&line(
        "查看每个政务新媒体账号最近何时更新、菜单是否打得开、互动是否可用,按单项否决指标判定达标、预警、疑似不达标或待核实,\
         在期限之前写信提醒。要么有据,要么待核实。改变或读取数据的命令,守护程序运行与否都能用;加 --json 的只在标准输出打印\
         一个 JSON 文档,日志都在标准错误。",
    ));
    section(&mut page, "OPTIONS 通用选项");
    let global = |arg: &&Arg| arg.is_global_set();
    command.get_arguments().filter(global).for_each(|arg| argument(&mut page, arg));
    section(&mut page, "COMMANDS 命令");
    commands(&mut page, command);
    section(&mut page, "FILES 文件");
    FILES.iter().for_each(|(name, told)| item(&mut page, name, told));
    section(&mut page, "ENVIRONMENT 环境变量");
    ENVIRONMENT.iter().for_each(|(name, told)| item(&mut page, name, told));
    section(&mut page, "EXIT STATUS 退出码");
    EXITS.iter().for_each(|(name, told)| item(&mut page, name, told));
    page
}

fn section(page: &mut String, title: &str) {
    page.push_str(&format!(".SH \"{title}\"\n"));
}

/// Every command that can be typed, with its own arguments; of a group its members.
fn commands(page: &mut String, of: &Command) {
    for command in of.get_subcommands().filter(|command| !command.is_hide_set()) {
        if command.has_subcommands() {
            commands(page, command);
            continue;
        }
        let usage = usage_of(&mut command.clone());
        page.push_str(&format!(".SS \"{}\"\n", plain(&usage).replace('"', "\\(dq")));
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        page.push_str(&line(&about));
        let own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set();
        command.get_arguments().filter(own).for_each(|arg| argument(page, arg));
    }
}

fn argument(page: &mut String, arg: &Arg) {
    let mut name = arg.to_string();
    if let (Some(short), Some(_)) = (arg.get_short(), arg.get_long()) {
        name = format!("-{short}, {name}");
    }
    let told = arg.get_help().map(ToString::to_string).unwrap_or_default();
    item(page, &name, &told);
}

fn item(page: &mut String, name: &str, told: &str) {
    page.push_str(&format!(".TP\n.B {}\n{}", plain(name), line(told)));
}

/// A line of text that is no request, whatever it begins with.
fn line(text: &str) -> String {
    let text = plain(text);
    let mut line = String::from("\\&");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line.push(c);
        // Of itself groff breaks a line at spaces only.
        let breaks = |next: &char| c.width() == Some(2) && !CLOSING.contains(*next) && *next != ' ';
        if !OPENING.contains(c) && chars.peek().is_some_and(breaks) {
            line.push_str("\\:");
        }
    }
    line.push('\n');
    line
}

/// Text without line ends in which nothing is a command of roff.
fn plain(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}
