//! Is every problem told at once, with its line and its help, and is every default filled?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveTime;
use freshd_connectors::registry::WeiboMode;
use freshd_connectors::wechat::keep::Keep;

use super::*;

fn around(variables: &[(&str, &str)]) -> Surroundings {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Surroundings {
        variables: variables.iter().map(pair).collect(),
        uid: 1000,
        directory: PathBuf::from("/nowhere"),
        systemd: false,
    }
}

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    parse_with(text, &[])
}

fn parse_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let file = Path::new("/nowhere/freshd.toml");
    Config::parse(text, file, &Args::default(), &around(variables))
}

/// Asserts that `text` has exactly these problems: part of each line as shown.
fn refused(text: &str, expected: &[&[&str]]) {
    let problems = parse(text).expect_err("it should be refused");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (line, parts) in shown.iter().zip(expected) {
        for part in *parts {
            assert!(line.contains(part), "{part:?} is not in {line:?}");
        }
    }
}

#[test]
fn an_empty_file_gives_every_default() {
    let config = parse("").unwrap();
    assert_eq!(config.timezone, chrono_tz::Tz::Asia__Shanghai);
    assert_eq!(config.store.path, Path::new("/var/lib/freshd"));
    assert_eq!(config.store.socket, Path::new("/var/lib/freshd/freshd.sock"));
    assert_eq!(config.web.listen.unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(config.mail.mode, MailMode::Hold);
    assert_eq!(config.mail.per_day, 500);
    assert_eq!(config.mail.send_between.from, NaiveTime::from_hms_opt(8, 30, 0).unwrap());
    assert_eq!(config.net.ports, [80, 443]);
    assert_eq!(config.net.host_at_once, 2);
    assert_eq!(config.policy.remind_days_left, [5, 3, 1]);
    assert_eq!(config.policy().window, TimeDelta::days(14));
    assert_eq!(config.connectors.settings.weibo_mode, WeiboMode::Api);
    assert!(config.schedule.precheck.is_some());
    assert!(config.warnings.is_empty());
    assert_eq!(format!("{:?}", Config::built_in().policy()), format!("{:?}", config.policy()));
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = "\
timezone = \"Asia/Shanghia\"
[mial]
x = 1
[mail]
per_day = \"many\"
server = \"http://mail\"
send_between = \"18:00-08:30\"
hold_share = 3
[net]
allow_private = [\"10.0.0.0/40\", \"10.0.0.0/8\", 7]
[policy]
remind_days = [3]
[connectors.wechta]
base_url = \"https://x\"
";
    refused(
        text,
        &[
            &["freshd.toml", "第 1 行", "timezone", "Asia/Shanghia"],
            &["第 2 行", "mial", "是不是 mail?"],
            &["第 5 行", "mail.per_day", "整数"],
            &["第 6 行", "mail.server", "http://"],
            &["第 7 行", "mail.send_between", "不晚于"],
            &["第 8 行", "mail.hold_share"],
            &["第 10 行", "net.allow_private", "10.0.0.0/40"],
            &["第 10 行", "net.allow_private", "文本"],
            &["第 12 行", "policy.remind_days", "remind_days_left"],
            &["第 13 行", "connectors.wechta", "是不是 wechat?"],
        ],
    );
}

#[test]
fn mistakes_in_the_toml_are_told_together_with_the_rest() {
    let problems = parse("[web]\nlisten = \n[mail]\nper_day = -1\n").unwrap_err();
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        shown.iter().any(|line| line.contains("第 2 行") && line.contains("TOML")),
        "{shown:?}"
    );
    assert!(shown.iter().any(|line| line.contains("mail.per_day")), "{shown:?}");
}

#[test]
fn another_place_than_apples_has_a_control_only_if_one_is_named() {
    let control = |text: &str| parse(text).unwrap().connectors.settings.appstore_control;
    let elsewhere = "[connectors.appstore]\nbase_url = \"http://127.0.0.1:9\"\n";
    assert_eq!(control(""), "414478124");
    assert_eq!(control(elsewhere), "");
    assert_eq!(control(&format!("{elsewhere}control = \"284882215\"\n")), "284882215");
}

#[test]
fn mail_never_sends_a_password_in_the_clear() {
    for server in [
        "smtp+opportunistic://u@mail:25",
        "smtp+insecure://u@127.0.0.1:25",
        "smtp+insecure://10.0.0.1:25",
        "smtps://u:secret@mail",
        "smtps://u@mail",
        "smtps://",
        "mail:465",
    ] {
        refused(&format!("[mail]\nserver = {server:?}\n"), &[&["mail."]]);
    }
    for server in ["smtp+opportunistic://mail", "smtp+insecure://[::1]:2525", "smtp://mail"] {
        parse(&format!("[mail]\nserver = {server:?}\n")).expect(server);
    }
}

#[test]
fn a_mail_server_has_the_port_of_its_scheme_and_a_decoded_user() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pw"), "secret\n").unwrap();
    let text = "[mail]\nserver = \"smtps://me%40unit.cn@mail.gov.cn\"\npassword_file = \"pw\"\n";
    let file = dir.path().join("freshd.toml");
    let config = Config::parse(text, &file, &Args::default(), &around(&[])).unwrap();
    let server = config.mail.server.unwrap();
    assert_eq!((server.tls, server.port), (MailTls::Tls, 465));
    assert_eq!(server.host, "mail.gov.cn");
    assert_eq!(server.user.as_deref(), Some("me@unit.cn"));
    assert_eq!(config.secrets.mail_password().unwrap().unwrap().expose(), "secret");
}

