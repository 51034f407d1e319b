//! `freshd-connectors`: what was seen. The way out to the platforms, one connector a file.
//!
//! **Invariant:** nothing here knows the store, the mail or the web; nothing reads the clock ([`PollContext::now`]
//! is the only time) and every byte that leaves goes through [`http::HttpClient`].

pub mod app;
pub mod article;
mod bounds;
pub mod charset;
pub mod claim;
pub mod conformance;
pub mod connector;
pub mod declarative;
pub(crate) mod extract;
pub mod feed;
pub mod http;
pub(crate) mod lenient;
pub mod link;
mod listing;
pub mod manifest;
pub mod manual;
mod markup;
pub mod nanfang;
pub mod page;
pub mod probe;
pub mod process;
pub mod registry;
pub mod wechat;
pub mod weibo;
pub mod wire;

pub use connector::{
    Connector, Courtesy, Descriptor, LateCourtesy, Memo, NoSecrets, PollContext, Secret,
    SecretProblem, SecretSource, Target, TargetProblem,
};
pub use process::{ProcessConnector, ProcessSettings};
pub use registry::{Registry, Settings};
