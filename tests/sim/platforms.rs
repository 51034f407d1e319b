//! How does the outside world look to the daemon? Six platforms on loopback, answering from the world's truth.

mod app;
mod article;
mod ask;
mod datacube;
mod itunes;
mod line;
mod nanfang;
mod server;
mod web;
mod wechat;
pub mod wechat_component;
mod wechat_menu;
mod weibo;
mod weibo_mobile;

use std::sync::{Arc, OnceLock};

pub use datacube::statistics_from;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::SimClock;
use crate::request_log::RequestLog;
use crate::weather::{Site, Weather};
use crate::world::World;

/// The base addresses, `http://127.0.0.1:PORT` without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bases {
    /// In the place of `https://api.weixin.qq.com`.
    pub wechat: String,
    /// In the place of `https://mp.weixin.qq.com`.
    pub article: String,
    /// In the place of both `https://api.weibo.com` and `https://m.weibo.cn`.
    pub weibo: String,
    /// In the place of `https://nfplusapi.nfnews.com`.
    pub nanfang: String,
    /// In the place of `https://itunes.apple.com`.
    pub itunes: String,
    /// Menu targets `/page/I/N`, feeds `/feed/I.xml`, packages `/app/I.apk`, health addresses `/health/I`.
    pub web: String,
}

/// Everything that an answer may depend on.
pub(crate) struct Scene {
    pub(crate) world: Arc<World>,
    pub(crate) clock: SimClock,
    pub(crate) weather: Arc<Weather>,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) bases: OnceLock<Bases>,
    pub(crate) wechat: wechat::Counters,
    pub(crate) component: wechat_component::Desk,
}

impl Scene {
    pub(crate) fn bases(&self) -> &Bases {
        self.bases.get().expect("listeners serve only after all addresses are known")
    }
}

/// The running platforms. They stop when this is dropped.
pub struct Platforms {
    bases: Bases,
    /// Every request that arrived.
    pub log: Arc<RequestLog>,
    scene: Arc<Scene>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Platforms {
    /// Listens on six free ports of 127.0.0.1. Fails only if the machine has none.
    pub async fn start(
        world: Arc<World>,
        clock: SimClock,
        weather: Arc<Weather>,
    ) -> std::io::Result<Self> {
        let log = Arc::new(RequestLog::default());
        let scene = Arc::new(Scene {
            world,
            clock,
            weather,
            log: Arc::clone(&log),
            bases: OnceLock::new(),
            wechat: wechat::Counters::default(),
            component: wechat_component::Desk::default(),
        });
        let mut listeners = Vec::with_capacity(Site::ALL.len());
        let mut addresses = Vec::with_capacity(Site::ALL.len());
        for site in Site::ALL {
            let listener = line::Listener::bind().await?;
            addresses.push(format!("http://{}", listener.address()));
            listeners.push((site, listener));
        }
        let mut addresses = addresses.into_iter();
        let mut next = || addresses.next().expect("one address a site");
        let bases = Bases {
            wechat: next(),
            article: next(),
            weibo: next(),
            nanfang: next(),
            itunes: next(),
            web: next(),
        };
        scene.bases.set(bases.clone()).expect("set once");
        let (stop, stopped) = watch::channel(false);
        let tasks = listeners
            .into_iter()
            .map(|(site, listener)| {
                let work = server::serve(site, listener, Arc::clone(&scene), stopped.clone());
                crate::task::spawn(work)
            })
            .collect();
        Ok(Self { bases, log, scene, stop, tasks })
    }

    /// The base addresses.
    pub fn bases(&self) -> &Bases {
        &self.bases
    }

    /// The hand that moves the third-party platform of the simulated WeChat.
    pub fn component(&self) -> wechat_component::Component {
        wechat_component::Component(Arc::clone(&self.scene))
    }

    /// The public link of an article of a WeChat account: its post of this number.
    pub fn article_link(&self, account: &crate::world::Account, number: usize) -> String {
        article::short_link(&self.bases, account, number)
    }

    /// Stops listening and waits for the listeners to end.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            // A listener that was aborted has ended too.
            let _ended = task.await;
        }
    }
}

impl Drop for Platforms {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