#[test]
fn sending_needs_a_server_and_a_sender() {
    refused("[mail]\nmode = \"send\"\n", &[&["第 1 行", "mail.server"], &["mail.from"]]);
    refused("[mail]\nmode = \"later\"\n", &[&["第 2 行", "mail.mode", "hold"]]);
    let pilot = "[mail]\nmode = \"pilot\"\nserver = \"smtp://m\"\nfrom = \"a@b.cn\"\n";
    refused(pilot, &[&["mail.pilot_units"]]);
}

#[test]
fn cron_takes_five_fields_and_refuses_traps() {
    let config = parse("[schedule]\ndigest = \"30 8 * * Mon-Fri\"\nprecheck = \"\"\n").unwrap();
    let digest = config.schedule.digest.unwrap();
    assert_eq!(digest.source(), "0 30 8 * * Mon-Fri");
    assert!(config.schedule.precheck.is_none());
    let saturday = chrono::DateTime::parse_from_rfc3339("2026-11-21T09:00:00+08:00").unwrap();
    let next = digest.next_after(saturday.to_utc(), config.timezone).unwrap();
    assert_eq!(freshd_core::civil::rfc3339(next), "2026-11-23T08:30:00+08:00");
    for (cron, part) in [
        ("0 30 8 * * 1-5", "数字"),
        ("0 0 9 30 2 *", "永远不会"),
        ("0 0 25 * * *", "不是正确的"),
        ("8:30", "1 项"),
    ] {
        refused(&format!("[schedule]\ndigest = {cron:?}\n"), &[&["schedule.digest", part]]);
    }
    let both = parse("[schedule]\ndigest = \"0 0 8 15 * Mon\"\n").unwrap();
    assert_eq!(both.warnings.len(), 1);
}

#[test]
fn pages_are_for_this_machine_only() {
    refused("[web]\nlisten = \"0.0.0.0:8080\"\n", &[&["web.listen", "本机"]]);
    refused("[web]\nlisten = \"8080\"\n", &[&["web.listen"]]);
    assert!(parse("[web]\nlisten = \"\"\n").unwrap().web.listen.is_none());
    assert!(parse("[web]\nlisten = \"localhost:0\"\n").unwrap().web.listen.is_some());
}

