//! How do the data leave the house, and come back? `freshd backup` and `freshd restore`, on files of the caller.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_core::civil::minute_text;

use super::caller::Caller;
use super::exec::keep::Made;
use super::exec::{self, DONE, FOUND, Usage};
use super::request::Request;
use super::words_of;
use crate::app::App;
use crate::app::reach::{Reached, reach};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::control::Response;
use crate::store::StoreError;
use crate::store::backup::{BackupError, MANIFEST, Manifest, RECORDS};

/// Ends the names of files that are not whole yet.
const PART: &str = ".part";

/// Asks the daemon, or the store itself, which is kept open from one question to the next.
struct Asker<'a> {
    config: &'a Config,
    app: Option<App>,
}

impl Asker<'_> {
    /// The answer; one that says no is an error.
    async fn ask(&mut self, request: Request) -> anyhow::Result<Response> {
        if self.app.is_none() {
            match reach(self.config, &serde_json::to_value(&request)?).await? {
                Reached::Answered(response) => return told(response),
                Reached::Ours(app) => self.app = Some(app),
            }
        }
        let app = self.app.as_ref().expect("the store was just opened");
        told(exec::execute(app, request, Caller::this_process()).await)
    }
}

fn told(response: Response) -> anyhow::Result<Response> {
    match response.exit {
        DONE => Ok(response),
        _ => anyhow::bail!("{}", response.stderr.trim_end().to_owned()),
    }
}

/// The directory of a backup in the making; what was written is taken away again unless it is kept.
struct Target {
    dir: PathBuf,
    made: bool,
    kept: bool,
}

impl Target {
    /// Makes the directory, mode 0700.
    ///
    /// # Errors
    /// [`Usage`]: there is something in it, or it cannot be made. Nothing was changed then.
    fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let shown = dir.display();
        let wrong = |why: String| anyhow::Error::from(Usage(format!("{shown} {why}")));
        let wont = |error| wrong(format!("不能用来放备份:{}", words_of(&error)));
        let made = match fs::read_dir(dir) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(wrong("不是空目录;请另写一个不存在的或空的目录".to_owned()));
                }
                false
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(wont(error)),
        };
        if made {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(wont)?;
        } else {
            fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(wont)?;
        }
        Ok(Self { dir: dir.to_owned(), made, kept: false })
    }

    /// A new file, mode 0600, that is not whole yet.
    fn begin(&self, name: &str) -> anyhow::Result<File> {
        let path = self.dir.join(format!("{name}{PART}"));
        let shown = path.display().to_string();
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        file.map_err(|error| anyhow::anyhow!("无法写入 {shown}:{}", words_of(&error)))
    }

    /// It is whole: it is on the disk, then it has its name.
    fn finish(&self, name: &str, file: File) -> anyhow::Result<()> {
        file.sync_all()?;
        fs::rename(self.dir.join(format!("{name}{PART}")), self.dir.join(name))?;
        File::open(&self.dir)?.sync_all()?;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        for name in [MANIFEST, RECORDS] {
            for name in [name.to_owned(), format!("{name}{PART}")] {
                // Most of them were never made.
                let _ = fs::remove_file(self.dir.join(name));
            }
        }
        if self.made {
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

/// Writes a backup into `dir`; the exit status.
pub(super) async fn backup(config: &Config, dir: &Path) -> anyhow::Result<i32> {
    let mut target = Target::prepare(&std::path::absolute(dir)?)?;
    let mut asker = Asker { config, app: None };
    let answer = asker.ask(Request::BackupMake).await?;
    let made: Made = serde_json::from_str(&answer.stdout).context("答复读不懂")?;
    let fetched = fetch(&mut asker, &target, &made).await;
    let dropped = asker.ask(Request::BackupDrop { id: made.id }).await;
    fetched?;
    if let Err(error) = dropped {
        tracing::warn!(%error, "a file in spool/ is left to the next backup");
    }
    let manifest = &made.manifest;
    let mut file = target.begin(MANIFEST)?;
    writeln!(file, "{}", serde_json::to_string_pretty(manifest)?)?;
    target.finish(MANIFEST, file)?;
    // Read again from where it will be read.
    Manifest::verified(&target.dir)?;
    if let Some(parent) = target.dir.parent() {
        // The directory's own name; not everybody may open what is above it.
        let _ = File::open(parent).and_then(|parent| parent.sync_all());
    }
    target.kept = true;
    let stdout = format!(
        "已备份到 {}:{}\n里面有联系人、信件、授权令牌和签名密钥,请同数据目录一样保管;恢复:freshd restore 目录\n",
        target.dir.display(),
        contents(manifest)
    );
    super::print(&Response { stdout, ..Response::default() }, None)
}

async fn fetch(asker: &mut Asker<'_>, target: &Target, made: &Made) -> anyhow::Result<()> {
    let mut file = target.begin(RECORDS)?;
    let mut offset = 0;
    while offset < made.manifest.bytes {
        let answer = asker.ask(Request::BackupRead { id: made.id.clone(), offset }).await?;
        let piece = STANDARD.decode(answer.file.unwrap_or_default())?;
        anyhow::ensure!(!piece.is_empty(), "备份的文件比说好的短");
        file.write_all(&piece).map_err(StoreError::from)?;
        offset += piece.len() as u64;
    }
    target.finish(RECORDS, file)
}

/// How much is in it, in words.
fn contents(manifest: &Manifest) -> String {
    let of = |kind: &str| manifest.records.get(kind).copied().unwrap_or_default();
    let all: u64 = manifest.records.values().sum();
    format!(
        "{} 的数据,账号 {} 个、信件 {} 封,共 {all} 条记录,{} KiB",
        minute_text(manifest.made_at),
        of("account"),
        of("letter"),
        manifest.bytes.div_ceil(1024),
    )
}

/// Makes the backup in `dir` the store; the exit status.
pub(super) fn restore(config: &Config, dir: &Path) -> anyhow::Result<i32> {
    if !dir.is_dir() {
        return Err(Usage(format!("没有目录 {};什么都没有做", dir.display())).into());
    }
    let (now, who) = (SystemClock.now(), Caller::this_process().to_string());
    let done = crate::store::restore::restore(dir, &config.store.path, &who, now);
    let restored = match done {
        Ok(restored) => restored,
        Err(error) => {
            let mut stderr = format!("{error}\n");
            if let BackupError::Store(StoreError::Held { .. }) = error {
                let words = "恢复要换掉整个数据目录,请先停止守护程序(如 systemctl stop freshd)\n";
                stderr.push_str(words);
            }
            stderr.push_str("没有恢复,现在的数据没有改动\n");
            return super::print(&Response { exit: FOUND, stderr, ..Response::default() }, None);
        }
    };
    let mut stdout = format!("已恢复 {}\n", contents(&restored.manifest));
    if let Some(aside) = &restored.aside {
        let aside = aside.display();
        stdout.push_str(&format!("原来的数据目录改名为 {aside},确认无误后可自行删除\n"));
    }
    if !restored.brought.is_empty() {
        let brought = restored.brought.join("、");
        stdout.push_str(&format!("数据目录里的其他文件已移回原处:{brought}\n"));
    }
    stdout.push_str(&format!(
        "备份之后发过哪些信已无从知道:备份里待发的 {} 封信改为暂存,今后起草的信也先暂存。\
         用 freshd mail outbox 核对,再 freshd mail release(不写编号)放行,此后恢复正常发信\n",
        restored.held
    ));
    super::print(&Response { stdout, ..Response::default() }, None)
}
