//! Which manifests lie beside the configuration, and is each of them sound? `connectors/*.toml`.

use std::path::Path;
use std::sync::Arc;

use freshd_connectors::declarative::{DeclarativeConnector, Say};
use freshd_connectors::manifest::{MANIFEST_BYTES_MAX, Manifest};
use url::Url;

use super::problem::Problem;
use super::sources::BUILT_IN;

/// Manifests read at most.
const MANIFESTS_MAX: usize = 500;

/// A connector without code, and what `[connectors.NAME]` says of it.
#[derive(Clone, Debug)]
pub struct DeclaredConfig {
    /// The name, as in `connector:target`.
    pub name: String,
    /// The manifest; `None` where it is refused, which is a problem of its own.
    pub manifest: Option<Arc<Manifest>>,
    /// `base_url`, asked in place of the hosts that the manifest names.
    pub base_url: Option<Url>,
    /// `complete`: the operator vouches that its list leaves nothing out.
    pub complete: bool,
}

impl DeclaredConfig {
    /// The connector that runs it.
    pub fn connector(&self) -> Option<DeclarativeConnector> {
        let say = Say { base_url: self.base_url.clone(), complete: self.complete };
        self.manifest.clone().map(|manifest| DeclarativeConnector::new(manifest, say))
    }
}

/// Every manifest in a directory, by name, and all of their problems; `shown` is how problems name the
/// directory. None when there is no such directory.
pub(super) fn load(directory: &Path, shown: &Path) -> (Vec<DeclaredConfig>, Vec<Problem>) {
    let mut problems = Vec::new();
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    if paths.len() > MANIFESTS_MAX {
        let what = format!("清单超过 {MANIFESTS_MAX} 个");
        problems.push(Problem::in_file(&shown.display().to_string(), what, "移走不用的"));
        paths.truncate(MANIFESTS_MAX);
    }
    let mut declared = Vec::new();
    for path in paths {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let file = shown.join(format!("{stem}.toml")).display().to_string();
        let manifest = match read(&path, stem, &file) {
            Ok(manifest) => Some(Arc::new(manifest)),
            Err(found) => {
                problems.extend(found);
                None
            }
        };
        let name = stem.to_owned();
        declared.push(DeclaredConfig { name, manifest, base_url: None, complete: false });
    }
    (declared, problems)
}

fn read(path: &Path, stem: &str, file: &str) -> Result<Manifest, Vec<Problem>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path);
    // One byte more than may be: the parser says that it is too long.
    let limit = MANIFEST_BYTES_MAX as u64 + 1;
    if let Err(error) = opened.and_then(|held| held.take(limit).read_to_end(&mut bytes)) {
        let what = format!("文件读不到:{}", crate::os::io_text(&error));
        return Err(vec![Problem::in_file(file, what, "检查权限")]);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        vec![Problem::at_line(file, Some(line), "", "文件不是 UTF-8", "用编辑器另存为 UTF-8")]
    })?;
    let mut problems: Vec<Problem> = Vec::new();
    if BUILT_IN.contains(&stem) || stem == "process" {
        let what = format!("{stem} 是内置采集器的名称");
        problems.push(Problem::in_file(file, what, "清单和文件都换一个名称"));
    }
    match Manifest::parse(&text, stem) {
        Ok(manifest) if problems.is_empty() => Ok(manifest),
        Ok(_) => Err(problems),
        Err(found) => {
            let told = |found: freshd_connectors::manifest::ManifestProblem| {
                Problem::at_line(file, found.line, &found.key, found.what, found.help)
            };
            problems.extend(found.into_iter().map(told));
            Err(problems)
        }
    }
}