#[test]
fn policy_is_checked_against_the_window_of_its_profile() {
    let config = parse("[policy]\nprofile = \"weekly\"\nremind_days_left = [1, 3, 3]\n").unwrap();
    assert_eq!(config.policy.remind_days_left, [3, 1]);
    assert_eq!(config.policy().window, TimeDelta::days(7));
    assert!(config.policy().profile.clause(freshd_core::rulebook::Rule::Safety).contains("19号"));
    refused("[policy]\nprofile = \"weekly\"\nremind_days_left = [7]\n", &[&["remind_days_left"]]);
    refused("[policy]\nprofile = \"nationl\"\n", &[&["是不是 national?"]]);
    refused("[policy]\nzombie_days = 10\n", &[&["policy.zombie_days"]]);
    refused("[policy]\nremind_days_left = []\n", &[&["policy.remind_days_left"]]);
}

#[test]
fn the_inspection_instant_has_three_forms() {
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    for (text, expected) in [
        ("last working day 09:00", Inspection::LastWorkingDay { time: nine }),
        ("last day 9:00", Inspection::LastDay { time: nine }),
        ("20 09:00", Inspection::Day { day: 20, time: nine }),
    ] {
        let config = parse(&format!("[policy]\ninspection = {text:?}\n")).unwrap();
        assert_eq!(config.policy.inspection, expected, "{text}");
    }
    for text in ["31 09:00", "0 09:00", "last", "first day 09:00", "20 25:00"] {
        refused(&format!("[policy]\ninspection = {text:?}\n"), &[&["policy.inspection"]]);
    }
}

#[test]
fn variables_override_and_are_named_when_wrong() {
    let text = "[mail]\nper_day = \"x\"\n";
    let config =
        parse_with(text, &[("FRESHD__MAIL__PER_DAY", "7"), ("FRESHD_CONFIG", "y")]).unwrap();
    assert_eq!(config.mail.per_day, 7);
    let config = parse_with("", &[("FRESHD__MAIL__OPERATORS", "a@b.cn, c@d.cn")]).unwrap();
    assert_eq!(config.mail.operators, ["a@b.cn", "c@d.cn"]);
    let config = parse_with("", &[("FRESHD__MAIL__OFFICE", "02012345678")]).unwrap();
    assert_eq!(config.mail.office, "02012345678");
    let config = parse_with("", &[("FRESHD__CONNECTORS__WEIBO__MODE", "web")]).unwrap();
    assert_eq!(config.connectors.settings.weibo_base.as_str(), "https://m.weibo.cn/");
    let problems = parse_with("", &[("FRESHD__MAIL__PER_DAX", "7")]).unwrap_err();
    let shown = problems[0].to_string();
    assert!(shown.contains("环境变量 FRESHD__MAIL__PER_DAX"), "{shown}");
    assert!(shown.contains("是不是 per_day?"), "{shown}");
}

#[test]
fn connectors_have_limits_processes_and_known_names() {
    let text = "[connectors.feed-complete]\nper_minute = 9\n\
                [connectors.process.acme]\ncommand = [\"acme\", \"-v\"]\nat_once = 1\n";
    let config = parse(text).unwrap();
    let own = freshd_connectors::Courtesy { at_once: 3, per_minute: 20 };
    let limits = config.connectors.courtesy("feed-complete", own);
    assert_eq!((limits.at_once, limits.per_minute), (3, 9));
    assert_eq!(config.connectors.courtesy("acme", own).at_once, 1);
    assert_eq!(config.connectors.process["acme"].command, ["acme", "-v"]);
    assert!(config.connectors.knows("acme") && !config.connectors.knows("acne"));
    refused("[connectors.process.feed]\ncommand = [\"x\"]\n", &[&["connectors.process.feed"]]);
    refused("[connectors.process.acme]\n", &[&["第 1 行", "connectors.process.acme.command"]]);
    refused("[connectors.nanfang]\nbase_urls = [\"ftp://x\"]\n", &[&["ftp"], &["至少"]]);
}

