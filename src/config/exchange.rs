//! What comes and goes as files? `[collect] [ingest]`.

use std::path::PathBuf;

use super::reader::{Section, wrong};
use super::secrets::SecretFile;

/// `[collect]` and `[ingest]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeConfig {
    /// The key that bundles are signed with, the same on both sides of the gap.
    pub key_file: Option<SecretFile>,
    /// A directory whose files are taken in.
    pub watch: Option<PathBuf>,
    /// Is nothing polled here, since everything comes in bundles?
    pub only: bool,
}

pub(crate) fn read(collect: &Section<'_>, ingest: &Section<'_>) -> ExchangeConfig {
    let base = ingest.files().base.clone();
    let directory = |text: &str| match text {
        "" => wrong("目录是空的", "写上目录,或删去这一项"),
        text => Ok(base.join(text)),
    };
    ExchangeConfig {
        key_file: SecretFile::read(collect, "key_file"),
        watch: ingest.parsed("watch", directory),
        only: ingest.flag("only", false),
    }
}
