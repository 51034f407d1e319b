//! How does it look while it runs? The same province with history behind it, under the real daemon, at high speed.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::minute_text;
use freshd_sim::mail::{Mail, MailServer};
use tokio_util::sync::CancellationToken;

use super::drive::Driver;
use super::province::{Province, Scenario};
use crate::app::App;
use crate::app::run;
use crate::cli::args::DemoArgs;
use crate::cli::exec::DONE;
use crate::clock::{Clock, ScaledClock, SystemClock};
use crate::config::Args;
use crate::telemetry;

/// One second of real time is so many of the province's.
const SPEED: u32 = 20 * 60;
/// The province's time stands still after so many live days.
const LIVE_DAYS: u32 = 60;

/// Shows the province until Ctrl-C.
pub(super) async fn run(args: DemoArgs) -> anyhow::Result<i32> {
    let listen = free_address(args.listen).await?;
    let scenario = Scenario {
        accounts: args.accounts,
        days: args.days,
        days_after: LIVE_DAYS,
        seed: args.seed,
        authorised: args.authorised,
        reacts_percent: 0,
        listen: Some(listen),
    };
    println!("正在造一个模拟的省({} 个账号),并快进 {} 天,请稍候……", args.accounts, args.days);
    let begun = SystemClock.now();
    let province = Province::start(&scenario).await?;
    let past = province.daemon().await?;
    telemetry::init(&past.config().log);
    let mut driver = Driver::new(past.clone(), province.clock.clone());
    driver.run_to(province.inspection).await?;
    let seconds = (SystemClock.now() - begun).num_milliseconds() as f64 / 1e3;
    println!(
        "已快进到 {}:用时 {seconds:.1} 秒,采集 {} 次,发出 {} 封信。",
        minute_text(province.inspection),
        driver.course.polls,
        province.mail.count(),
    );
    drop(driver);
    let end = province.inspection + TimeDelta::days(i64::from(LIVE_DAYS));
    let clock = Arc::new(ScaledClock::continuing(province.clock.clone(), end, SPEED));
    let store = past.store().clone();
    drop(past);
    let app = App::over(province.config()?, store, clock.clone())?;
    let args = Args { config: Some(province.file.clone()), store: None };
    let told =
        |address: Option<std::net::SocketAddr>| println!("{}", explain(&province, address, end));
    tokio::select! {
        ended = run::run(run::Signals::install()?, app, args, CancellationToken::new(), told) => ended?,
        () = show_mail(&province.mail, &*clock) => {}
    }
    println!("演示结束,临时目录已删除。");
    Ok(DONE)
}

/// The wanted address, or a free port of the same host if it is taken.
async fn free_address(wanted: std::net::SocketAddr) -> anyhow::Result<std::net::SocketAddr> {
    match tokio::net::TcpListener::bind(wanted).await {
        Ok(_) => Ok(wanted),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            println!("{wanted} 已被占用,改用空闲端口。");
            Ok(std::net::SocketAddr::new(wanted.ip(), 0))
        }
        Err(error) => Err(error).with_context(|| format!("--listen {wanted} 无法监听")),
    }
}

fn explain(province: &Province, address: Option<std::net::SocketAddr>, end: Timestamp) -> String {
    let page = address.map_or_else(|| "未开启".to_owned(), |at| format!("http://{at}/"));
    let program =
        std::env::current_exe().map_or_else(|_| "freshd".into(), |path| path.display().to_string());
    let file = province.file.display();
    let bases = province.platforms.bases();
    format!(
        "\n守护程序正在运行。这个省的 1 天只要 {day} 秒;平台、账号和邮箱都是模拟的,守护程序是真的。\n\n  \
         页面    {page}\n  \
         控制    {program} --config {file} status\n          \
         同样可用 explain 账号id、precheck、mail outbox、poll --account 账号id --explain\n  \
         指标    {page}metrics\n  \
         平台    微信 {wechat}  微博 {weibo}  南方号 {nanfang}  应用商店 {itunes}  网站 {web}\n  \
         邮件    {mail}(以下每收到一封信显示一行:模拟的时间、收件人、主题)\n  \
         配置    {file}(同一目录下有台账 ledger.csv)\n\n\
         看什么:有的账号天天更新,有的渐渐停更;临近 14 天先预警(写信提醒主办单位),满 14 天且证据齐全才判\n\
         疑似不达标(写信,过两天仍未更新再提请主管单位);恢复更新后告知已整改。平台时常故障、限流、出验证码:\n\
         那时只会“待核实”,不会冤枉账号。信只在工作日 8:30 至 18:00 发出\n\
         (等到上班就来不及的除外)。模拟的时间走到 {end} 就停住。按 Ctrl-C 结束。\n",
        end = minute_text(end),
        day = 24 * 3600 / SPEED,
        wechat = bases.wechat,
        weibo = bases.weibo,
        nanfang = bases.nanfang,
        itunes = bases.itunes,
        web = bases.web,
        mail = province.mail.addr,
    )
}

/// Prints a line for each letter that arrives from now on; never ends.
async fn show_mail(server: &MailServer, clock: &dyn Clock) {
    let mut seen = server.count();
    loop {
        server.received(seen + 1).await;
        let mails = server.mails();
        for mail in mails.iter().skip(seen) {
            println!("{}", mail_line(mail));
        }
        seen = mails.len();
        let _now = clock.now();
    }
}

fn mail_line(mail: &Mail) -> String {
    format!("{}  {}  {}", minute_text(mail.at), mail.to.join(" "), mail.subject())
}