#[test]
fn a_manifest_beside_the_file_is_a_known_connector() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("connectors")).unwrap();
    std::fs::write(dir.path().join("connectors/city.toml"), MANIFEST).unwrap();
    let file = dir.path().join("freshd.toml");
    let read = |text: &str| Config::parse(text, &file, &Args::default(), &around(&[]));
    let text = "[connectors.city]\nper_minute = 2\nbase_url = \"http://127.0.0.1:9\"\n";
    let connectors = read(text).unwrap().connectors;
    assert!(connectors.knows("city"));
    let own = connectors
        .registry(&Arc::new(Keep::in_memory()))
        .find("city")
        .unwrap()
        .descriptor()
        .clone();
    assert_eq!((own.platform.as_ref(), own.proves_silence), ("city", false));
    assert_eq!(connectors.courtesy("city", own.courtesy).per_minute, 2);
    let vouched = read("[connectors.city]\ncomplete = true\n").unwrap().connectors;
    assert!(
        vouched
            .registry(&Arc::new(Keep::in_memory()))
            .find("city")
            .unwrap()
            .descriptor()
            .proves_silence
    );
    assert!(read("[connectors.city]\ncompleet = true\n").is_err());
}

const MANIFEST: &str = r#"
manifest = 1
name = "city"
platform = "city"
about = "市政公告"
target = { pattern = '[0-9]+', example = "1", help = "编号" }
request = { url = "https://a.example.cn/list?id={target}" }
answer = { shape = "json" }
items = { at = "/list" }
fields = { key = "/id", published = "/date" }
coverage = { silence = "newest-first", vouched_by = "operator" }
"#;

#[test]
fn wrong_manifests_are_told_all_at_once_with_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("connectors")).unwrap();
    let put = |name: &str, text: &str| {
        std::fs::write(dir.path().join(format!("connectors/{name}.toml")), text).unwrap();
    };
    put("city", &MANIFEST.replace("{ at = \"/list\" }", "{ att = \"/list\" }"));
    put("feed", &MANIFEST.replace("\"city\"", "\"feed\""));
    put("town", MANIFEST);
    let file = dir.path().join("freshd.toml");
    let text = "[connectors.city]\nper_minute = -1\n";
    let problems = Config::parse(text, &file, &Args::default(), &around(&[])).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for parts in [
        &["freshd.toml", "第 2 行", "per_minute"][..],
        &["connectors/city.toml", "第 9 行", "items.att", "不认识的项"],
        &["connectors/city.toml", "第 9 行", "items.at", "没有写"],
        &["connectors/feed.toml", "内置"],
        &["connectors/town.toml", "第 3 行", "name", "文件名"],
    ] {
        let hit = told.iter().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(hit, "{parts:?} in {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn the_file_is_chosen_in_the_order_of_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    std::fs::create_dir(root.join("config")).unwrap();
    let write = |name: &str, days: u32| {
        let text = format!("[policy]\nzombie_days = {days}\n");
        std::fs::write(root.join(name), text).unwrap();
    };
    write("config/freshd.toml", 91);
    write("env.toml", 92);
    write("args.toml", 93);
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(root).unwrap());
    let mut around = Surroundings { uid: owner, directory: root.to_owned(), ..Default::default() };
    let zombie = |args: &Args, around: &Surroundings| {
        Config::load_in(args, around).unwrap().policy.zombie_days
    };
    assert_eq!(zombie(&Args::default(), &around), 91);
    around.variables = BTreeMap::from([("FRESHD_CONFIG".to_owned(), "env.toml".to_owned())]);
    assert_eq!(zombie(&Args::default(), &around), 92);
    let args = Args { config: Some("args.toml".into()), store: Some("here".into()) };
    assert_eq!(zombie(&args, &around), 93);
    assert_eq!(Config::load_in(&args, &around).unwrap().store.path, root.join("here"));
    let gone = Args { config: Some("gone.toml".into()), store: None };
    let problems = Config::load_in(&gone, &around).unwrap_err();
    assert!(problems[0].to_string().contains("gone.toml"), "{}", problems[0]);
}

#[test]
fn missing_files_are_problems_and_open_ones_warn() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("open.toml"), "wx1 = \"s\"\n").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(dir.path().join("open.toml"), open).unwrap();
    let file = dir.path().join("freshd.toml");
    let parse =
        |text: &str, around: &Surroundings| Config::parse(text, &file, &Args::default(), around);
    let config =
        parse("[connectors.wechat]\nsecrets_file = \"open.toml\"\n", &around(&[])).unwrap();
    assert!(config.warnings[0].to_string().contains("人人可读"), "{}", config.warnings[0]);
    let gone = "[connectors.weibo]\ntoken_file = \"weibo-token\"\n";
    let problems = parse(gone, &around(&[])).unwrap_err();
    assert!(problems[0].to_string().contains("connectors.weibo.token_file"), "{}", problems[0]);
    let credentials = dir.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("weibo-token"), "t").unwrap();
    let by_systemd = around(&[("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())]);
    parse(gone, &by_systemd).unwrap();
    let outside = Surroundings { systemd: true, ..around(&[]) };
    assert_eq!(parse(gone, &outside).unwrap().warnings.len(), 1);
}

#[test]
fn a_file_that_is_not_text_is_told_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("freshd.toml");
    std::fs::write(&file, b"[mail]\noffice = \"\xb0\xec\"\n").unwrap();
    let args = Args { config: Some(file), store: None };
    let problems = Config::load_in(&args, &around(&[])).unwrap_err();
    let shown = problems[0].to_string();
    assert!(shown.contains("第 2 行") && shown.contains("UTF-8"), "{shown}");
}

#[test]
fn the_shipped_file_holds_every_key_with_its_default() {
    let text = include_str!("../../config/freshd.toml");
    let shipped = parse(text).expect("the shipped configuration is valid");
    assert!(shipped.warnings.is_empty(), "{:?}", shipped.warnings);
    let default = parse("").unwrap();
    let without_file = |config: &Config| {
        let mut config = config.clone();
        config.secrets = Arc::default();
        format!("{config:?}")
    };
    assert_eq!(without_file(&shipped), without_file(&default));
}

#[test]
fn the_inspection_instant_of_a_quarter_is_local_time() {
    let config = parse("").unwrap();
    let instant = |inspection: &str, quarter| {
        let inspection = policy::inspection(inspection).map_err(|wrong| wrong.what).unwrap();
        let instant = inspection.of_quarter(2026, quarter, &config.calendar, config.timezone);
        freshd_core::civil::rfc3339(instant.unwrap())
    };
    assert_eq!(instant("last working day 09:00", 4), "2026-12-31T09:00:00+08:00");
    assert_eq!(instant("last day 17:30", 2), "2026-06-30T17:30:00+08:00");
    assert_eq!(instant("20 09:00", 1), "2026-03-20T09:00:00+08:00");
    let fifth = Inspection::LastDay { time: NaiveTime::MIN };
    assert!(fifth.of_quarter(2026, 5, &config.calendar, config.timezone).is_none());
}

#[test]
fn problems_of_the_files_beside_are_told_with_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("calendar.toml"), "year = 7\n").unwrap();
    std::fs::write(dir.path().join("rulebook.toml"), "[profile.x]\n").unwrap();
    let file = dir.path().join("freshd.toml");
    let around = Surroundings { directory: dir.path().to_owned(), ..Surroundings::default() };
    let problems = Config::parse("x = 1\n", &file, &Args::default(), &around).unwrap_err();
    let files: Vec<&str> = problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["freshd.toml", "rulebook.toml", "calendar.toml"]);
}

#[test]
fn a_third_party_platform_wants_its_appid_and_three_files() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["s", "t", "k"] {
        std::fs::write(dir.path().join(name), "x").unwrap();
    }
    let read = |text: &str| {
        let file = dir.path().join("freshd.toml");
        let text = format!("[connectors.wechat.component]\n{text}");
        Config::parse(&text, &file, &Args::default(), &around(&[]))
    };
    let files = "secret_file = \"s\"\ntoken_file = \"t\"\naes_key_file = \"k\"\n";
    let config = read(&format!("appid = \"wx0123456789abcdef\"\n{files}")).unwrap();
    let held = config.connectors.settings.wechat_component.unwrap();
    assert_eq!(
        (held.appid.as_str(), held.callback.as_str()),
        ("wx0123456789abcdef", "/wechat/component")
    );
    use freshd_connectors::SecretSource as _;
    assert_eq!(config.secrets.secret("wechat.component", "aes_key").unwrap().expose(), "x");
    for (text, part) in [
        (files.to_owned(), "AppID"),
        ("appid = \"wx0123456789abcdef\"\n".to_owned(), "aes_key_file"),
        (format!("appid = \"gh_1\"\n{files}"), "不是 AppID"),
        (format!("appid = \"wx0123456789abcdef\"\ncallback = \"/metrics\"\n{files}"), "/metrics"),
        (format!("appid = \"wx0123456789abcdef\"\ncallback = \"x\"\n{files}"), "回调路径"),
        (format!("app_id = \"wx0123456789abcdef\"\n{files}"), "appid"),
    ] {
        let problems = read(&text).expect_err(&text);
        assert!(problems.iter().any(|p| p.to_string().contains(part)), "{part}: {problems:#?}");
    }
}

#[test]
fn every_element_that_is_wrong_is_told() {
    refused(
        "[net]\nports = [70000, 80, \"x\", 90000]\n",
        &[&["net.ports", "70000"], &["net.ports", "应当是整数"], &["net.ports", "90000"]],
    );
}

#[test]
fn a_level_that_is_none_and_an_address_that_would_break_out_are_refused() {
    refused("[log]\nlevel = \"loud\"\n", &[&["log.level", "loud"]]);
    refused("[log]\nlevel = \"info,freshd::poll=loud\"\n", &[&["log.level"]]);
    for good in ["info,freshd::poll=debug", "WARN", "off", "freshd[span]=trace"] {
        assert!(parse(&format!("[log]\nlevel = \"{good}\"\n")).is_ok(), "{good}");
    }
    for bad in ["https://a.example/\\\"><script>", "https://a.example/\\u0007x", "ftp://a.example"]
    {
        refused(&format!("[web]\npublic_url = \"{bad}\"\n"), &[&["web.public_url"]]);
    }
}

#[test]
fn an_empty_store_or_a_file_in_its_place_is_refused() {
    refused("[store]\npath = \"\"\n", &[&["store.path", "是空的"]]);
    let found = parse_with("", &[("FRESHD__STORE__PATH", "")]).unwrap_err();
    assert!(found[0].to_string().contains("FRESHD__STORE__PATH"), "{found:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    refused(&format!("[store]\npath = \"{path}\"\n"), &[&["store.path", "不是目录"]]);
}

#[test]
fn a_proxy_is_warned_of_for_it_must_refuse_private_addresses_itself() {
    let config = parse("[net]\nproxy = \"http://10.0.0.1:3128\"\n").unwrap();
    let shown: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let told = |words: &str| shown.iter().any(|line| line.contains(words));
    for words in [
        "net.proxy",
        "域名由代理解析",
        "只核对网址类型、端口和写成数字的地址",
        "请在代理上拒绝访问内网",
    ] {
        assert!(told(words), "{words}: {shown:?}");
    }
}
